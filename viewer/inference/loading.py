"""A bundle becomes a network on a device: verified, evaluated, frozen. Nothing in it is executed."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from dataclasses import dataclass

import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_safetensors
from torch import nn

from viewer.errors import ModelError
from viewer.inference.architectures import build
from viewer.inference.bundle import ModelBundle
from viewer.inference.card import EXPORTED, Card
from viewer.inference.exported import exported_network

DEVICES = ("cuda", "mps", "cpu")
AUXILIARY = ("AuxLogits.", "aux1.", "aux2.")
"""Heads that GoogLeNet and Inception have for training alone: their weights may be left over."""


@dataclass(eq=False)
class LoadedModel:
    """A network ready to be asked: `module` is in evaluation mode, its parameters are frozen.

    `device` is "cuda", "mps" or "cpu"; `notice` says in words why it is not the device asked for.
    """

    module: nn.Module
    bundle: ModelBundle
    device: str
    notice: str = ""

    @property
    def card(self) -> Card:
        return self.bundle.card

    def fall_back_to_cpu(self) -> None:
        """Move the network to the CPU because the device's memory is full, and say so in `notice`."""
        self.module.to("cpu")
        self.notice = (
            f"The memory of {describe_device(self.device)} is full, so the model runs on the CPU. "
            "Close other programs that use it to be faster."
        )
        self.device = "cpu"
        if torch.cuda.is_available():
            torch.cuda.empty_cache()


def choose_device(prefer: str = "auto") -> str:
    """The device to run on: CUDA, then MPS, then CPU; or the one preferred, if this machine has it."""
    available = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if prefer == "auto":
        return next(device for device in DEVICES if available[device])
    if not available.get(prefer, False):
        usable = ", ".join(device for device in DEVICES if available[device])
        raise ModelError(f"This machine has no device '{prefer}'.", remedy=f"Choose one of: auto, {usable}.")
    return prefer


def describe_device(device: str) -> str:
    """What the window shows for a device: "CUDA (NVIDIA H200)", "MPS", "CPU"."""
    if device == "cuda" and torch.cuda.is_available():
        return f"CUDA ({torch.cuda.get_device_name()})"
    return device.upper()


def load_model(
    bundle: ModelBundle, device: str = "auto", check: Callable[[], None] = lambda: None
) -> LoadedModel:
    """Verify a bundle's weights and build its network with them.

    Raises ModelError, in plain words, for altered weights, for weights that do not fit the
    architecture on the card, and for a device that this machine does not have. `check` raises
    `Cancelled` to stop between the steps.
    """
    chosen = choose_device(device)
    card = bundle.card
    data = bundle.read_weights(check)
    check()
    network = (
        exported_network(data, card) if card.architecture.family == EXPORTED else _built(card, data, check)
    )
    network.eval().requires_grad_(False)
    if chosen == "cuda":
        # TF32 convolutions keep 10 bits of mantissa: too few for maps that equal the CPU's.
        torch.backends.cudnn.conv.fp32_precision = "ieee"  # type: ignore[attr-defined]
    check()
    loaded = LoadedModel(network, bundle, chosen)
    try:
        network.to(chosen)
    except torch.OutOfMemoryError:
        loaded.fall_back_to_cpu()
    return loaded


def _built(card: Card, data: bytes, check: Callable[[], None]) -> nn.Module:
    """The network of the card's architecture, with the weights of a safetensors file in it."""
    network = _skeleton(card)
    check()
    _check_shapes(_header(data, card.name), _shapes(network), card.name)
    try:
        state = load_safetensors(data)
    except (SafetensorError, ValueError, KeyError) as error:
        raise _not_weights(card.name) from error
    check()
    _fill(network, state)
    if any(tensor.is_meta for tensor in (*network.parameters(), *network.buffers())):
        network = _build(card)  # a buffer that no weights file holds is made by the builder alone
        _fill(network, state)
    return network


def _build(card: Card) -> nn.Module:
    return build(
        card.architecture, channels=card.input.channels, labels=len(card.labels), size=card.input.size
    )


def _skeleton(card: Card) -> nn.Module:
    """The card's network without memory for its weights, where it can be built so.

    Shapes are then known before any memory is taken, and no time goes into random numbers.
    """
    try:
        with torch.device("meta"):
            return _build(card)
    except (ModelError, NotImplementedError):
        return _build(card)  # RegNet computes its widths with tensors, which "meta" cannot


def _shapes(network: nn.Module) -> dict[str, torch.Size]:
    return {name: value.shape for name, value in network.state_dict().items()}


def _fill(network: nn.Module, state: dict[str, torch.Tensor]) -> None:
    """Put the weights into the network, in the precision it computes with."""
    known = network.state_dict()
    fitting = type(known)((name, state[name].to(known[name].dtype)) for name in known)
    # The metadata hold each module's format version; without them MNASNet refuses its own weights.
    fitting._metadata = known._metadata  # type: ignore[attr-defined]
    network.load_state_dict(fitting, assign=True)


def _header(data: bytes, name: str) -> dict[str, torch.Size]:
    """Name -> shape of every tensor in a safetensors file, from its header alone."""
    try:
        (length,) = struct.unpack_from("<Q", data)
        header = json.loads(data[8 : 8 + length])
        return {key: torch.Size(entry["shape"]) for key, entry in header.items() if key != "__metadata__"}
    except (struct.error, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise _not_weights(name) from error


def _check_shapes(given: dict[str, torch.Size], needed: dict[str, torch.Size], name: str) -> None:
    problem = ""
    for key, shape in needed.items():
        if key not in given:
            problem = f"'{key}' is missing"
        elif given[key] != shape:
            problem = f"'{key}' is {_words(given[key])}, the architecture needs {_words(shape)}"
        if problem:
            break
    else:
        extra = [key for key in given if key not in needed and not key.startswith(AUXILIARY)]
        problem = f"'{extra[0]}' has no place in the architecture" if extra else ""
    if problem:
        raise ModelError(
            f"The weights of the model '{name}' do not fit its architecture: {problem}.",
            remedy="Correct [architecture], [input] or labels in card.toml.",
        )


def _words(shape: torch.Size) -> str:
    return " x ".join(str(side) for side in shape) or "a single number"


def _not_weights(name: str) -> ModelError:
    return ModelError(
        f"The weights of the model '{name}' are not a safetensors file.",
        remedy="Get the bundle again from its source.",
    )
