"""The slice scroller: the probability of each slice along it, and where marks and key images are."""

from __future__ import annotations

from collections import Counter

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import (
    QColor,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QPolygonF,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from viewer.commands.intents import Intents
from viewer.session.resolved_view import ResolvedView
from viewer.session.slice_places import indices_in
from viewer.ui import theme
from viewer.ui.viewport import whole_notches

_PAD = 10.0
_ARROW = 4.0
"""Half the height of the arrow at the slice on the screen."""
_GROUND = QColor("#0d0f11")
_TRACK = QColor("#23282d")
_EVIDENCE = QColor("#c47a3c")
_STRONG = QColor("#f0b35f")
_FAINT = QColor("#55483c")
_MARKED = QColor("#8fb6cc")
_KEY = QColor("#ffd75e")
_KEYS = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1, Qt.Key.Key_PageUp: -10, Qt.Key.Key_PageDown: 10}


class SliceRibbon(QWidget):
    """Top is the first slice. Bars grow from the right edge: the longer, the more probable the finding."""

    def __init__(self, intents: Intents, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._intents = intents
        self._count = 0
        self._index = 0
        self._ribbon: np.ndarray | None = None
        self._target: str | None = None
        self._written: tuple[object, ...] = ()
        """Series, marks, key images and filter that the ticks were made of."""
        self._keys: frozenset[int] = frozenset()
        self._marked: dict[int, int] = {}
        """Slice -> how many marks were drawn on it."""
        self._only = False
        self._wheel = 0.0
        self._picture = QPixmap()
        self._picture_key: tuple[object, ...] | None = None
        self._pictured: np.ndarray | None = None
        self.setAccessibleName("Slice scroller")
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Expanding)
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def sizeHint(self) -> QSize:
        return QSize(46, 300)

    def minimumSizeHint(self) -> QSize:
        return QSize(46, 80)

    def show_view(self, view: ResolvedView) -> None:
        """Show where the reader is and what the network said along the series."""
        count = len(view.series.slices) if view.series else 0
        new = (count, view.index, view.target)
        old, bars = (self._count, self._index, self._target), view.ribbon is self._ribbon
        written = self._follow_written(view)
        if not written and bars and new == old:
            return
        self._count, self._index, self._target = new
        self._ribbon = view.ribbon
        self.setVisible(count > 1)
        self.setAccessibleDescription(self._tip(view.index))
        if written or not bars or count != old[0]:
            self.update()
        else:
            for index in (old[1], view.index):
                self.update(self._place(index))

    def _place(self, index: int) -> QRect:
        """What the mark of the slice on the screen covers, its arrow included."""
        middle = self.band(index).center().y()
        reach = max(self.band(index).height() / 2, _ARROW) + 2
        return QRectF(0, middle - reach, self.width(), 2 * reach).toAlignedRect()

    def _follow_written(self, view: ResolvedView) -> bool:
        """Find the slices with marks and key images; whether anything of that changed."""
        written = (view.series, view.all_marks, view.key_images, view.only_key_images)
        if written == self._written:
            return False
        self._written, self._only = written, view.only_key_images
        series, marks = view.series, Counter(mark.instance for mark in view.all_marks)
        self._keys, self._marked = frozenset(), {}
        if series is not None:
            self._keys = frozenset(indices_in(series, [one.instance for one in view.key_images]))
            self._marked = {
                index: marks[series.slices[index].key] for index in indices_in(series, list(marks))
            }
        return True

    def index_at(self, y: float) -> int:
        """The slice whose band lies at height `y`."""
        span = max(self.height() - 2 * _PAD, 1.0)
        return min(max(int((y - _PAD) / span * self._count), 0), max(self._count - 1, 0))

    def band(self, index: int) -> QRectF:
        """The band of slice `index`."""
        span = max(self.height() - 2 * _PAD, 1.0)
        height = span / max(self._count, 1)
        return QRectF(8, _PAD + index * height, self.width() - 14, height)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(event.rect(), _GROUND)  # at 125 % the kept picture may end half a pixel short
        painter.drawPixmap(0, 0, self._bars())
        if self._count:
            self._paint_position(painter, QRectF(8, _PAD, self.width() - 14, self.height() - 2 * _PAD))
        if self.hasFocus():
            painter.setPen(QPen(QColor(theme.current().accent), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5))
        painter.end()

    def _bars(self) -> QPixmap:
        """The track with all probabilities, kept: a step moves only the mark upon it."""
        ratio = self.devicePixelRatioF()
        key = (self._count, self.size(), ratio, self._keys, self._only, tuple(self._marked))
        if key != self._picture_key or self._ribbon is not self._pictured:
            picture = QPixmap(self.size() * ratio)
            picture.setDevicePixelRatio(ratio)
            picture.fill(_GROUND)
            painter = QPainter(picture)
            if self._count:
                track = QRectF(8, _PAD, self.width() - 14, self.height() - 2 * _PAD)
                painter.fillRect(QRectF(track.right() - 1.5, track.top(), 1.5, track.height()), _TRACK)
                self._paint_probabilities(painter, track)
                self._paint_ticks(painter)
            painter.end()
            self._picture, self._picture_key, self._pictured = picture, key, self._ribbon
        return self._picture

    def _paint_probabilities(self, painter: QPainter, track: QRectF) -> None:
        if self._ribbon is None or len(self._ribbon) != self._count:
            return
        painter.setPen(Qt.PenStyle.NoPen)
        gap = 1.0 if track.height() / self._count >= 4 else 0.0
        for index in np.flatnonzero(np.isfinite(self._ribbon)):
            band, probability = self.band(int(index)), float(self._ribbon[index])
            length = max(2.0, probability * track.width())
            bar = QRectF(track.right() - length, band.top(), length, max(band.height() - gap, 1.0))
            color = _STRONG if probability >= 0.5 else _EVIDENCE if probability >= 0.1 else _FAINT
            painter.fillRect(bar, _TRACK if self._only and int(index) not in self._keys else color)

    def _paint_ticks(self, painter: QPainter) -> None:
        """At the left edge: a short line for a slice with marks, a long one for a key image."""
        for ticks, length, color in ((self._marked, 5.0, _MARKED), (self._keys, 11.0, _KEY)):
            for index in ticks:
                painter.fillRect(QRectF(8, self.band(index).center().y() - 1, length, 2), color)

    def _paint_position(self, painter: QPainter, track: QRectF) -> None:
        band = self.band(self._index)
        if band.height() < 3:
            band.setTop(band.center().y() - 1.5)
            band.setHeight(3)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor("#d6dade"), 1.2))
        painter.setBrush(QColor(214, 218, 222, 46))
        painter.drawRect(band.adjusted(0, 0, 1, 0))
        middle = band.center().y()
        painter.setBrush(QColor("#d6dade"))
        corners = QPointF(1, middle - _ARROW), QPointF(7, middle), QPointF(1, middle + _ARROW)
        painter.drawPolygon(QPolygonF(corners))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self._count:
            self._intents.go_to(self.index_at(event.position().y()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if not self._count:
            return
        index = self.index_at(event.position().y())
        if event.buttons() & Qt.MouseButton.LeftButton:
            if index != self._index:
                self._intents.go_to(index)
            return
        QToolTip.showText(event.globalPosition().toPoint(), self._tip(index), self)

    def _tip(self, index: int) -> str:
        text = f"slice {index + 1} of {self._count}"
        if index in self._keys:
            text += ", key image"
        if index in self._marked:
            text += f", {self._marked[index]} mark{'' if self._marked[index] == 1 else 's'}"
        if self._ribbon is None or len(self._ribbon) != self._count:
            return text
        if not np.isfinite(self._ribbon[index]):
            return f"{text}: not analysed"
        return f"{text}: {self._target or 'finding'} {float(self._ribbon[index]):.2f}"

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.accept()
        delta = event.angleDelta()
        steps, self._wheel = whole_notches(self._wheel, delta.y() or delta.x())
        if steps:
            ten = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
            self._intents.step(-steps * (10 if ten else 1))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = _KEYS.get(Qt.Key(event.key()))
        if step is None:
            super().keyPressEvent(event)
        else:
            self._intents.step(step)

    def event(self, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.FocusIn, QEvent.Type.FocusOut):
            self.update()
        return super().event(event)
