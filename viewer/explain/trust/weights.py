"""Whether a network has learned anything at all: its weights against the same weights shuffled.

Training leaves a layer's weights in an order that random numbers do not have: its strongest direction
(the largest singular value of its matrix) grows beyond that of the same numbers in another order. Weights
that nobody trained are exchangeable, so for them the two are equal, however they were drawn (Marchenko
and Pastur 1967; Martin and Mahoney 2021 for trained networks). No image is needed.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from viewer.explain.capture import Check

SMALLEST = 512
"""Numbers in a matrix below which chance decides too much."""

LAYERS = 24
"""Of more layers than this an even choice is looked at."""

ROWS, COLS = 256, 512
"""Of a larger matrix a part, which shows the same order."""


def learned(network: nn.Module, check: Check, seed: int = 0) -> float | None:
    """Median over the layers of the strongest direction over that of the shuffled weights; about 1 for
    random weights. None where no layer has enough weights to tell."""
    generator = torch.Generator().manual_seed(seed)
    matrices = [value for value in network.parameters() if value.ndim > 1 and value.numel() >= SMALLEST]
    if len(matrices) > LAYERS:
        matrices = [matrices[i] for i in np.linspace(0, len(matrices) - 1, LAYERS).round().astype(int)]
    ratios = []
    for value in matrices:
        check()
        matrix = value.detach().flatten(1)[:ROWS, :COLS].float().cpu()
        if min(matrix.shape) < 8 or not bool(torch.isfinite(matrix).all()) or not bool(matrix.any()):
            continue
        places = torch.randperm(matrix.numel(), generator=generator)
        ratios.append(_strongest(matrix) / _strongest(matrix.flatten()[places].reshape(matrix.shape)))
    return float(np.median(ratios)) if ratios else None


def _strongest(matrix: torch.Tensor) -> float:
    """The largest singular value, from the smaller of the two Gram matrices."""
    gram = matrix @ matrix.T if matrix.shape[0] <= matrix.shape[1] else matrix.T @ matrix
    return float(torch.linalg.eigvalsh(gram)[-1].sqrt())
