"""Whatever a layer gives out, as a grid of channels: (channels, h, w), or (channels, d, h, w).

Convolutions give (1, channels, *grid). Swin transformers keep channels last; vision transformers
give one row of tokens, the class token first. A layer without a grid is refused in words.
"""

from __future__ import annotations

from collections.abc import Callable
from math import isqrt

import torch
from torch import nn
from torchvision.models import SwinTransformer, VisionTransformer
from torchvision.models.video import SwinTransformer3d

from viewer.errors import ModelError
from viewer.inference.exported import ExportedNetwork, has_channels_last

ToGrid = Callable[[torch.Tensor], torch.Tensor]

CONVOLUTIONS = (nn.Conv2d, nn.Conv3d)


def grid_reader(network: nn.Module, layer: str) -> ToGrid:
    """A function that turns `layer`'s output (or its gradient) into (channels, *grid)."""
    module = network.get_submodule(layer)
    if isinstance(network, ExportedNetwork) and has_channels_last(network, layer):
        return lambda output: _channels_last(output, layer)
    if isinstance(network, (SwinTransformer, SwinTransformer3d)) and not isinstance(module, CONVOLUTIONS):
        return lambda output: _channels_last(output, layer)
    if isinstance(network, VisionTransformer) and not isinstance(module, CONVOLUTIONS):
        return lambda output: _tokens(output, layer)
    return lambda output: _channels_first(output, layer)


def evidence_grids(
    network: nn.Module, layer: str, activation: torch.Tensor, gradient: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """A layer's activation and gradient, as captured -> both (channels, *grid).

    ModelError where the answer depends on the layer, but on none of its places: behind the last block
    of a vision transformer only the class token counts, and every map would be zero.
    """
    read = grid_reader(network, layer)
    places = read(gradient)
    if isinstance(network, VisionTransformer) and not places.any() and gradient.any():
        raise ModelError(
            f"Behind the layer '{layer}' only the class token counts, so no place of it carries evidence.",
            remedy="Choose the normalisation before the last attention, or an earlier layer, in the card.",
        )
    return read(activation), places


def _channels_first(output: torch.Tensor, layer: str) -> torch.Tensor:
    if output.ndim not in (4, 5):
        raise no_grid(layer)
    return output[0]


def _channels_last(output: torch.Tensor, layer: str) -> torch.Tensor:
    if output.ndim not in (4, 5):
        raise no_grid(layer)
    return output[0].movedim(-1, 0)


def _tokens(output: torch.Tensor, layer: str) -> torch.Tensor:
    """(1, 1 + n * n, channels), the class token first -> (channels, n, n)."""
    side = isqrt(output.shape[1] - 1) if output.ndim == 3 else 0
    if side < 1 or side * side != output.shape[1] - 1:
        raise no_grid(layer)
    return output[0, 1:].T.reshape(-1, side, side)


def no_grid(layer: str) -> ModelError:
    """The sentence for a layer whose output is not a grid of one image."""
    return ModelError(
        f"The layer '{layer}' has no spatial grid, so it cannot be shown as a map.",
        remedy="Choose another layer in the model's card.",
    )
