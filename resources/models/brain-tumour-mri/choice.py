"""What compare.py writes on the cards of both shipped models: defaults, operating points, scales."""

from __future__ import annotations

import importlib.util
import json
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from evaluate import HERE, tumour_free
from evaluation import TRAINED, Line

from viewer.explain.analyse import analyse_slice
from viewer.explain.captures import Captures
from viewer.explain.methods import FAMILY, METHODS, of_kind
from viewer.inference.bundle import load_bundle
from viewer.inference.loading import LoadedModel, load_model
from viewer.inference.predict import predict
from viewer.inference.preprocess import prepare
from viewer.study import Slice

PHANTOM = HERE.parent / "phantom-lesion"
CONSERVING = ("hires-cam", "xgrad-cam")
"""Methods whose cells sum to one number in every layer of a network without biases: one scale for all."""
TOP = 0.9
"""Quantile, over the slices, of the strongest cell: there the absolute scale ends."""
ENOUGH = 20
"""Slices from which on a quantile of them may fix a scale."""
FIRST, LAST = "# compare.py writes from here", "# to here."


@dataclass(frozen=True)
class Point:
    """From which probability on a label counts as found, and what that means on the reference slices."""

    label: str
    probability: float
    sensitivity: float
    specificity: float
    present: int
    absent: int


@dataclass(frozen=True)
class Fixed:
    """What one card gets. `tops` is method -> layer -> (cells, evidence of the strongest cell)."""

    folder: Path
    method: str
    layer: str
    points: tuple[Point, ...]
    tops: dict[str, dict[str, tuple[int, float]]]
    reference: str


def youden(probability: np.ndarray, present: np.ndarray, label: str) -> Point:
    """The threshold with the highest sensitivity plus specificity (Youden 1950); of a range, its middle."""
    known = np.unique(probability)
    cuts = (known[1:] + known[:-1]) / 2
    found = probability[None] >= cuts[:, None]
    sensitivity, specificity = found[:, present].mean(1), (~found[:, ~present]).mean(1)
    best = np.flatnonzero(np.isclose(sensitivity + specificity, (sensitivity + specificity).max()))
    run = best[: np.flatnonzero(np.diff(best, append=best[-1] + 2) > 1)[0] + 1]
    cut = round(float((known[run[0]] + known[run[-1] + 1]) / 2), 3)
    found = probability >= cut
    rates = float(found[present].mean()), float((~found[~present]).mean())
    return Point(label, cut, *rates, int(present.sum()), int((~present).sum()))


def remembered(path: Path, make: Callable[[], Any]) -> Any:
    """What `make` gave, a value that JSON holds, kept in `path` for the next run."""
    if not path.exists():
        path.write_text(json.dumps(make()))
    return json.loads(path.read_text())


def of_brain_tumour(
    loaded: LoadedModel,
    data: Path,
    slices: list[tuple[Slice, str]],
    lines: list[Line],
    best: Line,
    work: Path,
) -> Fixed:
    """Operating points from the val slices and the tumour-free pictures made of them; scales from `lines`."""
    labels = loaded.card.labels

    def ask() -> list[list[float]]:
        images = (prepare(slice, loaded.card.input)[0] for slice, _label in slices)
        said = [predict(loaded, image).probabilities.tolist() for image in images]
        return said + tumour_free(loaded, data).tolist()

    said = remembered(work / "probabilities.json", ask)
    without = [loaded.card.background] * (len(said) - len(slices))
    truth = np.array([*(label for _slice, label in slices), *without])
    probabilities = np.array(said)
    points = tuple(youden(probabilities[:, labels.index(x)], truth == x, x) for x in loaded.card.findings)
    tops: dict[str, dict[str, tuple[int, float]]] = {}
    for line in lines:
        if line.network == TRAINED and METHODS[line.method].unit and len(line.files) >= ENOUGH:
            tops.setdefault(line.method, {})[line.layer] = line.cells, float(np.quantile(line.peaks, TOP))
    words = f"{TOP} quantile, over {len(slices)} val slices, of the strongest cell for the true label"
    few = min(len(line.files) for line in lines if line.method in tops and line.network == TRAINED)
    if few < len(slices):
        words += f"; methods of many passes over {few} of them"
    return Fixed(HERE, best.method, best.layer, points, tops, words)


def of_phantom(work: Path) -> Fixed:
    """The same for phantom-lesion, on the volumes that its training held back."""
    loaded = load_model(load_bundle(PHANTOM), "cpu")
    found = remembered(
        work / f"phantom-{loaded.bundle.weights_digest[:12]}.json", lambda: _ask_phantom(loaded)
    )
    tops = {
        id: {name: (found["cells"][name], float(np.quantile(values, TOP))) for name, values in layers.items()}
        for id, layers in found["peaks"].items()
    }
    label = loaded.card.findings[0]
    point = youden(np.array(found["said"]), np.array(found["truth"]), label)
    words = f"{TOP} quantile, over the {point.present} held-back slices with a nodule, of the strongest cell"
    return Fixed(PHANTOM, loaded.card.default_method, loaded.card.layers.default, (point,), tops, words)


def _ask_phantom(loaded: LoadedModel) -> dict[str, Any]:
    """What it says of every slice, and by method and layer the strongest cell of those with a nodule."""
    train, label = _phantom_training(), loaded.card.findings[0]
    peaks: dict[str, dict[str, list[float]]] = {}
    cells: dict[str, int] = {}
    said, truth = [], []
    for plane, amount in _held_back(train):
        if 0 < amount <= train.RIM:
            continue
        slice, captures = train.as_slice(plane), Captures()
        for method in of_kind(FAMILY):
            if not method.unit:
                continue
            result = analyse_slice(loaded, slice, target=label, method=method.id, captures=captures)
            for layer in result.layers if amount else ():
                cells[layer.name] = layer.grid[0] * layer.grid[1]
                peak = float(result.cams[layer.name].max())
                peaks.setdefault(method.id, {}).setdefault(layer.name, []).append(peak)
        said.append(float(result.prediction.probabilities[loaded.card.labels.index(label)]))
        truth.append(amount > 0)
    return {"said": said, "truth": truth, "peaks": peaks, "cells": cells}


def _phantom_training() -> ModuleType:
    spec = importlib.util.spec_from_file_location("phantom_training", PHANTOM / "train.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def _held_back(train: ModuleType) -> Iterator[tuple[np.ndarray, float]]:
    """(plane, cells of nodule in it) of the volumes with which train.py measures."""
    for seed in range(1000, 1000 + train.VOLUMES // train.VAL_SHARE):
        made = train.chest(seed, with_nodule=seed % 3 != 0)
        for plane, lesion in zip(made.hu, made.lesion, strict=True):
            yield plane, float(lesion.sum()) / (train.SIZE // train.GRID) ** 2


def write(fixed: Fixed) -> None:
    """Write the values on the card and its template, between the two comments that say so."""
    lines = [FIRST, "[explain]", f'method = "{fixed.method}"', "", "[operating_points]"]
    lines += [f'"{point.label}" = {point.probability:g}' for point in fixed.points]
    lines += ["", "[scale]", f'reference = "{fixed.reference}"']
    own = fixed.tops["grad-cam"]
    lines += [f"absolute = {own[fixed.layer][1]:.3g}", "", "[scale.layers]"]
    lines += [f"{name} = {top:.3g}" for name, (_cells, top) in own.items() if top > 0]
    for id, layers in fixed.tops.items():
        if id == "grad-cam":
            continue
        lines += ["", f'[scale.methods."{id}"]', *_method_lines(id, layers, fixed.layer)]
    block = "\n".join([*lines, LAST])
    for path in (fixed.folder / "card.toml", fixed.folder / "card.template.toml"):
        text = path.read_text()
        start, stop = text.index(FIRST), text.index(LAST) + len(LAST)
        text = text[:start] + block + text[stop:]
        path.write_text(re.sub(r'(?m)^default = ".*"$', f'default = "{fixed.layer}"', text))


def _method_lines(id: str, layers: dict[str, tuple[int, float]], default: str) -> list[str]:
    if id in CONSERVING:
        cells, top = layers[default]
        return [f"density = {cells * top:.3g}"]
    if default not in layers:
        return [f"absolute = {top:.3g}" for _cells, top in layers.values()]
    inside = ", ".join(f"{name} = {top:.3g}" for name, (_cells, top) in layers.items() if top > 0)
    return [f"absolute = {layers[default][1]:.3g}", f"layers = {{ {inside} }}"]


def words(fixed: list[Fixed]) -> str:
    """The section of evaluation.md on operating points and scales."""
    rows = [
        "| model | label | operating point | sensitivity | specificity | slices with, without |",
        "|---" * 6 + "|",
    ]
    for one in fixed:
        for point in one.points:
            rates = f"{point.sensitivity:.3f} | {point.specificity:.3f} | {point.present}, {point.absent}"
            rows.append(f"| {one.folder.name} | {point.label} | {point.probability:g} | {rates} |")
    scales = "\n".join(f"* `{one.folder.name}`: {one.reference}." for one in fixed)
    return "\n".join((*rows, "", "The top of the absolute colour scale:", "", scales))
