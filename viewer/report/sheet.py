"""A sheet of the report, filled from the top down: lines, blocks of text, rules, and where it may be cut."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QImage, QPainter, QPen

from viewer.errors import ReportError
from viewer.report.typeface import elided, font, wrapped

WIDTH = 2400
"""Everything is measured on a sheet so wide, and scaled to the width asked for."""
MARGIN = 72.0
GAP = 36.0
COLUMN = (WIDTH - 2 * MARGIN - GAP) / 2

INK = QColor("#15181b")
QUIET = QColor("#4d545b")
RULE = QColor("#b9c0c6")
WARNING = QColor("#9a1f12")

_HIGHEST = 32_000
"""Pixels: Qt paints no further down than 32 767."""

Part = tuple[float, float]
"""From this y up to that one, the second left out."""


class Sheet:
    """`y` is where the next part begins.

    Parameters
    ----------
    part : what of it is drawn; None for nothing, to find out how high it is.
    """

    def __init__(self, painter: QPainter, part: Part | None) -> None:
        self.painter = painter
        self.part = part
        self.y = MARGIN * 0.8
        self.left = MARGIN
        self.right = WIDTH - MARGIN
        self.second = MARGIN + COLUMN + GAP
        self.cuts: list[float] = []

    @property
    def width(self) -> float:
        return self.right - self.left

    @property
    def shows(self) -> bool:
        """Whether what begins at `y` is drawn."""
        return self.part is not None and self.part[0] <= self.y < self.part[1]

    def cut(self) -> None:
        """The sheet may go on here on another piece of paper."""
        self.cuts.append(self.y)

    def rule(self) -> None:
        if self.shows:
            self.painter.setPen(QPen(RULE, 2))
            self.painter.drawLine(QPointF(self.left, self.y), QPointF(self.right, self.y))
        self.y += 18

    def fill(self, area: QRectF, color: QColor) -> None:
        if self.shows:
            self.painter.fillRect(area, color)

    def line(self, left: str, right: str, *, size: float, bold: bool = False, color: QColor = INK) -> None:
        """One line: `right` whole and at the right edge, `left` shortened where it would meet it."""
        chosen = font(size, bold=bold)
        metrics = QFontMetrics(chosen)
        baseline = self.y + metrics.ascent()
        right = elided(right, chosen, self.width * 0.45)
        taken = metrics.horizontalAdvance(right)
        self.text(right, self.right - taken, baseline, chosen, color, taken + 4)
        self.text(left, self.left, baseline, chosen, color, self.width - taken - (40 if right else 0))
        self.y += metrics.lineSpacing() + 2

    def text(self, text: str, x: float, baseline: float, chosen: QFont, color: QColor, width: float) -> None:
        """One line at a place of its own, shortened to `width`."""
        if self.shows and text:
            self.painter.setFont(chosen)
            self.painter.setPen(color)
            self.painter.drawText(QPointF(x, baseline), elided(text, chosen, width))

    def block(
        self,
        text: str,
        x: float,
        width: float,
        *,
        size: float,
        most: int,
        bold: bool = False,
        color: QColor = INK,
        cuts: bool = False,
    ) -> None:
        """Text wrapped to `width`, at most `most` lines; `y` moves below it.

        `cuts`: the sheet may be cut between its lines.
        """
        chosen = font(size, bold=bold)
        metrics = QFontMetrics(chosen)
        for number, line in enumerate(wrapped(text, chosen, width, most=most)):
            if cuts and number:
                self.cut()
            if self.shows and line:
                self.painter.setFont(chosen)
                self.painter.setPen(color)
                self.painter.drawText(QPointF(x, self.y + metrics.ascent()), line)
            self.y += metrics.lineSpacing()


Fill = Callable[[Sheet], None]
"""Lays a sheet out, from its top to `y` below its last line."""


def measured(fill: Fill) -> tuple[float, tuple[float, ...]]:
    """How high a sheet is, and where it may be cut. Needs a QGuiApplication."""
    trial = QImage(8, 8, QImage.Format.Format_RGB32)
    painter = QPainter(trial)
    try:
        sheet = Sheet(painter, None)
        fill(sheet)
    finally:
        painter.end()
    return sheet.y, tuple(sheet.cuts)


def paint(painter: QPainter, fill: Fill, part: Part) -> None:
    """Draw a part of a sheet, its upper left corner at the painter's origin, 2400 wide."""
    painter.save()
    painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
    painter.translate(0, -part[0])
    try:
        fill(Sheet(painter, part))
    finally:
        painter.restore()


def image(fill: Fill, width: int = WIDTH) -> QImage:
    """The whole sheet as an image `width` pixels wide, as high as its content.

    Raises ReportError where that is higher than an image can be.
    """
    height, _ = measured(fill)
    drawn = QImage(width, min(round(height * width / WIDTH), _HIGHEST + 1), QImage.Format.Format_RGB32)
    if drawn.isNull() or drawn.height() > _HIGHEST:
        raise ReportError(
            "The page is too long for one picture.", remedy="Save it as PDF: that goes on on further pages."
        )
    drawn.fill(Qt.GlobalColor.white)
    painter = QPainter(drawn)
    painter.scale(width / WIDTH, width / WIDTH)
    try:
        paint(painter, fill, (0.0, height))
    finally:
        painter.end()
    return drawn
