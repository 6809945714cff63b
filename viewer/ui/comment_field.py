"""What the reader writes about the study: kept with every letter, and printed on the report."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QPlainTextEdit, QVBoxLayout, QWidget

from viewer.commands.intents import Intents
from viewer.session.resolved_view import ResolvedView
from viewer.ui import own_keys

_LINES = 4


class CommentField(QWidget):
    """Tells each change at once: a comment that waits for a pause would be lost, or go to another study."""

    summary = Signal(str)

    def __init__(self, intents: Intents, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._intents = intents
        self.text = QPlainTextEdit(
            placeholderText="What you see, in your own words. It goes into the report."
        )
        self.text.setAccessibleName("Comment on the study")
        self.text.setTabChangesFocus(True)
        self.text.setFixedHeight(self.text.fontMetrics().lineSpacing() * _LINES + 18)
        own_keys.keep_keys(self.text, own_keys.TEXT)
        self.text.textChanged.connect(self._written)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 2, 8, 8)
        column.addWidget(self.text)

    def show_view(self, view: ResolvedView) -> None:
        """Show the comment on the study, unless it is what stands there already."""
        self.text.setEnabled(view.series is not None)
        written = self.text.toPlainText()
        if written != view.comment and (written.strip() or view.comment):
            self.text.blockSignals(True)
            self.text.setPlainText(view.comment)
            self.text.blockSignals(False)
        self.summary.emit(" ".join(view.comment.split()))

    def _written(self) -> None:
        self._intents.key_images.set_comment(self.text.toPlainText())
