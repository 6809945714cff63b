"""A side panel that can be closed, moved, or torn off to a second monitor."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QDockWidget, QHBoxLayout, QLabel, QMainWindow, QToolButton, QWidget

from viewer.ui import theme


class Dock(QDockWidget):
    """A dock with a quiet title bar. `closed_by_reader`: by ✕, not by the program; `opening`: before it is
    shown, the moment to give it a body if it was made without one."""

    closed_by_reader = Signal()
    opening = Signal()

    def __init__(self, name: str, title: str, body: QWidget | None, window: QMainWindow) -> None:
        super().__init__(title, window)
        self.setObjectName(name)
        if body is not None:
            self.setWidget(body)
        self.setAccessibleName(title)
        bar = theme.named(QWidget(), "panelTitle")
        bar.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        heading = theme.named(QLabel(title.upper()), "heading")
        self._close = QToolButton()
        self._close.setIconSize(QSize(14, 14))
        self._close.setToolTip(f"Close {title}")
        self._close.setAccessibleName(f"Close {title}")
        self._close.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._close.clicked.connect(self.give_way)
        row = QHBoxLayout(bar)
        row.setContentsMargins(10, 3, 4, 3)
        row.addWidget(heading)
        row.addStretch(1)
        row.addWidget(self._close)
        self.setTitleBarWidget(bar)
        self.dress()

    def dress(self) -> None:
        """Take the icons of the theme in force."""
        self._close.setIcon(theme.icon("cancel", theme.current().dim))

    def setVisible(self, visible: bool) -> None:
        if visible and self.isHidden():
            self.opening.emit()
        super().setVisible(visible)

    def give_way(self) -> None:
        """Close as the reader would."""
        self.hide()
        self.closed_by_reader.emit()
