"""Sections: crop, averages over the screen's pixels, turn; held against averages on a fine grid."""

from dataclasses import replace

import numpy as np
import pytest

from tests.support.slice_factory import make_slice
from viewer.imaging.section import Section, Span, cut, reduced, whole
from viewer.imaging.turn import Turn

RANDOM = np.random.default_rng(5)


def section_of(slice, section):
    """As the composer does it, in two steps."""
    return cut(reduced(slice, *section.blocks), section, slice.values.shape[:2]).values


def averaged(values: np.ndarray, step: float, fine: int = 20) -> np.ndarray:
    """(rows, cols) means of squares of `step` pixels, each pixel being cut into fine × fine parts."""
    parts = np.repeat(np.repeat(values.astype(float), fine, 0), fine, 1)
    size = round(step * fine)
    rows, cols = (-(-length // size) for length in parts.shape[:2])
    return np.array(
        [
            [parts[r * size : (r + 1) * size, c * size : (c + 1) * size].mean() for c in range(cols)]
            for r in range(rows)
        ]
    )


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint16, np.int32, np.float32, np.float64])
@pytest.mark.parametrize("step", [1.05, 1.5, 1.95])
def test_between_half_and_full_size_each_pixel_is_the_mean_of_what_it_covers(dtype, step):
    values = RANDOM.integers(0, 200, (23, 31)).astype(dtype)
    found = section_of(make_slice(values), whole(23, 31, step))
    wanted = averaged(values, step)
    assert found.dtype == dtype and found.shape == wanted.shape
    assert np.abs(found - wanted).max() <= (0.5001 if found.dtype.kind in "iu" else 1e-4)


@pytest.mark.parametrize("step", [2.0, 3.0, 5.0])
def test_at_whole_steps_blocks_are_averaged_and_the_edge_has_what_is_left(step):
    values = RANDOM.integers(-3000, 3000, (23, 31)).astype(np.int16)
    assert (
        np.abs(section_of(make_slice(values), whole(23, 31, step)) - averaged(values, step)).max() <= 0.5001
    )


def test_between_two_steps_nothing_is_lost_or_shifted():
    """A ramp stays the ramp that it is, but for the steps of an eighth that its blocks have."""
    y, x = np.mgrid[:300, :400]
    values = (3 * x + 7 * y).astype(np.int16)
    for step in (2.3, 3.16, 4.9):
        found = section_of(make_slice(values), whole(300, 400, step))
        at_y, at_x = ((np.arange(n) + 0.5) * step - 0.5 for n in found.shape)
        wanted = 3 * at_x[None, :] + 7 * at_y[:, None]
        assert np.abs(found - wanted)[:-1, :-1].max() <= 1.01 + (3 + 7) * int(step) / 8


@pytest.mark.parametrize("step", [1.0, 1.3, 2.0, 3.7])
@pytest.mark.parametrize("padding", [None, (-2000.0, -2000.0)])
def test_a_part_of_the_slice_is_a_part_of_its_picture(step, padding):
    values = RANDOM.integers(-1000, 1000, (90, 120)).astype(np.int16)
    values[20:50, 30:60] = -2000
    shown = make_slice(values, padding=padding)
    all_of_it = whole(90, 120, step)
    picture = section_of(shown, all_of_it)
    part = Section(Span(5, 17, step), Span(9, 30, step))
    assert (section_of(shown, part) == picture[5:17, 9:30]).all()
    turned = replace(part, turn=Turn(1, True))
    assert (section_of(shown, turned) == np.rot90(np.fliplr(picture[5:17, 9:30]), -1)).all()


@pytest.mark.parametrize("step", [1.4, 2.0, 3.5])
def test_padding_stays_padding_and_darkens_nothing_beside_it(step):
    values = np.full((60, 60), 100, np.int16)
    values[:, ::2] = -2000
    values[30:] = -2000
    found = section_of(make_slice(values, padding=(-2000, -2000)), whole(60, 60, step))
    assert set(np.unique(found)) == {-2000, 100}
    assert (found[-5:] == -2000).all()


def test_values_beside_padding_are_still_averaged():
    values = np.tile(np.array([[0, 100]], np.int16), (40, 20))
    values[0] = -2000
    found = section_of(make_slice(values, padding=(-2000, -2000)), whole(40, 40, 2.0))
    assert (found[1:] == 50).all()


def test_colour_is_averaged_channel_by_channel():
    values = RANDOM.integers(0, 255, (20, 30, 3)).astype(np.uint8)
    for step in (1.5, 2.0):
        found = section_of(make_slice(values), whole(20, 30, step))
        for channel in range(3):
            assert np.abs(found[..., channel] - averaged(values[..., channel], step)).max() <= 0.5001


def test_bright_pixels_of_a_large_block_do_not_overflow():
    values = np.full((400, 400), 65535, np.uint16)
    assert (reduced(make_slice(values), 200, 200).values == 65535).all()
    assert (reduced(make_slice(values.astype(np.uint8)), 16, 16).values == 255).all()


def test_the_whole_slice_at_its_own_size_is_the_slice_itself():
    shown = make_slice(np.zeros((4, 5), np.int16))
    assert cut(shown, whole(4, 5), (4, 5)) is shown
