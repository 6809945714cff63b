"""The CAM family: a layer's captured activation and gradient -> one map on the network's grid.

All are functions of the same capture, so that switching between them costs no pass; `methods` lists them.

Each takes the activation and the gradient of the target's logit, both (channels, *grid), and gives (*grid)
float32, raw and signed; the grid is (h, w), or (d, h, w) of a network for volumes.
"""

from __future__ import annotations

import torch

from viewer.explain.principal import first_direction


def grad_cam(activation: torch.Tensor, gradient: torch.Tensor) -> torch.Tensor:
    """Grad-CAM before its ReLU (Selvaraju et al. 2017, eq. 1 and 2).

    ``sum_k A_k * mean(dy / dA_k)``. Before global average pooling and one linear layer, the
    cells sum to the logit less its bias.
    """
    return _weighted(activation, gradient.float().flatten(1).mean(1))


def grad_cam_plus_plus(activation: torch.Tensor, gradient: torch.Tensor) -> torch.Tensor:
    """Grad-CAM++ (Chattopadhay et al. 2018, eq. 10 and 19), with the gradient of the logit.

    Cells are weighted by ``g^2 / (2 g^2 + sum(A) g^3)``, a channel counts by its positive gradients
    alone: together ``g / (2 + sum(A) g)`` over them, which neither vanishes nor overflows where the powers
    would. The weights are no derivatives, so the map is not in logit units.
    """
    rising = gradient.float().relu()
    total = activation.float().flatten(1).sum(1).reshape(-1, *[1] * (activation.ndim - 1))
    below = (total * rising).add_(2)
    below.masked_fill_(below == 0, torch.inf)
    return _weighted(activation, below.reciprocal_().mul_(rising).flatten(1).sum(1))


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

    As the paper has it, without taking the channels' means away first (pytorch-grad-cam does). Of no
    target: the gradient is not looked at. The direction's sign, which the decomposition leaves open, is
    the one in which the map's sum is positive.
    """
    with torch.autocast(activation.device.type, enabled=False):
        direction = first_direction(activation.float().flatten(1))
    cam = _weighted(activation, direction)
    return -cam if cam.sum() < 0 else cam


def energy(activation: torch.Tensor, gradient: torch.Tensor) -> torch.Tensor:
    """Activation energy: ``sqrt(sum_k A_k^2)``. Where the layer is active at all, for any target."""
    return activation.float().square().sum(0).sqrt()


def _weighted(activation: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    with torch.autocast(activation.device.type, enabled=False):  # or products would be of half precision
        return (weights @ activation.float().flatten(1)).reshape(activation.shape[1:])
