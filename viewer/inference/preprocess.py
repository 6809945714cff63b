"""Slice -> what the network sees, and the exact mapping back to slice pixels. NumPy only.

The display's window never enters here: the card alone says how values become 0 … 1. The same
function makes the training images, so a network cannot be fed differently than it was trained.
"""

from __future__ import annotations

from functools import lru_cache
from math import ceil, floor

import numpy as np

from viewer.errors import ModelError
from viewer.inference.card import CardInput
from viewer.results import AxisMapping, InputMapping
from viewer.study import Slice

PREPROCESSING_VERSION = "1"

LUMA = np.array([0.299, 0.587, 0.114], np.float32)
"""Rec. 601 weights of R, G and B: how a colour slice becomes grey."""


def prepare(slice: Slice, input: CardInput) -> tuple[np.ndarray, InputMapping]:
    """Turn a slice into the network's input, and say where each of its pixels went.

    Steps, in order: MONOCHROME1 -> MONOCHROME2 polarity; normalisation to 0 … 1 as the card says
    (padding is black); one separable antialiased resize that makes pixels square and fits the
    slice into the input; flip; (x - mean) / std per channel.

    Parameters
    ----------
    slice : a slice in modality units, (rows, cols) or (rows, cols, 3) RGB.
    input : the `[input]` section of the model's card.

    Returns
    -------
    (channels, height, width) float32, C-contiguous
        A border that the slice does not reach holds black: (0 - mean) / std.
    InputMapping
        Slice coordinate -> network input coordinate, per axis.
    """
    if slice.values.ndim not in (2, 3) or 0 in slice.values.shape:
        raise ModelError("The slice has no pixels to analyse.", remedy="Choose another slice.")
    mapping = fit_mapping(slice.values.shape[0], slice.values.shape[1], slice.header.geometry.aspect, input)
    unit = normalise(slice, input)
    planes = [unit] if unit.ndim == 2 else [unit[..., channel] for channel in range(unit.shape[2])]
    if len(planes) != input.channels and len(planes) != 1:
        planes = [unit @ LUMA]
    down, across = _resampling(mapping.rows), _resampling(mapping.cols)
    # The smaller product first: the order changes only the last bit of the result.
    resized = [np.clip(down @ (plane @ across.T), 0.0, 1.0) for plane in planes]
    if len(resized) != input.channels:
        resized = resized * input.channels
    mean = np.asarray(input.mean, np.float32).reshape(-1, 1, 1)
    std = np.asarray(input.std, np.float32).reshape(-1, 1, 1)
    return np.ascontiguousarray((np.stack(resized) - mean) / std, dtype=np.float32), mapping


def normalise(slice: Slice, input: CardInput) -> np.ndarray:
    """Modality values -> 0 (black) … 1 (white) by the card's rule, on the slice grid.

    Returns
    -------
    (rows, cols) or (rows, cols, 3) float32
        Padding and values that are not finite are 0. A slice of one single value is all 0.
    """
    values = slice.values
    seen = _seen(slice)
    inverted = slice.inverted and not slice.is_color
    if input.normalisation == "window":
        low, high = input.center - input.width / 2, input.center + input.width / 2
    else:
        percents = (100 - input.high, 100 - input.low) if inverted else (input.low, input.high)
        low, high = _percentiles(values if seen is None else values[seen], percents)
    if not high > low:
        return np.zeros(values.shape, np.float32)
    with np.errstate(invalid="ignore", over="ignore"):
        unit = np.clip((values.astype(np.float32) - np.float32(low)) / np.float32(high - low), 0.0, 1.0)
    if inverted:
        unit = 1 - unit
    if seen is not None:
        unit[~seen] = 0
    return unit


def _seen(slice: Slice) -> np.ndarray | None:
    """Where there is a pixel with a number in it; None if everywhere."""
    values, seen = slice.values, None
    if values.dtype.kind == "f":
        seen = np.isfinite(values)
    if slice.padding is not None and not slice.is_color:
        low, high = slice.padding
        real = (values < low) | (values > high)
        seen = real if seen is None else seen & real
    return None if seen is None or seen.all() else seen


def _percentiles(values: np.ndarray, percents: tuple[float, float]) -> tuple[float, float]:
    """What ``np.percentile`` gives (linear between ranks); (0, 0) of nothing.

    Integers of a radiograph's range are counted, not sorted: 8 times faster on 3000 x 2500 pixels,
    and preparing a slice must not outlast the patience of Cancel.
    """
    if not values.size:
        return 0.0, 0.0
    least, most = values.min(), values.max()
    if values.dtype.kind not in "iu" or int(most) - int(least) >= 1 << 17:
        low, high = np.percentile(values.astype(np.float64), percents).tolist()
        return low, high
    ranked = np.cumsum(np.bincount(_from_zero(values, int(least))))
    ends = []
    for percent in percents:
        rank = percent / 100 * (values.size - 1)
        below, above = (int(np.searchsorted(ranked, end, side="right")) for end in (floor(rank), ceil(rank)))
        ends.append(int(least) + below + (above - below) * (rank - floor(rank)))
    return ends[0], ends[1]


def _from_zero(values: np.ndarray, least: int) -> np.ndarray:
    """Integers as steps above the least of them, in a type that holds their range."""
    return (values.astype(np.int64) - least).ravel()


def fit_mapping(rows: int, cols: int, aspect: float, input: CardInput) -> InputMapping:
    """Where a slice of rows x cols pixels, each `aspect` times as high as wide, lies on the input.

    The slice is scaled to a whole number of input pixels per axis, so that the resize is the
    ordinary one; the fraction of a pixel this costs is in the mapping, not lost.
    """
    height, width = input.size
    if input.fit == "stretch":
        high, wide = height, width
    else:
        per_row, per_col = height / (rows * aspect), width / cols
        scale = max(per_row, per_col) if input.fit == "crop" else min(per_row, per_col)
        high, wide = _whole(rows * aspect * scale), _whole(cols * scale)
    return InputMapping(
        rows=AxisMapping(rows, height, high / rows, float((height - high) // 2)),
        cols=_flipped(AxisMapping(cols, width, wide / cols, float((width - wide) // 2)), input.flip),
    )


def _whole(length: float) -> int:
    return max(1, floor(length + 0.5))


def _flipped(axis: AxisMapping, flip: bool) -> AxisMapping:
    if not flip:
        return axis
    return AxisMapping(axis.slice_size, axis.input_size, -axis.scale, axis.input_size - axis.offset)


@lru_cache(maxsize=64)
def _resampling(axis: AxisMapping) -> np.ndarray:
    """The resize along one axis as a matrix: a triangle filter, widened when shrinking.

    Half-pixel exact; equals torch's ``interpolate(mode="bilinear", antialias=True,
    align_corners=False)`` where the slice fills the axis. Input pixels whose centre the slice does
    not reach get an all-zero row.

    Returns
    -------
    (input_size, slice_size) float32
    """
    table = np.zeros((axis.input_size, axis.slice_size), np.float64)
    reach = max(1.0, 1.0 / abs(axis.scale))
    for i in range(axis.input_size):
        center = (i + 0.5 - axis.offset) / axis.scale
        if not 0 <= center <= axis.slice_size:
            continue
        first = max(ceil(center - reach - 0.5), 0)
        last = min(floor(center + reach - 0.5), axis.slice_size - 1)
        pixels = np.arange(first, last + 1)
        weights = np.maximum(0.0, 1 - np.abs(pixels + 0.5 - center) / reach)
        table[i, first : last + 1] = weights / weights.sum()
    exact = table.astype(np.float32)
    exact.setflags(write=False)
    return exact
