"""ResolvedView: everything the view shows, decided once; and Known: what that is decided from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from viewer.annotate.mark import KeyImage, Mark, ShownMark
from viewer.explain import methods
from viewer.results import Heatmap, Layer, Prediction, ResultKey, SliceKey, SliceResult, WhatIf
from viewer.session.analyses import Analyses
from viewer.session.marks import MarkBook
from viewer.session.state import Overlay, Presentation
from viewer.session.trust import TrustKept
from viewer.study import Box, Series, Slice, SliceHeader, VoiLut, Window

if TYPE_CHECKING:
    from viewer.explain.trust.outside import Place
    from viewer.explain.trust.verdict import TrustLine
    from viewer.inference.bundle import ModelBundle
    from viewer.inference.card import Card


PlacesKey = tuple[ResultKey, str, str]
"""Result, layer and evidence of the map whose heat is looked for."""


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
    graphics: bool = True
    """Whether the file's overlay planes are drawn; not while identity is hidden, for they may hold it."""
    shutter: bool = True
    window_choices: tuple[Window, ...] = ()
    """The file's own choices first, then the presets of the modality."""
    presentation: Presentation = field(default_factory=Presentation)
    overlay: Overlay = field(default_factory=Overlay)
    """As it is in force: of a map that has no absolute scale, or no evidence against, the other is shown."""
    only_relative: str = ""
    """Why there is no absolute scale; empty where there is one."""
    only_positive: str = ""
    """Why evidence against cannot be shown; empty where it can."""
    layers: tuple[Layer, ...] = ()
    layer: Layer | None = None
    heatmap: Heatmap | None = None
    heat_range: tuple[float, float] = (0.0, 1.0)
    """Logit evidence at the bottom and top of the colour scale, see `imaging.colormap.scale_of`."""
    withheld: str = ""
    """Why no map is shown of a finding: it lies below the model's operating point. Empty where one is."""
    explained_anyway: bool = False
    """Whether the reader asked for a map although the finding lies below the operating point."""
    prediction: Prediction | None = None
    target: str | None = None
    against: str = ""
    """The label that the target is held against; "" for none."""
    method: methods.Method = methods.METHODS[methods.DEFAULT]
    unfit: Mapping[str, str] = field(default_factory=dict)
    """Method id -> why the chosen network cannot be explained by it."""
    wanted: ResultKey | None = None
    """What is asked now, answered or not; None while it depends on a prediction that is not there yet."""
    ribbon: np.ndarray | None = None
    """(slices,) float32: probability of the target, or of any finding; NaN where not analysed."""
    caption: str = ""
    """Model, finding and probability, method, layer, scale: stands in the picture with the overlay."""
    overlay_note: str = ""
    """In words: "No positive evidence …", "… below the threshold everywhere", "Outside the model's
    domain: …", or empty."""
    corners: tuple[str, str, str, str] = ("", "", "", "")
    """Multi-line text for top left, top right, bottom left, bottom right."""
    letters: tuple[str, str, str, str] = ("", "", "", "")
    """Orientation letters at the left, right, top and bottom edge of the screen."""
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
    tool: str = ""
    """What the left button draws: "occluder", "region", a kind of mark, or "" for nothing."""
    occluder: Box | None = None
    region: Box | None = None
    what_if: WhatIf | None = None
    """The newest answer for this slice with a box covered; its own box tells which: it may lag a drag."""
    truth_view: bool = False
    """Whether what the network saw stands beside the picture."""
    trust: tuple[TrustLine, ...] = ()
    """What is known so far of whether the shown map deserves belief; empty without a map."""
    trust_checked: bool = False
    """Whether the costly lines are among them."""
    trust_opened: frozenset[str] = frozenset()
    """Ids of the lines whose sentence is on show."""
    unread: tuple[TrustLine, ...] = ()
    """Amber and red lines not looked at yet: the overlay is grey until they were."""
    places: tuple[Place, ...] = ()
    """How much of the shown map's heat lies where no finding can be; empty while that is not known."""
    marks: tuple[ShownMark, ...] = ()
    """What the reader drew on this slice, then, faint, on its neighbours; empty while marks are hidden."""
    all_marks: tuple[Mark, ...] = ()
    """What the reader drew in this study, in the order of drawing."""
    chosen_mark: str = ""
    marks_visible: bool = True
    key_images: tuple[KeyImage, ...] = ()
    """Of this study, in the order of choosing."""
    only_key_images: bool = False
    comment: str = ""
    """What the reader wrote about this study."""
    undo: str = ""
    """What the menu calls the change that Undo would take back; "" for none."""
    redo: str = ""

    @property
    def is_key_image(self) -> bool:
        """Whether the slice on the screen is one."""
        header = self.header
        return header is not None and any(one.instance == header.key for one in self.key_images)

    @property
    def header(self) -> SliceHeader | None:
        """The slice asked for, decoded or not."""
        return self.series.slices[self.index] if self.series is not None else None

    @property
    def presets(self) -> tuple[Window | VoiLut, ...]:
        """What the keys 1 … 9 choose: the presets of the modality; where it has none, the file's own
        LUTs and windows and the percentiles."""
        from viewer.imaging.window import PRESETS

        if self.series is None:
            return ()
        luts = self.slice.luts if self.slice is not None else ()
        return PRESETS.get(self.series.modality) or (*luts, *self.window_choices)

    @property
    def undecoded(self) -> SliceHeader | None:
        """The slice to decode now, if it is neither there nor known to be undecodable."""
        return self.header if self.slice is None and not self.problem else None


@dataclass(frozen=True, eq=False, slots=True)
class Known:
    """What was read and computed so far, as `resolve` needs it.

    `slice_of` gives a decoded slice or None; `problems` says why a slice cannot be shown;
    `bundles` are the models in the order in which they are offered; `series_windows` maps the uid of a
    series to the window of its slices that carry none (None: there is no such window).
    """

    series: Mapping[str, Series]
    slice_of: Callable[[SliceKey], Slice | None]
    problems: Mapping[SliceKey, str]
    bundles: Sequence[ModelBundle]
    analyses: Analyses
    series_windows: Mapping[str, Window | None] = field(default_factory=dict)
    what_if: WhatIf | None = None
    trust: TrustKept = field(default_factory=TrustKept)
    places: tuple[PlacesKey, tuple[Place, ...]] | None = None
    """Where the heat of one map lies, the last one asked about."""
    marks: MarkBook = field(default_factory=MarkBook)
    undo: str = ""
    redo: str = ""
