"""How a slice and its overlay look: the part of the controller that answers these intents.

Every change is a new value of `ViewerState`; drags are one step to undo.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from viewer.controller.desk import Desk
from viewer.controller.editing import Editing
from viewer.session import moves
from viewer.session.resolved_view import ResolvedView
from viewer.session.state import Presentation, ViewerState
from viewer.study import Window

OPACITY_STEP = 0.1


class Looking:
    """Window, zoom, turn and overlay. The controller has the desk and the editing that it works with."""

    _desk: Desk
    _editing: Editing
    _peeking = False

    @property
    def view(self) -> ResolvedView:
        """What is shown now."""
        return self._desk.shown

    @property
    def state(self) -> ViewerState:
        return self._desk.state

    def set_window(self, window: Window | None) -> None:
        good = moves.usable(window) if window is not None else None
        if window is None or good is not None:
            self._desk.model.update(window=good, voi_lut=None)

    def set_preset(self, number: int) -> None:
        shown, presets = self.view.slice, self.view.presets
        chosen = presets[number - 1] if 1 <= number <= len(presets) else None
        if isinstance(chosen, Window):
            self.set_window(chosen)
        elif chosen is not None and shown is not None:
            self.set_voi_lut(shown.luts.index(chosen))

    def set_voi_lut(self, index: int) -> None:
        self._desk.model.update(window=None, voi_lut=max(0, index))

    def drag_window(self, dx: float, dy: float) -> None:
        view = self.view
        if view.slice is not None and not view.slice.is_color:
            # A VOI LUT cannot be dragged: the first window on offer takes its place.
            start, negative = view.window or view.window_choices[0], view.slice.inverted != view.invert
            with self._editing.gesture("window"):
                self.set_window(moves.dragged(start, dx, dy, negative=negative))

    def toggle_invert(self) -> None:
        self._desk.model.update(invert=not self.state.invert)

    def toggle_graphics(self) -> None:
        self._desk.model.update(graphics=not self.state.graphics)

    def toggle_shutter(self) -> None:
        self._desk.model.update(shutter=not self.state.shutter)

    def zoom_at(self, factor: float, x: float, y: float) -> None:
        header = self.view.header
        if header is not None:
            size = {"rows": header.rows, "cols": header.cols}
            with self._editing.gesture("zoom"):
                zoomed = moves.zoomed(self.state.presentation, factor, x, y, **size)
                self._desk.model.update(presentation=zoomed)

    def pan_by(self, dx: float, dy: float) -> None:
        header = self.view.header
        if header is not None:
            size = {"rows": header.rows, "cols": header.cols}
            with self._editing.gesture("pan"):
                panned = moves.panned(self.state.presentation, dx, dy, **size)
                self._desk.model.update(presentation=panned)

    def fit(self) -> None:
        self._desk.model.update(presentation=moves.fitted(self.state.presentation))

    def rotate(self, quarters: int) -> None:
        if self.view.series is not None:
            self._desk.model.update(presentation=moves.rotated(self.state.presentation, quarters))

    def flip(self, *, vertically: bool = False) -> None:
        if self.view.series is not None:
            presentation = moves.mirrored(self.state.presentation, vertically=vertically)
            self._desk.model.update(presentation=presentation)

    def reset(self) -> None:
        self._desk.model.update(presentation=Presentation(), window=None, voi_lut=None, invert=False)

    def set_overlay(self, **changes: Any) -> None:
        overlay = replace(self.state.overlay, **changes)
        overlay = replace(
            overlay,
            opacity=min(max(overlay.opacity, 0.0), 1.0),
            threshold=min(max(overlay.threshold, 0.0), 1.0),
        )
        sliding = len(changes) == 1 and not changes.keys().isdisjoint(("opacity", "threshold"))
        with self._editing.gesture(f"overlay {next(iter(changes))}" if sliding else ""):
            self._desk.model.update(overlay=overlay)

    def toggle_overlay(self) -> None:
        self.set_overlay(visible=not self.state.overlay.visible)

    def step_opacity(self, n: int) -> None:
        self.set_overlay(opacity=round(self.state.overlay.opacity + n * OPACITY_STEP, 3))

    def peek(self, on: bool) -> None:
        if on or self._peeking:
            self._peeking = on
            with self._editing.unrecorded():
                self.set_overlay(visible=on)
