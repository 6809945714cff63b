"""Whether maps that should tell the same do: of neighbouring layers, and of the methods of one capture.

What is compared is the evidence for the finding, where the overlay shows it: the faint rest of a map, which
nobody sees, has an order of its own that means nothing. NumPy only: works on maps that are there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from viewer.explain.trust.similarity import SHUFFLES, on_grid


def overlap(first: np.ndarray, second: np.ndarray, grid: tuple[int, int]) -> float | None:
    """Correlation of the positive evidence of two maps: 1 the same places, 0 none in common.

    None where one of them has no positive evidence, or is the same everywhere.
    """
    one, other = (np.maximum(on_grid(cam, grid), 0).ravel() for cam in (first, second))
    if not all(np.isfinite(part).all() and np.ptp(part) > 1e-6 * part.max() for part in (one, other)):
        return None
    one, other = one - one.mean(), other - other.mean()
    return float(one @ other / np.sqrt((one @ one) * (other @ other)))


def with_neighbours(
    cams: Mapping[str, np.ndarray], order: Sequence[str], layer: str, grid: tuple[int, int]
) -> float | None:
    """Mean overlap of the map of `layer` with those of the layers before and after it in `order`."""
    at = list(order).index(layer)
    beside = [order[i] for i in (at - 1, at + 1) if 0 <= i < len(order)]
    return _mean([overlap(cams[layer], cams[name], grid) for name in beside])


def with_methods(cam: np.ndarray, others: Mapping[str, np.ndarray], grid: tuple[int, int]) -> float | None:
    """Mean overlap of a map with what other methods (id -> map) show of the same layer."""
    return _mean([overlap(cam, other, grid) for other in others.values()])


def by_chance(cam: np.ndarray, grid: tuple[int, int], seed: int = 0) -> float | None:
    """Overlap of a map with itself once its cells are shuffled: the mean of a few shuffles."""
    generator = np.random.default_rng(seed)
    shuffled = (generator.permutation(cam.ravel()).reshape(cam.shape) for _ in range(SHUFFLES))
    return _mean([overlap(cam, other, grid) for other in shuffled])


def _mean(found: Sequence[float | None]) -> float | None:
    """None if there is nothing, or any of it has no number."""
    known = [one for one in found if one is not None]
    return float(np.mean(known)) if known and len(known) == len(found) else None
