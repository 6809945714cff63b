"""The controls of the report dialog: which images, what is on them, the comment; and the pager."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QCheckBox,
    QHBoxLayout,
    QLabel,
    QLayout,
    QPlainTextEdit,
    QProgressBar,
    QPushButton,
    QRadioButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from viewer.dicom import identity
from viewer.report.choice import CONTACT, PAGES, THIS, Choice, Source
from viewer.ui import theme
from viewer.ui.dialog import scrolling

WIDTH = 316


class ReportChoices(QWidget):
    """`changed` when another preview is due, but for the comment: that is typed letter by letter."""

    changed = Signal()

    def __init__(self, source: Source, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._source = source
        self.setFixedWidth(WIDTH)
        self.images = _images(source)
        self.marks = QCheckBox("&Marks and measurements")
        self.marks.setChecked(True)
        self.comment = QPlainTextEdit(placeholderText="What you see, in your own words (optional)")
        self.comment.setAccessibleName("Comment")
        self.comment.setTabChangesFocus(True)
        self.comment.setMinimumHeight(self.comment.fontMetrics().lineSpacing() * 5)
        self.comment.setPlainText(source.view.comment)
        self.deidentify = QCheckBox("&De-identify")
        self.deidentify.setChecked(source.view.deidentified)
        self.burned_in = theme.named(QLabel(identity.BURNED_IN, wordWrap=True), "warning")
        self.status = theme.named(QLabel(wordWrap=True), "warning")
        self.status.hide()
        self.cancel = QPushButton("Cancel")
        self.print = QPushButton("&Print…")
        self.save = theme.named(QPushButton("&Save…"), "primary")
        self.cancel.setAutoDefault(False)
        self.print.setAutoDefault(False)
        self.save.setDefault(True)
        self._lay_out()
        for button in (*self.images.values(), self.marks, self.deidentify):
            button.toggled.connect(self._on_toggled)
        self._warn()

    @property
    def choice(self) -> Choice:
        images = next((name for name, button in self.images.items() if button.isChecked()), THIS)
        return Choice(images, self.marks.isChecked(), self.comment.toPlainText(), self.deidentify.isChecked())

    def _lay_out(self) -> None:
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 0, 6, 0)
        column.setSpacing(8)
        column.addWidget(theme.named(QLabel("IMAGES"), "heading"))
        for button in self.images.values():
            column.addWidget(button)
        column.addWidget(_dim(_key_image_words(self._source)))
        column.addWidget(self.marks)
        column.addSpacing(6)
        column.addWidget(theme.named(QLabel("COMMENT"), "heading"))
        column.addWidget(self.comment, 1)
        column.addWidget(self.deidentify)
        column.addWidget(
            _dim("Leaves out who, where and when. Your comment and the text of marks are printed as written.")
        )
        column.addWidget(self.burned_in)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(8)
        outer.addWidget(scrolling(body), 1)
        outer.addWidget(self.status)
        outer.addWidget(self._progress_row())
        buttons = QHBoxLayout()
        buttons.addWidget(self.cancel)
        buttons.addStretch(1)
        buttons.addWidget(self.print)
        buttons.addWidget(self.save)
        outer.addLayout(buttons)

    def _progress_row(self) -> QWidget:
        self._words = theme.named(QLabel(), "dim")
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName("Progress")
        self._progress = QWidget()
        column = QVBoxLayout(self._progress)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._words)
        column.addWidget(self.bar)
        self._progress.hide()
        return self._progress

    @Slot(bool)
    def _on_toggled(self, on: bool) -> None:
        self._warn()
        if on or self.sender() not in self.images.values():  # of two radio buttons one speaks
            self.changed.emit()

    def _warn(self) -> None:
        """De-identifying leaves the pixels as they are: say so where a name may stand in them."""
        choice = self.choice
        self.burned_in.setVisible(choice.deidentify and self._source.burned_in(choice.images))

    def say(self, text: str) -> None:
        """A sentence that must not be missed; "" takes it away."""
        self.status.setText(text)
        self.status.setVisible(bool(text))

    def set_busy(self, words: str) -> None:
        """While something is saved or printed nothing can be changed; "" for not any more."""
        there = {PAGES, CONTACT} if self._source.images else set()
        for name, button in self.images.items():
            button.setEnabled(not words and (name == THIS or name in there))
        for widget in (self.marks, self.comment, self.deidentify, self.save, self.print):
            widget.setEnabled(not words)
        self.save.setText(words or "&Save…")
        self.cancel.setText("Stop" if words else "Cancel")

    def progress(self, done: int, total: int, words: str | None) -> None:
        """How far the work is; it is shown once `show_progress` was called."""
        self.bar.setRange(0, total)
        self.bar.setValue(min(done, total))
        if words is not None:
            self._words.setText(words)
            self.bar.setAccessibleDescription(words)

    @Slot()
    def show_progress(self) -> None:
        self._progress.show()

    def hide_progress(self) -> None:
        self._progress.hide()
        self._words.clear()


def _images(source: Source) -> dict[str, QRadioButton]:
    """Choice of images -> its button."""
    count = len(source.images)
    titles = {
        THIS: "&This image",
        PAGES: f"&Key images, a page each ({count})",
        CONTACT: f"Key images, &contact page ({count})",
    }
    buttons = {name: QRadioButton(title) for name, title in titles.items()}
    buttons[THIS].setChecked(True)
    for name in (PAGES, CONTACT):
        buttons[name].setEnabled(bool(count))
    return buttons


def _key_image_words(source: Source) -> str:
    """Why there is nothing to choose, or less than the reader expects; "" for no reason."""
    if source.missing:
        count = source.missing
        return f"{count} key image{' is' if count == 1 else 's are'} not among the files of the study."
    return "" if source.images else "No slice is a key image yet."


def _dim(text: str) -> QLabel:
    label = theme.named(QLabel(text, wordWrap=True), "dim")
    label.setVisible(bool(text))
    return label


class Pager(QWidget):
    """Which page the preview shows; there only where there are several."""

    turned = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.number, self._count = 0, 1
        self.back, self.on = QPushButton("‹"), QPushButton("›")
        self.words = QLabel(alignment=Qt.AlignmentFlag.AlignCenter)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addStretch(1)
        for button, name, step in ((self.back, "Page before", -1), (self.on, "Next page", 1)):
            button.setAccessibleName(name)
            button.setToolTip(name)
            button.setAutoDefault(False)
            button.setProperty("step", step)
            button.clicked.connect(self._turn)
        for widget in (self.back, self.words, self.on):
            row.addWidget(widget)
        row.addStretch(1)
        self.show_pages(1)

    def above(self, sheet: QScrollArea) -> QLayout:
        """The page with the pager below it."""
        column = QVBoxLayout()
        column.setSpacing(6)
        column.addWidget(sheet, 1)
        column.addWidget(self)
        return column

    def show_pages(self, count: int) -> None:
        """Another choice: begin with its first page."""
        self.number, self._count = 0, count
        self._show()

    @Slot()
    def _turn(self) -> None:
        step = self.sender().property("step")
        self.number = min(max(self.number + step, 0), self._count - 1)
        self._show()
        self.turned.emit()

    def _show(self) -> None:
        self.setVisible(self._count > 1)
        self.words.setText(f"Page {self.number + 1} of {self._count}")
        self.back.setEnabled(self.number > 0)
        self.on.setEnabled(self.number < self._count - 1)
