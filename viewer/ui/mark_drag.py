"""A mark under the hand: a drag of its handle, its line or its label as changes of the mark."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QPointF

from viewer.annotate import shape
from viewer.commands.mark_intents import MarkIntents
from viewer.study import SliceHeader
from viewer.ui.mark_gestures import Point, on_slice, shift_on_slice
from viewer.ui.mark_hits import HANDLE, LABEL, Hit
from viewer.ui.placement import Placement


@dataclass(slots=True)
class MarkDrag:
    """One drag.

    Parameters
    ----------
    hit : what was taken hold of, and the mark as it was then.
    start : the slice point where that was.
    pressed : the same on the screen.
    """

    hit: Hit
    start: Point
    pressed: QPointF
    moved: bool = False
    refused: bool = False
    """A locked mark says so once, and is asked no more."""
    _way: Point = (0.0, 0.0)

    def to(self, point: Point, marks: MarkIntents, placement: Placement, header: SliceHeader) -> None:
        """Follow the pointer to a slice point; the mark stays on the slice, its label need not."""
        if self.refused:
            return
        self.moved, self.refused = True, self.hit.shown.mark.locked
        dx, dy = point[0] - self.start[0], point[1] - self.start[1]
        mark, points = self.hit.shown.mark, self.hit.shown.points
        label = self.hit.drawn.label
        if self.hit.part == LABEL and label is not None:
            x, y = placement.to_slice((label.left + label.right) / 2, (label.top + label.bottom) / 2)
            marks.set_label(mark.id, (x + dx, y + dy))
        elif self.hit.part == HANDLE:
            x, y = shape.handles(mark.kind, points)[self.hit.index]
            to = on_slice((x + dx, y + dy), header.rows, header.cols)
            changed = shape.with_handle(mark.kind, points, self.hit.index, to, header.geometry.aspect)
            if shape.is_complete(mark.kind, changed):
                marks.set_points(mark.id, changed)
        else:
            way = shift_on_slice(points, dx, dy, header.rows, header.cols)
            marks.move(mark.id, way[0] - self._way[0], way[1] - self._way[1])
            self._way = way

    def put_back(self, marks: MarkIntents) -> None:
        """Everything as it was when the mark was taken hold of."""
        shown = self.hit.shown
        if self.refused:
            return
        if self.hit.part == LABEL:
            marks.set_label(shown.mark.id, shown.label)
        elif self.hit.part == HANDLE:
            marks.set_points(shown.mark.id, shown.points)
        else:
            marks.move(shown.mark.id, -self._way[0], -self._way[1])
        marks.end_gesture()
