"""The contact page: several images of a study together, small, each with its words below it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF

from viewer.errors import ReportError
from viewer.report import measurements, picture
from viewer.report.page import comment, foot, outside, overlay, scale
from viewer.report.report import Analysis, Report
from viewer.report.sheet import GAP, MARGIN, QUIET, WIDTH, Fill, Sheet
from viewer.report.words import (
    Row,
    footer,
    headline,
    page_words,
    shared_rows,
    study_words,
    trust_words,
)

_ACROSS = 4
"""Pictures side by side: a slice that was analysed has two."""
_HIGHEST = 1.3
"""A picture is at most so many times as high as it is wide."""


def filling(reports: Sequence[Report]) -> Fill:
    """What lays out a page with these reports. ReportError if one of them has no pictures."""
    if any(report.pictures is None for report in reports):
        raise ReportError("This report has no pictures.", remedy="Open its study and export it again.")

    def fill(page: Sheet) -> None:
        _header(page, reports)
        _cells(page, reports)
        if reports[0].comment:
            page.cut()
            page.rule()
            comment(page, reports[0].comment, page.left, page.width, cuts=True)
            page.y += 20
        measurements.table(page, reports)
        foot(page, _footer(reports), reports[0].disclaimer)

    return fill


def _header(page: Sheet, reports: Sequence[Report]) -> None:
    first = reports[0]
    count = f"{len(reports)} image{'' if len(reports) == 1 else 's'}"
    page.line(headline(first), f"{count}{page_words(first)}", size=42, bold=True)
    page.line(*study_words(first)[0], size=29, color=QUIET)
    page.y += 14
    page.rule()
    problems = dict.fromkeys(problem for one in _analyses(reports) for problem in one.outside)
    outside(page, tuple(problems))


def _cells(page: Sheet, reports: Sequence[Report]) -> None:
    """Rows of equal cells; a row is as high as the highest picture in it needs."""
    pair = any(report.pictures is not None and report.pictures.overlay is not None for report in reports)
    each = (WIDTH - 2 * MARGIN - (_ACROSS - 1) * GAP / 2) / _ACROSS
    in_row = _ACROSS // 2 if pair else _ACROSS
    for start in range(0, len(reports), in_row):
        row = reports[start : start + in_row]
        high = each * min(max(_shape(report) for report in row), _HIGHEST)
        if start:
            page.cut()
        top = lowest = page.y
        for number, report in enumerate(row):
            page.y = top
            x = page.left + number * (each + GAP / 2) * (2 if pair else 1)
            _cell(page, report, QRectF(round(x), round(top), round(each), round(high)), pair=pair)
            lowest = max(lowest, page.y)
        page.y = lowest + 22


def _shape(report: Report) -> float:
    """Height of a picture divided by its width."""
    height, width = picture.physical_size(report.image)
    return height / width


def _cell(page: Sheet, report: Report, area: QRectF, *, pair: bool) -> None:
    """The source and, beside it, the overlay; below them which image it is and how it is shown."""
    beside = area.translated(area.width() + GAP / 2, 0)
    if page.shows and report.pictures is not None:
        picture.paint(page.painter, area, report.pictures.source, report.image, report.marks, small=True)
        if pair:
            overlay(page.painter, beside, report, report.pictures, small=True)
    page.y = area.bottom() + 8
    top = page.y
    page.block(measurements.place_words(report), area.left(), area.width(), size=26, bold=True, most=2)
    page.block(report.display.text, area.left(), area.width(), size=24, color=QUIET, most=2)
    lowest, page.y = page.y, top
    analysis = report.analysis
    if not pair or analysis is None:
        page.y = lowest
        return
    if analysis.map is not None:
        scale(page, beside.left(), beside.width(), analysis.map)
        page.block(analysis.map.caption, beside.left(), beside.width(), size=24, color=QUIET, most=4)
    if analysis.trust:
        words = f"Trust: {trust_words(analysis.trust)}"
        page.block(words, beside.left(), beside.width(), size=24, color=QUIET, most=2)
    page.y = max(lowest, page.y)


def _analyses(reports: Sequence[Report]) -> list[Analysis]:
    return [report.analysis for report in reports if report.analysis is not None]


def _footer(reports: Sequence[Report]) -> tuple[list[Row], list[Row]]:
    """The models that were asked, and what holds for all maps; what differs stands below each picture."""
    first = next((report for report in reports if report.analysis is not None), reports[0])
    left, right = footer(first)
    if first.analysis is None:
        return [row for row in left if row[0] != "Window"], right
    others = {
        one.provenance.digest: f"{one.model_title} ({one.provenance.model}) {one.provenance.version}"
        for one in _analyses(reports)
        if one.provenance.digest != first.analysis.provenance.digest
    }
    left += [("Model", f"{title}, SHA-256 {digest[:16]}…") for digest, title in others.items()]
    return left, shared_rows([footer(report)[1] for report in reports if report.analysis is not None])
