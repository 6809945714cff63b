"""The hand on the reader's marks: drawing them, taking hold of them, their menu and their text.

The viewport hands its mouse and keys here first, and does its own with what is left.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QKeyEvent, QMouseEvent, QPainter
from PySide6.QtWidgets import QWidget

from viewer.annotate import shape
from viewer.annotate.mark import COLORS, KINDS, ShownMark
from viewer.commands.intents import Intents
from viewer.session.resolved_view import ResolvedView
from viewer.ui.mark_drag import MarkDrag
from viewer.ui.mark_gestures import MOVED, NEW, WORDS, Drawing, Point, as_shown, on_slice
from viewer.ui.mark_hits import HANDLE, LABEL, LINE, Hit, hit_at
from viewer.ui.mark_keys import MarkKeys, in_the_middle
from viewer.ui.mark_menu import open_menu
from viewer.ui.mark_text import MarkWriter, TextEntry
from viewer.ui.placement import Placement

if TYPE_CHECKING:
    from viewer.annotate.labels import Rect
    from viewer.report.mark_painter import Drawn
    from viewer.ui.mark_layer import MarkLayer

_ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)
_CURSORS = {
    HANDLE: Qt.CursorShape.PointingHandCursor,
    LABEL: Qt.CursorShape.OpenHandCursor,
    LINE: Qt.CursorShape.SizeAllCursor,
}


class Marking:
    """Delegate of a viewport.

    Parameters
    ----------
    widget : the viewport: is repainted, carries cursor and text entry.
    placement : where the slice lies on it now; None without a slice.
    """

    def __init__(
        self, widget: QWidget, intents: Intents, placement: Callable[[], Placement | None], font: QFont
    ) -> None:
        self._widget, self._intents, self._placement = widget, intents, placement
        self._font = font
        self._layer: MarkLayer | None = None
        self._view = ResolvedView()
        self._drawing: Drawing | None = None
        self._drag: MarkDrag | None = None
        self._hovered: Hit | None = None
        self._asked: tuple[QPointF, Hit | None] | None = None
        """Where the right button went down, and on what."""
        self._idle: QPointF | None = None
        """Where the left button went down on nothing of the reader's own."""
        self._drew: set[str] = set()
        """Kinds drawn since the program started: how that is done needs no words any more."""
        self._writer = MarkWriter(widget, intents)
        self.keys = MarkKeys(intents)

    @property
    def entry(self) -> TextEntry | None:
        """Where a text is being written; None while there is no such thing."""
        return self._writer.entry

    @property
    def layer(self) -> MarkLayer:
        """Where the marks stand, and their picture; made with the first slice, not for the start."""
        if self._layer is None:
            from viewer.ui.mark_layer import MarkLayer

            self._layer = MarkLayer(self._font)
        return self._layer

    def set_font(self, font: QFont) -> None:
        self._font, self._layer = font, None

    @property
    def tool(self) -> str:
        """The kind of mark that the left button draws; "" for none."""
        return self._view.tool if self._view.tool in KINDS and self._view.header is not None else ""

    @property
    def busy(self) -> bool:
        """Whether a mark is being drawn or is under the hand."""
        return self._drawing is not None or self._drag is not None

    def hint(self) -> str:
        """How a mark is drawn with the tool in hand, until one was; how it is finished while it is drawn."""
        if not self.tool or (self.tool in self._drew and self._drawing is None):
            return ""
        if self._drawing is not None and self.tool not in ("polygon", "angle", "cobb"):
            return ""
        return f"{WORDS[self.tool]} Esc {'drops it' if self._drawing else 'puts the tool away'}."

    def show_view(self, view: ResolvedView) -> None:
        """Follow what is shown; another slice or tool drops what is being drawn."""
        old, self._view = self._view, view
        moved_on = (old.header and old.header.key) != (view.header and view.header.key)
        if self._drawing is not None and (moved_on or self.tool != self._drawing.kind):
            self._drawing = None
        if moved_on:
            self._writer.keep()
            self._end_drag()
        if view.marks is not old.marks:
            self._hovered = None

    # Painting

    def paint(
        self,
        painter: QPainter,
        area: QRectF,
        placement: Placement,
        taken: Callable[[], Sequence[Rect]],
        *,
        panning: bool,
    ) -> None:
        """Paint the reader's marks over the slice; labels keep clear of the text that stands in `taken`."""
        marks = self._view.marks
        drawing = as_shown(self._drawing, self._view) if self._drawing is not None else None
        if drawing is not None:
            marks = (*marks, drawing)
        held = NEW if drawing is not None else self._dragged
        if not marks:
            if self.layer.laid:
                self.layer.lay_out((), placement, area, ())
            return
        chosen = self._view.chosen_mark
        self.layer.lay_out(marks, placement, area, taken(), held=held, chosen=chosen, panning=panning)
        hovered = self._hovered.shown.mark.id if self._hovered is not None else ""
        self.layer.paint(painter, area, live=(chosen, hovered), chosen=chosen)
        for one in self._with_handles(chosen, hovered):
            self._paint_handles(painter, one, placement)

    def _with_handles(self, chosen: str, hovered: str) -> list[Drawn]:
        """The marks that show where they can be taken hold of."""
        names = {name for name in (chosen, hovered, NEW if self._drawing else "") if name}
        if not names:
            return []
        found = [one for one in self.layer.laid if one.shown.mark.id in names]
        return [one for one in found if not (one.shown.faint or one.shown.mark.locked)]

    def _paint_handles(self, painter: QPainter, one: Drawn, placement: Placement) -> None:
        kind, points = one.shown.mark.kind, one.shown.points
        if one.shown.mark.id == NEW and kind == "freehand":
            return
        places = [placement.to_screen(*point) for point in shape.handles(kind, points)]
        hot = self.keys.handle_of(one.shown.mark.id)
        drag = self._drag
        if drag is not None and drag.hit.shown.mark.id == one.shown.mark.id:
            hot = drag.hit.index
        elif self._hovered is not None and self._hovered.shown.mark.id == one.shown.mark.id:
            hot = self._hovered.index
        self.layer.painter.paint_handles(painter, places, QColor(COLORS[one.shown.mark.color]), hot)

    # What lies under the pointer

    def hit(self, point: QPointF) -> Hit | None:
        """What of a mark lies under a point of the viewport: a handle before a label before a line."""
        placement = self._placement()
        if placement is None:
            return None
        return hit_at(self.layer, placement, point.toTuple(), chosen=self._view.chosen_mark)

    def cursor(self, point: QPointF) -> Qt.CursorShape | None:
        """The pointer that says what a press would do; None where the viewport decides."""
        if self._drawing is not None:
            return Qt.CursorShape.CrossCursor
        self._hover(point)
        hit = self._hovered
        if hit is not None:
            return Qt.CursorShape.PointingHandCursor if hit.fixed else _CURSORS[hit.part]
        return Qt.CursorShape.CrossCursor if self.tool else None

    def _hover(self, point: QPointF | None) -> None:
        hit = self.hit(point) if point is not None and self._reaches else None
        if _target(hit) != _target(self._hovered):
            self._widget.update()
        self._hovered = hit

    @property
    def _reaches(self) -> bool:
        """Whether marks can be taken hold of: not while a box is being drawn."""
        return not self._view.tool or bool(self.tool)

    # Mouse

    def press(self, event: QMouseEvent) -> bool:
        """Whether the left button is taken; the right one is only remembered."""
        point, at = event.position(), self._slice_point(event.position())
        self._asked = self._idle = None
        if at is None or not self._reaches:
            return False
        if event.button() == Qt.MouseButton.RightButton:
            self._asked = point, self.hit(point)
        if event.button() != Qt.MouseButton.LeftButton:
            return False
        if self._writer.keep():
            return True
        if self._drawing is None:
            anew = bool(self.tool and event.modifiers() & Qt.KeyboardModifier.ControlModifier)
            hit = None if anew else self.hit(point)
            if hit is not None and not hit.shown.faint:
                self._intents.marks.choose(hit.shown.mark.id)
                self._drag = MarkDrag(hit, self._free_point(point), point)
                self._hovered = hit
                return True
            if not self.tool:
                self._idle = point
                return False
            self._drawing = Drawing(self.tool, self._aspect, self._apart)
        self._drawing.round = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        self._drawing.press(at)
        self._widget.update()
        return True

    def move(self, event: QMouseEvent) -> bool:
        """Whether the movement is taken."""
        if self._drag is not None:
            self._drag_to(event.position())
            return True
        drawing, at = self._drawing, self._slice_point(event.position())
        if drawing is None or at is None:
            return False
        if event.buttons() & ~Qt.MouseButton.LeftButton:
            return False  # the slice is being panned or zoomed meanwhile
        drawing.round = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        drawing.move(at)
        self._widget.update()
        return drawing.held

    def release(self, event: QMouseEvent) -> bool:
        """Whether the release is taken."""
        point = event.position()
        if event.button() == Qt.MouseButton.RightButton and self._asked is not None:
            (start, hit), self._asked = self._asked, None
            if hit is not None and _apart(start, point) <= MOVED:
                self.open_menu(hit.shown, event.globalPosition().toPoint())
            return False
        if event.button() != Qt.MouseButton.LeftButton:
            return False
        if self._drag is not None:
            self._end_drag()
            return True
        if self._drawing is not None and self._drawing.held:
            at = self._slice_point(point)
            if at is not None and self._drawing.release(at):
                self._finish()
            self._widget.update()
            return True
        if self._idle is not None and _apart(self._idle, point) <= MOVED:
            hit = self.hit(point)
            if hit is not None or self._view.chosen_mark:
                self._intents.marks.choose(hit.shown.mark.id if hit is not None else "")
        self._idle = None
        return False

    def double_click(self, event: QMouseEvent) -> bool:
        """Whether it is taken: it closes a polygon, writes on a mark, goes to the slice of a faint one."""
        if event.button() != Qt.MouseButton.LeftButton:
            return False
        if self._drawing is not None and self._drawing.kind == "polygon":
            self._finish()
            return True
        hit = self.hit(event.position()) if self._drawing is None and self._reaches else None
        if hit is None:
            return self.press(event) if self.tool else False
        if hit.shown.faint:
            self._intents.marks.go_to(hit.shown.mark.id)
        else:
            self.edit_text(hit.shown)
        return True

    def leave(self) -> None:
        """The pointer is gone."""
        self._hover(None)

    def _drag_to(self, point: QPointF) -> None:
        drag, placement, header = self._drag, self._placement(), self._view.header
        if drag is None or placement is None or header is None:
            return
        if drag.moved or _apart(drag.pressed, point) > MOVED:
            drag.to(self._free_point(point), self._intents.marks, placement, header)

    def _end_drag(self) -> None:
        drag, self._drag = self._drag, None
        if drag is not None and drag.moved:
            self._intents.marks.end_gesture()
        self._widget.update()

    @property
    def _dragged(self) -> str:
        """Id of the mark that moves under the hand."""
        drag = self._drag
        return drag.hit.shown.mark.id if drag is not None and drag.moved and not drag.refused else ""

    # Keys

    def wants(self, event: QKeyEvent) -> bool:
        """Whether a key is about what the hand is doing, before it is about anything else."""
        if event.key() == Qt.Key.Key_Menu:
            return self._chosen() is not None
        if event.key() in _ENTER:
            return self.busy or bool(self.tool)
        return self.busy and event.key() in (Qt.Key.Key_Escape, Qt.Key.Key_Backspace)

    def key(self, event: QKeyEvent) -> bool:
        """Whether the key is taken: Esc drops what is begun, Enter closes it, Backspace undoes a corner.

        With nothing begun Enter draws a mark in the middle, for hands without a mouse.
        """
        if not self.wants(event):
            return False
        drawing, drag = self._drawing, self._drag
        if event.key() == Qt.Key.Key_Menu:
            chosen = self._chosen()
            if chosen is not None:
                self.open_menu(chosen, self._widget.mapToGlobal(self._beside(chosen).toPoint()))
        elif event.key() == Qt.Key.Key_Escape:
            if drag is not None and drag.moved:
                drag.put_back(self._intents.marks)
            self._drag = self._drawing = None
        elif drawing is not None and event.key() == Qt.Key.Key_Backspace:
            if not drawing.back():
                self._drawing = None
        elif drawing is None and drag is None:
            self._draw_in_the_middle()
        elif drawing is not None and drawing.kind in ("polygon", "freehand"):
            self._finish()
        self._widget.update()
        return True

    # What is finished, and its text

    def _finish(self) -> None:
        drawing, self._drawing = self._drawing, None
        self._widget.update()
        points = drawing.finished() if drawing is not None else ()
        if drawing is None or not points:
            return
        self._drew.add(drawing.kind)
        self._add(drawing.kind, points)

    def _draw_in_the_middle(self) -> None:
        placement, size = self._placement(), self._widget.size()
        if placement is not None:
            self._add(self.tool, in_the_middle(self.tool, placement, size.width(), size.height(), self._view))

    def _add(self, kind: str, points: tuple[Point, ...]) -> None:
        placement = self._placement()
        if kind == "text" and placement is not None:
            self._writer.new(points, QPointF(*placement.to_screen(*points[0])))
        elif points:
            self._intents.marks.add(kind, points)

    def edit_text(self, shown: ShownMark | None = None) -> None:
        """Write on a mark, without one on the chosen mark, where it stands."""
        shown = shown or self._chosen()
        if shown is not None:
            self._writer.edit(shown, self._beside(shown))

    def open_menu(self, shown: ShownMark, at: QPoint) -> None:
        """What can be done with a mark, at a point of the screen."""
        self._intents.marks.choose(shown.mark.id)
        open_menu(self._widget, self._intents, shown, at, write=lambda: self.edit_text(shown))

    def _chosen(self) -> ShownMark | None:
        """The chosen mark, if it is on this slice."""
        wanted = self._view.chosen_mark
        return next((one for one in self._view.marks if one.mark.id == wanted), None)

    def _beside(self, shown: ShownMark) -> QPointF:
        """Where what is about a mark opens: at its label, else at its first point."""
        for one in self.layer.laid:
            if one.shown.mark.id == shown.mark.id and one.label is not None:
                return QPointF(one.label.left - 8, (one.label.top + one.label.bottom) / 2)
        placement = self._placement()
        return QPointF(*placement.to_screen(*shown.points[0])) if placement is not None else QPointF()

    # Places

    def _free_point(self, point: QPointF) -> Point:
        placement = self._placement()
        return placement.to_slice(*point.toTuple()) if placement is not None else (0.0, 0.0)

    def _slice_point(self, point: QPointF) -> Point | None:
        """The point of the slice nearest to a point of the viewport; None without a slice."""
        return self._on_slice(self._free_point(point)) if self._placement() is not None else None

    def _on_slice(self, point: Point) -> Point:
        return on_slice(point, *self._size)

    @property
    def _size(self) -> tuple[int, int]:
        header = self._view.header
        return (header.rows, header.cols) if header is not None else (1, 1)

    @property
    def _aspect(self) -> float:
        header = self._view.header
        return header.geometry.aspect if header is not None else 1.0

    def _apart(self, one: Point, other: Point) -> float:
        placement = self._placement()
        if placement is None:
            return 0.0
        return _apart(QPointF(*placement.to_screen(*one)), QPointF(*placement.to_screen(*other)))


def _apart(one: QPointF, other: QPointF) -> float:
    return float(np.hypot(*(one - other).toTuple()))


def _target(hit: Hit | None) -> tuple[str, int]:
    return ("", -1) if hit is None else (hit.shown.mark.id, hit.index)
