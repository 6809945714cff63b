"""Connected parts of a mask, and its growing and shrinking. NumPy only: SciPy is no dependency."""

from __future__ import annotations

import numpy as np


def label(mask: np.ndarray) -> tuple[np.ndarray, int]:
    """Number the connected parts of a mask, joined by sides and corners.

    Parameters
    ----------
    mask : (rows, cols) bool.

    Returns
    -------
    (rows, cols) int32
        0 outside the mask, else 1 … count, in the order of their first pixel.
    int
        How many parts there are.
    """
    rows, cols = mask.shape
    edges = np.diff(np.pad(mask, ((0, 0), (1, 1))).astype(np.int8), axis=1)
    row, start = np.nonzero(edges == 1)
    stop = np.nonzero(edges == -1)[1]
    first = np.searchsorted(row, np.arange(rows + 1))
    parent = list(range(len(row)))

    def root(run: int) -> int:
        while parent[run] != run:
            parent[run] = parent[parent[run]]
            run = parent[run]
        return run

    starts, stops = start.tolist(), stop.tolist()
    for r in range(1, rows):
        above, above_end, here, end = (int(first[i]) for i in (r - 1, r, r, r + 1))
        while above < above_end and here < end:
            if starts[above] <= stops[here] and starts[here] <= stops[above]:
                one, other = root(above), root(here)
                parent[max(one, other)] = min(one, other)
            if stops[above] < stops[here]:
                above += 1
            else:
                here += 1
    roots = np.array([root(run) for run in range(len(row))], np.int64)
    names, numbers = np.unique(roots, return_inverse=True)
    flat = np.zeros(rows * (cols + 1), np.int32)
    np.add.at(flat, row * (cols + 1) + start, numbers + 1)
    np.add.at(flat, row * (cols + 1) + stop, -(numbers + 1))
    labels = np.cumsum(flat).reshape(rows, cols + 1)[:, :cols].astype(np.int32)
    return labels, len(names)


def grown(values: np.ndarray, radius: int) -> np.ndarray:
    """The largest of each square of 2·radius + 1; of a mask, the mask grown. The edge repeats."""
    return _swept(values, radius, np.maximum)


def shrunk(values: np.ndarray, radius: int) -> np.ndarray:
    """The smallest of each square of 2·radius + 1; of a mask, the mask shrunk. The edge repeats."""
    return _swept(values, radius, np.minimum)


def _swept(values: np.ndarray, radius: int, take: np.ufunc) -> np.ndarray:
    for axis in (0, 1):
        length, side = values.shape[axis], 2 * radius + 1
        pads = [(0, 0), (0, 0)]
        pads[axis] = (radius, radius)
        held, width = np.pad(values, pads, mode="edge"), 1
        while width < side:  # doubling: the extreme of `width` neighbours from that of half as many
            step = min(width, side - width)
            size = held.shape[axis] - step
            held = take(_cut(held, axis, 0, size), _cut(held, axis, step, size))
            width += step
        values = _cut(held, axis, 0, length)
    return values


def _cut(values: np.ndarray, axis: int, start: int, size: int) -> np.ndarray:
    return values[start : start + size] if axis == 0 else values[:, start : start + size]


def blocks(values: np.ndarray, step: int) -> np.ndarray:
    """(ceil(rows / step), ceil(cols / step)) float32: means of squares of `step` pixels; the edge repeats."""
    if step == 1:
        return values.astype(np.float32, copy=False)
    rows, cols = values.shape
    pads = ((0, -rows % step), (0, -cols % step))
    whole = np.pad(values.astype(np.float32, copy=False), pads, mode="edge")
    high, wide = whole.shape[0] // step, whole.shape[1] // step
    means: np.ndarray = whole.reshape(high, step, wide, step).mean(axis=(1, 3))
    return means


def unblocked(mask: np.ndarray, step: int, shape: tuple[int, int]) -> np.ndarray:
    """A mask on blocks of `step` pixels, on the pixels."""
    return mask.repeat(step, axis=0).repeat(step, axis=1)[: shape[0], : shape[1]]
