"""A series as a volume: the values of every slice, where they lie, and what is wrong with it."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import numpy as np
import pydicom
import pytest

from tests.support.dicom_factory import compressed, gradient, image, write
from tests.support.shared_data import shared_data
from viewer.dicom import volume as volumes
from viewer.dicom.pixels import load_slice
from viewer.dicom.scan import scan
from viewer.dicom.volume import Volume, read_volume
from viewer.errors import Cancelled, PixelError, StudyError
from viewer.study import Series

IMPLICIT, BIG, JPEG_LS = "1.2.840.10008.1.2", "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.4.80"


def pixels(i: int, dtype=np.int16) -> np.ndarray:
    return (gradient(6, 5, low=-900, high=900) + i).astype(dtype)


def series(folder: Path, datasets, syntax: str | None = None) -> Series:
    for number, dataset in enumerate(datasets):
        write(compressed(dataset, syntax) if syntax else dataset, folder / f"{number:03d}.dcm")
    (found,) = scan(folder).series
    return found


def stack(count: int = 4, *, places=None, **more):
    places = places or [(0.0, 0.0, -2.5 * i) for i in range(count)]
    return [image(pixels(i), position=place, instance=i + 1, **more) for i, place in enumerate(places)]


def assert_equals_slices(found: Volume, one: Series) -> None:
    """Every slice has exactly the values that it has on the screen."""
    assert found.values.shape[0] == len(one.slices)
    for values, header in zip(found.values, one.slices, strict=True):
        assert np.array_equal(values, load_slice(header).values)


# Values


@pytest.mark.parametrize("syntax", [None, IMPLICIT, BIG, JPEG_LS, "1.2.840.10008.1.2.5"])
def test_a_ct_is_int16_hounsfield_units(tmp_path, syntax):
    shifted = [
        image(
            (pixels(i) + 1024).astype(np.uint16),
            bits_stored=12,
            position=(0, 0, -i),
            instance=i,
            RescaleIntercept=-1024,
        )
        for i in range(5)
    ]
    one = series(tmp_path, shifted, syntax)
    found = read_volume(one)
    assert found.values.dtype == np.int16
    assert found.values.flags.c_contiguous
    assert found.unit == "HU"
    assert np.array_equal(found.values, [pixels(i) for i in range(5)])
    assert_equals_slices(found, one)


@pytest.mark.parametrize(("slope", "intercept"), [(1, 0), (1, -1024), (2, 7), (-1, 3), (1, 40_000), (0.5, 0)])
@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.uint16, np.int16])
@pytest.mark.parametrize("syntax", [None, BIG])
def test_any_rescale_of_any_stored_values_is_exact(tmp_path, dtype, slope, intercept, syntax):
    limits = np.iinfo(dtype)
    data = np.linspace(limits.min, limits.max, 30).round().astype(dtype).reshape(6, 5)
    stacked = [
        image(data, position=(0, 0, -i), instance=i, RescaleSlope=slope, RescaleIntercept=intercept)
        for i in range(3)
    ]
    one = series(tmp_path, stacked, syntax)
    found = read_volume(one)
    assert np.array_equal(found.values[1], data.astype(np.float64) * slope + intercept)
    assert_equals_slices(found, one)


def test_16_bits_signed_with_an_intercept_stay_int16_where_the_values_fit(tmp_path):
    one = series(tmp_path, stack(RescaleIntercept=-1024))
    found = read_volume(one)
    assert found.values.dtype == np.int16
    assert_equals_slices(found, one)


def test_one_slice_past_int16_widens_the_volume(tmp_path):
    datasets = stack(RescaleIntercept=1000)
    datasets[2].PixelData = np.full((6, 5), 32_000, np.int16).tobytes()
    one = series(tmp_path, datasets)
    found = read_volume(one)
    assert found.values.dtype == np.int32
    assert found.values.max() == 33_000
    assert_equals_slices(found, one)


@pytest.mark.parametrize("syntax", [None, JPEG_LS])
def test_a_rescale_of_its_own_on_each_slice_gives_float32(tmp_path, syntax):
    slopes = [1.0, 0.25, 1.5, 0.1]
    datasets = [
        image(
            pixels(i, np.uint16),
            modality="PT",
            position=(0, 0, -i),
            instance=i,
            RescaleSlope=slope,
            RescaleIntercept=0,
        )
        for i, slope in enumerate(slopes)
    ]
    one = series(tmp_path, datasets, syntax)
    found = read_volume(one)
    assert found.values.dtype == np.float32
    assert_equals_slices(found, one)


@pytest.mark.parametrize(
    ("signed", "stored", "high"), [(0, 12, 11), (1, 12, 11), (0, 10, 13), (1, 10, 13), (1, 9, 15)]
)
@pytest.mark.parametrize("syntax", [None, BIG])
def test_rubbish_in_unused_bits_is_no_value(tmp_path, signed, stored, high, syntax):
    rng = np.random.default_rng(3)
    datasets = []
    for i in range(3):
        words = rng.integers(0, 1 << 16, (6, 5)).astype(np.uint16)
        datasets.append(image(words, position=(0, 0, -i), instance=i, RescaleIntercept=-100))
        datasets[-1].PixelRepresentation = signed
        datasets[-1].BitsStored, datasets[-1].HighBit = stored, high
    one = series(tmp_path, datasets, syntax)
    found = read_volume(one)
    assert found.values.max() < 1 << stored
    assert_equals_slices(found, one)


def test_frames_of_one_file_are_a_volume(tmp_path):
    frames = np.stack([pixels(i) for i in range(6)])
    one = series(tmp_path, [image(frames, frames=True)])
    assert_equals_slices(read_volume(one), one)


def test_a_large_volume_is_read_by_several_threads(tmp_path, monkeypatch):
    monkeypatch.setattr(volumes, "_AT_ONCE", 1)
    monkeypatch.setattr(os, "cpu_count", lambda: 3)
    from viewer.dicom import in_place

    read, names = in_place.read_stored, set()
    both = threading.Barrier(2, timeout=10)

    def noted(*arguments):
        if threading.current_thread().name not in names:
            names.add(threading.current_thread().name)
            if len(names) <= 2:
                both.wait()
        read(*arguments)

    monkeypatch.setattr(in_place, "read_stored", noted)
    one = series(tmp_path, stack(12))
    assert_equals_slices(read_volume(one), one)
    assert len(names) >= 2


# Place


def test_a_voxel_lies_where_its_slice_says(tmp_path):
    one = series(
        tmp_path,
        stack(orientation="coronal", places=[(5.0, -3.0 * i, 7.0) for i in range(4)], spacing=(0.5, 2.0)),
    )
    found = read_volume(one)
    assert found.spacing == (pytest.approx(3.0), 0.5, 2.0)
    assert found.problems == ()
    assert found.affine is not None
    for index, header in enumerate(one.slices):
        geometry = header.geometry
        expected = np.array(geometry.position) + 3 * 0.5 * np.array(geometry.col_direction)
        expected += 2 * 2.0 * np.array(geometry.row_direction)
        assert found.affine @ (index, 3, 2, 1) == pytest.approx([*expected, 1])


@pytest.mark.parametrize("backwards", [False, True])
def test_reversed_files_give_the_same_volume(tmp_path, backwards):
    datasets = stack()
    one = series(tmp_path, datasets[::-1] if backwards else datasets)
    found = read_volume(one)
    assert np.array_equal(found.values[:, 0, 0], [-900, -899, -898, -897])
    assert found.origin == (0, 0, 0)
    assert found.direction is not None
    assert found.direction.tolist() == [[0, 0, 1], [0, 1, 0], [-1, 0, 0]]


def test_a_tilted_gantry_leans_the_affine_and_is_said(tmp_path):
    lean = np.tan(np.radians(15.0))
    one = series(tmp_path, stack(8, places=[(0.0, 4.0 * i * lean, -4.0 * i) for i in range(8)]))
    found = read_volume(one)
    assert found.spacing[0] == pytest.approx(4.0)
    assert found.step == pytest.approx((0, 4.0 * lean, -4.0))
    assert found.direction is not None
    assert found.direction[:, 0].tolist() == [0, 0, -1]
    assert any("tilt 15.0" in problem for problem in found.problems)


def test_a_missing_slice_is_said_and_leaves_no_affine(tmp_path):
    found = read_volume(series(tmp_path, stack(places=[(0, 0, -z) for z in (0, 1, 2, 4, 5, 6)])))
    assert found.spacing[0] == pytest.approx(1.0)
    assert found.affine is None
    assert found.problems == ("Gap after slice 3: 1 slice missing.",)


def test_unequal_spacing_is_said_and_leaves_no_affine(tmp_path):
    found = read_volume(series(tmp_path, stack(places=[(0, 0, -z) for z in (0, 1, 2.4, 3, 4.7)])))
    assert found.spacing[0] is None
    assert found.affine is None
    assert "equally spaced" in found.problems[0]


def test_an_oblique_stack_keeps_its_directions(tmp_path):
    normal = np.cross((1.0, 0.0, 0.0), (0.0, 0.8, -0.6))
    places = [tuple(np.round(10 + 2.0 * i * normal, 6)) for i in range(4)]
    found = read_volume(series(tmp_path, stack(orientation="oblique", places=places)))
    assert found.spacing[0] == pytest.approx(2.0)
    assert found.direction is not None
    assert abs(found.direction[:, 0] @ normal) == pytest.approx(1)
    assert np.linalg.det(found.direction) == pytest.approx(np.sign(found.direction[:, 0] @ normal) * -1)


def test_one_slice_has_a_place_and_no_step(tmp_path):
    found = read_volume(series(tmp_path, stack(1)))
    assert found.values.shape == (1, 6, 5)
    assert found.spacing == (None, 1.0, 1.0)
    assert found.origin == (0, 0, 0)
    assert found.affine is None
    assert found.problems == ()


def test_slices_without_positions_are_a_volume_of_unknown_place(tmp_path):
    found = read_volume(series(tmp_path, [image(pixels(i), position=None, instance=i) for i in range(3)]))
    assert found.origin is None
    assert found.spacing == (None, 1.0, 1.0)
    assert "Where the slices lie is not known." in found.problems


# What goes wrong


def test_a_file_that_changed_since_the_scan_is_said(tmp_path):
    one = series(tmp_path, stack())
    write(image(pixels(1), position=(0, 0, 0), instance=1, PatientComments="more"), tmp_path / "000.dcm")
    with pytest.raises(PixelError, match=r"Slice 1 of 4: The file of this image has changed\."):
        read_volume(one)


def test_a_file_cut_off_since_the_scan_is_said(tmp_path):
    one = series(tmp_path, stack())
    path = one.slices[2].source.path
    status = path.stat()
    path.write_bytes(path.read_bytes()[:-10])
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    with pytest.raises(PixelError, match=r"^Slice 3 of 4"):
        read_volume(one)


def test_a_file_cut_off_before_the_scan_is_said(tmp_path):
    for number, dataset in enumerate(stack()):
        write(dataset, tmp_path / f"{number}.dcm")
    path = tmp_path / "1.dcm"
    path.write_bytes(path.read_bytes()[:-10])
    (one,) = scan(tmp_path).series
    with pytest.raises(PixelError, match=r"Slice 2 of 4: The file is cut off: 50 of 60 bytes"):
        read_volume(one)


def test_a_file_that_is_gone_is_said(tmp_path):
    one = series(tmp_path, stack())
    one.slices[3].source.path.unlink()
    with pytest.raises(PixelError, match=r"^Slice 4 of 4 cannot be read \(no such file or directory\)"):
        read_volume(one)


@pytest.mark.parametrize("syntax", [None, JPEG_LS])
def test_a_volume_that_does_not_fit_is_refused_before_it_is_read(tmp_path, syntax):
    one = series(tmp_path, stack(), syntax)
    with pytest.raises(StudyError, match="GiB of memory"):
        read_volume(one, available=lambda: 100)


def test_colour_is_no_volume(tmp_path):
    one = series(tmp_path, [image(np.zeros((4, 6, 3), np.uint8), modality="US")])
    with pytest.raises(StudyError, match="colour"):
        read_volume(one)


@pytest.mark.parametrize("syntax", [None, JPEG_LS])
def test_reading_stops_where_progress_says_so(tmp_path, monkeypatch, syntax):
    monkeypatch.setattr(volumes, "_AT_ONCE", 1)
    one = series(tmp_path, stack(10), syntax)
    told = []

    def progress(done: int, total: int) -> None:
        told.append((done, total))
        if done >= 2:
            raise Cancelled

    with pytest.raises(Cancelled):
        read_volume(one, progress=progress)
    assert told == [(1, 10), (2, 10)]


# References


@pytest.mark.shared_data
@pytest.mark.parametrize(
    "folder", ["dash-vtk/demos/data/ct_lung", "slicer/Testing/Data/Input/CTHeadAxialDicom"]
)
def test_a_real_ct_is_that_of_simpleitk_and_pydicom(folder):
    SimpleITK = pytest.importorskip("SimpleITK")
    path = shared_data("dicom", *folder.split("/"))
    one = max(scan(path).series, key=lambda found: len(found.slices))
    found = read_volume(one)
    assert found.problems == ()

    reader = SimpleITK.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(path)))
    theirs = reader.Execute()
    # ITK goes from feet to head; we scroll from head to feet.
    assert np.array_equal(found.values[::-1], SimpleITK.GetArrayFromImage(theirs))
    assert found.affine is not None
    for index in [(0, 0, 0), (3, 7, 11), (len(found.values) - 1, 5, 0)]:
        slice, row, col = index
        point = theirs.TransformIndexToPhysicalPoint((col, row, len(found.values) - 1 - slice))
        assert (found.affine @ (*index, 1))[:3] == pytest.approx(point, abs=1e-6)
    assert found.spacing == pytest.approx(theirs.GetSpacing()[::-1])

    for values, header in zip(found.values, one.slices, strict=True):
        dataset = pydicom.dcmread(header.source.path)
        hounsfield = dataset.pixel_array.astype(np.int32) * int(dataset.RescaleSlope) + int(
            dataset.RescaleIntercept
        )
        assert np.array_equal(values, hounsfield)


@pytest.mark.shared_data
def test_every_shared_series_is_the_slices_it_is_made_of():
    compared = 0
    for one in scan(shared_data("dicom")).series:
        try:
            slices = [load_slice(header).values for header in one.slices[:40]]
            found = read_volume(one)
        except (PixelError, StudyError):
            continue
        compared += 1
        for values, expected in zip(found.values, slices, strict=False):
            np.testing.assert_array_equal(values, expected)
    assert compared > 100
