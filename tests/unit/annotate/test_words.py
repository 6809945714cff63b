"""Figures as one reads them."""

from __future__ import annotations

import numpy as np
import pytest

from tests.support.mark_factory import header_of, make_mark, plane
from tests.support.slice_factory import make_slice
from viewer.annotate import measure
from viewer.annotate.mark import KINDS, Figure, ShownMark, Statistics
from viewer.annotate.statistics import region_statistics
from viewer.annotate.words import figure_text, label_lines, table_rows, title
from viewer.study import Geometry


def shown(kind, points, *, geometry=None, values=None, heat=None, suv=None, **fields):
    slice = make_slice(values if values is not None else np.zeros((60, 80), np.int16), suv=suv,
                       geometry=geometry or plane(spacing=(0.5, 0.5)))  # fmt: skip
    mark = make_mark(kind, points, slice.header, **fields)
    found = region_statistics(kind, points, slice, heat) if mark.is_region else None
    return ShownMark(mark, points, None, False, measure.figures(mark, points, slice.header, slice), found)


SQUARE = ((10.0, 10.0), (30.0, 10.0), (30.0, 20.0), (10.0, 20.0))


@pytest.mark.parametrize(
    ("figure", "text"),
    [
        (Figure("Length", 23.449, "mm"), "23.4 mm"),
        (Figure("Length", 0.4449, "mm"), "0.44 mm"),
        (Figure("Length", 0.4449, "px"), "0.4 px"),
        (Figure("Length", 1234.5678, "mm"), "1234.6 mm"),
        (Figure("Length", 23.449, "mm", "ImagerPixelSpacing"), "23.4 mm at the detector"),
        (Figure("Area", 1234.56, "mm²", "ImagerPixelSpacing"), "1235 mm² at the detector"),
        (Figure("Area", 1234.56, "mm²", "PixelSpacing"), "1235 mm²"),
        (Figure("Area", 12.345, "mm²"), "12.3 mm²"),
        (Figure("Area", 1.2345, "mm²"), "1.23 mm²"),
        (Figure("Angle", 179.96, "°"), "180.0°"),
        (Figure("Mean", -41.26, "HU"), "−41.3 HU"),
        (Figure("Mean", -0.04, "HU"), "0.0 HU"),
        (Figure("SD", 12.0, "HU"), "12.0 HU"),
        (Figure("Minimum", -1024.0, "HU"), "−1024 HU"),
        (Figure("Median", 40.5, "HU"), "40.5 HU"),
        (Figure("Value", 41.0, "HU"), "41 HU"),
        (Figure("Value", 0.0312345, "counts"), "0.03123 counts"),
        (Figure("Mean", 12345.67, "Bq/ml"), "12346 Bq/ml"),
        (Figure("Mean", 123.4567, ""), "123.5"),
        (Figure("SUV", 2.3149, "SUV"), "SUV 2.31"),
        (Figure("Mean", 2.3149, "SUV LBM"), "SUV LBM 2.31"),
        (Figure("Pixels", 1204.0), "1204"),
        (Figure("Heat inside", 0.424, chance=0.1), "42 %"),
        (Figure("IoU at half maximum", 0.424, chance=0.1), "0.42"),
    ],
)
def test_a_figure_has_its_unit_and_no_digit_it_cannot_bear(figure, text):
    assert figure_text(figure) == text


def test_a_length_says_millimetres_or_pixels():
    ends = ((3.0, 4.0), (33.0, 44.0))
    assert label_lines(shown("length", ends)) == ("25.0 mm",)
    assert label_lines(shown("length", ends, geometry=Geometry())) == ("50.0 px",)


AXES = ((3.0, 4.0), (33.0, 44.0), (10.0, 10.0), (16.0, 18.0))


def test_axes_stand_side_by_side():
    assert label_lines(shown("bidirectional", AXES)) == ("25.0 × 5.0 mm",)


@pytest.mark.parametrize(
    ("source", "length", "axes"),
    [
        ("PixelSpacing", ("25.0 mm",), ("25.0 × 5.0 mm",)),
        ("ImagerPixelSpacing", ("25.0 mm at the detector",), ("25.0 × 5.0 mm at the detector",)),
        ("ultrasound region", ("25.0 mm", "ultrasound region"), ("25.0 × 5.0 mm", "ultrasound region")),
    ],
)
def test_a_label_says_where_millimetres_come_from_unless_they_are_those_of_the_patient(source, length, axes):
    place = Geometry(spacing=(0.5, 0.5), calibration=source)
    assert label_lines(shown("length", AXES[:2], geometry=place)) == length
    assert label_lines(shown("bidirectional", AXES, geometry=place)) == axes
    assert label_lines(shown("rectangle", SQUARE, geometry=place))[1 : len(length)] == length[1:]


def test_angles_have_degrees():
    assert label_lines(shown("angle", ((9.0, 0.0), (0.0, 0.0), (9.0, 9.0)))) == ("45.0°",)
    assert label_lines(shown("cobb", ((0.0, 0.0), (9.0, 0.0), (9.0, 9.0), (0.0, 0.0)))) == ("45.0°",)


def test_a_region_says_area_mean_and_spread_and_the_heat_beside_chance():
    values = np.tile(np.array([30, 50], np.int16), (60, 40))
    heat = np.zeros((60, 80), np.float32)
    heat[12, 12], heat[50, 50] = 3.0, 1.0
    assert label_lines(shown("rectangle", SQUARE, values=values, heat=heat)) == (
        "50.0 mm²",
        "Mean 40.0 HU",
        "SD 10.0",
        "Heat 75 % (by chance 4 %)",
    )


def test_while_statistics_are_being_computed_the_area_stands_alone():
    header = header_of(plane(spacing=(0.5, 0.5)))
    mark = make_mark("rectangle", SQUARE, header)
    waiting = ShownMark(mark, SQUARE, figures=measure.figures(mark, SQUARE, header))
    assert label_lines(waiting) == ("50.0 mm²",)
    assert [row.name for row in table_rows(waiting)] == ["Area", "Perimeter"]


def test_the_text_of_the_reader_comes_first():
    assert label_lines(shown("length", SQUARE[:2], text="node\n \nleft")) == ("node", "left", "10.0 mm")
    assert label_lines(shown("text", SQUARE[:1], text="see here")) == ("see here",)
    assert label_lines(shown("arrow", SQUARE[:2])) == ()


def test_a_probe_says_its_value():
    values = np.full((60, 80), -41, np.int16)
    assert label_lines(shown("probe", SQUARE[:1], values=values)) == ("−41 HU",)
    assert label_lines(shown("probe", SQUARE[:1], values=values, suv=0.5)) == ("SUV −20.50 · −41 HU",)
    color = np.zeros((60, 80, 3), np.uint8) + np.array([1, 2, 3], np.uint8)
    assert label_lines(shown("probe", SQUARE[:1], values=color)) == ("R 1 G 2 B 3",)


def test_a_faint_mark_has_no_figures():
    mark = make_mark("length", SQUARE[:2], header_of(plane()), text="node")
    assert label_lines(ShownMark(mark, SQUARE[:2], faint=True)) == ("node",)


def test_the_table_has_a_row_for_every_figure_with_its_calibration_or_chance():
    heat = np.zeros((60, 80), np.float32)
    heat[12, 12], heat[50, 50] = 3.0, 1.0
    rows = table_rows(shown("rectangle", SQUARE, heat=heat))
    assert [row.name for row in rows] == [
        "Area", "Perimeter", "Pixels", "Mean", "SD", "Minimum", "Maximum", "Median", "Heat inside",
        "IoU at half maximum",
    ]  # fmt: skip
    assert rows[0] == ("Area", "50.0 mm²", "PixelSpacing")
    assert rows[2] == ("Pixels", "200", "") and rows[8] == ("Heat inside", "75 %", "by chance 4 %")
    assert table_rows(shown("arrow", SQUARE[:2])) == ()


def test_a_region_without_pixels_has_no_row_for_them():
    tiny = ((4.6, 4.6), (5.4, 4.6), (5.4, 5.4), (4.6, 5.4))
    assert [row.name for row in table_rows(shown("rectangle", tiny))] == ["Area", "Perimeter"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_mark_is_called_by_its_text_or_its_kind(kind):
    points = tuple((10.0 + i, 20.0 + i * i) for i in range(KINDS[kind].points or 4))
    assert title(shown(kind, points)) == KINDS[kind].title
    assert title(shown(kind, points, text=" the node\nof 2025")) == "the node"


def test_statistics_that_are_missing_say_why_elsewhere():
    mark = make_mark("rectangle", SQUARE, header_of(plane()))
    none = ShownMark(mark, SQUARE, statistics=Statistics(why_not="No pixel."))
    assert label_lines(none) == ()
