"""Statistics of regions against NumPy, on pixels that a rule of their own has chosen."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from tests.support.slice_factory import make_slice
from viewer.annotate.statistics import (
    ALL_PADDING,
    COLOR,
    NO_NUMBER,
    NO_PIXEL,
    region_statistics,
)
from viewer.explain.trust import regions

NAMES = ["Pixels", "Mean", "SD", "Minimum", "Maximum", "Median"]
STAR = [(20.0, 2.0), (31.3, 36.1), (1.7, 15.2), (38.4, 14.9), (8.8, 36.2)]
TRIANGLE = [(5.25, 3.5), (36.5, 11.75), (14.0, 33.5)]
RECTANGLE = [(6.5, 8.2), (25.5, 8.2), (25.5, 30.7), (6.5, 30.7)]
ELLIPSE = [(4.5, 20.0), (34.5, 20.0), (19.5, 11.0), (19.5, 29.0)]
REGIONS = {"polygon": TRIANGLE, "freehand": STAR, "rectangle": RECTANGLE, "ellipse": ELLIPSE}
TYPES = ["i1", "u1", "i2", "u2", "i4", "u4", "f4", "f8"]


def chosen(kind, points, shape):
    """The pixels of a region, one after the other: the centre's rays to the left, or the ellipse's equation.

    A centre on a border is looked at a trace further right and, by far less, further down.
    """
    found = np.zeros(shape, bool)
    for row in range(shape[0]):
        for col in range(shape[1]):
            x, y = col + 0.5 + 1e-7, row + 0.5 + 1e-12
            if kind == "ellipse":
                (left, y0), (right, _), (x0, top), (_, bottom) = points
                found[row, col] = ((x - x0) * 2 / (right - left)) ** 2 + (
                    (y - y0) * 2 / (bottom - top)
                ) ** 2 < 1
                continue
            for (ax, ay), (bx, by) in zip(points, [*points[1:], points[0]], strict=True):
                if (ay > y) != (by > y) and ax + (y - ay) / (by - ay) * (bx - ax) < x:
                    found[row, col] = not found[row, col]
    return found


def values_of(dtype, shape=(40, 42), seed=0):
    rng = np.random.default_rng(seed)
    if dtype.startswith("f"):
        return rng.normal(40, 300, shape).astype(dtype)
    low, high = np.iinfo(dtype).min, np.iinfo(dtype).max
    return rng.integers(max(low, -40_000), min(high, 70_000), shape, endpoint=True).astype(dtype)


def figures(found):
    return {one.name: one.value for one in found.figures}


def of_numpy(values):
    values = values.astype(np.float64)
    return {"Pixels": values.size, "Mean": values.mean(), "SD": values.std(), "Minimum": values.min(),
            "Maximum": values.max(), "Median": np.median(values)}  # fmt: skip


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("kind", REGIONS)
def test_they_equal_those_of_numpy_on_pixels_chosen_by_another_rule(kind, dtype):
    values = values_of(dtype)
    inside = values[chosen(kind, REGIONS[kind], values.shape)]
    found = region_statistics(kind, REGIONS[kind], make_slice(values))
    assert list(figures(found)) == NAMES and found.why_not == "" and found.notes == ()
    assert figures(found) == pytest.approx(of_numpy(inside), rel=1e-9)
    assert {one.unit for one in found.figures[1:]} == {"HU"} and found.figures[0].unit == ""
    counts, _ = np.histogram(inside, len(found.histogram.counts), (found.histogram.low, found.histogram.high))
    assert found.histogram.counts == tuple(counts)
    assert sum(found.histogram.counts) == inside.size and 1 < len(counts) <= 64


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_few_pixels_have_statistics_too(dtype, count):
    values = values_of(dtype)
    row = [(4.4, 6.4), (4.4 + count, 6.4), (4.4 + count, 6.6), (4.4, 6.6)]
    found = region_statistics("rectangle", row, make_slice(values))
    assert figures(found) == pytest.approx(of_numpy(values[6, 4 : 4 + count]), rel=1e-9, abs=1e-9)
    assert sum(found.histogram.counts) == count and found.histogram.high > found.histogram.low


@pytest.mark.parametrize("dtype", TYPES)
def test_equal_values_have_no_spread(dtype):
    found = region_statistics("ellipse", ELLIPSE, make_slice(np.full((40, 42), 7, dtype)))
    assert figures(found)["SD"] == 0 and figures(found)["Mean"] == figures(found)["Median"] == 7
    assert len(found.histogram.counts) == 1 and found.histogram.low <= 7 < found.histogram.high


@pytest.mark.parametrize("dtype", ["i2", "u2"])
def test_the_ends_of_a_type_are_counted_right(dtype):
    ends = np.iinfo(dtype)
    values = np.tile(np.array([ends.min, ends.max, 0], dtype), (30, 14))
    found = region_statistics("rectangle", RECTANGLE, make_slice(values))
    assert figures(found) == pytest.approx(of_numpy(values[8:31, 6:25]), rel=1e-12)


@pytest.mark.parametrize("dtype", ["i2", "f4"])
def test_padding_is_left_out_and_counted(dtype):
    values = values_of(dtype)
    values[:, :15] = -2000
    values[3, 30] = -1990
    inside = values[chosen("polygon", TRIANGLE, values.shape)]
    padded = (inside >= -2000) & (inside <= -1995)
    assert 0 < padded.sum() < inside.size
    found = region_statistics("polygon", TRIANGLE, make_slice(values, padding=(-2000, -1995)))
    assert figures(found) == pytest.approx(of_numpy(inside[~padded]), rel=1e-9)
    assert found.notes == (f"{padded.sum()} pixels left out: padding.",)
    nothing = region_statistics("polygon", TRIANGLE, make_slice(values, padding=(-1e6, 1e6)))
    assert nothing.figures == () and nothing.histogram is None and nothing.why_not == ALL_PADDING


def test_what_is_no_number_is_left_out_and_counted():
    values = values_of("f4")
    values[10:20, 5:30] = np.nan
    values[22, 15], values[23, 15] = np.inf, -np.inf
    inside = values[chosen("polygon", TRIANGLE, values.shape)]
    real = np.isfinite(inside)
    found = region_statistics("polygon", TRIANGLE, make_slice(values))
    assert figures(found) == pytest.approx(of_numpy(inside[real]), rel=1e-9)
    assert found.notes == (f"{(~real).sum()} pixels left out: without a number.",)
    nothing = region_statistics("polygon", TRIANGLE, make_slice(np.full((40, 42), np.nan, np.float32)))
    assert nothing.why_not == NO_NUMBER and nothing.figures == ()


def test_one_pixel_left_out_is_one_pixel():
    values = np.zeros((40, 42), np.int16)
    values[15, 15] = -2000
    assert region_statistics("polygon", TRIANGLE, make_slice(values, padding=(-2000, -2000))).notes == (
        "1 pixel left out: padding.",
    )


def test_pet_is_measured_in_suv_where_that_is_known():
    values = values_of("f4") + 5000
    plain = make_slice(values)
    plain = replace(plain, header=replace(plain.header, unit="Bq/ml"))
    found = region_statistics("ellipse", ELLIPSE, replace(plain, suv=0.0005))
    inside = values[chosen("ellipse", ELLIPSE, values.shape)].astype(np.float64) * 0.0005
    assert figures(found) == pytest.approx(of_numpy(inside), rel=1e-6)
    assert {one.unit for one in found.figures[1:]} == {"SUV"}
    assert (found.histogram.low, found.histogram.high) == pytest.approx((inside.min(), inside.max()))
    assert {one.unit for one in region_statistics("ellipse", ELLIPSE, plain).figures[1:]} == {"Bq/ml"}


def test_a_colour_image_gives_the_number_of_pixels_and_says_why_no_more():
    found = region_statistics("rectangle", RECTANGLE, make_slice(np.zeros((40, 42, 3), np.uint8)))
    assert figures(found) == {"Pixels": 19 * 23} and found.why_not == COLOR and found.histogram is None


@pytest.mark.parametrize("points", [[(4.6, 4.6), (5.4, 4.6), (5.0, 5.4)], [(90, 90), (99, 90), (90, 99)], []])
def test_a_region_without_a_pixel_says_so(points):
    found = region_statistics("polygon", points, make_slice(values_of("i2")), np.ones((40, 42), np.float32))
    assert found.figures == () and found.why_not == NO_PIXEL


def test_a_region_that_leaves_the_slice_is_measured_within_it():
    values = values_of("i2")
    beyond = [(-30.0, 20.2), (300.0, 20.2), (300.0, 400.0), (-30.0, 400.0)]
    found = region_statistics("rectangle", beyond, make_slice(values))
    assert figures(found) == pytest.approx(of_numpy(values[20:]))


def test_statistics_do_not_change_what_they_read():
    values = values_of("u2")
    values.setflags(write=False)
    heat = np.random.default_rng(1).normal(size=values.shape).astype(np.float32)
    heat.setflags(write=False)
    region_statistics("polygon", STAR, make_slice(values, padding=(3, 9)), heat)


# The map.


def scores(heat, kind):
    found = region_statistics(kind, REGIONS[kind], make_slice(np.zeros(heat.shape, np.int16)), heat)
    return {one.name: (one.value, one.chance) for one in found.figures if one.chance is not None}


@pytest.mark.parametrize("kind", REGIONS)
def test_the_scores_of_the_map_are_those_of_the_trust_panel(kind):
    heat = np.random.default_rng(4).normal(0.2, 1, (40, 42)).astype(np.float32)
    by_id = {one.id: one for one in regions.scores(heat, chosen(kind, REGIONS[kind], heat.shape))}
    found = scores(heat, kind)
    for name, id in (("Heat inside", "energy"), ("IoU at half maximum", "iou-fixed")):
        assert found[name] == pytest.approx((by_id[id].value, by_id[id].chance), rel=1e-5)


def test_heat_in_a_corner_is_counted_by_hand():
    heat = np.zeros((40, 42), np.float32)
    heat[10:12, 10:13], heat[0, 0], heat[39, 41] = 2.0, 3.0, -8.0
    heat[20, 20] = 1.5  # half of the maximum belongs to what is hot
    found = scores(heat, "rectangle")
    assert found["Heat inside"] == pytest.approx((13.5 / 16.5, 19 * 23 / 40 / 42))
    assert found["IoU at half maximum"][0] == pytest.approx(7 / (19 * 23 + 1))


@pytest.mark.parametrize(
    ("heat", "why"),
    [
        (np.zeros((40, 42), np.float32), regions.NO_EVIDENCE),
        (np.full((40, 42), -1, np.float32), regions.NO_EVIDENCE),
        (np.full((40, 42), 2, np.float32), regions.FLAT),
        (np.full((40, 42), np.nan, np.float32), regions.NO_NUMBER),
    ],
)
def test_a_map_that_says_nothing_is_no_figure_but_a_note(heat, why):
    found = region_statistics("ellipse", ELLIPSE, make_slice(values_of("i2")), heat)
    assert list(figures(found)) == NAMES and found.notes == (why,)


def test_every_figure_of_statistics_is_a_finite_number_whatever_the_map_holds():
    heat = np.random.default_rng(1).normal(size=(40, 42))
    heat[5, 5] = np.nan
    found = region_statistics("ellipse", ELLIPSE, make_slice(values_of("f8") * 1e3), heat)
    assert all(math.isfinite(one.value) for one in found.figures) and found.notes == (regions.NO_NUMBER,)
