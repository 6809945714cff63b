"""The tag browser: all attributes of the slice on the screen, searched and copied, beside the picture."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, QPoint, Qt
from PySide6.QtGui import QColor, QGuiApplication, QHideEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMenu,
    QTreeView,
    QVBoxLayout,
    QWidget,
)

from viewer.commands.intents import Intents
from viewer.session.resolved_view import ResolvedView
from viewer.ui import theme
from viewer.ui.dialog import fit

if TYPE_CHECKING:
    from viewer.dicom.tag_table import TagRow

Index = QModelIndex | QPersistentModelIndex

COLUMNS = ("Tag", "Name", "VR", "Value")
WIDTHS = (170, 270, 40)
COPY_ROWS = "Ctrl+Shift+C"
_INDENT = "\u2003"


class TagModel(QAbstractTableModel):
    """The rows that match the search, each with the rows it lies in."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._all: tuple[TagRow, ...] = ()
        self.rows: tuple[TagRow, ...] = ()

    @property
    def total(self) -> int:
        """Attributes in all, found or not."""
        return sum(bool(row.tag) for row in self._all)

    @property
    def found(self) -> int:
        return sum(bool(row.tag) for row in self.rows)

    def show_rows(self, rows: Sequence[TagRow], search: str) -> None:
        """Show what matches. Where only values differ, selection and place stay as they are."""
        self._all = tuple(rows)
        shown = matching(self._all, search)
        if _outline(shown) == _outline(self.rows):
            self.rows = shown
            if shown:
                last = self.index(len(shown) - 1, len(COLUMNS) - 1)
                self.dataChanged.emit(self.index(0, 0), last)
            return
        self.beginResetModel()
        self.rows = shown
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(COLUMNS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> Any:
        if role == Qt.ItemDataRole.DisplayRole and orientation == Qt.Orientation.Horizontal:
            return COLUMNS[section]
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row = self.rows[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return cells(row)[index.column()]
        if role == Qt.ItemDataRole.ToolTipRole and index.column() in (1, 3):
            text = cells(row)[index.column()].strip()
            return f"<p>{escape(text)}</p>" if text else None
        if role == Qt.ItemDataRole.ForegroundRole and (index.column() == 2 or not row.tag):
            return QColor(theme.current().dim)
        return None


def cells(row: TagRow) -> tuple[str, str, str, str]:
    """A row as it is shown, one text a column."""
    indent = _INDENT * row.level
    if row.tag:
        return indent + row.tag, row.name, row.vr, row.value
    return indent + row.name, "", "", row.value


def matching(rows: Sequence[TagRow], search: str) -> tuple[TagRow, ...]:
    """The rows that hold every word of `search` in tag, name or value, and those that they lie in."""
    words = search.lower().split()
    if not words:
        return tuple(rows)
    kept: list[TagRow] = []
    above: list[TagRow] = []
    """The rows that the present one lies in, outermost first, and that are not kept yet."""
    for row in rows:
        above = [one for one in above if one.level < row.level]
        text = f"{row.tag} {row.tag[1:-1].replace(',', '')} {row.name} {row.value}".lower()
        if all(word in text for word in words):
            kept += [*above, row]
            above = []
        else:
            above.append(row)
    return tuple(kept)


def _outline(rows: Sequence[TagRow]) -> list[tuple[int, str, str]]:
    return [(row.level, row.tag, row.name) for row in rows]


class TagBrowser(QDialog):
    """Stays open beside the window and follows the slice; open it with `open_on`."""

    def __init__(self, intents: Intents, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("DICOM Tags")
        fit(self, 860, 620)
        self._intents = intents
        self._view = ResolvedView()
        self._shown: tuple[TagRow, ...] = ()
        self.model = TagModel(self)
        self.search = QLineEdit(placeholderText="Search tag, name or value", clearButtonEnabled=True)
        self.search.setAccessibleName("Search attributes")
        self.search.textChanged.connect(self._filter)
        self.search.returnPressed.connect(self._enter_table)
        self.table = theme.named(QTreeView(rootIsDecorated=False, uniformRowHeights=True), "tags")
        self.table.setModel(self.model)
        self.table.setAccessibleName("Attributes")
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.table.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.table.customContextMenuRequested.connect(self._offer_copies)
        for column, width in enumerate(WIDTHS):
            self.table.setColumnWidth(column, width)
        self.status = theme.named(QLabel(), "dim")
        self.problem = theme.named(QLabel(wordWrap=True), "warning")
        self.problem.hide()
        within = Qt.ShortcutContext.WidgetWithChildrenShortcut
        QShortcut(QKeySequence(QKeySequence.StandardKey.Find), self, self.search.setFocus, context=within)
        QShortcut(QKeySequence(QKeySequence.StandardKey.Copy), self.table, self.copy_values, context=within)
        QShortcut(QKeySequence(COPY_ROWS), self.table, self.copy_rows, context=within)
        top = QHBoxLayout()
        top.addWidget(self.search, 1)
        top.addWidget(self.status)
        page = QVBoxLayout(self)
        page.addLayout(top)
        page.addWidget(self.problem)
        page.addWidget(self.table, 1)

    def open_on(self, view: ResolvedView) -> None:
        """Show, and ask for the attributes of `view`."""
        self.show_view(view)
        self.show()
        self.activateWindow()
        self.search.setFocus()
        self._intents.watch_tags(True)

    def show_view(self, view: ResolvedView) -> None:
        """What the status line says of the slice; its attributes come by themselves."""
        if view.deidentified and not self._view.deidentified:
            self.show_tags(())  # nothing of before stays on the screen while the rows are read again
        self._view = view
        self._say()

    def show_tags(self, rows: Sequence[TagRow], problem: str = "") -> None:
        self._shown = tuple(rows)
        self.problem.setText(problem)
        self.problem.setVisible(bool(problem))
        self._filter()

    def copy_values(self) -> None:
        """The values of the selected rows to the clipboard."""
        self._copy([row.value for row in self._selected()])

    def copy_rows(self) -> None:
        """The selected rows to the clipboard, columns apart by tabs."""
        self._copy(["\t".join(cells(row)).strip() for row in self._selected()])

    def _selected(self) -> list[TagRow]:
        rows = sorted(index.row() for index in self.table.selectionModel().selectedRows())
        return [self.model.rows[row] for row in rows]

    def _copy(self, lines: list[str]) -> None:
        if lines:
            QGuiApplication.clipboard().setText("\n".join(lines))

    def _filter(self) -> None:
        self.model.show_rows(self._shown, self.search.text())
        self._say()

    def _say(self) -> None:
        series, total, found = self._view.series, self.model.total, self.model.found
        parts = [f"{total} attributes" if found == total else f"{found} of {total} attributes"]
        if series is not None:
            parts.append(f"image {self._view.index + 1} of {len(series.slices)}")
        if self._view.deidentified:
            parts.append("identity hidden")
        self.status.setText(" · ".join(parts))

    def _enter_table(self) -> None:
        """From the search into what it found."""
        self.table.setFocus()
        if self.model.rows and not self.table.currentIndex().isValid():
            self.table.setCurrentIndex(self.model.index(0, 0))

    def _offer_copies(self, place: QPoint) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction("Copy Value", QKeySequence.StandardKey.Copy, self.copy_values)
        menu.addAction("Copy Row", QKeySequence(COPY_ROWS), self.copy_rows)
        menu.popup(self.table.viewport().mapToGlobal(place))

    def hideEvent(self, event: QHideEvent) -> None:
        if not event.spontaneous():
            self._intents.watch_tags(False)
            self.show_tags(())
        super().hideEvent(event)
