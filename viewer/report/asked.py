"""What a report asked: its study, slice, model, state and marks, found again among what is there now."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from viewer.annotate.mark import Mark
from viewer.dicom.identity import pseudonymous_uid
from viewer.errors import ModelError, ReportError
from viewer.explain.methods import METHODS
from viewer.inference.bundle import ModelBundle
from viewer.report.report import Report
from viewer.session import captions
from viewer.session.kept import StoreError
from viewer.session.resolved_view import ResolvedView
from viewer.session.state import Explanation, Presentation, ViewerState
from viewer.session.store import Store
from viewer.study import Series

SHORT = 12
"""Digits of a digest in a sentence."""


def find(report: Report, series: Iterable[Series]) -> tuple[Series, int] | None:
    """The series and the place of the slice that a report shows; None if it is not among these.

    UIDs of a de-identified report are pseudonyms: those of the study are made anew and compared.
    """
    image = report.image
    found = None
    for one in of_study(report, series):
        for index, header in enumerate(one.slices):
            same = header.frame == image.frame and _names(
                report, image.sop_instance_uid, header.sop_instance_uid
            )
            if same and _names(report, image.series_uid, one.uid):
                return one, index
            if same and found is None:
                found = one, index  # the same slice in a series that was grouped otherwise
    return found


def of_study(report: Report, series: Iterable[Series]) -> list[Series]:
    """Those of the report's study."""
    wanted = report.image.study_instance_uid
    return [one for one in series if _names(report, wanted, one.study_instance_uid)]


def is_about(report: Report, study_uid: str) -> bool:
    """Whether a report shows a slice of this study."""
    return _names(report, report.image.study_instance_uid, study_uid)


def _names(report: Report, written: str, uid: str) -> bool:
    """Whether the report means `uid`, by itself or by its pseudonym."""
    return bool(uid) and written == (pseudonymous_uid(uid) if report.deidentified else uid)


def missing(report: Report, series: Iterable[Series]) -> ReportError:
    """Why a study is not the one of the report."""
    if of_study(report, series):
        return ReportError(
            "The image of this report is not among the files of its study.",
            remedy="Choose the folder that holds all of the study.",
        )
    return ReportError("This is not the study of the report.", remedy="Choose the study it was made from.")


def places(report: Report, store: Store) -> tuple[Path, ...]:
    """Where the study of a report lay when it was opened, the newest first; none if that cannot be told."""
    if not store.path.exists():
        return ()
    try:
        studies = [uid for uid in store.studies() if is_about(report, uid)]
        return tuple(path for uid in studies for path in store.places_of(uid))
    except StoreError:
        return ()


def bundle_of(report: Report, bundles: Sequence[ModelBundle]) -> ModelBundle | None:
    """The model that answered, known by the digest of its weights; None where none was asked.

    Raises ModelError where it is not there, or is not the same any more.
    """
    if report.analysis is None:
        return None
    where = report.analysis.provenance
    same = [bundle for bundle in bundles if bundle.weights_digest == where.digest]
    named = [bundle for bundle in bundles if bundle.card.name == where.model]
    for bundle in (*(one for one in same if one in named), *same):
        return bundle
    name = printable(where.model)
    if named:
        raise ModelError(
            f"The model '{name}' is not the one of the report: its weights have the SHA-256 "
            f"{named[0].weights_digest[:SHORT]}…, those of the report {printable(where.digest, SHORT)}….",
            remedy="Add the model that the report was made with.",
        )
    raise ModelError(
        f"The model '{name}' of the report (SHA-256 {printable(where.digest, SHORT)}…) is not here.",
        remedy="Add its bundle.",
    )


def printable(text: str, most: int = 60) -> str:
    """Text of a report for a sentence: short, and without what would move a terminal's cursor."""
    return "".join(char for char in text[:most] if char.isprintable())


def asked(report: Report, series: Series, index: int, bundle: ModelBundle | None) -> dict[str, Any]:
    """Fields of `ViewerState` as they were when the report was made, but for what the reader drew."""
    display, image, analysis = report.display, report.image, report.analysis
    changes: dict[str, Any] = {
        "series": series.uid,
        "slice": index,
        "window": display.window,
        "voi_lut": display.voi_lut,
        "invert": display.inverted,
        "graphics": display.graphics,
        "shutter": display.shutter,
        "presentation": Presentation(quarter_turns=image.quarter_turns, flipped=image.flipped),
    }
    if analysis is None or bundle is None:
        return changes
    shown, pair, method = analysis.map, (series.uid, bundle.digest), METHODS[analysis.method]
    layer = shown.layer.name if shown is not None and method.by_layer else None
    changes["explanation"] = Explanation(
        bundle.card.name, analysis.target, layer, analysis.method, analysis.against
    )
    changes["asked"] = changes["accepted"] = frozenset({pair})
    if shown is not None:
        only = not method.signed and captions.sign_words("positive", "signed") in shown.caption
        changes["overlay"] = replace(shown.overlay, evidence="signed") if only else shown.overlay
        changes["explain_anyway"] = frozenset({(*pair, analysis.target)})
    return changes


def marks_of(report: Report, series: Iterable[Series]) -> tuple[Mark, ...]:
    """What the reader had drawn on the slice and its neighbours, of the study among these series.

    Pseudonyms give way to what they stand for; a mark of a series that is not there is left out.
    """
    known: dict[str, str] = {}
    for one in of_study(report, series):
        for uid in (one.study_instance_uid, one.uid, *(header.sop_instance_uid for header in one.slices)):
            known[pseudonymous_uid(uid) if report.deidentified else uid] = uid
    found = []
    for mark in (shown.mark for shown in report.marks):
        (uid, frame), there = mark.instance, (mark.study, mark.series, mark.instance[0])
        if all(one in known for one in there):
            found.append(
                replace(
                    mark, study=known[mark.study], series=known[mark.series], instance=(known[uid], frame)
                )
            )
    return tuple(found)


def state_of(
    report: Report, series: Series, index: int, bundle: ModelBundle | None, marks: tuple[Mark, ...]
) -> ViewerState:
    """The whole state, for somebody who has none yet."""
    return ViewerState(**asked(report, series, index, bundle), marks=marks)


def as_exported(view: ResolvedView, report: Report) -> ResolvedView:
    """The view with what is not worked out again: the trust lines, and that a map was not there yet."""
    analysis = report.analysis
    if analysis is None:
        return view
    view = replace(view, trust=analysis.trust)
    if analysis.map is None and not analysis.withheld:
        view = replace(view, heatmap=None)
    return view if analysis.provenance.device else replace(view, result=None, heatmap=None)
