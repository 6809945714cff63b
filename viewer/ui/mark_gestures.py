"""How a mark comes about under the mouse: by dragging, or click by click. Slice pixels; no widget."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from viewer.annotate import measure, shape
from viewer.annotate.mark import Mark, ShownMark
from viewer.session.resolved_view import ResolvedView

Point = tuple[float, float]

NEW = "new"
"""Id of the mark that is being drawn."""
MOVED = 4.0
"""Screen pixels that tell a drag from a click."""
CLOSING = 9.0
"""Screen pixels around the first corner of a polygon in which a click closes it."""
_SAMPLE = 2.0
"""Screen pixels from one point of a freehand line to the next."""
_CLICKS = {"angle": 3, "cobb": 4, "probe": 1, "text": 1, "polygon": 0, "freehand": 0}
"""Kind -> how many points the reader gives; 0 for any number, all others two."""

WORDS = {
    "length": "Drag from one end to the other, or click both.",
    "angle": "Drag or click along one arm to the vertex, then click the end of the other arm.",
    "cobb": "Drag along the first end plate, then along the second, or click their ends.",
    "bidirectional": "Drag along the longest diameter; then pull the short one to fit.",
    "ellipse": "Drag from corner to corner of the ellipse, or click both. Shift makes a circle.",
    "rectangle": "Drag from corner to corner, or click both. Shift makes a square.",
    "polygon": "Click the corners. Double click, Enter or the first corner closes it.",
    "freehand": "Draw the outline with the button held, or click, draw, and click.",
    "probe": "Click a pixel.",
    "arrow": "Drag from what the arrow points at, or click both ends.",
    "text": "Click where the text is about, and type.",
}
"""Kind -> how it is drawn."""


@dataclass(slots=True)
class Drawing:
    """A mark that is being drawn.

    Parameters
    ----------
    kind : a key of `annotate.mark.KINDS`.
    aspect : height of a slice pixel divided by its width.
    apart : how far two slice points lie apart on the screen, in logical pixels.
    """

    kind: str
    aspect: float
    apart: Callable[[Point, Point], float]
    placed: list[Point] = field(default_factory=list)
    to: Point = (0.0, 0.0)
    held: bool = False
    """Whether the button is down."""
    round: bool = False
    """Whether an ellipse is to be a circle, a rectangle a square."""
    _pressed: Point = (0.0, 0.0)

    def press(self, point: Point) -> None:
        self.to = self._pressed = point
        self.held = True
        if not self.placed and self._wanted != 1:
            self.placed.append(point)

    def move(self, point: Point) -> None:
        self.to = point
        far = self.apart(self.placed[-1], point) >= _SAMPLE if self.placed else False
        if self.kind == "freehand" and far:
            self.placed.append(point)

    def release(self, point: Point) -> bool:
        """Whether the mark is finished by that."""
        first = self.held and len(self.placed) == 1 and self.placed[0] == self._pressed
        was_held, self.held = self.held, False
        self.to = point
        if not was_held:
            return False
        dragged = self.apart(self._pressed, point) > MOVED
        if self.kind == "freehand":
            return dragged or not first
        if self._wanted == 1:
            self.placed = [point]
            return True
        if first and not dragged:
            return False
        if self.kind == "polygon" and self.closes(point):
            return True
        if self.kind == "cobb" and len(self.placed) == 2 and dragged:
            self.placed.append(self._pressed)
        elif self.apart(self.placed[-1], point) < MOVED:
            return False  # clicked twice at one place
        self.placed.append(point)
        return len(self.placed) == self._wanted

    @property
    def _wanted(self) -> int:
        return _CLICKS.get(self.kind, 2)

    def closes(self, point: Point) -> bool:
        """Whether a click there closes a polygon."""
        enough = self.kind == "polygon" and len(self.placed) >= 3
        return enough and self.apart(self.placed[0], point) <= CLOSING

    def back(self) -> bool:
        """Take away the corner placed last; False if there is no other."""
        if self.kind == "polygon" and len(self.placed) > 1:
            self.placed.pop()
            return True
        return False

    def finished(self) -> tuple[Point, ...]:
        """The points of the mark; () where they make none."""
        points = self._made(self.placed)
        return points if shape.is_complete(self.kind, points) else ()

    def so_far(self) -> tuple[Point, ...]:
        """The points of the mark as it would be if the pointer's place were the next point."""
        if self._wanted == 1:
            return (self.to,)
        if self.kind == "freehand":
            return tuple(self.placed)
        if self.kind == "cobb" and len(self.placed) == 2 and self.held and self._pressed != self.to:
            return (*self.placed, self._pressed, self.to)
        return self._made([*self.placed, self.to] if self.placed[-1] != self.to else self.placed)

    def _made(self, given: Sequence[Point]) -> tuple[Point, ...]:
        if self.kind in _CLICKS or len(given) < 2:
            return tuple(given)
        start, end = given[0], given[1]
        if self.round and self.kind in ("ellipse", "rectangle"):
            wide, high = end[0] - start[0], (end[1] - start[1]) * self.aspect
            side = max(abs(wide), abs(high))
            end = (
                start[0] + math.copysign(side, wide),
                start[1] + math.copysign(side / self.aspect, high),
            )
        return tuple(shape.from_drag(self.kind, start, end, self.aspect))


def as_shown(drawing: Drawing, view: ResolvedView) -> ShownMark | None:
    """What is being drawn as a mark with its figures; None where no slice is shown."""
    header, series = view.header, view.series
    if header is None or series is None or not (drawing.placed or drawing.held):
        return None
    points = drawing.so_far()
    mark = Mark(NEW, drawing.kind, series.study_instance_uid, series.uid, header.key, ())
    return ShownMark(mark, points, figures=measure.figures(mark, points, header, view.slice))


def on_slice(point: Point, rows: int, cols: int) -> Point:
    """The point of the slice that is nearest."""
    return min(max(point[0], 0.0), float(cols)), min(max(point[1], 0.0), float(rows))


def shift_on_slice(
    points: Sequence[Point], dx: float, dy: float, rows: int, cols: int
) -> tuple[float, float]:
    """As much of a way as keeps all points on the slice."""
    xs, ys = zip(*points, strict=True)
    return _kept(min(xs), max(xs), dx, cols), _kept(min(ys), max(ys), dy, rows)


def _kept(low: float, high: float, way: float, size: float) -> float:
    """Points that lie beyond an edge already may stay as they are."""
    return max(min(way, max(size - high, 0.0)), min(-low, 0.0))
