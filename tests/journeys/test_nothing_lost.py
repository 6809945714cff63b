"""Killed at any moment, Glassbox loses no more than the last two seconds, and offers to go on."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt

from tests.journeys.conftest import SLICES
from viewer.controller import Controller
from viewer.session.kept import Kept
from viewer.session.store import Ask, Store
from viewer.settings import Settings
from viewer.ui.main_window import MainWindow

ROOT = Path(__file__).parents[2]
WINDOWS = 3
AT_MOST_S = 2.0

READER = """
import os, sys, time
from pathlib import Path
from PySide6.QtCore import QCoreApplication, QTimer
from tests.support.headless_view import HeadlessView
from tests.journeys.conftest import SLICES
from viewer.controller import Controller
from viewer.session.store import Store
from viewer.settings import Settings

application = QCoreApplication([])
controller = Controller(Settings(device="cpu"), store=Store(Path(sys.argv[1])))
controller.attach(HeadlessView())
controller.start()
controller.open(Path(sys.argv[2]))
count = 0

def draw():
    global count
    view = controller.view
    if view.slice is None or not controller.keeping.restored(view.series.study_instance_uid):
        return
    count += 1
    points = [(count % 40, 5.5), (count % 37 + 3.25, 20 + count % 11)]
    name = controller.marks.add(("length", "ellipse")[count % 2], points if count % 2 == 0 else points * 2)
    controller.step(1 if count % 9 else -5)
    controller.drag_window(1, 1)
    os.write(1, f"{time.time()} {name}\\n".encode())

timer = QTimer()
timer.timeout.connect(draw)
timer.start(15)
application.exec()
"""


class Drawing:
    """A reader in a process of its own, who draws a mark every 15 ms until the process is killed."""

    def __init__(self, database: Path, study: Path) -> None:
        command = [sys.executable, "-c", READER, str(database), str(study)]
        environment = os.environ | {"QT_QPA_PLATFORM": "offscreen", "OMP_NUM_THREADS": "1"}
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT, env=environment)
        self.drawn: list[tuple[float, str]] = []
        self.killed_at = 0.0

    def run(self, seconds: float) -> None:
        """Let it draw for `seconds`, then kill it."""
        assert self.process.stdout is not None
        first = self.process.stdout.readline()
        timer = threading.Timer(seconds, self.kill)
        timer.start()
        lines = [first, *self.process.stdout]
        timer.join()
        self.process.stdout.close()
        whole = [line.split() for line in lines if line.endswith(b"\n")]
        self.drawn = [(float(at), name.decode()) for at, name in whole]

    def kill(self) -> None:
        self.killed_at = time.time()
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def lost(self, there: set[str]) -> float:
        """Seconds before the end of the oldest mark that is not there; 0 if all are."""
        return max((self.killed_at - at for at, name in self.drawn if name not in there), default=0.0)


@pytest.mark.timeout(120)
def test_windows_that_are_killed_at_random_moments_lose_at_most_two_seconds(study, tmp_path, qtbot):
    database = tmp_path / "data" / "glassbox.sqlite"
    seed = random.randrange(1 << 32)
    chance = random.Random(seed)
    readers = [Drawing(database, study) for _ in range(WINDOWS)]
    threads = [threading.Thread(target=one.run, args=(chance.uniform(2.2, 5.0),)) for one in readers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    store = Store(database)
    uid = store.studies()[0]
    (taken,) = store.exchange([Ask(Kept(uid), Kept(uid))])
    assert store.news() == ""
    store.close()
    there = {mark.id for mark in taken.theirs.marks}
    lost = [one.lost(there) for one in readers]
    print(f"seed {seed}; drawn {[len(one.drawn) for one in readers]}, lost at most {lost} s")
    assert all(len(one.drawn) > 5 for one in readers)
    assert max(lost) <= AT_MOST_S, f"seed {seed}"

    controller, window = sit_down(qtbot, database)
    offer = window.start.unfinished
    qtbot.waitUntil(offer.isVisible)
    qtbot.wait(300)
    assert controller.view.series is None  # nothing is opened unasked
    qtbot.mouseClick(offer.go_on, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: len(controller.state.marks) == len(there), timeout=20_000)
    qtbot.waitUntil(lambda: controller.view.slice is not None)
    assert not offer.isVisible() and controller.view.undo == ""
    window.close()
    assert controller.shutdown(20_000)


def sit_down(qtbot, database: Path) -> tuple[Controller, MainWindow]:
    """The window, as the program starts it."""
    controller = Controller(Settings(device="cpu"), store=Store(database))
    window = MainWindow(controller, controller.commands, controller.settings)
    qtbot.addWidget(window)
    controller.attach(window)
    window.show()
    controller.start()
    return controller, window


def test_what_was_done_in_the_window_is_there_when_it_is_opened_again(study, tmp_path, qtbot):
    """Drawn and turned with mouse and keys, closed, opened from the list of recent studies."""
    database = tmp_path / "data" / "glassbox.sqlite"
    controller, window = sit_down(qtbot, database)
    controller.open(study)
    qtbot.waitUntil(lambda: controller.view.slice is not None and window.series.rows() != {}, timeout=20_000)
    qtbot.waitUntil(lambda: controller.keeping.restored(controller.view.series.study_instance_uid))
    # Files come in any order: one cannot scroll to slices that are not there yet.
    qtbot.waitUntil(lambda: len(controller.view.series.slices) == SLICES)
    for key in (Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_I, Qt.Key.Key_K, Qt.Key.Key_L):
        qtbot.keyClick(window, key)
    qtbot.waitUntil(lambda: controller.view.slice is not None)
    middle = window.viewport.rect().center()
    qtbot.mousePress(window.viewport, Qt.MouseButton.LeftButton, pos=middle)
    qtbot.mouseMove(window.viewport, middle + QPoint(40, 30))
    qtbot.mouseRelease(window.viewport, Qt.MouseButton.LeftButton, pos=middle + QPoint(80, 40))
    (mark,) = controller.state.marks
    state = controller.state
    window.close()
    assert controller.shutdown(20_000)

    controller, window = sit_down(qtbot, database)
    qtbot.waitUntil(lambda: len(window.start.recent.buttons) == 1)
    assert not window.start.unfinished.isVisible()
    qtbot.mouseClick(window.start.recent.buttons[0], Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: bool(controller.view.marks), timeout=20_000)
    assert controller.view.marks[0].mark == mark and mark.kind == "length"
    assert controller.view.is_key_image and controller.view.invert
    qtbot.waitUntil(lambda: (controller.state.slice, controller.state.series) == (2, state.series))
    window.close()
    assert controller.shutdown(20_000)
