"""Recent studies as a list that can be searched: on the start page, and in a dialog of its own."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QGridLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from viewer.session.kept import Recent
from viewer.session.recent import called, found
from viewer.ui import theme
from viewer.ui.dialog import fit, scrolling


class Line(QLabel):
    """One line of text, as much of it as there is room for."""

    def __init__(self, text: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.tell(text)

    def tell(self, text: str) -> None:
        self._whole = text
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        self.setText(self.fontMetrics().elidedText(self._whole, Qt.TextElideMode.ElideRight, self.width()))


class RecentList(QWidget):
    """A line to search by, `always` or once there are more studies than rows, and a button for each study.

    `chosen` carries the path; Enter in the search line chooses the first row.
    """

    chosen = Signal(str)

    def __init__(self, rows: int, parent: QWidget | None = None, *, always: bool = False) -> None:
        super().__init__(parent)
        self._rows, self._always = rows, always
        self._recent: tuple[Recent, ...] = ()
        self._hidden = False
        self.search = QLineEdit(clearButtonEnabled=True)
        self.search.setPlaceholderText("Search recent studies")
        self.search.setAccessibleName("Search recent studies")
        self.search.textChanged.connect(self._list)
        self.search.returnPressed.connect(self._choose_first)
        self.buttons: list[QPushButton] = []
        self._grid = QGridLayout()
        self._grid.setVerticalSpacing(1)
        self._grid.setColumnStretch(1, 1)
        self.more = theme.named(QLabel(), "dim")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.search)
        column.addLayout(self._grid)
        column.addWidget(self.more)
        column.addStretch(1)
        self._list()

    def show_recent(self, recent: Sequence[Recent]) -> None:
        """List studies, newest first."""
        if tuple(recent) != self._recent:
            self._recent = tuple(recent)
            self._list()

    def hide_identity(self, hidden: bool) -> None:
        """Whether names, words and paths may be read, or searched."""
        if hidden != self._hidden:
            self._hidden = hidden
            self._list()

    def _list(self) -> None:
        while (item := self._grid.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        self.setMinimumHeight(self.height() if self.search.text() else 0)  # or all would jump at every key
        rows = found(self._recent, self.search.text(), hidden=self._hidden)
        self.buttons = [self._row(number, one) for number, one in enumerate(rows[: self._rows])]
        many = len(self._recent) > self._rows
        self.search.setVisible(self._always or many or bool(self.search.text()))
        left = len(rows) - len(self.buttons)
        self.more.setText(f"and {left} more" if left else "No study is called so.")
        self.more.setVisible(left > 0 or (bool(self._recent) and not rows))

    def _row(self, number: int, recent: Recent) -> QPushButton:
        what = called(recent, hidden=self._hidden)
        button = theme.named(QPushButton(what.title.replace("&", "&&")), "link")
        button.setToolTip(what.tip)
        button.setAccessibleName(f"Open {what.title}, {what.detail}")
        button.setProperty("path", recent.path)
        button.clicked.connect(self._choose)
        detail = theme.named(Line(what.detail), "dim")
        detail.setToolTip(what.tip)
        self._grid.addWidget(button, number, 0)
        self._grid.addWidget(detail, number, 1)
        return button

    def _choose(self) -> None:
        button = self.sender()
        if button is not None:
            self.chosen.emit(str(button.property("path")))

    def _choose_first(self) -> None:
        if self.buttons:
            self.chosen.emit(str(self.buttons[0].property("path")))


class RecentDialog(QDialog):
    """Every recent study; `chosen` carries a path, and the dialog is gone."""

    chosen = Signal(str)

    def __init__(self, recent: Sequence[Recent], hidden: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Recent Studies")
        self.list = RecentList(40, always=True)
        self.list.hide_identity(hidden)
        self.list.show_recent(recent)
        self.list.search.setFocus()
        self.list.chosen.connect(self._choose)
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.list)
        column.addStretch(1)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        page = QVBoxLayout(self)
        page.addWidget(scrolling(body), 1)
        page.addWidget(buttons)
        fit(self, 620, 460)

    def _choose(self, path: str) -> None:
        self.accept()
        self.chosen.emit(path)
