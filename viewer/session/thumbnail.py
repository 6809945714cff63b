"""A small grey picture of a slice for the series tree."""

from __future__ import annotations

import numpy as np

from viewer.imaging.compose import reduced
from viewer.imaging.window import to_grey, window_choices
from viewer.study import Slice

SIDE = 96


def thumbnail(slice: Slice, modality: str, side: int = SIDE) -> np.ndarray:
    """(h, w) uint8, at most `side` on the longer one, square pixels, in the file's own first window."""
    rows, cols = slice.values.shape[:2]
    height, width = rows * slice.header.geometry.aspect, float(cols)
    scale = min(1.0, side / max(height, width))
    h, w = max(1, round(height * scale)), max(1, round(width * scale))
    small = reduced(slice, max(1, min(rows // h, cols // w)))
    choices = () if slice.is_color or slice.luts else window_choices(slice, modality)
    grey = to_grey(small, choices[0] if choices else None)
    at_rows = ((np.arange(h) + 0.5) * grey.shape[0] / h).astype(int)
    at_cols = ((np.arange(w) + 0.5) * grey.shape[1] / w).astype(int)
    return np.ascontiguousarray(grey[np.ix_(at_rows, at_cols)])
