"""SmallResNet: a residual network whose last grid stays fine enough to point at a lesion."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn
from torchvision.models.resnet import BasicBlock


class SmallResNet(nn.Module):
    """Residual network (He et al. 2016) with average pooling and one linear layer as its head.

    It keeps stride 16 to the end where ResNet-18 goes to 32, so that one cell of its last grid is
    1/14 of a 224 pixel input. Its stages are the layers worth offering: `stem`, `block1` … `block4`.

    Parameters
    ----------
    channels, labels : number of input channels and of outputs.
    width : channels of the first stage; each further stage doubles it.
    blocks, strides : residual blocks and stride of each stage.
    """

    def __init__(
        self,
        *,
        channels: int,
        labels: int,
        width: int = 48,
        blocks: Sequence[int] = (2, 2, 2, 2),
        strides: Sequence[int] = (1, 2, 2, 1),
    ) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(channels, width, 7, 2, 3, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.MaxPool2d(3, 2, 1),
        )
        before = width
        self.stages: list[str] = []
        for number, (count, stride) in enumerate(zip(blocks, strides, strict=True), start=1):
            after = width * 2 ** (number - 1)
            name = f"block{number}"
            self.add_module(name, _stage(before, after, count, stride))
            self.stages.append(name)
            before = after
        self.head = nn.Linear(before, labels)

    def features(self, images: torch.Tensor) -> torch.Tensor:
        """(n, channels, h, w) -> (n, features, h / 16, w / 16), for the default strides."""
        grid = self.stem(images)
        for name in self.stages:
            grid = self.get_submodule(name)(grid)
        return grid

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """(n, channels, h, w) -> (n, labels) logits."""
        return self.head(self.features(images).mean(dim=(2, 3)))


def _stage(before: int, after: int, count: int, stride: int) -> nn.Sequential:
    shortcut = None
    if stride != 1 or before != after:
        shortcut = nn.Sequential(nn.Conv2d(before, after, 1, stride, bias=False), nn.BatchNorm2d(after))
    first = BasicBlock(before, after, stride, shortcut)
    return nn.Sequential(first, *(BasicBlock(after, after) for _ in range(count - 1)))
