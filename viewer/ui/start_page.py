"""What stands where the picture will be, while nothing is open: how to open something."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from viewer.commands.intents import Intents
from viewer.session.kept import Recent
from viewer.ui import theme
from viewer.ui.about import DISCLAIMER
from viewer.ui.dialog import scrolling
from viewer.ui.mouse_question import MouseQuestion
from viewer.ui.recent_list import RecentList
from viewer.ui.unfinished_study import UnfinishedStudy

_RECENT = 5
WHAT = "Glassbox shows DICOM studies, and what a neural network saw in them.\nNothing leaves this machine."


class StartPage(QWidget):
    """What this is; open a folder, a file or the sample study, drop something, or take up where one left."""

    folder_asked = Signal()
    file_asked = Signal()
    guide_asked = Signal()

    def __init__(self, intents: Intents, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("startPage")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._intents = intents
        self._zone = theme.named(QFrame(), "dropZone")
        title = theme.named(QLabel("Drop a study here", alignment=Qt.AlignmentFlag.AlignCenter), "title")
        what = theme.named(QLabel("a folder, a DICOM file, a DICOMDIR, a ZIP or an exported report"), "dim")
        what.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.folder = theme.named(QPushButton("Open folder…"), "primary")
        self.file = QPushButton("Open file…")
        self.sample = QPushButton("Open the sample study")
        self._used = False
        """Whether the reader opens something from here, so that the study is not one of the command line."""
        for button in (self.folder, self.file, self.sample):
            button.clicked.connect(self._use)
        self.folder.clicked.connect(self.folder_asked)
        self.file.clicked.connect(self.file_asked)
        self.sample.clicked.connect(self._open_sample)
        buttons = QHBoxLayout()
        for button, name in ((self.folder, "open"), (self.file, "file"), (self.sample, "sample")):
            button.setIcon(theme.icon(name, theme.DARK.text))
            buttons.addWidget(button)
        about = theme.named(QLabel(WHAT, alignment=Qt.AlignmentFlag.AlignCenter), "dim")
        self.guide = theme.named(QPushButton("What is this? Read the user guide"), "link")
        self.guide.clicked.connect(self.guide_asked)
        self._recent_title = theme.named(QLabel("RECENT"), "dim")
        self.recent = RecentList(_RECENT)
        self.recent.chosen.connect(self._open_recent)
        self.unfinished = UnfinishedStudy()
        self.unfinished.go_on.clicked.connect(self._go_on)
        column = QVBoxLayout(self._zone)
        column.setContentsMargins(24, 26, 24, 22)
        column.setSpacing(10)
        for widget in (title, what):
            column.addWidget(widget)
        column.addSpacing(8)
        column.addLayout(buttons)
        column.addSpacing(8)
        column.addWidget(about)
        column.addWidget(self.guide, alignment=Qt.AlignmentFlag.AlignHCenter)
        column.addSpacing(4)
        column.addWidget(self._recent_title)
        column.addWidget(self.recent)
        note = QLabel(DISCLAIMER, alignment=Qt.AlignmentFlag.AlignCenter)
        note.setStyleSheet(f"color: {theme.DARK.dim}")
        note.setWordWrap(True)
        self.question = MouseQuestion()
        body = theme.named(QWidget(), "startPage")
        page = QVBoxLayout(body)
        page.setSpacing(14)
        page.setContentsMargins(6, 9, 6, 9)
        page.addStretch(1)
        for part in (self.unfinished, self.question, self._zone):
            part.setMaximumWidth(560)
            page.addWidget(part, alignment=Qt.AlignmentFlag.AlignHCenter)
        page.addStretch(1)
        page.addWidget(note)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        area = scrolling(body)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        area.setMinimumSize(200, 120)  # or the picture, which takes the same place, could be no smaller
        whole.addWidget(area)
        self.show_recent(())

    def show_recent(self, recent: Sequence[Recent]) -> None:
        """List studies opened lately, newest first."""
        self.recent.show_recent(recent)
        for part in (self._recent_title, self.recent):
            part.setVisible(bool(recent))

    def show_unfinished(self, unfinished: Recent | None) -> None:
        """Offer to go on with what was open when Glassbox was killed."""
        self.unfinished.offer(unfinished)

    def hide_identity(self, hidden: bool) -> None:
        """Whether studies may be called by what is known of them."""
        self.recent.hide_identity(hidden)
        self.unfinished.hide_identity(hidden)

    def _use(self) -> None:
        self._used = True

    def showEvent(self, event: QShowEvent) -> None:
        """The first key pressed goes to opening a study, never to what is offered after a crash."""
        self.folder.setFocus()
        super().showEvent(event)

    def hideEvent(self, event: QHideEvent) -> None:
        """Who opens a study and passes the question by has skipped it."""
        if self._used and not self.question.isHidden():
            self.question.skipped.emit()
        super().hideEvent(event)

    def show_dropping(self, dropping: bool) -> None:
        """Light up while something is dragged over the window."""
        self._use()
        self._zone.setProperty("dropping", dropping)
        self._zone.style().unpolish(self._zone)
        self._zone.style().polish(self._zone)

    def _open_sample(self) -> None:
        self._intents.open_sample()

    def _open_recent(self, path: str) -> None:
        self._use()
        self._intents.open(Path(path))

    def _go_on(self) -> None:
        self._use()
        self._intents.keeping.go_on()
