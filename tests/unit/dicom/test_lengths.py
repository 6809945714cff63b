"""Lengths on a slice: millimetres where one calibration holds for both ends, else pixels."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydicom.sequence import Sequence

from tests.support.dicom_factory import image, item, write
from viewer.dicom.geometry import length_mm, spacing_at
from viewer.dicom.scan import headers
from viewer.study import Geometry, SliceHeader, Source, UltrasoundRegion

CM, SECONDS, SPEED = 3, 4, 7


def header(*regions: UltrasoundRegion, **geometry) -> SliceHeader:
    return SliceHeader(
        Source(Path("1")), "1", 0, 480, 640, "RGB", 3, 1, Geometry(**geometry), "", regions=regions
    )


def close(found, value, unit, source) -> bool:
    return found.value == pytest.approx(value) and (found.unit, found.source) == (unit, source)


@pytest.mark.parametrize(
    ("end", "length"), [((3.0, 0.0), 6.0), ((0.0, 4.0), 2.0), ((3.0, 16.0), 10.0), ((-3.0, -16.0), 10.0)]
)
def test_a_length_takes_row_spacing_down_and_column_spacing_across(end, length):
    slice_ = header(spacing=(2.0, 0.5), calibration="PixelSpacing")
    assert close(length_mm(slice_, (0, 0), end), length, "mm", "PixelSpacing")
    assert close(length_mm(slice_, (5.5, 7.25), (end[0] + 5.5, end[1] + 7.25)), length, "mm", "PixelSpacing")


def test_a_length_keeps_the_source_of_its_scale():
    source = "ImagerPixelSpacing / magnification 1.1"
    assert length_mm(header(spacing=(0.2, 0.2), calibration=source), (0, 0), (0, 5)) == (1.0, "mm", source)


def test_without_calibration_a_length_is_in_pixels():
    assert length_mm(header(), (0, 0), (3, 4)) == (5.0, "px", "")
    assert length_mm(header(pixel_aspect=2.0), (0, 0), (3, 8)) == (10.0, "px", "")


TISSUE = UltrasoundRegion(0, 0, 239, 639, "tissue", (0.2, 0.1))
OTHER = UltrasoundRegion(240, 0, 479, 299, "tissue", (0.4, 0.4))
SPECTRUM = UltrasoundRegion(240, 300, 479, 639, "spectral")


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ((0, 0), (30, 80), (10.0, "mm", "ultrasound region")),
        ((239.5, 0), (239.5, 10), (10.0, "px", "")),  # on the border both hold: neither scale is sure
        ((240, 0), (243, 4), (2.0, "mm", "ultrasound region")),
        ((230, 0), (250, 0), (20.0, "px", "")),  # from one region into another
        ((300, 400), (330, 440), (50.0, "px", "")),  # a spectrum: time and velocity
        ((600, 0), (603, 4), (5.0, "px", "")),  # no region
    ],
)
def test_a_length_in_ultrasound_is_of_its_region(start, end, expected):
    assert close(length_mm(header(TISSUE, OTHER, SPECTRUM), start, end), *expected)


def test_a_colour_box_with_the_scale_of_the_tissue_around_it_does_not_cut_a_length():
    """PS3.3 figure C.8-6: the box has the higher priority and the same scale."""
    around = UltrasoundRegion(0, 0, 479, 639, "tissue", (0.2, 0.2), low_priority=True)
    box = UltrasoundRegion(100, 100, 200, 200, "tissue", (0.2, 0.2))
    slice_ = header(around, box)
    assert close(length_mm(slice_, (150, 150), (150, 300)), 30.0, "mm", "ultrasound region")
    inset = UltrasoundRegion(100, 100, 200, 200, "tissue", (0.5, 0.5))
    assert length_mm(header(around, inset), (150, 150), (150, 300)).unit == "px"
    assert spacing_at(header(around, inset), 150, 150)[0] == (0.5, 0.5)


def test_two_views_of_one_scale_side_by_side_are_not_measured_across():
    left = UltrasoundRegion(0, 0, 479, 319, "tissue", (0.2, 0.2))
    right = UltrasoundRegion(0, 320, 479, 639, "tissue", (0.2, 0.2))
    assert length_mm(header(left, right), (10, 300), (10, 340)).unit == "px"


def test_regions_are_read_as_the_file_gives_them(tmp_path):
    def region(kind, x0, y0, x1, y1, units, deltas, flags=0):
        return item(
            RegionSpatialFormat=kind, RegionFlags=flags, RegionLocationMinX0=x0, RegionLocationMinY0=y0,
            RegionLocationMaxX1=x1, RegionLocationMaxY1=y1, PhysicalUnitsXDirection=units[0],
            PhysicalUnitsYDirection=units[1], PhysicalDeltaX=deltas[0], PhysicalDeltaY=deltas[1],
        )[0]  # fmt: skip

    sequence = Sequence(
        [
            region(1, 10, 20, 110, 220, (CM, CM), (0.02, -0.03), flags=1),
            region(2, 0, 300, 50, 400, (SECONDS, CM), (0.01, 0.03)),
            region(3, 60, 300, 90, 400, (SECONDS, SPEED), (0.01, 1.5)),
        ]
    )
    (found,) = headers(
        write(
            image(
                modality="US",
                spacing=None,
                position=None,
                orientation=None,
                SequenceOfUltrasoundRegions=sequence,
            ),
            tmp_path / "us.dcm",
        )
    )
    assert found.regions == (
        UltrasoundRegion(20, 10, 220, 110, "tissue", (0.3, 0.2), low_priority=True),
        UltrasoundRegion(300, 0, 400, 50, "m-mode"),
        UltrasoundRegion(300, 60, 400, 90, "spectral"),
    )
    assert found.geometry.spacing == (0.3, 0.2)
    assert spacing_at(found, 20, 10) == ((0.3, 0.2), "ultrasound region")
    assert spacing_at(found, 10, 20) == spacing_at(found, 350, 20) == (None, "")
    assert length_mm(found, (30, 20), (70, 50)).value == pytest.approx((12.0**2 + 6.0**2) ** 0.5)
