"""Our one pass against Captum, which asks the network once for each layer."""

import copy
import warnings

import pytest
import torch
from torch import nn
from torchvision import models

from viewer.explain.cam import grad_cam
from viewer.explain.capture import capture
from viewer.explain.grid import grid_reader
from viewer.explain.layers import find_layers
from viewer.inference.architectures import build
from viewer.inference.card import CardArchitecture

captum = pytest.importorskip("captum.attr")

IN_PLACE = {
    "densenet121": ["features.norm0", "features.transition1.norm", "features.denseblock4.denselayer16"],
    "resnet50": ["bn1", "layer2.0.bn1", "layer4.0.downsample", "layer4.2.bn3"],
    "vgg16": ["features.1", "features.28", "features.30"],
}
"""Layers behind which the network works in place (PITFALLS.md), beside those that are offered."""

FAMILIES = {
    "vgg16": 64,
    "resnet50": 64,
    "densenet121": 64,
    "inception_v3": 128,  # at 80 the last maps have one cell, near zero: its sum leaves too few digits
    "googlenet": 64,
    "efficientnet_b0": 64,
    "mobilenet_v2": 64,
    "mobilenet_v3_small": 64,
    "convnext_tiny": 64,
    "regnet_x_400mf": 64,
    "squeezenet1_1": 64,
    "vit_b_32": 64,
    "swin_t": 64,
}


def random_network(name, side):
    """Of 2 channels and 3 labels, with batch statistics and a head that are not those of a fresh network."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        network = build(CardArchitecture("torchvision", name), channels=2, labels=3, size=(side, side))
        if name.startswith("vgg"):  # 120 million weights that play no part here
            network.classifier = nn.Sequential(
                nn.Linear(512 * 49, 16), nn.ReLU(inplace=True), nn.Linear(16, 3)
            )
        return enliven(network)


def enliven(network):
    for module in network.modules():
        if isinstance(module, (nn.BatchNorm2d, nn.BatchNorm3d)):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 1.5)
            nn.init.normal_(module.weight, 1, 0.2)
            nn.init.normal_(module.bias, 0, 0.2)
        if isinstance(module, nn.Linear) and not module.weight.any():
            nn.init.normal_(module.weight, std=0.05)
    return network.eval()


def captums_maps(network, image, target, layers):
    """Captum's LayerGradCam at modules whose output is (1, channels, *grid)."""
    known = dict(network.named_modules())
    found = {}
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="captum")
        for layer, place in layers.items():
            method = captum.LayerGradCam(network, known[place])
            found[layer] = method.attribute(image, target, relu_attributions=False).detach()[0, 0]
    return found


def our_maps(network, image, target, layers):
    taken = capture(network, image, list(layers), lambda _logits: target)
    readers = {layer: grid_reader(network, layer) for layer in layers}
    return {
        layer: grad_cam(read(taken.activations[layer]), read(taken.gradients[layer]))
        for layer, read in readers.items()
    }


class ClassTokenAside(nn.Module):
    def forward(self, tokens):
        self.token = tokens[:, :1]
        side = round((tokens.shape[1] - 1) ** 0.5)
        return tokens[:, 1:].transpose(1, 2).unflatten(2, (side, side))


class ClassTokenBack(nn.Module):
    def __init__(self, aside):
        super().__init__()
        self._aside = [aside]

    def forward(self, grid):
        return torch.cat([self._aside[0].token, grid.flatten(2).transpose(1, 2)], 1)


class Turn(nn.Module):
    def __init__(self, *order):
        super().__init__()
        self.order = order

    def forward(self, grid):
        return grid.permute(self.order)


def with_grids(network, layers):
    """A copy in which each layer's output passes through a module that shows it channels first."""
    network = copy.deepcopy(network)
    places = {}
    for layer in layers:
        owner, _, name = layer.rpartition(".")
        if isinstance(network, models.VisionTransformer):
            shown = ClassTokenAside()
            back = ClassTokenBack(shown)
        else:
            shown, back = Turn(0, 3, 1, 2), Turn(0, 2, 3, 1)
        part = network.get_submodule(layer)
        setattr(network.get_submodule(owner), name, nn.Sequential(part, shown, back))
        places[layer] = f"{layer}.1"
    return network, places


@pytest.mark.parametrize(("name", "side"), FAMILIES.items())
def test_every_offered_layer_equals_captums(name, side):
    network = random_network(name, side)
    image = torch.randn(1, 2, side, side, generator=torch.Generator().manual_seed(6))
    layers = [layer.name for layer in find_layers(network)] + IN_PLACE.get(name, [])
    theirs, places = network, {layer: layer for layer in layers}
    if isinstance(network, (models.VisionTransformer, models.SwinTransformer)):
        theirs, places = with_grids(network, layers)
    expected = captums_maps(theirs, image, 2, places)
    found = our_maps(network.requires_grad_(False), image, 2, layers)
    for layer in layers:
        largest = float(expected[layer].abs().max())
        assert largest > 0, layer
        torch.testing.assert_close(found[layer], expected[layer], rtol=1e-5, atol=1e-5 * largest, msg=layer)


class SmallVolumes(nn.Module):
    """One channel, a grid that is no cube, in-place steps behind every layer."""

    def __init__(self):
        super().__init__()
        self.first = nn.Conv3d(1, 4, 3, padding=1)
        self.norm = nn.BatchNorm3d(4)
        self.second = nn.Conv3d(4, 6, 3, stride=(1, 2, 2))
        self.head = nn.Linear(6, 3)

    def forward(self, volume):
        grid = self.second(self.norm(self.first(volume)).relu_()).relu_()
        return self.head(grid.mean((2, 3, 4)))


@pytest.mark.parametrize("kind", ["own", "r3d_18"])
def test_layers_of_networks_for_volumes_equal_captums(kind):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(7)
        network = SmallVolumes() if kind == "own" else models.video.r3d_18(weights=None, num_classes=3)
        enliven(network)
        image = torch.randn(1, 1, 6, 12, 10) if kind == "own" else torch.randn(1, 3, 4, 32, 32)
    if kind == "own":
        layers = ["first", "norm", "second"]
    else:
        layers = [layer.name for layer in find_layers(network)]
    expected = captums_maps(network, image, 1, {layer: layer for layer in layers})
    found = our_maps(network.requires_grad_(False), image, 1, layers)
    assert found[layers[0]].shape == ((6, 12, 10) if kind == "own" else (4, 16, 16))
    for layer in layers:
        largest = float(expected[layer].abs().max())
        assert largest > 0, layer
        torch.testing.assert_close(found[layer], expected[layer], rtol=1e-5, atol=1e-5 * largest, msg=layer)
