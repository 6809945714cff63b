"""`glassbox report --replay`: an exported page drawn again, pixel for pixel, from its study and network."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from viewer.cli import drawing, network
from viewer.cli.answer import Answer, UsageError, note
from viewer.cli.network import DEVICES, Question
from viewer.cli.study import open_study
from viewer.errors import GlassboxError, ReportError
from viewer.explain.methods import METHODS
from viewer.inference.bundle import ModelBundle
from viewer.session.store import Store, default_path
from viewer.study import ScanResult, Series

if TYPE_CHECKING:
    from PySide6.QtGui import QImage

    from viewer.inference.loading import LoadedModel
    from viewer.report.report import Report

NOT_THE_SAME = 3
"""Exit code where the page was written, its pictures and figures hold, but other pixels differ."""

_FROM_REPORT = (
    *("series", "slice", "target", "against", "method", "layer", "anyway", "opacity", "threshold"),
    *("colormap", "scale", "evidence", "window", "comment", "deidentify"),
)
"""Options that a replay takes from the report."""


def check(options: argparse.Namespace, defaults: argparse.Namespace) -> None:
    """Refuse a wish that a replay cannot grant."""
    for name in _FROM_REPORT:
        if getattr(options, name) != getattr(defaults, name):
            raise UsageError(f"--replay takes --{name} from the report.", remedy=f"Leave --{name} out.")


def answer(options: argparse.Namespace) -> Answer:
    """Draw the page again and write it; refuse, and write nothing, where the study or the network is another
    or answers otherwise."""
    from viewer.report import document, replay, saving

    recorded = replay.read(options.replay)
    bundles = [_bundle(options, report) for report in recorded.reports]
    found = _study(options, recorded.reports)
    drawing.need_application()
    loaded: dict[str, LoadedModel] = {}
    again = [
        _again(options, report, bundle, found, loaded)
        for report, bundle in zip(recorded.reports, bundles, strict=True)
    ]
    made = replace(recorded, reports=tuple(again))
    data = document.encoded(made)
    written = _image(data)  # what is held against the file is what is written
    differing = _differing(options.replay, written)
    saving.write(options.out, lambda file: file.write(data), overwrite=options.overwrite)
    return _answer(options, again, differing, written.width() * written.height())


def _answer(options: argparse.Namespace, reports: Sequence[Report], differing: int | None, of: int) -> Answer:
    from viewer.report.report import DISCLAIMER

    same = not differing
    if differing:
        note(
            f"{differing} of {of} pixels of the page differ, though its pictures and figures are the same: "
            f"the file was altered, or another version drew it. Look at both pages."
        )
    table = {
        "out": str(options.out),
        "identical": None if differing is None else same,
        "differing_pixels": differing,
        "pages": [
            {
                "slice": report.image.number,
                "source_sha256": report.source_sha256,
                "overlay_sha256": report.overlay_sha256,
                "deidentified": report.deidentified,
                "created": report.created,
            }
            for report in reports
        ],
        "disclaimer": DISCLAIMER,
    }
    said = "the pixels of the report" if differing is not None else "the pictures of the report"
    lines = [f"Drawn again: {said}." if same else "Drawn again, with other pixels."]
    return Answer(table, [*lines, f"Written: {options.out}", DISCLAIMER], 0 if same else NOT_THE_SAME)


def _study(options: argparse.Namespace, reports: Sequence[Report]) -> ScanResult:
    """The study that was named, else where it lay when it was last open."""
    from viewer.report import asked

    if options.path is not None:
        return open_study(options.path)
    store = Store(default_path())
    try:
        places = asked.places(reports[0], store)
    finally:
        store.close()
    for path in places:
        try:
            found = open_study(path)
        except GlassboxError:
            continue
        if asked.find(reports[0], found.series) is not None:
            return found
    raise ReportError(
        "Where the study of this report lies is not known.", remedy="Name its folder after the report."
    )


def _bundle(options: argparse.Namespace, report: Report) -> ModelBundle | None:
    from viewer.inference.catalog import find_bundle, find_bundles
    from viewer.report import asked

    if report.analysis is None:
        return None
    folders = network.model_folders()
    bundles = [find_bundle(options.model, folders)] if options.model else find_bundles(folders)[0]
    return asked.bundle_of(report, bundles)


def _again(
    options: argparse.Namespace,
    recorded: Report,
    bundle: ModelBundle | None,
    found: ScanResult,
    loaded: dict[str, LoadedModel],
) -> Report:
    """The recorded report, with its pictures made anew and held against it."""
    from viewer.dicom.pixels import load_slice
    from viewer.report import agreement, asked, report

    place = asked.find(recorded, found.series)
    if place is None:
        raise asked.missing(recorded, found.series)
    series, index = place
    slice = load_slice(series.slices[index])
    result = None
    if bundle is not None:
        question = _question(recorded, bundle, series, index)
        if bundle.digest not in loaded:
            loaded[bundle.digest] = network.load(question, options.device or _device(recorded))
        result = network.answers(loaded[bundle.digest], question).results[0]
    marks = asked.marks_of(recorded, found.series)
    state = asked.state_of(recorded, series, index, bundle, marks)
    bundles = (bundle,) if bundle is not None else ()
    view = drawing.shown(state, series, slice, result=result, bundles=bundles, others=found.series)
    again = report.build(
        asked.as_exported(view, recorded),
        comment=recorded.comment,
        deidentify=recorded.deidentified,
        now=datetime.fromisoformat(recorded.created),
    )
    if (refused := agreement.refusal(recorded, again)) is not None:
        raise refused
    return replace(recorded, pictures=again.pictures)


def _question(recorded: Report, bundle: ModelBundle, series: Series, index: int) -> Question:
    """What the network was asked, of one slice."""
    from viewer.session.resolve import outside

    analysis = recorded.analysis
    assert analysis is not None
    layer = analysis.map.layer.name if analysis.map is not None else None
    return Question(
        series,
        bundle,
        [index],
        analysis.target,
        outside(bundle.card, series),
        analysis.against,
        METHODS[analysis.method],
        layer,
        anyway=True,
    )


def _device(recorded: Report) -> str | None:
    """Where the network ran, so that it rounds as it did."""
    device = recorded.analysis.provenance.device if recorded.analysis is not None else ""
    return device if device in DEVICES else None


def _image(data: bytes) -> QImage:
    from PySide6.QtGui import QImage

    return QImage.fromData(data, "PNG").convertToFormat(QImage.Format.Format_RGB32)  # type: ignore[arg-type]


def _differing(path: Path, drawn: QImage) -> int | None:
    """How many pixels of a page are not those of the one drawn again; None where the file has no pixels."""
    from viewer.report import chunks

    if not chunks.is_png(path):
        return None
    from PySide6.QtGui import QImage, QImageReader

    reader = QImageReader(str(path))
    if reader.size() != drawn.size():  # looked at before any memory is taken for it
        return drawn.width() * drawn.height()
    page = reader.read().convertToFormat(QImage.Format.Format_RGB32)
    if page.isNull():
        return drawn.width() * drawn.height()
    return int(np.count_nonzero(_pixels(page) != _pixels(drawn)))


def _pixels(image: QImage) -> np.ndarray:
    """(rows, cols) uint32 0xffRRGGBB."""
    rows = np.frombuffer(image.constBits(), np.uint32).reshape(image.height(), image.bytesPerLine() // 4)
    return rows[:, : image.width()] | np.uint32(0xFF000000)
