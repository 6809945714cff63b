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

HOOKS = (
    "_forward_hooks",
    "_forward_hooks_with_kwargs",
    "_forward_hooks_always_called",
    "_forward_pre_hooks",
    "_forward_pre_hooks_with_kwargs",
    "_backward_hooks",
    "_backward_pre_hooks",
)


def twin_of(loaded: LoadedModel) -> LoadedModel:
    """The same model with a module tree of its own, for another thread: made anew once it has moved."""
    return replace(loaded, module=twin(loaded.module))


def twin(network: nn.Module) -> nn.Module:
    """A copy of the module tree over the same parameters, buffers and whatever else holds numbers: no memory
    beyond the modules'.

    Hooks of the original are not copied, nor is what they refer to. The weights must not be moved or
    replaced afterwards: a network that changes its device needs a new twin.
    """
    memo: dict[int, object] = {}
    for module in network.modules():
        _share(vars(module), memo)
        for name in HOOKS:
            hooks = getattr(module, name)
            memo[id(hooks)] = type(hooks)()
    return copy.deepcopy(network, memo)


def _share(value: object, memo: dict[int, object]) -> None:
    """Note every tensor in `value` as one that is not copied: modules may hold some outside their buffers."""
    if isinstance(value, torch.Tensor):
        memo[id(value)] = value
    elif isinstance(value, (dict, list, tuple)):
        for item in value.values() if isinstance(value, dict) else value:
            _share(item, memo)
