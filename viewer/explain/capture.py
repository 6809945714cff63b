"""Activations and gradients of all layers from one forward and one backward pass.

Nothing is left on the network: hooks go on success, on failure and on cancel; the training flags
are as they were; no parameter gets a `.grad`, because the gradients are asked for by name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

import torch
from torch import nn

from viewer.errors import ModelError
from viewer.explain.grid import no_grid

Check = Callable[[], None]
"""Called between the steps of a pass; raises `Cancelled` when nobody waits any more."""


Target = int | tuple[int, int]
"""Index of the label to explain; of two, the first logit less the second: what speaks for one and not the
other."""

Taken = TypeVar("Taken")

HALF_SCALE = 1024.0
"""Slopes in float16 vanish below 6e-8, and an early layer's come near that: so many logits' are taken."""


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
    images : (1, channels, h, w), or (1, channels, d, h, w) of a network for volumes, on its device; they
        are taken in the precision of the network's weights.
    layers : module paths. A module that runs more than once counts with its last run.
    choose : given the logits (1, labels), what to explain.
    check : stops the pass by raising, before each module on the way forward and on the way back.

    The caller may be in `no_grad`, `inference_mode` or `autocast`: the pass is the same.
    """
    (captured,) = capture_each(network, images, layers, lambda logits: (choose(logits),), _itself, check)
    return captured


def capture_each(
    network: nn.Module,
    images: torch.Tensor,
    layers: Sequence[str],
    choose: Callable[[torch.Tensor], Sequence[Target]],
    take: Callable[[Captured], Taken],
    check: Check = lambda: None,
) -> list[Taken]:
    """As `capture`, for several targets: one forward pass, one backward pass for each.

    `take` makes of each target's capture what is wanted of it, so that not all need be kept.
    """
    with passed(network, images, layers, check) as (logits, points):
        kept = {name: point.detach() for name, point in points.items()}
        targets = choose(logits.detach())
        taken = []
        for left, target in zip(range(len(targets) - 1, -1, -1), targets, strict=True):
            found = slopes(score_of(logits, target)[0], tuple(points.values()), again=left > 0)
            check()
            gradients = dict(zip(points, found, strict=True))
            taken.append(take(Captured(logits.detach(), target, dict(kept), gradients)))
    return taken


@contextmanager
def passed(
    network: nn.Module, images: torch.Tensor, layers: Sequence[str], check: Check
) -> Iterator[tuple[torch.Tensor, dict[str, torch.Tensor]]]:
    """One forward pass as of `capture`: the logits (1, labels) and the layers' outputs, with their graph."""
    with unaffected(images.device), evaluating(network), _recording(network, layers, check) as activations:
        check()
        logits = run_network(network, images)
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
        yield logits, {name: activations[name] for name in layers}


def _itself(captured: Captured) -> Captured:
    return captured


def score_of(logits: torch.Tensor, target: Target) -> torch.Tensor:
    """(n,): the number that is explained, of each of n answers (n, labels)."""
    if isinstance(target, tuple):
        return logits[:, target[0]] - logits[:, target[1]]
    return logits[:, target]


@contextmanager
def unaffected(device: torch.device) -> Iterator[None]:
    """The caller's modes do not reach the pass, and the pass leaves the global random state alone."""
    cards = [device] if device.type == "cuda" else []
    with (
        torch.inference_mode(False),
        torch.enable_grad(),
        torch.autocast(device.type, enabled=False),
        torch.random.fork_rng(devices=cards),
    ):
        yield


def run_network(network: nn.Module, images: torch.Tensor) -> Any:
    """The network's answer to a copy of `images`, so that a network that works in place spares them.

    Weights made in inference mode cannot take part in gradients: plain tensors over the same memory
    stand in for them during the call.
    """
    weights = [*network.named_parameters(), *network.named_buffers()]
    precision = next((value.dtype for _name, value in weights if value.is_floating_point()), images.dtype)
    images = images.detach().clone().to(precision)
    frozen = {name: _plain(value) for name, value in weights if value.is_inference()}
    if frozen:
        return torch.func.functional_call(network, frozen, (images,))
    return network(images)


def _plain(value: torch.Tensor) -> torch.Tensor:
    plain = torch.empty(0, dtype=value.dtype, device=value.device)
    return plain.set_(value.untyped_storage(), value.storage_offset(), value.shape, value.stride())


def slopes(score: torch.Tensor, points: tuple[torch.Tensor, ...], *, again: bool) -> tuple[torch.Tensor, ...]:
    """The gradient of `score` with respect to each point; zero where it does not count.

    `again` keeps the graph for another target.
    """
    if not points:
        return ()
    half = any(point.dtype == torch.float16 for point in points)
    found = _grad(score, points, HALF_SCALE if half else 1.0, again or half)
    if half and all(bool(slope.isfinite().all()) for slope in found):
        return tuple(slope.float() / HALF_SCALE for slope in found)
    return _grad(score, points, 1.0, again) if half else found


def _grad(
    score: torch.Tensor, points: tuple[torch.Tensor, ...], times: float, again: bool
) -> tuple[torch.Tensor, ...]:
    if not score.requires_grad:
        raise ModelError(
            "The network's answer has no gradient, so its layers cannot be explained.",
            remedy="Choose another model.",
        )
    outward = torch.full_like(score, times)
    found = torch.autograd.grad(score, points, outward, retain_graph=again, allow_unused=True)
    pairs = zip(found, points, strict=True)
    return tuple(torch.zeros_like(point) if slope is None else slope for slope, point in pairs)


@contextmanager
def evaluating(network: nn.Module) -> Iterator[None]:
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
    known = dict(network.named_modules(remove_duplicate=False))
    for name in layers:
        if name not in known or not name:
            raise ModelError(f"The network has no layer '{name}'.", remedy="Correct [layers] in card.toml.")
    handles = []
    try:
        for module in network.modules():
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
