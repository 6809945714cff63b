"""A decoder process is started ahead for a compressed study, and for no other."""

from __future__ import annotations

import pytest
from pydicom import uid as uids

from tests.support.dicom_factory import compressed, gradient, image, write, write_series
from viewer.dicom import processes
from viewer.dicom.prewarm import prewarm


@pytest.fixture
def started(monkeypatch):
    """Counts the processes that are started ahead."""
    counted = []
    monkeypatch.setattr(processes.POOL, "prewarm", lambda: counted.append(1))
    return counted


@pytest.mark.parametrize("syntax", [uids.JPEG2000Lossless, uids.RLELossless, uids.JPEGLSLossless])
def test_a_compressed_study_starts_one(tmp_path, started, syntax):
    path = write(compressed(image(gradient(40, 40).astype("u2")), syntax), tmp_path / "a" / "b" / "one.dcm")
    (tmp_path / "readme.txt").write_text("first, and no DICOM")
    assert prewarm(tmp_path) and prewarm(path)
    assert started == [1, 1]


def test_an_uncompressed_study_starts_none(tmp_path, started):
    write_series(tmp_path, 2)
    assert not prewarm(tmp_path) and started == []


def test_a_path_that_is_not_there_is_not_its_business(tmp_path, started):
    (tmp_path / "empty").touch()
    assert not prewarm(tmp_path / "nowhere") and not prewarm(tmp_path) and started == []
