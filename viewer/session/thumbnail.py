"""A small grey picture of a slice for the series tree."""

from __future__ import annotations

import numpy as np

from viewer.imaging.section import reduced
from viewer.imaging.window import to_grey, window_choices
from viewer.study import Slice

SIDE = 96


def thumbnail(slice: Slice, modality: str, side: int = SIDE) -> np.ndarray:
    """(h, w) uint8, at most `side` on the longer one, square pixels, in the file's own first window.

    Covered by the file's display shutter; without its graphics, which no eye would read at this size.
    """
    rows, cols = slice.values.shape[:2]
    height, width = rows * slice.header.geometry.aspect, float(cols)
    scale = min(1.0, side / max(height, width))
    h, w = max(1, round(height * scale)), max(1, round(width * scale))
    small = reduced(slice, max(1, rows // h), max(1, cols // w))
    choices = () if slice.is_color or slice.luts else window_choices(slice, modality)
    grey = to_grey(small, choices[0] if choices else None)
    picture = _sampled(grey, h, w)
    if slice.shutter is not None:
        picture[_sampled(slice.shutter.hidden, h, w)] = slice.shutter.grey
    return picture


def _sampled(pixels: np.ndarray, rows: int, cols: int) -> np.ndarray:
    """The pixels under the middles of a coarser grid, a copy."""
    at_rows = ((np.arange(rows) + 0.5) * pixels.shape[0] / rows).astype(int)
    at_cols = ((np.arange(cols) + 0.5) * pixels.shape[1] / cols).astype(int)
    return np.ascontiguousarray(pixels[np.ix_(at_rows, at_cols)])
