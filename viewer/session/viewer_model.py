"""ViewerModel: the one mutable object of a session."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from PySide6.QtCore import QObject, Signal

from viewer.session.state import ViewerState


class ViewerModel(QObject):
    """Holds the state; a change replaces it and is announced once, and only if it is one."""

    changed = Signal(object, object)
    """(old, new): both ViewerState."""

    def __init__(self, state: ViewerState | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._state = state or ViewerState()

    @property
    def state(self) -> ViewerState:
        return self._state

    def update(self, **changes: Any) -> None:
        """Replace fields of the state: ``model.update(slice=3)``."""
        old, new = self._state, replace(self._state, **changes)
        if new != old:
            self._state = new
            self.changed.emit(old, new)
