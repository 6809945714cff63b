"""Lengths, angles and areas against those of geometry in the patient; the value under a probe."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from tests.support.mark_factory import header_of, make_mark, plane
from tests.support.slice_factory import make_slice
from viewer.annotate import shape
from viewer.annotate.mark import KINDS, Mark
from viewer.annotate.measure import figures
from viewer.annotate.placing import to_view
from viewer.study import Geometry, UltrasoundRegion

PLACES = {
    "square": plane(spacing=(0.5, 0.5)),
    "anisotropic": plane(spacing=(1.3, 0.4)),
    "sagittal": plane(spacing=(0.4, 0.9), angles=(90, 0, 90)),
    "oblique": plane(spacing=(0.7, 0.45), angles=(25, -40, 65)),
    "tilted": plane(spacing=(0.49, 0.49), angles=(-18.5, 0, 0)),
}
FLAT = np.array([(3.0, 4.0), (31.0, 12.0), (11.0, 33.0), (40.0, 41.0)])


@pytest.fixture(params=PLACES)
def place(request) -> Geometry:
    return PLACES[request.param]


def phantom(place, across):
    """(n, 3) points of the patient that lie in the plane, `across` mm from its corner."""
    row, col = np.array(place.row_direction), np.array(place.col_direction)
    return np.array(place.position) + np.asarray(across) @ np.stack([row, col])


def measured(kind, points, place):
    """name -> figure of a mark with (n, 3) points of the patient."""
    header = header_of(place)
    mark = Mark("m", kind, "1", "1.2", header.key, tuple(map(tuple, np.asarray(points).tolist())))
    return {one.name: one for one in figures(mark, to_view(mark, header), header)}


def angle_at(one, vertex, other):
    a, b = one - vertex, other - vertex
    return math.degrees(math.acos(a @ b / np.linalg.norm(a) / np.linalg.norm(b)))


def test_a_length_is_the_distance_in_the_patient(place):
    a, b = phantom(place, FLAT[:2])
    (found,) = measured("length", [a, b], place).values()
    assert found.value == pytest.approx(np.linalg.norm(b - a), abs=1e-5)
    assert (found.name, found.unit, found.source) == ("Length", "mm", "PixelSpacing")


def test_the_longer_axis_is_the_long_one_whichever_was_drawn_first(place):
    a, b, c, d = phantom(place, FLAT)
    one, other = np.linalg.norm(b - a), np.linalg.norm(d - c)
    for points in ([a, b, c, d], [c, d, a, b]):
        found = measured("bidirectional", points, place)
        assert list(found) == ["Long axis", "Short axis"]
        assert found["Long axis"].value == pytest.approx(max(one, other), abs=1e-5)
        assert found["Short axis"].value == pytest.approx(min(one, other), abs=1e-5)


@pytest.mark.parametrize("degrees", [0.5, 30, 89.9, 90, 135, 180])
def test_an_angle_is_that_in_the_patient(place, degrees):
    turn = math.radians(17 + degrees)
    arms = 20 + 15 * np.array([(math.cos(math.radians(17)), math.sin(math.radians(17))), (0, 0),
                               (math.cos(turn), math.sin(turn))])  # fmt: skip
    (found,) = measured("angle", phantom(place, arms), place).values()
    assert found.value == pytest.approx(degrees, abs=1e-4) and found.unit == "°"


@pytest.mark.parametrize(
    ("degrees", "cobb"), [(0, 0), (12.5, 12.5), (90, 90), (140, 40), (180, 0), (-35, 35)]
)
def test_a_cobb_angle_is_the_acute_one_between_two_lines(place, degrees, cobb):
    turn = math.radians(degrees)
    lines = np.array([(5, 5), (35, 5), (8, 30), (8 + 20 * math.cos(turn), 30 + 20 * math.sin(turn))])
    for order in ([0, 1, 2, 3], [1, 0, 2, 3], [2, 3, 0, 1]):
        (found,) = measured("cobb", phantom(place, lines[order]), place).values()
        assert found.value == pytest.approx(cobb, abs=1e-4) and found.name == "Cobb angle"


def test_area_and_perimeter_of_a_polygon_are_those_in_the_patient(place):
    across = np.array([(3, 4), (31, 9), (40, 30), (22, 18), (5, 36)])
    points = phantom(place, across)
    after = np.roll(points, -1, axis=0)
    area = np.linalg.norm(np.cross(points - points[0], after - points[0]).sum(0)) / 2
    for kind in ("polygon", "freehand"):
        found = measured(kind, points, place)
        assert found["Area"].value == pytest.approx(area, rel=1e-6)
        assert found["Perimeter"].value == pytest.approx(
            np.linalg.norm(after - points, axis=1).sum(), rel=1e-6
        )
        assert (found["Area"].unit, found["Perimeter"].unit) == ("mm²", "mm")
        assert found["Area"].source == found["Perimeter"].source == "PixelSpacing"


def test_a_rectangle_is_as_large_as_its_sides(place):
    found = measured("rectangle", phantom(place, [(3, 4), (33, 4), (33, 16), (3, 16)]), place)
    assert found["Area"].value == pytest.approx(30 * 12, rel=1e-6)
    assert found["Perimeter"].value == pytest.approx(84, rel=1e-6)


@pytest.mark.parametrize("turn", [0.0, 0.6])
def test_a_circle_in_the_patient_is_as_large_as_a_circle(place, turn):
    u = 9 * np.array([math.cos(turn), math.sin(turn)])
    v = 9 * np.array([-math.sin(turn), math.cos(turn)])
    found = measured("ellipse", phantom(place, 20 + np.array([-u, u, -v, v])), place)
    assert found["Area"].value == pytest.approx(math.pi * 81, rel=1e-6)
    assert found["Perimeter"].value == pytest.approx(2 * math.pi * 9, rel=1e-6)


# Without millimetres.


def drawn(kind, points, geometry, **fields):
    header = header_of(geometry, **fields)
    return {one.name: one for one in figures(make_mark(kind, points, header), points, header)}


def test_without_calibration_lengths_and_areas_are_in_pixels():
    found = drawn("length", [(1.0, 1.0), (4.0, 5.0)], Geometry())["Length"]
    assert (found.value, found.unit, found.source) == (5.0, "px", "")
    box = shape.from_drag("rectangle", (2, 3), (12, 7))
    found = drawn("rectangle", box, Geometry())
    assert (found["Area"].value, found["Area"].unit) == (pytest.approx(40), "px²")
    assert (found["Perimeter"].value, found["Perimeter"].unit) == (pytest.approx(28), "px")


def test_where_only_the_shape_of_pixels_is_known_widths_of_a_pixel_are_the_measure():
    tall = Geometry(pixel_aspect=2.0)
    assert drawn("length", [(1.0, 1.0), (1.0, 6.0)], tall)["Length"].value == 10
    assert drawn("angle", [(1.0, 0.0), (0.0, 0.0), (1.0, 0.5)], tall)["Angle"].value == pytest.approx(45)
    box = shape.from_drag("rectangle", (2, 3), (12, 7))
    assert drawn("rectangle", box, tall)["Area"].value == pytest.approx(80)


def test_the_source_of_the_scale_is_that_of_the_slice():
    at_detector = Geometry(spacing=(0.1, 0.1), calibration="ImagerPixelSpacing")
    found = drawn("length", [(1.0, 1.0), (4.0, 5.0)], at_detector)["Length"]
    assert (found.unit, found.source) == ("mm", "ImagerPixelSpacing") and found.value == pytest.approx(0.5)


def test_in_ultrasound_only_what_lies_within_one_region_has_millimetres():
    regions = (
        UltrasoundRegion(0, 0, 29, 39, "tissue", (0.2, 0.1)),
        UltrasoundRegion(30, 0, 59, 39, "spectral", None),
    )
    inside, across = [(2.0, 2.0), (12.0, 7.0)], [(2.0, 20.0), (12.0, 45.0)]
    one = drawn("length", inside, Geometry(), regions=regions)["Length"]
    assert (one.unit, one.source) == ("mm", "ultrasound region") and one.value == pytest.approx(
        math.hypot(1, 1)
    )
    assert drawn("length", across, Geometry(), regions=regions)["Length"].unit == "px"
    box = drawn("rectangle", shape.from_drag("rectangle", *inside), Geometry(), regions=regions)
    assert box["Area"].unit == "mm²" and box["Area"].value == pytest.approx(1 * 1)
    assert box["Area"].source == "ultrasound region"
    box = drawn("ellipse", shape.from_drag("ellipse", *across), Geometry(), regions=regions)
    assert box["Area"].unit == "px²" and box["Area"].value == pytest.approx(math.pi * 5 * 12.5)
    angle = [(12.0, 2.0), (2.0, 2.0), (12.0, 7.0)]
    assert drawn("angle", angle, Geometry(), regions=regions)["Angle"].value == pytest.approx(45)


# What has no figure.


@pytest.mark.parametrize(
    ("kind", "points"),
    [
        ("length", [(3.0, 3.0), (3.0, 3.0)]),
        ("angle", [(3.0, 3.0), (3.0, 3.0), (9.0, 3.0)]),
        ("cobb", [(3.0, 3.0), (3.0, 3.0), (9.0, 3.0), (9.0, 8.0)]),
        ("polygon", [(3.0, 3.0), (9.0, 3.0)]),
        ("ellipse", [(3.0, 3.0)] * 4),
        ("rectangle", [(math.nan, 3.0)] * 4),
        ("length", [(0.0, 0.0), (1e300, 0.0)]),
        ("arrow", [(3.0, 3.0), (9.0, 3.0)]),
        ("text", [(3.0, 3.0)]),
        ("probe", [(3.0, 3.0)]),
    ],
)
def test_what_cannot_be_measured_has_no_figure(kind, points):
    assert drawn(kind, points, plane()) == {}


@pytest.mark.parametrize("kind", KINDS)
def test_every_figure_is_a_finite_number(kind):
    points = [(10.0 + 7 * i, 20.0 + 5 * i * i) for i in range(KINDS[kind].points or 5)]
    shown = make_slice(np.full((60, 80), np.nan, np.float32), geometry=plane())
    mark = make_mark(kind, points, shown.header)
    assert all(math.isfinite(one.value) for one in figures(mark, points, shown.header, shown))


# Probe.


def probed(shown, point):
    mark = make_mark("probe", [point], shown.header)
    return [(one.name, one.value, one.unit) for one in figures(mark, [point], shown.header, shown)]


def test_a_probe_reads_the_pixel_that_holds_its_point():
    values = np.arange(12, dtype=np.int16).reshape(3, 4) - 5
    shown = make_slice(values, geometry=plane())
    assert probed(shown, (0.0, 0.0)) == [("Value", -5, "HU")]
    assert probed(shown, (1.99, 2.0)) == [("Value", 4, "HU")]
    assert probed(shown, (4.0, 1.0)) == probed(shown, (1.0, -0.1)) == probed(shown, (1.0, 3.0)) == []


def test_a_probe_of_pet_reads_suv_and_what_it_came_from():
    shown = make_slice(np.full((3, 4), 8000, np.float32), geometry=plane(), suv=0.0005)
    shown = replace(shown, header=replace(shown.header, unit="Bq/ml"))
    assert probed(shown, (1.0, 1.0)) == [("SUV", 4.0, "SUV"), ("Value", 8000, "Bq/ml")]
    shown = replace(shown, suv=1.0, header=replace(shown.header, unit="SUV"))
    assert probed(shown, (1.0, 1.0)) == [("SUV", 8000, "SUV")]


def test_a_probe_of_a_colour_image_reads_red_green_and_blue():
    shown = make_slice(np.array([[[10, 20, 30]]], np.uint8))
    assert probed(shown, (0.5, 0.5)) == [("Red", 10, ""), ("Green", 20, ""), ("Blue", 30, "")]
