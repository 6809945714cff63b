"""Each VOI formula at five points or more, the grey levels worked out by hand from PS3.3 C.11.2."""

from __future__ import annotations

import numpy as np
import pytest
from pydicom.pixels.processing import apply_voi_lut, apply_windowing

from tests.support.dicom_factory import image, lut
from tests.support.slice_factory import make_slice
from viewer.imaging.window import apply_voi_lut as grey_by_lut
from viewer.imaging.window import apply_window, to_grey
from viewer.study import VoiLut, Window

# LINEAR: x <= c - 0.5 - (w - 1) / 2 -> 0, x > c - 0.5 + (w - 1) / 2 -> 255, else
# ((x - (c - 0.5)) / (w - 1) + 0.5) * 255. For 40/400 the ramp is (x + 160) / 399 * 255.
# LINEAR_EXACT: ((x - c) / w + 0.5) * 255. SIGMOID: 255 / (1 + exp(-4 (x - c) / w)).
GOLDEN = {
    "LINEAR 40/400": (
        Window(40, 400),
        # 0 | 100/399 = 63.91 | 200/399 = 127.82 | 300/399 = 191.73 | 399/399 | beyond
        {-161: 0, -160: 0, -60: 64, 40: 128, 140: 192, 239: 255, 240: 255},
    ),
    "LINEAR 2048/4096, the standard's own example": (
        Window(2048, 4096),
        # x / 4095 * 255: 63.77, 127.53, 191.30
        {-1: 0, 0: 0, 1024: 64, 2048: 128, 3072: 191, 4095: 255, 4096: 255},
    ),
    "LINEAR of width 2": (Window(0, 2), {-2: 0, -1: 0, 0: 255, 1: 255, 2: 255}),
    "LINEAR of width 1": (Window(100, 1), {98: 0, 99: 0, 99.5: 0, 99.6: 255, 100: 255, 101: 255}),
    "LINEAR between integers": (
        Window(0.5, 11),  # (x + 5) / 10
        {-5.5: 0, -5: 0, -2.5: 64, 0: 128, 2.5: 191, 5: 255, 5.5: 255},
    ),
    "LINEAR_EXACT 40/400": (
        Window(40, 400, "LINEAR_EXACT"),
        {-161: 0, -160: 0, -60: 64, 40: 128, 140: 191, 240: 255, 241: 255},
    ),
    "LINEAR_EXACT narrower than 1": (
        Window(0, 0.5, "LINEAR_EXACT"),
        {-0.25: 0, -0.125: 64, 0: 128, 0.125: 191, 0.25: 255},
    ),
    "SIGMOID 40/400": (
        Window(40, 400, "SIGMOID"),
        # exp(2) = 7.389 -> 30.40 | e -> 68.58 | 1 -> 127.5 | 1/e -> 186.42 | exp(-2) -> 224.60
        {-160: 30, -60: 69, 40: 128, 140: 186, 240: 225, -5000: 0, 5000: 255},
    ),
    "SIGMOID of width 1": (
        Window(0, 1, "SIGMOID"),
        # exp(4) = 54.60 -> 4.59 | exp(2) -> 30.40 | exp(-4) -> 250.41
        {-1: 5, -0.5: 30, 0: 128, 0.5: 225, 1: 250},
    ),
}


@pytest.mark.parametrize("name", GOLDEN)
def test_a_window_gives_the_grey_levels_of_the_formula(name):
    window, points = GOLDEN[name]
    for kind in ("<i2", "<i4", "<f4", "<f8"):
        if kind[1] == "f" or all(value == int(value) for value in points):
            values = np.array([list(points)]).astype(kind)
            assert apply_window(values, window).tolist() == [list(points.values())], kind
            assert to_grey(make_slice(values), window).tolist() == [list(points.values())], kind


LUTS = {
    "8 bits": (VoiLut(100, np.array([0, 64, 128, 255], np.uint16), 8), (0, 64, 128, 255)),
    # 16448 / 65535 * 255 = 64.0, 32896 / 65535 * 255 = 128.0
    "16 bits": (VoiLut(100, np.array([0, 16448, 32896, 65535], np.uint16), 16), (0, 64, 128, 255)),
    # 1000 / 4095 * 255 = 62.27, 2000 / 4095 * 255 = 124.54
    "12 bits": (VoiLut(100, np.array([0, 1000, 2000, 4095], np.uint16), 12), (0, 62, 125, 255)),
    "below zero": (VoiLut(-2, np.array([255, 10, 20, 0], np.uint16), 8), (255, 10, 20, 0)),
}


@pytest.mark.parametrize("name", LUTS)
@pytest.mark.parametrize("kind", ["i2", "i4", "f4"])
def test_a_voi_lut_gives_its_entries_and_its_ends_beyond_them(name, kind):
    table, grey = LUTS[name]
    points = np.arange(table.first - 1, table.first + 5).astype(kind)[None]
    expected = [[grey[0], *grey, grey[3]]]
    assert grey_by_lut(points, table).tolist() == expected
    assert to_grey(make_slice(points, luts=(table,)), voi_lut=0).tolist() == expected


@pytest.mark.parametrize("function", ["LINEAR", "LINEAR_EXACT", "SIGMOID"])
@pytest.mark.parametrize(("center", "width"), [(40, 400), (-600, 1500), (0.5, 2), (1000, 3)])
def test_pydicom_draws_the_same_windows(function, center, width):
    """Its output has 16 bits, ours the nearest of 8."""
    values = np.arange(-1200, 1200, dtype=np.int16)[None]
    dataset = image(values, WindowCenter=center, WindowWidth=width, VOILUTFunction=function)
    with np.errstate(over="ignore"):  # of exp(), far from the center
        shown = apply_windowing(values, dataset)
    grey = apply_window(values, Window(center, width, function))
    assert np.abs((shown + 32768) * 255 / 65535 - grey).max() <= 0.502


def test_pydicom_maps_the_same_lut_with_a_signed_first_value():
    values = np.arange(-600, 700, dtype=np.int16)[None]
    dataset = image(values, VOILUTSequence=lut(-500, np.arange(0, 65536, 64), 16))
    table = VoiLut(-500, np.arange(0, 65536, 64, dtype=np.uint16), 16)
    shown = apply_voi_lut(values, dataset).astype(float)
    assert np.abs(shown * 255 / 65535 - grey_by_lut(values, table)).max() <= 0.502
