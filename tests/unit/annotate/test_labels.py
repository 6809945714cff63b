"""Labels keep clear of the marks and of each other, and stay where the reader dragged them."""

import math
from itertools import pairwise

import numpy as np
import pytest

from viewer.annotate.labels import Rect, Wanted, distance, leader, place_labels

AREA = Rect(0.0, 0.0, 1000.0, 800.0)
SIZE = (90.0, 46.0)


def ellipse(x, y, wide, high):
    turn = np.linspace(0, 2 * np.pi, 97)
    return np.stack([x + wide * np.cos(turn), y + high * np.sin(turn)], axis=1)


def shared(one, other):
    """Square pixels that two rectangles have in common."""
    wide = min(one.right, other.right) - max(one.left, other.left)
    high = min(one.bottom, other.bottom) - max(one.top, other.top)
    return max(wide, 0.0) * max(high, 0.0)


def crosses(rect, line):
    """Whether a polyline runs through a rectangle, by walking along it in steps of half a pixel."""
    for (x0, y0), (x1, y1) in pairwise(line):
        steps = max(int(2 * math.hypot(x1 - x0, y1 - y0)), 1)
        for part in range(steps + 1):
            x, y = x0 + (x1 - x0) * part / steps, y0 + (y1 - y0) * part / steps
            if rect.left < x < rect.right and rect.top < y < rect.bottom:
                return True
    return False


def scattered(count, seed=3):
    rng = np.random.default_rng(seed)
    return [
        Wanted(SIZE, (ellipse(*rng.uniform((60, 60), (940, 740)), *rng.uniform(8, 45, 2)),))
        for _ in range(count)
    ]


@pytest.mark.parametrize("seed", range(4))
def test_twenty_labels_keep_clear_of_all_marks_and_of_each_other(seed):
    wanted = scattered(20, seed)
    placed = place_labels(wanted, AREA)
    for number, rect in enumerate(placed):
        assert not any(shared(rect, other) for other in placed[:number])
        assert not any(crosses(rect, label.lines[0]) for label in wanted)
        assert rect.left >= 0 and rect.top >= 0 and rect.right <= 1000 and rect.bottom <= 800
        assert (rect.right - rect.left, rect.bottom - rect.top) == pytest.approx(SIZE)


def test_other_text_and_other_lines_are_kept_clear_of():
    mark = Wanted(SIZE, (ellipse(300, 300, 50, 50),))
    (free,) = place_labels([mark], AREA)
    (beside,) = place_labels([mark], AREA, [free])
    assert not shared(free, beside)
    line = np.array([((free.left + free.right) / 2, 0.0), ((free.left + free.right) / 2, 800.0)])
    (aside,) = place_labels([mark], AREA, [], [line])
    assert crosses(free, line) and not crosses(aside, line)


def test_a_label_stands_next_to_its_mark():
    for label, rect in zip(wanted := scattered(12), place_labels(wanted, AREA), strict=True):
        middle = (rect.left + rect.right) / 2, (rect.top + rect.bottom) / 2
        assert distance(label.lines[0], middle) < 120


def test_a_dragged_label_stays_where_the_reader_put_it_and_the_others_make_way():
    marks = scattered(6)
    free = place_labels(marks, AREA)
    last = free[0]
    at = (last.left + last.right) / 2, (last.top + last.bottom) / 2
    dragged = Wanted(SIZE, marks[5].lines, at)
    placed = place_labels([*marks[:5], dragged], AREA)
    assert placed[5] == pytest.approx(last)
    assert not any(shared(placed[5], other) for other in placed[:5])


def test_a_dragged_label_is_brought_back_to_the_edge_while_its_mark_is_seen():
    line = ellipse(500, 400, 20, 20)
    (rect,) = place_labels([Wanted(SIZE, (line,), (2000.0, -300.0))], AREA)
    assert rect == pytest.approx((910, 0, 1000, 46))
    (away,) = place_labels([Wanted(SIZE, (line + 5000,), (2000.0, -300.0))], AREA)
    assert away == pytest.approx((1955, -323, 2045, -277))


def test_a_mark_larger_than_the_picture_has_its_label_in_the_picture():
    (rect,) = place_labels([Wanted(SIZE, (ellipse(500, 900, 3000, 400),))], AREA)
    assert rect.left >= 0 and rect.top >= 0 and rect.right <= 1000 and rect.bottom <= 800


def test_the_same_marks_give_the_same_places_and_moved_marks_moved_places():
    marks = [Wanted(SIZE, (ellipse(400 + 60 * n, 300 + 30 * n, 20, 14),)) for n in range(5)]
    placed = place_labels(marks, AREA)
    assert place_labels(marks, AREA) == placed
    shifted = [Wanted(SIZE, tuple(np.add(line, (16, 8)) for line in mark.lines)) for mark in marks]
    for one, other in zip(placed, place_labels(shifted, AREA), strict=True):
        assert other == pytest.approx(one.moved(16, 8))


def test_a_point_has_a_label_and_no_label_is_no_work():
    (rect,) = place_labels([Wanted(SIZE, (np.array([[500.0, 400.0]]),))], AREA)
    assert not rect.holds(500, 400) and distance(np.array([[500.0, 400.0]]), (rect.left, rect.top)) < 60
    assert place_labels([], AREA) == ()


def test_a_leader_joins_the_label_to_the_nearest_point_of_the_mark():
    square = np.array([(0.0, 0.0), (100.0, 0.0), (100.0, 100.0), (0.0, 100.0), (0.0, 0.0)])
    start, end = leader(Rect(150, 40, 200, 60), [square])
    assert start == pytest.approx((150, 50), abs=10.01) and end == pytest.approx((100, start[1]))
    assert leader(Rect(110, 40, 160, 60), [square]) is None
    start, end = leader(Rect(300, 300, 320, 310), [np.array([(0.0, 0.0)]), square])
    assert start == (300, 300) and end == (100, 100)


@pytest.mark.parametrize("point", [(50.0, 40.0), (-30.0, -40.0), (50.0, 0.0)])
def test_the_distance_to_a_line_is_that_to_its_nearest_point(point):
    line = np.array([(0.0, 0.0), (100.0, 0.0)])
    along = np.linspace(0, 1, 100_001)[:, None] * line[1]
    assert distance(line, point) == pytest.approx(np.hypot(*(along - point).T).min(), abs=1e-6)
