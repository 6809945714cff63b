"""Where the patient is in a slice, from its values alone; None where no body can be told from the rest.

Outside is what is dark, even and joined to the edge of the picture. So lungs and cavities are inside
without any filling, and a radiograph whose patient reaches every edge has no outside at all.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from viewer.explain.trust.blobs import blocks, grown, label, shrunk, unblocked
from viewer.study import Slice

_SIDE = 192
"""Pixels of the longer side on which the body is looked for: noise is averaged, couch tops are thin."""
_AIR = -350.0
"""HU between air (with clothes and blankets) and fat."""
_DARK = 0.10
"""Share of the picture's range below which an edge is background, where its noise does not say more."""
_NOISY = 0.25
"""… and at most, however noisy."""
_LEAST, _MOST = 0.02, 0.97
"""Shares of the picture between which an outside is believed."""
_EMPTY = 0.7
"""Share of what is not body that is dark at least: of the rest are couch, blankets, text."""
_PART = 0.1
"""A part of the body is at least so large, in shares of the largest: an arm is, a label is not."""
_RAGGED = 0.85
"""Share of the body that a disc of nine pixels (of 192) reaches at least: echoes in ultrasound are ragged."""
_CONTRAST = 0.12
"""Of the picture's range: how much brighter than outside the rim of the body is at least."""


def grey_of(slice: Slice) -> np.ndarray:
    """(rows, cols) float32: bright is bright on the screen; padding and what is no number is the darkest."""
    values = slice.values
    if slice.is_color:
        return values.astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32)
    grey = values.astype(np.float32)
    hidden = ~np.isfinite(grey)
    if slice.padding is not None:
        low, high = slice.padding
        hidden |= (grey >= low) & (grey <= high)
    if slice.inverted:
        grey = -grey
    if hidden.any():
        grey[hidden] = grey[~hidden].min() if not hidden.all() else 0.0
    return grey


@lru_cache(maxsize=16)
def body_mask(slice: Slice) -> np.ndarray | None:
    """(rows, cols) bool, read-only: True on the patient, holes filled; None where it cannot be told.

    The couch, a blanket and text beside the patient are outside; so is what the scanner did not fill.
    In ultrasound and in photographs dark places are no less body than bright ones: there it is None.
    """
    if slice.is_color or slice.header.regions:
        return None
    grey = grey_of(slice)
    step = max(1, -(-max(grey.shape) // _SIDE))
    small = blocks(grey, step)
    low, high = (float(value) for value in np.percentile(small, (0.5, 99.5)))
    if not high > low:
        return None
    hounsfield = slice.header.unit == "HU" and not slice.inverted
    limit = _AIR if hounsfield else _limit(small, low, high)
    outside = _joined_to_edge(small < limit)
    body = _parts(~outside)
    share = float(body.mean())
    if not _LEAST < 1 - share < _MOST or outside.sum() < _EMPTY * (~body).sum():
        return None
    rim = body & grown(~body, 3) & ~grown(~body, 1)
    if (grown(shrunk(body, 4), 4) & body).sum() < _RAGGED * body.sum():
        return None
    if not rim.any() or np.median(small[rim]) - np.median(small[outside]) < _CONTRAST * (high - low):
        return None
    mask = unblocked(body, step, (grey.shape[0], grey.shape[1]))
    mask.setflags(write=False)
    return mask


def _limit(small: np.ndarray, low: float, high: float) -> float:
    """What is darker may be background: a tenth of the range, or more above a noisy one."""
    frame = np.concatenate([small[0], small[-1], small[:, 0], small[:, -1]])
    dark = frame[frame < low + _NOISY * (high - low)]
    if not dark.size:
        return low
    middle = float(np.median(dark))
    spread = 1.48 * float(np.median(np.abs(dark - middle)))
    return min(max(low + _DARK * (high - low), middle + 4 * spread), low + _NOISY * (high - low))


def _joined_to_edge(dark: np.ndarray) -> np.ndarray:
    labels, _ = label(dark)
    edge = np.unique(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]]))
    return np.isin(labels, edge[edge > 0])


def _parts(solid: np.ndarray) -> np.ndarray:
    """The large parts, once what is thin (couch, wires, text, a thread to the edge) is gone."""
    labels, count = label(grown(shrunk(solid, 1), 1) & solid)
    if not count:
        return np.zeros_like(solid)
    sizes = np.bincount(labels.ravel())[1:]
    kept = 1 + np.flatnonzero(sizes >= _PART * sizes.max())
    return ~_joined_to_edge(~np.isin(labels, kept))
