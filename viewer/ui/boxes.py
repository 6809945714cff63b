"""Boxes that the reader draws over the slice: drawing, moving and resizing by dragging, and their looks.

All geometry is in slice pixels, so a box stays on its tissue however the picture is zoomed or turned.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QPainter, QPen

from viewer.session.resolved_view import ResolvedView
from viewer.study import Box
from viewer.ui.marks import TextPainter
from viewer.ui.placement import Placement

GRASP = 7.0
"""Screen pixels around an edge that take hold of it."""
COLORS = {"occluder": QColor("#f0a868"), "region": QColor("#6fd3c3")}
_SEEN = QColor("#b9c4ff")
_DARK = QColor(0, 0, 0, 190)


@dataclass(frozen=True, slots=True)
class Grip:
    """What a drag takes hold of: edges of a box, all of it ("inside"), or nothing: then it draws anew."""

    edges: frozenset[str]
    inside: bool = False

    def cursor(self, *, sideways: bool) -> Qt.CursorShape:
        """The pointer that says what a drag would do."""
        if self.inside:
            return Qt.CursorShape.SizeAllCursor
        upright = bool(self.edges & {"top", "bottom"}) != sideways
        if len(self.edges) == 1:
            return Qt.CursorShape.SizeVerCursor if upright else Qt.CursorShape.SizeHorCursor
        return Qt.CursorShape.PointingHandCursor if self.edges else Qt.CursorShape.CrossCursor


def grip_at(box: Box | None, placement: Placement, x: float, y: float) -> Grip:
    """What of a box lies under slice point (x, y)."""
    nothing = Grip(frozenset())
    if box is None:
        return nothing
    wide, high = GRASP / placement.scale_x, GRASP / placement.scale_y
    if not (box.left - wide <= x <= box.right + wide and box.top - high <= y <= box.bottom + high):
        return nothing
    # Of a box smaller than two grasps the middle still moves it.
    wide, high = min(wide, (box.right - box.left) / 3), min(high, (box.bottom - box.top) / 3)
    near = {
        "left": x < box.left + wide,
        "right": x > box.right - wide,
        "top": y < box.top + high,
        "bottom": y > box.bottom - high,
    }
    edges = frozenset(edge for edge, close in near.items() if close)
    return Grip(edges, inside=not edges)


@dataclass(frozen=True, slots=True)
class BoxDrag:
    """One drag: where it began (x, y), what it took hold of, and the box as it was then."""

    start: tuple[float, float]
    grip: Grip
    box: Box | None

    def to(self, x: float, y: float, *, rows: int, cols: int) -> Box:
        """The box with the pointer at slice point (x, y); it stays on the slice."""
        start_x, start_y = self.start
        box = self.box
        if box is None or not (self.grip.edges or self.grip.inside):
            tops, lefts = sorted((start_y, y)), sorted((start_x, x))
            return _on_slice(Box(tops[0], lefts[0], tops[1], lefts[1]), rows, cols)
        dx, dy = x - start_x, y - start_y
        if self.grip.inside:
            dx = min(max(dx, -box.left), cols - box.right)
            dy = min(max(dy, -box.top), rows - box.bottom)
            return Box(box.top + dy, box.left + dx, box.bottom + dy, box.right + dx)
        moved = {
            edge: getattr(box, edge) + (dy if edge in ("top", "bottom") else dx) for edge in self.grip.edges
        }
        turned = replace(box, **moved)
        tops, lefts = sorted((turned.top, turned.bottom)), sorted((turned.left, turned.right))
        return _on_slice(Box(tops[0], lefts[0], tops[1], lefts[1]), rows, cols)


def _on_slice(box: Box, rows: int, cols: int) -> Box:
    (top, bottom), (left, right) = (
        [min(max(edge, 0.0), float(size)) for edge in edges]
        for edges, size in (((box.top, box.bottom), rows), ((box.left, box.right), cols))
    )
    return Box(top, left, bottom, right)


def on_screen(box: Box, placement: Placement) -> QRectF:
    """Where a box stands on the widget."""
    one = QPointF(*placement.to_screen(box.left, box.top))
    other = QPointF(*placement.to_screen(box.right, box.bottom))
    return QRectF(one, other).normalized()


def change(view: ResolvedView) -> str:
    """ "glioma 0.93 → 0.41", of the explained finding; "" while that is not known."""
    before, answer = view.prediction, view.what_if
    if before is None or answer is None or view.target not in before.labels:
        return ""
    number = before.labels.index(view.target)
    after = answer.prediction.probabilities[number]
    return f"{view.target} {float(before.probabilities[number]):.2f} → {float(after):.2f}"


def without_box(view: ResolvedView) -> str:
    """What the covered box changes, in a sentence that says how it is covered; "" without a box."""
    if view.occluder is None:
        return ""
    if view.prediction is None:
        return "Analyse the slice: then the probabilities follow the box that covers it."
    said = change(view)
    if not said:
        return "Asking the network without the box …"
    return (
        f"{said} without the box. It is filled with the mean of the pixels around it, before percentiles"
        " and resize."
    )


def paint_boxes(painter: QPainter, view: ResolvedView, placement: Placement, writer: TextPainter) -> None:
    """The part of the slice that the network saw, the covered box and the region, each with its label."""
    if view.truth_view and view.result is not None:
        from viewer.session.truth import seen_box

        seen, mapping = seen_box(view.result.mapping), view.result.mapping
        area = on_screen(seen, placement)
        _frame(painter, area, _SEEN, Qt.PenStyle.DashLine)
        if seen != Box(0.0, 0.0, mapping.rows.slice_size, mapping.cols.slice_size):
            text = "The network saw nothing beyond this line"
            writer.draw(painter, area.center().x() - writer.width(text) / 2, area.top() + 4, text, _SEEN)
    if view.occluder is not None:
        area, color = on_screen(view.occluder, placement), COLORS["occluder"]
        painter.fillRect(area, QColor(0, 0, 0, 110))
        painter.fillRect(area, QBrush(QColor(240, 168, 104, 120), Qt.BrushStyle.BDiagPattern))
        _frame(painter, area, color, Qt.PenStyle.SolidLine)
        _label(painter, area, f"Covered: {change(view)}" if view.what_if else "Covered", color, writer)
    if view.region is not None:
        area, color = on_screen(view.region, placement), COLORS["region"]
        _frame(painter, area, color, Qt.PenStyle.SolidLine)
        _label(painter, area, "Region of the finding", color, writer)


def tool_words(tool: str) -> str:
    """What the tool in hand is for; "" without one."""
    return {
        "occluder": "Drag a box over what the network is not to see. Esc puts the tool away.",
        "region": "Drag a box around the finding. Esc puts the tool away.",
    }.get(tool, "")


def _frame(painter: QPainter, area: QRectF, color: QColor, style: Qt.PenStyle) -> None:
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(_DARK, 4))
    painter.drawRect(area)
    painter.setPen(QPen(color, 2, style))
    painter.drawRect(area)


def _label(painter: QPainter, area: QRectF, text: str, color: QColor, writer: TextPainter) -> None:
    """Above the box, or under its upper edge where there is no room above."""
    y = area.top() - writer.line - 4
    device = painter.viewport()
    if y < 2:
        y = area.top() + 4
    x = min(max(area.left(), 4.0), max(device.width() - writer.width(text) - 8, 4.0))
    writer.draw(painter, x, y, text, color)
