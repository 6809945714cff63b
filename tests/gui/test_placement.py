import itertools

import numpy as np
import pytest

from viewer.imaging.section import Section
from viewer.imaging.turn import Turn
from viewer.session.moves import panned, zoomed
from viewer.session.state import Presentation
from viewer.ui.placement import place

TURNS = [Turn(quarters, flipped) for quarters in range(4) for flipped in (False, True)]


@pytest.mark.parametrize("turn", TURNS)
@pytest.mark.parametrize("aspect", [0.5, 1.0, 3.0])
def test_a_slice_at_zoom_one_just_fits_and_is_centred_however_it_stands(aspect, turn):
    placed = place(800, 600, rows=40, cols=60, aspect=aspect, turn=turn)
    corners = np.array([placed.to_screen(x, y) for x, y in itertools.product((0, 60), (0, 40))])
    (left, top), (right, bottom) = corners.min(axis=0), corners.max(axis=0)
    assert min(left, top) == pytest.approx(0, abs=1e-9)
    assert (left + right, top + bottom) == (pytest.approx(800), pytest.approx(600))
    assert placed.scale_y / placed.scale_x == pytest.approx(aspect)
    wide, high = (right - left, bottom - top)
    assert wide / high == pytest.approx(40 * aspect / 60 if turn.sideways else 60 / (40 * aspect))


@pytest.mark.parametrize("turn", TURNS)
def test_screen_and_slice_are_inverse(turn):
    placed = place(801, 455, rows=40, cols=60, aspect=1.7, zoom=2.3, pan=(12.0, 31.0), turn=turn)
    assert placed.to_slice(*placed.to_screen(3.25, 17.5)) == (pytest.approx(3.25), pytest.approx(17.5))
    assert placed.to_screen(12.0, 31.0) == (pytest.approx(400.5), pytest.approx(227.5))


@pytest.mark.parametrize("turn", TURNS)
def test_pixels_lie_on_the_screen_as_the_turned_picture_has_them(turn):
    rows, cols = 4, 6
    picture = turn.turned(np.arange(rows * cols).reshape(rows, cols))
    placed = place(600, 600, rows=rows, cols=cols, aspect=2.0, turn=turn)
    corner = np.min([placed.to_screen(x, y) for x, y in ((0, 0), (cols, rows))], axis=0)
    across, down = (placed.scale_y, placed.scale_x) if turn.sideways else (placed.scale_x, placed.scale_y)
    for row, col in itertools.product(range(picture.shape[0]), range(picture.shape[1])):
        x, y = placed.to_slice(corner[0] + (col + 0.5) * across, corner[1] + (row + 0.5) * down)
        assert int(y) * cols + int(x) == picture[row, col]


@pytest.mark.parametrize("turn", TURNS)
def test_zoom_and_pan_follow_the_cursor_however_the_slice_stands(turn):
    size = {"rows": 40, "cols": 60}
    look = Presentation(2.0, (20.0, 25.0), turn.quarter_turns, turn.flipped)

    def placed(look):
        return place(800, 600, **size, aspect=1.5, zoom=look.zoom, pan=look.pan, turn=look.turn)

    under = placed(look).to_slice(300, 200)
    closer = zoomed(look, 1.3, *under, **size)
    assert placed(closer).to_screen(*under) == pytest.approx((300, 200))
    moved = panned(look, *placed(look).moved(17, -9), **size)
    assert placed(moved).to_screen(*under) == pytest.approx((317, 191))


@pytest.mark.parametrize("turn", TURNS)
@pytest.mark.parametrize("zoom", [0.5, 1.0, 3.7, 9.0, 40.0])
@pytest.mark.parametrize("ratio", [1.0, 1.5, 2.0])
def test_what_is_composed_covers_the_viewport_and_is_never_finer_than_the_screen(turn, zoom, ratio):
    rows, cols, width, height = 3000, 2500, 640, 480
    pan = (1400.0, 1200.0)
    placed = place(width, height, rows=rows, cols=cols, aspect=1.1, zoom=zoom, pan=pan, turn=turn)
    placed = placed.on_device(ratio)
    section = placed.section(width, height, rows=rows, cols=cols, ratio=ratio)
    left, top, wide, high = placed.area(section, ratio)
    corners = np.array([placed.to_screen(x, y) for x, y in ((0, 0), (cols, rows))])
    slice_left, slice_top = corners.min(axis=0)
    slice_right, slice_bottom = corners.max(axis=0)
    assert left <= max(0, slice_left) + 1e-6 and top <= max(0, slice_top) + 1e-6
    assert left + wide >= min(width, slice_right) - 1e-6
    assert top + high >= min(height, slice_bottom) - 1e-6
    across, down = (section.rows, section.cols) if turn.sideways else (section.cols, section.rows)
    for span, length in ((across, wide), (down, high)):
        assert span.step >= 1
        assert length * ratio >= span.stop - span.start - 1e-6
    assert (across.stop - across.start) <= width * ratio + 130
    assert (down.stop - down.start) <= height * ratio + 130


def test_panning_a_little_shows_another_part_of_the_same_picture():
    """Nothing shimmers: every picture pixel goes on showing the same of the slice."""
    seen: set[Section] = set()
    steps = set()
    for move in range(40):
        placed = place(640, 480, rows=3000, cols=2500, aspect=1.0, zoom=3.0, pan=(1200.0 + move / 3, 1300.0))
        placed = placed.on_device(1.0)
        section = placed.section(640, 480, rows=3000, cols=2500, ratio=1.0)
        left, top, wide, high = placed.area(section, 1.0)
        assert (left, top, wide, high) == tuple(map(round, (left, top, wide, high)))
        assert wide == section.cols.stop - section.cols.start
        seen.add(section)
        steps.add((section.rows.step, section.cols.step))
    assert len(seen) <= 2 and len(steps) == 1
