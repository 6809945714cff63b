"""The page of one image, drawn with QtGui alone, so that it needs no display; and its PNG."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QFontMetrics, QImage, QPainter

from viewer.errors import ReportError
from viewer.report import chunks, measurements, picture, png, record, saving, sheet
from viewer.report.report import Analysis, Finding, Map, Pictures, Report
from viewer.report.sheet import COLUMN, INK, MARGIN, QUIET, WARNING, WIDTH, Fill, Sheet
from viewer.report.typeface import font, wrapped
from viewer.report.words import (
    Row,
    footer,
    headline,
    image_words,
    nothing_drawn,
    page_words,
    panel_titles,
    study_words,
)

_HIGHEST = 1500.0
_LOWEST = 560.0
_MOST_FINDINGS = 10
_LONG = 13
"""Lines of a comment that no longer stands beside the findings."""
_BAR = QColor("#3f6f95")
_BAR_GROUND = QColor("#e3e7ea")


def draw(report: Report, width: int = WIDTH) -> QImage:
    """The page as an image `width` pixels wide, as high as its content. Needs a QGuiApplication."""
    return sheet.image(filling(report), width)


def save(report: Report, path: Path, overwrite: bool = False) -> None:
    """Draw the page and write it as PNG, with the report as JSON in the text chunk "glassbox".

    Raises ReportError for an existing file (unless `overwrite`), a full disk, a read-only folder.
    """
    if not overwrite and saving.exists(path):
        raise saving.already_there(path)  # before drawing: the answer should be quick
    data = encoded(report)
    saving.write(path, lambda file: file.write(data), overwrite=overwrite)


def encoded(report: Report) -> bytes:
    """The page as the bytes of a PNG with its text chunks."""
    return png.encoded(draw(report), report, record.to_json(report))


def read(path: Path) -> Report:
    """The report in the text chunk of a PNG that `save` wrote, without its pictures."""
    return record.from_json(chunks.text_of(path, png.TEXT_KEY) or "")


def filling(report: Report) -> Fill:
    """What lays out the page of a report. ReportError if it has no pictures."""
    pictures = report.pictures
    if pictures is None:
        raise ReportError("This report has no pictures.", remedy="Open its study and export it again.")

    def fill(page: Sheet) -> None:
        header(page, report)
        _pictures(page, report, pictures)
        _below(page, report)
        measurements.table(page, [report])
        foot(page, footer(report), report.disclaimer)

    return fill


def header(page: Sheet, report: Report) -> None:
    """Whose pictures these are, and what speaks against believing the network."""
    page.line(headline(report), f"{image_words(report)}{page_words(report)}", size=42, bold=True)
    for left, right in study_words(report):
        page.line(left, right, size=29, color=QUIET)
    page.y += 14
    page.rule()
    if report.analysis is not None:
        outside(page, report.analysis.outside)


def outside(page: Sheet, problems: Sequence[str]) -> None:
    """Why the pictures are outside the model's domain, if they are."""
    if problems:
        words = "Outside the model's domain: " + " ".join(problems)
        page.block(words, page.left, page.width, size=30, bold=True, color=WARNING, most=4)
        page.y += 10


def _pictures(page: Sheet, report: Report, pictures: Pictures) -> None:
    """Two equal pictures, their titles above them, their captions and the colour bar below."""
    height, width = picture.physical_size(report.image)
    panel = min(max(COLUMN * height / width, _LOWEST), _HIGHEST)
    top = page.y
    columns = (page.left, page.second)
    for x, title in zip(columns, panel_titles(report), strict=True):
        page.y = top
        page.block(title, x, COLUMN, size=28, bold=True, most=1)
    page.y = top + QFontMetrics(font(28, bold=True)).lineSpacing()
    areas = [QRectF(round(x), round(page.y + 4), round(COLUMN), round(panel)) for x in columns]
    if page.shows:
        _panels(page.painter, areas, report, pictures)
    page.y = areas[0].bottom() + 12
    _under(page, report)


def _panels(painter: QPainter, areas: list[QRectF], report: Report, pictures: Pictures) -> None:
    picture.paint(painter, areas[0], pictures.source, report.image, report.marks)
    overlay(painter, areas[1], report, pictures)


def overlay(
    painter: QPainter, area: QRectF, report: Report, pictures: Pictures, *, small: bool = False
) -> None:
    """The picture with the map, or in its place why there is none."""
    analysis = report.analysis
    if pictures.overlay is None or analysis is None:
        nothing = "Not analysed by a network" if analysis is None else "No heatmap for this slice"
        words = analysis.withheld or nothing if analysis is not None else nothing
        picture.paint_nothing(painter, area, words, small=small)
        return
    picture.paint(painter, area, pictures.overlay, report.image, report.marks, small=small)
    note = nothing_drawn(report)
    if note:
        picture.paint_note(painter, area, note, small=small)


def _under(page: Sheet, report: Report) -> None:
    """Below the left picture how it is windowed; below the right one its scale and caption."""
    top = page.y
    page.block(report.display.text, page.left, COLUMN, size=26, color=QUIET, most=2)
    lowest = page.y
    if report.analysis is not None and report.analysis.map is not None:
        page.y = top
        scale(page, page.second, COLUMN, report.analysis.map)
        page.block(report.analysis.map.caption, page.second, COLUMN, size=26, color=QUIET, most=3)
    page.y = max(lowest, page.y) + 18


def scale(page: Sheet, x: float, width: float, shown: Map) -> None:
    """The colour bar of a map, where there is any colour, and what its numbers mean."""
    if shown.empty:
        return
    unit = f"{shown.unit}, {shown.overlay.scale}"
    bar = QRectF(round(x), page.y + 4, round(width * 0.62), 26)
    page.text(unit, bar.right() + 24, page.y + 28, font(24), QUIET, x + width - bar.right() - 24)
    if page.shows:
        picture.paint_color_bar(page.painter, bar, shown)
    page.y = picture.below_color_bar(bar) + 6


def _below(page: Sheet, report: Report) -> None:
    """Findings on the left, the reader's comment on the right; a long one across the page."""
    if report.analysis is None and not report.comment:
        return
    page.cut()
    page.rule()
    top = page.y
    if report.analysis is not None:
        _findings(page, report.analysis)
    lowest = page.y
    if report.comment:
        beside = report.analysis is not None
        if beside and len(wrapped(report.comment, font(28), COLUMN, most=_LONG)) < _LONG:
            page.y = top
            comment(page, report.comment, page.second, COLUMN)
        else:
            page.y += 20 if beside else 0
            page.cut()
            comment(page, report.comment, page.left, page.width, cuts=True)
    page.y = max(lowest, page.y) + 20


def comment(page: Sheet, text: str, x: float, width: float, *, cuts: bool = False) -> None:
    page.block("Comment of the reader", x, width, size=30, bold=True, most=1)
    page.y += 4
    page.block(text, x, width, size=28, most=200, cuts=cuts)


def _findings(page: Sheet, analysis: Analysis) -> None:
    page.block("Findings of the network", page.left, COLUMN, size=30, bold=True, most=1)
    page.y += 4
    ranked = sorted(analysis.findings, key=lambda finding: -finding.probability)
    shown = [
        finding
        for place, finding in enumerate(ranked)
        if place < _MOST_FINDINGS or finding.label == analysis.target
    ]
    for finding in shown:
        _finding(page, finding, explained=finding.label == analysis.target)
    if len(shown) < len(ranked):
        words = f"and {len(ranked) - len(shown)} more labels, all less probable"
        page.block(words, page.left, COLUMN, size=26, color=QUIET, most=1)


_LINE = 36.0
"""From a line of a long finding to its next."""


def _finding(page: Sheet, finding: Finding, *, explained: bool) -> None:
    """A row: probability, a bar of it, the label; the one explained is marked."""
    row = 42.0
    chosen = font(28, bold=explained)
    baseline = page.y + 30
    words = f"{finding.probability:.3f}"
    page.text(words, page.left, baseline, chosen, INK, 110)
    bar = QRectF(page.left + 120, page.y + 10, 260, 22)
    page.fill(bar, _BAR_GROUND)
    page.fill(QRectF(bar.left(), bar.top(), bar.width() * finding.probability, 22), _BAR)
    if finding.point is not None and 0 < finding.point < 1:
        at = bar.left() + bar.width() * finding.point
        page.fill(QRectF(at - 1.5, bar.top() - 5, 3, bar.height() + 10), INK)
    label = f"{finding.label}  (explained here)" if explained else finding.label
    if finding.below:
        label += f" · below the operating point {finding.point:.3g}"
    x = bar.right() + 24
    ink = QUIET if finding.below else INK
    room = page.left + COLUMN - x
    lines = wrapped(label, chosen, room, most=2)
    for number, line in enumerate(lines):
        page.text(line, x, baseline + number * _LINE, chosen, ink, room)
    page.y += row + _LINE * max(len(lines) - 1, 0)


def foot(page: Sheet, columns: tuple[list[Row], list[Row]], disclaimer: str) -> None:
    """Where all this comes from, in two columns, and the disclaimer across the page."""
    page.cut()
    page.rule()
    top = page.y
    lowest = top
    for x, rows in zip((page.left, page.second), columns, strict=True):
        page.y = top
        for name, value in rows:
            start = page.y
            page.block(name, x, 230, size=24, color=QUIET, most=1)
            page.y = start
            page.block(value or "not stated", x + 240, COLUMN - 240, size=24, most=4)
        lowest = max(lowest, page.y)
    page.y = lowest + 14
    page.rule()
    page.block(disclaimer, page.left, page.width, size=34, bold=True, color=WARNING, most=2)
    page.y += MARGIN * 0.6
