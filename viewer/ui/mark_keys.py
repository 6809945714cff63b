"""Marks without a mouse: one drawn in the middle of the picture, its handles pulled by keys."""

from __future__ import annotations

import math
from collections.abc import Callable

from viewer.annotate import shape
from viewer.annotate.mark import ShownMark
from viewer.commands.command import Command
from viewer.commands.intents import Intents
from viewer.session.resolved_view import ResolvedView
from viewer.ui.mark_gestures import Point, on_slice
from viewer.ui.placement import Placement

_SHARE = 0.12
"""Of the width of the picture: how far a mark drawn by key reaches from its middle."""


class MarkKeys:
    """Which handle of the chosen mark the keys pull."""

    def __init__(self, intents: Intents) -> None:
        self._intents = intents
        self._handle = ("", 0)

    def handle_of(self, mark_id: str) -> int:
        """The number of the handle in hand; -1 while none of this mark is."""
        name, number = self._handle
        return number if name == mark_id and mark_id else -1

    def next_handle(self, step: int = 1) -> None:
        """Take the next handle of the chosen mark in hand."""
        shown = self._chosen()
        if shown is not None:
            count = len(shape.handles(shown.mark.kind, shown.points))
            self._handle = (shown.mark.id, (self.handle_of(shown.mark.id) + step) % count)

    def pull(self, right: int, down: int) -> None:
        """Move the handle in hand by a pixel of the slice, as the reader sees it."""
        shown, view = self._chosen(), self._intents.view
        if shown is None or view.header is None:
            return
        if self.handle_of(shown.mark.id) < 0:
            self.next_handle()
        kind, points, number = shown.mark.kind, shown.points, self._handle[1]
        x, y = shape.handles(kind, points)[number]
        dx, dy = seen_way(view, right, down)
        to = on_slice((x + dx, y + dy), view.header.rows, view.header.cols)
        changed = shape.with_handle(kind, points, number, to, view.header.geometry.aspect)
        if shape.is_complete(kind, changed):
            self._intents.marks.set_points(shown.mark.id, changed)

    def _chosen(self) -> ShownMark | None:
        """The chosen mark, if it was drawn on this slice."""
        view = self._intents.view
        return next((one for one in view.marks if one.mark.id == view.chosen_mark and not one.faint), None)

    def commands(self, write: Callable[[], None]) -> tuple[Command, ...]:
        """What keys do with the chosen mark; `write` opens its text."""

        def chosen() -> bool:
            return bool(self._intents.view.chosen_mark)

        def row(way: str, right: int, down: int) -> Command:
            return Command(
                f"mark.pull_{way.lower()}",
                f"Pull Handle {way}",
                "Edit",
                lambda: self.pull(right, down),
                f"Ctrl+Shift+{way}",
                enabled=chosen,
            )

        return (
            Command("mark.text", "Text of Mark…", "Edit", write, "F2", enabled=chosen),
            Command("mark.handle", "Next Handle of Mark", "Edit", self.next_handle, "Ctrl+J", enabled=chosen),
            row("Left", -1, 0),
            row("Right", 1, 0),
            row("Up", 0, -1),
            row("Down", 0, 1),
        )


def seen_way(view: ResolvedView, right: int, down: int) -> Point:
    """A way on the screen in whole slice pixels, however the slice stands."""
    (a, b), (c, d) = view.presentation.turn.matrix
    # The transpose takes a way on the screen back to the slice.
    return float(a * right + c * down), float(b * right + d * down)


def in_the_middle(
    kind: str, placement: Placement, width: float, height: float, view: ResolvedView
) -> tuple[Point, ...]:
    """The points of a mark of `kind` in the middle of a viewport of (width, height)."""
    header = view.header
    if header is None:
        return ()
    half = _SHARE * min(width, height)
    x, y = on_slice(placement.to_slice(width / 2, height / 2), header.rows, header.cols)
    wide, high = half / placement.scale_x, half / placement.scale_y
    start, end = (x - wide, y - high), (x + wide, y + high)
    ring = [math.tau * number / 32 for number in range(32)]
    made = {
        "length": ((x - wide, y), (x + wide, y)),
        "angle": (start, (x, y + high), (x + wide, y - high)),
        "cobb": (start, (x + wide, y - high), (x - wide, y + high), (x + wide, y + high / 2)),
        "bidirectional": shape.from_drag(kind, (x - wide, y), (x + wide, y), header.geometry.aspect),
        "polygon": ((x - wide, y), (x, y - high), (x + wide, y), (x, y + high)),
        "freehand": tuple((x + wide * math.cos(at), y + high * math.sin(at)) for at in ring),
    }
    points = made.get(kind) or (((x, y),) if kind in ("probe", "text") else shape.from_drag(kind, start, end))
    return tuple(on_slice(point, header.rows, header.cols) for point in points)
