"""Tells once that a window has been painted: what its first picture can do without begins then."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QTimer, Signal, Slot
from PySide6.QtWidgets import QWidget

PATIENCE_MS = 1000
"""A window that no screen shows (started minimised, or hidden behind another) is not waited for longer."""


class FirstPaint(QObject):
    """`over` comes after the first paint of the window, or after `PATIENCE_MS`."""

    over = Signal()

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self._told = False
        window.installEventFilter(self)
        QTimer.singleShot(PATIENCE_MS, self._tell)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Paint:
            self._window.removeEventFilter(self)
            QTimer.singleShot(0, self._tell)
        return False

    @Slot()
    def _tell(self) -> None:
        if not self._told:
            self._told = True
            self._window.removeEventFilter(self)
            self.over.emit()
