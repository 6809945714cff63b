"""What the pixels of a region say: modality values, and the heatmap's energy and overlap on them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from viewer.annotate import interior
from viewer.annotate.mark import Figure, Histogram, Statistics
from viewer.explain.trust import regions
from viewer.study import Slice

PIXELS, MEAN, SD, MINIMUM, MAXIMUM, MEDIAN = "Pixels", "Mean", "SD", "Minimum", "Maximum", "Median"
ENERGY, OVERLAP = "Heat inside", "IoU at half maximum"

NO_PIXEL = "The centre of no pixel lies in this region."
COLOR = "A colour image has no modality values."
ALL_PADDING = "All pixels of this region are padding: nothing was measured there."
NO_NUMBER = "No pixel of this region holds a number."

_MOST_BINS = 64
_COUNTED = ("i1", "u1", "i2", "u2")
"""Types of so few values that counting each is quicker than sorting."""
_PART = 1 << 18
"""Values worked on at once: what the processor's cache holds."""


def region_statistics(
    kind: str, points: Sequence[tuple[float, float]], slice: Slice, heat: np.ndarray | None = None
) -> Statistics:
    """Statistics of the modality values in a region, and of a heatmap's positive part.

    Parameters
    ----------
    kind, points : of a region; (x, y) in slice pixels. `interior` tells which pixels lie in it.
    heat : (rows, cols) float, signed, the map on the slice's grid; None without one.

    Returns
    -------
    Statistics
        Number of pixels, mean, SD (of these very pixels: divided by their number, as NumPy does), minimum,
        maximum and median; in SUV where the slice knows it, else in the unit of its modality values. Padding
        and what is no number are left out, and `notes` says how many. With a map the share of all its heat
        that lies in the region, and the overlap with what has half its maximum and more, each beside what
        chance gives (`explain.trust.regions`).
    """
    where = interior.runs(kind, points, (slice.values.shape[0], slice.values.shape[1]))
    if not len(where[0]):
        return Statistics(why_not=NO_PIXEL)
    evidence, notes = _evidence(heat, where) if heat is not None else ((), ())
    if slice.is_color:
        count = int((where[1] - where[0]).sum())
        return Statistics((Figure(PIXELS, count), *evidence), None, COLOR, notes)
    sample = _sample(slice.values, where, slice.padding)
    notes = (*sample.left_out(), *notes)
    if not sample.count:
        return Statistics(evidence, None, ALL_PADDING if sample.padding else NO_NUMBER, notes)
    factor, unit = (slice.suv, "SUV") if slice.suv is not None else (1.0, slice.header.unit)
    named = zip((MEAN, SD, MINIMUM, MAXIMUM, MEDIAN), sample.moments, strict=True)
    figures = [Figure(name, value * factor, unit) for name, value in named]
    low, high, counts = sample.bins
    histogram = Histogram(low * factor, high * factor, tuple(counts.tolist()))
    return Statistics((Figure(PIXELS, sample.count), *figures, *evidence), histogram, "", notes)


@dataclass(frozen=True, eq=False, slots=True)
class _Sample:
    """Statistics of `count` values; `moments` are mean, SD, minimum, maximum and median, `bins` the first and
    last edge of a histogram and its counts; `padding` and `no_number` count what was left out."""

    count: int
    moments: tuple[float, ...] = ()
    bins: tuple[float, float, np.ndarray] = (0.0, 0.0, np.zeros(0, np.int64))
    padding: int = 0
    no_number: int = 0

    def left_out(self) -> tuple[str, ...]:
        found = (self.padding, "padding"), (self.no_number, "without a number")
        return tuple(
            f"{count} {'pixel' if count == 1 else 'pixels'} left out: {what}."
            for count, what in found
            if count
        )


def _sample(values: np.ndarray, where: interior.Runs, padding: tuple[float, float] | None) -> _Sample:
    """Statistics of the values in a region, without padding and what is no number."""
    if values.dtype.str[1:] in _COUNTED:
        return _of_counts(*_frequencies(values, where), padding)
    inside = np.concatenate(list(interior.parts_inside(values, where)))
    number = np.isfinite(inside)
    no_number = inside.size - int(np.count_nonzero(number))
    kept = inside[number] if no_number else inside
    if padding is not None:
        padded = (kept >= padding[0]) & (kept <= padding[1])
        kept = kept[~padded]
    left_out = inside.size - no_number - kept.size
    if not kept.size:
        return _Sample(0, padding=left_out, no_number=no_number)
    mean = float(kept.mean(dtype=np.float64))
    low, high = float(kept.min()), float(kept.max())
    moments = mean, float(kept.std(dtype=np.float64)), low, high, _median(kept)
    return _Sample(kept.size, moments, _bins(kept, low, high), left_out, no_number)


def _frequencies(values: np.ndarray, where: interior.Runs) -> tuple[np.ndarray, np.ndarray]:
    """The different values of 8 or 16 bits in a region, ascending, and how often each occurs, int64."""
    kind = np.iinfo(values.dtype)
    counts = np.zeros(kind.max - kind.min + 1, np.int64)
    for part in interior.parts_inside(values, where):
        counts += np.bincount(part.view(f"u{values.dtype.itemsize}"), minlength=len(counts))
    counts = np.roll(counts, -kind.min)  # two's complement: what is negative lies above
    found = np.flatnonzero(counts)
    return found + kind.min, counts[found]


def _of_counts(found: np.ndarray, counts: np.ndarray, padding: tuple[float, float] | None) -> _Sample:
    """The same of integers, exact, from how often each value occurs."""
    size_in_all = int(counts.sum())
    if padding is not None:
        real = (found < padding[0]) | (found > padding[1])
        found, counts = found[real], counts[real]
    count = int(counts.sum())
    left_out = size_in_all - count
    if not count:
        return _Sample(0, padding=left_out)
    total, squares = int(found @ counts), int((found * found) @ counts)
    sd = math.sqrt(count * squares - total * total) / count
    up_to = np.cumsum(counts)
    middle = np.searchsorted(up_to, [(count - 1) // 2, count // 2], side="right")
    low, high = int(found[0]), int(found[-1])
    # Bins as wide as whole values: others would hold now one value more, now one less.
    width = -(-(high - low + 1) // _bin_count(count))
    size = -(-(high - low + 1) // width)
    binned = np.bincount((found - low) // width, weights=counts, minlength=size).astype(np.int64)
    moments = total / count, sd, float(low), float(high), float(found[middle].mean())
    return _Sample(count, moments, (float(low), float(low + width * size), binned), left_out)


def _median(values: np.ndarray) -> float:
    """As `np.median`, which looks for NaN once more."""
    ranks = (values.size - 1) // 2, values.size // 2
    parted = np.partition(values, ranks[0] if ranks[0] == ranks[1] else ranks)
    return (float(parted[ranks[0]]) + float(parted[ranks[1]])) / 2


def _bins(values: np.ndarray, low: float, high: float) -> tuple[float, float, np.ndarray]:
    if not high > low or not math.isfinite(high - low):
        return low - 0.5, low + 0.5, np.array([values.size])
    size = _bin_count(values.size)
    counts, _ = np.histogram(values, bins=size, range=(low, high))
    return low, high, counts


def _bin_count(count: int) -> int:
    """Twice the cube root of the number of values (Rice), but no more than a small picture can show."""
    return min(math.ceil(2 * count ** (1 / 3)), _MOST_BINS)


def _evidence(heat: np.ndarray, where: interior.Runs) -> tuple[tuple[Figure, ...], tuple[str, ...]]:
    """The heatmap's figures, and in a sentence why there are none."""
    pixels = int((where[1] - where[0]).sum())
    top = float(heat.max())
    why = regions.undefined_of(float(heat.min()), top, pixels=pixels, of=heat.size)
    if why:
        return (), (why,)
    energy, hits = _heat_of(interior.parts_inside(heat, where), regions.FIXED * top)
    everything = heat.reshape(-1)
    parts = (everything[start : start + _PART] for start in range(0, heat.size, _PART))
    everywhere, kept = _heat_of(parts, regions.FIXED * top)
    (overlap, by_chance), _ = regions.overlap_of(kept, hits, pixels=pixels, of=heat.size)
    share = pixels / heat.size
    return (
        Figure(ENERGY, energy / everywhere, chance=share),
        Figure(OVERLAP, float(overlap), chance=float(by_chance)),
    ), ()


def _heat_of(parts: Iterable[np.ndarray], threshold: float) -> tuple[float, int]:
    """The sum of what is positive in all parts of a map, and how many values reach a threshold."""
    total, kept = 0.0, 0
    for part in parts:
        total += float(np.maximum(part, 0).sum(dtype=np.float64))
        kept += int(np.count_nonzero(part >= threshold))
    return total, kept
