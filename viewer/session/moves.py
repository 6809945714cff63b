"""How a gesture changes a window or a presentation. Pure functions on frozen values."""

from __future__ import annotations

import math
from dataclasses import replace

from viewer.imaging.turn import Turn
from viewer.session.state import Presentation
from viewer.study import Window

MIN_ZOOM, MAX_ZOOM = 0.1, 64.0
DRAG_DOUBLES = 200.0
"""Screen pixels of a drag to the right that double the window's width."""
DRAG_ONE_WIDTH = 400.0
"""Screen pixels of a drag upwards that move the window by its own width."""


def dragged(window: Window, dx: float, dy: float, *, negative: bool = False) -> Window:
    """The window after a drag of (dx, dy) screen pixels, y down: right is wider, up is brighter.

    In steps relative to the width, so that it handles alike in HU and in arbitrary units. On a
    `negative` picture (MONOCHROME1, or inverted by the reader) a higher center is what brightens.
    """
    center = window.center + (-dy if negative else dy) / DRAG_ONE_WIDTH * window.width
    width = window.width * 2 ** (max(-2000.0, min(2000.0, dx)) / DRAG_DOUBLES)
    return usable(replace(window, center=center, width=width, explanation="")) or window


def usable(window: Window) -> Window | None:
    """The window as PS3.3 C.11.2.1.2 allows it, or None if it is not a number.

    LINEAR needs a width of at least 1: narrower is what LINEAR_EXACT means.
    """
    if not (math.isfinite(window.center) and math.isfinite(window.width)):
        return None
    if window.width <= 0:
        return replace(window, width=1e-6, function="LINEAR_EXACT")
    if window.function == "LINEAR" and window.width < 1:
        return replace(window, function="LINEAR_EXACT")
    return window


def zoomed(
    presentation: Presentation, factor: float, x: float, y: float, *, rows: int, cols: int
) -> Presentation:
    """Zoom by `factor` so that slice point (x, y) stays where it is on the screen."""
    if not (math.isfinite(factor) and factor > 0):
        return presentation
    zoom = min(max(presentation.zoom * factor, MIN_ZOOM), MAX_ZOOM)
    ratio = presentation.zoom / zoom
    at_x, at_y = presentation.pan or (cols / 2, rows / 2)
    pan = (x + (at_x - x) * ratio, y + (at_y - y) * ratio)
    return replace(presentation, zoom=zoom, pan=_inside(pan, rows, cols))


def panned(presentation: Presentation, dx: float, dy: float, *, rows: int, cols: int) -> Presentation:
    """Move the picture by (dx, dy) slice pixels; its centre stays within the slice."""
    at_x, at_y = presentation.pan or (cols / 2, rows / 2)
    return replace(presentation, pan=_inside((at_x - dx, at_y - dy), rows, cols))


def fitted(presentation: Presentation) -> Presentation:
    """The whole slice, centred; it stays turned as it is."""
    return replace(presentation, zoom=1.0, pan=None)


def rotated(presentation: Presentation, quarters: int) -> Presentation:
    """What is on the screen turned clockwise by `quarters`; what is at its centre stays there."""
    return _standing(presentation, presentation.turn.rotated(quarters))


def mirrored(presentation: Presentation, *, vertically: bool = False) -> Presentation:
    """What is on the screen mirrored left to right, or top to bottom; its centre stays where it is."""
    return _standing(presentation, presentation.turn.mirrored(vertically=vertically))


def _standing(presentation: Presentation, turn: Turn) -> Presentation:
    return replace(presentation, quarter_turns=turn.quarter_turns, flipped=turn.flipped)


def _inside(pan: tuple[float, float], rows: int, cols: int) -> tuple[float, float]:
    return min(max(pan[0], 0.0), float(cols)), min(max(pan[1], 0.0), float(rows))
