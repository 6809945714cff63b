"""Millimetres with the source of their calibration, and positions from wherever a file keeps them."""

from __future__ import annotations

import numpy as np
import pytest
from pydicom.sequence import Sequence

from tests.support.dicom_factory import enhanced, gradient, image, item, write
from viewer.dicom.geometry import orientation_letters
from viewer.dicom.scan import headers


@pytest.fixture
def geometries(tmp_path):
    def run(dataset):
        return [header.geometry for header in headers(write(dataset, tmp_path / "one.dcm"))]

    return run


def calibrated(geometries, **attributes):
    (place,) = geometries(image(position=None, orientation=None, spacing=None, **attributes))
    return place.spacing, place.calibration


def test_pixel_spacing_is_row_spacing_first(geometries):
    (place,) = geometries(image(spacing=(2.0, 0.5)))
    assert (place.spacing, place.calibration, place.aspect) == ((2.0, 0.5), "PixelSpacing", 4.0)


def test_a_detector_spacing_is_not_called_a_pixel_spacing(geometries):
    expected = ((0.2, 0.2), "ImagerPixelSpacing")
    assert calibrated(geometries, modality="DX", ImagerPixelSpacing=[0.2, 0.2]) == expected
    both = {"ImagerPixelSpacing": [0.2, 0.2], "PixelSpacing": [0.2, 0.2]}
    assert calibrated(geometries, modality="CR", **both) == expected


@pytest.mark.parametrize(("pixel", "source"), [(0.143, "ImagerPixelSpacing"), (0.13, "PixelSpacing")])
def test_a_detector_spacing_rounded_otherwise_is_still_the_detectors(geometries, pixel, source):
    both = {"ImagerPixelSpacing": [0.14301, 0.14301], "PixelSpacing": [pixel, pixel]}
    assert calibrated(geometries, modality="DX", **both)[1] == source


def test_a_radiograph_with_nothing_but_a_pixel_spacing_does_not_say_in_which_plane(geometries):
    expected = ((0.2, 0.2), "PixelSpacing (plane not stated)")
    assert calibrated(geometries, modality="CR", PixelSpacing=[0.2, 0.2]) == expected
    assert calibrated(geometries, modality="MR", PixelSpacing=[0.2, 0.2]) == ((0.2, 0.2), "PixelSpacing")


def test_both_spacings_equal_and_declared_calibrated_are_calibrated(geometries):
    attributes = {"PixelSpacing": [0.2, 0.2], "ImagerPixelSpacing": [0.2, 0.2]}
    attributes["PixelSpacingCalibrationType"] = "GEOMETRY"
    assert calibrated(geometries, modality="DX", **attributes) == ((0.2, 0.2), "PixelSpacing (geometry)")


def test_both_spacings_equal_and_a_magnification_are_of_the_detector(geometries):
    attributes = {"PixelSpacing": [0.3, 0.3], "ImagerPixelSpacing": [0.3, 0.3]}
    attributes["EstimatedRadiographicMagnificationFactor"] = 1.5
    spacing, source = calibrated(geometries, modality="DX", Modality="MG", **attributes)
    assert spacing == pytest.approx((0.2, 0.2)) and source == "ImagerPixelSpacing / magnification 1.5"


@pytest.mark.parametrize("factor", [0, -1])
def test_a_senseless_magnification_is_left_out(geometries, factor):
    found = calibrated(
        geometries,
        modality="DX",
        ImagerPixelSpacing=[0.2, 0.2],
        EstimatedRadiographicMagnificationFactor=factor,
    )
    assert found == ((0.2, 0.2), "ImagerPixelSpacing")


def test_an_angiogram_may_be_calibrated_in_the_centre_of_the_beam(geometries):
    attributes = {
        "ImagerPixelSpacing": [0.3, 0.3],
        "ProjectionPixelCalibrationSequence": item(ObjectPixelSpacingInCenterOfBeam=[0.2, 0.25]),
    }
    spacing, source = calibrated(geometries, modality="DX", Modality="XA", **attributes)
    assert spacing == pytest.approx((0.2, 0.25)) and source == "ObjectPixelSpacingInCenterOfBeam"


def test_an_enhanced_radiograph_keeps_the_spacing_of_each_frame(geometries):
    frames = image(
        np.zeros((2, 4, 4), "u2"), frames=True, modality="DX", spacing=None, position=None, orientation=None
    )
    frames.PerFrameFunctionalGroupsSequence = Sequence(
        [item(FramePixelDataPropertiesSequence=item(ImagerPixelSpacing=[s, s]))[0] for s in (0.2, 0.4)]
    )
    assert [one.spacing for one in geometries(frames)] == [(0.2, 0.2), (0.4, 0.4)]


def test_a_magnification_brings_the_detector_spacing_into_the_patient(geometries):
    spacing, source = calibrated(
        geometries,
        modality="DX",
        ImagerPixelSpacing=[0.22, 0.33],
        EstimatedRadiographicMagnificationFactor=1.1,
    )
    assert spacing == pytest.approx((0.2, 0.3))
    assert source == "ImagerPixelSpacing / magnification 1.1"


def test_a_calibrated_spacing_says_how(geometries):
    attributes = {"PixelSpacing": [0.18, 0.18], "ImagerPixelSpacing": [0.2, 0.2]}
    assert calibrated(geometries, modality="DX", **attributes) == ((0.18, 0.18), "PixelSpacing")
    attributes["PixelSpacingCalibrationType"] = "FIDUCIAL"
    assert calibrated(geometries, modality="DX", **attributes) == ((0.18, 0.18), "PixelSpacing (fiducial)")


def test_a_scanned_film_says_so(geometries):
    expected = ((0.1, 0.2), "NominalScannedPixelSpacing")
    assert calibrated(geometries, modality="OT", NominalScannedPixelSpacing=[0.1, 0.2]) == expected


def region(delta_x: float, delta_y: float, kind: int = 1, unit: int = 3):
    return item(
        RegionSpatialFormat=kind, PhysicalUnitsXDirection=unit, PhysicalUnitsYDirection=unit,
        PhysicalDeltaX=delta_x, PhysicalDeltaY=delta_y,
    )[0]  # fmt: skip


@pytest.mark.parametrize(
    ("regions", "spacing"),
    [
        ([(0.02, 0.03)], (0.3, 0.2)),
        ([(0.02, 0.03), (0.02, 0.03)], (0.3, 0.2)),
        ([(0.02, 0.03), (1, 1, 3)], (0.3, 0.2)),  # the other one is a spectrum
        ([(0.02, -0.03)], (0.3, 0.2)),
        ([(0.02, 0.03), (0.04, 0.06)], None),  # two scales in one picture: neither holds everywhere
        ([(0.02, 0.03, 1, 4)], None),  # seconds
        ([(0, 0.03)], None),
    ],
)
def test_an_ultrasound_is_calibrated_by_its_regions(geometries, regions, spacing):
    sequence = Sequence([region(*one) for one in regions])
    found, source = calibrated(geometries, modality="US", SequenceOfUltrasoundRegions=sequence)
    assert found == (pytest.approx(spacing) if spacing else None)
    assert source == ("ultrasound region" if spacing else "")


@pytest.mark.parametrize("attributes", [{}, {"PixelSpacing": [0, 0]}, {"PixelSpacing": [1]}])
def test_without_calibration_there_are_only_pixels(geometries, attributes):
    assert calibrated(geometries, modality="CR", **attributes) == (None, "")


def test_an_aspect_without_spacing_is_kept(geometries):
    (place,) = geometries(image(spacing=None, PixelAspectRatio=[2, 1]))
    assert (place.spacing, place.aspect) == (None, 2.0)


def test_a_radiograph_has_the_letters_of_its_patient_orientation(geometries):
    (place,) = geometries(
        image(modality="DX", orientation=None, position=None, PatientOrientation=["L", "F"])
    )
    assert orientation_letters(place) == ("R", "L", "H", "F")
    assert place.position is None


def test_senseless_direction_cosines_are_unknown_ones(geometries):
    (place,) = geometries(image(orientation=(0, 0, 0, 0, 0, 0)))
    assert place.row_direction is None and place.normal is None


def test_enhanced_frames_have_their_own_places_and_shared_directions(geometries):
    places = [(0, 0, 4), (0, 0, 0), (1, 2, 3)]
    found = geometries(enhanced(np.zeros((3, 4, 4), "i2"), places, orientation="coronal", spacing=(2, 1)))
    assert [one.position for one in found] == places
    assert {one.normal for one in found} == {(0.0, 1.0, 0.0)}
    assert {one.spacing for one in found} == {(2.0, 1.0)}


@pytest.mark.parametrize(("offsets", "z"), [([0, 3, 6], [10, 13, 16]), ([10, 13, 16], [10, 13, 16])])
def test_dose_frames_lie_where_the_grid_says(geometries, offsets, z):
    dose = image(np.zeros((3, 4, 4), "u2"), frames=True, position=(0, 0, 10), GridFrameOffsetVector=offsets)
    assert [one.position[2] for one in geometries(dose)] == z


def test_frames_of_a_tomographic_nuclear_study_lie_on_a_line(geometries):
    spect = image(
        np.zeros((3, 4, 4), "u2"), frames=True, modality="NM", position=None, orientation=None,
        SliceVector=[1, 2, 3], SpacingBetweenSlices=-4.0,
        DetectorInformationSequence=item(
            ImagePositionPatient=[1, 2, 30], ImageOrientationPatient=[1, 0, 0, 0, 1, 0]
        ),
    )  # fmt: skip
    assert [one.position for one in geometries(spect)] == [(1, 2, 30), (1, 2, 26), (1, 2, 22)]


def test_frames_of_a_loop_all_lie_at_the_same_place(geometries):
    found = geometries(image(np.zeros((3, 4, 4), "u2"), frames=True, position=(1, 2, 3)))
    assert {one.position for one in found} == {(1.0, 2.0, 3.0)}


@pytest.mark.parametrize(
    ("attributes", "unit"),
    [
        ({"modality": "CT"}, "HU"),
        ({"modality": "CT", "RescaleType": "US"}, ""),
        ({"modality": "CT", "RescaleSlope": None}, ""),
        ({"modality": "CT", "RescaleType": "HU"}, "HU"),
        ({"modality": "MR"}, ""),
        ({"modality": "PT", "Units": "BQML"}, "Bq/ml"),
        ({"modality": "PT", "Units": "CNTS"}, "counts"),
        ({"modality": "OT", "Modality": "RTDOSE", "DoseUnits": "GY"}, "Gy"),
    ],
)
def test_the_unit_of_the_values_is_told_where_the_file_knows_it(tmp_path, attributes, unit):
    (header,) = headers(write(image(gradient(), **attributes), tmp_path / "one.dcm"))
    assert header.unit == unit
