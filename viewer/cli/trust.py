"""`glassbox explain --trust`: whether the maps deserve belief, one line a figure, beside its control."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from viewer.cli.network import ProgressLine, Question, Replies
from viewer.explain.trust.verdict import LEVELS, UNDEFINED
from viewer.results import Layer

if TYPE_CHECKING:
    from viewer.inference.loading import LoadedModel


def add_trust(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--trust",
        action="store_true",
        help="check the map of one layer of each slice: the one chosen with --layer, else the default one; "
        "takes about 150 passes of the network a slice",
    )


def judge(
    loaded: LoadedModel, question: Question, replies: Replies, layers: Sequence[Layer], gated: Sequence[bool]
) -> list[list[dict[str, Any]]]:
    """The lines of each slice, in the order of `replies`; none where the map is withheld."""
    from viewer.dicom.pixels import load_slice
    from viewer.explain.trust.check import all_lines
    from viewer.explain.trust.shown import shown_of

    names = [layer.name for layer in layers]
    default = question.card.layers.default
    layer = default if default in names else names[-1]
    found: list[list[dict[str, Any]]] = []
    progress = ProgressLine("Checking the maps")
    for done, (index, result) in enumerate(zip(replies.indices, replies.results, strict=True)):
        progress(done, len(replies.indices))
        if gated[done]:
            found.append([])
            continue
        slice = load_slice(question.series.slices[index])
        lines = all_lines(shown_of(loaded, result, layer), slice)
        found.append([{"layer": layer, **dataclasses.asdict(line)} for line in lines])
    progress.end()
    return found


def text(document: dict[str, Any]) -> list[str]:
    """For a reader: per slice the lines that are not green, the worst first."""
    lines = []
    for row in document["results"]:
        known = row.get("trust", [])
        if known:
            good = sum(line["level"] == "green" for line in known)
            lines.append(f"  trust, slice {row['number']:4}  {good} of {len(known)} lines are green")
        doubtful = [line for line in known if line["level"] not in ("green", UNDEFINED)]
        for line in sorted(doubtful, key=lambda line: LEVELS.index(line["level"])):
            lines.append(
                f"    {line['level']:5}  {line['title']}: {line['figure']} ({line['control']}). "
                f"{line['sentence']}"
            )
    return lines
