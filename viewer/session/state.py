"""ViewerState: what the reader asked for, as frozen values. A change is a new value."""

from __future__ import annotations

from dataclasses import dataclass, field

from viewer.study import Window


@dataclass(frozen=True, slots=True)
class Overlay:
    """How a heatmap is presented. A change costs a lookup table, never a job.

    `threshold` is the fraction of the scale's maximum below which nothing is drawn.
    `scale` is "absolute" (the model's own fixed range, in logit units) or "relative" (this map's maximum).
    """

    visible: bool = True
    opacity: float = 0.5
    threshold: float = 0.15
    colormap: str = "inferno"
    scale: str = "absolute"


@dataclass(frozen=True, slots=True)
class Explanation:
    """What the reader wants explained. None means the model's own choice."""

    model: str | None = None
    target: str | None = None
    layer: str | None = None


@dataclass(frozen=True, slots=True)
class Presentation:
    """Pan and zoom in view terms: a change costs a transform.

    `zoom` 1.0 fits the slice into the viewport; `pan` is the slice point (x, y), in pixels,
    at the viewport's centre, or None for the slice's own centre.
    """

    zoom: float = 1.0
    pan: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class ViewerState:
    """Everything asked for. `window` None means the file's own first choice."""

    series: str | None = None
    slice: int = 0
    window: Window | None = None
    voi_lut: int | None = None
    invert: bool = False
    presentation: Presentation = field(default_factory=Presentation)
    overlay: Overlay = field(default_factory=Overlay)
    explanation: Explanation = field(default_factory=Explanation)
    deidentified: bool = False
    asked: frozenset[tuple[str, str]] = frozenset()
    """(series uid, model digest) the reader asked to be analysed: what speaks against it is then said."""
    accepted: frozenset[tuple[str, str]] = frozenset()
    """(series uid, model digest) the reader wants analysed although outside the model's domain."""
