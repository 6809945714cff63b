"""A controller over stand-ins: no DICOM file and no network is needed."""

import pytest

from tests.support.stand_ins import Lab, series_of
from viewer.study import ScanResult


@pytest.fixture
def lab(monkeypatch):
    """The stand-ins, in place. `study` holds series a (9 slices) and b (3)."""
    made = Lab()
    made.scans["study"] = [ScanResult((series_of("a", 9), series_of("b", 3)))]
    made.install(monkeypatch)
    yield made
    for event in (made.scan_gate, made.gate, made.gate_behind, made.decoding, made.covering, made.checking):
        event.set()


@pytest.fixture
def desk(lab, controller):
    """The controller over the stand-ins, started."""
    controller.start()
    return controller


@pytest.fixture
def opened(desk, screen, qtbot, tmp_path):
    """The study is open and its first slice shown."""
    desk.open(tmp_path / "study")
    qtbot.waitUntil(lambda: screen.scanned is not None and screen.view.slice is not None)
    return desk
