"""What a drag draws, what grips do, and which lines are stroked."""

from __future__ import annotations

import math

import numpy as np
import pytest

from viewer.annotate import interior, shape
from viewer.annotate.mark import KINDS

LONG = ["length", "arrow", "bidirectional", "ellipse", "rectangle"]
ANY_POINTS = {
    kind: tuple((10.0 + 7 * i, 20.0 + 5 * i * i) for i in range(one.points or 5))
    for kind, one in KINDS.items()
}


def on_patient(point, aspect):
    return np.array([point[0], point[1] * aspect])


@pytest.mark.parametrize("kind", KINDS)
def test_a_drag_begins_a_mark_with_finite_points(kind):
    points = shape.from_drag(kind, (3.0, 4.0), (20.0, 9.0))
    taken_up = KINDS[kind].points in (1, len(points))
    assert shape.is_complete(kind, points) is taken_up
    assert np.isfinite(points).all()


@pytest.mark.parametrize("ends", [((3, 4), (20, 9)), ((20, 9), (3, 4)), ((3, 9), (20, 4)), ((20, 4), (3, 9))])
def test_an_ellipse_and_a_rectangle_fill_the_box_of_the_drag_whichever_way_it_went(ends):
    assert shape.from_drag("rectangle", *ends) == ((3, 4), (20, 4), (20, 9), (3, 9))
    assert shape.from_drag("ellipse", *ends) == ((3, 6.5), (20, 6.5), (11.5, 4), (11.5, 9))


@pytest.mark.parametrize("aspect", [1.0, 0.4, 3.0])
def test_a_new_short_axis_is_half_as_long_and_perpendicular_on_the_patient(aspect):
    a, b, c, d = (
        on_patient(one, aspect) for one in shape.from_drag("bidirectional", (3, 4), (20, 9), aspect)
    )
    assert (b - a) @ (d - c) == pytest.approx(0, abs=1e-9)
    assert np.linalg.norm(d - c) == pytest.approx(np.linalg.norm(b - a) / 2)
    assert (c + d) / 2 == pytest.approx((a + b) / 2)


def test_an_arrow_points_to_where_the_drag_began():
    assert shape.from_drag("arrow", (3, 4), (20, 9))[0] == (3, 4)


@pytest.mark.parametrize("kind", KINDS)
def test_a_mark_needs_all_its_points_and_some_extent(kind):
    points = ANY_POINTS[kind]
    assert shape.is_complete(kind, points)
    assert not shape.is_complete(kind, points[:-1] if KINDS[kind].points else points[:2])
    assert not shape.is_complete(kind, ((math.nan, 1.0), *points[1:]))
    assert not shape.is_complete(kind, ((1e12, 1.0), *points[1:]))
    assert shape.is_complete(kind, [points[0]] * len(points)) is (KINDS[kind].points == 1)


@pytest.mark.parametrize("kind", [kind for kind, one in KINDS.items() if one.region])
def test_a_region_needs_width_and_height(kind):
    count = KINDS[kind].points or 3
    assert not shape.is_complete(kind, [(float(i), 4.0) for i in range(count)])
    assert not shape.is_complete(kind, [(4.0, float(i)) for i in range(count)])


@pytest.mark.parametrize("kind", KINDS)
def test_a_grip_that_stays_where_it_is_changes_nothing(kind):
    points = ANY_POINTS[kind] if kind not in LONG else shape.from_drag(kind, (3.0, 4.0), (20.0, 9.0), 0.7)
    for index, grip in enumerate(shape.handles(kind, points)):
        assert np.allclose(shape.with_handle(kind, points, index, grip, 0.7), points)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in ("ellipse", "bidirectional")])
def test_a_grip_that_slides_along_no_axis_goes_where_it_is_dragged(kind):
    points = ANY_POINTS[kind] if kind not in LONG else shape.from_drag(kind, (3.0, 4.0), (20.0, 9.0))
    for index in range(len(shape.handles(kind, points))):
        changed = shape.with_handle(kind, points, index, (31.0, 2.0))
        assert shape.handles(kind, changed)[index] == (31.0, 2.0)


def test_a_corner_of_a_rectangle_leaves_the_opposite_one_also_when_dragged_past_it():
    points = shape.from_drag("rectangle", (3, 4), (20, 9))
    for index in range(4):
        for to in [(1.0, 1.0), (30.0, 30.0), (10.0, 30.0)]:
            changed = shape.with_handle("rectangle", points, index, to)
            far = points[(index + 2) % 4]
            assert changed[index] == to and changed[(index + 2) % 4] == far
            assert {x for x, _ in changed} == {to[0], far[0]} and {y for _, y in changed} == {to[1], far[1]}
            assert interior.area("rectangle", changed) == abs((to[0] - far[0]) * (to[1] - far[1]))
            assert shape.with_handle("rectangle", changed, index, points[index]) == points


def test_an_end_of_an_ellipse_slides_along_its_axis_and_the_rest_follows():
    points = shape.from_drag("ellipse", (3, 4), (21, 10))
    wider = shape.with_handle("ellipse", points, 1, (31.0, 99.0))
    assert wider == ((3, 7), (31, 7), (17, 4), (17, 10))
    turned_over = shape.with_handle("ellipse", points, 0, (41.0, 7.0))
    assert turned_over[:2] == ((41, 7), (21, 7)) and interior.area("ellipse", turned_over) > 0
    higher = shape.with_handle("ellipse", points, 3, (0.0, 20.0))
    assert higher == ((3, 12), (21, 12), (12, 4), (12, 20))


def test_an_ellipse_that_was_dragged_flat_opens_again():
    flat = shape.with_handle("ellipse", shape.from_drag("ellipse", (3, 4), (21, 10)), 1, (3.0, 7.0))
    assert interior.area("ellipse", flat) == 0
    again = shape.with_handle("ellipse", flat, 1, (13.0, 7.0))
    assert interior.area("ellipse", again) == pytest.approx(math.pi * 5 * 3)


@pytest.mark.parametrize("aspect", [1.0, 0.5, 2.5])
@pytest.mark.parametrize("index", range(4))
def test_axes_stay_perpendicular_whichever_end_is_dragged(index, aspect):
    points = shape.from_drag("bidirectional", (3, 4), (20, 9), aspect)
    points = shape.with_handle("bidirectional", points, 2, (15.0, 1.0), aspect)
    for to in [(25.0, 14.0), (8.0, 6.5), (-30.0, 50.0), (25.0, -14.0)]:
        changed = shape.with_handle("bidirectional", points, index, to, aspect)
        a, b, c, d = (on_patient(one, aspect) for one in changed)
        assert (b - a) @ (d - c) == pytest.approx(0, abs=1e-6)
        meets = (c - a) @ (b - a) / ((b - a) @ (b - a))
        assert -1e-9 <= meets <= 1 + 1e-9
        sides = [np.cross([*(b - a), 0], [*(one - a), 0])[2] for one in (c, d)]
        assert sides[0] * sides[1] <= 1e-6  # one end on each side


def test_the_short_axis_keeps_its_length_while_the_long_one_is_dragged():
    points = shape.from_drag("bidirectional", (3, 4), (20, 9), 0.7)
    changed = shape.with_handle("bidirectional", points, 1, (40.0, 33.0), 0.7)
    before, after = (
        np.linalg.norm(on_patient(one[3], 0.7) - on_patient(one[2], 0.7)) for one in (points, changed)
    )
    assert after == pytest.approx(before) and changed[:2] == (points[0], (40.0, 33.0))


def test_a_long_freehand_line_has_few_grips_and_follows_them_smoothly():
    turn = np.linspace(0, 2 * np.pi, 400, endpoint=False)
    points = tuple(zip((50 + 20 * np.cos(turn)).tolist(), (50 + 20 * np.sin(turn)).tolist(), strict=True))
    grips = shape.handles("freehand", points)
    assert len(grips) == shape.GRIPS
    for index in (0, 5, shape.GRIPS - 1):
        to = (grips[index][0] + 6.0, grips[index][1])
        changed = np.array(shape.with_handle("freehand", points, index, to))
        way = np.hypot(*(changed - np.array(points)).T)
        assert way.max() == pytest.approx(6) and (way > 0).sum() < 400 / shape.GRIPS * 2
        assert np.abs(np.diff(np.append(way, way[0]))).max() < 0.6  # no step
        others = [i for i in range(shape.GRIPS) if i != index]
        after = shape.handles("freehand", [tuple(one) for one in changed])
        assert [after[i] for i in others] == [grips[i] for i in others]


@pytest.mark.parametrize("kind", KINDS)
def test_a_moved_mark_is_the_same_elsewhere(kind):
    points = ANY_POINTS[kind]
    there = shape.moved(points, 4.5, -3.0)
    assert np.allclose(np.array(there) - np.array(points), (4.5, -3.0))
    for one, other in zip(shape.outline(kind, points), shape.outline(kind, there), strict=True):
        assert np.allclose(other - one, (4.5, -3.0))


@pytest.mark.parametrize("kind", KINDS)
def test_the_outline_passes_through_the_points_and_closes_around_a_region(kind):
    points = np.array(ANY_POINTS[kind])
    if kind == "ellipse":
        points = np.array(shape.from_drag("ellipse", (3, 4), (20, 9)))
    lines = shape.outline(kind, points)
    assert (lines == ()) is (KINDS[kind].points == 1)
    for line in lines:
        assert line.shape[1] == 2
        assert bool((line[0] == line[-1]).all()) is KINDS[kind].region
    if lines and kind != "ellipse":
        drawn = {tuple(point) for line in lines for point in line}
        assert drawn == {tuple(point) for point in points}


@pytest.mark.parametrize("kind", KINDS)
def test_points_that_make_no_mark_are_drawn_without_complaint(kind):
    """Of a mark that is only begun, or of a damaged file."""
    for points in ((), ((3.0, 4.0),), ((3.0, 4.0), (9.0, 9.0)), ((3.0, 4.0),) * 3, ((3.0, 4.0),) * 7):
        for line in shape.outline(kind, points):
            assert np.isfinite(line).all() and line.shape[1] == 2
    for wrong in (math.nan, math.inf, 1e200):
        assert shape.outline(kind, ((wrong, 4.0), (9.0, 9.0), (3.0, wrong), (8.0, 1.0))) == ()


@pytest.mark.parametrize("radius", [0.3, 5, 80, 900])
def test_the_line_of_an_ellipse_misses_it_by_a_fraction_of_a_pixel(radius):
    line = shape.outline("ellipse", shape.from_drag("ellipse", (0, 0), (2 * radius, radius)))[0]
    middles = (line[1:] + line[:-1]) / 2
    off = np.hypot((middles[:, 0] - radius) / radius, (middles[:, 1] - radius / 2) / (radius / 2))
    assert (np.abs(off - 1) * radius).max() < 0.05
