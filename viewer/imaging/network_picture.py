"""The network's input as a picture, with a map on it: pixel by pixel as the network saw it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from viewer.imaging.colormap import map_in_force
from viewer.imaging.compose import OverlayLook, blend_table, compose, compose_color, heat_index
from viewer.results import AxisMapping


def input_picture(input: np.ndarray, mean: Sequence[float], std: Sequence[float]) -> np.ndarray:
    """Undo (x - mean) / std: what the network got, as display values.

    Parameters
    ----------
    input : (channels, height, width) float32, as in `SliceResult.input`.
    mean, std : one number for each channel, of the model's card.

    Returns
    -------
    (height, width) uint8, or (height, width, 3) where three channels differ
        Of any other number of channels the first alone.
    """
    center, spread = (np.asarray(values, np.float32).reshape(-1, 1, 1) for values in (mean, std))
    levels = np.clip(np.rint((input * spread + center) * 255), 0, 255).astype(np.uint8)
    if len(levels) == 3 and (levels.max(axis=0) - levels.min(axis=0)).max() > 1:  # 1 is rounding
        return np.ascontiguousarray(np.moveaxis(levels, 0, 2))
    return levels[0]


def on_input(cam: np.ndarray, size: tuple[int, int], *, cells: bool) -> np.ndarray:
    """(h, w) on the network's grid -> (height, width) float32 on its input.

    With `cells` each cell of the grid keeps its own value to its edges, as the network has it; without,
    linear between the centres of the cells, as on the slice.
    """
    cam = cam.astype(np.float32, copy=False)
    if cells:
        down, across = (
            np.minimum(((np.arange(side) + 0.5) * count / side).astype(int), count - 1)
            for side, count in zip(size, cam.shape, strict=True)
        )
        return cam[down][:, across]
    tables = [AxisMapping(side, side, 1.0, 0.0).weights(n) for side, n in zip(size, cam.shape, strict=True)]
    return np.ascontiguousarray(tables[0] @ cam @ tables[1].T)


def network_picture(
    picture: np.ndarray,
    heat: np.ndarray | None,
    overlay: OverlayLook,
    heat_range: tuple[float, float],
) -> np.ndarray:
    """(height, width) uint32 0xffRRGGBB: `input_picture` with `on_input` drawn on it as on the slice."""
    look = (map_in_force(overlay.colormap, overlay.evidence), overlay.opacity, overlay.threshold)
    index = heat_index(heat, heat_range) if heat is not None and overlay.visible else None
    if picture.ndim == 3:
        return compose_color(picture, index, *look, overlay.evidence)
    return compose(picture, index, None if index is None else blend_table(*look, overlay.evidence))
