"""The marks of the study: the list of all, and under it the chosen one."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget

from viewer.commands.intents import Intents
from viewer.session.resolved_view import ResolvedView
from viewer.session.slice_places import Places
from viewer.ui import theme
from viewer.ui.chosen_mark import ChosenMark
from viewer.ui.mark_list import MarkList
from viewer.ui.mark_rows import Row


class StudyMarks(QWidget):
    """`done`: the keys go back to the picture."""

    summary = Signal(str)
    done = Signal()

    def __init__(self, intents: Intents, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._intents = intents
        self.list = MarkList(intents)
        self.chosen = ChosenMark(intents)
        self.chosen.done.connect(self.done)
        self.list.rename_asked.connect(self._ask_name)
        self.note = theme.named(QLabel(wordWrap=True), "dim")
        self.hidden = theme.named(QPushButton("Marks are hidden: show them"), "link")
        self.hidden.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.hidden.clicked.connect(self._show_marks)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 4)
        column.setSpacing(2)
        for widget in (self.list, self.chosen):
            column.addWidget(widget)
        below = QVBoxLayout()
        below.setContentsMargins(8, 2, 8, 2)
        below.addWidget(self.note)
        below.addWidget(self.hidden, alignment=Qt.AlignmentFlag.AlignLeft)
        column.addLayout(below)

    def show_view(self, view: ResolvedView, places: Places) -> None:
        """Show all marks of the study, and the figures of the chosen one."""
        self.list.show_view(view, places)
        row = self.list.currentIndex().data(Qt.ItemDataRole.UserRole)
        self.chosen.setVisible(isinstance(row, Row))
        if isinstance(row, Row):
            here = view.header is not None and view.header.key == row.mark.instance and view.marks_visible
            self.chosen.show_mark(row.mark, self.list.marks.words.shown(row), here=here)
        count = len(view.all_marks)
        self.list.setVisible(bool(count))
        self.note.setText("No marks yet. Take a tool in hand and draw on the picture.")
        self.note.setVisible(not count)
        self.hidden.setVisible(bool(count) and not view.marks_visible)
        self.summary.emit(str(count) if count else "")

    def dress(self) -> None:
        self.chosen.dress()

    def _ask_name(self) -> None:
        if self.chosen.isVisible() and self.chosen.name.isEnabled():
            self.chosen.name.setFocus(Qt.FocusReason.OtherFocusReason)
            self.chosen.name.selectAll()

    def _show_marks(self) -> None:
        self._intents.marks.toggle()
