"""Whether the window stays alive over a folder of altered files: ``python -m tests.fuzz.alive --files 200``.

Opens the folder in the real window, goes to every slice of every series, and listens to a timer of 5 ms:
the longest time between two ticks is how long the reader's click could go unanswered.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.fuzz.elements import anatomy
from tests.fuzz.inputs import packaged_files
from tests.fuzz.mutations import altered

_TICK_MS, _MOST_SLICES = 5, 12
"""Slices gone to in one series: the first ones, the last one."""


@dataclass
class Seen:
    """What the reader saw, and how long the window was silent."""

    images: int = 0
    problems: list[str] = field(default_factory=list)
    gaps: list[float] = field(default_factory=list)
    """Seconds between ticks, in order."""

    @property
    def longest(self) -> float:
        return max(self.gaps, default=0.0)


def make_folder(folder: Path, count: int, seed: int) -> Path:
    """A folder of `count` files: pydicom's, three of four of them altered, each an image of its own."""
    rng, files = random.Random(seed), packaged_files()
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        data = _numbered(rng.choice(files).read_bytes(), number)
        (folder / f"{number:04d}.dcm").write_bytes(data if number % 4 == 0 else altered(data, rng)[1])
    return folder


def _numbered(data: bytes, number: int) -> bytes:
    """With another SOP Instance UID: a file that repeats one is a copy, and not shown."""
    uid = anatomy(data).top(0x00080018)
    if uid is None or uid.length < 8:
        return data
    digits = b"%04d" % number
    end = uid.value + len(data[uid.value : uid.value + uid.length].rstrip(b"\0 "))
    return data[: end - 4] + digits + data[end:]


def look_at_all(controller: Any, folder: Path, wait: Callable[[Callable[[], bool]], None]) -> Seen:
    """Open `folder` and go to its slices.

    Parameters
    ----------
    wait : runs the event loop until its argument is true.
    """
    from PySide6.QtCore import Qt, QTimer

    seen, last = Seen(), time.perf_counter()

    def tick() -> None:
        nonlocal last
        now = time.perf_counter()
        seen.gaps.append(now - last)
        last = now

    timer = QTimer()
    timer.setTimerType(Qt.TimerType.PreciseTimer)
    timer.timeout.connect(tick)
    timer.start(_TICK_MS)
    try:
        controller.open(folder)
        wait(lambda: not controller._opening.scanning and controller.view.series is not None)
        for uid, series in list(controller._desk.series.items()):
            controller.select_series(uid)
            last_one = len(series.slices) - 1
            for index in sorted({*range(min(_MOST_SLICES, last_one + 1)), last_one}):
                controller.go_to(index)
                wait(lambda: controller.view.undecoded is None)
                if controller.view.slice is not None:
                    seen.images += 1
                else:
                    seen.problems.append(controller.view.problem)
    finally:
        timer.stop()
    return seen


def main() -> int:
    options = argparse.ArgumentParser(prog="python -m tests.fuzz.alive", description=__doc__)
    options.add_argument("--files", type=int, default=200)
    options.add_argument("--seed", type=int, default=1)
    asked = options.parse_args()
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PySide6.QtCore import QDeadlineTimer, QEventLoop
    from PySide6.QtWidgets import QApplication

    from viewer.controller import Controller
    from viewer.settings import Settings
    from viewer.ui.main_window import MainWindow

    application = QApplication(sys.argv[:1])
    controller = Controller(Settings(device="cpu"))
    window = MainWindow(controller, controller.commands, controller.settings)
    window.resize(1600, 1000)
    window.show()
    controller.attach(window)
    controller.start()

    def wait(true: Callable[[], bool]) -> None:
        deadline = QDeadlineTimer(60_000)
        while not true():
            application.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents)
            if deadline.hasExpired():
                raise SystemExit("nothing came for a minute")

    with tempfile.TemporaryDirectory() as folder:
        seen = look_at_all(controller, make_folder(Path(folder) / "study", asked.files, asked.seed), wait)
    window.close()
    controller.shutdown()
    gaps = sorted(seen.gaps)
    print(f"{asked.files} files: {seen.images} slices shown, {len(seen.problems)} with a sentence instead")
    print(
        f"{len(gaps)} ticks of {_TICK_MS} ms; longest silence {1000 * gaps[-1]:.0f} ms, "
        f"99.9 % under {1000 * gaps[int(0.999 * len(gaps))]:.0f} ms"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
