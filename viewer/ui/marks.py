"""What stands in the picture beside the slice: corner text, letters, scale bar, colour bar, caption."""

from __future__ import annotations

from typing import Any

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter, QPainterPath, QPen, QPixmap

from viewer.imaging.colormap import COLORMAPS, scale_range
from viewer.imaging.compose import drawn, gaps
from viewer.imaging.scale_bar import length_text, round_length
from viewer.session.resolve import ResolvedView
from viewer.ui.placement import Placement

TEXT = QColor("#d6dade")
QUIET = QColor("#aeb6bd")
ALERT = QColor("#e8b36b")
_EDGE = QColor(0, 0, 0, 215)
_MARGIN = 10.0
_BAR = 190.0
"""Length of the colour bar, logical pixels."""


class TextPainter:
    """Draws outlined text, readable on black and on white; keeps what it drew."""

    def __init__(self, font: QFont) -> None:
        self.font = font
        self.metrics = QFontMetricsF(font)
        self._kept: dict[tuple[str, int, float], QPixmap] = {}
        self._widths: dict[str, float] = {}
        self._broken: dict[tuple[str, float, str], list[str]] = {}

    @property
    def line(self) -> float:
        return self.metrics.lineSpacing()

    def width(self, text: str) -> float:
        if text not in self._widths:
            _make_room(self._widths)
            self._widths[text] = self.metrics.horizontalAdvance(text)
        return self._widths[text]

    def draw(self, painter: QPainter, x: float, y: float, text: str, color: QColor = TEXT) -> None:
        """Draw one line whose top left is (x, y)."""
        if not text:
            return
        device = painter.device()
        ratio = device.devicePixelRatio() if device is not None else 1.0
        key = (text, color.rgba(), ratio)
        drawn_text = self._kept.get(key)
        if drawn_text is None:
            _make_room(self._kept)
            drawn_text = self._kept[key] = self._rendered(text, color, ratio)
        # On whole device pixels, or the raster engine resamples the letters.
        painter.drawPixmap(QPointF(round(x * ratio) / ratio - 3, round(y * ratio) / ratio - 3), drawn_text)

    def wrapped(self, text: str, width: float, joint: str = " ") -> list[str]:
        """Break at every `joint` where a line would be wider than `width`."""
        key = (text, width, joint)
        if key not in self._broken:
            _make_room(self._broken)
            self._broken[key] = self._break(text, width, joint)
        return self._broken[key]

    def _break(self, text: str, width: float, joint: str) -> list[str]:
        lines: list[str] = []
        for paragraph in text.splitlines():
            line = ""
            for word in paragraph.split(joint):
                longer = f"{line}{joint}{word}" if line else word
                if line and self.width(longer) > width:
                    lines.append(line)
                    line = word
                else:
                    line = longer
            lines.append(line)
        return lines

    def _rendered(self, text: str, color: QColor, ratio: float) -> QPixmap:
        width, height = self.width(text) + 8, self.metrics.height() + 6
        picture = QPixmap(round(width * ratio) + 1, round(height * ratio) + 1)
        picture.setDevicePixelRatio(ratio)
        picture.fill(Qt.GlobalColor.transparent)
        painter = QPainter(picture)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        baseline = QPointF(3, 3 + self.metrics.ascent())
        outline = QPainterPath()
        outline.addText(baseline, self.font, text)
        painter.setPen(
            QPen(_EDGE, 2.6, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin)
        )
        painter.drawPath(outline)
        painter.setFont(self.font)
        painter.setPen(color)
        painter.drawText(baseline, text)
        painter.end()
        return picture


class Marks:
    """Paints everything but the slice itself; knows only what a ResolvedView says."""

    def __init__(self, font: QFont) -> None:
        self.text = TextPainter(font)
        big = QFont(font)
        big.setPointSizeF(font.pointSizeF() * 1.25)
        self.letter = TextPainter(big)
        self._bars: dict[str, QImage] = {}

    def paint(
        self, painter: QPainter, area: QRectF, view: ResolvedView, placement: Placement, readout: str
    ) -> None:
        """Paint all marks of `view` into `area`; `readout` is the value under the cursor."""
        inner = area.adjusted(_MARGIN, _MARGIN - 2, -_MARGIN, -_MARGIN + 2)
        self._corner(painter, inner, view.corners[0], right=False)
        self._corner(painter, inner, view.corners[1], right=True)
        self._letters(painter, inner, view.letters)
        self._bottom_left(painter, inner, view.corners[2], readout)
        self._bottom_right(painter, inner, view, placement)
        if view.overlay_note and (view.overlay.visible or view.outside):
            self._note(painter, inner, view.overlay_note)

    def readout_area(self, area: QRectF) -> QRectF:
        """Where the value under the cursor stands, to repaint no more than that."""
        height = self.text.line + 8
        return QRectF(area.left(), area.bottom() - _MARGIN - height, area.width() * 0.6, height + _MARGIN)

    def _lines(self, text: str, width: float) -> list[str]:
        return self.text.wrapped(text, width)

    def _corner(self, painter: QPainter, inner: QRectF, text: str, *, right: bool) -> None:
        y = inner.top()
        for number, line in enumerate(self._lines(text, inner.width() * 0.45)):
            x = inner.right() - self.text.width(line) if right else inner.left()
            self.text.draw(painter, x, y, line, QUIET if number else TEXT)
            y += self.text.line

    def _letters(self, painter: QPainter, inner: QRectF, letters: tuple[str, str, str, str]) -> None:
        left, right, top, bottom = letters
        draw, line = self.letter.draw, self.letter.line
        middle_x, middle_y = inner.center().x(), inner.center().y() - line / 2
        draw(painter, inner.left(), middle_y, left)
        draw(painter, inner.right() - self.letter.width(right), middle_y, right)
        draw(painter, middle_x - self.letter.width(top) / 2, inner.top(), top)
        draw(painter, middle_x - self.letter.width(bottom) / 2, inner.bottom() - line, bottom)

    def _bottom_left(self, painter: QPainter, inner: QRectF, text: str, readout: str) -> None:
        y = inner.bottom() - self.text.line
        self.text.draw(painter, inner.left(), y, readout)
        for line in reversed(self._lines(text, inner.width() * 0.45)):
            y -= self.text.line
            self.text.draw(painter, inner.left(), y, line, QUIET)

    def _bottom_right(
        self, painter: QPainter, inner: QRectF, view: ResolvedView, placement: Placement
    ) -> None:
        """From the bottom up: colour bar and caption (with the overlay only), scale bar, corner text."""
        y = inner.bottom()
        if view.heatmap is not None and view.overlay.visible:
            if not view.heatmap.empty:
                y -= self._color_bar(painter, inner.right(), y, view)
            for line in reversed(self.text.wrapped(view.caption, inner.width() * 0.42, " · ")):
                y -= self.text.line
                self.text.draw(painter, inner.right() - self.text.width(line), y, line)
            y -= 6
        y -= self._scale_bar(painter, inner, y, view, placement)
        for line in reversed(self._lines(view.corners[3], inner.width() * 0.45)):
            y -= self.text.line
            self.text.draw(painter, inner.right() - self.text.width(line), y, line, QUIET)

    def _scale_bar(
        self, painter: QPainter, inner: QRectF, bottom: float, view: ResolvedView, placement: Placement
    ) -> float:
        geometry = view.slice.header.geometry if view.slice else None
        if geometry is None:
            return 0.0
        spacing = geometry.spacing[1] if geometry.spacing else 1.0
        per_unit = placement.scale_x / spacing
        length = round_length(min(inner.width() * 0.22, 180.0) / per_unit)
        label = length_text(length, known=geometry.spacing is not None, calibration=geometry.calibration)
        right, left = inner.right() - 1, inner.right() - 1 - length * per_unit
        middle = bottom - self.text.line / 2
        path = QPainterPath(QPointF(left, middle - 4))
        for x, y in (
            (left, middle + 4),
            (left, middle),
            (right, middle),
            (right, middle - 4),
            (right, middle + 4),
        ):
            path.lineTo(x, y)
        painter.setPen(QPen(_EDGE, 4))
        painter.drawPath(path)
        painter.setPen(QPen(TEXT, 1.6))
        painter.drawPath(path)
        self.text.draw(painter, left - self.text.width(label) - 8, bottom - self.text.line, label)
        return self.text.line + 2

    def _color_bar(self, painter: QPainter, right: float, bottom: float, view: ResolvedView) -> float:
        """Gradient with numbers and, where nothing is drawn, an empty bar; returns its height."""
        overlay = view.overlay
        low, high = scale_range(overlay.colormap, view.heat_range)
        numbers = [_number(low), _number(high)]
        unit = (view.heatmap.unit if view.heatmap else "") + (
            ", relative" if overlay.scale == "relative" else ""
        )
        top = bottom - self.text.line - 12
        bar = QRectF(right - _BAR, top, _BAR, 9)
        painter.fillRect(bar.adjusted(-1.5, -1.5, 1.5, 1.5), QColor(0, 0, 0, 200))
        painter.drawImage(bar, self._gradient(overlay.colormap))
        shown = drawn(overlay.colormap, overlay.threshold)
        for start, end in gaps(shown):
            gap = QRectF(bar.left() + _BAR * start / 256, top, _BAR * (end - start) / 256, 9)
            painter.fillRect(gap, QColor(20, 22, 24))
        painter.setPen(QPen(QUIET, 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(bar)
        y = bottom - self.text.line
        self.text.draw(painter, bar.left(), y, numbers[0])
        self.text.draw(painter, right - self.text.width(numbers[1]), y, numbers[1])
        self.text.draw(painter, bar.center().x() - self.text.width(unit) / 2, y, unit, QUIET)
        return self.text.line + 16

    def _gradient(self, colormap: str) -> QImage:
        if colormap not in self._bars:
            self._bars[colormap] = gradient_image(colormap)
        return self._bars[colormap]

    def _note(self, painter: QPainter, inner: QRectF, note: str) -> None:
        """A sentence the reader must not miss, in the upper middle of the picture."""
        lines = self._lines(note, inner.width() * 0.5)
        width = max(self.text.width(line) for line in lines)
        height = self.text.line * len(lines)
        top = inner.top() + max(self.letter.line + 12, self.text.line * 4)
        plate = QRectF(inner.center().x() - width / 2 - 12, top, width + 24, height + 12)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(14, 16, 18, 215))
        painter.drawRoundedRect(plate, 5, 5)
        for number, line in enumerate(lines):
            x = inner.center().x() - self.text.width(line) / 2
            self.text.draw(painter, x, plate.top() + 6 + number * self.text.line, line, ALERT)


def _make_room(kept: dict[Any, Any]) -> None:
    """Forget everything before a store of texts grows without bound."""
    if len(kept) > 400:
        kept.clear()


def gradient_image(colormap: str) -> QImage:
    """A colour map as one row of 256 pixels."""
    table = COLORMAPS[colormap].astype(np.uint32)
    row = (table[:, 0] << 16 | table[:, 1] << 8 | table[:, 2] | 0xFF000000).astype(np.uint32)
    return QImage(row.data, 256, 1, 1024, QImage.Format.Format_RGB32).copy()


def _number(value: float) -> str:
    """Two significant figures and a real minus sign."""
    return f"{value:.2g}".replace("-", "−")
