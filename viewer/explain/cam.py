"""The CAM family: a layer's captured activation and gradient -> one map on the network's grid.

To add a method: a function here, its row in `METHODS`, an analytic test.
"""

from __future__ import annotations

from collections.abc import Callable

import torch


def grad_cam(activation: torch.Tensor, gradient: torch.Tensor) -> torch.Tensor:
    """Grad-CAM before its ReLU (Selvaraju et al. 2017, eq. 1 and 2): raw and signed.

    ``sum_k A_k * mean_ij(dy / dA_k)``. Before global average pooling and one linear layer, the
    cells sum to the logit less its bias.

    Parameters
    ----------
    activation, gradient : (channels, h, w); the gradient of the target's logit.

    Returns
    -------
    (h, w) float32, in logit units
    """
    weights = gradient.float().mean(dim=(1, 2))
    return torch.einsum("k,khw->hw", weights, activation.float())


METHODS: dict[str, Callable[[torch.Tensor, torch.Tensor], torch.Tensor]] = {"grad-cam": grad_cam}
