"""Which layers of a network are worth showing, in the network's order, with names one can read."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn
from torchvision import models
from torchvision.models.densenet import DenseNet
from torchvision.models.squeezenet import Fire
from torchvision.models.video import SwinTransformer3d, VideoResNet

from viewer.errors import ModelError
from viewer.explain.capture import Check
from viewer.explain.grid import grid_reader
from viewer.explain.passes import run_pass
from viewer.inference.card import OfferedLayer
from viewer.inference.exported import ExportedNetwork
from viewer.inference.loading import LoadedModel
from viewer.inference.small_resnet import SmallResNet
from viewer.results import Layer

MAX_FOUND = 12
"""More layers than this do not fit a filmstrip; of a longer network an even choice is offered."""


def offered_layers(loaded: LoadedModel, check: Check = lambda: None) -> tuple[Layer, ...]:
    """The layers to offer, with their grids at the card's input size.

    Those the card names, else the ones found in the network. The network runs once, on black.
    """
    names = [layer.name for layer in offered_names(loaded)]
    size = loaded.card.input
    black = torch.zeros((1, size.channels, *size.size))
    captured = run_pass(loaded, black, names, lambda _logits: 0, check)
    return described(loaded, captured.activations)


def offered_names(loaded: LoadedModel) -> tuple[OfferedLayer, ...]:
    """Names and titles of the layers to offer: the card's, else those found in the network."""
    given = loaded.card.layers.offered
    if given and (all(layer.title for layer in given) or not _is_known(loaded.module)):
        return given
    found = {layer.name: layer for layer in find_layers(loaded.module)}
    if not given:
        given = _even_choice(tuple(found.values()))
        default = loaded.card.layers.default
        if default and default not in {layer.name for layer in given}:
            return _in_network_order(loaded.module, (*given, found.get(default, OfferedLayer(default))))
        return given
    titled = (layer if layer.title else found.get(layer.name, layer) for layer in given)
    return tuple(titled)


def default_layer(loaded: LoadedModel) -> str:
    """The layer shown first: the card's default, else the last one offered."""
    return loaded.card.layers.default or offered_names(loaded)[-1].name


def described(loaded: LoadedModel, outputs: dict[str, torch.Tensor]) -> tuple[Layer, ...]:
    """Layers with the grids their outputs have, in the order they are offered."""
    layers = []
    for layer in offered_names(loaded):
        channels, *grid = grid_reader(loaded.module, layer.name)(outputs[layer.name]).shape
        if len(grid) != 2:
            raise ModelError(
                f"The layer '{layer.name}' has a grid of {len(grid)} dimensions, and a slice has 2.",
                remedy="Choose a model for slices: one for volumes cannot be shown on them.",
            )
        layers.append(Layer(layer.name, layer.title or layer.name, (grid[0], grid[1]), channels))
    return tuple(layers)


def find_layers(network: nn.Module) -> tuple[OfferedLayer, ...]:
    """Layers worth offering of a network that this version knows, in network order.

    The last one is what a paper would call "the last convolution": after its activation and
    before pooling. ModelError for a network of an unknown kind.
    """
    for kind, find in _FINDERS:
        if isinstance(network, kind):
            return find(network)
    raise ModelError(
        "The layers of this network are not known.",
        remedy="Name the layers to offer in [layers] of card.toml.",
    )


def _is_known(network: nn.Module) -> bool:
    return any(isinstance(network, kind) for kind, _find in _FINDERS)


def _numbered(names: list[str], word: str = "block") -> list[OfferedLayer]:
    return [OfferedLayer(name, f"{word} {i} of {len(names)}") for i, name in enumerate(names, start=1)]


def _children(network: nn.Module, path: str) -> list[str]:
    return [f"{path}.{name}" for name, _child in network.get_submodule(path).named_children()]


def _small_resnet(network: SmallResNet) -> tuple[OfferedLayer, ...]:
    return OfferedLayer("stem", "stem"), *_numbered(list(network.stages))


def _resnet(network: models.ResNet) -> tuple[OfferedLayer, ...]:
    return OfferedLayer("maxpool", "stem"), *_numbered(["layer1", "layer2", "layer3", "layer4"])


def _vgg(network: models.VGG) -> tuple[OfferedLayer, ...]:
    """The activation before each pooling step."""
    before = [i - 1 for i, module in enumerate(network.features) if isinstance(module, nn.MaxPool2d)]
    return tuple(_numbered([f"features.{i}" for i in before]))


def _alexnet(network: models.AlexNet) -> tuple[OfferedLayer, ...]:
    active = [i for i, module in enumerate(network.features) if isinstance(module, nn.ReLU)]
    return tuple(_numbered([f"features.{i}" for i in active], "convolution"))


def _densenet(network: DenseNet) -> tuple[OfferedLayer, ...]:
    """The last one is the final normalisation: the ReLU behind it is a function, not a module."""
    dense = [name for name in _children(network, "features") if "denseblock" in name]
    return (
        OfferedLayer("features.pool0", "stem"),
        *_numbered(dense),
        OfferedLayer("features.norm5", "final normalisation"),
    )


def _inception(network: models.Inception3) -> tuple[OfferedLayer, ...]:
    mixed = [name for name, _child in network.named_children() if name.startswith("Mixed_")]
    return OfferedLayer("maxpool2", "stem"), *_numbered(mixed)


def _googlenet(network: models.GoogLeNet) -> tuple[OfferedLayer, ...]:
    mixed = [name for name, _child in network.named_children() if name.startswith("inception")]
    return OfferedLayer("maxpool2", "stem"), *_numbered(mixed)


def _features(network: nn.Module) -> tuple[OfferedLayer, ...]:
    """EfficientNet and MobileNet: stem, blocks, a last 1 x 1 convolution."""
    first, *blocks, last = _children(network, "features")
    return OfferedLayer(first, "stem"), *_numbered(blocks), OfferedLayer(last, "last convolution")


def _four_stages(network: nn.Module) -> tuple[OfferedLayer, ...]:
    """ConvNeXt and Swin: `features` alternates stages with steps that only shrink the grid."""
    names = _children(network, "features")
    return OfferedLayer(names[0], "stem"), *_numbered(names[1::2])


def _regnet(network: models.RegNet) -> tuple[OfferedLayer, ...]:
    return OfferedLayer("stem", "stem"), *_numbered(_children(network, "trunk_output"))


def _squeezenet(network: models.SqueezeNet) -> tuple[OfferedLayer, ...]:
    fire = [f"features.{i}" for i, module in enumerate(network.features) if isinstance(module, Fire)]
    return tuple(_numbered(fire))


def _shufflenet(network: models.ShuffleNetV2) -> tuple[OfferedLayer, ...]:
    return (
        OfferedLayer("maxpool", "stem"),
        *_numbered(["stage2", "stage3", "stage4"]),
        OfferedLayer("conv5", "last convolution"),
    )


def _mnasnet(network: models.MNASNet) -> tuple[OfferedLayer, ...]:
    stacks = [f"layers.{i}" for i, module in enumerate(network.layers) if isinstance(module, nn.Sequential)]
    last = f"layers.{len(network.layers) - 1}"
    return OfferedLayer("layers.2", "stem"), *_numbered(stacks), OfferedLayer(last, "last convolution")


def _vision_transformer(network: models.VisionTransformer) -> tuple[OfferedLayer, ...]:
    """The normalised tokens each block attends to: behind the last block only the class token
    still counts, so its output carries no map."""
    return tuple(_numbered([f"{name}.ln_1" for name in _children(network, "encoder.layers")]))


def _video_resnet(network: VideoResNet) -> tuple[OfferedLayer, ...]:
    return OfferedLayer("stem", "stem"), *_numbered(["layer1", "layer2", "layer3", "layer4"])


def _swin_3d(network: SwinTransformer3d) -> tuple[OfferedLayer, ...]:
    return OfferedLayer("patch_embed", "stem"), *_numbered(_children(network, "features")[::2])


def _exported(network: ExportedNetwork) -> tuple[OfferedLayer, ...]:
    return tuple(OfferedLayer(path, path) for path in network.layer_paths)


def _maxvit(network: models.MaxVit) -> tuple[OfferedLayer, ...]:
    return OfferedLayer("stem", "stem"), *_numbered(_children(network, "blocks"))


_FINDERS: tuple = (
    (SmallResNet, _small_resnet),
    (models.ResNet, _resnet),
    (models.VGG, _vgg),
    (models.AlexNet, _alexnet),
    (DenseNet, _densenet),
    (models.Inception3, _inception),
    (models.GoogLeNet, _googlenet),
    ((models.EfficientNet, models.MobileNetV2, models.MobileNetV3), _features),
    ((models.ConvNeXt, models.SwinTransformer), _four_stages),
    (models.RegNet, _regnet),
    (models.SqueezeNet, _squeezenet),
    (models.ShuffleNetV2, _shufflenet),
    (models.MNASNet, _mnasnet),
    (models.VisionTransformer, _vision_transformer),
    (models.MaxVit, _maxvit),
    (VideoResNet, _video_resnet),
    (SwinTransformer3d, _swin_3d),
    (ExportedNetwork, _exported),
)
"""To add a kind of network: a function that names its layers, and its row here."""


def _even_choice(layers: tuple[OfferedLayer, ...]) -> tuple[OfferedLayer, ...]:
    if len(layers) <= MAX_FOUND:
        return layers
    chosen = np.linspace(0, len(layers) - 1, MAX_FOUND).round().astype(int)
    return tuple(layers[i] for i in chosen)


def _in_network_order(network: nn.Module, layers: tuple[OfferedLayer, ...]) -> tuple[OfferedLayer, ...]:
    order = {name: i for i, (name, _module) in enumerate(network.named_modules())}
    return tuple(sorted(layers, key=lambda layer: order.get(layer.name, len(order))))
