"""`glassbox explain`: probabilities, and per layer the raw maps and the heatmaps on the slice grid."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from viewer.cli import arrays, network
from viewer.cli.answer import Answer
from viewer.cli.network import Question, Replies
from viewer.cli.study import add_choice, open_study
from viewer.errors import StudyError
from viewer.results import Layer, SliceResult
from viewer.session import captions

EPILOG = """\
All slices are explained for one target: the one asked for, else the most probable finding at the peak of
the slices chosen ("peak" and "target_from" say which and why). The .npz holds, for S slices:
  input             (S, channels, height, width) float32, what the network saw
  logit             (S, labels) float32
  probability       (S, labels) float32
  cam/<layer>       (S, h, w) float32, raw and signed, in logit units
  heatmap/<layer>   (S, rows, cols) float32, the same on the slice grid
  provenance        JSON text: labels, target, layers, slices, model, digest, versions, device;
                    slices and frames are counted from 1
An .npz that is already there is replaced, anything else is not."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_choice(parser, slices="all")
    network.add_network(parser, layers="all", many=True)
    parser.add_argument("--out", metavar="X.npz", type=Path, required=True, help="file to write")


def answer(options: argparse.Namespace) -> Answer:
    arrays.check(options.out, ".npz")
    question = network.ask(options, open_study(options.path))
    loaded = network.load(question, options.device)
    replies = network.answers(loaded, question)
    layers = network.chosen_layers(options.layer, replies.results[0].layers, question.card)
    table = provenance(question, replies, layers)
    arrays.write_npz(options.out, _arrays(question.series.slices[0].rows, replies, layers, table))
    document = {"out": str(options.out), **table, "results": _results(replies, layers)}
    return Answer(document, _lines(document))


def _arrays(
    rows: int, replies: Replies, layers: Sequence[Layer], table: dict[str, Any]
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
        found[f"cam/{layer.name}"] = np.stack([result.cams[layer.name] for result in results])
    for layer in layers:
        parts = _heatmaps(results, layer.name)
        found[f"heatmap/{layer.name}"] = arrays.Stack(shape, np.dtype(np.float32), parts)
    found["provenance"] = np.array(json.dumps(table, ensure_ascii=True, allow_nan=False))
    return found


def _heatmaps(results: Sequence[SliceResult], layer: str) -> Iterator[np.ndarray]:
    from viewer.explain.heatmap import make_heatmap

    for result in results:
        yield make_heatmap(result, layer).values


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
        "unit": "logit",
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


def _results(replies: Replies, layers: Sequence[Layer]) -> list[dict[str, Any]]:
    """Per slice its probabilities, logits and the range of each layer's raw map."""
    rows = []
    for index, result in zip(replies.indices, replies.results, strict=True):
        said = result.prediction
        ranges = {layer.name: result.cams[layer.name] for layer in layers}
        rows.append(
            {
                "number": index + 1,
                "probability": _by_label(said.labels, said.probabilities),
                "logit": _by_label(said.labels, said.logits),
                "range": {name: [float(cam.min()), float(cam.max())] for name, cam in ranges.items()},
            }
        )
    return rows


def _by_label(labels: Sequence[str], values: np.ndarray) -> dict[str, float]:
    return {label: float(value) for label, value in zip(labels, values, strict=True)}


def _lines(document: dict[str, Any]) -> list[str]:
    model, target = document["model"], document["target"]
    lines = [f"{model['title']} {model['version']} on {document['device'].upper()}, evidence for {target}"]
    lines.append(f"  target: {document['target_from']}")
    for row in document["results"]:
        ranked = sorted(row["probability"].items(), key=lambda pair: -pair[1])[:4]
        lines.append(
            f"  slice {row['number']:4}  " + "  ".join(f"{label} {chance:.3f}" for label, chance in ranked)
        )
    lines += [f"  layer {layer['name']}: {layer['text']}" for layer in document["layers"]]
    return [*lines, f"Written: {document['out']}", document["disclaimer"]]
