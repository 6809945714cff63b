"""Networks by name: every torchvision classification family, and modules of our own.

To add one of our own: a module in this package and its row in `OWN`. A torchvision name needs no
row. Weights never come from here: a network is built empty and filled by `loading`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import torchvision
from torch import nn

from viewer.errors import ModelError
from viewer.inference.card import CardArchitecture
from viewer.inference.small_resnet import SmallResNet

OWN: dict[str, Callable[..., nn.Module]] = {"SmallResNet": SmallResNet}

TORCHVISION_ARGUMENTS = frozenset(
    {"aux_logits", "attention_dropout", "dropout", "replace_stride_with_dilation", "stochastic_depth_prob"}
)
"""What a card may say to a torchvision builder; channels, labels and input size it gets from us."""

WITH_AUXILIARY_HEADS = frozenset({"googlenet", "inception_v3"})
MAX_BLOCKS = 512


def torchvision_names() -> tuple[str, ...]:
    """The torchvision classification networks, as a card may name them."""
    return tuple(sorted(torchvision.models.list_models(module=torchvision.models)))


def build(
    architecture: CardArchitecture, *, channels: int, labels: int, size: tuple[int, int] = (224, 224)
) -> nn.Module:
    """Build the network of a card with fresh weights.

    Parameters
    ----------
    channels : input channels; the first convolution is replaced where it has another number.
    labels : outputs of the head (and of auxiliary heads, where they are asked for).
    size : (height, width) of the input, which some networks must know.

    Raises ModelError for an unknown name and for arguments that do not fit it.
    """
    builders = {"torchvision": _torchvision, "glassbox": _own}
    if architecture.family not in builders:
        raise ModelError(
            f"There is no network family '{architecture.family}'.",
            remedy=f"Known families: {', '.join(builders)}.",
        )
    try:
        return builders[architecture.family](architecture, channels, labels, size)
    except ModelError:
        raise
    except (TypeError, ValueError, AssertionError, IndexError, ZeroDivisionError, RuntimeError) as error:
        raise ModelError(
            f"The network '{architecture.name}' cannot be built as the model card says: {error}.",
            remedy="Correct [architecture] and [input] in card.toml.",
        ) from error


def _own(architecture: CardArchitecture, channels: int, labels: int, size: tuple[int, int]) -> nn.Module:
    maker = OWN.get(architecture.name)
    if maker is None:
        raise ModelError(
            f"Glassbox has no network '{architecture.name}' of its own.",
            remedy=f"Known networks: {', '.join(OWN)}.",
        )
    known = set(inspect.signature(maker).parameters) - {"channels", "labels"}
    _refuse_unknown(architecture, known)
    for key, value in architecture.arguments.items():
        # A hostile card could ask for millions of modules; no list in a network of ours is long.
        numbers = value if isinstance(value, list) else [value]
        if min(numbers, default=0) < 1 or (isinstance(value, list) and sum(numbers) > MAX_BLOCKS):
            raise ValueError(f"'{key}' must be positive, and a list's sum at most {MAX_BLOCKS}")
    return maker(channels=channels, labels=labels, **architecture.arguments)


def _torchvision(
    architecture: CardArchitecture, channels: int, labels: int, size: tuple[int, int]
) -> nn.Module:
    name = architecture.name
    if name not in torchvision_names():
        raise ModelError(
            f"torchvision {torchvision.__version__} has no classification network '{name}'.",
            remedy="Correct [architecture] in card.toml, or update torchvision.",
        )
    _refuse_unknown(architecture, TORCHVISION_ARGUMENTS)
    arguments: dict[str, Any] = dict(architecture.arguments)
    if name in WITH_AUXILIARY_HEADS:
        # Auxiliary heads serve training alone; their own initialisation takes half a minute.
        arguments = {"aux_logits": False, "init_weights": False, "transform_input": False} | arguments
    if name.startswith("vit_"):
        if size[0] != size[1]:
            raise ModelError(
                f"The network '{name}' needs a square input, not {size[0]} x {size[1]}.",
                remedy="Correct [input] size in card.toml.",
            )
        arguments["image_size"] = size[0]
    if name.startswith("maxvit"):
        arguments["input_size"] = size
    network = torchvision.models.get_model(name, weights=None, num_classes=labels, **arguments)
    _replace_first_convolution(network, channels)
    return network


def _refuse_unknown(architecture: CardArchitecture, known: frozenset[str] | set[str]) -> None:
    for key in architecture.arguments:
        if key not in known:
            raise ModelError(
                f"The network '{architecture.name}' has no argument '{key}'.",
                remedy=f"Known arguments: {', '.join(sorted(known))}.",
            )


def _replace_first_convolution(network: nn.Module, channels: int) -> None:
    """Every torchvision network starts with one convolution of 3 channels: give it `channels`."""
    for name, module in network.named_modules():
        if not isinstance(module, nn.Conv2d):
            continue
        if module.in_channels == channels:
            return
        replacement = nn.Conv2d(
            channels,
            module.out_channels,
            module.kernel_size,  # type: ignore[arg-type]
            module.stride,  # type: ignore[arg-type]
            module.padding,  # type: ignore[arg-type]
            module.dilation,  # type: ignore[arg-type]
            bias=module.bias is not None,
            device=module.weight.device,
        )
        owner, _, attribute = name.rpartition(".")
        setattr(network.get_submodule(owner), attribute, replacement)
        return
    raise ValueError("the network has no convolution")
