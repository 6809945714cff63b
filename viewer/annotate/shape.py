"""What marks look like and how a hand changes them: points from a drag, grips, outlines. View coordinates.

Points are (x, y) in slice pixels, pixel i covers [i, i + 1). `aspect` is the height of a pixel divided by
its width: what must look perpendicular on the patient is made so with it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from viewer.annotate import interior
from viewer.annotate.mark import KINDS

Point = tuple[float, float]
Points = tuple[Point, ...]

GRIPS = 16
"""A freehand region has so many grips at most: its points lie too close to be taken one by one."""
_SHORT_AXIS = 0.5
"""Length of a new short axis in lengths of the long one."""
_FLAT = 0.02
"""Pixels by which the polyline that is stroked for an ellipse may miss it."""
_SIDES = 48, 720
"""Fewest and most sides of that polyline."""


def from_drag(kind: str, start: Point, end: Point, aspect: float = 1.0) -> Points:
    """The points of a mark drawn from `start` to `end` in one drag.

    An ellipse and a rectangle fill the box between the two, a short axis stands in the middle of the long
    one, an arrow points at `start`; a mark of one point stands at `end`. Of kinds that take more than a drag
    (angle, Cobb, polygon, freehand) these are the first two points.
    """
    if KINDS[kind].points == 1:
        return (end,)
    left, right = sorted((start[0], end[0]))
    top, bottom = sorted((start[1], end[1]))
    if kind == "ellipse":
        x, y = (left + right) / 2, (top + bottom) / 2
        return (left, y), (right, y), (x, top), (x, bottom)
    if kind == "rectangle":
        return (left, top), (right, top), (right, bottom), (left, bottom)
    if kind == "bidirectional":
        half = _SHORT_AXIS / 2 * math.hypot(end[0] - start[0], (end[1] - start[1]) * aspect)
        return _crossed(start, end, 0.5, half, -half, aspect)
    return start, end


def is_complete(kind: str, points: Sequence[Point]) -> bool:
    """Whether these points make a mark: all are there, somewhere near the slice, and they do not all lie at
    one place; those of a region not on one vertical or horizontal line."""
    wanted = KINDS[kind].points
    if len(points) != wanted if wanted else len(points) < 3:
        return False
    if not all(abs(x) <= interior.FAR and abs(y) <= interior.FAR for x, y in points):
        return False
    if wanted == 1:
        return True
    xs, ys = zip(*points, strict=True)
    wide, high = max(xs) > min(xs), max(ys) > min(ys)
    return wide and high if KINDS[kind].region else wide or high


def handles(kind: str, points: Sequence[Point]) -> Points:
    """Where grips stand, in the order of `with_handle`: at every point, but of a long freehand line."""
    return tuple(points[i] for i in _grips(kind, len(points)))


def with_handle(kind: str, points: Sequence[Point], index: int, to: Point, aspect: float = 1.0) -> Points:
    """The points after grip `index` was dragged to `to`.

    A rectangle keeps the opposite corner and an ellipse the opposite end of the axis; axes stay
    perpendicular; a freehand line follows as far as the neighbouring grips. Grips keep their numbers, also
    where a corner is dragged past the opposite one.
    """
    change = _CHANGES.get(kind)
    if change is not None:
        return change(tuple(points), index, to, aspect)
    return (*points[:index], to, *points[index + 1 :])


def moved(points: Sequence[Point], dx: float, dy: float) -> Points:
    """All points, shifted."""
    return tuple((x + dx, y + dy) for x, y in points)


def outline(kind: str, points: Sequence[Point]) -> tuple[np.ndarray, ...]:
    """The lines to stroke: (n, 2) float64 polylines, the last point of a closed one equals its first.

    An arrow is its shaft; a probe and a text have no line. Of a mark that is only begun, or whose points do
    not make one, those that there are.
    """
    if KINDS[kind].points == 1 or len(points) < 2:
        return ()
    line = np.asarray(points, float)
    if not (np.abs(line) <= interior.FAR).all():
        return ()
    if kind == "ellipse":
        return (_ellipse(line),) if len(line) == KINDS[kind].points else (line,)
    if KINDS[kind].region:
        return (np.concatenate([line, line[:1]]),)
    if kind in ("cobb", "bidirectional"):
        return tuple(line[i : i + 2] for i in range(0, len(line), 2))
    return (line,)


def _ellipse(ends: np.ndarray) -> np.ndarray:
    centre, u, v = interior.axes(ends)
    radius = max(float(np.hypot(*u)), float(np.hypot(*v)), _FLAT)
    sides = math.ceil(math.pi / math.acos(max(1 - _FLAT / radius, 0.0)))
    turn = np.linspace(0, 2 * np.pi, min(max(sides, _SIDES[0]), _SIDES[1]) + 1)
    line = centre + np.outer(np.cos(turn), u) + np.outer(np.sin(turn), v)
    line[-1] = line[0]
    return line


def _grips(kind: str, count: int) -> Sequence[int]:
    if kind != "freehand" or count <= GRIPS:
        return range(count)
    return [round(i * count / GRIPS) for i in range(GRIPS)]


def _rectangle(points: Points, index: int, to: Point, _aspect: float) -> Points:
    (x, y), (far_x, far_y) = to, points[(index + 2) % 4]
    corners = list(points)
    corners[index] = to
    beside, below = (
        ((index + 1) % 4, (index + 3) % 4) if index % 2 == 0 else ((index + 3) % 4, (index + 1) % 4)
    )
    corners[beside], corners[below] = (far_x, y), (x, far_y)
    return tuple(corners)


def _ellipse_end(points: Points, index: int, to: Point, _aspect: float) -> Points:
    mine, other = points[index], points[index ^ 1]
    along = (mine[0] - other[0], mine[1] - other[1])
    length = math.hypot(*along)
    if length == 0:  # flat: its axes lie as those of a new one
        along, length = ((1.0, 0.0), 1.0) if index < 2 else ((0.0, 1.0), 1.0)
    way = ((to[0] - other[0]) * along[0] + (to[1] - other[1]) * along[1]) / length**2
    new = other[0] + way * along[0], other[1] + way * along[1]
    dx, dy = (new[0] - mine[0]) / 2, (new[1] - mine[1]) / 2
    found = list(moved(points, dx, dy))
    found[index], found[index ^ 1] = new, other
    return tuple(found)


def _crossed(start: Point, end: Point, share: float, one: float, other: float, aspect: float) -> Points:
    """A long axis and the short one that meets it at `share` of its length at right angles; its ends stand
    `one` and `other` widths of a pixel off, to the left of the long axis where positive."""
    dx, dy = end[0] - start[0], (end[1] - start[1]) * aspect
    length = math.hypot(dx, dy) or 1.0
    x, y = start[0] + share * (end[0] - start[0]), start[1] + share * (end[1] - start[1])
    across = dy / length, -dx / length / aspect
    first, second = ((x + off * across[0], y + off * across[1]) for off in (one, other))
    return start, end, first, second


def _bidirectional(points: Points, index: int, to: Point, aspect: float) -> Points:
    start, end = points[:2]
    dx, dy = end[0] - start[0], (end[1] - start[1]) * aspect
    length = math.hypot(dx, dy)
    if length == 0:
        return from_drag("bidirectional", *((to, end) if index == 0 else (start, to)), aspect)

    def seen(point: Point) -> tuple[float, float]:
        """Share of the long axis at which a point stands, and widths of a pixel off it, to the left."""
        x, y = point[0] - start[0], (point[1] - start[1]) * aspect
        return (x * dx + y * dy) / length**2, (x * dy - y * dx) / length

    share, one = seen(points[2])
    other = seen(points[3])[1]
    if index < 2:
        ends = (to, end) if index == 0 else (start, to)
        return _crossed(*ends, share, one, other, aspect)
    share, off = seen(to)
    share = min(max(share, 0.0), 1.0)
    if index == 2:
        one = max(off, 0.0) if one > other else min(off, 0.0)
    else:
        other = min(off, 0.0) if one > other else max(off, 0.0)
    return _crossed(start, end, share, one, other, aspect)


def _freehand(points: Points, index: int, to: Point, _aspect: float) -> Points:
    count = len(points)
    grips = _grips("freehand", count)
    if len(grips) == count:
        return (*points[:index], to, *points[index + 1 :])
    at = grips[index]
    before = (at - grips[index - 1]) % count
    after = (grips[(index + 1) % len(grips)] - at) % count
    dx, dy = to[0] - points[at][0], to[1] - points[at][1]
    found = list(points)
    for step in range(1 - before, after):
        share = abs(step) / (before if step < 0 else after)
        pull = (1 + math.cos(math.pi * share)) / 2
        x, y = points[(at + step) % count]
        found[(at + step) % count] = (x + pull * dx, y + pull * dy)
    return tuple(found)


_CHANGES: dict[str, Callable[[Points, int, Point, float], Points]] = {
    "rectangle": _rectangle,
    "ellipse": _ellipse_end,
    "bidirectional": _bidirectional,
    "freehand": _freehand,
}
"""Kind -> what a grip does, where it does more than take its point along."""
