"""What a step costs as a reader feels it: the real window at 1920 × 1080, from the wheel to the screen.

    QT_QPA_PLATFORM=xcb xvfb-run -a -s "-screen 0 3840x1080x24" \\
        pytest tests/benchmarks/test_scrolling.py --benchmark-only

Each step ends when the screen has answered that it is drawn. A step through analysed slices is compared in
the same run with the least it can cost: a ready QImage drawn as large, in a bare window. The bounds are the
ratios asked for: 15 to 11.4 ms (median) and 18 to 13.9 ms (95th percentile). Uncached steps and a turn of
the wheel (30 events at 60 Hz) go through the whole program, the files included.

Run it on a machine that does nothing else: a frame needs two cores for 6 ms. Measured when this was written
with five others at work on two cores, so worse than the bounds: uncached 15 ms, JPEG-LS 35 ms, JPEG 2000
280 ms; processor time of the GUI thread for a slice seen first 7 to 10 ms (before: 12 to 15 ms). With seven
others at work: a cached step to and fro among these 16 slices, whose pictures are kept, 1.14 to 1.40 × a bare
picture and 4 ms of processor time (2.1 to 2.9 × and 10 ms before); among 40, most pictures composed anew, 1.5
to 1.9 ×.
"""

import time
from dataclasses import replace
from itertools import cycle
from pathlib import Path

import numpy as np
import pytest
from pydicom.uid import ExplicitVRLittleEndian, JPEG2000Lossless, JPEGLSLossless
from PySide6.QtCore import QEventLoop, QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QGuiApplication, QImage, QPainter, QWheelEvent
from PySide6.QtWidgets import QApplication, QWidget

from tests.support import dicom_factory
from tests.support.stand_ins import Lab, series_of
from viewer.controller import Controller
from viewer.controller.decoding import AHEAD
from viewer.results import AxisMapping, InputMapping
from viewer.settings import Settings
from viewer.study import ScanResult

SIDE, SLICES = 512, 16
MEDIAN_BOUND, P95_BOUND = 15 / 11.4, 18 / 13.9
UNCACHED_MS = 100
EVENTS, RATE, SEEN, LAG_MS = 30, 60, 25, 50
WINDOW = 1920, 1080

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support propagateSizeHints")


def drawn() -> None:
    """Wait until all that is to be painted is on the screen."""
    QApplication.processEvents()
    QGuiApplication.sync()


def turn(widget: QWidget, notches: int = 1) -> None:
    """One wheel event in the middle of `widget`; down is the next slice."""
    middle = widget.rect().center()
    where = QPointF(middle), QPointF(widget.mapToGlobal(middle))
    event = QWheelEvent(
        *where,
        QPoint(),
        QPoint(0, -120 * notches),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(widget, event)


def picture(number: int) -> np.ndarray:
    """(512, 512) int16: every slice differs from every other everywhere."""
    ramp = np.add.outer(np.arange(SIDE), np.arange(SIDE)).astype(np.int16) - 600
    noise = np.random.default_rng(1).integers(-40, 40, (SIDE, SIDE)).astype(np.int16)
    return ramp + np.roll(noise, 3 * number, 1) + np.int16(5 * number)


def ready_image(number: int) -> QImage:
    grey = picture(number).astype(np.uint8)
    image = QImage(grey.data, SIDE, SIDE, SIDE, QImage.Format.Format_Grayscale8)
    return image.convertToFormat(QImage.Format.Format_RGB32)


class Large(Lab):
    """Slices of 512² and maps that cover them."""

    def load_slice(self, header):
        number = int(header.sop_instance_uid.rsplit(".", 1)[1])
        return replace(super().load_slice(header), values=picture(number))

    def analyse_slice(self, loaded, slice, **asked):
        result = super().analyse_slice(loaded, slice, **(asked | {"ahead": None}))
        axis = AxisMapping(SIDE, 224, 224 / SIDE, 0.0)
        rng = np.random.default_rng(len(self.analysed))
        cams = {name: rng.normal(1, 2, (14, 14)).astype(np.float32) for name in result.cams}
        return replace(result, mapping=InputMapping(axis, axis), cams=cams)


class Blit(QWidget):
    """The least a step can cost: ready images, drawn smoothly, as large as the slice in the window."""

    def __init__(self, images: list[QImage], side: int) -> None:
        super().__init__()
        self.images = cycle(images)
        self.image = images[0]
        self.side = side

    def wheelEvent(self, event) -> None:
        self.image = next(self.images)
        self.update()

    def paintEvent(self, event) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), 0)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        left, top = (self.width() - self.side) / 2, (self.height() - self.side) / 2
        painter.drawImage(QRectF(left, top, self.side, self.side), self.image)
        painter.end()


@pytest.fixture
def painted(monkeypatch):
    """The index of the slice of every picture painted."""
    from viewer.ui.viewport import Viewport

    indices: list[int] = []
    paint = Viewport.paintEvent

    def watched(self, event) -> None:
        paint(self, event)
        if self.shown.slice is not None:
            indices.append(self.shown.index)

    monkeypatch.setattr(Viewport, "paintEvent", watched)
    return indices


@pytest.fixture
def window(qtbot, painted):
    """The real window, with its controller."""
    from viewer.ui.main_window import MainWindow

    controller = Controller(Settings())
    made = MainWindow(controller, controller.commands, Settings())
    made.controller = controller
    controller.attach(made)
    qtbot.addWidget(made)
    made.setGeometry(0, 0, *WINDOW)
    with qtbot.waitExposed(made):
        made.show()
    controller.start()
    yield made
    assert controller.shutdown(20_000)


def open_study(window, qtbot, path: Path) -> None:
    controller = window.controller
    controller.open(path)
    patient = {"timeout": 30_000}
    qtbot.waitUntil(lambda: controller.view.slice is not None and not controller._opening.scanning, **patient)
    qtbot.waitUntil(lambda: not controller._decoding.busy, **patient)


def test_a_cached_step_with_the_overlay_on(benchmark, monkeypatch, tmp_path, request, qtbot):
    lab = Large()
    series = series_of("a", SLICES)
    headers = tuple(replace(header, rows=SIDE, cols=SIDE) for header in series.slices)
    lab.scans["study"] = [ScanResult((replace(series, slices=headers),))]
    lab.findings = {header.sop_instance_uid: 0.9 for header in headers}
    lab.install(monkeypatch)
    window = request.getfixturevalue("window")
    controller, viewport = window.controller, window.viewport
    open_study(window, qtbot, tmp_path / "study")
    controller.analyse()
    qtbot.waitUntil(lambda: controller.view.ribbon is not None and np.isfinite(controller.view.ribbon).all())
    for index in [*range(SLICES), 0]:
        controller.go_to(index)
        qtbot.wait(5)
    qtbot.waitUntil(lambda: not controller._decoding.busy and not controller._analysis.runner.busy)
    assert controller.view.heatmap is not None and controller.view.overlay.visible
    images = [ready_image(number) for number in range(4)]
    bare = Blit(images, min(viewport.width(), viewport.height()))
    qtbot.addWidget(bare)
    bare.setGeometry(WINDOW[0], 0, *WINDOW)
    with qtbot.waitExposed(bare):
        bare.show()
    qtbot.wait(300)
    blits, ways = [], cycle([1] * (SLICES - 1) + [-1] * (SLICES - 1))

    def blit() -> None:
        drawn()
        start = time.perf_counter()
        turn(bare)
        drawn()
        blits.append(time.perf_counter() - start)

    def step() -> None:
        turn(viewport, next(ways))
        drawn()

    benchmark.pedantic(step, setup=blit, rounds=200)
    steps = np.array(benchmark.stats.stats.data[20:]) * 1000
    ready = np.array(blits[20:]) * 1000
    median, p95 = (float(np.percentile(steps, p) / np.percentile(ready, p)) for p in (50, 95))
    benchmark.extra_info |= {
        "step ms": [round(float(np.percentile(steps, p)), 1) for p in (50, 95)],
        "bare ms": [round(float(np.percentile(ready, p)), 1) for p in (50, 95)],
        "ratios": [round(median, 2), round(p95, 2)],
    }
    assert median <= MEDIAN_BOUND
    assert p95 <= P95_BOUND


@pytest.fixture(scope="module", params=[ExplicitVRLittleEndian, JPEGLSLossless, JPEG2000Lossless])
def study(request, tmp_path_factory):
    """120 slices of 512² on disk, as they are and compressed."""
    folder = tmp_path_factory.mktemp(request.param.keyword)
    for number in range(120):
        values = (picture(number) + 1200).astype(np.uint16)
        image = dicom_factory.image(
            values,
            bits_stored=12,
            instance=number + 1,
            position=(0.0, 0.0, float(number)),
            RescaleIntercept=-1024,
        )
        if request.param.is_compressed:
            image = dicom_factory.compressed(image, request.param)
        dicom_factory.write(image, folder / f"{number:03d}.dcm")
    return folder


def test_an_uncached_step(benchmark, window, study, qtbot):
    open_study(window, qtbot, study)
    controller = window.controller
    places = iter([40, 90, 70, 115, 105, 55, 80])

    def elsewhere() -> None:
        qtbot.waitUntil(lambda: not controller._decoding.busy, timeout=30_000)
        controller._desk.slices.clear()

    def jump() -> None:
        index = next(places)
        controller.go_to(index)
        while window.viewport.shown.index != index:
            QApplication.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents)
        drawn()

    benchmark.pedantic(jump, setup=elsewhere, rounds=7)
    assert benchmark.stats.stats.median * 1000 <= UNCACHED_MS


def test_a_turn_of_the_wheel(benchmark, window, painted, study, qtbot):
    open_study(window, qtbot, study)
    controller, viewport = window.controller, window.viewport
    controller.go_to(30)
    qtbot.waitUntil(lambda: not controller._decoding.busy, timeout=30_000)
    drawn()

    def burst() -> float:
        """Seconds from the last event to the picture of the slice it asks for."""
        painted.clear()
        start = time.perf_counter()
        for number in range(EVENTS):
            while time.perf_counter() < start + number / RATE:
                QApplication.processEvents()
            turn(viewport)
        last = time.perf_counter()
        while painted[-1:] != [controller.view.index]:
            QApplication.processEvents()
        drawn()
        return time.perf_counter() - last

    lag = benchmark.pedantic(burst, rounds=1) * 1000
    benchmark.extra_info |= {"different slices": len(set(painted)), "lag ms": round(lag, 1)}
    assert controller.view.index == 30 + EVENTS > 30 + AHEAD
    assert len(set(painted)) >= SEEN
    assert lag <= LAG_MS
