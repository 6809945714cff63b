"""Prediction, class activation map, heatmap and provenance: what the network said, as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from viewer.study import Box

SliceKey = tuple[str, int]
"""SOP Instance UID and 0-based frame."""


@dataclass(frozen=True, slots=True)
class AxisMapping:
    """How one axis of the network's input lies on the slice, in half-pixel-exact coordinates.

    Pixel i covers [i, i + 1); its centre is i + 0.5. A slice coordinate u (0 … slice_size) lies at
    network input coordinate ``scale * u + offset`` (0 … input_size); `scale` is negative for a flip.
    Slice coordinates outside ``valid`` were cropped away and carry no evidence.
    """

    slice_size: int
    input_size: int
    scale: float
    offset: float

    def weights(self, cells: int) -> np.ndarray:
        """Linear interpolation from a network grid to slice pixels.

        Parameters
        ----------
        cells : number of grid cells along this axis; the grid spans the whole network input.

        Returns
        -------
        (slice_size, cells) float32
            Rows sum to 1; they are all zero for pixels that the network did not see.
        """
        centres = np.arange(self.slice_size) + 0.5
        at_input = self.scale * centres + self.offset
        seen = (at_input >= 0) & (at_input <= self.input_size)
        at_grid = np.clip(at_input * cells / self.input_size - 0.5, 0, cells - 1)
        low = np.minimum(np.floor(at_grid).astype(int), max(cells - 2, 0))
        high = np.minimum(low + 1, cells - 1)
        part = at_grid - low
        table = np.zeros((self.slice_size, cells), np.float32)
        rows = np.arange(self.slice_size)
        np.add.at(table, (rows, low), 1 - part)
        np.add.at(table, (rows, high), part)
        table[~seen] = 0
        return table


@dataclass(frozen=True, slots=True)
class InputMapping:
    """The exact inverse of the preprocessing: network input -> slice pixels, per axis."""

    rows: AxisMapping
    cols: AxisMapping


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer of a network whose output is a spatial grid.

    `name` is the module path ("layer3"); `title` the readable name ("block 3 of 4").
    `grid` is (h, w) at the network's input size.
    """

    name: str
    title: str
    grid: tuple[int, int]
    channels: int


@dataclass(frozen=True, eq=False, slots=True)
class Prediction:
    """What the network said of one slice.

    `logits` and `probabilities` are (labels,) float32 in the order of `labels`.
    """

    labels: tuple[str, ...]
    logits: np.ndarray
    probabilities: np.ndarray


@dataclass(frozen=True, slots=True)
class ResultKey:
    """The question a result answers: shown only if it equals the question asked now.

    `against` is the label whose logit is taken away from the target's, "" to explain the target alone.
    `layer` is the layer asked about, for methods that need passes of their own for each, else "".
    """

    slice: SliceKey
    model_digest: str
    """Of the bundle, card and weights: other preprocessing is another question."""
    target: str
    method: str = "grad-cam"
    against: str = ""
    layer: str = ""


MapKey = tuple[ResultKey, str]
"""One map: the question its result answers, and its layer."""


@dataclass(frozen=True, eq=False, slots=True)
class SliceResult:
    """Everything one forward and one backward pass gave for one slice and target.

    `cams` maps the layers' names to their raw, signed maps, (h, w) float32, in logit units where the method
    has them: of all layers where the result is `complete`, of the one on show where it was sent ahead;
    `layers` are in network order; `input` is what the network saw,
    (channels, height, width) float32; `notes` are sentences that belong beside the map.
    """

    key: ResultKey
    prediction: Prediction
    layers: tuple[Layer, ...]
    cams: Mapping[str, np.ndarray]
    mapping: InputMapping
    input: np.ndarray
    device: str
    notes: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether every layer's map is there."""
        return len(self.cams) == len(self.layers)

    @property
    def nbytes(self) -> int:
        return int(self.input.nbytes + sum(cam.nbytes for cam in self.cams.values()))


@dataclass(frozen=True, eq=False, slots=True)
class Heatmap:
    """One map on the slice grid.

    `values` is (rows, cols) float32, signed, in logit units; `raw_range` the (min, max) of the cam
    on the network's grid; `empty` says that the slice has no positive evidence, `nothing_against` that it
    has no negative one: states shown in words.
    """

    key: ResultKey
    layer: Layer
    values: np.ndarray
    raw_range: tuple[float, float]
    empty: bool
    unit: str = "logit"
    nothing_against: bool = False

    def lacks(self, evidence: str) -> bool:
        """Whether there is no evidence of the kind asked for: "positive", "negative" or "signed" (either)."""
        if evidence == "signed":
            return self.empty and self.nothing_against
        return self.nothing_against if evidence == "negative" else self.empty


@dataclass(frozen=True, eq=False, slots=True)
class WhatIf:
    """What the network says of a slice once a box of it is covered."""

    slice: SliceKey
    model_digest: str
    box: Box
    prediction: Prediction


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a result comes from: printed on every report, stored in every export."""

    model: str
    version: str
    digest: str
    preprocessing: str
    licence: str
    intended_use: str
    method: str
    device: str
    software: tuple[tuple[str, str], ...]
    """("glassbox", "0.1.0"), ("torch", …), … in printing order."""
