"""Methods that ask the network again for every channel of one layer: ScoreCAM and AblationCAM.

They use no gradient: each channel is weighted by what the answer does when the input shows nothing but
what the channel sees, or when the channel is taken away. Channels of one value are not asked about.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from viewer.explain.asked import Answer, Asked, Progress
from viewer.explain.capture import Check, evaluating, run_network, score_of, unaffected
from viewer.explain.grid import grid_reader, no_grid
from viewer.inference.exported import ExportedNetwork

BATCH_BYTES = 64 << 20
"""Of images, or of copies of the layer, in one pass."""
CPU_BATCH = 8
"""Batches gain nothing on a CPU; so many keep a cancelled pass short and its memory small."""


def score_cam(asked: Asked, progress: Progress, check: Check) -> Answer:
    """ScoreCAM before its ReLU (Wang et al. 2020, eq. 7 and algorithm 1).

    The input is multiplied by each channel, stretched to 0 … 1 and resized to it; a channel's weight is
    the softmax, over the layer's channels, of the logit that leaves less that of an all-zero input.
    """
    activation = _layer(asked, check)[0]
    low, high = (f(activation.flatten(1), 1).values for f in (torch.min, torch.max))
    alive = torch.nonzero(low != high).flatten()
    image = asked.image
    per_pass = _per_pass(asked, image.nbytes)
    done = _Passes(progress, check, 1 + _passes(len(alive), per_pass))
    with unaffected(asked.image.device), evaluating(asked.loaded.module), torch.no_grad():
        floor = _ask(asked, torch.zeros_like(image), done)
        increase = floor.new_zeros(len(activation))  # a mask of zeros leaves the all-zero input
        for channels in alive.split(per_pass):
            span = (high - low)[channels].reshape(-1, *[1] * (activation.ndim - 1))
            masks = (activation[channels] - low[channels].reshape(span.shape)) / span
            increase[channels] = _ask(asked, image * _resized(masks, image.shape[2:]), done) - floor
    weights = increase.float().softmax(0)
    return Answer(torch.einsum("k,k...->...", weights, activation.float()).cpu().numpy())


def ablation_cam(asked: Asked, progress: Progress, check: Check) -> Answer:
    """AblationCAM before its ReLU (Desai and Ramaswamy 2020, eq. 5 and 6).

    A channel's weight is the share of the logit that goes when the channel's cells are set to zero:
    ``(y - y_k) / |y|``. The paper divides by y and means it positive; by |y| a negative logit does not
    turn evidence into its opposite.
    """
    activation, output, logits, runs = _layer(asked, check)
    alive = torch.nonzero((activation != 0).flatten(1).any(1)).flatten()
    image = asked.image
    per_pass = _per_pass(asked, max(image.nbytes, output.nbytes))
    done = _Passes(progress, check, _passes(len(alive), per_pass))
    full = score_of(logits, asked.target)[0]
    drop = full.new_zeros(len(activation))
    with unaffected(asked.image.device), evaluating(asked.loaded.module), torch.no_grad():
        for channels in alive.split(per_pass):
            with _without(asked, channels, output, runs):
                drop[channels] = full - _ask(asked, image, done, copies=len(channels))
    weights = (drop / full.abs() if full != 0 else drop).float()
    return Answer(torch.einsum("k,k...->...", weights, activation.float()).cpu().numpy())


class _Passes:
    """Counts the passes, reports them, and stops between them."""

    def __init__(self, progress: Progress, check: Check, total: int) -> None:
        self._progress, self._check, self._total, self._done = progress, check, total, 0
        progress(0, total)

    def run(self, ask: Callable[[], torch.Tensor]) -> torch.Tensor:
        self._check()
        answer = ask()
        self._done += 1
        self._progress(self._done, self._total)
        return answer


def _layer(asked: Asked, check: Check) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, int]:
    """The layer's activation (channels, *grid), its output as the network gives it, the logits, and how
    often the layer runs in one pass: the last run counts."""
    network, runs = asked.loaded.module, []

    def keep(_module: nn.Module, _inputs: Any, output: Any) -> None:
        if not isinstance(output, torch.Tensor) or not output.is_floating_point():
            raise no_grid(asked.layer)
        runs.append(output.clone())  # what follows may work in place

    check()
    handle = network.get_submodule(asked.layer).register_forward_hook(keep)
    try:
        with unaffected(asked.image.device), evaluating(network), torch.no_grad():
            logits = run_network(network, asked.image)
    finally:
        handle.remove()
    if not runs:
        raise no_grid(asked.layer)
    return grid_reader(network, asked.layer)(runs[-1]), runs[-1], logits, len(runs)


def _per_pass(asked: Asked, each: int) -> int:
    network = asked.loaded.module
    if isinstance(network, ExportedNetwork) and network.takes_one_image:
        return 1
    fitting = max(1, BATCH_BYTES // each)
    return min(fitting, CPU_BATCH) if asked.loaded.device == "cpu" else fitting


def _passes(channels: int, per_pass: int) -> int:
    return -(-channels // per_pass)


def _resized(masks: torch.Tensor, size: torch.Size) -> torch.Tensor:
    """(n, *grid) -> (n, 1, *size), linear between the cells' centres."""
    mode = "trilinear" if len(size) == 3 else "bilinear"
    return F.interpolate(masks[:, None], size=tuple(size), mode=mode, align_corners=False)


def _ask(asked: Asked, images: torch.Tensor, passes: _Passes, copies: int = 0) -> torch.Tensor:
    """(n,): the target's score of each image; of `copies` of one image, each changed on the way."""
    network = asked.loaded.module
    if not copies:
        return passes.run(lambda: score_of(run_network(network, images), asked.target))

    def ask() -> torch.Tensor:
        # The part before the layer runs once: the hook answers with a batch, to which the rest of a
        # network adapts, unless it joins it with something from before the layer.
        try:
            logits = run_network(network, images)
        except torch.OutOfMemoryError:
            raise
        except RuntimeError:
            logits = run_network(network, images.expand(copies, *images.shape[1:]))
        return score_of(logits, asked.target)

    return passes.run(ask)


@contextmanager
def _without(asked: Asked, channels: torch.Tensor, output: torch.Tensor, runs: int) -> Iterator[None]:
    """The layer's last run gives out one copy of `output` per channel, with that channel's cells zero."""
    network = asked.loaded.module
    places = torch.arange(output.numel(), device=output.device).reshape(output.shape)
    cells = grid_reader(network, asked.layer)(places)[channels].flatten(1)
    changed = output.flatten().repeat(len(channels), 1).scatter_(1, cells, 0)
    changed = changed.reshape(len(channels), *output.shape[1:])
    seen = 0

    def begin(_module: nn.Module, _inputs: Any) -> None:
        nonlocal seen
        seen = 0

    def hook(_module: nn.Module, _inputs: Any, _output: Any) -> torch.Tensor | None:
        nonlocal seen
        seen += 1
        return changed.clone() if seen == runs else None  # cloned: what follows may work in place

    handles = [
        network.register_forward_pre_hook(begin),
        network.get_submodule(asked.layer).register_forward_hook(hook),
    ]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
