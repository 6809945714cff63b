"""Cyclic garbage goes on the GUI thread: elsewhere it would take QObjects with it and crash."""

import gc
import sys
import threading
import weakref
from types import ModuleType

import pytest
from PySide6.QtCore import QObject, QThread

from viewer.jobs.collector import MANY, Collector
from viewer.jobs.job import Job
from viewer.jobs.runner import JobRunner


class Cycle(QObject):
    """A QObject that only the cyclic collector can free; tells on which thread that was."""

    def __init__(self, freed):
        super().__init__()
        self.me = self
        weakref.finalize(self, lambda: freed.append(threading.get_ident()))


@pytest.fixture
def collector(qtbot):
    made = Collector()
    yield made
    made.stop()


def test_a_busy_worker_never_collects_what_belongs_to_the_gui(collector, qtbot):
    freed = []
    runner = JobRunner("allocating")
    alive = threading.Event()

    def run(token, progress):
        while not token.cancelled:
            alive.set()
            [[] for _ in range(5000)]  # enough to make Python's own collector run here

    runner.submit(Job("allocate", "", run))
    assert alive.wait(5)
    for _ in range(300):
        Cycle(freed)
        qtbot.wait(1)
    assert runner.shutdown()
    gc.collect()
    assert set(freed) == {threading.get_ident()}
    assert QThread.currentThread().isMainThread()


def test_garbage_is_collected_all_the_same(collector, qtbot):
    freed = []
    Cycle(freed)
    keep = [[] for _ in range(5000)]
    for _ in range(40):
        keep.extend([] for _ in range(5000))
        collector.collect()
    assert freed == [threading.get_ident()]


def test_python_collects_again_once_the_window_is_gone(qtbot):
    before = gc.isenabled()
    collector = Collector()
    assert not gc.isenabled()
    collector.stop()
    assert gc.isenabled()
    if not before:
        gc.disable()


def test_what_a_library_brings_is_never_looked_at(qtbot, monkeypatch):
    looked, before, brought = [], gc.get_freeze_count(), []
    collector = Collector()
    with monkeypatch.context() as patch:
        patch.setattr(gc, "collect", looked.append)
        for part in range(3):
            for number in range(MANY):
                patch.setitem(sys.modules, f"brought_{part}_{number}", ModuleType("brought"))
            brought.extend([] for _ in range(5000))
            collector.collect()
            assert gc.get_freeze_count() == before, "it is still being imported"
        collector.collect()
        assert gc.get_freeze_count() >= before + len(brought) and not looked
        brought.extend([] for _ in range(5000))
        collector.collect()
        assert looked, "from now on as always"
    collector.stop()
    assert gc.get_freeze_count() == 0
