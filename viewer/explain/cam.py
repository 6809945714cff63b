"""The CAM family: a layer's captured activation and gradient -> one map on the network's grid.

All are functions of the same capture, so that switching between them costs no pass; `methods` lists them.

Each takes the activation and the gradient of the target's logit, both (channels, *grid), and gives (*grid)
float32, raw and signed; the grid is (h, w), or (d, h, w) of a network for volumes.
"""

from __future__ import annotations

import torch


def grad_cam(activation: torch.Tensor, gradient: torch.Tensor) -> torch.Tensor:
    """Grad-CAM before its ReLU (Selvaraju et al. 2017, eq. 1 and 2).

    ``sum_k A_k * mean(dy / dA_k)``. Before global average pooling and one linear layer, the
    cells sum to the logit less its bias.
    """
    return _weighted(activation, gradient.float().flatten(1).mean(1))


def grad_cam_plus_plus(activation: torch.Tensor, gradient: torch.Tensor) -> torch.Tensor:
    """Grad-CAM++ (Chattopadhay et al. 2018, eq. 10 and 19), with the gradient of the logit.

    Cells are weighted by ``g^2 / (2 g^2 + sum(A) g^3)``; a channel counts by its positive gradients
    alone. The weights are no derivatives, so the map is not in logit units.
    """
    grad = gradient.float()
    squared = grad.square()
    total = activation.float().flatten(1).sum(1).reshape(-1, *[1] * (activation.ndim - 1))
    below = 2 * squared + total * squared * grad
    alpha = torch.where(below == 0, torch.zeros_like(below), squared / below)
    return _weighted(activation, (alpha * grad.relu()).flatten(1).sum(1))


def hires_cam(activation: torch.Tensor, gradient: torch.Tensor) -> torch.Tensor:
    """HiResCAM (Draelos and Carin 2020): ``sum_k A_k * dy / dA_k``, cell by cell."""
    return (activation.float() * gradient.float()).sum(0)


def layer_cam(activation: torch.Tensor, gradient: torch.Tensor) -> torch.Tensor:
    """LayerCAM before its ReLU (Jiang et al. 2021, eq. 5 and 6): as HiResCAM, positive gradients alone."""
    return (activation.float() * gradient.float().relu()).sum(0)


def xgrad_cam(activation: torch.Tensor, gradient: torch.Tensor) -> torch.Tensor:
    """XGrad-CAM (Fu et al. 2020, eq. 8): a channel's gradient is averaged where the channel is active.

    The cells sum to ``sum(A * dy / dA)`` whatever the network (the axiom of conservation).
    """
    values = activation.float().flatten(1)
    total = values.sum(1)
    weights = (values * gradient.float().flatten(1)).sum(1) / torch.where(total == 0, 1, total)
    return _weighted(activation, torch.where(total == 0, torch.zeros_like(weights), weights))


def eigen_cam(activation: torch.Tensor, gradient: torch.Tensor) -> torch.Tensor:
    """EigenCAM (Muhammad and Yeasin 2020): the activation along its first principal direction.

    Of no target: the gradient is not looked at. The direction's sign, which the decomposition leaves
    open, is the one in which the map's sum is positive.
    """
    values = activation.float().flatten(1)
    # The smaller of the two Gram matrices has the same first direction, and an eigenvector for certain.
    wide = values.shape[0] <= values.shape[1]
    gram = values @ values.T if wide else values.T @ values
    vector = torch.linalg.eigh(gram.double())[1][:, -1].float()
    direction = vector if wide else values @ vector
    length = direction.norm()
    cam = _weighted(activation, direction / length if length > 0 else direction)
    return -cam if cam.sum() < 0 else cam


def energy(activation: torch.Tensor, gradient: torch.Tensor) -> torch.Tensor:
    """Activation energy: ``sqrt(sum_k A_k^2)``. Where the layer is active at all, for any target."""
    return activation.float().square().sum(0).sqrt()


def _weighted(activation: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    return torch.einsum("k,k...->...", weights, activation.float())
