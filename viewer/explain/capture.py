"""Activations and gradients of all layers from one forward and one backward pass.

Nothing is left on the network: hooks go on success, on failure and on cancel; the training flags
are as they were; no parameter gets a `.grad`, because the gradients are asked for by name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn

from viewer.errors import ModelError
from viewer.explain.grid import no_grid

Check = Callable[[], None]
"""Called between the steps of a pass; raises `Cancelled` when nobody waits any more."""


Target = int | tuple[int, int]
"""Index of the label to explain; of two, the first logit less the second: what speaks for one and not the
other."""


@dataclass(eq=False)
class Captured:
    """What one pass left: `logits` (1, labels); `target`, as it was chosen; per layer the activation and
    the gradient of the target's logit with respect to it, in the layer's own shape, detached."""

    logits: torch.Tensor
    target: Target = 0
    activations: dict[str, torch.Tensor] = field(default_factory=dict)
    gradients: dict[str, torch.Tensor] = field(default_factory=dict)

    @property
    def nbytes(self) -> int:
        """Bytes of all that is kept, on whatever device."""
        return sum(value.nbytes for value in (*self.activations.values(), *self.gradients.values()))


def capture(
    network: nn.Module,
    images: torch.Tensor,
    layers: Sequence[str],
    choose: Callable[[torch.Tensor], Target],
    check: Check = lambda: None,
) -> Captured:
    """Run `network` once forward and once backward and keep every layer's part in it.

    Parameters
    ----------
    images : (1, channels, h, w), or (1, channels, d, h, w) of a network for volumes, on its device.
    layers : module paths. A module that runs more than once counts with its last run.
    choose : given the logits (1, labels), what to explain.
    check : stops the pass by raising, before each module on the way forward and on the way back.
    """
    with (
        torch.inference_mode(False),
        torch.enable_grad(),
        _evaluating(network),
        _recording(network, layers, check) as activations,
    ):
        check()
        logits = network(images)
        if not isinstance(logits, torch.Tensor) or logits.ndim != 2 or len(logits) != 1:
            raise ModelError(
                "The network does not answer with one number for each label.", remedy="Choose another model."
            )
        absent = [name for name in layers if name not in activations]
        if absent:
            raise ModelError(
                f"The layer '{absent[0]}' takes no part in the network's answer.",
                remedy="Choose another layer in the model's card.",
            )
        check()
        points = [activations[name] for name in layers]
        target = choose(logits.detach())
        gradients = (
            torch.autograd.grad(score_of(logits, target)[0], points, allow_unused=True) if points else ()
        )
        check()
    captured = Captured(logits.detach(), target)
    for name, point, gradient in zip(layers, points, gradients, strict=True):
        captured.activations[name] = point.detach()
        captured.gradients[name] = torch.zeros_like(point) if gradient is None else gradient
    return captured


def score_of(logits: torch.Tensor, target: Target) -> torch.Tensor:
    """(n,): the number that is explained, of each of n answers (n, labels)."""
    if isinstance(target, tuple):
        return logits[:, target[0]] - logits[:, target[1]]
    return logits[:, target]


@contextmanager
def _evaluating(network: nn.Module) -> Iterator[None]:
    """Evaluation mode for the pass; each module's own training flag is put back."""
    training = [module for module in network.modules() if module.training]
    try:
        for module in training:
            module.training = False
        yield
    finally:
        for module in training:
            module.training = True


@contextmanager
def _recording(network: nn.Module, layers: Sequence[str], check: Check) -> Iterator[dict[str, torch.Tensor]]:
    """Hooks that keep the outputs of `layers` and call `check` on the way forward and back."""
    activations: dict[str, torch.Tensor] = {}
    known = dict(network.named_modules())
    for name in layers:
        if name not in known or not name:
            raise ModelError(f"The network has no layer '{name}'.", remedy="Correct [layers] in card.toml.")
    handles = []
    try:
        for module in known.values():
            handles.append(module.register_forward_pre_hook(lambda _module, _input: check()))
            handles.append(module.register_forward_hook(_watch_backward(check)))
        for name in layers:
            handles.append(known[name].register_forward_hook(_keep(name, activations)))
        yield activations
    finally:
        for handle in handles:
            handle.remove()


def _keep(name: str, activations: dict[str, torch.Tensor]) -> Callable[..., torch.Tensor]:
    """Keep a private copy of a module's output, and let the network go on with a copy of that.

    In-place operations behind the module (ReLU, `+=`, functional calls that no module shows) then
    change neither what is kept nor the gradient with respect to it. Where nothing before the layer
    needs a gradient, the graph starts here: frozen parameters cost neither time nor memory.
    """

    def hook(_module: nn.Module, _inputs: Any, output: Any) -> torch.Tensor:
        if not isinstance(output, torch.Tensor) or not output.is_floating_point():
            raise no_grid(name)
        kept = output.clone() if output.requires_grad else output.detach().clone().requires_grad_()
        activations[name] = kept
        return kept.clone()

    return hook


def _watch_backward(check: Check) -> Callable[..., None]:
    """Call `check` when the backward pass reaches a module's output.

    The graph's own node carries the hook and takes it along when it goes. A module's backward
    hooks would wrap its output in a view, which in-place modules may not change.
    """

    def hook(_module: nn.Module, _inputs: Any, output: Any) -> None:
        node = output.grad_fn if isinstance(output, torch.Tensor) else None
        if node is not None:
            node.register_prehook(lambda _gradients: check())

    return hook
