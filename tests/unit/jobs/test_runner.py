"""The runner: one thread, one job at a time, latest wins, silence after a cancel."""

import threading
import time

import pytest
from PySide6.QtCore import QThread

from viewer.errors import Cancelled, StudyError
from viewer.jobs.job import Job
from viewer.jobs.runner import JobRunner


class Heard:
    """Everything a runner said, and on which thread."""

    def __init__(self, runner):
        self.events = []
        self.threads = set()
        for name in ("started", "progressed", "finished", "failed", "stopped", "idle"):
            getattr(runner, name).connect(self._listener(name))

    def _listener(self, name):
        def listen(*args):
            self.threads.add(QThread.currentThread())
            self.events.append((name, args[0].key if args else None, *args[1:]))

        return listen

    def of(self, name):
        return [event[1:] for event in self.events if event[0] == name]


@pytest.fixture
def runner(qtbot):
    made = JobRunner("test")
    yield made
    assert made.shutdown()


@pytest.fixture
def heard(runner):
    return Heard(runner)


def answer(key, value=None):
    return Job(key, str(key), lambda token, progress: value)


def waiting_for(key, gate, *, deaf=False):
    """A job that runs until the gate opens; `deaf` ones do not listen to their token."""

    def run(token, progress):
        while not gate.wait(0.002):
            if not deaf:
                token.check()
        return key

    return Job(key, str(key), run)


def test_a_result_arrives_on_the_gui_thread(runner, heard, qtbot):
    worker = []
    runner.submit(Job("where", "", lambda token, progress: worker.append(QThread.currentThread())))
    qtbot.waitUntil(lambda: bool(heard.of("finished")))
    gui = QThread.currentThread()
    assert heard.threads == {gui}
    assert worker[0] is not gui


def test_scrolling_fast_delivers_only_the_last_slice(runner, heard, qtbot):
    gate = threading.Event()
    runner.submit(waiting_for(0, gate))
    for key in range(1, 50):
        runner.submit(answer(key, key))
    gate.set()
    qtbot.waitUntil(lambda: bool(heard.of("idle")))
    assert heard.of("finished") == [(49, 49)]
    assert heard.of("stopped") == [(0,)]


def test_a_job_that_is_not_interrupted_delivers_before_the_next(runner, heard, qtbot):
    gate = threading.Event()
    runner.submit(waiting_for("first", gate))
    runner.submit(answer("second"), interrupt=False)
    runner.submit(answer("third"), interrupt=False)
    gate.set()
    qtbot.waitUntil(lambda: bool(heard.of("idle")))
    assert [key for key, _ in heard.of("finished")] == ["first", "third"]


def test_nothing_but_stopped_is_heard_after_a_cancel(runner, heard, qtbot):
    gate = threading.Event()

    def run(token, progress):
        gate.wait(5)
        for i in range(5):
            progress(i, 5, "part")
        return "too late"

    runner.submit(Job("job", "", run))
    qtbot.waitUntil(lambda: bool(heard.of("started")))
    runner.cancel()
    gate.set()
    qtbot.waitUntil(lambda: bool(heard.of("idle")))
    assert [event[0] for event in heard.events] == ["started", "stopped", "idle"]


def test_a_result_that_comes_after_the_cancel_is_not_delivered(runner, heard, qtbot):
    gate = threading.Event()
    runner.submit(waiting_for("deaf", gate, deaf=True))
    qtbot.waitUntil(lambda: bool(heard.of("started")))
    runner.cancel()
    gate.set()
    qtbot.waitUntil(lambda: bool(heard.of("idle")))
    assert heard.of("finished") == []
    assert heard.of("stopped") == [("deaf",)]


def test_a_cancelled_job_that_waited_never_starts(runner, heard, qtbot):
    gate = threading.Event()
    runner.submit(waiting_for("running", gate))
    runner.submit(answer("waiting"), interrupt=False)
    runner.cancel()
    qtbot.waitUntil(lambda: bool(heard.of("idle")))
    assert heard.of("started") == [("running",)]


@pytest.mark.parametrize("error", [ValueError("bug"), StudyError("known"), MemoryError()])
def test_an_error_is_handed_on_and_the_thread_lives(runner, heard, qtbot, error):
    def run(token, progress):
        raise error

    runner.submit(Job("bad", "", run))
    qtbot.waitUntil(lambda: bool(heard.of("failed")))
    assert heard.of("failed") == [("bad", error)]
    runner.submit(answer("good", 7))
    qtbot.waitUntil(lambda: bool(heard.of("finished")))
    assert heard.of("finished") == [("good", 7)]


def test_cancelled_is_silent_even_if_the_job_raises_it_itself(runner, heard, qtbot):
    def run(token, progress):
        raise Cancelled

    runner.submit(Job("gone", "", run))
    qtbot.waitUntil(lambda: bool(heard.of("idle")))
    assert heard.of("failed") == []
    assert heard.of("stopped") == [("gone",)]


def test_partial_results_arrive_in_order_and_none_is_dropped(runner, heard, qtbot):
    def run(token, progress):
        for i in range(200):
            progress(i, 200, {(i, "not a string"): i})

    runner.submit(Job("parts", "", run))
    qtbot.waitUntil(lambda: bool(heard.of("finished")))
    assert [event[3] for event in heard.of("progressed")] == [{(i, "not a string"): i} for i in range(200)]


def test_empty_progress_does_not_flood_the_gui_thread(runner, heard, qtbot):
    def run(token, progress):
        for i in range(20_000):
            progress(i, 20_000)
        progress(20_000, 20_000)

    runner.submit(Job("busy", "", run))
    qtbot.waitUntil(lambda: bool(heard.of("finished")))
    reported = heard.of("progressed")
    assert len(reported) < 500
    assert reported[-1][1:3] == (20_000, 20_000)


def test_a_slot_may_submit_the_next_job(runner, heard, qtbot):
    left = [1, 2, 3]

    def more(*_):
        if left:
            runner.submit(answer(left.pop(0)))

    runner.finished.connect(more)
    runner.submit(answer(0))
    qtbot.waitUntil(lambda: len(heard.of("finished")) == 4)
    assert [key for key, _ in heard.of("finished")] == [0, 1, 2, 3]


def test_the_current_job_is_the_one_still_wanted(runner, heard, qtbot):
    gate = threading.Event()
    assert runner.current is None
    runner.submit(waiting_for("first", gate))
    assert runner.current.key == "first"
    runner.submit(answer("second"))
    assert runner.current.key == "second"
    runner.cancel()
    assert runner.current is None
    assert runner.busy
    gate.set()
    qtbot.waitUntil(lambda: not runner.busy)


def test_shutdown_stops_a_running_job_and_nothing_is_heard_any_more(qtbot):
    runner = JobRunner("closing")
    heard = Heard(runner)
    runner.submit(waiting_for("endless", threading.Event()))
    qtbot.waitUntil(lambda: bool(heard.of("started")))
    assert runner.shutdown()
    runner.submit(answer("after"))
    qtbot.wait(20)
    assert [event[0] for event in heard.events] == ["started"]


def test_shutdown_says_when_a_thread_does_not_end(qtbot):
    runner = JobRunner("stubborn")
    gate = threading.Event()
    heard = Heard(runner)
    runner.submit(waiting_for("deaf", gate, deaf=True))
    qtbot.waitUntil(lambda: bool(heard.of("started")))
    time.sleep(0.01)
    assert not runner.shutdown(20)
    gate.set()
    assert runner.shutdown(5000)


def test_a_runner_that_never_ran_has_no_thread(qtbot):
    runner = JobRunner("idle")
    assert not runner._thread.isRunning()
    assert runner.shutdown()


def test_progress_on_its_way_when_the_job_is_cancelled_is_not_heard(runner, heard, qtbot):
    sent, gate = threading.Event(), threading.Event()

    def run(token, progress):
        progress(1, 2, "part")
        sent.set()
        gate.wait(5)

    runner.submit(Job("job", "", run))
    assert sent.wait(5)  # the signal waits in the GUI thread's queue, which does not run here
    runner.cancel()
    gate.set()
    qtbot.waitUntil(lambda: bool(heard.of("idle")))
    assert heard.of("progressed") == []
