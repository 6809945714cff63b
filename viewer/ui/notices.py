"""The notice bar: what happened, what to do next, and the details one click away. Never modal."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from viewer.notice import Notice
from viewer.ui import theme
from viewer.ui.dialog import fit

_KINDS = {"info": "accent", "warning": "warning", "error": "error"}


class NoticeBar(QFrame):
    """Shows the latest notice. Information goes away by itself; warnings and errors wait to be read.

    A lasting one comes back when what took its place is gone.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("noticeBar")
        self._notice = Notice("")
        self._lasting: Notice | None = None
        """The lasting notice that was not dismissed yet."""
        self._details: DetailsDialog | None = None
        self._sign = QLabel()
        self.text = QLabel(wordWrap=True)
        self.text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.text.setTextFormat(Qt.TextFormat.PlainText)
        self.details = theme.named(QPushButton("Details…"), "link")
        self.details.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.details.clicked.connect(self.open_details)
        self.dismiss = QToolButton()
        self.dismiss.setToolTip("Dismiss")
        self.dismiss.setAccessibleName("Dismiss notice")
        self.dismiss.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.dismiss.clicked.connect(self._put_away)
        row = QHBoxLayout(self)
        row.setContentsMargins(10, 4, 6, 4)
        row.setSpacing(8)
        row.addWidget(self._sign)
        row.addWidget(self.text, 1)
        row.addWidget(self.details)
        row.addWidget(self.dismiss)
        self._gone = QTimer(self, singleShot=True, interval=8000)
        self._gone.timeout.connect(self._put_away)
        self.hide()

    @property
    def notice(self) -> Notice:
        """The latest notice."""
        return self._notice

    def show_notice(self, notice: Notice) -> None:
        self._notice = notice
        self._lasting = notice if notice.lasting else self._lasting
        colors = theme.current()
        kind = notice.kind if notice.kind in _KINDS else "info"
        color = getattr(colors, _KINDS[kind])
        self.setProperty("kind", kind)
        self.style().unpolish(self)
        self.style().polish(self)
        self._sign.setPixmap(theme.pixmap(kind, color, 18, self.devicePixelRatioF()))
        self.dismiss.setIcon(theme.icon("cancel"))
        self.text.setText(f"{notice.text} {notice.remedy}".strip())
        self.text.setAccessibleName(f"{kind}: {self.text.text()}")
        self.details.setVisible(bool(notice.details))
        self.show()
        if kind == "info" and not notice.details:
            self._gone.start()
        else:
            self._gone.stop()

    def _put_away(self) -> None:
        if self._notice.lasting:
            self._lasting = None
        self.hide()
        if self._lasting is not None:
            self.show_notice(self._lasting)

    def open_details(self) -> None:
        """List the details of the notice."""
        self._details = DetailsDialog(self._notice.text, self._notice.details, self.window())
        self._details.show()


class DetailsDialog(QDialog):
    """Rows of (what, why), for example the files that are not shown."""

    def __init__(self, title: str, rows: Sequence[tuple[str, str]], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Details")
        heading = QLabel(title, wordWrap=True)
        self.table = QTableWidget(len(rows), 2)
        self.table.setAccessibleName(title)
        self.table.setHorizontalHeaderLabels(["What", "Why"])
        self.table.verticalHeader().hide()
        self.table.setShowGrid(False)
        self.table.setTabKeyNavigation(False)
        self.table.setWordWrap(True)
        self.table.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        for number, row in enumerate(rows):
            for column, text in enumerate(row):
                item = QTableWidgetItem(text)
                item.setToolTip(text)
                item.setTextAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
                self.table.setItem(number, column, item)
        header = self.table.horizontalHeader()
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Interactive)
        header.setStretchLastSection(True)
        self.table.setColumnWidth(0, 330)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        page = QVBoxLayout(self)
        page.addWidget(heading)
        page.addWidget(self.table, 1)
        page.addWidget(buttons)
        fit(self, 760, 420)

    def showEvent(self, event: QShowEvent) -> None:
        """Only now the columns have their width, which tells how many lines a text needs."""
        super().showEvent(event)
        self.table.resizeRowsToContents()
