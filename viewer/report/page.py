"""Report -> page -> PNG. Drawn with QtGui alone, so it needs no display.

Everything is measured on a page 2400 wide and scaled to the width asked for. The page is drawn twice,
first to find out how high it is.
"""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QImage, QImageReader, QPainter, QPen

from viewer.errors import ReportError
from viewer.report import picture, record, saving
from viewer.report.report import Analysis, Finding, Pictures, Report
from viewer.report.typeface import elided, font, wrapped
from viewer.report.words import footer, headline, image_words, nothing_drawn, panel_titles, study_words

WIDTH = 2400
"""Pixels of an exported page."""
TEXT_KEY = "glassbox"
"""Keyword of the PNG text chunk that holds the report as JSON."""

_MARGIN = 72.0
_GAP = 36.0
_COLUMN = (WIDTH - 2 * _MARGIN - _GAP) / 2
_HIGHEST = 1500.0
_LOWEST = 560.0
_MOST_FINDINGS = 10
_LONG = 13
"""Lines of a comment that no longer stands beside the findings."""

_INK = QColor("#15181b")
_QUIET = QColor("#4d545b")
_RULE = QColor("#b9c0c6")
_WARNING = QColor("#9a1f12")
_BAR = QColor("#3f6f95")
_BAR_GROUND = QColor("#e3e7ea")


def draw(report: Report, width: int = WIDTH) -> QImage:
    """The page as an image `width` pixels wide, as high as its content. Needs a QGuiApplication."""
    if report.pictures is None:
        raise ReportError("This report has no pictures.", remedy="Open its study and export it again.")
    trial = QImage(8, 8, QImage.Format.Format_RGB32)
    height = _painted(trial, report, report.pictures, width / WIDTH)
    page = QImage(width, round(height * width / WIDTH), QImage.Format.Format_RGB32)
    page.fill(Qt.GlobalColor.white)
    _painted(page, report, report.pictures, width / WIDTH)
    return page


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
    page = draw(report)
    page.setDotsPerMeterX(round(WIDTH / 0.277))  # fills the width of an A4 page in landscape
    page.setDotsPerMeterY(round(WIDTH / 0.277))
    page.setText("Software", " ".join(report.software[0]) if report.software else "glassbox")
    page.setText("Disclaimer", report.disclaimer)
    page.setText(TEXT_KEY, record.to_json(report))
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    if not page.save(buffer, "PNG"):  # type: ignore[call-overload]
        raise ReportError("The page cannot be written as PNG.", remedy="Free some memory and try again.")
    return bytes(data.data())


def read(path: Path) -> Report:
    """The report in the text chunk of a PNG that `save` wrote, without its pictures."""
    reader = QImageReader(str(path))
    text = reader.text(TEXT_KEY) if reader.canRead() else ""
    return record.from_json(text)


def _painted(page: QImage, report: Report, pictures: Pictures, scale: float) -> float:
    """Paint the page; returns its height on a page 2400 wide."""
    painter = QPainter(page)
    painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
    painter.scale(scale, scale)
    try:
        sheet = _Sheet(painter, trial=page.width() < 100)
        sheet.header(report)
        sheet.pictures(report, pictures)
        sheet.below(report)
        sheet.footer(report)
        return sheet.y + _MARGIN * 0.6
    finally:
        painter.end()


class _Sheet:
    """The page from the top down; `y` is where the next part begins."""

    def __init__(self, painter: QPainter, *, trial: bool) -> None:
        self.painter = painter
        self.trial = trial
        self.y = _MARGIN * 0.8
        self.left = _MARGIN
        self.right = WIDTH - _MARGIN
        self.second = _MARGIN + _COLUMN + _GAP

    def header(self, report: Report) -> None:
        image = image_words(report)
        self._line(headline(report), image, size=42, bold=True)
        for left, right in study_words(report):
            self._line(left, right, size=29, color=_QUIET)
        self.y += 14
        self._rule()
        if report.analysis is not None and report.analysis.outside:
            words = "Outside the model's domain: " + " ".join(report.analysis.outside)
            self._block(words, self.left, self.right - self.left, size=30, bold=True, color=_WARNING, most=4)
            self.y += 10

    def pictures(self, report: Report, pictures: Pictures) -> None:
        """Two equal pictures, their titles above them, their captions and the colour bar below."""
        height, width = picture.physical_size(report.image)
        panel = min(max(_COLUMN * height / width, _LOWEST), _HIGHEST)
        top = self.y
        columns = (self.left, self.second)
        for x, title in zip(columns, panel_titles(report), strict=True):
            self.y = top
            self._block(title, x, _COLUMN, size=28, bold=True, most=1)
        self.y = top + self.painter.fontMetrics().lineSpacing()
        areas = [QRectF(round(x), round(self.y + 4), round(_COLUMN), round(panel)) for x in columns]
        if not self.trial:
            self._panels(areas, report, pictures)
        self.y = areas[0].bottom() + 12
        self._under(report)

    def _panels(self, areas: list[QRectF], report: Report, pictures: Pictures) -> None:
        picture.paint(self.painter, areas[0], pictures.source, report.image)
        analysis = report.analysis
        if pictures.overlay is None or analysis is None:
            nothing = "Not analysed by a network" if analysis is None else "No heatmap for this slice"
            words = analysis.withheld or nothing if analysis is not None else nothing
            picture.paint_nothing(self.painter, areas[1], words)
            return
        picture.paint(self.painter, areas[1], pictures.overlay, report.image)
        note = nothing_drawn(report)
        if note:
            picture.paint_note(self.painter, areas[1], note)

    def _under(self, report: Report) -> None:
        """Below the left picture how it is windowed; below the right one its scale and caption."""
        top = self.y
        shown = report.analysis.map if report.analysis is not None else None
        self._block(report.display.text, self.left, _COLUMN, size=26, color=_QUIET, most=2)
        lowest = self.y
        if shown is not None:
            self.y = top
            if not shown.empty:
                unit = f"{shown.unit}, {shown.overlay.scale}"
                bar = QRectF(round(self.second), top + 4, round(_COLUMN * 0.62), 26)
                self._text(unit, bar.right() + 24, top + 28, font(24), _QUIET, self.right - bar.right() - 24)
                self.y = picture.paint_color_bar(self.painter, bar, shown) + 6
            self._block(shown.caption, self.second, _COLUMN, size=26, color=_QUIET, most=3)
        self.y = max(lowest, self.y) + 18

    def below(self, report: Report) -> None:
        """Findings on the left, the reader's comment on the right; a long one across the page."""
        if report.analysis is None and not report.comment:
            return
        self._rule()
        top = self.y
        if report.analysis is not None:
            self._findings(report.analysis)
        lowest = self.y
        if report.comment:
            beside = report.analysis is not None
            if beside and len(wrapped(report.comment, font(28), _COLUMN, most=_LONG)) < _LONG:
                self.y = top
                self._comment(report.comment, self.second, _COLUMN)
            else:
                self.y += 20 if beside else 0
                self._comment(report.comment, self.left, self.right - self.left)
        self.y = max(lowest, self.y) + 20

    def _comment(self, text: str, x: float, width: float) -> None:
        self._block("Comment of the reader", x, width, size=30, bold=True, most=1)
        self.y += 4
        self._block(text, x, width, size=28, most=200)

    def _findings(self, analysis: Analysis) -> None:
        self._block("Findings of the network", self.left, _COLUMN, size=30, bold=True, most=1)
        self.y += 4
        ranked = sorted(analysis.findings, key=lambda finding: -finding.probability)
        shown = [
            finding
            for place, finding in enumerate(ranked)
            if place < _MOST_FINDINGS or finding.label == analysis.target
        ]
        for finding in shown:
            self._finding(finding, explained=finding.label == analysis.target)
        if len(shown) < len(ranked):
            words = f"and {len(ranked) - len(shown)} more labels, all less probable"
            self._block(words, self.left, _COLUMN, size=26, color=_QUIET, most=1)

    def _finding(self, finding: Finding, *, explained: bool) -> None:
        """A row: probability, a bar of it, the label; the one explained is marked."""
        row = 42.0
        chosen = font(28, bold=explained)
        baseline = self.y + 30
        words = f"{finding.probability:.3f}"
        self._text(words, self.left, baseline, chosen, _INK, 110)
        bar = QRectF(self.left + 120, self.y + 10, 260, 22)
        self.painter.fillRect(bar, _BAR_GROUND)
        self.painter.fillRect(QRectF(bar.left(), bar.top(), bar.width() * finding.probability, 22), _BAR)
        if finding.point is not None and 0 < finding.point < 1:
            at = bar.left() + bar.width() * finding.point
            self.painter.fillRect(QRectF(at - 1.5, bar.top() - 5, 3, bar.height() + 10), _INK)
        label = f"{finding.label}  (explained here)" if explained else finding.label
        if finding.below:
            label += f" · below the operating point {finding.point:.3g}"
        x = bar.right() + 24
        ink = _QUIET if finding.below else _INK
        self._text(label, x, baseline, chosen, ink, self.left + _COLUMN - x)
        self.y += row

    def footer(self, report: Report) -> None:
        """Where all this comes from, in two columns, and the disclaimer across the page."""
        self._rule()
        top = self.y
        lowest = top
        for x, rows in zip((self.left, self.second), footer(report), strict=True):
            self.y = top
            for name, value in rows:
                start = self.y
                self._block(name, x, 230, size=24, color=_QUIET, most=1)
                self.y = start
                self._block(value or "not stated", x + 240, _COLUMN - 240, size=24, most=4)
            lowest = max(lowest, self.y)
        self.y = lowest + 14
        self._rule()
        self._block(
            report.disclaimer, self.left, self.right - self.left, size=34, bold=True, color=_WARNING, most=2
        )

    def _rule(self) -> None:
        self.painter.setPen(QPen(_RULE, 2))
        self.painter.drawLine(QPointF(self.left, self.y), QPointF(self.right, self.y))
        self.y += 18

    def _line(self, left: str, right: str, *, size: float, bold: bool = False, color: QColor = _INK) -> None:
        """One line: `right` whole and at the right edge, `left` shortened where it would meet it."""
        chosen = font(size, bold=bold)
        self.painter.setFont(chosen)
        metrics = self.painter.fontMetrics()
        baseline = self.y + metrics.ascent()
        width = self.right - self.left
        right = elided(right, chosen, width * 0.45)
        taken = metrics.horizontalAdvance(right)
        self._text(right, self.right - taken, baseline, chosen, color, taken + 4)
        self._text(left, self.left, baseline, chosen, color, width - taken - (40 if right else 0))
        self.y += metrics.lineSpacing() + 2

    def _text(self, text: str, x: float, baseline: float, chosen: QFont, color: QColor, width: float) -> None:
        self.painter.setFont(chosen)
        self.painter.setPen(color)
        self.painter.drawText(QPointF(x, baseline), elided(text, chosen, width))

    def _block(
        self,
        text: str,
        x: float,
        width: float,
        *,
        size: float,
        most: int,
        bold: bool = False,
        color: QColor = _INK,
    ) -> None:
        """Text wrapped to `width`, at most `most` lines; `y` moves below it."""
        chosen = font(size, bold=bold)
        self.painter.setFont(chosen)
        self.painter.setPen(color)
        metrics = self.painter.fontMetrics()
        for line in wrapped(text, chosen, width, most=most):
            self.painter.drawText(QPointF(x, self.y + metrics.ascent()), line)
            self.y += metrics.lineSpacing()
