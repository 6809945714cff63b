"""Mark: what the reader drew, in the patient's coordinates, as a frozen value."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field

from viewer.results import SliceKey
from viewer.study import Vector

PATIENT, IMAGE = "patient", "image"


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of mark. To add one: a row in `KINDS`, its outline in `shape`, its figures in `measure`.

    Parameters
    ----------
    title : as in the menu.
    points : how many points it has; 0 for any number from three up.
    region : whether it encloses pixels.
    meaning : which point is which, in order.
    """

    title: str
    points: int
    region: bool
    meaning: str


KINDS = {
    "length": Kind("Length", 2, False, "the two ends"),
    "angle": Kind("Angle", 3, False, "end of one arm, vertex, end of the other arm"),
    "cobb": Kind("Cobb Angle", 4, False, "ends of the first line, ends of the second line"),
    "bidirectional": Kind("Bidirectional", 4, False, "ends of the long axis, ends of the short axis"),
    "ellipse": Kind(
        "Ellipse", 4, True, "left, right, top and bottom end of its axes (PS3.3 C.10.5: axis ends)"
    ),
    "rectangle": Kind("Rectangle", 4, True, "top left, top right, bottom right, bottom left corner"),
    "polygon": Kind("Polygon", 0, True, "corners in order; closed by itself"),
    "freehand": Kind("Freehand Region", 0, True, "points of the line in order; closed by itself"),
    "probe": Kind("Probe", 1, False, "the pixel"),
    "arrow": Kind("Arrow", 2, False, "tip, tail"),
    "text": Kind("Text", 1, False, "where the text is about"),
}
"""Id -> kind, in menu order."""

COLORS = {
    "yellow": "#f5d76e",
    "green": "#8fe388",
    "cyan": "#7fd4f0",
    "magenta": "#f0a0dc",
    "orange": "#f5a962",
    "white": "#f2f2f2",
}
"""Name -> colour; the first is what a new mark gets."""


@dataclass(frozen=True, slots=True)
class Mark:
    """What the reader drew on one slice.

    Parameters
    ----------
    id : unique among all marks of all studies.
    kind : a key of `KINDS`; `points` means what its row says.
    study, series : Study Instance UID, and `Series.uid` of the display group it was drawn in.
    instance : SOP Instance UID and frame of the slice it was drawn on.
    points : (x, y, z) mm, LPS, if `space` is "patient"; (column, row, 0) with (0, 0, 0) at the centre of the
        first pixel if it is "image": on slices that tell no place in the patient.
    label : where the reader dragged its label to, in the same space; None: wherever there is room.
    """

    id: str
    kind: str
    study: str
    series: str
    instance: SliceKey
    points: tuple[Vector, ...]
    space: str = PATIENT
    text: str = ""
    color: str = "yellow"
    locked: bool = False
    label: Vector | None = None

    @property
    def is_region(self) -> bool:
        return KINDS[self.kind].region


@dataclass(frozen=True, slots=True)
class KeyImage:
    """A slice that the reader wants to find again, and on the report."""

    study: str
    series: str
    instance: SliceKey


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of a mark: a length, an angle, a mean.

    Parameters
    ----------
    name : "Length", "Mean", …
    unit : "mm", "mm²", "px", "°", "HU", …; "" for a plain number.
    source : where the scale of a length or an area comes from ("PixelSpacing", …); "" if there is none.
    chance : what chance would give, where the figure is a score of the heatmap; else None.
    """

    name: str
    value: float
    unit: str = ""
    source: str = ""
    chance: float | None = None


@dataclass(frozen=True, slots=True)
class Histogram:
    """How often values fall into bins of equal width: `counts` (n,), `low` to `high`, last bin closed."""

    low: float
    high: float
    counts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Statistics:
    """Of the modality values of the pixels whose centre lies in a region, and of the heatmap's on them.

    `why_not` says in a sentence why there are no modality values: no pixel, a colour image; "" where there
    are. `notes` are sentences that belong beside the figures: pixels left out, why a map has no figures.
    """

    figures: tuple[Figure, ...] = ()
    histogram: Histogram | None = None
    why_not: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ShownMark:
    """A mark as it stands on a slice.

    Parameters
    ----------
    points : (x, y) in slice pixels, pixel i covers [i, i + 1); in the order of the mark's own.
    label : the same for a label that was dragged; None: wherever there is room.
    faint : drawn on another slice, less than half a slice spacing away.
    figures : of its geometry, and the value under a probe.
    statistics : of a region; None while they are being computed, and for other marks.
    """

    mark: Mark
    points: tuple[tuple[float, float], ...]
    label: tuple[float, float] | None = None
    faint: bool = False
    figures: tuple[Figure, ...] = ()
    statistics: Statistics | None = field(default=None)


def new_id() -> str:
    """An id that no other mark has, on this machine or another."""
    return uuid.uuid4().hex


def is_sound(mark: Mark) -> bool:
    """Whether a mark that was read from a file can be drawn: its words are known, its points complete."""
    if mark.kind not in KINDS or mark.color not in COLORS or mark.space not in (PATIENT, IMAGE):
        return False
    wanted = KINDS[mark.kind].points
    return len(mark.points) == wanted if wanted else len(mark.points) >= 3
