"""Marks as they look: lines readable on black and white, labels clear of them; on the screen and a page."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from PySide6.QtCore import QByteArray, QDataStream, QPointF, QRectF, Qt
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetricsF,
    QPainter,
    QPainterPath,
    QPen,
    QPixmap,
    QPolygonF,
    QTransform,
)

from viewer.annotate import shape
from viewer.annotate.labels import Rect, Wanted, leader, place_labels
from viewer.annotate.mark import COLORS, ShownMark
from viewer.annotate.words import label_lines
from viewer.report.typeface import outline

_EDGE = QColor(0, 0, 0, 170)
_PLATE = QColor(6, 8, 10, 135)
_FAINT = 0.5
_DASH = (7.0, 6.0)
"""Logical pixels drawn and left out of a faint line."""
_PAD_X, _PAD_Y = 5.0, 2.0
"""From the text of a label to the edge of its plate."""
_HANDLE, _HANDLE_HOT = 4.0, 8.0
"""Radius of a handle, and of the one under the pointer: a ring, to see what lies in it."""
_CROWDED = 0.2
"""Share of the area that labels may take before they are shortened."""
_KEPT = 400
_Known = tuple[ShownMark, tuple[np.ndarray, ...], np.ndarray, tuple[str, ...]]
"""A mark, so that no other object gets its id while this is kept; its outline, its points and its words."""


@dataclass(frozen=True, eq=False, slots=True)
class Drawn:
    """A mark laid out: polylines (n, 2) where it runs, and its label; in the painter's coordinates."""

    shown: ShownMark
    lines: tuple[np.ndarray, ...]
    points: np.ndarray
    """(n, 2): the mark's own points."""
    text: tuple[str, ...] = ()
    label: Rect | None = None

    @property
    def color(self) -> QColor:
        return QColor(COLORS[self.shown.mark.color])

    def moved(self, dx: float, dy: float) -> Drawn:
        """The same, elsewhere."""
        way = np.array([dx, dy])
        return replace(
            self,
            lines=tuple(line + way for line in self.lines),
            points=self.points + way,
            label=self.label.moved(dx, dy) if self.label is not None else None,
        )


class MarkPainter:
    """Lays marks out and paints them.

    Parameters
    ----------
    font : of the labels.
    unit : one pixel as marks are measured: 1 on the screen, more on a page of many pixels.
    vector : strokes and letters as such, for a page; else stamps and hairlines, 20 times as fast on the
        software rasteriser.
    """

    def __init__(self, font: QFont, *, unit: float = 1.0, vector: bool = False) -> None:
        self.font, self.unit, self.vector = font, unit, vector
        self.metrics = QFontMetricsF(font)
        self._known: dict[int, _Known] = {}
        self._sizes: dict[tuple[str, ...], tuple[float, float]] = {}
        self._stamps: dict[tuple[object, ...], QPixmap] = {}

    # Where everything stands

    def trace(self, marks: Iterable[ShownMark], matrix: QTransform) -> tuple[Drawn, ...]:
        """The marks without their labels; `matrix` takes a slice point (x, y) to the painter."""
        turn = np.array([[matrix.m11(), matrix.m12()], [matrix.m21(), matrix.m22()]])
        shift = np.array([matrix.dx(), matrix.dy()])
        drawn = []
        for shown in marks:
            _, lines, points, _ = self._of(shown)
            if not len(points) or not np.isfinite(points).all():
                continue  # from a damaged file: nothing can be said of where it is
            drawn.append(Drawn(shown, tuple(line @ turn + shift for line in lines), points @ turn + shift))
        return tuple(drawn)

    def lay_out(
        self,
        marks: Iterable[ShownMark],
        matrix: QTransform,
        area: QRectF,
        taken: Sequence[Rect] = (),
        others: Sequence[Drawn] = (),
        *,
        chosen: str = "",
    ) -> tuple[Drawn, ...]:
        """The marks with their labels, which keep clear of all lines, of `taken` and of what `others` drew.

        A faint mark has no label, but for its text: figures belong on the slice it was drawn on. Where there
        are more labels than the area can hold, each keeps its first line, and the `chosen` one (an id) all.
        """
        drawn = self.trace(marks, matrix)
        texts = [self._of(one.shown)[3] if self._speaks(one.shown) else () for one in drawn]
        room = _CROWDED * area.width() * area.height()
        if sum(math.prod(self._label_size(text)) for text in texts if text) > room:
            texts = [
                text if one.shown.mark.id == chosen else text[:1]
                for one, text in zip(drawn, texts, strict=True)
            ]
        wanted = []
        for one, text in zip(drawn, texts, strict=True):
            if text:
                at = one.shown.label
                on = matrix.map(QPointF(*at)).toTuple() if at is not None else None
                wanted.append(Wanted(self._label_size(text), one.lines, on))
        silent = [line for one, text in zip(drawn, texts, strict=True) if not text for line in one.lines]
        placed = iter(
            place_labels(
                wanted,
                Rect(area.left(), area.top(), area.right(), area.bottom()),
                [*taken, *(other.label for other in others if other.label is not None)],
                [*silent, *(line for other in others for line in other.lines)],
            )
        )
        return tuple(
            replace(one, text=text, label=next(placed) if text else None)
            for one, text in zip(drawn, texts, strict=True)
        )

    @staticmethod
    def _speaks(shown: ShownMark) -> bool:
        return not shown.faint or shown.mark.kind == "text"

    def _of(self, shown: ShownMark) -> _Known:
        kept = self._known.get(id(shown))
        if kept is None:
            if len(self._known) > _KEPT:
                self._known.clear()
            points = np.array(shown.points, float).reshape(-1, 2)
            lines = tuple(
                np.asarray(line, float) for line in shape.outline(shown.mark.kind, shown.points) if len(line)
            )
            kept = self._known[id(shown)] = (shown, lines or (points[:1],), points, label_lines(shown))
        return kept

    def _label_size(self, text: tuple[str, ...]) -> tuple[float, float]:
        if text not in self._sizes:
            if len(self._sizes) > _KEPT:
                self._sizes.clear()
            width = max(self.metrics.horizontalAdvance(line) for line in text)
            height = self.metrics.lineSpacing() * len(text)
            self._sizes[text] = width + 2 * _PAD_X * self.unit, height + 2 * _PAD_Y * self.unit
        return self._sizes[text]

    # Painting

    def paint(
        self, painter: QPainter, drawn: Iterable[Drawn], *, chosen: str = "", hovered: str = ""
    ) -> None:
        """Paint marks, then their labels above all lines."""
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        drawn = tuple(drawn)
        for one in drawn:
            painter.setOpacity(_FAINT if one.shown.faint else 1.0)
            self._paint_lines(painter, one, bold=one.shown.mark.id in (chosen, hovered))
        for one in drawn:
            if one.label is not None:
                painter.setOpacity(_FAINT if one.shown.faint else 1.0)
                self._paint_label(painter, one, one.label, framed=one.shown.mark.id == chosen)
        painter.restore()

    def paint_handles(
        self, painter: QPainter, handles: Sequence[tuple[float, float]], color: QColor, hot: int = -1
    ) -> None:
        """Where the pointer can take hold; number `hot` is under it."""
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for number, (x, y) in enumerate(handles):
            radius = (_HANDLE_HOT if number == hot else _HANDLE) * self.unit
            painter.setBrush(Qt.BrushStyle.NoBrush if number == hot else QColor(0, 0, 0, 90))
            for width, pen in ((3.2, _EDGE), (1.5, color)):
                painter.setPen(QPen(pen, width * self.unit))
                painter.drawEllipse(QPointF(x, y), radius, radius)
        painter.restore()

    def _paint_lines(self, painter: QPainter, one: Drawn, *, bold: bool) -> None:
        added, dashed, filled = _ornaments(one.shown.mark.kind, one.points, self.unit)
        # A single point is no line; its ornament shows it.
        lines = [line for line in one.lines if len(line) > 1] + added
        if one.shown.faint:
            lines, dashed = [], lines + dashed
        lines += [piece for line in dashed for piece in dashes(line, *(part * self.unit for part in _DASH))]
        if self.vector or bold:
            self._stroke(painter, lines, one.color, bold)
        else:
            self._hairlines(painter, lines, one.color)
        painter.setPen(QPen(_EDGE, 1.2 * self.unit))
        painter.setBrush(one.color)
        for corners in filled:
            painter.drawPolygon(_polygon(corners))
        painter.setBrush(Qt.BrushStyle.NoBrush)

    def _stroke(self, painter: QPainter, lines: Sequence[np.ndarray], color: QColor, bold: bool) -> None:
        width = (2.6 if bold else 1.6) * self.unit
        joins = (Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin)
        for ink, wide in ((_EDGE, width + 2.2 * self.unit), (color, width)):
            painter.setPen(QPen(ink, wide, Qt.PenStyle.SolidLine, *joins))
            for line in lines:
                painter.drawPolyline(_polygon(line))

    def _hairlines(self, painter: QPainter, lines: Sequence[np.ndarray], color: QColor) -> None:
        """What `_stroke` draws, of strokes one device pixel wide beside each other."""
        fine = _ratio(painter) > 1
        reach = 1.1 if fine else 1.6
        turns = [math.radians(angle) for angle in ((20, 80, 140, 200, 260, 320) if fine else (20, 140, 260))]
        around = [(reach * math.cos(at), reach * math.sin(at)) for at in turns]
        inner = [(0.25, 0.25), (-0.25, -0.25)]
        if fine:
            inner += [(0.25, -0.25), (-0.25, 0.25), (0.0, 0.0)]
        # A translucent pen takes three times as long.
        _fine(painter, lines, ((QColor(10, 12, 14), around), (color, inner)))

    def _paint_label(self, painter: QPainter, one: Drawn, label: Rect, *, framed: bool) -> None:
        line = leader(label, one.lines, 22.0 * self.unit)
        if line is not None:
            edge, color = QColor(0, 0, 0, 120), one.color
            color.setAlpha(190)
            if self.vector:
                for ink, width in ((edge, 2.2), (color, 0.8)):
                    painter.setPen(QPen(ink, width * self.unit))
                    painter.drawLine(QPointF(*line[0]), QPointF(*line[1]))
            else:
                _fine(painter, [np.array(line)], ((edge, ((0.8, 0.8),)), (color, ((0.0, 0.0),))))
        if self.vector:
            painter.save()
            painter.translate(label.left, label.top)
            self._write(painter, one, framed=framed)
            painter.restore()
            return
        ratio = _ratio(painter)
        # On whole device pixels, or the letters are resampled.
        at = QPointF(round(label.left * ratio) / ratio, round(label.top * ratio) / ratio)
        painter.drawPixmap(at, self._stamp(one, ratio, framed=framed))

    def _stamp(self, one: Drawn, ratio: float, *, framed: bool) -> QPixmap:
        key = (one.text, one.shown.mark.color, framed, ratio)
        kept = self._stamps.get(key)
        if kept is None:
            if len(self._stamps) > _KEPT:
                self._stamps.clear()
            width, height = self._label_size(one.text)
            kept = QPixmap(math.ceil(width * ratio) + 2, math.ceil(height * ratio) + 2)
            kept.setDevicePixelRatio(ratio)
            kept.fill(Qt.GlobalColor.transparent)
            painter = QPainter(kept)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            self._write(painter, one, framed=framed)
            painter.end()
            self._stamps[key] = kept
        return kept

    def _write(self, painter: QPainter, one: Drawn, *, framed: bool) -> None:
        """The label with its plate at (0, 0)."""
        width, height = self._label_size(one.text)
        unit = self.unit
        painter.setPen(QPen(one.color, unit) if framed else Qt.PenStyle.NoPen)
        painter.setBrush(_PLATE)
        painter.drawRoundedRect(QRectF(0.5, 0.5, width - 1, height - 1), 3 * unit, 3 * unit)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setFont(self.font)
        for number, line in enumerate(one.text):
            y = _PAD_Y * unit + self.metrics.ascent() + number * self.metrics.lineSpacing()
            baseline = QPointF(_PAD_X * unit, y)
            if self.vector:
                path = outline(line, self.font, baseline)
            else:
                path = QPainterPath()
                path.addText(baseline, self.font, line)
            painter.strokePath(path, QPen(_EDGE, 2.4 * unit, j=Qt.PenJoinStyle.RoundJoin))
            painter.setPen(one.color)
            painter.drawText(baseline, line)


def _fine(
    painter: QPainter,
    lines: Sequence[np.ndarray],
    passes: Iterable[tuple[QColor, Iterable[tuple[float, float]]]],
) -> None:
    """Lines one device pixel wide, at each offset (logical pixels) of each pass: Qt has a fast way for
    these alone, 20 times as fast as for wider ones."""
    ratio = _ratio(painter)
    painter.save()
    painter.scale(1 / ratio, 1 / ratio)
    polygons = [_polygon(line * ratio) for line in lines]
    for ink, offsets in passes:
        painter.setPen(QPen(ink, 1.0))
        for x, y in offsets:
            painter.translate(x * ratio, y * ratio)
            for polygon in polygons:
                painter.drawPolyline(polygon)
            painter.translate(-x * ratio, -y * ratio)
    painter.restore()


def _ratio(painter: QPainter) -> float:
    device = painter.device()
    return device.devicePixelRatio() if device is not None else 1.0


def dashes(line: np.ndarray, drawn: float, left_out: float) -> list[np.ndarray]:
    """A polyline (n, 2) as pieces `drawn` long with gaps of `left_out` between them."""
    steps = np.hypot(*np.diff(line, axis=0).T)
    along = np.concatenate([[0.0], np.cumsum(steps)])
    if not 0 < along[-1] < 1e5:
        return [line]
    pieces = []
    for start in np.arange(0.0, along[-1], drawn + left_out):
        stop = min(start + drawn, along[-1])
        inner = along[(along > start) & (along < stop)]
        at = np.concatenate([[start], inner, [stop]])
        pieces.append(np.stack([np.interp(at, along, line[:, 0]), np.interp(at, along, line[:, 1])], axis=1))
    return pieces


def _ornaments(
    kind: str, points: np.ndarray, unit: float
) -> tuple[list[np.ndarray], list[np.ndarray], list[np.ndarray]]:
    """What a kind has besides its outline: lines, dashed lines, filled shapes; points (n, 2) as painted."""
    count = len(points)
    if kind == "length" and count == 2:
        across = _across(points[1] - points[0]) * 5 * unit
        return [np.array([end - across, end + across]) for end in points], [], []
    if kind == "angle" and count == 3:
        return [_arc(points, unit)], [], []
    if kind == "cobb" and count == 4:
        return [], [np.array([points[:2].mean(axis=0), points[2:].mean(axis=0)])], []
    if kind == "arrow" and count == 2:
        back, across = _along(points[1] - points[0]), _across(points[1] - points[0])
        tip = points[0]
        base = tip + back * 13 * unit
        return [], [], [np.array([tip, base + across * 5 * unit, base - across * 5 * unit])]
    if kind == "probe" and count:
        ways = np.array([(1, 0), (-1, 0), (0, 1), (0, -1)], float) * unit
        return [np.array([points[0] + way * 3, points[0] + way * 9]) for way in ways], [], []
    if kind == "text" and count:
        round_ = np.linspace(0, 2 * np.pi, 13)[:-1]
        return [], [], [points[0] + 3 * unit * np.stack([np.cos(round_), np.sin(round_)], axis=1)]
    return [], [], []


def _arc(points: np.ndarray, unit: float) -> np.ndarray:
    """The bow between the two arms of an angle, at its vertex, points[1]."""
    arms = points[[0, 2]] - points[1]
    radius = min(22 * unit, 0.4 * float(np.hypot(*arms.T).min()))
    first, last = np.arctan2(arms[:, 1], arms[:, 0])
    sweep = (last - first + np.pi) % (2 * np.pi) - np.pi
    at = first + sweep * np.linspace(0, 1, 17)
    return np.asarray(points[1] + radius * np.stack([np.cos(at), np.sin(at)], axis=1))


def _along(way: np.ndarray) -> np.ndarray:
    length = float(np.hypot(*way))
    return np.asarray(way / length) if length else np.array([1.0, 0.0])


def _across(way: np.ndarray) -> np.ndarray:
    x, y = _along(way)
    return np.array([-y, x])


def _polygon(line: np.ndarray) -> QPolygonF:
    """As Qt itself writes and reads one: five times as fast as point by point."""
    stream = QDataStream(QByteArray(struct.pack(">I", len(line)) + line.astype(">f8").tobytes()))
    polygon = QPolygonF()
    stream >> polygon
    return polygon
