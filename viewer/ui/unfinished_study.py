"""On the start page after a crash: one button goes on where it stopped; nothing is opened by itself."""

from __future__ import annotations

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from viewer.session.kept import Recent
from viewer.session.recent import called
from viewer.ui import theme
from viewer.ui.recent_list import Line

WHAT = "Glassbox ended unexpectedly. Go on where it stopped?"
WORDS = "What you marked is kept. Nothing is opened unless you say so."


class UnfinishedStudy(QFrame):
    """Hidden unless there is something to offer."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("offer")
        self.setAccessibleName(WHAT)
        self._study: Recent | None = None
        self._hidden = False
        self._what = Line()
        self.go_on = theme.named(QPushButton("&Go on"), "primary")
        row = QHBoxLayout()
        row.setSpacing(12)
        row.addWidget(self._what, 1)
        row.addWidget(self.go_on)
        page = QVBoxLayout(self)
        page.setContentsMargins(24, 14, 24, 14)
        page.setSpacing(6)
        page.addWidget(QLabel(WHAT))
        page.addLayout(row)
        page.addWidget(theme.named(QLabel(WORDS), "dim"))
        self.hide()

    def sizeHint(self) -> QSize:
        """As wide as what stands below it on the start page, where there is room."""
        return super().sizeHint().expandedTo(QSize(518, 0))

    def offer(self, study: Recent | None) -> None:
        """Offer to open what was open; None: nothing."""
        self._study = study
        self._show()

    def hide_identity(self, hidden: bool) -> None:
        """Whether the study may be called by what is known of it."""
        if hidden != self._hidden:
            self._hidden = hidden
            self._show()

    def _show(self) -> None:
        if self._study is not None:
            what = called(self._study, hidden=self._hidden)
            text = f"{what.title}: {what.detail}" if what.detail else what.title
            self._what.tell(text)
            self._what.setToolTip(what.tip)
            self.go_on.setAccessibleName(f"Go on where it stopped: {text}")
            self.go_on.setAccessibleDescription(WORDS)
        self.setVisible(self._study is not None)
