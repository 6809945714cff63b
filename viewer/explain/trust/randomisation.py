"""Whether a map depends on what the network learned: its weights are randomised from the head downwards.

Adebayo et al. 2018, "Sanity checks for saliency maps", section 3: cascading randomisation.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator

import numpy as np
import torch
from torch import nn

from viewer.explain.capture import Check
from viewer.explain.trust.shown import Shown, map_of, other_network
from viewer.explain.trust.similarity import Likeness, likeness, on_grid

STAGES = 6
"""The head first, then the rest of the network in five parts of as many modules each."""


def cascade(shown: Shown, check: Check, seed: int = 0) -> Iterator[Likeness | None]:
    """How alike the shown map and the map after each stage are; None where that map has no order.

    The weights are redrawn in a copy of their own: the model and its twins keep theirs.
    """
    check()
    network = copy.deepcopy(shown.loaded.module)
    generator = torch.Generator().manual_seed(seed)
    before = on_grid(shown.cam, shown.grid)
    other = other_network(shown, network)
    for part in stages(network):
        for module in part:
            check()
            randomise(module, generator)
        yield likeness(before, on_grid(map_of(shown, shown.image, check, other), shown.grid))


def stages(network: nn.Module) -> list[list[nn.Module]]:
    """The modules with weights of their own, from the head to the input, in at most `STAGES` parts."""
    own = [module for module in network.modules() if next(module.parameters(recurse=False), None) is not None]
    own.reverse()
    if len(own) <= STAGES:
        return [[module] for module in own]
    rest = np.array_split(np.arange(1, len(own)), STAGES - 1)
    return [own[:1], *([own[i] for i in part] for part in rest)]


@torch.no_grad()
def randomise(module: nn.Module, generator: torch.Generator) -> None:
    """Redraw a module's own weights.

    Matrices and kernels from a normal distribution as strong as they were, so that the signal neither dies
    nor explodes; vectors (biases, scales and statistics of a normalisation) change places among themselves,
    all of them alike.
    """
    order: dict[int, torch.Tensor] = {}
    for value in (*module.parameters(recurse=False), *module.buffers(recurse=False)):
        if not value.is_floating_point() or value.ndim == 0:
            continue
        if value.ndim > 1:
            drawn = torch.randn(value.shape, generator=generator)
            strength = value.float().square().mean().sqrt()
            value.copy_(drawn.to(value.device) * strength)
        else:
            places = order.setdefault(len(value), torch.randperm(len(value), generator=generator))
            value.copy_(value[places.to(value.device)])
