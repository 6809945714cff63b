"""Score the maps of brain-tumour-mri on the val boxes: every method, every layer, every control.

    python resources/models/brain-tumour-mri/compare.py DATA_FOLDER --work FOLDER [--methods ID …] [--choose]

Every slice goes the way a reader's slice goes, and the true label is what is explained, by every method.
FOLDER keeps the scores slice by slice, for these weights: a run that was stopped goes on where it was. The
tables and the figure of resources/docs are made of what lies there; `--choose` then writes default method,
default layer, absolute scales and operating points on the cards of both shipped models.
"""

from __future__ import annotations

import argparse
import csv
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from choice import of_brain_tumour, of_phantom, words, write
from evaluate import HERE, as_slice
from evaluation import BLOB, RANDOM_MAP, RANDOM_WEIGHTS, TRAINED, chosen, read_lines, write_documents
from PIL import Image

from viewer.explain.analyse import offered_layers
from viewer.explain.answer import explain_slice
from viewer.explain.applicable import applicable
from viewer.explain.captures import Captures
from viewer.explain.heatmap import make_heatmap, to_slice
from viewer.explain.methods import LAYER, METHODS, Method
from viewer.explain.trust.regions import TITLES, box_mask, centre_blob, scores
from viewer.inference.architectures import build
from viewer.inference.bundle import load_bundle
from viewer.inference.loading import LoadedModel, load_model
from viewer.results import Layer
from viewer.study import Slice

FIELDS = ("file", "network", "method", "layer", "cells", "peak", "seconds", *TITLES)
FIELDS += tuple(f"chance {id}" for id in TITLES)
COSTLY = 20
"""Passes from which on a method is asked about a random subset of val only."""
SEED = 20


@dataclass(frozen=True, eq=False)
class Case:
    slice: Slice
    region: np.ndarray
    label: str


def read_cases(data: Path) -> dict[str, Case]:
    """File name -> val slice, its box as a mask, its label."""
    cases = {}
    with open(data / "labels.csv", newline="") as file:
        for row in csv.DictReader(file):
            if row["split"] != "val":
                continue
            pixels = np.asarray(Image.open(data / "images" / row["file"]).convert("L"))
            cx, cy, w, h = (float(row[k]) for k in ("cx", "cy", "w", "h"))
            rows, cols = pixels.shape
            region = box_mask(
                (rows, cols),
                top=(cy - h / 2) * rows,
                left=(cx - w / 2) * cols,
                bottom=(cy + h / 2) * rows,
                right=(cx + w / 2) * cols,
            )
            cases[row["file"]] = Case(as_slice(pixels, row["file"]), region, row["label"])
    return cases


def randomised(loaded: LoadedModel) -> LoadedModel:
    """The same network with weights that were never trained."""
    card = loaded.card
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(SEED)
        network = build(
            card.architecture, channels=card.input.channels, labels=len(card.labels), size=card.input.size
        )
    return replace(loaded, module=network.eval())


class Ledger:
    """What was scored already, in one CSV for each method and network."""

    def __init__(self, folder: Path, name: str) -> None:
        self._path = folder / f"{name.replace(' ', '-')}.csv"
        self.done: set[str] = set()
        if self._path.exists():
            with self._path.open(newline="") as file:
                self.done = {row["file"] for row in csv.DictReader(file)}
        else:
            self._path.write_text(",".join(FIELDS) + "\n")

    def add(self, rows: list[dict[str, object]]) -> None:
        """All rows of one slice at once: a slice is in the ledger whole or not at all."""
        with self._path.open("a", newline="") as file:
            csv.DictWriter(file, FIELDS).writerows(rows)


def row_of(
    case: Case, network: str, method: str, layer: Layer, values: np.ndarray, *, peak: float, seconds: float
) -> dict[str, object]:
    found = scores(values, case.region)
    cells = layer.grid[0] * layer.grid[1]
    file = case.slice.header.key[0]
    head = (file, network, method, layer.name, cells, f"{peak:.6g}", f"{seconds:.3f}")
    numbers = [*(score.value for score in found), *(score.chance for score in found)]
    texts = ["" if number is None else f"{number:.6g}" for number in numbers]
    return dict(zip(FIELDS, (*head, *texts), strict=True))


def maps_of(
    loaded: LoadedModel, case: Case, method: Method, layers: tuple[Layer, ...], captures: Captures
) -> Iterator[tuple[Layer, np.ndarray, float, float]]:
    """(layer, map on the slice grid, strongest cell, seconds) of one slice, for each layer of the method."""
    for layer in layers if method.kind == LAYER else (None,):
        started = time.perf_counter()
        result = explain_slice(
            loaded, case.slice, method=method.id, target=case.label, layer=layer, captures=captures
        )
        seconds = (time.perf_counter() - started) / len(result.layers)
        for place in result.layers:
            values = make_heatmap(result, place.name).values
            yield place, values, float(result.cams[place.name].max()), seconds


def score_networks(
    networks: dict[str, LoadedModel],
    cases: dict[str, Case],
    methods: list[Method],
    work: Path,
    subset: int,
) -> None:
    """Every method on every network; the costly ones on the first `subset` slices of one random order."""
    order = [str(file) for file in np.random.default_rng(SEED).permutation(list(cases))]
    quick = [method for method in methods if method.passes < COSTLY]
    costly = [method for method in methods if method.passes >= COSTLY]
    for files, group in ((list(cases), quick), (order[:subset], costly)):
        for network, loaded in networks.items() if group else ():
            layers = offered_layers(loaded)
            ledgers = {method.id: Ledger(work, f"{network}-{method.id}") for method in group}
            finished = set.intersection(*(ledger.done for ledger in ledgers.values()))
            for file in (file for file in files if file not in finished):
                captures = Captures()
                for method in group:
                    if file in ledgers[method.id].done:
                        continue
                    found = maps_of(loaded, cases[file], method, layers, captures)
                    ledgers[method.id].add(
                        [
                            row_of(cases[file], network, method.id, layer, values, peak=peak, seconds=seconds)
                            for layer, values, peak, seconds in found
                        ]
                    )
                print(time.strftime("%H:%M:%S"), network, len(group), "methods", file, flush=True)


def score_controls(loaded: LoadedModel, cases: dict[str, Case], work: Path) -> None:
    """Maps that know nothing: a blob in the middle, and random numbers on each layer's own grid."""
    ledger, rng = Ledger(work, "controls"), np.random.default_rng(SEED)
    if ledger.done >= cases.keys():
        return
    layers, mapping = offered_layers(loaded), None
    for file, case in cases.items():
        mapping = explain_slice(loaded, case.slice).mapping if mapping is None else mapping
        shape = case.region.shape
        place = Layer("slice", "slice", shape, 1)
        rows = [row_of(case, BLOB, BLOB, place, centre_blob(shape), peak=1.0, seconds=0.0)]
        for layer in layers:
            values = to_slice(rng.random(layer.grid, np.float32), mapping)
            rows.append(row_of(case, RANDOM_MAP, RANDOM_MAP, layer, values, peak=1.0, seconds=0.0))
        if file not in ledger.done:
            ledger.add(rows)


def fitting(asked: list[str] | None, loaded: LoadedModel) -> list[Method]:
    """The methods to score: those asked for, or all; without those that do not fit this network."""
    methods = [METHODS[id] for id in asked] if asked else list(METHODS.values())
    for method in methods:
        if problem := applicable(method, loaded):
            print(problem)
    return [method for method in methods if not applicable(method, loaded)]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--work", type=Path, required=True, help="where the scores are kept between runs")
    parser.add_argument("--methods", nargs="+", choices=list(METHODS), help="default: all that fit")
    parser.add_argument("--subset", type=int, default=24, help="slices for methods of many passes")
    parser.add_argument("--choose", action="store_true", help="write the cards of the shipped models")
    options = parser.parse_args()
    loaded = load_model(load_bundle(HERE), "cpu")
    cases, work = read_cases(options.data), options.work / loaded.bundle.weights_digest[:12]
    work.mkdir(parents=True, exist_ok=True)
    methods = fitting(options.methods, loaded)
    score_controls(loaded, cases, work)
    networks = {TRAINED: loaded, RANDOM_WEIGHTS: randomised(loaded)}
    score_networks(networks, cases, methods, work, options.subset)
    lines = read_lines(work)
    slices = [(case.slice, case.label) for case in cases.values()]
    best = chosen(lines)[0]
    fixed = [of_brain_tumour(loaded, options.data, slices, lines, best, work), of_phantom(options.work)]
    write_documents(lines, loaded.card, words(fixed))
    for one in fixed if options.choose else ():
        write(one)


if __name__ == "__main__":
    main()
