"""Each VOI function against the formulas of PS3.3 C.11.2, worked out by hand."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from viewer.errors import PixelError
from viewer.imaging.window import (
    PRESETS,
    apply_voi_lut,
    apply_window,
    default_window,
    percentile_window,
    pooled_window,
    to_grey,
    window_choices,
)
from viewer.study import Geometry, Slice, SliceHeader, Source, VoiLut, Window

DTYPES = ["i2", "i4", "f4", "f8"]


def slice_of(values: np.ndarray, **fields: object) -> Slice:
    header = SliceHeader(
        Source(Path("x")), "1.2", 0, *values.shape[:2], "MONOCHROME2", 1, 1, Geometry(), "HU"
    )
    return Slice(header, values, **fields)  # type: ignore[arg-type]


def nearest(grey: float) -> int:
    return math.floor(grey + 0.5)


# c = 40, w = 400: below, lower bound, centre - 0.5 (mid-grey), upper bound, above
@pytest.mark.parametrize("dtype", DTYPES)
def test_linear_subtracts_a_half_and_divides_by_width_less_one(dtype):
    points = np.array([-161, -160, 40, 239, 240], dtype)
    # x <= c - 0.5 - (w - 1) / 2 = -160 is black; x > c - 0.5 + (w - 1) / 2 = 239 is white
    ramp = [((x - 39.5) / 399 + 0.5) * 255 for x in (-160, 40, 239)]
    assert apply_window(points, Window(40, 400)).tolist() == [0, *map(nearest, ramp), 255]
    assert (nearest(ramp[0]), nearest(ramp[2])) == (0, 255)


# A window so narrow that a half and a one make a difference: c = 40, w = 5, at 37.5 (bottom) … 41.5 (top)
@pytest.mark.parametrize(
    ("function", "expected"),
    [
        ("LINEAR", [0, 31.875, 95.625, 159.375, 223.125, 255]),  # ((x - 39.5) / 4 + 0.5) * 255
        ("LINEAR_EXACT", [0, 25.5, 76.5, 127.5, 178.5, 229.5]),  # ((x - 40) / 5 + 0.5) * 255
    ],
)
@pytest.mark.parametrize("dtype", DTYPES)
def test_a_narrow_window_tells_linear_from_linear_exact(dtype, function, expected):
    points = np.array([37, 38, 39, 40, 41, 42], dtype)
    assert apply_window(points, Window(40, 5, function)).tolist() == [nearest(grey) for grey in expected]


@pytest.mark.parametrize("dtype", DTYPES)
def test_linear_exact_divides_by_the_width_itself(dtype):
    points = np.array([-161, -160, 40, 140, 241], dtype)
    expected = [0, 0, nearest(127.5), nearest(((140 - 40) / 400 + 0.5) * 255), 255]
    assert apply_window(points, Window(40, 400, "LINEAR_EXACT")).tolist() == expected


@pytest.mark.parametrize("dtype", DTYPES)
def test_sigmoid_is_the_logistic_curve(dtype):
    points = np.array([-360, -60, 40, 140, 440], dtype)
    expected = [nearest(255 / (1 + math.exp(-4 * (x - 40) / 400))) for x in points.tolist()]
    assert apply_window(points, Window(40, 400, "SIGMOID")).tolist() == expected
    assert expected[2] == 128


@pytest.mark.parametrize("dtype", DTYPES)
def test_linear_of_width_one_is_a_step(dtype):
    points = np.array([-1000, 38, 39, 40, 1000], dtype)  # the step lies at 39.5
    assert apply_window(points, Window(40, 1)).tolist() == [0, 0, 0, 255, 255]


def test_functions_differ_where_the_standard_says_so():
    points = np.arange(-200, 300, dtype="i2")
    pictures = [apply_window(points, Window(40, 100, name)) for name in ("LINEAR", "LINEAR_EXACT", "SIGMOID")]
    assert not np.array_equal(pictures[0], pictures[1])
    assert not np.array_equal(pictures[1], pictures[2])


@pytest.mark.parametrize("function", ["LINEAR", "LINEAR_EXACT", "SIGMOID"])
@pytest.mark.parametrize(("center", "width"), [(0, 1), (40.5, 399.5), (-600, 1500), (3e4, 6e4)])
def test_brighter_tissue_is_never_drawn_darker(function, center, width):
    values = np.arange(-32768, 32768).astype("i2")
    assert (np.diff(apply_window(values, Window(center, width, function)).astype(int)) >= 0).all()


@pytest.mark.parametrize("dtype", ["u1", "i1", "u2", "i2", ">i2"])
def test_the_table_for_short_integers_gives_what_the_formula_gives(dtype):
    values = np.arange(-100, 200).astype(dtype)
    for function in ("LINEAR", "LINEAR_EXACT", "SIGMOID"):
        window = Window(33.3, 77.7, function)
        assert np.array_equal(apply_window(values, window), apply_window(values.astype("f8"), window))


@pytest.mark.parametrize(
    "window",
    [Window(0, 0.5), Window(0, 0, "LINEAR_EXACT"), Window(0, -1, "SIGMOID"), Window(0, 9, "CUBIC"),
     Window(float("nan"), 9)],
)  # fmt: skip
def test_an_impossible_window_is_refused_in_words(window):
    with pytest.raises(PixelError) as raised:
        apply_window(np.zeros(3, "i2"), window)
    assert raised.value.remedy


def test_not_a_number_is_black():
    values = np.array([np.nan, -np.inf, np.inf, 40], "f4")
    assert apply_window(values, Window(40, 400)).tolist() == [0, 0, 255, 128]
    assert to_grey(slice_of(values[None], inverted=True), Window(40, 400))[0, 0] == 0


def test_a_voi_lut_maps_from_its_first_value_and_clamps_at_both_ends():
    lut = VoiLut(-2, np.array([0, 1023, 2047, 4095], "u2"), 12)
    values = np.array([-32768, -2, -1, 0, 1, 500], "i2")
    assert apply_voi_lut(values, lut).tolist() == [0, 0, 64, 127, 255, 255]
    assert apply_voi_lut(values.astype("f4"), lut).tolist() == [0, 0, 64, 127, 255, 255]


def test_a_voi_lut_of_eight_bits_is_taken_as_it_is():
    lut = VoiLut(0, np.array([7, 130, 255], "u1"), 8)
    assert apply_voi_lut(np.array([0, 1, 2], "u1"), lut).tolist() == [7, 130, 255]


def test_monochrome1_inverts_last():
    values = np.array([[0, 100, 200]], "i2")
    window = Window(100, 300, "SIGMOID")
    plain = to_grey(slice_of(values), window)
    assert np.array_equal(to_grey(slice_of(values, inverted=True), window), 255 - plain)
    lut = VoiLut(0, np.linspace(0, 255, 201).astype("u2") ** 2 // 255, 8)
    by_lut = to_grey(slice_of(values, luts=(lut,)), voi_lut=0)
    assert np.array_equal(to_grey(slice_of(values, luts=(lut,), inverted=True), voi_lut=0), 255 - by_lut)


def test_the_readers_inversion_undoes_monochrome1():
    values = np.arange(12, dtype="i2").reshape(3, 4)
    window = Window(6, 12)
    inverted = slice_of(values, inverted=True)
    assert np.array_equal(to_grey(inverted, window, invert=True), to_grey(slice_of(values), window))


@pytest.mark.parametrize("dtype", ["i2", "i4", "f4"])
@pytest.mark.parametrize("inverted", [False, True])
@pytest.mark.parametrize("invert", [False, True])
def test_padding_is_black_whatever_is_inverted(dtype, inverted, invert):
    values = np.array([[-2000, -1990, 0, 3000]], dtype)
    grey = to_grey(slice_of(values, inverted=inverted, padding=(-2000, -1990)), Window(0, 100), invert=invert)
    negative = inverted != invert
    assert grey[0, :2].tolist() == [0, 0]
    assert grey[0, 3] == (0 if negative else 255)


def test_a_voi_lut_comes_before_a_window():
    lut = VoiLut(0, np.array([200, 100], "u2"), 8)
    view = slice_of(np.array([[0, 1]], "i2"), windows=(Window(0, 10),), luts=(lut,))
    assert to_grey(view).tolist() == [[200, 100]]
    assert to_grey(view, Window(0, 10)).tolist() != [[200, 100]]


def test_the_files_first_window_is_the_default():
    values = np.arange(100, dtype="i2").reshape(10, 10)
    first, second = Window(1, 2), Window(3, 4)
    assert default_window(slice_of(values, windows=(first, second))) == first
    assert to_grey(slice_of(values, windows=(first,))).max() == 255


def test_without_a_window_the_percentiles_leave_padding_out():
    values = np.full((100, 100), -2000, "i2")
    values[:, :50] = np.arange(100)[:, None]
    window = default_window(slice_of(values, padding=(-2000, -2000)))
    low, high = window.center - window.width / 2, window.center + window.width / 2
    assert low == pytest.approx(0, abs=2) and high == pytest.approx(99, abs=2)
    assert window.function == "LINEAR_EXACT"


def test_a_sparse_mask_shows_although_its_percentiles_coincide():
    mask = np.zeros((200, 200), "u1")
    mask[5, 5] = 1
    grey = to_grey(slice_of(mask))
    assert grey[5, 5] == 255 and grey.sum() == 255


@pytest.mark.parametrize(
    "values", [np.zeros((3, 3), "i2"), np.full((3, 3), np.nan, "f4"), np.ones((3, 3), "f4")]
)
def test_a_constant_slice_has_a_window(values):
    assert percentile_window(slice_of(values)).width > 0
    assert to_grey(slice_of(values)).shape == (3, 3)


def test_window_choices_begin_with_the_files_own():
    own = Window(12, 34, explanation="BRAIN")
    view = slice_of(np.arange(9, dtype="i2").reshape(3, 3), windows=(own, Window(0, 0.2)))
    choices = window_choices(view, "CT")
    assert choices[0] == own
    assert Window(0, 0.2) not in choices
    assert choices[-len(PRESETS["CT"]) :] == PRESETS["CT"]
    assert [c.explanation for c in window_choices(view, "MR")] == ["BRAIN", "1–99 percentile"]


def test_presets_are_those_of_the_reading_room():
    stated = {window.explanation: (window.width, window.center) for window in PRESETS["CT"]}
    assert stated == {
        "brain": (80, 40), "subdural": (200, 75), "stroke": (40, 40), "soft tissue": (400, 40),
        "mediastinum": (350, 40), "lung": (1500, -600), "bone": (2000, 400), "liver": (150, 90),
        "angio": (600, 200),
    }  # fmt: skip


def test_colour_gives_its_luma():
    rgb = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255]]], "u1")
    assert to_grey(slice_of(rgb)).tolist() == [[76, 150, 29, 255]]
    assert to_grey(slice_of(rgb), invert=True).tolist() == [[179, 105, 226, 0]]


def test_the_values_of_a_slice_are_not_changed():
    for dtype in ("i2", "f4"):
        values = np.array([[1, 2, 3]], dtype)
        values.setflags(write=False)
        to_grey(slice_of(values, inverted=True, padding=(1, 1)), Window(2, 2))
        assert values.tolist() == [[1, 2, 3]]


def test_the_window_of_several_slices_is_that_of_their_values_together():
    dim, bright = np.arange(100, dtype="i2").reshape(10, 10), np.arange(900, 1000, dtype="i2").reshape(10, 10)
    window = pooled_window([slice_of(dim), slice_of(bright, padding=(950, 2000))])
    low, high = np.percentile(np.concatenate((dim.ravel(), np.arange(900, 950))), (1, 99))
    assert (window.center, window.width) == (pytest.approx((low + high) / 2), pytest.approx(high - low))
    assert (window.function, window.explanation) == ("LINEAR_EXACT", "1–99 percentile of the series")
    assert window_choices(slice_of(dim), "MR", window) == (window,)
    own = Window(12, 34)
    assert window_choices(slice_of(dim, windows=(own,)), "MR", window) == (own, window)


def test_sparse_slices_have_a_window_together_and_empty_ones_none():
    empty, sparse = np.zeros((200, 200), "u1"), np.zeros((200, 200), "u1")
    sparse[5, 5] = 7
    window = pooled_window([slice_of(empty), slice_of(sparse)])
    assert (window.center, window.width) == (3.5, 7)
    colour = slice_of(np.arange(27, dtype="u1").reshape(3, 3, 3))
    assert pooled_window([slice_of(empty), slice_of(empty + 3, padding=(3, 3)), colour]) is None
    assert pooled_window([]) is None
