#!/usr/bin/env python3
"""How long until the window is painted, beside a bare PySide6 window, from process start to painted pixels.

    start_time.py --frozen dist/glassbox-cpu [--rounds 9]

Read from the frame buffer of a virtual screen, so that all are timed by the same means: a bare PySide6
window from source, Glassbox from source, Glassbox frozen. Warm: the first round of each is not counted.
The rounds take turns, so that other work on the machine falls on all of them alike.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from smoke.screen import Screen

ROOT = Path(__file__).parents[1]
BARE = """
import sys
from PySide6.QtWidgets import QApplication, QMainWindow
application = QApplication(sys.argv[:1])
window = QMainWindow()
window.resize(1280, 800)
window.show()
application.exec()
"""


def start(command: list[str], home: str) -> float:
    """Seconds from the start of the process until a fresh screen is painted; then it is ended."""
    with Screen() as screen:
        environment = {"HOME": home, "PATH": os.environ["PATH"], "LANG": "C.UTF-8", "DISPLAY": screen.display}
        before = time.monotonic()
        process = subprocess.Popen(
            command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            screen.wait_painted(60)
            return time.monotonic() - before
        finally:
            process.kill()
            process.wait()


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--frozen", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    commands = {
        "bare window, source": [sys.executable, "-c", BARE],
        "Glassbox, source": [sys.executable, str(ROOT / "main.py")],
        "Glassbox, frozen": [str(options.frozen / "glassbox")],
    }
    times: dict[str, list[float]] = {name: [] for name in commands}
    with tempfile.TemporaryDirectory() as home:
        for _round in range(options.rounds + 1):
            for name, command in commands.items():
                times[name].append(start(command, home))
    bare = statistics.median(times["bare window, source"][1:])
    for name, taken in times.items():
        middle = statistics.median(taken[1:])
        best = min(taken[1:])
        print(f"{name}: median {middle:.2f} s, best {best:.2f} s, {middle / bare:.2f} of a bare window")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
