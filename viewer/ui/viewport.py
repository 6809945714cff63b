"""The viewport: paints one composed image and its marks, and turns mouse and wheel into intents.

One image, because two blended scene items cost 40 ms a frame on the software rasteriser.
"""

from __future__ import annotations

import math

import numpy as np
from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QColor,
    QEnterEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QRegion,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from viewer.annotate.labels import Rect
from viewer.commands.intents import Intents
from viewer.imaging.compose import Composer
from viewer.imaging.section import Section
from viewer.session.resolved_view import ResolvedView
from viewer.study import Box, Slice
from viewer.ui.boxes import COLORS, BoxDrag, grip_at, paint_boxes, tool_words
from viewer.ui.key_badge import badge_room, paint_badge
from viewer.ui.marking import Marking
from viewer.ui.marks import ALERT, QUIET, Marks
from viewer.ui.placement import Placement, standing
from viewer.ui.readout import readout

_BACKGROUND = QColor("#000000")
DRAGS = {
    "window": {"left": "window", "right": "zoom", "middle": "pan"},
    "scroll": {"left": "scroll", "right": "window", "middle": "pan"},
}
"""Mouse profile (`Settings.mouse`) -> what a drag with each button does."""
_BUTTONS = {
    Qt.MouseButton.LeftButton: "left",
    Qt.MouseButton.RightButton: "right",
    Qt.MouseButton.MiddleButton: "middle",
}
_DRAG_SLICE = (4.0, 24.0)
"""Screen pixels of a drag that scroll one slice: at least for a long series, at most for a short one."""
_NOTCH = 120
"""Wheel units of one notch (Qt: eighths of a degree, 15 degrees a notch)."""


class Viewport(QWidget):
    """Shows the slice of a ResolvedView. While a slice is still being decoded it keeps the last picture,
    with the texts that belong to that picture, and says that it is loading."""

    maximise_asked = Signal()

    def __init__(self, intents: Intents, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._intents = intents
        self._view = ResolvedView()
        self._waiting = False
        self._composer = Composer()
        self._image: QImage | None = None
        self._pixels: np.ndarray | None = None
        self._section: Section | None = None
        self._readout = ""
        self._said = ""
        self._pointer: QPointF | None = None
        """Where the cursor was seen last; None outside."""
        self._drag: tuple[Qt.MouseButton, QPointF, tuple[float, float]] | None = None
        """Button, the last point on the screen, the slice point where it began."""
        self._box_drag: BoxDrag | None = None
        """The box being drawn, moved or resized with the tool in hand."""
        self._drags = DRAGS["window"]
        self._scrolled = 0.0
        self._wheel = 0.0
        self._late = QTimer(self, singleShot=True, interval=150)
        self._late.timeout.connect(self._say_loading)
        font = self.font()
        font.setPointSizeF(max(font.pointSizeF(), 9.0))
        self._marks = Marks(font)
        self.marking = Marking(self, intents, self.placement, font)
        self._way_out = ""
        self.setAccessibleName("Slice")
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)

    def sizeHint(self) -> QSize:
        return QSize(720, 720)

    def minimumSizeHint(self) -> QSize:
        return QSize(200, 160)

    def set_mouse(self, profile: str) -> None:
        """Take a mouse profile, a key of `DRAGS`."""
        self._drags = DRAGS[profile]

    def tell_way_out(self, sentence: str) -> None:
        """What to add where a map is withheld: how to see it all the same."""
        self._way_out = self._marks.way_out = sentence

    @property
    def shown(self) -> ResolvedView:
        """The view whose picture is on the screen."""
        return self._view

    def show_view(self, view: ResolvedView) -> None:
        """Show a view; only what changed in it is computed again, at the next paint."""
        keep = view.slice is None and not view.problem and view.series is not None
        if keep and self._view.slice is not None:
            if not self._late.isActive() and not self._waiting:
                self._late.start()
            return
        self._late.stop()
        self._waiting = False
        self._view = view
        if view.series is None:
            self._composer = Composer()  # the last one keeps pictures of the study that was open
        self.marking.show_view(view)
        self._image = None
        # Asking for the place of the cursor waits for the screen: 1 ms a slice, more where it is busy.
        self._readout = self._readout_at(self._pointer) if self._pointer is not None else ""
        plain = not (view.tool or view.marks or self.testAttribute(Qt.WidgetAttribute.WA_SetCursor))
        if self._drag is None and not plain:
            self._show_grip(self._pointer or QPointF(-1, -1))
        number = f"slice {view.index + 1} of {len(view.series.slices)}" if view.series else "empty"
        said = f"{number}. {view.caption}" if view.caption else number
        if said != self._said:
            self._said = said
            self.setAccessibleDescription(said)
        self.update()

    def placement(self) -> Placement | None:
        """Where the slice lies on the widget; None without a slice."""
        shown = self._view.slice
        if shown is None:
            return None
        rows, cols = shown.values.shape[:2]
        size, ratio = (self.width(), self.height()), self.devicePixelRatioF()
        return standing(size, rows, cols, shown.header.geometry.aspect, self._view.presentation, ratio)

    # Painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        try:
            self._paint(painter, event)
        finally:
            painter.end()  # one that is left open ends the program

    def _paint(self, painter: QPainter, event: QPaintEvent) -> None:
        area = QRectF(self.rect())
        placement = self.placement()
        if placement is None or self._view.slice is None:
            painter.fillRect(event.rect(), _BACKGROUND)
        else:
            self._draw(painter, self._view.slice, placement)
            paint_boxes(painter, self._view, placement, self._marks.text)
            hint = tool_words(self._view.tool) or self.marking.hint()
            panning = self._drag is not None and self._box_drag is None

            def taken() -> list[Rect]:
                found = self._marks.occupied(painter, area, self._view, placement, hint)
                return found + badge_room(area, self._view, self._marks.text, self._marks.taken)

            self.marking.paint(painter, area, placement, taken, panning=panning)
            self._marks.paint(painter, area, self._view, placement, self._readout, hint)
            paint_badge(painter, area, self._view, self._marks.text, self._marks.taken)
        if self._view.problem:
            self._say(painter, area, self._view.problem, ALERT)
        elif self._waiting or (self._view.series is not None and self._view.slice is None):
            self._say(painter, area, "Loading…", QUIET)

    def _composed(self, shown: Slice, section: Section) -> QImage:
        """The picture of what is seen of the slice, at a resolution that the screen can show."""
        if self._image is None or section != self._section:
            view = self._view
            self._pixels = self._composer.render(
                shown,
                window=view.window,
                voi_lut=view.voi_lut,
                invert=view.invert,
                heatmap=view.heatmap,
                overlay=view.overlay,
                heat_range=view.heat_range,
                section=section,
                graphics=view.graphics,
                shutter=view.shutter,
            )
            rows, cols = self._pixels.shape
            self._image = QImage(self._pixels.data, cols, rows, cols * 4, QImage.Format.Format_RGB32)
            self._section = section
        return self._image

    def _draw(self, painter: QPainter, shown: Slice, placement: Placement) -> None:
        rows, cols = shown.values.shape[:2]
        ratio = self.devicePixelRatioF()
        section = placement.section(self.width(), self.height(), rows=rows, cols=cols, ratio=ratio)
        image, target = self._composed(shown, section), QRectF(*placement.area(section, ratio))
        if not target.contains(QRectF(self.rect())):
            covered = target.toAlignedRect().adjusted(1, 1, -1, -1)
            painter.setClipRegion(QRegion(self.rect()) - QRegion(covered))
            painter.fillRect(self.rect(), _BACKGROUND)
            painter.setClipping(False)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(target, image, QRectF(image.rect()))

    def _say(self, painter: QPainter, area: QRectF, text: str, color: QColor) -> None:
        writer = self._marks.text
        lines = writer.wrapped(text, area.width() * 0.6)
        y = area.center().y() + 40 - writer.line * len(lines) / 2
        for line in lines:
            writer.draw(painter, area.center().x() - writer.width(line) / 2, y, line, color)
            y += writer.line

    def _say_loading(self) -> None:
        self._waiting = True
        self.update()

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.FontChange:
            self._marks = Marks(self.font())
            self._marks.way_out = self._way_out
            self.marking.set_font(self.font())
        super().changeEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        if self.underMouse():
            self._point_at(QPointF(self.mapFromGlobal(self.cursor().pos())))
        super().resizeEvent(event)

    # The value under the cursor

    def readout(self) -> str:
        """The value under the cursor, as written in the picture."""
        return self._readout

    def _readout_at(self, point: QPointF | QPoint) -> str:
        placement, shown = self.placement(), self._view.slice
        if placement is None or shown is None:
            return ""
        return readout(shown, *placement.to_slice(point.x(), point.y()))

    def _point_at(self, point: QPointF) -> None:
        self._pointer = point
        readout = self._readout_at(point)
        if readout != self._readout:
            self._readout = readout
            self.update(self._marks.readout_area(QRectF(self.rect())).toAlignedRect())

    # Mouse and wheel

    def mousePressEvent(self, event: QMouseEvent) -> None:
        placement = self.placement()
        if placement is None or self._drag is not None or self.marking.press(event):
            return
        point = event.position()
        at = placement.to_slice(point.x(), point.y())
        self._drag = (event.button(), point, at)
        if self._view.tool in COLORS and event.button() == Qt.MouseButton.LeftButton:
            box = self._tool_box()
            self._box_drag = BoxDrag(at, grip_at(box, placement, *at), box)
        self._scrolled = 0.0
        event.accept()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        point = self._pointer = event.position()
        if self.marking.move(event):
            self._point_at(point)
            return
        if self._drag is None:
            self._point_at(point)
            self._show_grip(point)
            return
        if self._box_drag is not None:
            self._drag_box(self._box_drag, point)
            return
        button, last, anchor = self._drag
        self._drag = (button, point, anchor)
        dx, dy = point.x() - last.x(), point.y() - last.y()
        if not (dx or dy):
            return
        what, placement = self._drags.get(_BUTTONS.get(button, "")), self.placement()
        if what == "window":
            self._intents.drag_window(dx, dy)
        elif what == "zoom":
            self._intents.zoom_at(math.exp(-dy / 150), *anchor)
        elif what == "pan" and placement is not None:
            self._intents.pan_by(*placement.moved(dx, dy))
        elif what == "scroll":
            self._scroll_by(dy)

    # Boxes

    def _tool_box(self) -> Box | None:
        """The box of the tool in hand, if it is drawn already."""
        return {"occluder": self._view.occluder, "region": self._view.region}.get(self._view.tool)

    def _drag_box(self, drag: BoxDrag, point: QPointF) -> None:
        placement, shown = self.placement(), self._view.slice
        if placement is not None and shown is not None and self._view.tool:
            rows, cols = shown.values.shape[:2]
            box = drag.to(*placement.to_slice(point.x(), point.y()), rows=rows, cols=cols)
            self._intents.set_box(self._view.tool, box)

    def _show_grip(self, point: QPointF) -> None:
        """The pointer says what a drag of the tool in hand would do."""
        placement = self.placement() if self._view.tool in COLORS else None
        cursor = self.marking.cursor(point)
        if cursor is not None:
            self.setCursor(cursor)
            return
        if placement is None:
            if self.testAttribute(Qt.WidgetAttribute.WA_SetCursor):
                self.unsetCursor()
            return
        grip = grip_at(self._tool_box(), placement, *placement.to_slice(point.x(), point.y()))
        self.setCursor(grip.cursor(sideways=placement.turn.sideways))

    def _scroll_by(self, dy: float) -> None:
        """Down is the next slice; the height of the picture holds the series, within reason."""
        count = len(self._view.series.slices) if self._view.series is not None else 1
        one = min(max(self.height() / max(count, 1), _DRAG_SLICE[0]), _DRAG_SLICE[1])
        self._scrolled += dy / one
        steps = math.trunc(self._scrolled)
        self._scrolled -= steps
        if steps:
            self._intents.step(steps)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self.marking.release(event) or (self._drag is not None and event.button() == self._drag[0]):
            self._drag = self._box_drag = None
            self._point_at(event.position())
            self._show_grip(event.position())
            self.update()  # labels that went with the picture find better places

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self._drag = self._box_drag = None
        if self.marking.double_click(event):
            return
        if event.button() == Qt.MouseButton.LeftButton and not self._view.tool:
            self.maximise_asked.emit()

    def enterEvent(self, event: QEnterEvent) -> None:
        self._point_at(event.position())
        super().enterEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        self._pointer = None
        self.marking.leave()
        self._readout = ""
        self.update(self._marks.readout_area(QRectF(self.rect())).toAlignedRect())
        super().leaveEvent(event)

    def event(self, event: QEvent) -> bool:
        # Keys about what the hand is doing come before the window's own commands.
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.ShortcutOverride:
            taken = self.marking.wants(event)
            event.setAccepted(taken)
            if taken:
                return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not self.marking.key(event):
            super().keyPressEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.accept()
        self._pointer = event.position()
        delta = event.angleDelta()
        # With Shift or Alt some platforms turn the wheel sideways.
        turned = delta.y() if delta.y() else delta.x()
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            placement = self.placement()
            if placement is not None:
                point = placement.to_slice(event.position().x(), event.position().y())
                self._intents.zoom_at(1.2 ** (turned / _NOTCH), *point)
            return
        steps, self._wheel = whole_notches(self._wheel, turned)
        if steps:
            ten = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
            self._intents.step(-steps * (10 if ten else 1))


def whole_notches(held: float, turned: float) -> tuple[int, float]:
    """Add wheel units; give whole notches and what is left. Turning back starts afresh."""
    if held * turned < 0:
        held = 0.0
    total = held + turned
    notches = int(total / _NOTCH)
    return notches, total - notches * _NOTCH
