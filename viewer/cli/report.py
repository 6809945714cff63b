"""`glassbox report`: the annotated page of one slice, drawn without a display."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from viewer.cli import drawing, network, replay
from viewer.cli.answer import Answer, UsageError, note
from viewer.cli.network import Question
from viewer.cli.study import add_choice, add_window, fraction, open_study
from viewer.dicom import identity
from viewer.errors import ReportError
from viewer.imaging.colormap import COLORMAPS, EVIDENCE, map_in_force
from viewer.report import saving
from viewer.results import SliceResult
from viewer.session import captions
from viewer.session.resolved_view import ResolvedView
from viewer.session.series_window import series_window, slice_or_none
from viewer.session.state import Explanation, Overlay, ViewerState

if TYPE_CHECKING:
    from viewer.inference.loading import LoadedModel
    from viewer.report.report import Map, Report

EPILOG = """\
The page shows the source and the overlay side by side, as the window would, with findings and provenance.
The PNG's text chunk "glassbox" holds the whole report as JSON. Patient identity is on the page and in that
text unless --deidentify is given; it is never printed. A finding below the model's operating point has no
map on the page without --anyway ("gated"). A file that is already there is left alone, unless
--overwrite is given.

--replay draws an exported page again, from its study (PATH, else where it was last opened) and its model, on
the device it was made on. What can be worked out again is held against the report first; the comment, the
trust line and the time are taken as they stand. Exit code 0: the pixels are those of the file. 2: nothing was
written, as the study, the model's digest, or what comes out (another torch, another device, an altered
report) is not the same; the sentence says what. 3: written, and all that was held against the report is the
same, but pixels of the file differ ("differing_pixels"): it was altered, or another version drew it. A
contact page is replayed whole."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_choice(parser, slices="peak", needed=False)
    network.add_network(parser, layers="the model's own choice", many=False)
    look = Overlay()
    parser.add_argument(
        "--opacity", type=fraction, default=look.opacity, help="0 to 1 (default: %(default)s)"
    )
    parser.add_argument(
        "--threshold",
        type=fraction,
        default=look.threshold,
        help="fraction of the scale below which nothing is drawn",
    )
    parser.add_argument(
        "--colormap", choices=list(COLORMAPS), default=look.colormap, help="default: %(default)s"
    )
    parser.add_argument(
        "--scale", choices=("absolute", "relative"), default=look.scale, help="default: %(default)s"
    )
    parser.add_argument(
        "--evidence",
        choices=EVIDENCE,
        default=look.evidence,
        help="draw evidence for the target, against it, or both (default: %(default)s)",
    )
    add_window(parser, whole="the series")
    parser.add_argument("--comment", default="", help="text for the page")
    parser.add_argument("--deidentify", action="store_true", help="leave out who, where and when")
    parser.add_argument(
        "--replay",
        metavar="X.png",
        type=Path,
        help="draw an exported page again, pixel for pixel, from its PNG or the JSON out of it; PATH is then "
        "the study it was made from",
    )
    parser.add_argument("--overwrite", action="store_true", help="replace a file that is already there")
    parser.add_argument("--out", metavar="X.png", type=Path, required=True, help="PNG or PDF to write")


def _defaults() -> argparse.Namespace:
    """The options as they are where nobody wishes anything."""
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return parser.parse_args(["--out", "x.png"])


def answer(options: argparse.Namespace) -> Answer:
    endings = (".png",) if options.replay is not None else (".png", ".pdf")
    if options.out.suffix.lower() not in endings:
        names = " or ".join(endings)
        raise ReportError(
            f"'{options.out.name}' does not end in {names}.", remedy=f"Give --out a name in {names}."
        )
    if saving.exists(options.out) and not options.overwrite:
        error = saving.already_there(options.out)
        raise ReportError(error.what, remedy="Choose another name, or add --overwrite.")
    if options.layer == "all" or options.slice == "all":
        raise UsageError(
            "A report shows one slice and one layer.", remedy="Choose one, or leave the choice out."
        )
    if options.replay is not None:
        replay.check(options, _defaults())
        return replay.answer(options)
    if options.path is None:
        raise UsageError("The following arguments are required: PATH.", remedy="Name a study, or --replay.")
    question = network.ask(options, open_study(options.path))
    loaded = network.load(question, options.device)
    replies = network.answers(loaded, question)
    view = _view(options, question, loaded, replies.indices[0], replies.results[0])
    return _written(options, view)


def _view(
    options: argparse.Namespace,
    question: Question,
    loaded: LoadedModel,
    index: int,
    result: SliceResult,
) -> ResolvedView:
    """What the window would show: the same state, resolved by the same function."""
    from viewer.dicom.pixels import load_slice

    series = question.series
    slice = load_slice(series.slices[index])
    layer = network.chosen_layers(options.layer, result.layers, loaded.card)
    key = result.key
    state = ViewerState(
        series=series.uid,
        slice=index,
        window=None if slice.is_color else options.window,
        overlay=Overlay(
            opacity=options.opacity,
            threshold=options.threshold,
            colormap=options.colormap,
            scale=options.scale,
            evidence=options.evidence,
        ),
        explanation=Explanation(
            loaded.card.name, key.target, layer[0].name if layer else None, key.method, key.against
        ),
        asked=frozenset({(series.uid, question.bundle.digest)}),
        explain_anyway=frozenset(
            {(series.uid, question.bundle.digest, key.target)} if question.anyway else ()
        ),
    )
    window = series_window(series, slice_or_none) if options.window is None else None
    return drawing.shown(state, series, slice, result=result, bundles=(question.bundle,), window=window)


def _written(options: argparse.Namespace, view: ResolvedView) -> Answer:
    from viewer.report import page, paper, report
    from viewer.report.choice import is_pdf
    from viewer.report.document import Document

    drawing.need_application()
    if options.deidentify and view.header is not None and view.header.burned_in:
        note(identity.BURNED_IN)
    made = report.build(view, comment=options.comment, deidentify=options.deidentify)
    if is_pdf(options.out):
        paper.save([Document((made,))], options.out, overwrite=options.overwrite)
    else:
        page.save(made, options.out, overwrite=options.overwrite)
    table = _table(options.out, made)
    return Answer(table, _lines(table))


def _table(out: Path, made: Report) -> dict[str, Any]:
    """What is on the page, without who it is about."""
    from viewer.report import page

    analysis = made.analysis
    if analysis is None or (analysis.map is None and not analysis.withheld):
        raise ReportError("The network offers no map to show.", remedy="Choose another model.")
    return {
        "out": str(out),
        "width": page.WIDTH,
        "series": made.image.series_uid,
        "slice": made.image.number,
        "slices": made.image.count,
        "sop_instance_uid": made.image.sop_instance_uid,
        "deidentified": made.deidentified,
        "model": {
            "name": analysis.provenance.model,
            "version": analysis.provenance.version,
            "digest": analysis.provenance.digest,
        },
        "target": analysis.target,
        "against": analysis.against,
        "method": analysis.method,
        "probability": {finding.label: finding.probability for finding in analysis.findings},
        "operating_point": {finding.label: finding.point for finding in analysis.findings},
        "gated": bool(analysis.withheld),
        **_map_table(analysis.map),
        "window": made.display.text,
        "outside_domain": list(analysis.outside),
        "device": analysis.provenance.device,
        "versions": dict(made.software),
        "created": made.created,
        "disclaimer": made.disclaimer,
    }


def _map_table(shown: Map | None) -> dict[str, Any]:
    """The map on the page; without one the same fields, all None."""
    if shown is None:
        names = (
            "layer",
            "layer_text",
            "range",
            "evidence",
            "no_evidence",
            "opacity",
            "threshold",
            "colormap",
        )
        return dict.fromkeys((*names, "scale", "heat_range"))
    look = shown.overlay
    return {
        "layer": shown.layer.name,
        "layer_text": shown.layer_text,
        "range": list(shown.raw_range),
        "evidence": look.evidence,
        "no_evidence": shown.empty,
        "opacity": look.opacity,
        "threshold": look.threshold,
        "colormap": map_in_force(look.colormap, look.evidence),
        "scale": look.scale,
        "heat_range": list(shown.heat_range),
    }


def _lines(table: dict[str, Any]) -> list[str]:
    chance, point = (table[name][table["target"]] for name in ("probability", "operating_point"))
    where = table["layer_text"] or "no map"
    lines = [f"Slice {table['slice']} of {table['slices']}: {table['target']} {chance:.3f}, {where}"]
    if table["gated"]:
        chance, point = captions.distinct(chance, point)
        lines.append(
            f"{chance} is below this model's operating point {point}: no map is shown without --anyway."
        )
    elif table["no_evidence"]:
        kind = (
            "positive evidence for" if table["evidence"] == "positive" else captions.SIGNS[table["evidence"]]
        )
        lines.append(f"No {kind} {table['target']} in this layer.")
    return [*lines, f"Written: {table['out']}", table["disclaimer"]]
