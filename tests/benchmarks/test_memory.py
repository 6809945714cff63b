"""What a series takes: growth of the process beside the bytes of its decoded slices, every slice visited.

    QT_QPA_PLATFORM=offscreen pytest tests/benchmarks/test_memory.py --benchmark-only

400 slices of 512² are opened in the real window, in a process of its own (resident set, before torch);
the same with a fractional slope, as PET scanners write them; and 2,000 slices on a machine that says it has
4 GB. Each is paged through from end to end. The time that pytest-benchmark tells is that of all of it.
Measured when this was written, two busy cores: 400 slices grow the process by 1.06 of their 210 MB (1.07
with a fractional slope) to 399 (416) MB in all; 2,000 slices, 1.05 GB, to 1.24 GB.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.support import dicom_factory

ROOT = Path(__file__).parents[2]
SIDE = 512
SLICE = SIDE * SIDE * 2
BOUND = 1.3
"""Growth of the process in decoded bytes, as they are stored, after the first picture."""
PROCESS_MB = 600

PAGING = """
import json, sys, time
from pathlib import Path
import psutil
from PySide6.QtCore import QEventLoop, QTimer
from PySide6.QtWidgets import QApplication
from viewer.controller import Controller
from viewer.jobs.collector import Collector
from viewer.session.budget import Memory
from viewer.settings import Settings
from viewer.ui.main_window import MainWindow

folder, total = Path(sys.argv[1]), int(sys.argv[2])
application = QApplication(sys.argv[:1])
collector = Collector()
controller = Controller(Settings())
if total:
    controller._desk.memory._look = lambda: Memory(total, total // 2)
window = MainWindow(controller, controller.commands, Settings())
controller.attach(window)
window.resize(1920, 1080)
window.show()
process, peak = psutil.Process(), 0

def until(true):
    global peak
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end, "too slow"
        application.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents, 20)
    peak = max(peak, process.memory_info().rss)

tick = QTimer()
tick.start(5)
application.processEvents()
controller.open(folder)
until(lambda: controller.view.slice is not None and not controller._opening.scanning)
until(lambda: not controller._decoding.busy)
store, count = controller._desk.slices, len(controller.view.series.slices)
before = process.memory_info().rss - store.nbytes
for index in [*range(0, count, 10), *range(count)]:
    controller.go_to(index)
    until(lambda: controller.view.slice is not None and controller.view.index == index)
until(lambda: not controller._decoding.busy)
print(json.dumps({"slices": count, "before": before, "after": process.memory_info().rss, "peak": peak,
                  "held": store.nbytes, "limit": store.limit, "torch": "torch" in sys.modules}))
window.hide()
controller.shutdown()
collector.stop()
"""


def series(folder: Path, count: int, **attributes) -> Path:
    """`count` slices that differ, each written from the bytes of one with its own UID, place and pixels."""
    rng = np.random.default_rng(7)
    pixels = rng.integers(0, 4096, (SIDE, SIDE)).astype(np.uint16)
    for number in range(count):
        dataset = dicom_factory.image(
            np.roll(pixels, number, 0), instance=number + 1, position=(0.0, 0.0, float(number)), **attributes
        )
        dicom_factory.write(dataset, folder / f"{number:04d}.dcm")
    return folder


def paged(benchmark, folder: Path, total: int, home: Path) -> dict[str, float]:
    environment = os.environ | {
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home),
        "QT_QPA_PLATFORM": "offscreen",
    }

    def run() -> str:
        command = [sys.executable, "-c", PAGING, str(folder), str(total)]
        done = subprocess.run(
            command, cwd=ROOT, check=True, env=environment, stdout=subprocess.PIPE, text=True
        )
        return done.stdout.splitlines()[-1]

    figures = json.loads(benchmark.pedantic(run, rounds=1))
    assert not figures["torch"]
    figures["growth"] = figures["after"] - figures["before"]
    for name in ("before", "after", "peak", "held", "limit", "growth"):
        benchmark.extra_info[f"{name} MB"] = round(figures[name] / 1e6)
    benchmark.extra_info["growth to decoded bytes held"] = round(figures["growth"] / figures["held"], 2)
    return figures


@pytest.mark.parametrize("slope", [1, 1.30103], ids=["whole slope", "fractional slope"])
def test_four_hundred_slices(benchmark, tmp_path, slope):
    folder = series(tmp_path / "study", 400, modality="CT", RescaleSlope=slope, RescaleIntercept=-1024)
    figures = paged(benchmark, folder, 0, tmp_path)
    assert figures["held"] == 400 * SLICE
    assert figures["growth"] <= BOUND * 400 * SLICE
    assert figures["peak"] <= PROCESS_MB * 1e6


def test_two_thousand_slices_on_four_gigabytes(benchmark, tmp_path):
    folder = series(tmp_path / "study", 2000, modality="CT", RescaleSlope=1, RescaleIntercept=-1024)
    figures = paged(benchmark, folder, 4 << 30, tmp_path)
    assert figures["slices"] == 2000
    assert figures["held"] <= figures["limit"] == 1 << 30
    assert figures["growth"] <= BOUND * figures["limit"]
