"""`glassbox volume`: a series as one array on disk, with its place, or one sentence."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tests.support import dicom_factory


@pytest.fixture
def study(tmp_path):
    """A CT of five slices 2 mm apart, and one in colour."""
    folder = tmp_path / "study"
    dicom_factory.write_series(folder / "a", 5, spacing=(2.0, 0.5), RescaleIntercept=-1024)
    colour = dicom_factory.image(np.zeros((4, 6, 3), np.uint8), modality="US", series="u", SeriesNumber=2)
    dicom_factory.write(colour, folder / "us.dcm")
    return folder


def test_a_series_is_written_with_its_place(run, study, tmp_path):
    out = tmp_path / "x.npz"
    ran = run("volume", study, "--out", out, "--json")
    assert (ran.code, ran.err) == (0, "")
    told = json.loads(ran.out)
    with np.load(out) as found:
        values, affine, spacing = found["values"], found["affine"], found["spacing"]
    assert told["shape"] == list(values.shape) == [5, 16, 12]
    assert told["dtype"] == str(values.dtype) == "int16"
    assert (told["unit"], told["min"], told["max"]) == ("HU", values.min(), values.max())
    assert values.min() == -1024
    assert spacing.tolist() == told["spacing_mm"] == pytest.approx([2.0, 2.0, 0.5])
    assert affine.tolist() == told["affine"]
    # The series is written from feet to head, and read from head to feet.
    assert affine @ (0, 0, 0, 1) == pytest.approx([0, 0, 8, 1])
    assert affine @ (4, 1, 2, 1) == pytest.approx([1, 2, 0, 1])
    assert told["problems"] == []


def test_what_is_unknown_is_nan_and_said(run, tmp_path):
    for i in range(3):
        dicom_factory.write(
            dicom_factory.image(position=None, spacing=None, instance=i), tmp_path / f"study/{i}"
        )
    out = tmp_path / "x.npz"
    ran = run("volume", tmp_path / "study", "--out", out)
    assert ran.code == 0
    assert "Where the slices lie is not known." in ran.out
    assert "Pixel spacing is not known." in ran.out
    with np.load(out) as found:
        assert np.isnan(found["affine"]).all()
        assert np.isnan(found["spacing"]).all()


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--series", "2", "--out", "{}/x.npz"], "A series in colour is no volume of values."),
        (["--series", "9", "--out", "{}/x.npz"], "There is no series '9' here."),
        (["--out", "{}/x.npy"], "does not end in .npz"),
        (["--out", "{}/nowhere/x.npz"], "There is no folder"),
    ],
)
def test_what_cannot_be_is_one_sentence(run, study, tmp_path, more, said):
    ran = run("volume", study, *[part.format(tmp_path) for part in more])
    assert ran.code == 2
    assert said in ran.err
    assert ran.err.count("\n") == 1
    assert not list(tmp_path.glob("x.*"))


def test_a_volume_that_does_not_fit_is_one_sentence(run, study, tmp_path, monkeypatch):
    from viewer.session import budget

    monkeypatch.setattr(budget, "memory", lambda: budget.Memory(1000, 100))
    ran = run("volume", study, "--out", tmp_path / "x.npz")
    assert ran.code == 2
    assert "of memory" in ran.err
