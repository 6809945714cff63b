"""What of a slice a picture shows, at what resolution and which way up: crop, average, turn.

A radiograph has several times the pixels of the screen. Values are averaged to the pixels of the screen
once for a zoom, so that a new window costs no more than the screen has pixels.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from viewer.imaging.turn import Turn
from viewer.study import Slice

Values = np.ndarray[Any, Any]
_STRIP = 1 << 17
"""Pixels averaged at a time."""


@dataclass(frozen=True, slots=True)
class Span:
    """Picture pixels [start, stop) along one axis; pixel i shows the slice from i·step to (i + 1)·step.

    `step` is at least 1: a slice pixel larger than a screen pixel is drawn larger, not composed finer.
    """

    start: int
    stop: int
    step: float = 1.0

    @property
    def under(self) -> slice:
        """The slice pixels that it lies over."""
        return slice(int(self.start * self.step), int(np.ceil(self.stop * self.step)) + 1)

    def middles(self, size: int) -> Values:
        """The slice pixel, of `size`, under the middle of each picture pixel."""
        return np.minimum((np.arange(self.start, self.stop) + 0.5) * self.step, size - 1).astype(np.intp)


@dataclass(frozen=True, slots=True)
class Section:
    """Rows and columns in slice terms; `turn` is how the picture then stands on the screen."""

    rows: Span
    cols: Span
    turn: Turn = field(default_factory=Turn)

    @property
    def blocks(self) -> tuple[int, int]:
        """The whole number of rows and columns to average first (see `reduced`)."""
        return int(self.rows.step), int(self.cols.step)


def whole(rows: int, cols: int, step: float = 1.0) -> Section:
    """All of a slice, unturned, at 1/step of its resolution."""
    return Section(Span(0, int(np.ceil(rows / step)), step), Span(0, int(np.ceil(cols / step)), step))


def reduced(slice: Slice, rows: int, cols: int) -> Slice:
    """The slice with blocks of rows × cols pixels averaged in modality values, as a coarser detector would.

    Where padding is declared, a block whose middle is padding stays padding, and padding counts in no
    average. Blocks at the far edges have what is left.
    """
    if rows <= 1 and cols <= 1:
        return slice

    def average(values: Values) -> Values:
        return _block_means(values, rows, cols)

    def nearest(values: Values) -> Values:
        at_rows = np.minimum(np.arange(0, len(values), rows) + rows // 2, len(values) - 1)
        at_cols = np.minimum(np.arange(0, values.shape[1], cols) + cols // 2, values.shape[1] - 1)
        return values[np.ix_(at_rows, at_cols)]

    return _bare(slice, _mean(slice.values, slice.padding, average, nearest))


def cut(slice: Slice, section: Section, size: tuple[int, int]) -> Slice:
    """The section of a slice of `size` (rows, cols), as the reader sees it.

    Parameters
    ----------
    slice : as `reduced` gives it for the section's `blocks`.
    """
    rows, cols = (
        replace(span, step=span.step / block)
        for span, block in zip((section.rows, section.cols), section.blocks, strict=True)
    )
    if rows.step == 1 and cols.step == 1:
        values = picked(slice.values, rows, cols)
    else:
        high, wide = (length / block for length, block in zip(size, section.blocks, strict=True))
        seen = slice.values[rows.under, cols.under]
        taps = _taps(rows, high, len(slice.values)), _taps(cols, wide, slice.values.shape[1])
        middles = rows.middles(len(slice.values)), cols.middles(slice.values.shape[1])
        nearest = np.ix_(middles[0] - rows.under.start, middles[1] - cols.under.start)
        values = _mean(seen, slice.padding, lambda part: _area_means(part, *taps), lambda part: part[nearest])
    turned = section.turn.turned(values)
    return slice if turned is slice.values else _bare(slice, np.ascontiguousarray(turned))


def _bare(slice: Slice, values: Values) -> Slice:
    """The slice with other values, and nothing over them: graphics and shutter lie on its own grid."""
    return replace(slice, values=values, graphics=(), shutter=None)


def picked(values: Values, rows: Span, cols: Span) -> Values:
    """The value under the middle of each picture pixel; a view, where nothing has to be copied."""
    if (rows, cols) == (Span(0, values.shape[0]), Span(0, values.shape[1])):
        return values
    if rows.step == 1 and cols.step == 1:
        return values[rows.start : rows.stop, cols.start : cols.stop]
    return values[np.ix_(rows.middles(values.shape[0]), cols.middles(values.shape[1]))]


def _mean(
    values: Values,
    padding: tuple[float, float] | None,
    average: Callable[[Values], Values],
    nearest: Callable[[Values], Values],
) -> Values:
    """What `average` gives, in the dtype of `values`; padding is where `nearest` finds it only."""
    dtype = values.dtype
    real = None
    if padding is not None:
        real = (values < padding[0]) | (values > padding[1])
    if real is None or real.all():
        return _as(average(values), dtype)
    share = average(real.astype(np.uint8))
    mean = average(np.where(real, values, dtype.type(0)))
    mean /= np.maximum(share, np.finfo(share.dtype).tiny)
    return np.where(nearest(real), _as(mean, dtype), nearest(values))


def _as(mean: Values, dtype: np.dtype[Any]) -> Values:
    if dtype.kind in "iu":
        np.rint(mean, out=mean)
    return mean.astype(dtype, copy=False)


def _mean_dtype(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """float32 holds every integer of 16 bits; wider ones, and float64, need float64."""
    return np.dtype(np.float32 if dtype.itemsize <= 2 or dtype == np.float32 else np.float64)


def _block_means(values: Values, rows: int, cols: int) -> Values:
    """(r, c, …) float: means of blocks of rows × cols pixels; those at the far edges have fewer."""
    if values.ndim == 2:
        return _block_means(values[..., None], rows, cols)[..., 0]
    size, kind = rows * cols, values.dtype
    kept = _mean_dtype(kind)
    wide = kept
    if kind.kind in "iu" and kind.itemsize <= 2:  # no sum overflows
        small = size <= (1 << 7 if kind.itemsize == 1 else 0)
        wide = np.dtype(np.int16 if small else np.int32 if size <= 1 << 15 else np.int64)
    per_col = _block_sizes(values.shape[1], cols)
    per_row = _block_sizes(len(values), rows)
    means = np.empty((len(per_row), len(per_col), values.shape[2]), kept)
    step = _strip(values[0].size * rows)
    for first in range(0, len(means), step):
        down = _block_sums(values[first * rows : (first + step) * rows], rows, wide)
        counts = per_row[first : first + step, None] * per_col
        for channel in range(values.shape[2]):
            sums = _block_sums(down[..., channel].T, cols, wide).T
            np.divide(sums, counts, out=means[first : first + step, :, channel], dtype=kept)
    return means


def _block_sums(values: Values, size: int, dtype: np.dtype[Any]) -> Values:
    """Sums of `size` neighbours along the first axis; the last block may have fewer."""
    full = len(values) // size
    blocks = values[: full * size]
    sums = blocks[::size].astype(dtype)
    for first in range(1, size):
        sums += blocks[first::size]
    if full * size == len(values):
        return sums
    return np.concatenate((sums, values[full * size :].sum(axis=0, dtype=dtype)[None]))


def _block_sizes(length: int, size: int) -> Values:
    return np.minimum(size, length - np.arange(0, length, size)).astype(np.float32)


Taps = list[tuple[Values, Values]]
"""Over which pixels of an axis the picture pixels lie, and the share of each: (index, weights) a turn."""


def _area_means(values: Values, rows: Taps, cols: Taps) -> Values:
    """(r, c, …) float: means over the area that each picture pixel covers, parts of pixels included."""
    if values.ndim == 3:
        channels = (np.ascontiguousarray(values[..., channel]) for channel in range(values.shape[2]))
        return np.stack([_area_means(one, rows, cols) for one in channels], axis=2)
    count = len(rows[0][0])
    step = _strip(values.shape[1])
    strips = []
    for first in range(0, count, step):
        part = _weighted(
            values, [(at[first : first + step], by[first : first + step, None]) for at, by in rows]
        )
        strips.append(_weighted(part.T, [(at, by[:, None]) for at, by in cols]).T)
    return np.concatenate(strips)


def _weighted(values: Values, taps: Taps) -> Values:
    first, *others = (values[index] * weights for index, weights in taps)
    for other in others:
        first += other
    return first


def _taps(span: Span, length: float, size: int) -> Taps:
    """For an axis of `size` pixels, the last of which may be a part: `length` need not be whole."""
    low = np.arange(span.start, span.stop) * span.step
    high = np.minimum(low + span.step, length)
    first = low.astype(np.intp)
    taps = []
    for pixel in (first + tap for tap in range(int(np.ceil(span.step)) + 1)):
        covered = np.clip(np.minimum(high, pixel + 1) - np.maximum(low, pixel), 0, None)
        share = (covered / np.maximum(high - low, 1e-9)).astype(np.float32)
        taps.append((np.minimum(pixel, size - 1) - span.under.start, share))
    return taps


def _strip(pixels: int) -> int:
    """How many rows of so many pixels are worked on at a time: what the processor's cache holds."""
    return max(1, _STRIP // max(1, pixels))
