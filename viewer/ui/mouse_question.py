"""Asks once, at the first start, what the mouse is to do; both habits are told in words."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from viewer.ui import theme
from viewer.ui.viewport import DRAGS

WORDS = {"window": "window", "zoom": "zoom", "pan": "pan", "scroll": "scroll slices"}
"""What `viewport.DRAGS` names, in a line of its own."""
TITLES = {"window": "&Window on the left button", "scroll": "&Scroll on the left button"}
KNOWN = {"window": "as most viewers do", "scroll": "as IHE recommends"}


def profile_words(profile: str) -> str:
    """What a mouse profile, a key of `DRAGS`, means; a line for each button ("Left drag: window")."""
    return "\n".join(f"{button.title()} drag: {WORDS[what]}" for button, what in DRAGS[profile].items())


class MouseQuestion(QFrame):
    """`answered` carries a key of `DRAGS`; `skipped` leaves everything as it is."""

    answered = Signal(str)
    skipped = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("dropZone")
        self.setAccessibleName("What is the mouse to do?")
        heading = QLabel("What is the mouse to do?")
        both = "The wheel scrolls slices in both. The View menu changes it at any time."
        self.buttons: dict[str, QPushButton] = {}
        grid = QGridLayout()
        grid.setHorizontalSpacing(12)
        for column, profile in enumerate(DRAGS):
            button = self.buttons[profile] = QPushButton(TITLES[profile])
            button.setProperty("profile", profile)
            button.setAccessibleDescription(f"{profile_words(profile)}; {KNOWN[profile]}")
            button.clicked.connect(self._answer)
            words = theme.named(QLabel(f"{profile_words(profile)}\n({KNOWN[profile]})"), "dim")
            grid.addWidget(button, 0, column)
            grid.addWidget(words, 1, column)
            grid.setColumnStretch(column, 1)
        self.skip = theme.named(QPushButton("Keep window on the left, do not ask again"), "link")
        self.skip.clicked.connect(self.skipped)
        page = QVBoxLayout(self)
        page.setContentsMargins(24, 18, 24, 14)
        page.setSpacing(8)
        page.addWidget(heading)
        page.addLayout(grid)
        page.addWidget(theme.named(QLabel(both), "dim"))
        page.addWidget(self.skip, alignment=Qt.AlignmentFlag.AlignLeft)
        self.hide()

    def _answer(self) -> None:
        button = self.sender()
        if button is not None:
            self.answered.emit(str(button.property("profile")))
