"""ViewerState: what the reader asked for, as frozen values. A change is a new value."""

from __future__ import annotations

from dataclasses import dataclass, field

from viewer.annotate.mark import KeyImage, Mark
from viewer.imaging.turn import Turn
from viewer.results import MapKey
from viewer.study import Box, Window


@dataclass(frozen=True, slots=True)
class Overlay:
    """How a heatmap is presented. A change costs a lookup table, never a job.

    `threshold` is the fraction of the scale's maximum below which nothing is drawn.
    `scale` is "absolute" (the model's own fixed range, in logit units) or "relative" (this map's maximum).
    `evidence` is what is drawn: "positive" (for the finding, in the colours of `colormap`), "negative"
    (against it, by its magnitude) or "signed" (both, about a transparent zero).
    """

    visible: bool = True
    opacity: float = 0.5
    threshold: float = 0.15
    colormap: str = "inferno"
    scale: str = "absolute"
    evidence: str = "positive"


@dataclass(frozen=True, slots=True)
class Explanation:
    """What the reader wants explained. None means the model's own choice.

    `method` is an id of `explain.methods`; `against` the label that the target is held against, "" for none.
    """

    model: str | None = None
    target: str | None = None
    layer: str | None = None
    method: str | None = None
    against: str = ""


@dataclass(frozen=True, slots=True)
class Presentation:
    """Pan, zoom, turn and mirroring in view terms.

    `zoom` 1.0 fits the slice into the viewport; `pan` is the slice point (x, y), in pixels,
    at the viewport's centre, or None for the slice's own centre. On the screen the slice is first
    mirrored left to right, if it is `flipped`, then turned clockwise by `quarter_turns` (0 … 3).
    """

    zoom: float = 1.0
    pan: tuple[float, float] | None = None
    quarter_turns: int = 0
    flipped: bool = False

    @property
    def turn(self) -> Turn:
        return Turn(self.quarter_turns, self.flipped)


@dataclass(frozen=True, slots=True)
class ViewerState:
    """Everything asked for. `window` None means the file's own first choice."""

    series: str | None = None
    slice: int = 0
    window: Window | None = None
    voi_lut: int | None = None
    invert: bool = False
    graphics: bool = True
    """The overlay planes of the file are drawn."""
    shutter: bool = True
    """The display shutter of the file is closed."""
    presentation: Presentation = field(default_factory=Presentation)
    overlay: Overlay = field(default_factory=Overlay)
    explanation: Explanation = field(default_factory=Explanation)
    deidentified: bool = False
    asked: frozenset[tuple[str, str]] = frozenset()
    """(series uid, model digest) the reader asked to be analysed: what speaks against it is then said."""
    accepted: frozenset[tuple[str, str]] = frozenset()
    """(series uid, model digest) the reader wants analysed although outside the model's domain."""
    explain_anyway: frozenset[tuple[str, str, str]] = frozenset()
    """(series uid, model digest, label) the reader wants explained although below its operating point."""
    tool: str = ""
    """What the left button draws: "occluder", "region" or a kind of mark (`annotate.mark.KINDS`); "" while no
    tool is in hand."""
    marks: tuple[Mark, ...] = ()
    """What the reader drew, of all studies that are open, in the order in which it was drawn."""
    chosen_mark: str = ""
    """Id of the mark that the next key is about; "" for none."""
    marks_visible: bool = True
    key_images: tuple[KeyImage, ...] = ()
    only_key_images: bool = False
    """Scrolling stops at key images alone."""
    comments: tuple[tuple[str, str], ...] = ()
    """(Study Instance UID, what the reader writes about it); no empty ones."""
    occluder: Box | None = None
    """What the network is not to see, to find out what it says then; of this series."""
    region: Box | None = None
    """Where the finding is, by the reader: maps are scored against it; of this series."""
    truth_view: bool = False
    """What the network saw stands beside the picture."""
    trust_opened: frozenset[str] = frozenset()
    """Ids of the trust lines whose sentence is on show; they stay open from slice to slice."""
    looked: frozenset[tuple[MapKey, str]] = frozenset()
    """(map, id) of the trust lines that were open once: they grey that map no more."""

    def comment_on(self, study: str) -> str:
        """What the reader wrote about a study; "" for nothing."""
        return dict(self.comments).get(study, "")
