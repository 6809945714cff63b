"""How long until the window is painted, beside a bare PySide6 window in the same run.

    QT_QPA_PLATFORM=xcb xvfb-run -a pytest tests/benchmarks/test_startup.py --benchmark-only

The ratio of the medians is in `extra_info` of the second benchmark. Measured when this was written,
two cores, Xvfb, other work running: 0.40 s, a bare window 0.13 s, ratio 3.1; the bound leaves room
for noise and none for another heavy import (torch alone is 8 bare windows).
"""

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BOUND = 4.0

UNTIL_PAINTED = """
import sys
from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtWidgets import QApplication, QMainWindow
class Painted(QObject):
    def eventFilter(self, watched, event):
        if event.type() == QEvent.Type.Paint:
            QTimer.singleShot(0, application.quit)
        return False
application = QApplication(sys.argv[:1])
painted = Painted()
application.installEventFilter(painted)
"""
BARE = UNTIL_PAINTED + "window = QMainWindow(); window.resize(1280, 800); window.show(); application.exec()"
GLASSBOX = UNTIL_PAINTED + "from viewer.app import open_window; open_window()"


def start(code: str, home: Path) -> float:
    before = time.perf_counter()
    environment = os.environ | {"HOME": str(home), "XDG_CONFIG_HOME": str(home)}
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, env=environment)
    return time.perf_counter() - before


@pytest.fixture(scope="module")
def medians():
    return {}


@pytest.mark.parametrize(("name", "code"), [("bare window", BARE), ("glassbox", GLASSBOX)])
def test_time_from_process_start_to_the_first_paint(benchmark, medians, tmp_path, name, code):
    benchmark.pedantic(start, args=(code, tmp_path), warmup_rounds=1, rounds=7)
    medians[name] = statistics.median(benchmark.stats.stats.data)
    if len(medians) == 2:
        ratio = medians["glassbox"] / medians["bare window"]
        benchmark.extra_info["ratio to a bare window"] = round(ratio, 2)
        assert ratio <= BOUND
