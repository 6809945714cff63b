"""Where the labels of marks stand: clear of every mark and of each other, near what they are about.

All lengths are in pixels of the screen or the page, y down; nothing here knows text or Qt.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np

_CELL = 4.0
"""Marks block room in squares of this side."""
_GAPS = (7.0, 24.0, 52.0)
"""From a mark to its label: as near as reads well, else further off."""
_NEAR = 9.0
"""From a point of a mark that is cut off by the edge to its label."""
_POINTS = 8
"""Points of a mark beside which its label may stand."""
_OFF_AREA, _ON_LABEL, _ON_MARK, _INSIDE = 4000.0, 2500.0, 900.0, 40.0
"""What it costs to leave the area, to cover a label, to cover a mark, to stand inside the own mark."""
_AWAY = 0.5
"""What each pixel costs between a label and the nearest of a few points of its mark."""
_CROWDED = 120.0
"""Dearer than that, the whole area is looked through."""
_DIRECTIONS = np.array(
    [(1, 0), (1, 1), (1, -1), (0, 1), (0, -1), (-1, 0), (-1, 1), (-1, -1)],
    float,
)
"""From the mark to its label, best first: right, then below and above, then left."""
_AROUND = np.tile(_DIRECTIONS, (len(_GAPS), 1))
_AROUND_GAP = np.concatenate([_DIRECTIONS * gap for gap in _GAPS])
_FAR = np.concatenate(
    [np.arange(len(_DIRECTIONS)) * 0.5 + (gap - _GAPS[0]) for gap in _GAPS]
    + [np.tile(np.arange(len(_DIRECTIONS)) * 0.5 + 10.0, _POINTS)]
)
"""What each place around a mark costs for its distance, in the order in which they are tried."""
_LATTICE = np.stack(np.meshgrid(np.linspace(0, 1, 12), np.linspace(0, 1, 12)), axis=-1).reshape(-1, 2)
"""Where in the area a label is tried that finds no room beside its mark."""


class Rect(NamedTuple):
    """A rectangle by its edges."""

    left: float
    top: float
    right: float
    bottom: float

    def holds(self, x: float, y: float) -> bool:
        return self.left <= x <= self.right and self.top <= y <= self.bottom

    def moved(self, dx: float, dy: float) -> Rect:
        return Rect(self.left + dx, self.top + dy, self.right + dx, self.bottom + dy)


@dataclass(frozen=True, eq=False, slots=True)
class Wanted:
    """A label to be placed.

    Parameters
    ----------
    size : its width and height.
    lines : (n, 2) each, the polylines of its mark; at least one point in all.
    at : where the reader dragged the middle of the label to; None: wherever there is room.
    """

    size: tuple[float, float]
    lines: tuple[np.ndarray, ...]
    at: tuple[float, float] | None = None


def place_labels(
    wanted: Sequence[Wanted],
    area: Rect,
    taken: Sequence[Rect] = (),
    others: Sequence[np.ndarray] = (),
) -> tuple[Rect, ...]:
    """One rectangle for each label, in order; an earlier one has the choice before a later one.

    Parameters
    ----------
    area : labels of marks that are seen in it stay in it.
    taken : where other text stands.
    others : (n, 2) each, lines to keep clear of besides those of the labels' own marks.

    Notes
    -----
    A label that was dragged stands where the reader put it, or at the edge of the area.
    """
    if not wanted:
        return ()
    samples, owners = _samples([*(label.lines for label in wanted), tuple(others)], area)
    blocked = _Blocked(samples, area)
    ends = np.searchsorted(owners, np.arange(len(wanted) + 1))
    seen = [samples[start:stop] for start, stop in pairwise(ends)]
    rects, cost, counts = _choices(wanted, seen, area)
    bounded = np.repeat([len(points) > 0 for points in seen], np.diff(counts))
    cost += blocked.cost(rects)
    cost += bounded * _OFF_AREA * _share_outside(rects, area)
    cost += _ON_LABEL * _overlap(rects, np.array(taken).reshape(-1, 4))
    chosen = np.zeros((len(wanted), 4))
    done: list[int] = []
    # Those that the reader placed have their place before the others choose.
    for number in sorted(range(len(wanted)), key=lambda number: wanted[number].at is None):
        label, mine = wanted[number], slice(counts[number], counts[number + 1])
        best = int(np.argmin(cost[mine]))
        least = cost[mine][best]
        chosen[number] = rects[mine][best]
        if least > _CROWDED and label.at is None and len(seen[number]):
            full = np.concatenate([chosen[done], np.array(taken).reshape(-1, 4)])
            middle = seen[number].mean(axis=0)
            free = _anywhere(label.size, middle, area, blocked, full, at_most=least)
            chosen[number] = chosen[number] if free is None else free
        done.append(number)
        later = counts[number + 1] if label.at is None else 0
        cost[later:] += _ON_LABEL * _overlap(rects[later:], chosen[number : number + 1])
    return tuple(Rect(*rect) for rect in chosen.tolist())


def leader(
    rect: Rect, lines: Sequence[np.ndarray], at_least: float = 20.0
) -> tuple[tuple[float, float], tuple[float, float]] | None:
    """The line from a label to the nearest point of its mark; None where they are nearer than `at_least`."""
    low, high = np.array(rect[:2]), np.array(rect[2:])
    corners = np.concatenate(lines)
    away = np.maximum(np.maximum(low - corners, corners - high), 0.0)
    if (away**2).sum(axis=1).min() < at_least**2:
        return None  # most labels, at a tenth of the cost
    middle = (low + high) / 2
    best: tuple[float, np.ndarray, np.ndarray] | None = None
    for line in lines:
        # Twice: the point nearest to the middle, then nearest to where the leader would begin.
        point = _nearest(line, middle)
        point = _nearest(line, np.clip(point, low, high))
        start = np.clip(point, low, high)
        distance = float(np.hypot(*(point - start)))
        if best is None or distance < best[0]:
            best = distance, start, point
    if best is None or best[0] < at_least:
        return None
    _, start, point = best
    return (float(start[0]), float(start[1])), (float(point[0]), float(point[1]))


def distance(line: np.ndarray, point: tuple[float, float]) -> float:
    """How far `point` is from a polyline (n, 2)."""
    nearest = _nearest(line, np.array(point))
    return float(np.hypot(*(nearest - np.array(point))))


def _nearest(line: np.ndarray, point: np.ndarray) -> np.ndarray:
    """The point of a polyline (n, 2) that is nearest to `point`."""
    if len(line) == 1:
        return np.asarray(line[0], float)
    start, way = line[:-1], np.diff(line, axis=0)
    length = np.einsum("ij,ij->i", way, way)
    along = np.einsum("ij,ij->i", point - start, way) / np.where(length > 0, length, 1.0)
    feet = start + np.clip(along, 0.0, 1.0)[:, None] * way
    return np.asarray(feet[np.argmin(((feet - point) ** 2).sum(axis=1))], float)


class _Blocked:
    """Which squares of the area marks run through, as a summed-area table."""

    def __init__(self, samples: np.ndarray, area: Rect) -> None:
        self._area = area
        cols = max(1, int((area.right - area.left) / _CELL) + 1)
        rows = max(1, int((area.bottom - area.top) / _CELL) + 1)
        occupied = np.zeros((rows, cols), np.int32)
        if len(samples):
            at = ((samples - (area.left, area.top)) / _CELL).astype(int)
            occupied[np.clip(at[:, 1], 0, rows - 1), np.clip(at[:, 0], 0, cols - 1)] = 1
        self._sums = np.zeros((rows + 1, cols + 1), np.int32)
        self._sums[1:, 1:] = occupied.cumsum(0).cumsum(1)

    def cost(self, rects: np.ndarray) -> np.ndarray:
        """(n,): what rectangles (n, 4) cost for the marks that run through them."""
        rows, cols = np.array(self._sums.shape) - 1
        left, top, right, bottom = ((rects - np.array([self._area.left, self._area.top] * 2)) / _CELL).T
        x0, x1 = (np.clip(np.floor(x).astype(int), 0, cols) for x in (left, right + 1))
        y0, y1 = (np.clip(np.floor(y).astype(int), 0, rows) for y in (top, bottom + 1))
        sums = self._sums
        cells = sums[y1, x1] - sums[y0, x1] - sums[y1, x0] + sums[y0, x0]
        size = np.maximum((x1 - x0) + (y1 - y0), 1)
        return np.where(cells > 0, _ON_MARK * (0.2 + cells / size), 0.0)


def _samples(marks: Sequence[tuple[np.ndarray, ...]], area: Rect) -> tuple[np.ndarray, np.ndarray]:
    """Points at most a cell apart along every line, as far as it runs in the area, and whose they are."""
    starts, ends, owners = [np.zeros((0, 2))], [np.zeros((0, 2))], [np.zeros(0, int)]
    for number, lines in enumerate(marks):
        for line in lines:
            starts.append(line[:-1] if len(line) > 1 else line)
            ends.append(line[1:] if len(line) > 1 else line)
            owners.append(np.full(len(starts[-1]), number))
    start, way = np.concatenate(starts).astype(float), np.concatenate(ends) - np.concatenate(starts)
    owner = np.concatenate(owners)
    # Liang and Barsky 1984: the part of a line, from 0 to 1, that lies between two parallel edges.
    low, high = np.zeros(len(start)), np.ones(len(start))
    for axis, (first, last) in enumerate(((area.left, area.right), (area.top, area.bottom))):
        step = way[:, axis]
        still = step == 0
        safe = np.where(still, 1.0, step)
        one, other = (first - start[:, axis]) / safe, (last - start[:, axis]) / safe
        inside = (start[:, axis] >= first) & (start[:, axis] <= last)
        low = np.maximum(low, np.where(still, np.where(inside, 0.0, 2.0), np.minimum(one, other)))
        high = np.minimum(high, np.where(still, np.where(inside, 1.0, -1.0), np.maximum(one, other)))
    kept = low <= high
    start, way, owner, low, high = start[kept], way[kept], owner[kept], low[kept], high[kept]
    count = np.ceil((high - low) * np.hypot(*way.T) / _CELL).astype(int) + 1
    index = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    part = np.repeat(low, count) + np.repeat((high - low) / np.maximum(count - 1, 1), count) * index
    return np.repeat(start, count, axis=0) + part[:, None] * np.repeat(way, count, axis=0), np.repeat(
        owner, count
    )


def _choices(
    wanted: Sequence[Wanted], seen: Sequence[np.ndarray], area: Rect
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rectangles (n, 4) where labels may stand, what each costs for being far away (n,), and where those of
    each label begin, with the end of the last."""
    free = [number for number, label in enumerate(wanted) if label.at is None]
    points = [seen[number] if len(seen[number]) else np.concatenate(wanted[number].lines) for number in free]
    places, far = _around(points, [wanted[number].size for number in free])
    rects, costs = dict(zip(free, places, strict=True)), dict(zip(free, far, strict=True))
    for number, label in enumerate(wanted):
        if label.at is not None:
            middle, half = np.array([label.at]), np.array(label.size) / 2
            rect = np.concatenate([middle - half, middle + half], axis=1)
            rects[number] = _pushed_in(rect, area) if len(seen[number]) else rect
            costs[number] = np.zeros(1)
    order = range(len(wanted))
    counts = np.cumsum([0] + [len(rects[number]) for number in order])
    return (
        np.concatenate([rects[number] for number in order]),
        np.concatenate([costs[number] for number in order]),
        counts,
    )


def _around(
    marks: Sequence[np.ndarray], sizes: Sequence[tuple[float, float]]
) -> tuple[np.ndarray, np.ndarray]:
    """Rectangles (m, k, 4) around each of m marks, points (n, 2), where its label of that size may stand, and
    what each costs for being far away (m, k)."""
    low = np.array([points.min(axis=0) for points in marks]).reshape(-1, 1, 2)
    high = np.array([points.max(axis=0) for points in marks]).reshape(-1, 1, 2)
    half = np.array(sizes).reshape(-1, 1, 2) / 2
    steps = np.arange(_POINTS)
    spread = np.array([points[steps * (len(points) - 1) // (_POINTS - 1)] for points in marks])
    spread = spread.reshape(-1, _POINTS, 2)
    around = (low + high) / 2 + _AROUND * ((high - low) / 2 + half) + _AROUND_GAP
    beside = spread[:, :, None] + _DIRECTIONS * (half + _NEAR)[:, None]
    middle = np.concatenate([around, beside.reshape(len(low), _POINTS * len(_DIRECTIONS), 2)], axis=1)
    gaps = np.maximum(np.abs(middle[:, :, None] - spread[:, None]) - half[:, None], 0.0)
    away = np.sqrt((gaps[..., 0] ** 2 + gaps[..., 1] ** 2).min(axis=2))
    inside = ((middle > low) & (middle < high)).all(axis=2)
    rects = np.concatenate([middle - half, middle + half], axis=2)
    return rects, _INSIDE * inside + _FAR + _AWAY * np.maximum(away - 2 * _NEAR, 0.0)


def _anywhere(
    size: tuple[float, float],
    near: np.ndarray,
    area: Rect,
    blocked: _Blocked,
    others: np.ndarray,
    *,
    at_most: float,
) -> np.ndarray | None:
    """The free place of the area that is nearest to a point; None where it costs more than `at_most`."""
    half = np.array(size) / 2
    low, high = np.array(area[:2]) + half, np.array(area[2:]) - half
    if (low > high).any():
        return None
    middles = low + _LATTICE * (high - low)
    rects = np.concatenate([middles - half, middles + half], axis=1)
    away = middles - near
    cost = 0.1 * np.hypot(away[:, 0], away[:, 1]) + blocked.cost(rects) + _ON_LABEL * _overlap(rects, others)
    best = int(np.argmin(cost))
    return np.asarray(rects[best]) if cost[best] < at_most else None


def _pushed_in(rects: np.ndarray, area: Rect) -> np.ndarray:
    """The rectangles moved by the least that brings them into the area."""
    low, high = np.array(area[:2]), np.array(area[2:])
    back = np.minimum(high - rects[:, 2:], 0.0)
    on = np.maximum(low - (rects[:, :2] + back), 0.0)
    return rects + np.tile(back + on, 2)


def _overlap(rects: np.ndarray, others: np.ndarray) -> np.ndarray:
    """(n,): the share of each rectangle (n, 4) that others (m, 4) cover; a touch counts a little."""
    left, top, right, bottom = (edge[:, None] for edge in rects.T)
    wide = np.minimum(right, others[:, 2]) - np.maximum(left, others[:, 0])
    high = np.minimum(bottom, others[:, 3]) - np.maximum(top, others[:, 1])
    shared = np.maximum(wide, 0.0) * np.maximum(high, 0.0)
    share = shared / np.maximum((right - left) * (bottom - top), 1e-9) + 0.1 * (shared > 0)
    return np.asarray(share.sum(axis=1))


def _share_outside(rects: np.ndarray, area: Rect) -> np.ndarray:
    left, top, right, bottom = rects.T
    wide = np.minimum(right, area.right) - np.maximum(left, area.left)
    high = np.minimum(bottom, area.bottom) - np.maximum(top, area.top)
    whole = np.maximum((right - left) * (bottom - top), 1e-9)
    return np.asarray(1.0 - np.maximum(wide, 0.0) * np.maximum(high, 0.0) / whole)
