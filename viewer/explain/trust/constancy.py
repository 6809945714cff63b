"""Whether the network's answer depends on the image at all; of one that does not, nothing can be said."""

from __future__ import annotations

import numpy as np

from viewer.explain.capture import Check
from viewer.explain.trust.shown import Shown, scores_of

STILL = 1e-5
"""Logits, relative to the answer's size: less is the rounding of 32 bits."""


def is_constant(shown: Shown, check: Check, seed: int = 0) -> bool:
    """Whether the slice, black, noise, and the slice upside down all get the same answer."""
    noise = np.random.default_rng(seed).standard_normal(shown.image.shape).astype(np.float32)
    black = np.broadcast_to(shown.black, shown.image.shape)
    scores = scores_of(shown, np.stack([shown.image, black, noise, shown.image[:, ::-1]]), check)
    return bool(np.ptp(scores) <= STILL * max(1.0, float(np.abs(scores).max())))
