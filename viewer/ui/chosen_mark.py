"""The chosen mark: its name, colour and lock, all its figures, and the histogram of a region."""

from __future__ import annotations

from html import escape

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QLineEdit, QToolButton, QVBoxLayout, QWidget

from viewer.annotate import words
from viewer.annotate.mark import COLORS, KINDS, Mark, ShownMark
from viewer.annotate.statistics import MEAN
from viewer.commands.intents import Intents
from viewer.ui import own_keys, theme
from viewer.ui.histogram_view import HistogramView
from viewer.ui.mark_menu import swatch

_ICON = QSize(16, 16)
_MEASURING = "Measuring the pixels…"


class FullLabel(QLabel):
    """As tall as its words need at its width: in a scroll area a layout does not see to that."""

    def setText(self, text: str) -> None:
        super().setText(text)
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        self.setMinimumHeight(0)  # or the height needed is never less than what was needed before
        self.setFixedHeight(max(self.heightForWidth(self.width()), 0))


class ChosenMark(QWidget):
    """Every change is told at once; a locked mark can be unlocked, and nothing else."""

    done = Signal()
    """Enter in the name: the keys go back to the picture."""

    def __init__(self, intents: Intents, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._intents = intents
        self._mark: Mark | None = None
        self._table = ""
        self.name = QLineEdit()
        self.name.setAccessibleName("Name of the mark")
        self.name.textEdited.connect(self._rename)
        self.name.returnPressed.connect(self.done)
        own_keys.keep_keys(self.name, {Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Home, Qt.Key.Key_End})
        self.color = QComboBox()
        self.color.setAccessibleName("Colour of the mark")
        self.color.setToolTip("Colour")
        self.color.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.color.activated.connect(self._recolor)
        own_keys.keep_keys(self.color, own_keys.ROWS)
        self.lock = self._button("Lock the mark")
        self.lock.setCheckable(True)
        self.lock.clicked.connect(self._lock)
        self.delete = self._button("Delete the mark")
        self.delete.clicked.connect(self._delete)
        self.figures = FullLabel(wordWrap=True, textFormat=Qt.TextFormat.RichText)
        self.figures.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.figures.setAccessibleName("Figures of the mark")
        self.note = theme.named(FullLabel(wordWrap=True, textFormat=Qt.TextFormat.PlainText), "dim")
        self.histogram = HistogramView()
        look = QHBoxLayout()
        look.setSpacing(4)
        look.addWidget(self.color, 1)
        look.addWidget(self.lock)
        look.addWidget(self.delete)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 6, 8, 4)
        column.setSpacing(5)
        column.addWidget(self.name)
        column.addLayout(look)
        for widget in (self.figures, self.note, self.histogram):
            column.addWidget(widget)
        self.dress()

    def _button(self, title: str) -> QToolButton:
        button = theme.named(QToolButton(), "tool")
        button.setAccessibleName(title)
        button.setToolTip(title)
        button.setIconSize(_ICON)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        return button

    def dress(self) -> None:
        """Take the icons of the theme in force."""
        chosen = max(self.color.currentIndex(), 0)
        self.color.clear()
        for name in COLORS:
            self.color.addItem(swatch(name), name.title(), name)
        self.color.setCurrentIndex(chosen)
        self.delete.setIcon(theme.icon("delete"))
        self._show_lock()
        self._table = ""

    def show_mark(self, mark: Mark, shown: ShownMark | None, *, here: bool) -> None:
        """Show a mark; `here` says whether its slice is on the screen, with its pixels."""
        if mark != self._mark:
            self._mark = mark
            if self.name.text() != mark.text:
                self.name.setText(mark.text)
            self.name.setPlaceholderText(f"Name of this {KINDS[mark.kind].title.lower()}")
            self.color.setCurrentIndex(list(COLORS).index(mark.color))
            for widget in (self.name, self.color, self.delete):
                widget.setEnabled(not mark.locked)
            self._show_lock()
        self._show_figures(shown, here)

    def _show_lock(self) -> None:
        locked = self._mark is not None and self._mark.locked
        self.lock.setChecked(locked)
        self.lock.setIcon(theme.icon("lock" if locked else "unlock"))
        self.lock.setToolTip("Unlock the mark" if locked else "Lock the mark")
        self.lock.setAccessibleName(self.lock.toolTip())

    def _show_figures(self, shown: ShownMark | None, here: bool) -> None:
        """Only what belongs to the mark as it stands now: no figure of pixels while they are measured."""
        table = _table(shown) if shown is not None else ""
        if table != self._table:
            self._table = table
            self.figures.setText(table)
        self.figures.setVisible(bool(table))
        statistics = shown.statistics if shown is not None else None
        region = shown is not None and shown.mark.is_region
        note = ""
        if shown is None:
            note = "Its slice is not among the files that are open."
        elif region and statistics is None:
            note = _MEASURING if here else "Its pixels are measured when its slice is shown."
        elif statistics is not None:
            note = statistics.why_not
        self.note.setText(note)
        self.note.setVisible(bool(note))
        found = statistics.figures if statistics is not None else ()
        unit = next((one.unit for one in found if one.name == MEAN), "")
        self.histogram.setVisible(region)
        self.histogram.show_histogram(statistics.histogram if statistics is not None else None, unit)

    def _rename(self, text: str) -> None:
        if self._mark is not None:
            self._intents.marks.change(self._mark.id, text=text)

    def _recolor(self, row: int) -> None:
        if self._mark is not None:
            self._intents.marks.change(self._mark.id, color=self.color.itemData(row))

    def _lock(self) -> None:
        if self._mark is not None:
            self._intents.marks.change(self._mark.id, locked=not self._mark.locked)
            self._show_lock()

    def _delete(self) -> None:
        if self._mark is not None:
            self._intents.marks.delete(self._mark.id)


def _table(shown: ShownMark) -> str:
    """All figures as a table: name, value, and where its scale comes from."""
    dim = theme.current().dim
    rows = "".join(
        f'<tr><td style="padding-right:10px">{escape(row.name)}</td>'
        f'<td align="right" style="white-space:nowrap">{escape(row.value)}</td>'
        f'<td style="color:{dim};padding-left:10px">{escape(row.note)}</td></tr>'
        for row in words.table_rows(shown)
    )
    return f'<table cellspacing="0" cellpadding="1">{rows}</table>' if rows else ""
