"""Questions to a network without a bundle, and proof that asking left nothing behind."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from torch import nn

from viewer.errors import Cancelled
from viewer.explain.asked import Asked
from viewer.results import AxisMapping, InputMapping


def asked_of(network: nn.Module, image: torch.Tensor, target: Any, layer: str = "", seed: int = 0) -> Asked:
    """`target` of `image`, (1, channels, *size), asked of a network that runs on the CPU."""
    loaded: Any = SimpleNamespace(module=network, device="cpu", notice="")
    high, wide = image.shape[-2:]
    mapping = InputMapping(AxisMapping(high, high, 1.0, 0.0), AxisMapping(wide, wide, 1.0, 0.0))
    return Asked(loaded, image, target, mapping, layer, seed)


def cancelling(strike: int) -> Callable[[], None]:
    """A check that raises `Cancelled` the `strike`-th time it is called, from 1."""
    left = itertools.count(1)

    def check() -> None:
        if next(left) == strike:
            raise Cancelled

    return check


@contextmanager
def untouched(network: nn.Module) -> Iterator[None]:
    """Fails unless gradients, weights, training flags, hooks and random states are as they were."""
    before = _state(network)
    random_before = (
        random.getstate(),
        np.random.get_state()[1].tolist(),
        torch.random.get_rng_state().tolist(),
    )
    yield
    random_after = (
        random.getstate(),
        np.random.get_state()[1].tolist(),
        torch.random.get_rng_state().tolist(),
    )
    assert random_before == random_after
    assert before == _state(network)


def _state(network: nn.Module) -> dict[str, Any]:
    return {
        "flags": [module.training for module in network.modules()],
        "hooks": [
            list(hooks)
            for module in network.modules()
            for hooks in (
                module._forward_hooks,
                module._forward_pre_hooks,
                module._backward_hooks,
                module._backward_pre_hooks,
            )
        ],
        "weights": [(id(p), p._version, p.requires_grad, p.grad is None) for p in network.parameters()],
        "buffers": [(id(b), b._version) for b in network.buffers()],
    }


def shares_weights(one: nn.Module, other: nn.Module) -> bool:
    """Whether every parameter and buffer of the two is the same tensor."""
    pairs = zip(_tensors(one), _tensors(other), strict=True)
    return all(first is second for first, second in pairs)


def _tensors(network: nn.Module) -> list[torch.Tensor]:
    return [*network.parameters(), *network.buffers()]
