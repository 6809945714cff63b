"""What would the network say without this? A box of the slice is covered, and the network is asked again.

The slice is covered before its preprocessing, in modality values: percentiles and the resize then see the
covered slice too, as they would if it had come from the scanner so. Covering the network's input instead
would leave the box's influence on both in the answer.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from viewer.errors import ModelError
from viewer.explain.passes import in_words
from viewer.inference.loading import LoadedModel
from viewer.inference.predict import prediction_of
from viewer.inference.preprocess import prepare
from viewer.results import WhatIf
from viewer.study import Box, Slice

RING = 0.15
"""Width of the ring that the mean is taken of, in shares of the box's shorter side; at least 2 pixels."""


def ask_covered(loaded: LoadedModel, slice: Slice, box: Box) -> WhatIf:
    """One forward pass over the slice with `box` covered.

    On a thread of its own `loaded` is a twin. Raises ModelError where no pixel lies in the box, and where
    the network cannot answer; it never leaves its device, for its weights are another network's too.
    """
    covered = cover(slice, box)
    if covered is None:
        raise ModelError("The box covers no pixel of the slice.", remedy="Draw it on the slice.")
    image, _ = prepare(covered, loaded.card.input)
    with in_words(loaded), torch.no_grad():
        logits = loaded.module(torch.from_numpy(image)[None].to(loaded.device))
        prediction = prediction_of(loaded.card, logits)
    return WhatIf(slice.header.key, loaded.bundle.digest, box, prediction)


def cover(slice: Slice, box: Box) -> Slice | None:
    """The slice with a box filled with the mean of the ring around it; None if no pixel lies in it.

    Where the box leaves no ring, the slice's own median fills it. Pixels that are padding or no number do
    not count; those in the box are filled like the others.
    """
    rows, cols = slice.values.shape[:2]
    down, across = box.pixels(rows, cols)
    high, wide = down.stop - down.start, across.stop - across.start
    if high <= 0 or wide <= 0:
        return None
    reach = max(2, round(RING * min(high, wide)))
    top, left = max(down.start - reach, 0), max(across.start - reach, 0)
    near = slice.values[top : down.stop + reach, left : across.stop + reach]
    around = _real(slice, near)
    around[down.start - top : down.stop - top, across.start - left : across.stop - left] = False
    if around.any():
        fill = near[around].mean(axis=0, dtype=np.float64)
    else:
        fill = np.median(slice.values[_real(slice, slice.values)] if not slice.is_color else slice.values)
    values = slice.values.copy()
    values[down, across] = np.rint(fill) if values.dtype.kind in "iu" else fill
    return replace(slice, values=values)


def _real(slice: Slice, values: np.ndarray) -> np.ndarray:
    """(rows, cols) bool: where there is a pixel with a number in it; everywhere, if nowhere."""
    if slice.is_color:
        return np.ones(values.shape[:2], bool)
    real = np.isfinite(values)
    if slice.padding is not None:
        low, high = slice.padding
        real &= (values < low) | (values > high)
    return real if real.any() else np.ones(values.shape, bool)
