"""Network grid -> heatmap on the slice grid, by the exact inverse of the preprocessing. NumPy only."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from viewer.explain.methods import METHODS
from viewer.results import AxisMapping, Heatmap, InputMapping, SliceResult


def make_heatmap(result: SliceResult, layer_name: str) -> Heatmap:
    """One layer's map of a result on the slice grid.

    The heatmap is `empty` when no pixel of the slice carries positive evidence: evidence in the
    border that letterboxing adds is not evidence in the slice.
    """
    layer = next(layer for layer in result.layers if layer.name == layer_name)
    cam = result.cams[layer_name]
    values = to_slice(cam, result.mapping)
    return Heatmap(
        key=result.key,
        layer=layer,
        values=values,
        raw_range=(float(cam.min()), float(cam.max())),
        empty=not bool(values.max() > 0),
        nothing_against=not bool(values.min() < 0),
        unit=METHODS[result.key.method].unit or "a.u.",
    )


def to_slice(cam: np.ndarray, mapping: InputMapping) -> np.ndarray:
    """(h, w) on the network's grid -> (rows, cols) float32 on the slice grid.

    Linear between the centres of the cells; 0 where the network did not see the slice.
    """
    down = _weights(mapping.rows, cam.shape[0])
    across = _weights(mapping.cols, cam.shape[1])
    return np.ascontiguousarray(down @ cam.astype(np.float32, copy=False) @ across.T)


@lru_cache(maxsize=256)
def _weights(axis: AxisMapping, cells: int) -> np.ndarray:
    table = axis.weights(cells)
    table.setflags(write=False)
    return table
