"""Taking back and doing again what the reader did, by value."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from PySide6.QtCore import QObject

from viewer.controller.analysis import Analysis
from viewer.controller.desk import Desk
from viewer.session.state import ViewerState


class Editing(QObject):
    """Records every change of state; `undo` and `redo` bring back another."""

    def __init__(self, desk: Desk, analysis: Analysis) -> None:
        super().__init__(desk)
        self._desk = desk
        self._analysis = analysis
        self._gesture = ""
        self._silent = False
        desk.study_changed.connect(desk.history.forget)

    def record(self, old: ViewerState, new: ViewerState) -> None:
        """Keep a change, if the reader made it."""
        if not self._silent:
            self._desk.history.record(old, new, self._gesture)

    @contextmanager
    def gesture(self, name: str) -> Iterator[None]:
        """Changes made inside are part of one gesture, as long as no pause parts them."""
        self._gesture, outer = name, self._gesture
        try:
            yield
        finally:
            self._gesture = outer

    @contextmanager
    def unrecorded(self) -> Iterator[None]:
        """Changes made inside are no step: what the reader peeks at, what is restored."""
        self._silent, outer = True, self._silent
        try:
            yield
        finally:
            self._silent = outer

    def undo(self) -> None:
        self._bring(self._desk.history.undo(self._desk.state))

    def redo(self) -> None:
        self._bring(self._desk.history.redo(self._desk.state))

    def _bring(self, changes: dict[str, Any]) -> None:
        desk = self._desk
        if changes.get("series") not in desk.series:  # regrouped while files still arrived
            changes = {name: value for name, value in changes.items() if name not in ("series", "slice")}
        if not changes:
            return
        old = desk.state.explanation
        explanation = changes.pop("explanation", old)
        with self.unrecorded():
            desk.model.update(**changes)
            if explanation.model != old.model:
                self._analysis.cancel()
            if explanation != old:
                self._analysis.explain(**_fields(explanation))
        desk.learned.emit()  # Undo and Redo have other names now


def _fields(explanation: Any) -> dict[str, Any]:
    blank = type(explanation)()
    return {name: getattr(explanation, name) for name in replace(blank).__slots__}
