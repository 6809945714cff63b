"""What Glassbox is not for, above the picture until the reader has said once that it is understood."""

from __future__ import annotations

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QWidget

from viewer.ui import theme
from viewer.ui.about import DISCLAIMER
from viewer.ui.intents import WindowIntents

WORDS = "Glassbox shows what a network answered; the reading stays yours."


class DisclaimerLine(QFrame):
    """It covers nothing and stops nothing: whoever opens a study in a hurry meets it beside the picture."""

    def __init__(self, intents: WindowIntents, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("disclaimer")
        self._intents = intents
        self.words = QLabel(f"<b>{DISCLAIMER}</b> {WORDS}", wordWrap=True)
        self.understood = theme.named(QPushButton("I &understand"), "primary")
        self.understood.setAccessibleDescription(f"{DISCLAIMER} {WORDS}")
        self.understood.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click leaves the keys with the picture
        self.understood.clicked.connect(self._acknowledge)
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 8, 10, 8)
        row.setSpacing(14)
        row.addWidget(self.words, 1)
        row.addWidget(self.understood)

    @Slot()
    def _acknowledge(self) -> None:
        self._intents.keep_settings(disclaimer_read=True)
        self.hide()
