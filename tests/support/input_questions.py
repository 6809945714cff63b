"""Networks whose input-level maps are known by hand, and questions to them."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import torch
from torch import nn

from tests.support.asking import asked_of
from viewer.explain.asked import Answer, Asked
from viewer.explain.methods import METHODS

MEAN, STD = (0.3, 0.4), (0.2, 0.25)


def ask(network: nn.Module, image: torch.Tensor, target: Any = 0, *, seed: int = 0) -> Asked:
    """`image` is (1, 2, h, w), or (1, 1, h, w): the card then has the first channel's mean and std."""
    asked = asked_of(network, image, target, seed=seed)
    channels = image.shape[1]
    asked.loaded.card = SimpleNamespace(  # type: ignore[misc]
        name="by hand", input=SimpleNamespace(mean=MEAN[:channels], std=STD[:channels], size=image.shape[2:])
    )
    return asked


def answer(method: str, asked: Asked) -> Answer:
    found: Answer = METHODS[method].run(asked, lambda _done, _total: None, lambda: None)
    return found


def picture(channels: int = 2, side: int = 24, seed: int = 1) -> torch.Tensor:
    """Greys from 0 to 1, normalised as the card says."""
    grey = torch.rand(1, channels, side, side, generator=torch.Generator().manual_seed(seed))
    return normalised(grey)


def normalised(grey: torch.Tensor) -> torch.Tensor:
    channels = grey.shape[1]
    mean, std = (torch.tensor(v[:channels]).reshape(1, -1, 1, 1) for v in (MEAN, STD))
    return (grey - mean) / std


def plain(grey: float, image: torch.Tensor) -> torch.Tensor:
    return normalised(torch.full_like(image, grey))


class Weighted(nn.Module):
    """Logit k is the sum of ``linear[k] * x + square[k] * x² + product[k] * x * (x one to the right)``."""

    def __init__(self, channels: int, side: int, *, square: float = 0.0, product: float = 0.0) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(5)
        shape = (2, channels, side, side)
        self.linear, self.square, self.product = (
            nn.Parameter(times * torch.randn(shape, generator=generator).double() / side, requires_grad=False)
            for times in (1.0, square, product)
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x[:, None]
        terms = self.linear * x + self.square * x**2 + self.product * x * x.roll(1, -1)
        return terms.flatten(2).sum(2)


def convolutional() -> nn.Module:
    """ReLU in place on the input's copy and behind; dropout and batch statistics that must not run."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(2)
        network = nn.Sequential(
            nn.LeakyReLU(0.3, inplace=True),
            nn.Conv2d(2, 6, 3, padding=1),
            nn.BatchNorm2d(6),
            nn.ReLU(inplace=True),
            nn.Dropout(0.5),
            nn.Conv2d(6, 5, 3, stride=2),
            nn.Tanh(),
            nn.AdaptiveAvgPool2d(2),
            nn.Flatten(),
            nn.Linear(20, 3),
        )
    network.double().requires_grad_(False)
    return network.eval()


def with_target(asked: Asked, target: Any) -> Asked:
    return replace(asked, target=target)
