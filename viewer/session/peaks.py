"""Peaks along the ribbon: the slices a reader wants to jump to."""

from __future__ import annotations

import numpy as np

PROMINENCE = 0.05
"""How far (probability) the ribbon must fall on both sides, or to its ends, before the next peak counts."""


def peaks(ribbon: np.ndarray) -> tuple[int, ...]:
    """Slices where the probability peaks.

    Parameters
    ----------
    ribbon : (slices,) float; NaN where not analysed: such slices are left out, not taken for zero.

    Returns
    -------
    tuple of int, ascending
        Maxima of at least half of the highest; a plateau counts once, at its middle; a dip of less
        than `PROMINENCE` does not part two peaks. Empty where the ribbon is flat.
    """
    at = np.flatnonzero(np.isfinite(ribbon))
    if at.size == 0:
        return ()
    values = np.asarray(ribbon, float)[at]
    floor = max(values.max() / 2, values.min() + PROMINENCE)
    found: list[int] = []
    first = 0
    for last in range(values.size):
        if last + 1 < values.size and values[last + 1] == values[first]:
            continue
        height = values[first]
        if height >= floor and _stands_out(values, first, last):
            found.append(int(at[(first + last) // 2]))
        first = last + 1
    return tuple(found)


def _stands_out(values: np.ndarray, first: int, last: int) -> bool:
    """Whether the plateau first … last is higher than what lies beside it up to the next dip.

    An equal height further left ends the search as a higher one would, so twins count once.
    """
    height = values[first]
    for value in values[:first][::-1]:
        if value >= height:
            return False
        if value <= height - PROMINENCE:
            break
    for value in values[last + 1 :]:
        if value > height:
            return False
        if value <= height - PROMINENCE:
            break
    return True


def next_peak(ribbon: np.ndarray, index: int) -> int | None:
    """The first peak after slice `index`, or None."""
    return next((peak for peak in peaks(ribbon) if peak > index), None)


def previous_peak(ribbon: np.ndarray, index: int) -> int | None:
    """The last peak before slice `index`, or None."""
    return next((peak for peak in reversed(peaks(ribbon)) if peak < index), None)
