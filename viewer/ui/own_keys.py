"""Keys that belong to a control while it has the focus, although the window has shortcuts on them."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QWidget

ROWS = frozenset(
    {
        Qt.Key.Key_Up,
        Qt.Key.Key_Down,
        Qt.Key.Key_PageUp,
        Qt.Key.Key_PageDown,
        Qt.Key.Key_Home,
        Qt.Key.Key_End,
    }
)
"""What moves through a list."""
TEXT = ROWS | {Qt.Key.Key_Left, Qt.Key.Key_Right}
"""What moves through a text."""
_PLAIN = Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.KeypadModifier


class _Keeper(QObject):
    """Qt asks the focused widget before a shortcut takes a key: this answers for it."""

    def __init__(self, widget: QWidget, keys: frozenset[Qt.Key]) -> None:
        super().__init__(widget)
        self._keys = keys

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() != QEvent.Type.ShortcutOverride or not isinstance(event, QKeyEvent):
            return False
        own = Qt.Key(event.key()) in self._keys and event.modifiers() in _PLAIN
        if own:
            event.accept()
        return own


def keep_keys(widget: QWidget, keys: Iterable[Qt.Key]) -> None:
    """Give these keys, plain or with Shift, to `widget` while it has the focus."""
    widget.installEventFilter(_Keeper(widget, frozenset(keys)))
