"""How well a map agrees with a region: scores, each beside what the same map would reach by chance.

The chance level is exact or nearly so for the region at hand: the score expected of the map's own values
dealt out to the pixels at random. It knows nothing of anatomy or of smoothness, so a table of these scores
carries maps that do, too: `centre_blob` and random maps on the layer's own grid. NumPy only.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

FIXED = 0.5
"""Of the map's maximum: where a fixed threshold cuts."""
HOTTEST = 0.95
"""Quantile of the map's pixels: a percentile threshold keeps the hottest twentieth."""
EHR_FLOOR = 0.1
EHR_STEPS = 11

TITLES = {
    "pointing": "Pointing game",
    "energy": "Energy in the region",
    "iou-fixed": "IoU at half of the maximum",
    "dice-fixed": "Dice at half of the maximum",
    "iou-percentile": "IoU of the hottest 5 %",
    "dice-percentile": "Dice of the hottest 5 %",
    "iou-otsu": "IoU at Otsu's threshold",
    "dice-otsu": "Dice at Otsu's threshold",
    "iou-best": "IoU at the best threshold",
    "dice-best": "Dice at the best threshold",
    "auprc": "AUPRC",
    "in-out": "Mean inside less mean outside",
    "ehr": "Effective Heat Ratio, AUC",
}
"""Id -> name of every score, in the order in which `scores` gives them."""

NO_PIXEL = "The region holds no pixel of the slice."
ALL_PIXELS = "The region covers the whole slice: every map agrees with it."
NO_NUMBER = "The map holds values that are no numbers."
NO_EVIDENCE = "The map holds no positive evidence: there is nothing to place."
FLAT = "The map is the same everywhere: it points nowhere."


@dataclass(frozen=True, slots=True)
class Score:
    """One score of one map: `value` and `chance`, or both None and `undefined` says why in a sentence."""

    id: str
    value: float | None
    chance: float | None
    undefined: str = ""

    @property
    def title(self) -> str:
        return TITLES[self.id]


def box_mask(shape: tuple[int, int], *, top: float, left: float, bottom: float, right: float) -> np.ndarray:
    """(rows, cols) bool: pixels whose centre lies in the box; edges in slice pixels (pixel i: i … i + 1)."""
    rows, cols = np.arange(shape[0]) + 0.5, np.arange(shape[1]) + 0.5
    return ((rows >= top) & (rows < bottom))[:, None] & ((cols >= left) & (cols < right))[None]


def centre_blob(shape: tuple[int, int]) -> np.ndarray:
    """(rows, cols) float32: a Gaussian at the middle of the slice, sigma a sixth of its sides: a control."""
    rows, cols = ((np.arange(n) + 0.5 - n / 2) / (n / 6) for n in shape)
    return np.exp(-0.5 * (rows[:, None] ** 2 + cols[None] ** 2)).astype(np.float32)


def undefined(values: np.ndarray, region: np.ndarray) -> str:
    """Why nothing can be said of this map and this region; "" where it can."""
    low, high = float(values.min()), float(values.max())
    return undefined_of(low, high, pixels=int(np.count_nonzero(region)), of=region.size)


def undefined_of(low: float, high: float, *, pixels: int, of: int) -> str:
    """The same of a map from `low` to `high` and a region of so many of the slice's `of` pixels."""
    if not pixels:
        return NO_PIXEL
    if pixels == of:
        return ALL_PIXELS
    if not (np.isfinite(low) and np.isfinite(high)):  # a NaN is both minimum and maximum
        return NO_NUMBER
    if high <= 0:
        return NO_EVIDENCE
    return FLAT if high == low else ""


def scores(values: np.ndarray, region: np.ndarray) -> tuple[Score, ...]:
    """All scores of one map against one region.

    Parameters
    ----------
    values : (rows, cols) float
        A map, signed. AUPRC ranks all its values; the other scores look at its positive part, "in-out"
        and "ehr" scaled to a maximum of 1.
    region : (rows, cols) bool

    Returns
    -------
    one `Score` for each of `TITLES`, undefined together where `undefined` says so.
    """
    if values.shape != region.shape:
        raise ValueError(f"a map of {values.shape} and a region of {region.shape}")
    why = undefined(values, region)
    if why:
        return tuple(Score(id, None, None, why) for id in TITLES)
    heat = np.maximum(values, 0).astype(np.float64)
    heat /= heat.max()
    found = {
        "pointing": pointing_game(heat, region),
        "energy": energy_inside(heat, region),
        "auprc": average_precision(values, region),
        "in-out": inside_less_outside(heat, region),
        "ehr": effective_heat_ratio(heat, region),
        **_overlaps(heat, region),
    }
    return tuple(Score(id, float(found[id][0]), float(found[id][1])) for id in TITLES)


Figure = tuple[float, float]
"""A score and its chance level."""


def pointing_game(heat: np.ndarray, region: np.ndarray) -> Figure:
    """Whether the maximum lies in the region (Zhang et al. 2018); of several, the share that does."""
    return float(region[heat == heat.max()].mean()), float(region.mean())


def energy_inside(heat: np.ndarray, region: np.ndarray) -> Figure:
    """Share of all heat that lies in the region (Wang et al. 2020, energy-based pointing game)."""
    return float(heat[region].sum() / heat.sum()), float(region.mean())


def inside_less_outside(heat: np.ndarray, region: np.ndarray) -> Figure:
    """Mean heat in the region less mean heat outside; its chance level is 0."""
    return float(heat[region].mean() - heat[~region].mean()), 0.0


def average_precision(values: np.ndarray, region: np.ndarray) -> Figure:
    """Area under precision over recall, stepwise, equal values together; chance is the region's share."""
    kept, hits = _ranked(values, region)
    recall = hits / hits[-1]
    return float((np.diff(recall, prepend=0.0) * hits / kept).sum()), float(region.mean())


def effective_heat_ratio(heat: np.ndarray, region: np.ndarray) -> Figure:
    """Area under the Effective Heat Ratio over its quantile (Zhang et al. 2021, InputIBA).

    `heat` (0 … 1) below 0.1 is zero. For each of eleven quantiles of what is left, at most 0.99 of the
    maximum: the heat in the region, over the number of pixels kept. Scaled by the heat itself, so two maps
    compare only beside their chance levels: the region's share of what a region of all pixels would reach.
    """
    left = heat[heat >= EHR_FLOOR]
    steps = np.linspace(0, 1, EHR_STEPS)
    cuts = np.minimum(np.quantile(left, steps), 0.99 * heat.max())
    inside, everywhere = [], []
    for cut in cuts:
        kept = heat >= cut
        inside.append(heat[kept & region].sum() / kept.sum())
        everywhere.append(heat[kept].mean())
    return float(np.trapezoid(inside, steps)), float(region.mean() * np.trapezoid(everywhere, steps))


def overlap(kept: np.ndarray, region: np.ndarray) -> tuple[Figure, Figure]:
    """(IoU, its chance), (Dice, its chance) of the pixels kept, (rows, cols) bool, and the region."""
    iou, dice = overlap_of(kept.sum(), (kept & region).sum(), pixels=int(region.sum()), of=region.size)
    return (float(iou[0]), float(iou[1])), (float(dice[0]), float(dice[1]))


def otsu(heat: np.ndarray) -> float:
    """The threshold that parts the values best into two (Otsu 1979), over 256 bins: the middle of a bin."""
    counts, edges = np.histogram(heat, bins=256)
    middles = (edges[1:] + edges[:-1]) / 2
    below, sums = np.cumsum(counts), np.cumsum(counts * middles)
    above = below[-1] - below
    apart = np.zeros(256)
    both = (below > 0) & (above > 0)
    gap = sums[both] / below[both] - (sums[-1] - sums[both]) / above[both]
    apart[both] = below[both] * (above[both] / below[-1]) * gap**2
    return float(middles[int(apart.argmax())])


def _overlaps(heat: np.ndarray, region: np.ndarray) -> dict[str, Figure]:
    """IoU and Dice at the four thresholds; the best one is best for both, and never keeps heatless pixels."""
    cuts: dict[str, np.ndarray] = {
        "fixed": heat >= FIXED,
        "percentile": heat >= max(float(np.quantile(heat, HOTTEST)), np.finfo(np.float64).tiny),
        "otsu": heat > otsu(heat),
    }
    found: dict[str, Figure] = {}
    for name, kept in cuts.items():
        found[f"iou-{name}"], found[f"dice-{name}"] = overlap(kept, region)
    warm = heat > 0
    counts, hits = _ranked(heat[warm], region[warm])
    iou, dice = overlap_of(counts, hits, pixels=int(region.sum()), of=region.size)
    found["iou-best"] = float(iou[0].max()), float(iou[1].max())
    found["dice-best"] = float(dice[0].max()), float(dice[1].max())
    return found


def overlap_of(
    counts: np.ndarray | int, hits: np.ndarray | int, *, pixels: int, of: int
) -> tuple[np.ndarray, np.ndarray]:
    """((2, n) IoU and chance, (2, n) Dice and chance) for n thresholds that keep `counts` pixels, `hits` of
    them in a region of so many of the slice's `of` pixels; chance is that of the overlap expected, for IoU
    below the true one by less than 1/pixels."""
    both = np.stack([np.asarray(hits, float), np.asarray(counts) * (pixels / of)])
    total = np.asarray(counts) + pixels
    return both / (total - both), 2 * both / total


def _ranked(values: np.ndarray, region: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For every different value as threshold, from the highest: pixels kept, and those in the region."""
    order = np.argsort(values, axis=None)[::-1]
    ranked, inside = values.ravel()[order], region.ravel()[order]
    last = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True))
    return last + 1, np.cumsum(inside)[last]


def interval(
    values: np.ndarray,
    *,
    groups: np.ndarray | None = None,
    level: float = 0.95,
    resamples: int = 2000,
    seed: int = 0,
) -> tuple[float, float]:
    """Bootstrap interval of the mean over slices, or, with `groups`, drawing whole patients.

    Parameters
    ----------
    values : (n,) float, one for each slice; NaN where undefined: left out, as they are of the mean.
    groups : (n,) of anything comparable: which patient each slice is of.
    level : share of the resamples' means between the two ends (percentile interval, Efron 1979).

    Returns
    -------
    (low, high); NaN twice where no value is defined.
    """
    defined = np.isfinite(values)
    if not defined.any():
        return float("nan"), float("nan")
    kept = values[defined].astype(np.float64)
    which = np.arange(kept.size) if groups is None else np.unique(groups[defined], return_inverse=True)[1]
    sums, counts = np.bincount(which, kept), np.bincount(which)
    rng = np.random.default_rng(seed)
    drawn = rng.integers(0, sums.size, (resamples, sums.size))
    means = sums[drawn].sum(1) / counts[drawn].sum(1)
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
