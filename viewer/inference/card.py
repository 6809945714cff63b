"""The model card: card.toml as a typed value, checked field by field. No torch.

A card is written by a stranger: every field is checked for type and bounds here, and nothing in it
is ever executed. `schema = 1` is the format described by the dataclasses of this module.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

from viewer.errors import ModelError
from viewer.inference.card_fields import Section

SCHEMA = 1
MAX_LABELS = 25_000
MAX_SIDE = 2048

DEFAULT_METHOD = "grad-cam"
DEFAULT_OPERATING_POINT = 0.5

FITS = ("letterbox", "stretch", "crop")
FAMILIES = ("torchvision", "glassbox", "exported")
EXPORTED = FAMILIES[2]
"""The network comes with its weights, as a torch.export program (.pt2); its name is for the reader alone."""


@dataclass(frozen=True, slots=True)
class CardArchitecture:
    """How the network is built: a family, a name in it, and its arguments (numbers, flags, lists)."""

    family: str
    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CardInput:
    """What a slice becomes before the network sees it.

    Parameters
    ----------
    size : (height, width) of the network's input.
    channels : input channels; grey slices are repeated.
    fit : "letterbox" (whole slice, black border), "crop" (centre), "stretch".
    flip : True mirrors the columns.
    normalisation : "percentile" (`low`, `high`: percentiles over the slice) or "window" (`center`,
        `width` in modality units, LINEAR_EXACT); both clip to 0 … 1.
    mean, std : one number per channel, applied to 0 … 1 last.
    """

    size: tuple[int, int]
    channels: int = 1
    fit: str = "letterbox"
    flip: bool = False
    normalisation: str = "percentile"
    low: float = 1.0
    high: float = 99.0
    center: float = 0.0
    width: float = 1.0
    mean: tuple[float, ...] = (0.0,)
    std: tuple[float, ...] = (1.0,)


@dataclass(frozen=True, slots=True)
class CardDomain:
    """What the network was made for. An empty list means: not restricted.

    `sequences` are MR sequence families ("T1", "T2", "FLAIR", …; see `domain.SEQUENCES`), `words` such as
    stand in the descriptions of the studies, one of them at least.
    """

    modalities: tuple[str, ...] = ()
    body_parts: tuple[str, ...] = ()
    orientations: tuple[str, ...] = ()
    description: str = ""
    sequences: tuple[str, ...] = ()
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OfferedLayer:
    """A layer worth offering: module path and, optionally, a readable title."""

    name: str
    title: str = ""


@dataclass(frozen=True, slots=True)
class CardLayers:
    """The layers worth offering, in network order, and the one shown first.

    Both may be empty: the layers are then found in the network.
    """

    default: str = ""
    offered: tuple[OfferedLayer, ...] = ()


@dataclass(frozen=True, slots=True)
class MethodScale:
    """The top of the absolute colour scale of one method: `absolute` and `layers`, or `density` alone.

    `density` is logit per picture: the whole picture at that evidence would say this much. Divided by a
    layer's cells it is one scale for all layers, which methods whose cells sum to the logit allow.
    """

    absolute: float | None = None
    layers: Mapping[str, float] = field(default_factory=dict)
    density: float | None = None

    def top(self, layer: str, cells: int) -> float | None:
        """The evidence of one cell at the top of the scale; None where none is fixed for the layer."""
        if self.density is not None:
            return self.density / cells if cells > 0 else None
        return self.layers.get(layer, self.absolute)


@dataclass(frozen=True, slots=True)
class CardScale:
    """Logit evidence at the top of the absolute colour scale, fixed on the material `reference` names.

    `absolute` is for Grad-CAM at the default layer; `layers` (name -> evidence) for its other layers,
    whose cells are smaller and carry less each: without its own number an early layer would stay black.
    `methods` (id -> scale) are for other methods.
    """

    absolute: float | None = None
    layers: Mapping[str, float] = field(default_factory=dict)
    methods: Mapping[str, MethodScale] = field(default_factory=dict)
    reference: str = ""

    def top(self, layer: str, method: str = DEFAULT_METHOD, cells: int = 0) -> float | None:
        """The evidence at the top of the absolute scale of one layer of `cells` cells, by one method.

        None where the card fixes no scale for it: the map can then only be shown on a relative one.
        """
        own = MethodScale(self.absolute, self.layers) if method == DEFAULT_METHOD else MethodScale()
        return self.methods.get(method, own).top(layer, cells)


@dataclass(frozen=True, slots=True)
class CardTraining:
    """Where the weights come from, in words."""

    data: str = ""
    source: str = ""
    attribution: str = ""
    licence: str = ""
    split: str = ""
    script: str = ""
    notes: str = ""


@dataclass(frozen=True, slots=True)
class CardWeights:
    """The weights' file, beside card.toml, and its SHA-256 in lower-case hex."""

    file: str
    sha256: str


@dataclass(frozen=True, eq=False, slots=True)
class Card:
    """All of card.toml. `background` is the label that means "nothing found", or empty.

    `operating_points` (label -> probability) say from where on a label counts as found;
    `default_method` is the id of the explanation shown first, which `explain` may or may not know.
    """

    name: str
    title: str
    version: str
    task: str
    activation: str
    labels: tuple[str, ...]
    background: str
    licence: str
    intended_use: str
    limits: tuple[str, ...]
    architecture: CardArchitecture
    input: CardInput
    domain: CardDomain
    layers: CardLayers
    scale: CardScale
    training: CardTraining
    performance: Mapping[str, Any]
    weights: CardWeights
    operating_points: Mapping[str, float] = field(default_factory=dict)
    default_method: str = DEFAULT_METHOD
    schema: int = SCHEMA

    @property
    def findings(self) -> tuple[str, ...]:
        """The labels that mean something was found: all but the background."""
        return tuple(label for label in self.labels if label != self.background)

    def operating_point(self, label: str) -> float:
        """The probability from which on `label` counts as found."""
        return self.operating_points.get(label, DEFAULT_OPERATING_POINT)


def parse_card(table: Mapping[str, Any]) -> Card:
    """Check a parsed card.toml and return it as a `Card`; ModelError names the first bad field."""
    top = Section("", table)
    schema = top.integer("schema", 0, 10**6)
    if schema != SCHEMA:
        raise ModelError(
            f"The model card has schema {schema}; this version of Glassbox reads schema {SCHEMA}.",
            remedy="Use a bundle made for this version, or update Glassbox.",
        )
    labels = top.texts("labels")
    if not labels:
        top.refuse("labels", "must name at least one label")
    if len(labels) > MAX_LABELS or len(set(labels)) != len(labels):
        top.refuse("labels", f"must be at most {MAX_LABELS} different names")
    background = top.text("background", "")
    if background and background not in labels:
        top.refuse("background", "must be one of the labels")
    name = top.text("name")
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", name):
        top.refuse("name", "may only have letters, digits, '.', '_' and '-'")
    activation = top.choice("activation", ("softmax", "sigmoid"), "softmax")
    if activation == "softmax" and len(labels) < 2:
        top.refuse("activation", "softmax needs at least two labels; use sigmoid for one")
    architecture = _architecture(top.section("architecture"))
    return Card(
        name=name,
        title=top.text("title", name),
        version=top.text("version"),
        task=top.text("task", ""),
        activation=activation,
        labels=labels,
        background=background,
        licence=top.text("licence", ""),
        intended_use=top.text("intended_use", ""),
        limits=top.texts("limits"),
        architecture=architecture,
        input=_input(top.section("input")),
        domain=_domain(top.section("domain", required=False)),
        layers=_layers(top.section("layers", required=False)),
        scale=_scale(top.section("scale", required=False)),
        training=_training(top.section("training", required=False)),
        performance=_plain(top.section("performance", required=False).table),
        weights=_weights(top.section("weights"), architecture),
        operating_points=_operating_points(top.section("operating_points", required=False), labels),
        default_method=_default_method(top.section("explain", required=False)),
    )


def _architecture(section: Section) -> CardArchitecture:
    section.only("family", "name", "arguments")
    arguments = section.section("arguments", required=False)
    for key, value in arguments.table.items():
        items = value if isinstance(value, list) else [value]
        plain = all(isinstance(item, (bool, int, float)) and abs(item) <= 4096 for item in items)
        if not plain or len(items) > 64:
            arguments.refuse(key, "must be a number, a flag or a short list of them")
    return CardArchitecture(section.choice("family", FAMILIES), section.text("name"), dict(arguments.table))


def _input(section: Section) -> CardInput:
    section.only(
        "size", "channels", "fit", "flip", "normalisation", "low", "high", "center", "width", "mean", "std"
    )
    size = section.numbers("size")
    if len(size) != 2 or any(side != int(side) or not 8 <= side <= MAX_SIDE for side in size):
        section.refuse("size", f"must be [height, width], each 8 to {MAX_SIDE}")
    channels = section.integer("channels", 1, 64, 1)
    normalisation = section.choice("normalisation", ("percentile", "window"))
    low, high, center, width = 1.0, 99.0, 0.0, 1.0
    if normalisation == "percentile":
        low, high = section.number("low", 1.0), section.number("high", 99.0)
        if not 0 <= low < high <= 100:
            section.refuse("low", "and 'high' must be percentiles with 0 <= low < high <= 100")
    else:
        center, width = section.number("center"), section.number("width", above=0.0)
    mean = section.numbers("mean", (0.0,) * channels)
    std = section.numbers("std", (1.0,) * channels)
    if len(mean) != channels or len(std) != channels or any(value <= 0 for value in std):
        section.refuse("mean", f"and 'std' must have {channels} numbers each, 'std' above 0")
    return CardInput(
        size=(int(size[0]), int(size[1])),
        channels=channels,
        fit=section.choice("fit", FITS, "letterbox"),
        flip=section.flag("flip", False),
        normalisation=normalisation,
        low=low,
        high=high,
        center=center,
        width=width,
        mean=mean,
        std=std,
    )


def _domain(section: Section) -> CardDomain:
    return CardDomain(
        section.texts("modalities"),
        section.texts("body_parts"),
        section.texts("orientations"),
        section.text("description", ""),
        section.texts("sequences"),
        section.texts("words"),
    )


def _layers(section: Section) -> CardLayers:
    section.only("default", "offered")
    offered = tuple(
        OfferedLayer(item.text("name"), item.text("title", "")) for item in section.items("offered")
    )
    names = [layer.name for layer in offered]
    default = section.text("default", "")
    if len(set(names)) != len(names):
        section.refuse("offered", "names a layer twice")
    if default and offered and default not in names:
        section.refuse("default", "must be one of the offered layers")
    return CardLayers(default, offered)


def _scale(section: Section) -> CardScale:
    section.only("absolute", "layers", "methods", "reference")
    methods = section.section("methods", required=False)
    return CardScale(
        section.optional_number("absolute", above=0.0),
        _tops(section),
        {name: _method_scale(methods.section(name)) for name in methods.table},
        section.text("reference", ""),
    )


def _tops(section: Section) -> dict[str, float]:
    layers = section.section("layers", required=False)
    return {name: layers.number(name, above=0.0) for name in layers.table}


def _method_scale(section: Section) -> MethodScale:
    section.only("absolute", "layers", "density")
    density = section.optional_number("density", above=0.0)
    if density is not None and len(section.table) > 1:
        section.refuse("density", "is for all layers and cannot stand beside 'absolute' or 'layers'")
    return MethodScale(section.optional_number("absolute", above=0.0), _tops(section), density)


def _operating_points(section: Section, labels: tuple[str, ...]) -> dict[str, float]:
    section.only(*labels)
    points = {label: section.number(label) for label in section.table}
    for label, point in points.items():
        if not 0 <= point <= 1:
            section.refuse(label, "must be a probability from 0 to 1")
    return points


def _default_method(section: Section) -> str:
    section.only("method")
    method = section.text("method", DEFAULT_METHOD)
    if not re.fullmatch(r"[a-z0-9][a-z0-9+_-]{0,49}", method):
        section.refuse("method", "must be the id of a method, as 'glassbox explain --method' takes it")
    return method


def _training(section: Section) -> CardTraining:
    return CardTraining(
        data=section.text("data", ""),
        source=section.text("source", ""),
        attribution=section.text("attribution", ""),
        licence=section.text("licence", ""),
        split=section.text("split", ""),
        script=section.text("script", ""),
        notes=section.text("notes", ""),
    )


def _weights(section: Section, architecture: CardArchitecture) -> CardWeights:
    section.only("file", "sha256")
    ending = ".pt2" if architecture.family == EXPORTED else ".safetensors"
    file = section.text("file", f"weights{ending}")
    if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}" + re.escape(ending), file):
        section.refuse("file", f"must be the plain name of a {ending} file beside the card")
    digest = section.text("sha256").lower()
    if not re.fullmatch(r"[0-9a-f]{64}", digest):
        section.refuse("sha256", "must be 64 hexadecimal digits")
    return CardWeights(file, digest)


def _plain(value: Any) -> Any:
    """Free values as JSON knows them: dates, times and numbers that are none become text."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, (str, bool, int)) or (isinstance(value, float) and isfinite(value)):
        return value
    return str(value)
