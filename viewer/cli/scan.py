"""`glassbox scan`: the series under a path, and every file that is not shown with its reason."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from viewer.cli.answer import Answer
from viewer.cli.study import counted, open_study
from viewer.errors import GlassboxError
from viewer.study import ScanResult, Series, Skipped

EPILOG = "Series are numbered from 1, in the order of the list; other verbs take that number as --series."


class NothingFound(GlassboxError):
    """A scan without a series: the JSON document still says why of every file."""

    def __init__(self, what: str, remedy: str, skipped: Sequence[Skipped]) -> None:
        super().__init__(what, remedy)
        self.table = {"series": [], "skipped": [_skipped(one) for one in skipped]}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("path", metavar="PATH", type=Path, help="folder, DICOM file, DICOMDIR or ZIP")


def answer(options: argparse.Namespace) -> Answer:
    from viewer.dicom.scan import NothingToShow

    try:
        found = open_study(options.path)
    except NothingToShow as nothing:
        raise NothingFound(nothing.what, nothing.remedy, nothing.skipped) from nothing
    table = {
        "series": [series_table(series) for series in found.series],
        "skipped": [_skipped(one) for one in found.skipped],
    }
    return Answer(table, _lines(found))


def series_table(series: Series) -> dict[str, Any]:
    """One series; `spacing_mm` is [row spacing, column spacing] or null, `slices` their number."""
    first = series.slices[0]
    spacing = first.geometry.spacing
    return {
        "uid": series.uid,
        "modality": series.modality,
        "description": series.description,
        "slices": len(series.slices),
        "rows": first.rows,
        "cols": first.cols,
        "spacing_mm": list(spacing) if spacing is not None else None,
        "transfer_syntax": first.transfer_syntax,
        "orientation": series.orientation,
        "notes": list(series.notes),
        "warnings": list(series.warnings),
    }


def _skipped(one: Skipped) -> dict[str, str]:
    return {"path": one.path, "reason": one.reason}


def _lines(found: ScanResult) -> list[str]:
    lines = []
    for number, series in enumerate(found.series, 1):
        table = series_table(series)
        spacing = table["spacing_mm"]
        size = f"{table['rows']} × {table['cols']}"
        mm = f", {spacing[0]:.3g} × {spacing[1]:.3g} mm" if spacing else ""
        place = f", {series.orientation}" if series.orientation else ""
        lines.append(
            f"{number:3}  {series.modality:3} {series.description or '(no description)'}: "
            f"{counted(len(series.slices))} of {size}{mm}{place}"
        )
        lines.append(f"     {series.uid}")
        lines += [f"     {text}" for text in (*series.notes, *series.warnings)]
    if found.skipped:
        lines.append(f"Not shown: {len(found.skipped)}")
        lines += [f"     {one.path}: {one.reason}" for one in found.skipped]
    return lines
