"""What a later start asks of the window that is open: to come to the front, and to open a study."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Qt, Slot
from PySide6.QtWidgets import QApplication, QWidget

from viewer.commands.intents import Intents
from viewer.instance import Instance


class LaterStarts(QObject):
    """Hears from `listen` to `close`; where another window listens already, nothing is heard here."""

    def __init__(self, window: QWidget, intents: Intents) -> None:
        super().__init__(window)
        self._window = window
        self._intents = intents
        self._instance = Instance(self)
        self._instance.asked.connect(self._on_asked)

    @Slot()
    def listen(self) -> None:
        """Be found by later starts."""
        self._instance.listen()

    def close(self) -> None:
        """The window goes: the next start opens one of its own."""
        self._instance.close()

    @Slot(object)
    def _on_asked(self, path: Path | None) -> None:
        window = self._window
        window.setWindowState(window.windowState() & ~Qt.WindowState.WindowMinimized)
        window.raise_()
        window.activateWindow()
        QApplication.alert(window)  # where a system lets no program come to the front by itself
        if path is not None:
            self._intents.open(path)
