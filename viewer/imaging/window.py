"""VOI: from modality values to grey levels, as DICOM PS3.3 C.11.2 defines it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import lru_cache

import numpy as np

from viewer.errors import PixelError
from viewer.study import Slice, VoiLut, Window

LINEAR, LINEAR_EXACT, SIGMOID = "LINEAR", "LINEAR_EXACT", "SIGMOID"
FUNCTIONS = (LINEAR, LINEAR_EXACT, SIGMOID)

PRESETS: dict[str, tuple[Window, ...]] = {
    "CT": (
        Window(40, 80, explanation="brain"),
        Window(75, 200, explanation="subdural"),
        Window(40, 40, explanation="stroke"),
        Window(40, 400, explanation="soft tissue"),
        Window(40, 350, explanation="mediastinum"),
        Window(-600, 1500, explanation="lung"),
        Window(400, 2000, explanation="bone"),
        Window(90, 150, explanation="liver"),
        Window(200, 600, explanation="angio"),
    ),
}
"""Presets by modality, in the order of the keys 1 … 9. To add some, add a row."""

_TABLE_DTYPES = ("i1", "u1", "i2", "u2")
_CHUNK = 1 << 15
"""Pixels worked on at a time where there is no table: what the processor's cache holds."""
_SAMPLE = 1 << 18
"""Pixels looked at for percentiles: a 3000 × 2500 radiograph need not be sorted as a whole."""


def apply_window(values: np.ndarray, window: Window) -> np.ndarray:
    """Map modality values to grey levels with the window's function, PS3.3 C.11.2.1.2 and .3.

    Parameters
    ----------
    values : any shape, any real dtype
        Modality values: HU for CT, arbitrary units for MR and radiographs. NaN becomes 0.

    Returns
    -------
    same shape, uint8
        0 is black, 255 is white, rounded to the nearest; MONOCHROME1 inversion happens later.

    Raises
    ------
    PixelError
        Width below 1 for LINEAR, not above 0 for the others, or an unknown function.
    """
    _check(window)
    if values.dtype.str[1:] in _TABLE_DTYPES:
        return _look_up(values, _window_table(values.dtype.str[1:], window))
    return _windowed(values, window)


def apply_voi_lut(values: np.ndarray, lut: VoiLut) -> np.ndarray:
    """Map modality values to grey levels with a VOI LUT, PS3.3 C.11.2.1.1.

    Parameters
    ----------
    values : any shape, any real dtype
        Values below `lut.first` take the first entry, values past the end the last one.

    Returns
    -------
    same shape, uint8
        The entry scaled from 0 … 2**bits - 1 to 0 … 255.
    """
    top = 2**lut.bits - 1
    grey = np.clip(lut.table * (255 / top) + 0.5, 0, 255).astype(np.uint8)
    if values.dtype.kind == "f":
        values = np.nan_to_num(np.floor(values + 0.5), nan=lut.first)
    index = np.clip(values.astype(np.int64) - lut.first, 0, len(grey) - 1)
    return grey[index]


def to_grey(
    slice: Slice, window: Window | None = None, *, voi_lut: int | None = None, invert: bool = False
) -> np.ndarray:
    """The slice in grey: VOI, then MONOCHROME1 inversion, then the reader's own.

    Parameters
    ----------
    window : the window in force; None for the slice's own first choice.
    voi_lut : index into `slice.luts`: takes the place of the window.
    invert : the reader asked for the negative.

    Returns
    -------
    (rows, cols) uint8
        Padding is black whatever the rest does (PS3.3 C.7.5.1.1.2). A colour slice gives its luma.
    """
    if slice.is_color:
        luma = np.rint(slice.values @ np.array([0.299, 0.587, 0.114])).astype(np.uint8)
        return 255 - luma if invert else luma
    lut: VoiLut | None = None
    if voi_lut is not None:
        lut = slice.luts[voi_lut]
    elif window is None and slice.luts:
        lut = slice.luts[0]
    if lut is None:
        window = window or default_window(slice)
        _check(window)
    negative = slice.inverted != invert
    values = slice.values
    if values.dtype.str[1:] in _TABLE_DTYPES:
        table = _grey_table(values.dtype.str[1:], window, lut, negative, slice.padding)
        return _look_up(values, table)
    grey = np.empty(values.shape, np.uint8)
    step = max(1, _CHUNK // max(1, values.shape[1]))
    for first in range(0, len(values), step):
        part = values[first : first + step]
        grey[first : first + step] = _grey(part, window, lut, negative, slice.padding)
    return grey


def default_window(slice: Slice) -> Window:
    """The file's first window, else the 1st to 99th percentile of what is neither padding nor covered."""
    return slice.windows[0] if slice.windows else percentile_window(slice)


def percentile_window(slice: Slice, low: float = 1.0, high: float = 99.0) -> Window:
    """A LINEAR_EXACT window between two percentiles of the modality values.

    Falls back to minimum and maximum where the percentiles coincide (a sparse mask), and to width 1
    where the slice is constant. Colour, and slices of padding alone, give the full 8-bit range.
    """
    explanation = f"{low:g}–{high:g} percentile"
    found = None if slice.is_color else _between([slice], low, high)
    if found is None:
        return Window(127.5, 255.0, LINEAR_EXACT, explanation)
    bottom, top = found
    width = top - bottom
    return Window((top + bottom) / 2, width if width > 0 else 1.0, LINEAR_EXACT, explanation)


def pooled_window(slices: Iterable[Slice], low: float = 1.0, high: float = 99.0) -> Window | None:
    """A LINEAR_EXACT window between two percentiles of the modality values of several slices together.

    One for a whole series, so that its brightness does not flicker from slice to slice. Colour is left
    out; None where the slices show nothing, or one value alone.
    """
    found = _between([slice for slice in slices if not slice.is_color], low, high)
    if found is None or not found[1] > found[0]:
        return None
    bottom, top = found
    explanation = f"{low:g}–{high:g} percentile of the series"
    return Window((top + bottom) / 2, top - bottom, LINEAR_EXACT, explanation)


def own_windows(windows: Iterable[Window]) -> tuple[Window, ...]:
    """Those of a file's windows that can be applied."""
    return tuple(window for window in windows if _problem(window) is None)


def window_choices(slice: Slice, modality: str, series: Window | None = None) -> tuple[Window, ...]:
    """What the window list offers: the file's own, then percentiles, then the modality's presets.

    `series` is the window of the slice's series (`pooled_window`), where it is known: it takes the
    place of the slice's own percentiles.
    """
    own = own_windows(slice.windows)
    if slice.is_color:
        return own
    return (*own, series or percentile_window(slice), *PRESETS.get(modality, ()))


def _between(slices: Sequence[Slice], low: float, high: float) -> tuple[float, float] | None:
    """Two percentiles of all the grey slices; minimum and maximum where they coincide; None of nothing."""
    values = [_uncovered(slice) for slice in slices]
    parts = [_real(v[:: max(1, v.size // _SAMPLE)], s.padding) for v, s in zip(values, slices, strict=True)]
    if not any(part.size for part in parts):
        return None
    pooled = np.concatenate(parts)
    bottom, top = _percentiles(pooled, low, high)
    if top > bottom:
        return bottom, top
    seen = [real for v, s in zip(values, slices, strict=True) if (real := _real(v, s.padding)).size]
    return min(float(real.min()) for real in seen), max(float(real.max()) for real in seen)


def _percentiles(values: np.ndarray, low: float, high: float) -> tuple[float, float]:
    """Two percentiles as `np.percentile` gives them; of 8 and 16 bits by counting, five times as fast."""
    if values.dtype.str[1:] not in _TABLE_DTYPES:
        bottom, top = np.percentile(values, (low, high))
        return float(bottom), float(top)
    lowest = int(np.iinfo(values.dtype).min)
    up_to = np.cumsum(np.bincount(values.astype(np.intp) - lowest))
    found = []
    for percent in (low, high):
        at = percent / 100 * (values.size - 1)
        first = math.floor(at)
        ranks = first, min(first + 1, values.size - 1)
        below, above = (int(value) + lowest for value in np.searchsorted(up_to, ranks, side="right"))
        found.append(below + (above - below) * (at - first))
    return found[0], found[1]


def _uncovered(slice: Slice) -> np.ndarray:
    """All values but those under the display shutter: beside a collimated field lies unexposed film."""
    values = slice.values
    return values.ravel() if slice.shutter is None else values[~slice.shutter.hidden]


def _problem(window: Window) -> str | None:
    if window.function not in FUNCTIONS:
        return f"There is no window function {window.function}."
    if not (np.isfinite(window.center) and np.isfinite(window.width)):
        return "The window is not a number."
    if window.function == LINEAR and window.width < 1:
        return f"Window width {window.width:g} is below 1."
    if window.width <= 0:
        return f"Window width {window.width:g} is not above 0."
    return None


def _check(window: Window | None) -> None:
    problem = _problem(window) if window is not None else None
    if problem:
        raise PixelError(problem, remedy="Reset the window.")


def _real(values: np.ndarray, padding: tuple[float, float] | None) -> np.ndarray:
    if values.dtype.kind == "f":
        values = values[np.isfinite(values)]
    if padding is not None:
        values = values[(values < padding[0]) | (values > padding[1])]
    return values


def _windowed(values: np.ndarray, window: Window) -> np.ndarray:
    grey = values.astype(np.float64)
    if window.function == SIGMOID:
        grey -= window.center
        grey *= -4 / window.width
        np.clip(grey, -700, 700, out=grey)  # exp() beyond overflows; 255 and 0 long before
        np.exp(grey, out=grey)
        grey += 1
        np.divide(255, grey, out=grey)
    elif window.function == LINEAR and window.width == 1:
        # The ramp has no width: the standard's two clauses leave a step at center - 0.5.
        grey = np.where(grey > window.center - 0.5, 255.0, np.where(np.isnan(grey), np.nan, 0.0))
    else:
        center, width = window.center, window.width
        if window.function == LINEAR:
            center, width = center - 0.5, width - 1
        grey -= center
        grey *= 255 / width
        grey += 127.5
    grey += 0.5
    np.fmax(grey, 0, out=grey)  # NaN becomes 0
    np.minimum(grey, 255, out=grey)
    return grey.astype(np.uint8)


def _grey(
    values: np.ndarray,
    window: Window | None,
    lut: VoiLut | None,
    negative: bool,
    padding: tuple[float, float] | None,
) -> np.ndarray:
    if lut is not None:
        grey = apply_voi_lut(values, lut)
    else:
        assert window is not None
        grey = _windowed(values, window)
    if negative:
        np.subtract(255, grey, out=grey)
    if padding is not None:
        grey[(values >= padding[0]) & (values <= padding[1])] = 0
    if values.dtype.kind == "f":
        grey[np.isnan(values)] = 0
    return grey


# A table of all values of an 8- or 16-bit dtype, in the order of their unsigned bit patterns: one
# lookup a pixel, and nothing but the lookup when the next slice has the same window.


def _all_values(dtype: str) -> np.ndarray:
    kind = np.dtype(dtype)
    return np.arange(2 ** (8 * kind.itemsize), dtype=f"u{kind.itemsize}").view(kind)


def _look_up(values: np.ndarray, table: np.ndarray) -> np.ndarray:
    native = np.ascontiguousarray(values.astype(values.dtype.newbyteorder("="), copy=False))
    return np.take(table, native.view(f"u{native.dtype.itemsize}"), mode="wrap")  # all are in range


@lru_cache(maxsize=32)
def _window_table(dtype: str, window: Window) -> np.ndarray:
    return _windowed(_all_values(dtype), window)


@lru_cache(maxsize=32)
def _grey_table(
    dtype: str,
    window: Window | None,
    lut: VoiLut | None,
    negative: bool,
    padding: tuple[float, float] | None,
) -> np.ndarray:
    return _grey(_all_values(dtype), window, lut, negative, padding)
