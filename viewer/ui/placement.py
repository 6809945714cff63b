"""Where a slice lies in the viewport and how it stands there: slice pixels <-> screen."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from functools import lru_cache

from viewer.imaging.section import Section, Span
from viewer.imaging.turn import Turn
from viewer.session.state import Presentation

_BLOCK = 32
"""Picture pixels in which what is composed grows and moves: panning a little composes nothing anew."""


@dataclass(frozen=True)
class Placement:
    """screen = matrix of `turn` · (slice × scale) + offset, logical pixels; slice pixel i covers [i, i + 1).

    Parameters
    ----------
    scale_x, scale_y : width and height of a slice pixel before it is turned.
    left, top : where slice point (0, 0) lies on the screen.
    """

    scale_x: float
    scale_y: float
    left: float
    top: float
    turn: Turn = field(default_factory=Turn)

    def to_screen(self, x: float, y: float) -> tuple[float, float]:
        """Slice point (column, row) -> screen point."""
        (a, b), (c, d) = self.turn.matrix
        x, y = x * self.scale_x, y * self.scale_y
        return a * x + b * y + self.left, c * x + d * y + self.top

    def to_slice(self, x: float, y: float) -> tuple[float, float]:
        """Screen point -> slice point (column, row)."""
        return self.moved(x - self.left, y - self.top)

    def moved(self, dx: float, dy: float) -> tuple[float, float]:
        """A way on the screen -> the same way in slice pixels (columns, rows)."""
        (a, b), (c, d) = self.turn.matrix
        return (a * dx + c * dy) / self.scale_x, (b * dx + d * dy) / self.scale_y

    def on_device(self, ratio: float) -> Placement:
        """The same with slice point (0, 0) between two pixels of a screen of `ratio` device pixels."""
        return replace(self, left=round(self.left * ratio) / ratio, top=round(self.top * ratio) / ratio)

    def section(self, width: float, height: float, *, rows: int, cols: int, ratio: float) -> Section:
        """What a viewport of (width, height) shows, at a resolution that its screen can show.

        A margin is in it: the smooth scaling of the last visible pixel looks at its neighbours.
        """
        xs, ys = zip(self.to_slice(0, 0), self.to_slice(width, height), strict=True)
        return Section(
            _span(min(ys), max(ys), rows, self.scale_y * ratio),
            _span(min(xs), max(xs), cols, self.scale_x * ratio),
            self.turn,
        )

    def area(self, section: Section, ratio: float) -> tuple[float, float, float, float]:
        """(left, top, width, height) on the screen of the picture of a section."""
        corners = [
            self.to_screen(section.cols.start * section.cols.step, section.rows.start * section.rows.step),
            self.to_screen(section.cols.stop * section.cols.step, section.rows.stop * section.rows.step),
        ]
        (left, right), (top, bottom) = (sorted(ends) for ends in zip(*corners, strict=True))
        across, down = (section.rows, section.cols) if self.turn.sideways else (section.cols, section.rows)
        # A picture at the screen's own resolution is painted as it is, if it fits to the last bit.
        if across.step > 1:
            left, right = round(left * ratio) / ratio, round(right * ratio) / ratio
        if down.step > 1:
            top, bottom = round(top * ratio) / ratio, round(bottom * ratio) / ratio
        return left, top, right - left, bottom - top


def place(
    width: float,
    height: float,
    *,
    rows: int,
    cols: int,
    aspect: float,
    zoom: float = 1.0,
    pan: tuple[float, float] | None = None,
    turn: Turn | None = None,
) -> Placement:
    """Place a slice in a viewport of (width, height).

    Parameters
    ----------
    aspect : height of a slice pixel divided by its width.
    zoom : 1 fits the whole slice, as it stands.
    pan : the slice point (x, y) at the viewport's centre; None for the slice's own centre.
    """
    turn = turn or Turn()
    across, down = (rows * aspect, cols) if turn.sideways else (cols, rows * aspect)
    scale_x = max(min(width / across, height / down) * zoom, 1e-6)
    x, y = pan if pan is not None else (cols / 2, rows / 2)
    at = Placement(scale_x, scale_x * aspect, 0.0, 0.0, turn)
    off_x, off_y = at.to_screen(x, y)
    return replace(at, left=width / 2 - off_x, top=height / 2 - off_y)


@lru_cache(maxsize=8)
def standing(
    size: tuple[int, int], rows: int, cols: int, aspect: float, presentation: Presentation, ratio: float
) -> Placement:
    """Where a slice stands in a viewport of `size` (width, height) on a screen of `ratio`.

    Kept, for it is asked for several times a frame and stays the same from slice to slice.
    """
    return place(
        *size,
        rows=rows,
        cols=cols,
        aspect=aspect,
        zoom=presentation.zoom,
        pan=presentation.pan,
        turn=presentation.turn,
    ).on_device(ratio)


def _span(low: float, high: float, size: int, scale: float) -> Span:
    """The picture pixels for slice pixels `low` to `high`, of `size`, each `scale` device pixels wide."""
    step = 1 / scale if scale < 1 else 1.0
    count = max(1, math.ceil(size / step - 1e-6))
    start = math.floor((low / step - 1) / _BLOCK) * _BLOCK
    stop = start + _BLOCK + math.ceil((high - low) / step / _BLOCK + 2 / _BLOCK) * _BLOCK
    start = min(max(start, 0), count - 1)
    return Span(start, min(max(stop, start + 1), count), step)
