"""What every dialog of Glassbox keeps to: it fits the screen, whatever the size of the interface."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QDialog, QFrame, QScrollArea, QWidget

_SHARE = 0.94
"""Of the screen: the rest is for the window's own frame."""


def fit(dialog: QDialog, width: int, height: int) -> None:
    """Give a dialog this size, or what the screen has room for."""
    screen = dialog.screen()
    dialog.resize(QSize(width, height).boundedTo(screen.availableGeometry().size() * _SHARE))


def scrolling(body: QWidget) -> QScrollArea:
    """The widget in an area that scrolls where the screen is too small for it."""
    area = _Area(body)
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    return area


class _Area(QScrollArea):
    """Asks for as much room as its body would, and makes do with little."""

    def __init__(self, body: QWidget) -> None:
        super().__init__()
        self._body = body
        self.setWidget(body)

    def sizeHint(self) -> QSize:
        return self._body.sizeHint()

    def minimumSizeHint(self) -> QSize:
        least = self._body.minimumSizeHint()
        return QSize(least.width() + self.verticalScrollBar().sizeHint().width(), min(least.height(), 80))
