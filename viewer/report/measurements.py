"""The table of what was measured: each mark with its figures, units, and where their scale comes from."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QFontMetricsF

from viewer.annotate.mark import COLORS, KINDS, Figure, Histogram, ShownMark
from viewer.annotate.statistics import MEAN, MINIMUM
from viewer.annotate.words import figure_text, table_rows
from viewer.report.report import Report
from viewer.report.sheet import INK, MARGIN, QUIET, WIDTH, Sheet
from viewer.report.typeface import font
from viewer.report.words import image_words

_NAME, _FIGURES, _SCALE = MARGIN + 44, MARGIN + 620, 1830.0
"""Where the columns begin: what it is, its figures, where the scale comes from."""
_SIZE = 26
_BARS = QColor("#6b747c")
_BARS_HIGH = 56.0
_TEXT_LINES = 4


def table(page: Sheet, reports: Sequence[Report]) -> None:
    """The marks of these reports, those of each image together; nothing where there are none to list."""
    listed = [(report, rows) for report in reports if (rows := _listed(report))]
    if not listed:
        return
    page.cut()
    page.rule()
    page.block("Measurements of the reader", page.left, page.width, size=30, bold=True, most=1)
    page.y += 4
    _heads(page)
    for report, marks in listed:
        if len(reports) > 1:
            page.cut()
            page.y += 8
            page.block(place_words(report), page.left, page.width, size=_SIZE, bold=True, most=1)
        for number, shown in enumerate(marks):
            if number:
                page.cut()
            _row(page, shown)
    page.y += 14


def place_words(report: Report) -> str:
    """Which slice of which series, where a page shows several."""
    number = "" if report.study.series_number is None else f", series {report.study.series_number}"
    return f"{image_words(report)}{number}"


def _listed(report: Report) -> list[ShownMark]:
    """The slice's own marks that say or measure anything; a neighbour's are listed on its own page."""
    return [shown for shown in report.marks if not shown.faint and (shown.mark.text or shown.figures)]


def _heads(page: Sheet) -> None:
    top = page.y
    for words, x, width in (
        ("Mark", _NAME, _FIGURES - _NAME),
        ("Figures", _FIGURES, _SCALE - _FIGURES),
        ("Scale from", _SCALE, WIDTH - MARGIN - _SCALE),
    ):
        page.y = top
        page.block(words, x, width, size=24, color=QUIET, most=1)


def _row(page: Sheet, shown: ShownMark) -> None:
    top = page.y
    _swatch(page, QRectF(page.left + 4, top + 9, 22, 16), QColor(COLORS[shown.mark.color]))
    title = KINDS[shown.mark.kind].title
    page.block(title, _NAME, _FIGURES - _NAME - 20, size=_SIZE, most=1)
    text, figures = shown.mark.text.strip(), figures_of(shown)
    if text and figures:
        page.block(text, _NAME, _FIGURES - _NAME - 20, size=24, color=QUIET, most=_TEXT_LINES)
    lowest, page.y = page.y, top
    if not figures:
        page.block(text, _FIGURES, WIDTH - MARGIN - _FIGURES, size=_SIZE, most=_TEXT_LINES)
    for line in _packed(figures, _SCALE - _FIGURES - 30):
        page.block(line, _FIGURES, _SCALE - _FIGURES - 20, size=_SIZE, most=1)
    for sentence in _sentences(shown):
        page.block(sentence, _FIGURES, _SCALE - _FIGURES - 20, size=24, color=QUIET, most=2)
    lowest, page.y = max(lowest, page.y), top
    page.block(scale_words(shown), _SCALE, WIDTH - MARGIN - _SCALE, size=_SIZE, most=2)
    if shown.statistics is not None and shown.statistics.histogram is not None:
        unit = next((one.unit for one in shown.statistics.figures if one.name == MEAN), "")
        _bars(page, shown.statistics.histogram, unit)
    page.y = max(lowest, page.y) + 12


def scale_words(shown: ShownMark) -> str:
    """Where the lengths and areas of a mark have their scale from."""
    sources = dict.fromkeys(one.source for one in shown.figures if one.source)
    if sources:
        return ", ".join(sources)
    return "not calibrated" if any(one.unit in ("px", "px²") for one in shown.figures) else ""


def figures_of(shown: ShownMark) -> list[str]:
    """ "Length 23.4 mm", "Heat inside 42 % (by chance 3 %)"."""
    sources = {one.source for one in shown.figures}
    return [
        f"{row.name} {row.value} ({row.note})"
        if row.note and row.note not in sources
        else f"{row.name} {row.value}"
        for row in table_rows(shown)
    ]


def _sentences(shown: ShownMark) -> tuple[str, ...]:
    found = shown.statistics
    return () if found is None else (*([found.why_not] if found.why_not else []), *found.notes)


def _packed(items: Sequence[str], width: float) -> list[str]:
    """Items side by side in as few lines as hold them; no item is broken."""
    metrics = QFontMetricsF(font(_SIZE))
    lines: list[str] = []
    for item in items:
        longer = f"{lines[-1]}  ·  {item}" if lines else item
        if lines and metrics.horizontalAdvance(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(item)
    return lines


def _swatch(page: Sheet, area: QRectF, color: QColor) -> None:
    """The colour of the mark, edged: it may be as light as the paper."""
    page.fill(area.adjusted(-3, -3, 3, 3), INK)
    page.fill(area, color)


def _bars(page: Sheet, histogram: Histogram, unit: str) -> None:
    """How often which values occur, with the edges of the first and the last bin below."""
    most = max(histogram.counts, default=0)
    if not most:
        return
    width = WIDTH - MARGIN - _SCALE
    each = width / len(histogram.counts)
    bottom = page.y + 6 + _BARS_HIGH
    for number, count in enumerate(histogram.counts):
        high = _BARS_HIGH * count / most
        page.fill(QRectF(_SCALE + number * each, bottom - high, each, high), _BARS)
    page.fill(QRectF(_SCALE, bottom, width, 2), QUIET)
    page.y = bottom + 4
    chosen = font(22)
    metrics = QFontMetricsF(chosen)
    for value, part in ((histogram.low, 0.0), (histogram.high, 1.0)):
        words = figure_text(Figure(MINIMUM, value, unit))
        taken = metrics.horizontalAdvance(words)
        x = _SCALE + (width - taken) * part
        page.text(words, x, page.y + metrics.ascent(), chosen, QUIET, taken + 2)
    page.y += metrics.lineSpacing()
