"""Writing the text of a mark where it stands, in the picture."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QLineEdit, QWidget

from viewer.annotate.mark import ShownMark
from viewer.commands.intents import Intents
from viewer.commands.mark_intents import Point

_WIDTH = 220


class TextEntry(QLineEdit):
    """One line over the picture. Enter and a click elsewhere keep what was typed, Esc drops it.

    Parameters
    ----------
    done : called once, with the text, or None if it was dropped.
    """

    def __init__(self, parent: QWidget, text: str, done: Callable[[str | None], None]) -> None:
        super().__init__(text, parent)
        self._picture = parent
        self._done: Callable[[str | None], None] | None = done
        self.setAccessibleName("Text of the mark")
        self.setPlaceholderText("Text")
        self.setMaxLength(500)
        self.selectAll()

    def open_at(self, point: QPointF) -> None:
        """Show it beside a point of the parent, inside the parent."""
        size = self.sizeHint()
        self.resize(_WIDTH, size.height())
        room = self._picture.rect().adjusted(4, 4, -4, -4)
        left = min(max(round(point.x()) + 8, room.left()), room.right() - _WIDTH)
        top = min(max(round(point.y()) - size.height() // 2, room.top()), room.bottom() - size.height())
        self.move(left, top)
        self.show()
        self.setFocus(Qt.FocusReason.OtherFocusReason)

    def keep(self) -> None:
        """Take what was typed."""
        self._finish(self.text().strip())

    def drop(self) -> None:
        """Take nothing."""
        self._finish(None)

    def _finish(self, text: str | None) -> None:
        done, self._done = self._done, None
        if done is None:
            return
        focused = self.hasFocus()
        self.hide()
        self.deleteLater()
        if focused:
            self._picture.setFocus(Qt.FocusReason.OtherFocusReason)
        done(text)

    def event(self, event: QEvent) -> bool:
        # Before the window's own commands: Esc would put the tool away, and this would stay; and before the
        # picture, which Enter goes on to: it would draw another mark.
        if isinstance(event, QKeyEvent) and event.key() in _ENDS:
            if event.type() == QEvent.Type.ShortcutOverride:
                event.accept()
                return True
            if event.type() == QEvent.Type.KeyPress:
                _ENDS[Qt.Key(event.key())](self)
                return True
        return super().event(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        # Its own context menu takes the focus for a while.
        if event.reason() != Qt.FocusReason.PopupFocusReason:
            self.keep()


_ENDS = {
    Qt.Key.Key_Escape: TextEntry.drop,
    Qt.Key.Key_Return: TextEntry.keep,
    Qt.Key.Key_Enter: TextEntry.keep,
}


class MarkWriter:
    """Opens a `TextEntry` on a picture, and hands what was written to the mark."""

    def __init__(self, picture: QWidget, intents: Intents) -> None:
        self._picture, self._intents = picture, intents
        self.entry: TextEntry | None = None

    def new(self, points: tuple[Point, ...], at: QPointF) -> None:
        """Write a mark that is nothing but text; without a letter there is none."""
        self._open("", at, lambda text: self._intents.marks.add("text", points, text) if text else None)

    def edit(self, shown: ShownMark, at: QPointF) -> None:
        """Write on a mark."""
        mark, marks = shown.mark, self._intents.marks
        if mark.locked:
            marks.change(mark.id, text=mark.text)  # says that it is locked
            return

        def write(text: str) -> None:
            if text != mark.text and (text or mark.kind != "text"):
                marks.change(mark.id, text=text)

        self._open(mark.text, at, write)

    def keep(self) -> bool:
        """Take what is being written; whether there was something."""
        if self.entry is None:
            return False
        self.entry.keep()
        return True

    def _open(self, text: str, at: QPointF, keep: Callable[[str], object]) -> None:
        def done(written: str | None) -> None:
            self.entry = None
            if written is not None:
                keep(written)

        self.keep()
        self.entry = TextEntry(self._picture, text, done)
        self.entry.open_at(at)
