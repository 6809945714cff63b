"""Order, places, letters and groups of the shared data, against readings that share no code with ours."""

from __future__ import annotations

import csv
import warnings
from collections import defaultdict
from functools import cache
from pathlib import Path

import numpy as np
import pydicom
import pytest

from tests.support.shared_data import shared_data
from viewer.dicom.geometry import orientation_letters
from viewer.dicom.scan import headers, scan
from viewer.errors import StudyError
from viewer.study import Series

pytestmark = pytest.mark.shared_data

DIRECTORY = "pydicom/src/pydicom/data/test_files/dicomdirtests"


@cache
def files() -> list[Path]:
    with open(shared_data("dicom", "MANIFEST.csv"), newline="") as stream:
        return [shared_data("dicom", row["path"]) for row in csv.DictReader(stream) if row["decode"] == "ok"]


def read(path: Path) -> pydicom.Dataset:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pydicom.dcmread(path, stop_before_pixels=True, force=True)


def groups(*parts: str) -> list[Series]:
    return list(scan(shared_data("dicom", *parts)).series)


def test_places_directions_and_spacing_equal_those_of_simpleitk():
    import SimpleITK

    SimpleITK.ProcessObject.SetGlobalWarningDisplay(False)
    compared = 0
    for path in files():
        dataset = read(path)
        if "ImagePositionPatient" not in dataset or int(dataset.get("NumberOfFrames") or 1) > 1:
            continue
        if dataset.get("Modality") not in ("CT", "MR", "PT"):
            continue
        reader = SimpleITK.ImageFileReader()
        reader.SetImageIO("GDCMImageIO")
        reader.SetFileName(str(path))
        try:
            reader.ReadImageInformation()
            (header,) = headers(path)
        except (RuntimeError, StudyError):
            continue
        place, direction = header.geometry, np.array(reader.GetDirection()).reshape(3, 3)
        name = path.name
        assert place.position == pytest.approx(reader.GetOrigin(), abs=1e-4), name
        assert place.row_direction == pytest.approx(direction[:, 0], abs=2e-3), name
        assert place.col_direction == pytest.approx(direction[:, 1], abs=2e-3), name
        assert place.spacing == pytest.approx(reader.GetSpacing()[1::-1], rel=1e-5), name
        compared += 1
    assert compared > 300


def test_every_frame_of_an_enhanced_image_lies_and_comes_where_its_functional_groups_say():
    compared = 0
    for path in files():
        dataset = read(path)
        frames = dataset.get("PerFrameFunctionalGroupsSequence") or ()
        found = headers(path) if len(frames) > 1 else ()
        if len(found) != len(frames) or not frames:  # one file has fewer pixels than frames
            continue
        shared = (dataset.get("SharedFunctionalGroupsSequence") or [{}])[0]

        def own(frame, macro, keyword, shared=shared):
            for where in (frame, shared):
                if macro in where and keyword in where[macro][0]:
                    return np.array(where[macro][0][keyword].value, float)
            return None

        places = [own(f, "PlanePositionSequence", "ImagePositionPatient") for f in frames]
        cosines = [own(f, "PlaneOrientationSequence", "ImageOrientationPatient") for f in frames]
        if any(one is None for one in (*places, *cosines)):
            continue
        assert [h.geometry.position for h in found] == [pytest.approx(p) for p in places], path.name
        for series in scan(path).series:
            normal = np.cross(cosines[series.slices[0].frame][:3], cosines[series.slices[0].frame][3:])
            strongest = int(np.argmax(np.abs(normal)))
            towards = normal * np.sign(normal[strongest]) * (1, 1, -1)[strongest]
            along = [float(places[h.frame] @ towards) for h in series.slices]
            assert np.all(np.diff(along) >= -1e-3), path.name
        compared += 1
    assert compared >= 10


def test_the_letters_of_all_files_are_those_of_the_sides_that_their_edges_near_most():
    sides = dict(zip("LRPAHF", np.vstack([np.eye(3), -np.eye(3)])[[0, 3, 1, 4, 2, 5]], strict=True))
    seen = set()
    for path in files():
        cosines = read(path).get("ImageOrientationPatient")
        try:
            header = headers(path)[0]
        except StudyError:
            continue
        if cosines is None or len(cosines) != 6 or header.geometry.row_direction is None:
            continue
        row, col = np.array(cosines[:3], float), np.array(cosines[3:], float)
        letters = orientation_letters(header.geometry)
        for edge, direction in zip(letters, (-row, row, -col, col), strict=True):
            assert edge[0] == max(sides, key=lambda side: sides[side] @ direction), path.name
            assert {s for s in sides if sides[s] @ direction > 0.11} <= set(edge), path.name
            assert set(edge) <= {s for s in sides if sides[s] @ direction > 0.09}, path.name
        seen.add(letters)
    assert len(seen) >= 4


def test_a_scout_is_split_into_its_planes_and_a_turning_angiogram_is_not():
    scout = groups(DIRECTORY, "98892001", "CT2N")
    assert sorted(one.orientation for one in scout) == ["coronal", "sagittal"]
    assert all("localizer" in one.notes for one in scout)
    (angiogram,) = groups(DIRECTORY, "98892003", "MR700")
    assert [h.instance_number for h in angiogram.slices] == list(range(1, 8))
    turns = [h.geometry.row_direction[0] for h in angiogram.slices]
    assert turns == sorted(turns, reverse=True)
    assert angiogram.warnings == ("Each image has a direction of its own",)


def test_functional_mr_is_a_stack_for_each_time():
    found = groups("dcm_qa_nih", "In", "20180918GE", "mr_0004")
    assert [len(one.slices) for one in found] == [15] * 10
    by_number = defaultdict(set)
    for one in found:
        for header in one.slices:
            by_number[one.uid].add((header.instance_number - 1) // 15)
        z = [header.geometry.position[2] for header in one.slices]
        assert z == sorted(z, reverse=True)
    assert all(len(times) == 1 for times in by_number.values())


def test_the_whole_stacks_among_the_shared_series_warn_of_nothing():
    for parts in (("dash-vtk",), ("slicer",), ("PACSMAN",)):
        for series in groups(*parts):
            assert series.warnings == (), series.uid


def test_ultrasound_regions_are_within_the_picture_and_agree_with_the_file():
    seen = 0
    for path in files():
        dataset = read(path)
        regions = dataset.get("SequenceOfUltrasoundRegions")
        if not regions:
            continue
        (header, *_) = headers(path)
        assert len(header.regions) == len(regions)
        for ours, theirs in zip(header.regions, regions, strict=True):
            assert (ours.col0, ours.row1) == (theirs.RegionLocationMinX0, theirs.RegionLocationMaxY1)
            if theirs.PhysicalUnitsXDirection == theirs.PhysicalUnitsYDirection == 3:
                deltas = 10 * abs(theirs.PhysicalDeltaY), 10 * abs(theirs.PhysicalDeltaX)
                assert ours.spacing == pytest.approx(deltas)
            else:
                assert ours.spacing is None
        seen += 1
    assert seen >= 3
