"""Report: everything on the page, as a value, with its provenance.

It is built from the `ResolvedView` the reader looks at, and its two pictures come from
`imaging.compose`, so that page and screen cannot disagree.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import numpy as np

from viewer import diagnostics
from viewer.annotate.mark import ShownMark
from viewer.dicom import identity
from viewer.errors import ReportError
from viewer.explain.methods import DEFAULT, METHODS
from viewer.explain.trust.verdict import TrustLine
from viewer.imaging import compose
from viewer.imaging.turn import Turn
from viewer.inference.card import Card
from viewer.report.marks import marks_on
from viewer.results import Layer, Prediction, Provenance, SliceResult
from viewer.session import captions
from viewer.session.resolved_view import ResolvedView
from viewer.session.state import Overlay
from viewer.study import Series, Slice, Window

SCHEMA = 4
DISCLAIMER = "Not for primary diagnosis. AI output is investigational."
MAX_COMMENT = 4000
"""Characters of a comment: about one printed page."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who it is: only in a report for which identity was asked."""

    name: str
    patient_id: str
    birth_date: str
    sex: str
    age: str


@dataclass(frozen=True, slots=True)
class StudyLine:
    """What was examined: what `dicom.identity` passed, if the report is de-identified."""

    study_description: str
    study_date: str
    institution: str
    modality: str
    series_description: str
    series_number: int | None
    body_part: str
    orientation: str
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ImageLine:
    """Which plane it is and how it lies; `number` is 1-based, `frame` 0-based.

    UIDs of a de-identified report are pseudonyms: who has the study finds it again, nobody else does.
    """

    study_instance_uid: str
    series_uid: str
    sop_instance_uid: str
    frame: int
    number: int
    count: int
    rows: int
    cols: int
    spacing: tuple[float, float] | None
    """(row spacing, column spacing) mm; None if unknown."""
    aspect: float
    """Height of a pixel divided by its width, also where no spacing is known."""
    calibration: str
    letters: tuple[str, str, str, str]
    """Orientation letters at the left, right, top and bottom edge, as the pictures stand on the page."""
    quarter_turns: int
    """How often the pictures are turned clockwise on the page."""
    flipped: bool
    """Whether they are mirrored left to right, before they are turned."""

    @property
    def turn(self) -> Turn:
        return Turn(self.quarter_turns, self.flipped)


@dataclass(frozen=True, slots=True)
class Display:
    """How modality values became grey levels; `window` None where a VOI LUT or colour is in force."""

    window: Window | None
    voi_lut: int | None
    inverted: bool
    graphics: bool
    """Whether the overlay planes of the file are drawn; never in a de-identified report."""
    shutter: bool
    """Whether the display shutter of the file is closed."""
    text: str
    """As it stands in the corner of the picture."""


@dataclass(frozen=True, slots=True)
class Finding:
    label: str
    probability: float
    logit: float
    point: float | None
    """The model's operating point: below it the label does not count as found. None in older reports."""

    @property
    def below(self) -> bool:
        return self.point is not None and self.probability < self.point


@dataclass(frozen=True, slots=True)
class Map:
    """The heatmap on the right picture. `empty`: no evidence of the sign shown, said in words."""

    layer: Layer
    layer_text: str
    raw_range: tuple[float, float]
    heat_range: tuple[float, float]
    unit: str
    empty: bool
    overlay: Overlay
    caption: str


@dataclass(frozen=True, slots=True)
class Analysis:
    """What the network said, which network, and what speaks against believing it."""

    provenance: Provenance
    model_title: str
    findings: tuple[Finding, ...]
    """In the order of the model's labels."""
    target: str
    against: str
    """The label that the target is held against; "" for none."""
    method: str
    """Id of `explain.methods`."""
    outside: tuple[str, ...]
    note: str
    withheld: str
    """Why there is no map of a finding below the model's operating point; empty where there is one."""
    map: Map | None
    trust: tuple[TrustLine, ...]
    """What was known of whether the map deserves belief."""


@dataclass(frozen=True, eq=False, slots=True)
class Pictures:
    """Both pictures, (rows, cols) uint32 0xffRRGGBB as the slice is stored, not turned yet; `overlay` None
    without a heatmap."""

    source: np.ndarray
    overlay: np.ndarray | None


@dataclass(frozen=True, slots=True)
class Report:
    """Everything on the page. All but `pictures` goes to JSON and back; their digests stay with it."""

    created: str
    """ISO 8601, local time with offset."""
    deidentified: bool
    identity: Identity | None
    study: StudyLine
    image: ImageLine
    display: Display
    analysis: Analysis | None
    comment: str
    software: tuple[tuple[str, str], ...]
    source_sha256: str
    overlay_sha256: str
    """SHA-256 of the composed pixels, so that a page drawn again can be held against this one."""
    marks: tuple[ShownMark, ...] = ()
    """On both pictures: the slice's own first, with the statistics of their regions, then the faint ones."""
    page: int = 1
    pages: int = 1
    """Which page it is on, of how many that were exported together."""
    disclaimer: str = DISCLAIMER
    schema: int = SCHEMA
    pictures: Pictures | None = field(default=None, compare=False, repr=False)


def build(
    view: ResolvedView, *, comment: str = "", deidentify: bool = False, now: datetime | None = None
) -> Report:
    """The report of what `view` shows. Renders both pictures: for large images, not on the GUI thread.

    The overlay is on the page even where the reader has hidden it: the left picture is without it.
    Raises ReportError where no slice is shown.
    """
    series, slice = view.series, view.slice
    if series is None or slice is None:
        raise ReportError("There is no image to report on.", remedy="Open a study and choose a slice.")
    if len(comment) > MAX_COMMENT:
        raise ReportError(
            f"The comment has {len(comment)} characters; a report takes {MAX_COMMENT}.",
            remedy="Shorten the comment.",
        )
    if deidentify:
        view = replace(view, graphics=False)
    pictures = _pictures(view, slice)
    passed = identity.deidentified(series) if deidentify else series
    when = now or datetime.now().astimezone()
    return Report(
        created=when.isoformat(timespec="seconds"),
        deidentified=deidentify,
        identity=None if deidentify else _who(series),
        study=_study_line(passed),
        image=_image_line(view, passed, slice),
        display=_display(view, slice, deidentify),
        analysis=_analysis(view),
        comment=comment.strip(),
        software=diagnostics.versions(),
        source_sha256=_digest(pictures.source),
        overlay_sha256=_digest(pictures.overlay) if pictures.overlay is not None else "",
        marks=marks_on(view, slice, deidentify=deidentify),
        pictures=pictures,
    )


def _pictures(view: ResolvedView, slice: Slice) -> Pictures:
    look: dict[str, Any] = {
        "window": view.window,
        "voi_lut": view.voi_lut,
        "invert": view.invert,
        "graphics": view.graphics,
        "shutter": view.shutter,
    }
    source = compose.render(slice, **look)
    if view.heatmap is None:
        return Pictures(source, None)
    overlay = compose.render(
        slice,
        heatmap=view.heatmap,
        overlay=replace(view.overlay, visible=True),
        heat_range=view.heat_range,
        **look,
    )
    return Pictures(source, overlay)


def _digest(pixels: np.ndarray) -> str:
    return hashlib.sha256(np.ascontiguousarray(pixels, "<u4").data).hexdigest()


def _who(series: Series) -> Identity:
    patient = series.patient
    return Identity(
        name=patient.name,
        patient_id=patient.patient_id,
        birth_date=patient.birth_date,
        sex=patient.sex,
        age=patient.age,
    )


def _study_line(series: Series) -> StudyLine:
    return StudyLine(
        study_description=series.study_description,
        study_date=series.study_date,
        institution=series.institution,
        modality=series.modality,
        series_description=series.description,
        series_number=series.series_number,
        body_part=series.body_part,
        orientation=series.orientation,
        notes=series.notes,
    )


def _image_line(view: ResolvedView, series: Series, slice: Slice) -> ImageLine:
    header = series.slices[view.index]
    return ImageLine(
        study_instance_uid=series.study_instance_uid,
        series_uid=series.uid,
        sop_instance_uid=header.sop_instance_uid,
        frame=header.frame,
        number=view.index + 1,
        count=len(series.slices),
        rows=slice.values.shape[0],
        cols=slice.values.shape[1],
        spacing=header.geometry.spacing,
        aspect=header.geometry.aspect,
        calibration=header.geometry.calibration,
        letters=view.letters,
        quarter_turns=view.presentation.quarter_turns,
        flipped=view.presentation.flipped,
    )


def _display(view: ResolvedView, slice: Slice, deidentify: bool) -> Display:
    """How it is windowed; explanations are free text of the file, so `dicom.identity` has to pass them."""
    window, luts = view.window, slice.luts
    if deidentify and window is not None:
        window = replace(window, explanation=identity.safe_text(window.explanation))
    if deidentify:
        luts = tuple(replace(lut, explanation=identity.safe_text(lut.explanation)) for lut in luts)
    if slice.is_color:
        text = "colour"
    else:
        text = captions.window_text(replace(slice, luts=luts), window, view.voi_lut)
    return Display(
        window=window,
        voi_lut=view.voi_lut,
        inverted=view.invert,
        graphics=view.graphics,
        shutter=view.shutter,
        text=f"{text}, inverted" if view.invert else text,
    )


def _analysis(view: ResolvedView) -> Analysis | None:
    """What the result on show says, labelled by the result's own key and card."""
    card, result = view.card, view.result
    prediction = view.prediction or (result.prediction if result is not None else None)
    if card is None or prediction is None:
        return None
    target = result.key.target if result is not None else view.target or ""
    return Analysis(
        provenance=provenance(card, result),
        model_title=card.title,
        findings=_findings(prediction, card),
        target=target,
        against=result.key.against if result is not None else view.against,
        method=result.key.method if result is not None else view.method.id,
        outside=view.outside,
        note=view.overlay_note,
        withheld=view.withheld,
        map=_map(view, result),
        trust=view.trust,
    )


def _findings(prediction: Prediction, card: Card) -> tuple[Finding, ...]:
    rows = zip(prediction.labels, prediction.probabilities, prediction.logits, strict=True)
    return tuple(
        Finding(label, float(chance), float(logit), card.operating_point(label))
        for label, chance, logit in rows
    )


def _map(view: ResolvedView, result: SliceResult | None) -> Map | None:
    heatmap, slice = view.heatmap, view.slice
    if heatmap is None or slice is None:
        return None
    mapping = result.mapping if result is not None else None
    return Map(
        layer=heatmap.layer,
        layer_text=captions.layer_text(heatmap.layer, mapping, slice.header.geometry),
        raw_range=heatmap.raw_range,
        heat_range=view.heat_range,
        unit=heatmap.unit,
        empty=heatmap.lacks(view.overlay.evidence),
        overlay=replace(view.overlay, visible=True),
        caption=view.caption,
    )


def provenance(card: Card, result: SliceResult | None = None) -> Provenance:
    """Where a result comes from; without a result, where the next one would come from."""
    from viewer.inference.preprocess import PREPROCESSING_VERSION

    return Provenance(
        model=card.name,
        version=card.version,
        digest=card.weights.sha256,
        preprocessing=PREPROCESSING_VERSION,
        licence=card.licence,
        intended_use=card.intended_use,
        method=captions.asked(result.key) if result is not None else METHODS[DEFAULT].title,
        device=result.device if result is not None else "",
        software=diagnostics.versions(),
    )
