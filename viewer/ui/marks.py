"""What stands in the picture beside the slice: corner text, letters, scale bar, colour bar, caption."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter, QPainterPath, QPen, QPixmap

from viewer.annotate.labels import Rect
from viewer.imaging.colormap import bar_words, color_table, map_in_force
from viewer.imaging.compose import gaps
from viewer.imaging.scale_bar import length_text, round_length
from viewer.session.resolved_view import ResolvedView
from viewer.study import Geometry
from viewer.ui.alert_plate import AlertPlate
from viewer.ui.placement import Placement

TEXT = QColor("#d6dade")
QUIET = QColor("#aeb6bd")
ALERT = QColor("#e8b36b")
_EDGE = QColor(0, 0, 0, 215)
_OUTLINE = 1.3
_AROUND_GLYPHS = [
    (_OUTLINE * math.cos(turn * math.pi / 4), _OUTLINE * math.sin(turn * math.pi / 4)) for turn in range(8)
]
_UNUSED = QColor(20, 22, 24)
_MARGIN = 10.0
_BAR = 190.0
"""Length of the colour bar, logical pixels."""
_LONG_READOUT = "−1024 HU   (−100.0, −100.0, −100.0) mm"
"""What the value under the cursor may need."""
_LAYOUTS_KEPT = 32
_AROUND = 24.0
"""Room left and right of the colour bar for its numbers."""


class TextPainter:
    """Draws outlined text, readable on black and on white; keeps what it drew."""

    def __init__(self, font: QFont) -> None:
        self.font = font
        self.metrics = QFontMetricsF(font)
        self._kept: dict[tuple[str, int, float], QPixmap] = {}
        self._blocks: dict[tuple[tuple[tuple[str, int], ...], bool, float], QPixmap] = {}
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
        painter.drawPixmap(_on_pixels(x - 3, y - 3, ratio), drawn_text)

    def block(
        self, lines: tuple[tuple[str, QColor], ...], ratio: float, *, right: bool = False
    ) -> tuple[QPixmap, float]:
        """Lines under one another as one stamp for a screen of `ratio`, and the width of their text.

        The text begins 3 logical pixels inside the stamp.
        """
        width = max(self.width(text) for text, _ in lines)
        key = (tuple((text, color.rgba()) for text, color in lines), right, ratio)
        kept = self._blocks.get(key)
        if kept is None:
            _make_room(self._blocks)
            kept = self._blocks[key] = clear_pixmap(width + 8, self.line * len(lines) + 8, ratio)
            painter = QPainter(kept)
            for number, (text, color) in enumerate(lines):
                left = 3 + (width - self.width(text) if right else 0)
                self.draw(painter, left, 3 + number * self.line, text, color)
            painter.end()
        return kept, width

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
        picture = clear_pixmap(width, height, ratio)
        painter = QPainter(picture)
        baseline = QPointF(3, 3 + self.metrics.ascent())
        painter.setFont(self.font)
        # Stroking the outline of the glyphs looks the same and costs 1.6 ms a line, this 0.2 ms: scrolling
        # shows three new lines a slice.
        painter.setPen(QColor(_EDGE.red(), _EDGE.green(), _EDGE.blue()))
        for x, y in _AROUND_GLYPHS:
            painter.drawText(baseline + QPointF(x, y), text)
        painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_DestinationIn)
        painter.fillRect(QRectF(0, 0, width, height), _EDGE)
        painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_SourceOver)
        painter.setPen(color)
        painter.drawText(baseline, text)
        painter.end()
        return picture


Stamp = tuple[QPointF, QPixmap]


class Marks:
    """Paints everything but the slice itself; knows only what a ResolvedView says.

    Where each mark stands is worked out once and kept: most frames change the picture under them only,
    and a reader goes to and fro between slices and between looks of the overlay.
    """

    def __init__(self, font: QFont) -> None:
        self.text = TextPainter(font)
        big = QFont(font)
        big.setPointSizeF(font.pointSizeF() * 1.25)
        self.letter = TextPainter(big)
        self.way_out = ""
        """How a map is seen all the same that is withheld, with its key."""
        self._bars: dict[tuple[str, str, str, str, float], QPixmap] = {}
        self._scales: dict[tuple[float, float], QPixmap] = {}
        self._layouts: dict[tuple[Any, ...], tuple[list[Stamp], QRectF | None, list[QRectF]]] = {}
        self._stamps: list[Stamp] = []
        self._bar: QRectF | None = None
        self.taken: list[QRectF] = []
        """Where corner text, letters, scales and caption stand."""
        self._plate = AlertPlate(self.text, alert=ALERT, quiet=QUIET)

    def paint(
        self,
        painter: QPainter,
        area: QRectF,
        view: ResolvedView,
        placement: Placement,
        readout: str,
        hint: str = "",
    ) -> None:
        """Paint all marks of `view` into `area`; `readout` is the value under the cursor, `hint` tells what
        the tool in hand is for."""
        inner = area.adjusted(_MARGIN, _MARGIN - 2, -_MARGIN, -_MARGIN + 2)
        device = painter.device()
        ratio = device.devicePixelRatio() if device is not None else 1.0
        self._lay_out(inner, view, placement, ratio)
        for at, picture in self._stamps:
            painter.drawPixmap(at, picture)
        if self._bar is not None:
            for start, end in gaps(view.overlay.evidence, view.overlay.threshold):
                left = self._bar.left() + _BAR * start / 256
                painter.fillRect(QRectF(left, self._bar.top(), _BAR * (end - start) / 256, 9), _UNUSED)
        if self.text.width(readout) > inner.width():  # the value alone, without its place
            readout = readout.partition("   ")[0]
        self.text.draw(painter, inner.left(), inner.bottom() - self.text.line, readout)
        self._say(inner, view, hint)
        self._plate.paint(painter)

    def occupied(
        self, painter: QPainter, area: QRectF, view: ResolvedView, placement: Placement, hint: str = ""
    ) -> list[Rect]:
        """Where text stands in `area`, so that other labels keep clear of it."""
        inner = area.adjusted(_MARGIN, _MARGIN - 2, -_MARGIN, -_MARGIN + 2)
        device = painter.device()
        self._lay_out(inner, view, placement, device.devicePixelRatio() if device is not None else 1.0)
        self._say(inner, view, hint)
        line = QRectF(inner.left(), inner.bottom() - self.text.line, inner.width() * 0.4, self.text.line)
        found = [*self.taken, line, *([] if self._plate.area.isNull() else [self._plate.area])]
        return [Rect(one.left(), one.top(), one.right(), one.bottom()) for one in found]

    def readout_area(self, area: QRectF) -> QRectF:
        """Where the value under the cursor stands, to repaint no more than that."""
        height = self.text.line + 8
        return QRectF(area.left(), area.bottom() - _MARGIN - height, area.width() * 0.6, height + _MARGIN)

    def _lay_out(self, inner: QRectF, view: ResolvedView, placement: Placement, ratio: float) -> None:
        """Work out all stamps, unless nothing that they depend on has changed."""
        geometry = view.slice.header.geometry if view.slice else None
        bar = None
        if view.heatmap is not None and view.overlay.visible:
            overlay = view.overlay
            low, _, high = bar_words(overlay.evidence, view.heat_range)
            unit = f"{view.heatmap.unit}, {overlay.scale}"
            bar = (map_in_force(overlay.colormap, overlay.evidence), low, high, unit, ratio)
        caption = view.caption if bar is not None else ""
        lacking = view.heatmap is None or view.heatmap.lacks(view.overlay.evidence)
        shown = None if lacking else bar
        key = (
            inner.getRect(),
            view.corners,
            view.letters,
            caption,
            shown,
            geometry,
            placement.scale_x,
            placement.turn,
            ratio,
        )
        if key not in self._layouts:
            while len(self._layouts) >= _LAYOUTS_KEPT:
                del self._layouts[next(iter(self._layouts))]
            self._layouts[key] = self._laid_out(inner, view, placement, ratio, caption, shown)
        self._stamps, self._bar, self.taken = self._layouts[key]

    def _laid_out(
        self,
        inner: QRectF,
        view: ResolvedView,
        placement: Placement,
        ratio: float,
        caption: str,
        shown: tuple[str, str, str, str, float] | None,
    ) -> tuple[list[Stamp], QRectF | None, list[QRectF]]:
        """All stamps, where the colour bar stands among them, and the places of all."""
        self._stamps, geometry = [], view.slice.header.geometry if view.slice else None
        corners = [self._lines(text, inner.width() * 0.45) for text in view.corners]
        quiet = [tuple((line, QUIET) for line in lines) for lines in corners]
        for lines, right in ((corners[0], False), (corners[1], True)):
            first = tuple((line, QUIET if number else TEXT) for number, line in enumerate(lines))
            self._put(inner.right() if right else inner.left(), inner.top(), first, ratio, right=right)
        # In a narrow picture the value under the cursor has the last line for itself.
        narrow = self.text.width(_LONG_READOUT) > inner.width() / 2 - self.letter.line
        foot = inner.adjusted(0, 0, 0, -self.text.line) if narrow else inner
        reaches = inner.width() / 2 < _BAR + 2 * _AROUND + self.letter.line
        above_bar = self.text.line + 16 if shown is not None and reaches else 0.0
        self._letters(inner, view.letters, ratio, foot.bottom() - above_bar)
        turned = placement.turn.words
        look = (*quiet[2], (turned, ALERT)) if turned else quiet[2]
        y = inner.bottom() - self.text.line * (1 + len(look))
        self._put(inner.left(), y, look, ratio)
        y = self._explanation(foot, caption, shown, ratio)
        if geometry is not None:
            y -= self._scale_bar(inner, y, geometry, placement, ratio)
        self._put(inner.right(), y - self.text.line * len(corners[3]), quiet[3], ratio, right=True)
        taken = [QRectF(at, picture.deviceIndependentSize()) for at, picture in self._stamps]
        return self._stamps, self._bar, taken

    def _put(
        self, x: float, y: float, lines: tuple[tuple[str, QColor], ...], ratio: float, *, right: bool = False
    ) -> None:
        """Lines from y down; x is their left or, with `right`, their right edge."""
        lines = lines if any(text for text, _ in lines) else ()
        if lines:
            picture, width = self.text.block(lines, ratio, right=right)
            self._stamps.append((_on_pixels((x - width if right else x) - 3, y - 3, ratio), picture))

    def _lines(self, text: str, width: float) -> list[str]:
        return self.text.wrapped(text, width)

    def _letters(self, inner: QRectF, letters: tuple[str, str, str, str], ratio: float, foot: float) -> None:
        left, right, top, bottom = letters
        line, width = self.letter.line, self.letter.width
        middle_x, middle_y = inner.center().x(), inner.center().y() - line / 2
        for text, x, y in (
            (left, inner.left(), middle_y),
            (right, inner.right() - width(right), middle_y),
            (top, middle_x - width(top) / 2, inner.top()),
            (bottom, middle_x - width(bottom) / 2, foot - line),
        ):
            if text:
                picture, _ = self.letter.block(((text, TEXT),), ratio)
                self._stamps.append((_on_pixels(x - 3, y - 3, ratio), picture))

    def _explanation(
        self, inner: QRectF, caption: str, bar: tuple[str, str, str, str, float] | None, ratio: float
    ) -> float:
        """From the bottom up: colour bar and caption; returns where the next mark ends."""
        y = inner.bottom()
        self._bar = None
        if bar is not None:
            if bar not in self._bars:
                _make_room(self._bars)
                self._bars[bar] = self._rendered_bar(*bar)
            at = _on_pixels(inner.right() - _BAR - _AROUND, y - self.text.line - 16, ratio)
            self._stamps.append((at, self._bars[bar]))
            self._bar = QRectF(at.x() + _AROUND, at.y() + 4, _BAR, 9)
            y -= self.text.line + 16
        if caption:
            lines = self.text.wrapped(caption, inner.width() * 0.42, " · ")
            y -= self.text.line * len(lines)
            self._put(inner.right(), y, tuple((line, TEXT) for line in lines), ratio, right=True)
            y -= 6
        return y

    def _scale_bar(
        self, inner: QRectF, bottom: float, geometry: Geometry, placement: Placement, ratio: float
    ) -> float:
        # Pixels have their true aspect: a millimetre, or the width of a column, is as long on both axes.
        per_unit = placement.scale_x / (geometry.spacing[1] if geometry.spacing else 1.0)
        length = round_length(min(inner.width() * 0.22, 180.0) / per_unit)
        label = length_text(length, known=geometry.spacing is not None, calibration=geometry.calibration)
        long = length * per_unit
        if (long, ratio) not in self._scales:
            _make_room(self._scales)
            self._scales[long, ratio] = _rendered_scale(long, ratio)
        picture = self._scales[long, ratio]
        left = inner.right() - 1 - long
        self._stamps.append((_on_pixels(left - 4, bottom - self.text.line / 2 - 8, ratio), picture))
        # A long label would cover the letter at the middle of the edge: it then stands above the bar.
        beside = left - 8 - self.text.width(label) > inner.center().x() + 3 * self.letter.line
        end, lines = (left - 8, 1) if beside else (inner.right(), 2)
        self._put(end, bottom - self.text.line * lines, ((label, TEXT),), ratio, right=True)
        return self.text.line * lines + 2

    def _rendered_bar(self, colormap: str, low: str, high: str, unit: str, ratio: float) -> QPixmap:
        """The whole scale with its numbers; what the threshold leaves out is painted over it."""
        picture = clear_pixmap(_BAR + 2 * _AROUND, self.text.line + 20, ratio)
        painter = QPainter(picture)
        bar = QRectF(_AROUND, 4, _BAR, 9)
        painter.fillRect(bar.adjusted(-1.5, -1.5, 1.5, 1.5), QColor(0, 0, 0, 200))
        painter.drawImage(bar, gradient_image(colormap))
        painter.setPen(QPen(QUIET, 1))
        painter.drawRect(bar)
        if low.startswith("−"):  # zero stands in the middle
            middle = bar.center().x()
            painter.drawLine(QPointF(middle, bar.top() - 3), QPointF(middle, bar.bottom() + 3))
        y = bar.bottom() + 3
        self.text.draw(painter, bar.left(), y, low)
        self.text.draw(painter, bar.right() - self.text.width(high), y, high)
        self.text.draw(painter, bar.center().x() - self.text.width(unit) / 2, y, unit, QUIET)
        painter.end()
        return picture

    def _say(self, inner: QRectF, view: ResolvedView, hint: str) -> None:
        """A sentence the reader must not miss, and under it a hint."""
        note = ""
        if view.overlay_note and (view.overlay.visible or view.outside):
            note = view.overlay_note + (f"\n{self.way_out}" if view.withheld else "")
        top = inner.top() + max(self.letter.line + 12, self.text.line * 4)
        self._plate.say(note, hint, inner, top, self.taken)


def _rendered_scale(long: float, ratio: float) -> QPixmap:
    """A scale bar of `long` logical pixels."""
    picture = clear_pixmap(long + 8, 16, ratio)
    path = QPainterPath(QPointF(4, 4))
    for x, y in ((4, 12), (4, 8), (4 + long, 8), (4 + long, 4), (4 + long, 12)):
        path.lineTo(x, y)
    painter = QPainter(picture)
    painter.setPen(QPen(_EDGE, 4))
    painter.drawPath(path)
    painter.setPen(QPen(TEXT, 1.6))
    painter.drawPath(path)
    painter.end()
    return picture


def clear_pixmap(width: float, height: float, ratio: float) -> QPixmap:
    """A transparent pixmap of width × height logical pixels on a screen of `ratio`."""
    picture = QPixmap(round(width * ratio) + 1, round(height * ratio) + 1)
    picture.setDevicePixelRatio(ratio)
    picture.fill(Qt.GlobalColor.transparent)
    return picture


def _on_pixels(x: float, y: float, ratio: float) -> QPointF:
    """(x, y) on whole device pixels, or the raster engine resamples the letters."""
    return QPointF(round(x * ratio) / ratio, round(y * ratio) / ratio)


def _make_room(kept: dict[Any, Any]) -> None:
    """Forget everything before a store of texts grows without bound."""
    if len(kept) > 400:
        kept.clear()


def gradient_image(colormap: str) -> QImage:
    """A colour map as one row of 256 pixels."""
    table = color_table(colormap).astype(np.uint32)
    row = (table[:, 0] << 16 | table[:, 1] << 8 | table[:, 2] | 0xFF000000).astype(np.uint32)
    return QImage(row.data, 256, 1, 1024, QImage.Format.Format_RGB32).copy()
