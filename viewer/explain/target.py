"""Which label is explained when nobody names one. NumPy only."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def default_target(labels: Sequence[str], logits: np.ndarray, background: str, against: str = "") -> str:
    """The most probable label that means a finding and is not the one it is held `against`.

    `logits` is (labels,). Where no such label is left, the most probable of the others; of a single
    label, that one.
    """
    order = np.argsort(-logits, kind="stable")  # probabilities may saturate, logits do not
    ranked = [labels[i] for i in order if labels[i] != against] or list(labels)
    return next((label for label in ranked if label != background), ranked[0])
