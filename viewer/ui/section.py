"""A part of a side panel that opens and closes; closed, its heading says the gist."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from viewer.ui import theme


class Section(QWidget):
    """A heading that is a button, and a body below it."""

    def __init__(self, title: str, body: QWidget, *, opened: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.body = body
        self.button = theme.named(QToolButton(), "section")
        self.button.setText(title.upper())
        self.button.setAccessibleName(title)
        self.button.setCheckable(True)
        self.button.setChecked(opened)
        self.button.setIconSize(QSize(12, 12))
        self.button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.button.toggled.connect(self.set_opened)
        self._gist = theme.named(QLabel(), "dim")
        self._gist.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        over = QHBoxLayout(self.button)
        over.setContentsMargins(0, 1, 10, 0)
        over.addStretch(1)
        over.addWidget(self._gist)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.button)
        column.addWidget(body)
        self.set_opened(opened)

    @property
    def opened(self) -> bool:
        return self.button.isChecked()

    def set_opened(self, opened: bool) -> None:
        self.button.setChecked(opened)
        self.button.setIcon(theme.icon("expanded" if opened else "collapsed", theme.current().dim))
        self.body.setVisible(opened)
        self._gist.setVisible(not opened)

    def say(self, gist: str) -> None:
        """What to show beside the title while closed."""
        self._gist.setText(gist)
        self.button.setAccessibleDescription(gist)
