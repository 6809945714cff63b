"""Sees to it that the window fits the screen: where it is too small for all panels, the last one asked for
stays and others make room."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QObject, QSize, QTimer
from PySide6.QtWidgets import QMainWindow

from viewer.ui.dock import Dock


class Room(QObject):
    """A panel that makes room counts as closed by the reader, or the program would open it again at once.

    Parameters
    ----------
    docks : the side panels by name; panels that are made later are told with `watch`.
    """

    def __init__(self, window: QMainWindow, docks: Mapping[str, Dock]) -> None:
        super().__init__(window)
        self._window = window
        self._docks: list[Dock] = []
        for dock in docks.values():
            self.watch(dock)

    def watch(self, dock: Dock) -> None:
        """Make room for this panel, too, whenever it opens."""
        self._docks.append(dock)
        dock.visibilityChanged.connect(self._changed)

    def _changed(self, visible: bool) -> None:
        dock = self.sender()
        if visible and isinstance(dock, Dock) and self._window.isVisible():
            self._make_room(dock)

    def _make_room(self, asked: Dock) -> None:
        """Close others until the window fits; where even that does not help, tear the panel off."""
        if self._fits():
            return
        for other in self._docks:
            if other is not asked and other.isVisible() and not other.isFloating() and not self._fits():
                other.give_way()
        if not self._fits() and not asked.isFloating():
            asked.setFloating(True)
        QTimer.singleShot(0, self._shrink)

    def _shrink(self) -> None:
        """Opening the panel has made the window as large as all panels together."""
        self._window.resize(self._window.size().boundedTo(self._room()))

    def _room(self) -> QSize:
        return self._window.screen().availableGeometry().size()

    def _fits(self) -> bool:
        room, least = self._room(), self._window.minimumSizeHint()
        return least.width() <= room.width() and least.height() <= room.height()
