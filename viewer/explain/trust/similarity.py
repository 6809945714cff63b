"""How alike two maps are: structural similarity and rank correlation, beside what chance gives. NumPy only.

Maps of different layers have different grids: all are compared on one grid over the network's input, and
with their sign, so that a map whose evidence is confined to a few cells still has an order everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from viewer.results import AxisMapping

SIDE = 56
"""Cells of the longer side of the grid on which maps are compared: four to a cell of a 14 x 14 layer."""

WINDOW = 7
"""Side of the window of the structural similarity, in cells of that grid (Wang et al. 2004 used 8)."""

SHUFFLES = 4


@dataclass(frozen=True, slots=True)
class Likeness:
    """Two maps compared: 1 is the same, 0 nothing in common, below 0 the reverse."""

    ssim: float
    rank: float

    def over(self, chance: Likeness) -> float:
        """How far it is from chance (0) to the same map (1): the mean of the two figures' ways."""
        return (over(self.ssim, chance.ssim) + over(self.rank, chance.rank)) / 2


def over(value: float, chance: float) -> float:
    """How far a figure is from chance (0) to perfect (1); no less than 0."""
    return max(0.0, (value - chance) / (1 - chance)) if chance < 1 else 0.0


def grid_of(size: tuple[int, int]) -> tuple[int, int]:
    """The grid on which maps of a network with an input of `size` (h, w) are compared."""
    step = max(1, -(-max(size) // SIDE))
    return max(1, size[0] // step), max(1, size[1] // step)


def on_grid(cam: np.ndarray, grid: tuple[int, int]) -> np.ndarray:
    """(h, w) -> (*grid) float64: linear between cells of a coarser map, the mean of a finer one's."""
    rows, cols = (_to_cells(cells, wanted) for cells, wanted in zip(cam.shape, grid, strict=True))
    return rows @ cam.astype(np.float64) @ cols.T


def _to_cells(cells: int, wanted: int) -> np.ndarray:
    """(wanted, cells): the matrix that resamples one axis."""
    if cells <= wanted:
        return AxisMapping(wanted, wanted, 1.0, 0.0).weights(cells).astype(np.float64)
    edges = np.linspace(0, cells, wanted + 1)
    starts, ends = np.arange(cells), np.arange(1, cells + 1)
    shared = np.minimum(ends, edges[1:, None]) - np.maximum(starts, edges[:-1, None])
    return np.clip(shared, 0, None) * (wanted / cells)


def likeness(first: np.ndarray, second: np.ndarray) -> Likeness | None:
    """Compare two maps from `on_grid`; None where one of them is flat or not a number: it has no order."""
    if not _has_order(first) or not _has_order(second):
        return None
    return Likeness(ssim(_scaled(first), _scaled(second)), rank_correlation(first, second))


def chance_likeness(cam: np.ndarray, grid: tuple[int, int], seed: int = 0) -> Likeness | None:
    """What a map has in common with itself once its cells are shuffled: the mean of a few shuffles."""
    generator = np.random.default_rng(seed)
    shown = on_grid(cam, grid)
    found = []
    for _ in range(SHUFFLES):
        shuffled = generator.permutation(cam.ravel()).reshape(cam.shape)
        found.append(likeness(shown, on_grid(shuffled, grid)))
    return mean_of(found)


def mean_of(found: list[Likeness | None]) -> Likeness | None:
    """The mean of several comparisons; None if any of them has none."""
    known = [one for one in found if one is not None]
    if not known or len(known) < len(found):
        return None
    return Likeness(float(np.mean([one.ssim for one in known])), float(np.mean([one.rank for one in known])))


def rank_correlation(first: np.ndarray, second: np.ndarray) -> float:
    """Spearman's: the correlation of the ranks, equal values sharing their mean rank."""
    one, other = _ranks(first), _ranks(second)
    one, other = one - one.mean(), other - other.mean()
    length = np.sqrt((one @ one) * (other @ other))
    return float(one @ other / length) if length > 0 else 0.0


def ssim(first: np.ndarray, second: np.ndarray) -> float:
    """Mean structural similarity (Wang et al. 2004, eq. 13) of two maps from -1 to 1.

    K1 0.01, K2 0.03, dynamic range 2, uniform window; only windows that lie within the maps count.
    """
    side = min(WINDOW, *first.shape)
    means = [_window_means(part, side) for part in (first, second, first**2, second**2, first * second)]
    mean_a, mean_b, square_a, square_b, product = means
    low, high = (2 * 0.01) ** 2, (2 * 0.03) ** 2
    above = (2 * mean_a * mean_b + low) * (2 * (product - mean_a * mean_b) + high)
    below = (mean_a**2 + mean_b**2 + low) * (square_a - mean_a**2 + square_b - mean_b**2 + high)
    return float(np.mean(above / below))


def _window_means(values: np.ndarray, side: int) -> np.ndarray:
    total = np.zeros((values.shape[0] + 1, values.shape[1] + 1))
    total[1:, 1:] = values.cumsum(0).cumsum(1)
    sums = total[side:, side:] - total[:-side, side:] - total[side:, :-side] + total[:-side, :-side]
    means: np.ndarray = sums / side**2
    return means


def _has_order(values: np.ndarray) -> bool:
    return bool(np.isfinite(values).all() and np.ptp(values) > 1e-6 * np.abs(values).max())


def _scaled(values: np.ndarray) -> np.ndarray:
    scaled: np.ndarray = values / np.abs(values).max()
    return scaled


def _ranks(values: np.ndarray) -> np.ndarray:
    _unique, place, counts = np.unique(values.ravel(), return_inverse=True, return_counts=True)
    ranks: np.ndarray = (np.cumsum(counts) - (counts - 1) / 2)[place]
    return ranks
