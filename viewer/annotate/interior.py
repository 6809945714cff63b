"""Which pixels lie in a region, and how large it is.

The rule, for every kind of region: a pixel belongs to it if its centre does. Along a row, a centre on the
left border is in and one on the right border is out; on a horizontal upper edge it is in, on a lower one
out. So two regions that share a border never share a pixel, and none between them is lost (`study.Box` has
the same rule). Where an outline crosses itself, what it goes around twice is outside (even-odd rule).
Ellipses are taken by their equation, not by the polyline that is drawn of them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np

Points = Sequence[tuple[float, float]] | np.ndarray

FAR = 1e7
"""Pixels from the slice at which nobody draws; past that a region holds nothing."""
_ON_BORDER = 1e-9
"""Pixels by which rounding may move a slanted border off the centre that lies on it."""
_MANY_RUNS = 1 << 14
"""From so many on, masking all pixels is quicker than joining the runs."""
_PART = 1 << 18
_FEW_CORNERS = 64
"""Up to so many, the area of an outline that crosses itself is exact."""
_LINES, _MOST_CROSSINGS = 2048, 200_000
"""Of more corners: the area between the crossings with so many lines, fewer where these would cross the
outline too often."""

Runs = tuple[np.ndarray, np.ndarray]
"""(n,) starts and (n,) ends of the pixels of a region in a flattened slice, in order; none is empty."""


def runs(kind: str, points: Points, shape: tuple[int, int]) -> Runs:
    """The pixels of a slice of `shape` (rows, cols) that lie in a region, as runs along its rows.

    Parameters
    ----------
    kind : "ellipse"; of every other kind `points` are the corners.
    points : (x, y) in slice pixels, pixel i covers [i, i + 1); they may lie outside the slice.
    """
    corners = np.asarray(points, float).reshape(-1, 2)
    too_few = len(corners) != 4 if kind == "ellipse" else len(corners) < 3
    if too_few or not (np.abs(corners) <= FAR).all():
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    row, x = _chords(corners, shape[0]) if kind == "ellipse" else _crossings(corners, shape[0])
    places = row * shape[1] + np.clip(np.ceil(x - 0.5 - _ON_BORDER), 0, shape[1]).astype(np.int64)
    places.sort()  # a row is crossed an even number of times: in, out, in, …
    kept = places[::2] < places[1::2]
    return places[::2][kept], places[1::2][kept]


def parts_inside(values: np.ndarray, where: Runs) -> Iterator[np.ndarray]:
    """The values of (rows, cols) `values` in a region's pixels, row after row, in parts that the processor's
    cache holds: what is worked out of them takes half the time then."""
    flat = values.reshape(-1)
    starts, ends = where
    if len(starts) > _MANY_RUNS:
        steps = np.zeros(flat.size + 1, np.int8)
        steps[starts] += 1
        steps[ends] -= 1
        yield flat[np.cumsum(steps[:-1], dtype=np.int8).view(bool)]
        return
    part = np.cumsum(ends - starts) // _PART
    cuts = [0, *(np.flatnonzero(np.diff(part)) + 1).tolist(), len(starts)]
    spans = [slice(start, end) for start, end in zip(starts.tolist(), ends.tolist(), strict=True)]
    for first, last in pairwise(cuts):
        if first < last:
            yield np.concatenate([flat[span] for span in spans[first:last]])


def axes(ends: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Centre and two half axes of an ellipse, each (2,), from the (4, 2) ends of its axes.

    Any pair of conjugate half diameters describes it: centre + u cos t + v sin t.
    """
    return ends.mean(axis=0), (ends[1] - ends[0]) / 2, (ends[3] - ends[2]) / 2


def area(kind: str, points: Points) -> float:
    """What a region covers, in pixels: not their number, but the area within its outline.

    Exact, but for an outline of more than 64 corners that crosses itself: that one to a thousandth of the box
    around it.
    """
    corners = np.asarray(points, float).reshape(-1, 2)
    if kind == "ellipse":
        _, u, v = axes(corners)
        return math.pi * abs(float(u[0] * v[1] - u[1] * v[0]))
    if len(corners) < 3:
        return 0.0
    if len(corners) <= _FEW_CORNERS:
        return _crossing_area(corners)
    after = np.roll(corners, -1, axis=0)
    plain = abs(float(np.sum(corners[:, 0] * after[:, 1] - after[:, 0] * corners[:, 1]))) / 2
    size = np.ptp(corners, axis=0)
    if not size.all():
        return 0.0
    turns = float(np.abs(after[:, 1] - corners[:, 1]).sum() / size[1])
    lines = int(min(_LINES, _MOST_CROSSINGS / turns)) + 1
    row, x = _crossings((corners - corners.min(axis=0)) / (1.0, size[1] / lines), lines)
    x = x[np.lexsort((x, row))]
    even_odd = float((x[1::2] - x[::2]).sum() * size[1] / lines)
    return plain if abs(plain - even_odd) <= 2 / lines * float(size.prod()) else even_odd


def perimeter(kind: str, points: Points) -> float:
    """The length of a region's outline, in the unit of the points; of an ellipse by the arithmetic-geometric
    mean (Gauss; DLMF 19.8.6)."""
    corners = np.asarray(points, float).reshape(-1, 2)
    if kind != "ellipse":
        return float(np.hypot(*(np.roll(corners, -1, axis=0) - corners).T).sum())
    _, u, v = axes(corners)
    a, b = (float(one) for one in np.linalg.svd(np.stack([u, v]), compute_uv=False))
    if b <= 1e-12 * a:
        return 4 * a
    total, power = a * a - (a * a - b * b) / 2, 1.0
    while a - b > 1e-14 * a:
        total -= power * ((a - b) / 2) ** 2
        a, b, power = (a + b) / 2, math.sqrt(a * b), power * 2
    return 2 * math.pi * total / a


def _chords(ends: np.ndarray, rows: int) -> tuple[np.ndarray, np.ndarray]:
    """(n,) rows and (n,) x at which their lines of centres cross an ellipse, twice each."""
    centre, u, v = axes(ends)
    reach = math.hypot(u[1], v[1])
    first, last = (min(max(math.ceil(centre[1] + end - 0.5), 0), rows) for end in (-reach, reach))
    row = np.arange(first, last)
    # Its points are centre + u cos t + v sin t: on a line of one y, those t whose sum of y's is that y.
    y = (row + 0.5 - centre[1]) / reach if reach else np.zeros(len(row))
    lean, breadth = float(u[0] * u[1] + v[0] * v[1]), abs(float(u[0] * v[1] - u[1] * v[0]))
    middle = centre[0] + y * (lean / reach if reach else 0.0)
    half = np.sqrt(np.maximum(1 - y * y, 0.0)) * (breadth / reach if reach else 0.0)
    return np.concatenate([row, row]), np.concatenate([middle - half, middle + half])


def _crossings(corners: np.ndarray, rows: int) -> tuple[np.ndarray, np.ndarray]:
    """(n,) rows and (n,) x at which their lines of centres cross a polygon, in the order of its edges."""
    upper, lower = _edges(corners)
    first, last = (np.clip(np.ceil(ends[:, 1] - 0.5), 0, rows).astype(np.int64) for ends in (upper, lower))
    counts = np.maximum(last - first, 0)
    edge = np.repeat(np.arange(len(counts)), counts)
    row = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts) + first[edge]
    slope = (lower[:, 0] - upper[:, 0]) / (lower[:, 1] - upper[:, 1])
    return row, upper[edge, 0] + (row + 0.5 - upper[edge, 1]) * slope[edge]


def _edges(corners: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(n, 2) upper and lower ends of the edges that are not horizontal.

    From the upper to the lower end, whichever way round the corners go: what lies on an edge between two
    regions lies on it for both.
    """
    after = np.roll(corners, -1, axis=0)
    slanted = corners[:, 1] != after[:, 1]
    one, other = corners[slanted], after[slanted]
    falls = (one[:, 1] < other[:, 1])[:, None]
    return np.where(falls, one, other), np.where(falls, other, one)


def _crossing_area(corners: np.ndarray) -> float:
    """The area within a polygon by the even-odd rule, exact: between neighbouring corners and crossings
    nothing but trapezoids."""
    upper, lower = _edges(corners)
    if len(upper) < 2:
        return 0.0
    way = lower - upper
    # Where two edges meet: upper_i + s way_i = upper_j + t way_j.
    apart = upper[None] - upper[:, None]
    cross = way[:, None, 0] * way[None, :, 1] - way[:, None, 1] * way[None, :, 0]
    with np.errstate(divide="ignore", invalid="ignore"):
        s = (apart[..., 0] * way[None, :, 1] - apart[..., 1] * way[None, :, 0]) / cross
        t = (apart[..., 0] * way[:, None, 1] - apart[..., 1] * way[:, None, 0]) / cross
        meets = (cross != 0) & (s > 0) & (s < 1) & (t > 0) & (t < 1)
        heights = (upper[:, None, 1] + s * way[:, None, 1])[meets]
    ys = np.unique(np.concatenate([corners[:, 1], heights]))
    middle, high = (ys[1:] + ys[:-1]) / 2, np.diff(ys)
    share = (middle[:, None] - upper[:, 1]) / way[:, 1]
    x = np.where((share > 0) & (share < 1), upper[:, 0] + share * way[:, 0], np.inf)
    x.sort(axis=1)
    x = x[:, : x.shape[1] // 2 * 2].reshape(len(x), -1, 2)
    widths = np.where(np.isfinite(x[..., 1]), x[..., 1], 0) - np.where(np.isfinite(x[..., 1]), x[..., 0], 0)
    return float((widths.sum(axis=1) * high).sum())
