"""Small networks whose trustworthiness is known beforehand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import nn

from tests.support.bundle_factory import make_bundle
from tests.support.slice_factory import make_slice
from viewer.inference.bundle import load_bundle
from viewer.inference.loading import LoadedModel, load_model
from viewer.inference.small_resnet import SmallResNet
from viewer.study import Slice

SIDE = 64
ONE_LAYER = {"default": "detector", "offered": [{"name": "detector", "title": "detector"}]}


class Detector(SmallResNet):
    """One feature map that fires on bright squares as large as a cell, averaged, with a linear head: the
    logit of the first label is `gain` times the mean of the map. The map is known in closed form.

    A SmallResNet by name alone, so that its layers may be offered.
    """

    def __init__(self, size: int = 4, threshold: float = 0.9, gain: float = 2000.0) -> None:
        nn.Module.__init__(self)
        self.stages = []
        self.detector = nn.Sequential(nn.Conv2d(1, 1, size, size), nn.ReLU())
        self.head = nn.Linear(1, 3)
        with torch.no_grad():
            self.detector[0].weight.fill_(1 / size**2)
            self.detector[0].bias.fill_(-threshold)
            self.head.weight.copy_(torch.tensor([[gain], [0.0], [0.0]]))
            self.head.bias.copy_(torch.tensor([-3.0, 0.0, 0.0]))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.head(self.detector(images).mean(dim=(2, 3)))


class Constant(Detector):
    """Says the same to every image, but its gradient, and so its map, pretends otherwise."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        said = super().forward(images)
        return said - said.detach() + torch.tensor([2.0, 0.0, -1.0])


def with_network(folder: Path, network: nn.Module) -> LoadedModel:
    """A loaded model whose network is replaced; its input is 64 x 64, 0 … 1."""
    changes = {"input": {"mean": [0.0], "std": [1.0]}, "layers": ONE_LAYER}
    loaded = load_model(load_bundle(make_bundle(folder, **changes)), "cpu")
    loaded.module = network.eval().requires_grad_(False)
    return loaded


def head_with_token(*, lesion: bool = False, token: bool = True) -> Slice:
    """CT values: a disc, the head, in air; a dense token in the picture's corner; a dense lesion inside."""
    rows, cols = np.ogrid[:SIDE, :SIDE]
    values = np.where((rows - 32) ** 2 + (cols - 32) ** 2 < 24**2, -100, -1000).astype(np.int16)
    if token:
        values[:8, :8] = 400
    if lesion:
        values[24:32, 36:44] = 400
    return make_slice(values)
