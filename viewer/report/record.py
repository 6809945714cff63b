"""A Report as JSON and back: what the PNG's text chunk carries, without the pixels."""

from __future__ import annotations

import dataclasses
import json
import types
import typing
from typing import Any

from viewer.errors import ReportError
from viewer.imaging.colormap import DEFAULT
from viewer.report.report import SCHEMA, Report

KIND = "glassbox report"
_WITHOUT = "pictures"


def to_json(report: Report) -> str:
    """One JSON object, the same text for the same report.

    ASCII only, as a PNG text chunk is Latin-1; never two spaces in a row, as Qt reads them as one.
    """
    text = json.dumps({"kind": KIND, **to_table(report)}, ensure_ascii=True, allow_nan=False)
    return text.replace("  ", " \\u0020")


def to_table(report: Report) -> dict[str, Any]:
    """The report as nested dicts and lists, without its pictures."""
    bare = dataclasses.replace(report, pictures=None)
    table = dataclasses.asdict(bare)
    del table[_WITHOUT]
    return table


def from_json(text: str) -> Report:
    """The report that `to_json` wrote, without pictures. ReportError for anything else."""
    try:
        table = json.loads(text)
        if not isinstance(table, dict) or table.pop("kind", None) != KIND:
            raise ValueError("no report")
        _bring_up(table)
        if table.get("schema") != SCHEMA:
            raise ReportError(
                f"The report has schema {table.get('schema')}; this version of Glassbox reads {SCHEMA}.",
                remedy="Update Glassbox.",
            )
        report = _read(Report, {**table, _WITHOUT: None})
    except (ValueError, TypeError, KeyError, AttributeError, ArithmeticError, RecursionError) as error:
        raise ReportError(
            "This holds no report of Glassbox, or one that was altered.",
            remedy="Choose a PNG that Glassbox exported.",
        ) from error
    assert isinstance(report, Report)
    return report


def _bring_up(table: dict[str, Any]) -> None:
    """Make a report of an earlier schema one of this: before 2, pictures stood as they were stored, and
    nothing of the file lay over them; before 3, every map was Grad-CAM of one label, none was withheld
    or judged, and signed evidence was a colour map."""
    if table.get("schema") == 1:
        row, col = table["image"]["spacing"] or (1.0, 1.0)
        table["image"].update(quarter_turns=0, flipped=False, aspect=row / col)
        table["display"].update(graphics=False, shutter=False)
        table["schema"] = 2
    if table.get("schema") == 2:
        if table["analysis"] is not None:
            _bring_up_analysis(table["analysis"])
        table["schema"] = 3


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
        return float(value)
    if type(value) is not hint:
        raise ValueError(f"not {hint}")
    return value
