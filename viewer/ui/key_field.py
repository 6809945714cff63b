"""A field that takes the next key one presses, whatever it does elsewhere."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QKeyCombination, Qt, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import QLineEdit, QWidget

_ALONE = frozenset(
    {
        Qt.Key.Key_Shift,
        Qt.Key.Key_Control,
        Qt.Key.Key_Alt,
        Qt.Key.Key_AltGr,
        Qt.Key.Key_Meta,
        Qt.Key.Key_Super_L,
        Qt.Key.Key_Super_R,
        Qt.Key.Key_CapsLock,
        Qt.Key.Key_NumLock,
        Qt.Key.Key_ScrollLock,
        Qt.Key.Key_unknown,
    }
)


def portable(event: QKeyEvent) -> str:
    """The key of an event as the command table writes it ("Ctrl+Shift+O", "?"); "" for a modifier alone.

    A character that needs Shift on this keyboard ("?", "!") is written without it, as in the table; a
    letter keeps it ("Shift+H").
    """
    key = Qt.Key(event.key())
    if key in _ALONE:
        return ""
    modifiers = event.modifiers() & ~(
        Qt.KeyboardModifier.KeypadModifier | Qt.KeyboardModifier.GroupSwitchModifier
    )
    character = event.text()
    if len(character) == 1 and character.isprintable() and not character.isalpha() and character != " ":
        modifiers &= ~Qt.KeyboardModifier.ShiftModifier
    return QKeySequence(QKeyCombination(modifiers, key)).toString(QKeySequence.SequenceFormat.PortableText)


class KeyField(QLineEdit):
    """`pressed` carries the key; `left` says that Esc was pressed. Tab goes on to the next control."""

    pressed = Signal(str)
    left = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, readOnly=True, placeholderText="Press a key")
        self.setMinimumWidth(self.fontMetrics().horizontalAdvance("Ctrl+Shift+PgDown") + 18)
        self.setAccessibleName("New key")
        self.setAccessibleDescription("Press the key that the command is to have; Esc goes back.")
        self.setAttribute(Qt.WidgetAttribute.WA_InputMethodEnabled, False)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride:
            event.accept()  # nothing that has this key already may run
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        event.accept()
        if event.isAutoRepeat():
            return
        if event.key() == Qt.Key.Key_Escape and not event.modifiers():
            self.left.emit()
            return
        key = portable(event)
        if key:
            self.pressed.emit(key)
