"""Thumbnails: small, square pixels, windowed."""

import numpy as np
import pytest

from tests.support.slice_factory import make_slice
from viewer.session.thumbnail import thumbnail
from viewer.study import Geometry, Shutter, Window


@pytest.mark.parametrize(
    ("shape", "spacing", "expected"),
    [
        ((512, 512), (1, 1), (96, 96)),
        ((3000, 1500), (1, 1), (96, 48)),
        ((40, 30), (1, 1), (40, 30)),
        ((100, 400), (4, 1), (96, 96)),
        ((7, 900), (1, 1), (1, 96)),
    ],
)
def test_a_thumbnail_fits_its_side_and_has_square_pixels(shape, spacing, expected):
    small = thumbnail(make_slice(np.zeros(shape, np.int16), geometry=Geometry(spacing=spacing)), "CT")
    assert small.shape == expected and small.dtype == np.uint8


def test_a_thumbnail_shows_what_the_slice_shows():
    values = np.full((200, 200), -1000, np.int16)
    values[:, 100:] = 1000
    small = thumbnail(make_slice(values, windows=(Window(0, 400),)), "CT")
    assert small[:, :47].max() == 0 and small[:, 49:].min() == 255
    inverted = thumbnail(make_slice(values, windows=(Window(0, 400),), inverted=True), "CT")
    assert inverted[:, :47].min() == 255


def test_a_colour_slice_has_a_thumbnail_too():
    assert thumbnail(make_slice(np.full((64, 64, 3), 200, np.uint8)), "US").max() == 200


def test_a_thumbnail_is_covered_as_the_slice_is():
    hidden = np.zeros((200, 200), bool)
    hidden[:100] = True
    values = np.full((200, 200), 1000, np.int16)
    small = thumbnail(make_slice(values, windows=(Window(0, 400),), shutter=Shutter(hidden, 7)), "DX")
    assert (small[:47] == 7).all() and (small[49:] == 255).all()
