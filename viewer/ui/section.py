"""A part of a side panel that opens and closes; closed, its heading says the gist."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QResizeEvent
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
        self._said = ""
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
        if not opened:
            self._fit()

    def say(self, gist: str) -> None:
        """What to show beside the title while closed."""
        if gist == self._said:
            return
        self._said = gist
        if not self.opened:
            self._fit()
        self.button.setAccessibleDescription(gist)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self._fit()

    def _fit(self) -> None:
        """Shorten the gist where it would run into the title."""
        room = max(self.width() - self.button.sizeHint().width() - 16, 0)
        self._gist.setText(self._gist.fontMetrics().elidedText(self._said, Qt.TextElideMode.ElideRight, room))
        self._gist.setToolTip(self._said)
        if (layout := self.button.layout()) is not None:
            layout.activate()  # a button does not follow what is laid out on it


def stacked(sections: Sequence[Section], inside: QWidget | None = None) -> QWidget:
    """What a side panel scrolls: sections one below the other, each told the gist of its body; `inside` is
    where they lie, if they were made there."""
    inside = theme.named(inside or QWidget(), "panel")
    inside.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
    column = QVBoxLayout(inside)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(0)
    for section in sections:
        section.body.summary.connect(section.say)  # type: ignore[attr-defined]
        column.addWidget(section)
    column.addStretch(1)
    return inside
