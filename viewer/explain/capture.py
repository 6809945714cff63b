"""Activations and gradients of all layers from one forward and one backward pass.

Nothing is left on the network: hooks go on success, on failure and on cancel; the training flags
are as they were; no parameter gets a `.grad`, because the gradients are asked for by name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar
from weakref import WeakSet

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


WATCHED = 48
"""At so many modules a pass looks whether it is still wanted; each look costs microseconds, twice."""


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
    check : stops the pass by raising, at some 50 of its modules on the way forward and on the way back.

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
    with unaffected(images.device), evaluating(network), _recording(network, layers, check) as kept:
        check()
        logits = _forward(network, images, kept)
        if not isinstance(logits, torch.Tensor) or logits.ndim != 2 or len(logits) != 1:
            raise ModelError(
                "The network does not answer with one number for each label.", remedy="Choose another model."
            )
        absent = [name for name in layers if name not in kept.outputs]
        if absent:
            raise ModelError(
                f"The layer '{absent[0]}' takes no part in the network's answer.",
                remedy="Choose another layer in the model's card.",
            )
        check()
        yield logits, {name: kept.outputs[name] for name in layers}


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
    tensors = [
        value
        for module in network.modules()
        for value in (*module._parameters.values(), *module._buffers.values())
        if value is not None
    ]
    precision = next((value.dtype for value in tensors if value.is_floating_point()), images.dtype)
    images = images.detach().clone().to(precision)
    frozen = {}
    if any(value.is_inference() for value in tensors):
        weights = [*network.named_parameters(), *network.named_buffers()]
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


@dataclass(eq=False)
class _Kept:
    """What the layers gave out, as versions that tell whether anything worked on them in place since."""

    copied: bool = False
    outputs: dict[str, torch.Tensor] = field(default_factory=dict)
    versions: dict[str, int] = field(default_factory=dict)

    @property
    def intact(self) -> bool:
        return all(self.outputs[name]._version == version for name, version in self.versions.items())


_IN_PLACE: WeakSet[nn.Module] = WeakSet()
"""Networks that were seen to work in place on what one of their layers had given out."""


def _forward(network: nn.Module, images: torch.Tensor, kept: _Kept) -> Any:
    """The network's answer, and in `kept` what its layers gave out before anything behind them changed it.

    Copies cost as much as some layers, so none are made until a tensor's version shows that one is needed:
    that pass is worth nothing and is run again, once for each network.
    """
    kept.copied = network in _IN_PLACE
    try:
        logits = run_network(network, images)
        if kept.copied or kept.intact:
            return logits
        del logits
    except torch.OutOfMemoryError:
        raise
    except RuntimeError:
        if kept.copied:
            raise  # else torch may only have refused to work in place on what is kept
    kept.copied = True
    kept.outputs.clear()
    kept.versions.clear()
    logits = run_network(network, images)
    _IN_PLACE.add(network)
    return logits


@contextmanager
def _recording(network: nn.Module, layers: Sequence[str], check: Check) -> Iterator[_Kept]:
    """Hooks that keep the outputs of `layers` and call `check` on the way forward and back."""
    kept = _Kept()
    known = dict(network.named_modules(remove_duplicate=False))
    for name in layers:
        if name not in known or not name:
            raise ModelError(f"The network has no layer '{name}'.", remedy="Correct [layers] in card.toml.")
    handles = []
    try:
        modules = list(network.modules())
        for module in modules[:: max(1, len(modules) // WATCHED)]:
            handles.append(module.register_forward_pre_hook(lambda _module, _input: check()))
            handles.append(module.register_forward_hook(_watch_backward(check)))
        for name in layers:
            handles.append(known[name].register_forward_hook(_keep(name, kept)))
        yield kept
    finally:
        for handle in handles:
            handle.remove()


def _keep(name: str, kept: _Kept) -> Callable[..., torch.Tensor]:
    """Keep a module's output at a point of the graph of its own, and let the network go on from there.

    Where the network works in place behind it (ReLU, `+=`, functional calls that no module shows), a
    private copy is kept and the network goes on with a copy of that: neither what is kept nor the
    gradient with respect to it is changed. Where nothing before the layer needs a gradient, the graph
    starts here: frozen parameters cost neither time nor memory.
    """

    def hook(_module: nn.Module, _inputs: Any, output: Any) -> torch.Tensor:
        if not isinstance(output, torch.Tensor) or not output.is_floating_point():
            raise no_grid(name)
        starts = not output.requires_grad
        if kept.copied:
            point = output.detach().clone().requires_grad_() if starts else output.clone()
        else:
            point = output.detach().requires_grad_() if starts else output.view_as(output)
            kept.versions[name] = point._version
        kept.outputs[name] = point
        # Nothing may work in place on the tensor that a graph starts with.
        return point.clone() if kept.copied or starts else point

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
