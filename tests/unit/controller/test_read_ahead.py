"""Reading ahead: what the reader wants next comes first, on all cores, and never in his way."""

import threading
import time

import pytest

from tests.support.stand_ins import series_of
from viewer.controller.read_ahead import Plan, Work, reading
from viewer.errors import Cancelled
from viewer.jobs.job import CancelToken
from viewer.study import ScanResult


def work(key, run=lambda: None):
    return Work(key, run)


def keys(plan):
    taken = []
    while (one := plan.take()) is not None:
        taken.append(one.key)
    return taken


def test_a_new_plan_takes_the_place_of_the_old_one_but_for_what_is_being_read():
    plan = Plan()
    assert plan.replace([work("a"), work("b")])
    assert plan.take().key == "a" and "a" in plan and "b" not in plan
    assert plan.replace([work("a"), work("c")])
    assert keys(plan) == ["c"]
    plan.done("a")
    assert "a" not in plan
    assert not plan.replace([])


def test_nothing_is_begun_while_the_reader_waits():
    plan, token = Plan(), CancelToken()
    plan.replace([work("a")])
    plan.stop()
    assert plan.take() is None
    claimed = threading.Event()

    def claim():
        plan.claim("b", token)
        claimed.set()

    waiting = threading.Thread(target=claim)
    waiting.start()
    assert not claimed.wait(0.1)
    plan.go_on()
    assert claimed.wait(5) and "b" in plan
    waiting.join()


def test_what_waits_for_the_reader_can_be_stopped():
    plan, token = Plan(), CancelToken()
    plan.stop()
    token.cancel()
    with pytest.raises(Cancelled):
        plan.claim("a", token)


@pytest.mark.parametrize("lanes", [1, 3])
def test_as_many_are_read_at_a_time_as_there_are_lanes(lanes):
    plan, lock, now, most, arrived = Plan(), threading.Lock(), [0], [0], []

    def read():
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        time.sleep(0.02)
        with lock:
            now[0] -= 1

    plan.replace([work(number, lambda: (read(), "read")[1]) for number in range(9)])
    reading(plan, lanes)(CancelToken(), lambda done, total, partial: arrived.append(partial))
    assert most[0] == lanes and arrived == ["read"] * 9


def test_what_joins_the_plan_while_it_is_read_is_read_too():
    plan, arrived = Plan(), []

    def heard(done, total, partial):
        arrived.append(partial)
        if partial == "a":
            plan.replace([work("b", lambda: "b")])

    plan.replace([work("a", lambda: "a"), work("never", lambda: "never")])
    reading(plan, 1)(CancelToken(), heard)
    assert arrived[0] == "a" and arrived[-1] == "b"


def settle(desk, screen, qtbot):
    qtbot.waitUntil(lambda: screen.view.slice is not None and not desk._decoding.busy)


def numbers(lab, start=0):
    return [int(uid.rsplit(".", 1)[1]) for uid in lab.decoded[start:]]


@pytest.fixture
def long(lab, desk, screen, qtbot, tmp_path):
    lab.scans["long"] = [ScanResult((series_of("a", 400),))]
    desk.open(tmp_path / "long")
    settle(desk, screen, qtbot)
    return desk


def test_slices_are_read_ahead_in_the_direction_of_scrolling(lab, long, screen, qtbot):
    for here, way in ((150, 1), (140, -1)):
        before = len(lab.decoded)
        long.go_to(here - way)
        settle(long, screen, qtbot)
        long.step(way)
        settle(long, screen, qtbot)
        assert all(f"a.{here + way * n}" in lab.decoded for n in range(1, 25))
        assert here - way * 8 not in numbers(lab, before)


def test_jumps_of_ten_are_read_ahead_as_jumps(lab, long, screen, qtbot):
    long.go_to(220)
    settle(long, screen, qtbot)
    before = len(lab.decoded)
    long.step(10)
    settle(long, screen, qtbot)
    assert {240, 250, 260} <= set(numbers(lab))
    assert numbers(lab, before)[:2] == [250, 260]  # up to 244 all are there
    for _ in range(3):
        long.step(10)
        assert screen.view.slice is not None


def test_a_slice_that_is_being_read_ahead_is_waited_for_and_not_read_twice(lab, long, screen, qtbot):
    long.go_to(299)
    settle(long, screen, qtbot)
    lab.decoding.clear()
    before = len(lab.decoded)
    long.go_to(320)  # is cached; those after it are not
    qtbot.waitUntil(lambda: len(lab.decoded) > before)
    being_read = numbers(lab)[-1]
    long.go_to(being_read)
    assert screen.view.slice is None
    lab.decoding.set()
    qtbot.waitUntil(lambda: screen.view.slice is not None)
    assert numbers(lab).count(being_read) == 1


def test_the_urgent_slice_begins_at_once_while_another_is_being_read_ahead(lab, long, screen, qtbot):
    long.go_to(299)
    settle(long, screen, qtbot)
    lab.decoding.clear()
    before = len(lab.decoded)
    long.go_to(320)
    qtbot.waitUntil(lambda: len(lab.decoded) > before)
    long.go_to(50)
    qtbot.waitUntil(lambda: numbers(lab)[-1] == 50)  # although nothing has ended
    count = len(lab.decoded)
    qtbot.wait(50)
    assert len(lab.decoded) == count  # and nothing else begins before it
    lab.decoding.set()
    qtbot.waitUntil(lambda: screen.view.slice is not None and screen.view.index == 50)


def test_memory_that_runs_low_costs_slices_far_away_and_not_the_one_on_the_screen(lab, long, screen, qtbot):
    store = long._desk.slices
    one = screen.view.slice.nbytes
    assert len(store) > 20
    store.budget = lambda held: 5 * one
    long.go_to(200)
    settle(long, screen, qtbot)
    assert store.nbytes <= 5 * one and screen.view.slice is store.get(screen.view.header.key)
