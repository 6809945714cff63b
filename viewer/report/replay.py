"""An exported report read back from its PNG or JSON, which may come from anybody: bounded, and looked at
before it is used.

`asked` then tells what it asked, `agreement` whether that still holds of the study and the network.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from viewer.annotate.mark import ShownMark
from viewer.errors import ReportError
from viewer.explain.methods import METHODS
from viewer.imaging.colormap import COLORMAPS, EVIDENCE, GREY
from viewer.report import chunks, record
from viewer.report.document import Document
from viewer.report.png import TEXT_KEY
from viewer.report.report import MAX_COMMENT, Analysis, Display, ImageLine, Report
from viewer.session.moves import usable
from viewer.session.state import Overlay

MAX_REPORTS = 500
MAX_MARKS = 2000
MAX_POINTS = 50_000

_REMEDY = "Choose a PNG that Glassbox exported."
_FUNCTIONS = ("LINEAR", "LINEAR_EXACT", "SIGMOID")


def read(path: Path) -> Document:
    """The reports in a PNG that Glassbox exported, or in the same JSON as a file; without their pictures.

    Raises ReportError, in one sentence, for every other file, and for a report that was altered so
    that its values cannot be right.
    """
    text = chunks.text_of(path, TEXT_KEY) if chunks.is_png(path) else _json(path)
    if text is None:
        raise ReportError("This PNG holds no report of Glassbox.", remedy=_REMEDY)
    reports, contact = record.all_from_json(text)
    try:
        sound = len(reports) <= MAX_REPORTS and all(_is_sound(report) for report in reports)
    except (ValueError, OverflowError, TypeError):
        sound = False
    if not sound:
        raise ReportError("The values of this report cannot be right: it was altered.", remedy=_REMEDY)
    return Document(reports, contact)


def _json(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(chunks.MAX_TEXT + 1)
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise ReportError(f"'{path.name}' cannot be read: {why}.", remedy="Choose another file.") from error
    if len(data) > chunks.MAX_TEXT:
        raise ReportError("This file is too large to be a report of Glassbox.", remedy=_REMEDY)
    return data.decode("utf-8", "replace")


def _is_sound(report: Report) -> bool:
    """Whether values lie where Glassbox may have put them."""
    datetime.fromisoformat(report.created)
    digests = [report.source_sha256, *([report.overlay_sha256] if report.overlay_sha256 else [])]
    return (
        len(report.comment) <= MAX_COMMENT
        and all(len(one) == 64 and int(one, 16) >= 0 for one in digests)
        and _is_sound_image(report.image)
        and _is_sound_display(report.display)
        and (report.analysis is None or _is_sound_analysis(report.analysis))
        and len({shown.mark.id for shown in report.marks}) == len(report.marks) <= MAX_MARKS
        and all(_is_sound_mark(shown) for shown in report.marks)
    )


def _is_sound_image(image: ImageLine) -> bool:
    return (
        1 <= image.number <= image.count < 1 << 24
        and 0 <= image.frame < 1 << 24
        and 1 <= image.rows <= 1 << 16
        and 1 <= image.cols <= 1 << 16
        and image.quarter_turns in range(4)
        and 1e-6 < image.aspect < 1e6
        and all(1e-9 < side < 1e9 for side in image.spacing or ())
    )


def _is_sound_display(display: Display) -> bool:
    window = display.window
    if window is not None and (window.function not in _FUNCTIONS or usable(window) != window):
        return False
    return display.voi_lut is None or 0 <= display.voi_lut < 1 << 16


def _is_sound_analysis(analysis: Analysis) -> bool:
    look = analysis.map.overlay if analysis.map is not None else Overlay()
    labels = [finding.label for finding in analysis.findings]
    return (
        analysis.method in METHODS
        and analysis.target in labels
        and analysis.against in ("", *labels)
        and all(0 <= finding.probability <= 1 for finding in analysis.findings)
        and 0 <= look.opacity <= 1
        and 0 <= look.threshold <= 1
        and look.colormap in (*COLORMAPS, GREY)
        and look.scale in ("absolute", "relative")
        and look.evidence in EVIDENCE
    )


def _is_sound_mark(shown: ShownMark) -> bool:
    mark = shown.mark
    places = [
        *mark.points,
        *shown.points,
        *(place for place in (mark.label, shown.label) if place is not None),
    ]
    return (
        1 <= len(mark.id) <= 64
        and mark.id.isalnum()
        and len(mark.text) <= MAX_COMMENT
        and len(mark.points) == len(shown.points) <= MAX_POINTS
        and all(abs(value) < 1e7 for place in places for value in place)
    )
