"""A Report as JSON and back: what the PNG's text chunk carries, without the pixels."""

from __future__ import annotations

import dataclasses
import json
import math
import types
import typing
from collections.abc import Sequence
from typing import Any

from viewer.annotate.mark import COLORS, IMAGE, KINDS, PATIENT, ShownMark
from viewer.errors import ReportError
from viewer.imaging.colormap import DEFAULT
from viewer.report.report import SCHEMA, Report

KIND = "glassbox report"
CONTACT = "glassbox contact page"
_WITHOUT = "pictures"


def to_json(report: Report) -> str:
    """One JSON object, the same text for the same report.

    ASCII only, as a PNG text chunk is Latin-1; never two spaces in a row, as Qt reads them as one.
    """
    return _text({"kind": KIND, **to_table(report)})


def contact_to_json(reports: Sequence[Report]) -> str:
    """The same of the reports that stand together on a contact page."""
    return _text({"kind": CONTACT, "schema": SCHEMA, "reports": [to_table(report) for report in reports]})


def to_table(report: Report) -> dict[str, Any]:
    """The report as nested dicts and lists, without its pictures."""
    bare = dataclasses.replace(report, pictures=None)
    table = dataclasses.asdict(bare)
    del table[_WITHOUT]
    return table


def from_json(text: str) -> Report:
    """The report that `to_json` wrote, without pictures. ReportError for anything else."""
    reports, contact = all_from_json(text)
    if contact:
        raise ReportError(
            "This is a contact page: it holds several reports.", remedy="Choose the page of one image."
        )
    return reports[0]


def all_from_json(text: str) -> tuple[tuple[Report, ...], bool]:
    """The reports on one page, and whether it is a contact page. ReportError for anything else."""
    try:
        table = json.loads(text)
        kind = table.pop("kind", None) if isinstance(table, dict) else None
        if kind == KIND:
            return (_report(table),), False
        if kind != CONTACT or not table["reports"]:
            raise ValueError("no report")
        _require_schema(table)
        return tuple(_report(one) for one in table["reports"]), True
    except (ValueError, TypeError, KeyError, AttributeError, ArithmeticError, RecursionError) as error:
        raise ReportError(
            "This holds no report of Glassbox, or one that was altered.",
            remedy="Choose a PNG that Glassbox exported.",
        ) from error


def _text(table: dict[str, Any]) -> str:
    text = json.dumps(table, ensure_ascii=True, allow_nan=False)
    return text.replace("  ", " \\u0020")


def _report(table: dict[str, Any]) -> Report:
    _bring_up(table)
    _require_schema(table)
    report = _read(Report, {**table, _WITHOUT: None})
    assert isinstance(report, Report)
    for shown in report.marks:
        _check(shown)
    return report


def _require_schema(table: dict[str, Any]) -> None:
    if table.get("schema") != SCHEMA:
        raise ReportError(
            f"The report has schema {table.get('schema')}; this version of Glassbox reads {SCHEMA}.",
            remedy="Update Glassbox.",
        )


def _check(shown: ShownMark) -> None:
    """ValueError for a mark that cannot be drawn."""
    mark = shown.mark
    if mark.kind not in KINDS or mark.color not in COLORS or mark.space not in (PATIENT, IMAGE):
        raise ValueError("no mark of this version")
    wanted = KINDS[mark.kind].points
    for points in (mark.points, shown.points):
        if len(points) != wanted if wanted else len(points) < 3:
            raise ValueError("too few points, or too many")


def _bring_up(table: dict[str, Any]) -> None:
    """Make a report of an earlier schema one of this: before 2, pictures stood as they were stored, and
    nothing of the file lay over them; before 3, every map was Grad-CAM of one label, none was withheld
    or judged, and signed evidence was a colour map; before 4, there were no marks, and one page."""
    if table.get("schema") == 1:
        row, col = table["image"]["spacing"] or (1.0, 1.0)
        table["image"].update(quarter_turns=0, flipped=False, aspect=row / col)
        table["display"].update(graphics=False, shutter=False)
        table["schema"] = 2
    if table.get("schema") == 2:
        if table["analysis"] is not None:
            _bring_up_analysis(table["analysis"])
        table["schema"] = 3
    if table.get("schema") == 3:
        table.update(marks=[], page=1, pages=1, schema=4)


def _bring_up_analysis(analysis: dict[str, Any]) -> None:
    analysis.update(against="", method="grad-cam", withheld="", trust=[])
    for finding in analysis["findings"]:
        finding["point"] = None
    if analysis["map"] is not None:
        look, (low, high) = analysis["map"]["overlay"], analysis["map"]["heat_range"]
        signed = look["colormap"] == "diverging"
        look["evidence"] = "signed" if signed else "positive"
        if signed:
            look["colormap"] = DEFAULT
            top = max(abs(low), abs(high))
            analysis["map"]["heat_range"] = [-top, top]


def _read(hint: Any, value: Any) -> Any:
    """`value` as JSON gives it -> the type that `hint` names; ValueError where it does not fit."""
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin in (types.UnionType, typing.Union):
        if value is None and type(None) in args:
            return None
        return _read(next(arg for arg in args if arg is not type(None)), value)
    if origin is tuple:
        if not isinstance(value, list):
            raise ValueError("not a list")
        if len(args) == 2 and args[1] is Ellipsis:
            return tuple(_read(args[0], item) for item in value)
        return tuple(_read(arg, item) for arg, item in zip(args, value, strict=True))
    if dataclasses.is_dataclass(hint):
        if not isinstance(value, dict):
            raise ValueError("not an object")
        hints = typing.get_type_hints(hint)
        names = [one.name for one in dataclasses.fields(hint)]
        if set(names) != set(value):
            raise ValueError("other fields")
        return typing.cast(Any, hint)(**{name: _read(hints[name], value[name]) for name in names})
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if type(value) is not hint or (hint is float and not math.isfinite(value)):
        raise ValueError(f"not {hint}")
    return value
