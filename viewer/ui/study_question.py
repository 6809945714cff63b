"""Asks where the study of a report lies, when it is not where it was."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QMessageBox, QWidget

from viewer.commands.intents import Intents


class StudyQuestion(QMessageBox):
    """`open` it; the folder goes to `Intents.open_study`."""

    def __init__(self, intents: Intents, why: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._intents = intents
        self.setWindowTitle("Study of the Report")
        self.setText(why)
        self.setInformativeText("Choose the folder of the study to bring the report back.")
        self.choose = self.addButton("Choose Folder…", QMessageBox.ButtonRole.AcceptRole)
        self.addButton(QMessageBox.StandardButton.Cancel)
        self.setDefaultButton(self.choose)
        self.accepted.connect(self._ask)

    def _ask(self) -> None:
        folder = QFileDialog.getExistingDirectory(self.parentWidget(), "Folder of the Study")
        if folder:
            self._intents.open_study(Path(folder))
