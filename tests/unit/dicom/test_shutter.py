"""Display shutters: which pixels a file asks to be covered, and with what."""

from __future__ import annotations

import numpy as np
import pytest

from tests.support.dicom_factory import add_overlay, gradient, image, write
from viewer.dicom.pixels import load_slice
from viewer.dicom.scan import headers
from viewer.dicom.shutter import polygon

ROWS, COLS = 40, 30


@pytest.fixture
def loaded(tmp_path):
    def run(**attributes):
        own = {"modality": "DX", **attributes}
        dataset = image(gradient(ROWS, COLS), **own)
        return load_slice(headers(write(dataset, tmp_path / "one.dcm"))[0])

    return run


RECTANGLE = {
    "ShutterUpperHorizontalEdge": 5,
    "ShutterLowerHorizontalEdge": 30,
    "ShutterLeftVerticalEdge": 3,
    "ShutterRightVerticalEdge": 20,
}


def test_a_rectangle_shows_its_edges_and_what_lies_between(loaded):
    shutter = loaded(ShutterShape="RECTANGULAR", **RECTANGLE).shutter
    shown = np.zeros((ROWS, COLS), bool)
    shown[4:30, 2:20] = True  # rows and columns count from 1
    assert np.array_equal(~shutter.hidden, shown)
    assert shutter.grey == 0 and not shutter.hidden.flags.writeable


def test_an_edge_beyond_the_image_or_missing_is_the_images_own(loaded):
    edges = {
        "ShutterUpperHorizontalEdge": -5,
        "ShutterLowerHorizontalEdge": 400,
        "ShutterLeftVerticalEdge": 11,
    }
    hidden = loaded(ShutterShape="RECTANGULAR", **edges).shutter.hidden
    assert hidden[:, :10].all() and not hidden[:, 10:].any()


def test_a_circle_is_what_its_equation_says(loaded):
    shutter = loaded(
        ShutterShape="CIRCULAR", CenterOfCircularShutter=[20, 15], RadiusOfCircularShutter=10
    ).shutter
    for row in range(ROWS):
        for col in range(COLS):
            inside = (row + 1 - 20) ** 2 + (col + 1 - 15) ** 2 <= 100
            assert shutter.hidden[row, col] == (not inside)


def test_a_circle_is_round_on_the_patient_where_pixels_are_not_square(loaded):
    shutter = loaded(
        ShutterShape="CIRCULAR",
        CenterOfCircularShutter=[20, 15],
        RadiusOfCircularShutter=10,
        PixelSpacing=[2, 1],
    ).shutter
    shown = ~shutter.hidden
    assert shown[:, 14].sum() == 11 and shown[19].sum() == 21  # ± 5 rows of 2 mm, ± 10 columns of 1 mm


def test_a_polygon_is_filled_up_to_and_with_its_edges(loaded):
    vertices = [1, 1, 1, 21, 21, 21]  # row\column: a right triangle
    shown = ~loaded(ShutterShape="POLYGONAL", VerticesOfThePolygonalShutter=vertices).shutter.hidden
    for row in range(ROWS):
        for col in range(COLS):
            assert shown[row, col] == (row <= 20 and row <= col <= 20), (row, col)


def test_a_polygon_may_be_concave_and_cross_itself():
    notched = polygon([0, 0, 10, 10, 5, 5, 10, 10], [0, 12, 12, 8, 8, 4, 4, 0], (12, 14))
    expected = np.zeros((12, 14), bool)
    expected[0:11, 0:13] = True
    expected[6:11, 5:8] = False
    assert np.array_equal(notched, expected)
    crossed = polygon([0, 10, 0, 10], [0, 10, 10, 0], (11, 11))  # an hourglass on its side
    assert crossed[5, 5] and crossed[5, 0] and crossed[5, 10] and crossed[2, 1] and crossed[2, 9]
    assert not crossed[0, 5] and not crossed[2, 5] and not crossed[8, 5] and not crossed[10, 5]


@pytest.mark.parametrize("seed", range(8))
def test_any_polygon_is_filled_as_the_crossing_number_says(seed):
    rng = np.random.default_rng(seed)
    rows, cols = rng.uniform(-5, 35, 7), rng.uniform(-5, 30, 7)
    filled = polygon(rows, cols, (30, 25))
    for row in range(30):
        for col in range(25):
            crossings = 0
            for k in range(7):
                r0, c0, r1, c1 = rows[k - 1], cols[k - 1], rows[k], cols[k]
                if (r0 > row) != (r1 > row) and col < (c1 - c0) * (row - r0) / (r1 - r0) + c0:
                    crossings += 1
            assert filled[row, col] == (crossings % 2 == 1), (row, col)


def test_several_shapes_show_what_lies_within_all_of_them(loaded):
    circle = {"CenterOfCircularShutter": [20, 15], "RadiusOfCircularShutter": 12}
    both = loaded(ShutterShape=["RECTANGULAR", "CIRCULAR"], **RECTANGLE, **circle).shutter.hidden
    one = loaded(ShutterShape="RECTANGULAR", **RECTANGLE).shutter.hidden
    other = loaded(ShutterShape="CIRCULAR", **circle).shutter.hidden
    assert np.array_equal(both, one | other)


def test_a_bitmap_shutter_covers_where_its_plane_is_drawn_and_is_no_graphic(tmp_path):
    mask = np.zeros((ROWS, COLS), bool)
    mask[:, 20:] = True
    dataset = image(gradient(ROWS, COLS), ShutterShape="BITMAP", ShutterOverlayGroup=0x6002)
    add_overlay(dataset, mask, group=0x6002)
    add_overlay(dataset, ~mask)
    view = load_slice(headers(write(dataset, tmp_path / "one.dcm"))[0])
    assert np.array_equal(view.shutter.hidden, mask)
    assert [graphic.mask.tolist() for graphic in view.graphics] == [(~mask).tolist()]


@pytest.mark.parametrize(("value", "grey"), [(0, 0), (65535, 255), (32768, 128), (257, 1), (None, 0)])
def test_the_cover_has_the_presentation_value_of_the_file(loaded, value, grey):
    more = {} if value is None else {"ShutterPresentationValue": value}
    assert loaded(ShutterShape="RECTANGULAR", **RECTANGLE, **more).shutter.grey == grey


@pytest.mark.parametrize(
    "attributes",
    [
        {},
        {"ShutterShape": "RECTANGULAR"},
        {"ShutterShape": "HEXAGONAL", **RECTANGLE},
        {"ShutterShape": "CIRCULAR", "CenterOfCircularShutter": [20], "RadiusOfCircularShutter": 10},
        {"ShutterShape": "CIRCULAR", "CenterOfCircularShutter": [20, 15], "RadiusOfCircularShutter": 0},
        {"ShutterShape": "POLYGONAL", "VerticesOfThePolygonalShutter": [1, 1, 1, 21, 21]},
        {"ShutterShape": "POLYGONAL", "VerticesOfThePolygonalShutter": [1, 1, 9, 9]},
        {"ShutterShape": "BITMAP", "ShutterOverlayGroup": 0x6000},
        {"ShutterShape": "BITMAP"},
        {
            "ShutterShape": "CIRCULAR",
            "CenterOfCircularShutter": [20, 15],
            "RadiusOfCircularShutter": 2000000000,
        },
        {"ShutterShape": "POLYGONAL", "VerticesOfThePolygonalShutter": [1, 1, 1, 2000000000, 30, 30]},
        {"ShutterShape": "RECTANGULAR", "ShutterLeftVerticalEdge": 400},  # hides all there is
        {"ShutterShape": "RECTANGULAR", "ShutterLeftVerticalEdge": 1},  # hides nothing
    ],
)
def test_a_shutter_that_is_malformed_or_hides_all_or_nothing_hides_nothing(loaded, attributes):
    assert loaded(**attributes).shutter is None


def test_the_values_under_a_shutter_stay_readable(loaded):
    view = loaded(ShutterShape="RECTANGULAR", **RECTANGLE)
    assert np.array_equal(view.values, gradient(ROWS, COLS))
