"""A small histogram with its two ends and its highest bin written on it."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from viewer.annotate.mark import Histogram
from viewer.session.captions import modality_text
from viewer.ui import theme

_HEIGHT = 64


class HistogramView(QWidget):
    """How often values fall into each bin of a region; nothing while that is not known."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._histogram: Histogram | None = None
        self._unit = ""
        self.setAccessibleName("Histogram")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    @property
    def histogram(self) -> Histogram | None:
        """What is drawn."""
        return self._histogram

    def sizeHint(self) -> QSize:
        return QSize(200, _HEIGHT + self.fontMetrics().lineSpacing() + 2)

    def show_histogram(self, histogram: Histogram | None, unit: str = "") -> None:
        """Draw this one; None draws an empty frame."""
        if (histogram, unit) == (self._histogram, self._unit):
            return
        self._histogram, self._unit = histogram, unit
        self.setAccessibleDescription(self._said())
        self.setToolTip(self._said())
        self.update()

    def _said(self) -> str:
        one = self._histogram
        if one is None or not any(one.counts):
            return ""
        most = max(one.counts)
        step = (one.high - one.low) / len(one.counts)
        start = one.low + step * one.counts.index(most)
        low, high = (modality_text(value, self._unit, False) for value in (start, start + step))
        return f"{sum(one.counts)} pixels in {len(one.counts)} bins; most, {most}, from {low} to {high}"

    def paintEvent(self, event: QPaintEvent) -> None:
        colors, one = theme.current(), self._histogram
        painter = QPainter(self)
        area = QRectF(0, 2, self.width(), _HEIGHT - 2)
        painter.fillRect(QRectF(area.left(), area.bottom(), area.width(), 1), QColor(colors.border))
        if one is not None and any(one.counts):
            most, step = max(one.counts), area.width() / len(one.counts)
            for number, count in enumerate(one.counts):
                if count:
                    height = max(area.height() * count / most, 1.0)
                    bar = QRectF(number * step, area.bottom() - height, max(step - 1, 1.0), height)
                    painter.fillRect(bar, QColor(colors.accent))
            row = QRectF(0, area.bottom() + 2, area.width(), self.fontMetrics().lineSpacing())
            painter.setPen(QColor(colors.dim))
            painter.drawText(row, Qt.AlignmentFlag.AlignLeft, modality_text(one.low, self._unit, False))
            painter.drawText(row, Qt.AlignmentFlag.AlignRight, modality_text(one.high, self._unit, False))
        painter.end()
