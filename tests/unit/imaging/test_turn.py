"""Quarter turns and mirroring, held against NumPy's own."""

import itertools

import numpy as np
import pytest

from viewer.imaging.turn import Turn

ALL = [Turn(quarters, flipped) for flipped in (False, True) for quarters in range(4)]
PICTURE = np.arange(12).reshape(3, 4)


def test_there_are_eight_ways_to_stand():
    pictures = {turn.turned(PICTURE).tobytes() + bytes(turn.turned(PICTURE).shape) for turn in ALL}
    assert len(pictures) == len({turn.matrix for turn in ALL}) == 8
    assert len({turn.words for turn in ALL}) == 8


@pytest.mark.parametrize("start", ALL)
def test_turning_and_mirroring_act_on_what_is_on_the_screen(start):
    seen = start.turned(PICTURE)
    assert (start.rotated(1).turned(PICTURE) == np.rot90(seen, -1)).all()
    assert (start.rotated(-1).turned(PICTURE) == np.rot90(seen, 1)).all()
    assert (start.mirrored().turned(PICTURE) == np.fliplr(seen)).all()
    assert (start.mirrored(vertically=True).turned(PICTURE) == np.flipud(seen)).all()


@pytest.mark.parametrize("turn", ALL)
def test_points_go_where_the_pixels_go(turn):
    rows, cols = PICTURE.shape
    matrix, seen = np.array(turn.matrix), turn.turned(PICTURE)
    middle = np.array([seen.shape[1], seen.shape[0]]) / 2
    for row, col in itertools.product(range(rows), range(cols)):
        x, y = matrix @ (np.array([col, row]) + 0.5 - np.array([cols, rows]) / 2) + middle
        assert seen[int(y), int(x)] == PICTURE[row, col]


@pytest.mark.parametrize("turn", ALL)
def test_directions_turn_with_the_picture(turn):
    row, col = (0.6, 0.8, 0.0), (0.0, 0.0, -1.0)
    places = np.arange(5)[None, :, None] * np.array(row) + np.arange(4)[:, None, None] * np.array(col)
    seen = turn.turned(places)
    right, down = turn.directions(row, col)
    assert seen[0, 1] - seen[0, 0] == pytest.approx(np.array(right))
    assert seen[1, 0] - seen[0, 0] == pytest.approx(np.array(down))


def test_a_mirrored_picture_is_called_so():
    assert [turn.words for turn in ALL if not turn.flipped] == [
        "",
        "rotated 90° right",
        "rotated 180°",
        "rotated 90° left",
    ]
    assert all(turn.words.startswith("MIRRORED") == turn.flipped for turn in ALL)
