"""Whether maps that should tell the same do: of neighbouring layers, and of the methods of one capture.

NumPy only: works on maps that are there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from viewer.explain.trust.similarity import Likeness, likeness, mean_of, on_grid


def with_neighbours(
    cams: Mapping[str, np.ndarray], order: Sequence[str], layer: str, grid: tuple[int, int]
) -> Likeness | None:
    """The map of `layer` against those of the layers before and after it in `order`; None without any."""
    at = list(order).index(layer)
    beside = [order[i] for i in (at - 1, at + 1) if 0 <= i < len(order)]
    shown = on_grid(cams[layer], grid)
    return mean_of([likeness(shown, on_grid(cams[name], grid)) for name in beside])


def with_methods(cam: np.ndarray, others: Mapping[str, np.ndarray], grid: tuple[int, int]) -> Likeness | None:
    """A map against what other methods (id -> map) show of the same layer."""
    shown = on_grid(cam, grid)
    return mean_of([likeness(shown, on_grid(other, grid)) for other in others.values()])
