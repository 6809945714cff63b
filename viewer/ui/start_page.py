"""What stands where the picture will be, while nothing is open: how to open something."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from viewer.commands.intents import Intents
from viewer.ui import theme
from viewer.ui.about import DISCLAIMER

_RECENT = 5


class StartPage(QWidget):
    """Open a folder, a file or the sample study, drop something, or take up where one left."""

    folder_asked = Signal()
    file_asked = Signal()

    def __init__(self, intents: Intents, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("startPage")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._intents = intents
        self._zone = theme.named(QFrame(), "dropZone")
        self._zone.setMinimumWidth(470)
        self._zone.setMaximumWidth(560)
        title = theme.named(QLabel("Drop a study here", alignment=Qt.AlignmentFlag.AlignCenter), "title")
        what = theme.named(QLabel("a folder, a DICOM file, a DICOMDIR or a ZIP"), "dim")
        what.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.folder = theme.named(QPushButton("Open folder…"), "primary")
        self.file = QPushButton("Open file…")
        self.sample = QPushButton("Open the sample study")
        self.folder.clicked.connect(self.folder_asked)
        self.file.clicked.connect(self.file_asked)
        self.sample.clicked.connect(self._open_sample)
        buttons = QHBoxLayout()
        for button, name in ((self.folder, "open"), (self.file, "file"), (self.sample, "sample")):
            button.setIcon(theme.icon(name, theme.DARK.text))
            buttons.addWidget(button)
        self._recent_title = theme.named(QLabel("RECENT"), "dim")
        self._recent = QGridLayout()
        self._recent.setVerticalSpacing(1)
        self._recent.setColumnStretch(1, 1)
        column = QVBoxLayout(self._zone)
        column.setContentsMargins(36, 30, 36, 26)
        column.setSpacing(10)
        for widget in (title, what):
            column.addWidget(widget)
        column.addSpacing(8)
        column.addLayout(buttons)
        column.addSpacing(8)
        column.addWidget(self._recent_title)
        column.addLayout(self._recent)
        note = QLabel(DISCLAIMER, alignment=Qt.AlignmentFlag.AlignCenter)
        note.setStyleSheet(f"color: {theme.DARK.dim}")
        page = QVBoxLayout(self)
        page.addStretch(1)
        page.addWidget(self._zone, alignment=Qt.AlignmentFlag.AlignHCenter)
        page.addStretch(1)
        page.addWidget(note)
        self.show_recent(())

    def show_recent(self, paths: Sequence[str]) -> None:
        """List studies opened lately, newest first."""
        while (item := self._recent.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.deleteLater()
        for row, path in enumerate(paths[:_RECENT]):
            button = theme.named(QPushButton(Path(path).name or path), "link")
            button.setToolTip(path)
            button.setAccessibleName(f"Open {path}")
            button.setProperty("path", path)
            button.clicked.connect(self._open_recent)
            where = theme.named(QLabel(self._shortened(str(Path(path).parent))), "dim")
            self._recent.addWidget(button, row, 0)
            self._recent.addWidget(where, row, 1)
        self._recent_title.setVisible(bool(paths))

    def show_dropping(self, dropping: bool) -> None:
        """Light up while something is dragged over the window."""
        self._zone.setProperty("dropping", dropping)
        self._zone.style().unpolish(self._zone)
        self._zone.style().polish(self._zone)

    def _shortened(self, text: str) -> str:
        return self.fontMetrics().elidedText(text, Qt.TextElideMode.ElideMiddle, 250)

    def _open_sample(self) -> None:
        self._intents.open_sample()

    def _open_recent(self) -> None:
        button = self.sender()
        if button is not None:
            self._intents.open(Path(str(button.property("path"))))
