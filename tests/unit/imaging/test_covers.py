"""What lies over the picture: the file's graphics and its display shutter."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from tests.support.slice_factory import make_slice
from viewer.imaging.compose import Composer, render
from viewer.imaging.covers import GRAPHICS_COLOR
from viewer.imaging.section import Section, Span, whole
from viewer.imaging.turn import Turn
from viewer.imaging.window import percentile_window, pooled_window
from viewer.results import Heatmap, Layer, ResultKey
from viewer.study import Graphic, Shutter, Window

WINDOW = Window(0, 400)
DRAWN = 0xFF000000 | GRAPHICS_COLOR


@dataclass(frozen=True)
class Look:
    visible: bool = True
    opacity: float = 1.0
    threshold: float = 0.0
    colormap: str = "inferno"
    evidence: str = "positive"


def ramp(rows=24, cols=36):
    return np.linspace(-300, 300, rows * cols).astype(np.int16).reshape(rows, cols)


def plane(*points, shape=(24, 36)):
    mask = np.zeros(shape, bool)
    for row, col in points:
        mask[row, col] = True
    return mask


def half(shape=(24, 36)):
    hidden = np.zeros(shape, bool)
    hidden[:, 20:] = True
    return hidden


def brightness(rgb):
    """Relative luminance, WCAG 2.2."""
    parts = np.array([rgb >> 16 & 255, rgb >> 8 & 255, rgb & 255]) / 255
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def test_graphics_stand_out_from_black_and_from_white():
    color = brightness(GRAPHICS_COLOR)
    assert (color + 0.05) / 0.05 >= 3 and 1.05 / (color + 0.05) >= 3


def test_graphics_lie_on_the_picture_and_nowhere_else():
    mask = plane((0, 0), (5, 7), (23, 35))
    shown = make_slice(ramp(), graphics=(Graphic(mask),))
    plain = render(make_slice(ramp()), window=WINDOW)
    picture = render(shown, window=WINDOW)
    assert (picture[mask] == DRAWN).all() and np.array_equal(picture[~mask], plain[~mask])
    assert np.array_equal(render(shown, window=WINDOW, graphics=False), plain)
    assert np.array_equal(shown.values, ramp())


def test_a_region_is_tinted_so_that_its_tissue_shows():
    mask = plane(*((row, col) for row in range(10) for col in range(10)))
    picture = render(make_slice(ramp(), graphics=(Graphic(mask, kind="region"),)), window=WINDOW)
    plain = render(make_slice(ramp()), window=WINDOW)
    for shift in (0, 8, 16):
        channel, grey, tint = (part >> shift & 255 for part in (picture[mask], plain[mask], GRAPHICS_COLOR))
        assert (np.abs(channel.astype(int) - (grey.astype(int) + tint) / 2) <= 1).all()
    assert len(np.unique(picture[mask])) > 3


@pytest.mark.parametrize("step", [1.0, 2.0, 2.6, 3.0, 7.3])
@pytest.mark.parametrize("turns", range(4))
@pytest.mark.parametrize("flipped", [False, True])
def test_a_thin_line_never_vanishes_from_a_smaller_picture(step, turns, flipped):
    mask = plane(*((row, 11) for row in range(24)))
    section = whole(24, 36, step)
    section = Section(section.rows, section.cols, Turn(turns, flipped))
    picture = Composer().render(make_slice(ramp(), graphics=(Graphic(mask),)), window=WINDOW, section=section)
    drawn = picture == DRAWN
    line = drawn if turns % 2 == 0 else drawn.T
    columns = np.flatnonzero(line.any(axis=0))
    assert len(columns) == 1 and line[:, columns[0]].all()
    at = int(11.5 / step)
    ends = at, section.cols.stop - 1 - at
    assert columns[0] == ends[flipped != (turns in (2, 3))] if turns in (0, 2) else columns[0] in ends


def test_only_the_graphics_within_a_section_are_drawn():
    mask = plane((2, 2), (10, 12), (20, 30))
    section = Section(Span(5, 15), Span(8, 20))
    picture = Composer().render(make_slice(ramp(), graphics=(Graphic(mask),)), window=WINDOW, section=section)
    assert picture.shape == (10, 12)
    assert np.argwhere(picture == DRAWN).tolist() == [[5, 4]]


@pytest.mark.parametrize("invert", [False, True])
@pytest.mark.parametrize("inverted", [False, True])
def test_the_shutter_is_neither_windowed_nor_inverted(invert, inverted):
    shown = make_slice(ramp(), shutter=Shutter(half(), 40), inverted=inverted)
    bare = make_slice(ramp(), inverted=inverted)
    picture = render(shown, window=WINDOW, invert=invert)
    plain = render(bare, window=WINDOW, invert=invert)
    assert (picture[half()] == 0xFF282828).all()
    assert np.array_equal(picture[~half()], plain[~half()])
    assert np.array_equal(render(shown, window=WINDOW, invert=invert, shutter=False), plain)


def test_the_shutter_covers_the_heatmap_and_the_graphics_lie_above_it():
    evidence = np.ones((24, 36), np.float32)
    layer = Layer("x", "x", (1, 1), 1)
    heatmap = Heatmap(ResultKey(("1", 0), "d", "t"), layer, evidence, (0.0, 1.0), empty=False)
    mark = plane((3, 30), (3, 3))
    shown = make_slice(ramp(), shutter=Shutter(half()), graphics=(Graphic(mark),))
    picture = render(shown, window=WINDOW, heatmap=heatmap, overlay=Look())
    assert (picture[mark] == DRAWN).all()
    assert (picture[half() & ~mark] == 0xFF000000).all()
    heated = picture[~half() & ~mark]
    assert (heated == heated[0]).all() and heated[0] not in (0xFF000000, DRAWN)


def test_colour_slices_have_graphics_and_shutter_too():
    rgb = np.random.default_rng(1).integers(0, 256, (24, 36, 3), np.uint8)
    mark = plane((3, 3))
    picture = render(make_slice(rgb, shutter=Shutter(half(), 255), graphics=(Graphic(mark),)), window=None)
    plain = render(make_slice(rgb), window=None)
    assert picture[3, 3] == DRAWN and (picture[half()] == 0xFFFFFFFF).all()
    assert np.array_equal(picture[~half() & ~mark], plain[~half() & ~mark])


@pytest.mark.parametrize("step", [1.0, 2.0, 3.5])
def test_a_smaller_picture_is_covered_where_the_slice_is(step):
    shown = make_slice(np.full((24, 36), 150, np.int16), shutter=Shutter(half(), 0))
    picture = Composer().render(shown, window=WINDOW, section=whole(24, 36, step))
    covered = (np.arange(picture.shape[1]) + 0.5) * step >= 20
    assert ((picture == 0xFF000000) == covered).all()


def test_a_composer_forgets_no_cover_and_keeps_none_too_long():
    composer = Composer()
    marked = make_slice(ramp(), graphics=(Graphic(plane((5, 5))),))
    bare = make_slice(ramp())
    for chosen, on in ((marked, True), (bare, True), (marked, False), (marked, True), (marked, True)):
        for window in (WINDOW, Window(50, 200)):
            picture = composer.render(chosen, window=window, graphics=on)
            assert np.array_equal(picture, render(chosen, window=window, graphics=on))


def test_what_is_covered_does_not_move_the_percentiles():
    values = ramp()
    values[:, 20:] = 30000
    covered = make_slice(values, shutter=Shutter(half()))
    alone = make_slice(np.ascontiguousarray(values[:, :20]))
    assert percentile_window(covered) == percentile_window(alone)
    assert pooled_window([covered]) == pooled_window([alone])
    # In a smaller picture without a window the shutter lies over, and breaks nothing.
    Composer().render(covered, window=None, section=whole(24, 36, 3.0))
