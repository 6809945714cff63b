"""A second module tree over the same weights, so that explaining and predicting never meet.

Hooks live on modules: a pass that captures and a pass that predicts, on two threads and one module,
would see each other's hooks. The twin has modules of its own and shares every parameter and buffer.
"""

from __future__ import annotations

import copy
from dataclasses import replace

import torch
from torch import nn

from viewer.inference.loading import LoadedModel


def twin_of(loaded: LoadedModel) -> LoadedModel:
    """The same model with a module tree of its own, for another thread: made anew once it has moved."""
    return replace(loaded, module=twin(loaded.module))


def twin(network: nn.Module) -> nn.Module:
    """A copy of the module tree over the same parameters and buffers: no memory beyond the modules'.

    Hooks of the original are not copied. The weights must not be moved or replaced afterwards: a
    network that changes its device needs a new twin.
    """
    shared: dict[int, object] = {id(value): value for value in (*network.parameters(), *network.buffers())}
    made = copy.deepcopy(network, shared)
    for module in made.modules():
        for hooks in (
            module._forward_hooks,
            module._forward_pre_hooks,
            module._backward_hooks,
            module._backward_pre_hooks,
        ):
            hooks.clear()
    return made


def shares_weights(one: nn.Module, other: nn.Module) -> bool:
    """Whether every parameter and buffer of the two is the same tensor."""
    pairs = zip(_tensors(one), _tensors(other), strict=True)
    return all(first is second for first, second in pairs)


def _tensors(network: nn.Module) -> list[torch.Tensor]:
    return [*network.parameters(), *network.buffers()]
