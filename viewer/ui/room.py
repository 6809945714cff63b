"""Sees to it that the window fits the screen: where it is too small for all panels, the last one asked for
stays and others make room."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QObject, QSize, Qt, QTimer
from PySide6.QtWidgets import QMainWindow, QWidget

from viewer.ui.dock import Dock

PICTURE = 340
"""Pixels of width below which the writing in the picture would lie upon itself."""

_MOVED_MS = 300
"""After so long the docks have come to rest: Qt moves them in an animation."""


class Room(QObject):
    """A panel that makes room counts as closed by the reader, or the program would open it again at once.

    Parameters
    ----------
    docks : the side panels by name; panels that are made later are told with `watch`.
    picture : is to keep a width of `PICTURE` while another panel could be closed.
    """

    def __init__(self, window: QMainWindow, docks: Mapping[str, Dock], picture: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self._picture = picture
        self._limit = QSize()
        self._moving = False
        """Whether panels are being closed or torn off: that opens and measures nothing."""
        self._docks: list[Dock] = []
        for dock in docks.values():
            self.watch(dock)

    def watch(self, dock: Dock) -> None:
        """Make room for this panel, too, whenever it opens."""
        self._docks.append(dock)
        self._measure()  # a dock that is added opens without saying so
        dock.opening.connect(self._measure)
        dock.visibilityChanged.connect(self._changed)

    def _measure(self) -> None:
        """Before Qt makes the window as large as all panels together."""
        if not self._moving:
            self._limit = self._room()

    def _changed(self, visible: bool) -> None:
        dock = self.sender()
        if visible and isinstance(dock, Dock) and self._window.isVisible():
            self._make_room(dock)

    def _make_room(self, asked: Dock) -> None:
        """Close others until the window fits; where even that does not help, tear the panel off."""
        self._moving = True
        for other in self._docks:
            if other is not asked and self._stands(other) and not self._fits(PICTURE):
                other.give_way()
        if not self._fits() and not asked.isFloating():
            asked.setFloating(True)
        QTimer.singleShot(0, self._shrink)

    @staticmethod
    def _stands(dock: Dock) -> bool:
        return dock.isVisible() and not dock.isFloating()

    def _shrink(self) -> None:
        """Opening the panel may have made the window as large as all panels together."""
        self._window.resize(self._window.size().boundedTo(self._limit))
        self._moving = False
        QTimer.singleShot(_MOVED_MS, self._widen)

    def _widen(self) -> None:
        """Give the picture what the panels can do without, where it is narrow."""
        if self._picture.isVisible() and self._picture.width() < PICTURE:
            docks = [dock for dock in self._docks if self._stands(dock)]
            least = [dock.minimumSizeHint().width() for dock in docks]
            self._window.resizeDocks(docks, least, Qt.Orientation.Horizontal)

    def _room(self) -> QSize:
        """What the screen has room for; a window that the reader drew over two of them keeps its size."""
        return self._window.screen().availableGeometry().size().expandedTo(self._window.size())

    def _fits(self, picture: int = 0) -> bool:
        """Whether everything finds its place, with so much width for the picture."""
        room, least = self._limit, self._window.minimumSizeHint()
        more = max(picture - self._picture.minimumSizeHint().width(), 0)
        return least.width() + more <= room.width() and least.height() <= room.height()
