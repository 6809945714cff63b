"""`glassbox explain`: probabilities, and per layer the raw maps and the heatmaps on the slice grid."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from viewer.cli import arrays, network, trust
from viewer.cli.answer import Answer, UsageError
from viewer.cli.network import Question, Replies
from viewer.cli.study import add_choice, open_study
from viewer.errors import StudyError
from viewer.explain.methods import METHODS
from viewer.imaging.colormap import EVIDENCE
from viewer.results import Layer, SliceResult
from viewer.session import captions

if TYPE_CHECKING:
    from viewer.inference.loading import LoadedModel

EPILOG = """\
All slices are explained for one target: the one asked for, else the most probable finding at the peak of
the slices chosen ("peak" and "target_from" say which and why). The .npz holds, for S slices:
  input             (S, channels, height, width) float32, what the network saw
  logit             (S, labels) float32
  probability       (S, labels) float32
  cam/<layer>       (S, h, w) float32, raw and signed; in logit where the method has a unit ("unit")
  heatmap/<layer>   (S, rows, cols) float32, the same on the slice grid; of one sign, by its magnitude, if
                    --evidence names one
  every_label       (S, labels, h, w) float32, with --every-label: Grad-CAM of each label at the default
                    layer, raw and signed, in logit
  provenance        JSON text: labels, target, layers, slices, model, digest, versions, device;
                    slices and frames are counted from 1
Where the target's probability is below the model's operating point there is no map: its values are NaN and
its "range" is null ("gated"), unless --anyway is given.
An .npz that is already there is replaced, anything else is not."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_choice(parser, slices="all")
    network.add_network(
        parser, layers="all; of a method that asks layer by layer, the default one", many=True
    )
    parser.add_argument(
        "--evidence",
        choices=EVIDENCE,
        default="signed",
        help="evidence in the heatmaps: for the target, against it, or both (default: %(default)s)",
    )
    parser.add_argument(
        "--every-label",
        action="store_true",
        help="also store Grad-CAM of every label at the default layer",
    )
    trust.add_trust(parser)
    parser.add_argument("--out", metavar="X.npz", type=Path, required=True, help="file to write")


def answer(options: argparse.Namespace) -> Answer:
    arrays.check(options.out, ".npz")
    question = network.ask(options, open_study(options.path))
    _require_sign(question, options.evidence)
    loaded = network.load(question, options.device)
    replies = network.answers(loaded, question)
    layers = _layers(question, replies)
    table = {**provenance(question, replies, layers), "evidence": options.evidence}
    gated = [network.is_gated(question, result) for result in replies.results]
    every: dict[str, np.ndarray] = {}
    if options.every_label:
        every["every_label"], table["every_label"] = _every_label(loaded, question, replies)
    arrays.write_npz(options.out, {**_arrays(replies, layers, table, gated), **every})
    document = {"out": str(options.out), **table, "results": _results(replies, layers, gated)}
    if options.trust:
        judged = trust.judge(loaded, question, replies, layers, gated)
        for row, lines in zip(document["results"], judged, strict=True):
            row["trust"] = lines
    return Answer(document, _lines(document))


def _require_sign(question: Question, evidence: str) -> None:
    if evidence == "negative" and not question.method.signed:
        raise UsageError(captions.only_positive(question.method), remedy="Choose another --method.")


def _layers(question: Question, replies: Replies) -> list[Layer]:
    """Those asked for; without a wish all there are maps of."""
    found = replies.results[0].layers
    if question.layer is None or not question.method.by_layer:
        return list(found)
    return network.chosen_layers(question.layer, found, question.card)


def _arrays(
    replies: Replies, layers: Sequence[Layer], table: dict[str, Any], gated: Sequence[bool]
) -> dict[str, np.ndarray | arrays.Stack]:
    results = replies.results
    mapping = results[0].mapping
    shape = (len(results), mapping.rows.slice_size, mapping.cols.slice_size)
    if any((r.mapping.rows.slice_size, r.mapping.cols.slice_size) != shape[1:] for r in results):
        raise StudyError(
            "The slices chosen differ in size, so they do not fit into one array.",
            remedy="Choose them one by one with --slice.",
        )
    found: dict[str, np.ndarray | arrays.Stack] = {
        "input": np.stack([result.input for result in results]),
        "logit": np.stack([result.prediction.logits for result in results]),
        "probability": np.stack([result.prediction.probabilities for result in results]),
    }
    for layer in layers:
        cams = np.stack([result.cams[layer.name] for result in results])
        cams[np.array(gated)] = np.nan
        found[f"cam/{layer.name}"] = cams
    for layer in layers:
        parts = _heatmaps(results, layer.name, table["evidence"], gated)
        found[f"heatmap/{layer.name}"] = arrays.Stack(shape, np.dtype(np.float32), parts)
    found["provenance"] = np.array(json.dumps(table, ensure_ascii=True, allow_nan=False))
    return found


def _every_label(
    loaded: LoadedModel, question: Question, replies: Replies
) -> tuple[np.ndarray, dict[str, Any]]:
    """(S, labels, h, w), and the layer; NaN for what is gated, label by label, as the target is."""
    from viewer.explain.closed_form import every_label
    from viewer.session.resolve import is_below

    stacks = []
    for result in replies.results:
        found = every_label(loaded, result.input)
        below = [is_below(question.card, found.prediction, label) for label in found.cams]
        stack = np.stack(list(found.cams.values()))
        if not question.anyway:
            stack[np.array(below)] = np.nan
        stacks.append(stack)
    return np.stack(stacks), {"layer": found.layer, "method": "grad-cam", "closed_form": found.closed}


def _heatmaps(
    results: Sequence[SliceResult], layer: str, evidence: str, gated: Sequence[bool]
) -> Iterator[np.ndarray]:
    from viewer.explain.heatmap import make_heatmap

    for result, withheld in zip(results, gated, strict=True):
        values = make_heatmap(result, layer).values
        if withheld:
            values = np.full_like(values, np.nan)
        elif evidence != "signed":
            values = np.maximum(values if evidence == "positive" else -values, 0)
        yield values


def provenance(question: Question, replies: Replies, layers: Sequence[Layer]) -> dict[str, Any]:
    """What was asked, of which slices, and who answered: the same in the .npz and in the JSON document."""
    from viewer.report.report import DISCLAIMER, provenance

    first = replies.results[0]
    where = provenance(question.card, first)
    series, card = question.series, question.card
    return {
        "labels": list(card.labels),
        "target": first.key.target,
        "target_from": _target_from(question, replies),
        "peak": replies.peak + 1,
        "against": first.key.against,
        "operating_point": {label: card.operating_point(label) for label in card.labels},
        "method": first.key.method,
        "layers": [_layer(layer, first, question) for layer in layers],
        "series": {"uid": series.uid, "modality": series.modality, "slices": len(series.slices)},
        "slices": [_slice(question, index) for index in replies.indices],
        "failed": [{"number": index + 1, "reason": reason} for index, reason in replies.failed],
        "outside_domain": list(question.outside),
        "model": {
            "name": where.model,
            "title": card.title,
            "version": where.version,
            "digest": where.digest,
            "licence": where.licence,
            "intended_use": where.intended_use,
        },
        "preprocessing": where.preprocessing,
        "device": first.device,
        "versions": dict(where.software),
        "unit": question.method.unit or "a.u.",
        "disclaimer": DISCLAIMER,
    }


def _target_from(question: Question, replies: Replies) -> str:
    """Why this label is the one explained, for whoever reads only the document."""
    if question.target is not None:
        return "asked for"
    return f"the most probable finding at the peak, slice {replies.peak + 1}; all slices are explained for it"


def _layer(layer: Layer, result: SliceResult, question: Question) -> dict[str, Any]:
    """`stride` is (rows, cols) in pixels of the network's input that one cell of the map covers."""
    geometry = question.series.slices[0].geometry
    strides = [
        result.mapping.rows.input_size / layer.grid[0],
        result.mapping.cols.input_size / layer.grid[1],
    ]
    return {
        "name": layer.name,
        "title": layer.title,
        "text": captions.layer_text(layer, result.mapping, geometry),
        "grid": list(layer.grid),
        "stride": strides,
        "channels": layer.channels,
    }


def _slice(question: Question, index: int) -> dict[str, Any]:
    header = question.series.slices[index]
    return {
        "number": index + 1,
        "sop_instance_uid": header.sop_instance_uid,
        "frame": header.frame + 1,
        "instance_number": header.instance_number,
    }


def _results(replies: Replies, layers: Sequence[Layer], gated: Sequence[bool]) -> list[dict[str, Any]]:
    """Per slice its probabilities, logits and, unless it is gated, the range of each layer's raw map."""
    rows: list[dict[str, Any]] = []
    for index, result, withheld in zip(replies.indices, replies.results, gated, strict=True):
        said = result.prediction
        ranges = {layer.name: result.cams[layer.name] for layer in layers}
        rows.append(
            {
                "number": index + 1,
                "probability": _by_label(said.labels, said.probabilities),
                "logit": _by_label(said.labels, said.logits),
                "gated": withheld,
                "range": None
                if withheld
                else {name: [float(cam.min()), float(cam.max())] for name, cam in ranges.items()},
                "notes": list(result.notes),
            }
        )
    return rows


def _by_label(labels: Sequence[str], values: np.ndarray) -> dict[str, float]:
    return {label: float(value) for label, value in zip(labels, values, strict=True)}


def _lines(document: dict[str, Any]) -> list[str]:
    model, target = document["model"], document["target"]
    what = f"{target} minus {document['against']}" if document["against"] else target
    sign = captions.SIGNS[document["evidence"]]
    lines = [f"{model['title']} {model['version']} on {document['device'].upper()}, {sign} {what}"]
    lines.append(f"  method: {METHODS[document['method']].title}")
    lines.append(f"  target: {document['target_from']}")
    for row in document["results"]:
        ranked = sorted(row["probability"].items(), key=lambda pair: -pair[1])[:4]
        lines.append(
            f"  slice {row['number']:4}  " + "  ".join(f"{label} {chance:.3f}" for label, chance in ranked)
        )
        lines += [] if row["gated"] else [f"    {note}" for note in row["notes"]]
    if gated := sum(row["gated"] for row in document["results"]):
        point = document["operating_point"][target]
        lines.append(
            f"  {gated} below this model's operating point {point:g} of {target}: no map without --anyway"
        )
    lines += [f"  layer {layer['name']}: {layer['text']}" for layer in document["layers"]]
    return [*lines, *trust.text(document), f"Written: {document['out']}", document["disclaimer"]]
