"""Tables and the figure of resources/docs/evaluation.* from the scores that compare.py keeps."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from viewer.explain.methods import FAMILY, METHODS
from viewer.explain.trust.regions import TITLES, interval
from viewer.inference.card import Card

DOCS = Path(__file__).parents[2] / "docs"
TRAINED, RANDOM_WEIGHTS, RANDOM_MAP, BLOB = "trained", "random weights", "random map", "centre blob"
SHOWN = ("pointing", "energy", "auprc", "iou-fixed", "iou-best", "ehr")
"""The scores in the readable table; the CSV has all of them."""
RUN = 13
"""Neighbouring slices drawn together: 3,064 slices of 233 patients make 13 a patient."""
FEWEST = 8
"""Slices below which a row is not shown: its interval would say nothing."""
RANK = "auprc"
"""The score that chooses: it needs no threshold and looks at every pixel."""
NO_TARGET = ("eigen-cam", "energy")
"""Methods that answer for no finding: scored as controls, never chosen."""


@dataclass(frozen=True, eq=False)
class Line:
    """The scores of one method at one layer on one network, slice by slice."""

    network: str
    method: str
    layer: str
    cells: int
    files: tuple[str, ...]
    scores: dict[str, np.ndarray]
    """Id -> (slices,) float, NaN where undefined; "chance ID" likewise."""
    peaks: np.ndarray
    seconds: np.ndarray

    @property
    def left_out(self) -> int:
        return int(np.isnan(self.scores[RANK]).sum())

    def mean(self, id: str) -> float:
        values = self.scores[id]
        return float(np.nanmean(values)) if np.isfinite(values).any() else float("nan")

    def interval(self, id: str) -> tuple[float, float]:
        return interval(self.scores[id], groups=runs(self.files))

    def ranking(self) -> dict[str, float]:
        """File -> RANK, an undefined one counted as chance: a map that points nowhere is no better."""
        values, share = self.scores[RANK], dict(zip(self.files, self.scores["region"], strict=True))
        return {
            file: share[file] if np.isnan(value) else float(value)
            for file, value in zip(self.files, values, strict=True)
        }

    def rank(self) -> float:
        return float(np.mean(list(self.ranking().values())))


def runs(files: Iterable[str]) -> np.ndarray:
    """A number for each slice, one for a run of neighbouring file numbers: a stand-in for patients."""
    numbers = np.array([int(Path(file).stem) for file in files])
    starts = np.flatnonzero(np.diff(numbers, prepend=numbers[:1] - RUN) >= RUN)
    first = numbers[starts][np.searchsorted(starts, np.arange(len(numbers)), side="right") - 1]
    return first * 1000 + (numbers - first) // RUN


def read_lines(work: Path) -> list[Line]:
    """Every method, layer and network scored so far, in the order of the table of methods."""
    found: dict[tuple[str, str, str], dict[str, dict[str, str]]] = {}
    for path in sorted(work.glob("*.csv")):
        with path.open(newline="") as file:
            for row in csv.DictReader(file):
                found.setdefault((row["network"], row["method"], row["layer"]), {})[row["file"]] = row
    shares = {file: float(row["chance pointing"]) for file, row in found[BLOB, BLOB, "slice"].items()}
    lines = [
        _line(key, [rows[file] for file in sorted(rows)], shares)
        for key, rows in found.items()
        if len(rows) >= FEWEST
    ]
    order = [*METHODS, RANDOM_MAP, BLOB]
    return sorted(lines, key=lambda line: (order.index(line.method), -line.cells))


def _line(key: tuple[str, str, str], rows: list[dict[str, str]], shares: dict[str, float]) -> Line:
    def column(name: str) -> np.ndarray:
        return np.array([float(row[name] or "nan") for row in rows])

    names = [*TITLES, *(f"chance {id}" for id in TITLES)]
    scores = {name: column(name) for name in names}
    scores["region"] = np.array([shares[row["file"]] for row in rows])
    files = tuple(row["file"] for row in rows)
    return Line(*key, int(rows[0]["cells"]), files, scores, column("peak"), column("seconds"))


def difference(best: Line, other: Line) -> tuple[float, tuple[float, float]]:
    """Mean of `best` less `other` by RANK on the slices both have, and its interval."""
    one, two = best.ranking(), other.ranking()
    files = sorted(one.keys() & two.keys())
    gaps = np.array([one[file] - two[file] for file in files])
    return float(gaps.mean()), interval(gaps, groups=runs(files))


def chosen(lines: list[Line]) -> tuple[Line, list[Line]]:
    """The method and layer shown first, and all that no difference was found to.

    Among the methods that answer for a finding in one pass: the highest mean of RANK; of those whose
    difference to it may be none (the interval holds 0), a method with a unit before one without, then
    the order of the menu.
    """
    fit = [
        line
        for line in lines
        if line.network == TRAINED and METHODS[line.method].kind == FAMILY and line.method not in NO_TARGET
    ]
    best = max(fit, key=Line.rank)
    equal = [line for line in fit if line is best or difference(best, line)[1][0] <= 0]
    order = list(METHODS)
    equal.sort(key=lambda line: (not METHODS[line.method].unit, order.index(line.method)))
    return equal[0], equal


def write_documents(lines: list[Line], card: Card, points: str) -> None:
    """Write evaluation.csv, evaluation.md and evaluation.png; `points` is the section on the cards."""
    from figure import draw

    _write_csv(lines)
    text = (Path(__file__).parent / "evaluation.template.md").read_text()
    choice, equal = chosen(lines)
    best = max(equal, key=Line.rank)
    trained = [line for line in lines if line.network == TRAINED]
    everything = max(len(line.files) for line in lines)
    few = [f"{METHODS[x.method].title} on {len(x.files)}" for x in trained if len(x.files) < everything]
    values = {
        "slices": str(everything),
        "runs": str(len(set(runs(max((line.files for line in lines), key=len))))),
        "run": str(RUN),
        "few": ", ".join(dict.fromkeys(few)) or "none",
        "table": _table(trained, lines),
        "controls": _controls(lines),
        "missing": ", ".join(m.title for m in METHODS.values() if m.id not in {x.method for x in lines}),
        "best": name(best, card),
        "equal": "; ".join(name(line, card) for line in equal),
        "choice": name(choice, card),
        "points": points,
    }
    for mark, value in values.items():
        text = text.replace(f"@{mark}@", value)
    (DOCS / "evaluation.md").write_text(text)
    draw(lines, DOCS / "evaluation.png")


def name(line: Line, card: Card) -> str:
    titles = {layer.name: layer.title for layer in card.layers.offered}
    return f"{METHODS[line.method].title} at {titles.get(line.layer, line.layer)}"


def _table(trained: list[Line], lines: list[Line]) -> str:
    random = {(x.method, x.layer): x for x in lines if x.network == RANDOM_WEIGHTS}
    head = [
        "method",
        "layer",
        "slices",
        "left out",
        *(TITLES[id] for id in SHOWN),
        "AUPRC, random weights",
        "s",
    ]
    rows = [head, ["---"] * len(head)]
    for line in trained:
        cells = [METHODS[line.method].title, line.layer, str(len(line.files)), str(line.left_out)]
        cells += [_figure(line, id) for id in SHOWN]
        control = random.get((line.method, line.layer))
        cells += [f"{control.mean(RANK):.3f}" if control else "", f"{np.median(line.seconds):.2g}"]
        rows.append(cells)
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _controls(lines: list[Line]) -> str:
    head = ["control", "layer", *(TITLES[id] for id in SHOWN)]
    rows = [head, ["---"] * len(head)]
    plain = [line for line in lines if line.network in (BLOB, RANDOM_MAP)]
    for line in plain:
        rows.append([line.network, line.layer, *(_figure(line, id) for id in SHOWN)])
    chance = [f"{plain[0].mean(f'chance {id}'):.3f}" for id in SHOWN[:3]]
    rows.append(["chance (the region's share)", "", *chance, *[""] * (len(SHOWN) - 3)])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _figure(line: Line, id: str) -> str:
    low, high = line.interval(id)
    if np.isnan(low):
        return "undefined"
    return f"{line.mean(id):.3f} ({low:.3f} to {high:.3f})"


def _write_csv(lines: list[Line]) -> None:
    head = ["network", "method", "layer", "slices", "left out", "seconds"]
    for id in TITLES:
        head += [id, f"{id} low", f"{id} high", f"{id} chance"]
    with (DOCS / "evaluation.csv").open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(head)
        for line in lines:
            row = [line.network, line.method, line.layer, len(line.files), line.left_out]
            numbers = [float(np.median(line.seconds))]
            for id in TITLES:
                numbers += [line.mean(id), *line.interval(id), line.mean(f"chance {id}")]
            writer.writerow([*row, *("" if np.isnan(value) else f"{value:.4g}" for value in numbers)])
