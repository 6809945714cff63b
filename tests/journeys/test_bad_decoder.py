"""A decoder that hangs or crashes over one slice of a series: the reader gets one sentence and scrolls on."""

from __future__ import annotations

import time

import pytest
from pydicom import uid as uids
from pydicom.encaps import encapsulate

from tests.support.decoder_processes import BAD, misbehaving
from tests.support.dicom_factory import compressed, gradient, image, write
from viewer.dicom import processes

WAIT = 30_000
LAST = 4


@pytest.fixture
def study(tmp_path):
    """Five slices in JPEG-LS; the third makes the decoder go wrong."""
    for number in range(LAST + 1):
        dataset = image(
            gradient(64, 64).astype("u2") + number, position=(0, 0, -2 * number), instance=number + 1
        )
        dataset = compressed(dataset, uids.JPEGLSLossless)
        if number == 2:
            dataset.PixelData = encapsulate([BAD * 99])
        write(dataset, tmp_path / "study" / f"{number}.dcm")
    return tmp_path / "study"


@pytest.mark.parametrize(
    ("way", "said"), [("crashes", "crashed"), ("hangs and holds the interpreter lock", "longer than 2 s")]
)
def test_a_slice_that_a_decoder_dies_of_costs_one_message_and_the_next_shows(
    controller, screen, qtbot, study, monkeypatch, way, said
):
    monkeypatch.setattr(processes, "POOL", processes.DecoderPool(misbehaving(way), size=2, seconds=2.0))
    controller.open(study)
    qtbot.waitUntil(lambda: screen.view.slice is not None, timeout=WAIT)
    controller.go_to(2)
    qtbot.waitUntil(lambda: bool(screen.view.problem), timeout=WAIT)
    assert said in screen.view.problem and "Copy the file" in screen.view.problem
    controller.step(1)
    qtbot.waitUntil(lambda: screen.view.slice is not None and screen.view.index == 3, timeout=WAIT)
    controller.go_to(0)
    assert screen.view.slice is not None or not screen.view.problem
    assert [notice for notice in screen.notices if notice.kind == "error"] == []


def test_closing_the_window_does_not_wait_for_a_decoder_that_hangs(
    controller, screen, qtbot, study, monkeypatch
):
    way = "hangs and holds the interpreter lock"
    pool = processes.DecoderPool(misbehaving(way), size=1, seconds=60.0)
    monkeypatch.setattr(processes, "POOL", pool)
    controller.open(study)
    qtbot.waitUntil(lambda: screen.view.slice is not None, timeout=WAIT)
    controller.go_to(2)
    qtbot.wait(500)
    start = time.monotonic()
    assert controller.shutdown()
    assert time.monotonic() - start < 3
    assert pool.pids == []
