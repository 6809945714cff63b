"""ResolvedView: what to show and what to compute for a state. Pure: no Qt, no I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from viewer.inference.card import Card
from viewer.results import Heatmap, Layer, Prediction, SliceResult
from viewer.session.state import Overlay, Presentation
from viewer.study import Series, Slice, Window


@dataclass(frozen=True, eq=False, slots=True)
class ResolvedView:
    """Everything the view shows, decided once and in one place.

    `slice` is None while the wanted slice is still being decoded (the view keeps the picture it
    has and says so); `problem` says why it cannot be shown at all. `heatmap` is set only when the
    result's own key equals the question asked now.
    """

    series: Series | None = None
    index: int = 0
    slice: Slice | None = None
    problem: str = ""
    window: Window | None = None
    """The window in force; None when a VOI LUT is (see `voi_lut`) or for colour."""
    voi_lut: int | None = None
    invert: bool = False
    window_choices: tuple[Window, ...] = ()
    """The file's own choices first, then the presets of the modality."""
    presentation: Presentation = field(default_factory=Presentation)
    overlay: Overlay = field(default_factory=Overlay)
    layers: tuple[Layer, ...] = ()
    layer: Layer | None = None
    heatmap: Heatmap | None = None
    heat_range: tuple[float, float] = (0.0, 1.0)
    """Logit evidence at the bottom and top of the colour scale."""
    prediction: Prediction | None = None
    target: str | None = None
    ribbon: np.ndarray | None = None
    """(slices,) float32: probability of the target, or of any finding; NaN where not analysed."""
    caption: str = ""
    """Model, finding and probability, method, layer, scale: stands in the picture with the overlay."""
    overlay_note: str = ""
    """In words: "No positive evidence …", "Outside the model's domain: …", or empty."""
    corners: tuple[str, str, str, str] = ("", "", "", "")
    """Multi-line text for top left, top right, bottom left, bottom right."""
    letters: tuple[str, str, str, str] = ("", "", "", "")
    """Orientation letters at the left, right, top and bottom edge."""
    cams: Mapping[str, np.ndarray] = field(default_factory=dict)
    """Layer name -> (h, w) float32 raw signed cam of the shown result, for the filmstrip."""
    card: Card | None = None
    """The card of the chosen model."""
    result: SliceResult | None = None
    """What `prediction`, `cams` and `heatmap` were taken from."""
    outside: tuple[str, ...] = ()
    """Why this series is outside the domain of the chosen model, one sentence each; empty if inside."""
    deidentified: bool = False
    """Whether patient identity is hidden on the screen."""
