"""The network as a function of its input: what it says of many pictures, and the slope, pass by pass.

A pass is one picture. Passes are counted, reported, and stopped at any module on the way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import nn

from viewer.errors import ModelError
from viewer.explain.asked import Asked, Progress
from viewer.explain.capture import Check, evaluating, score_of

BATCH_PIXELS = {"cpu": 1 << 16, "mps": 1 << 18, "cuda": 1 << 20}
"""Pixels of one channel in one batch: on a CPU one picture of 224 x 224, where batches gain nothing."""


class Inquiry:
    """Asks one network about pictures like `image`; made by `inquiry`.

    `image` is (1, channels, *size) float32; `batch` the number of pictures that go through at once.
    """

    def __init__(self, asked: Asked, passes: int, progress: Progress, check: Check) -> None:
        self.image = asked.image.detach().clone()
        self.batch = max(1, BATCH_PIXELS[asked.image.device.type] // self.image[0, 0].numel())
        self._asked, self._passes, self._progress, self._check = asked, passes, progress, check
        self._done = 0
        parameters = asked.loaded.module.parameters()
        self._precision = next((p.dtype for p in parameters if p.is_floating_point()), torch.float32)
        progress(0, passes)

    def scores(self, images: torch.Tensor) -> torch.Tensor:
        """(n, channels, *size) -> (n,) float64: the target's logit, or the contrast's."""
        return torch.cat([self._batch(part, slopes=False)[0] for part in images.split(self.batch)])

    def answers(self, images: torch.Tensor) -> torch.Tensor:
        """The scores as Captum wants them: float32, where the pictures are."""
        return self.scores(images).float().to(images.device)

    def slopes(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The scores, and the gradient of each with respect to its picture: float32, of the shape of
        `images` and where they are. Those may be in 64 bits and on the CPU, whatever the network's device."""
        parts = [self._batch(part, slopes=True) for part in images.split(self.batch)]
        return torch.cat([part[0] for part in parts]), torch.cat([part[1] for part in parts])

    def batches(self, count: int) -> Iterator[range]:
        """0 … count - 1 in the portions that go through at once: what is made for each can go again."""
        for start in range(0, count, self.batch):
            yield range(start, min(start + self.batch, count))

    def _batch(self, images: torch.Tensor, *, slopes: bool) -> tuple[torch.Tensor, torch.Tensor]:
        self._check()
        try:
            found = self._pass(images, slopes)
        except torch.OutOfMemoryError:
            if len(images) == 1:
                raise
            self.batch = len(images) // 2
            parts = [self._batch(part, slopes=slopes) for part in images.split(self.batch)]
            return torch.cat([part[0] for part in parts]), torch.cat([part[1] for part in parts])
        self._done += len(images)
        self._progress(self._done, self._passes)
        return found

    def _pass(self, images: torch.Tensor, slopes: bool) -> tuple[torch.Tensor, torch.Tensor]:
        device = self.image.device
        with (
            torch.random.fork_rng(devices=[device] if device.type == "cuda" else []),
            torch.autocast(device.type, enabled=False),
            torch.set_grad_enabled(slopes),
        ):
            leaf = images.detach().clone().to(self._precision).to(device).requires_grad_(slopes)
            logits = self._asked.loaded.module(leaf.clone())  # the first module may work in place
            if not isinstance(logits, torch.Tensor) or logits.ndim != 2 or len(logits) != len(images):
                raise ModelError(
                    "The network does not answer with one number for each label.",
                    remedy="Choose another model.",
                )
            scores = score_of(logits, self._asked.target)
            slope = torch.zeros_like(leaf)
            if scores.requires_grad:
                found = torch.autograd.grad(scores.sum(), leaf, allow_unused=True)[0]
                slope = slope if found is None else found
        return scores.detach().cpu().double(), slope.detach().float().to(images.device)


@contextmanager
def inquiry(asked: Asked, passes: int, progress: Progress, check: Check) -> Iterator[Inquiry]:
    """Ask `passes` times in all; the network is left as it was found, however this ends.

    The caller may be in `no_grad`, `inference_mode` or `autocast`: the answers are the same.
    """
    network = asked.loaded.module
    with torch.inference_mode(False), evaluating(network), _watched(network, check):
        yield Inquiry(asked, passes, progress, check)


@contextmanager
def _watched(network: nn.Module, check: Check) -> Iterator[None]:
    """Call `check` before each module on the way forward, and behind each on the way back."""

    def back(_module: nn.Module, _inputs: Any, output: Any) -> None:
        node = output.grad_fn if isinstance(output, torch.Tensor) else None
        if node is not None:
            node.register_prehook(lambda _gradients: check())

    handles = []
    try:
        for module in network.modules():
            handles.append(module.register_forward_pre_hook(lambda _module, _inputs: check()))
            handles.append(module.register_forward_hook(back))
        yield
    finally:
        for handle in handles:
            handle.remove()


def level(asked: Asked, grey: float) -> torch.Tensor:
    """A picture of one grey, 0 (black) … 1 (white), as the network sees it: like `asked.image`.

    Black is the baseline of all methods here. It is what the preprocessing puts beside the slice and what
    air is; the number zero, the papers' baseline, would be the mean grey of the training material.
    """
    return ((grey - _mean(asked)) / _std(asked)).expand_as(asked.image).contiguous()


def by_grey(asked: Asked, slope: torch.Tensor) -> torch.Tensor:
    """Slopes by the network's input -> slopes by the grey value 0 … 1 before its normalisation."""
    return slope / _std(asked)


def grey_picture(asked: Asked) -> np.ndarray:
    """(h, w) float32, 0 (black) … 1 (white): what the network saw, averaged over the channels."""
    unit = (asked.image * _std(asked) + _mean(asked)).mean(1)[0]
    found: np.ndarray = unit.clamp(0, 1).cpu().numpy().astype(np.float32)
    return found


def summed(attribution: torch.Tensor) -> np.ndarray:
    """(1, channels, *size) -> (*size) float32, the channels' shares added up."""
    found: np.ndarray = attribution.detach()[0].cpu().double().sum(0).numpy().astype(np.float32)
    return found


def noisy(asked: Asked, spread: float) -> Callable[[], torch.Tensor]:
    """A source of copies of the picture under Gaussian noise of `spread` times its range.

    Drawn from the question's own seed, on the CPU: the same on every device.
    """
    generator = torch.Generator().manual_seed(asked.seed)
    image = asked.image.detach().cpu()
    sigma = spread * float(image.max() - image.min())

    def draw() -> torch.Tensor:
        noise = torch.randn(image.shape, generator=generator, dtype=torch.float32)
        return (image + sigma * noise).to(asked.image.device)

    return draw


def _mean(asked: Asked) -> torch.Tensor:
    return _per_channel(asked, asked.loaded.card.input.mean)


def _std(asked: Asked) -> torch.Tensor:
    return _per_channel(asked, asked.loaded.card.input.std)


def _per_channel(asked: Asked, numbers: tuple[float, ...]) -> torch.Tensor:
    values = torch.tensor(numbers, dtype=torch.float32, device=asked.image.device)
    return values.reshape(1, -1, *[1] * (asked.image.ndim - 2))
