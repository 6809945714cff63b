"""The list of all marks of the study, slice by slice; quick with hundreds: only rows in sight are drawn."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QPersistentModelIndex,
    QPointF,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QFont,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPen,
    QResizeEvent,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from viewer.annotate.mark import COLORS, Mark
from viewer.commands.intents import Intents
from viewer.results import SliceKey
from viewer.session.resolved_view import ResolvedView
from viewer.session.slice_places import Places
from viewer.ui import own_keys, theme
from viewer.ui.mark_menu import open_menu
from viewer.ui.mark_rows import Heading, Row, RowWords, rows_of

Index = QModelIndex | QPersistentModelIndex
_ROW = Qt.ItemDataRole.UserRole
_ICON = 18
_TALLEST = 300
"""Height from which on the list scrolls, logical pixels."""


class MarkModel(QAbstractListModel):
    """Headings and marks. Where only figures change, the rows stay: `repaint_asked`.

    `dataChanged` would make the list ask for the size of every row again, which none of them changes.
    """

    repaint_asked = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.rows: list[Heading | Row] = []
        self.words = RowWords()
        self.here: SliceKey | None = None
        """The slice on the screen."""
        self.keys: frozenset[SliceKey] = frozenset()
        """The key images."""
        self._at: dict[str, int] = {}
        self._marks: tuple[Mark, ...] = ()
        self._places = Places()

    @property
    def headings(self) -> int:
        return len(self.rows) - len(self._at)

    def show(self, view: ResolvedView, places: Places) -> None:
        """Show the marks of the study on the screen."""
        if anew := places is not self._places:
            self.words.forget()
        here = view.header.key if view.header is not None else None
        keys = frozenset(one.instance for one in view.key_images)
        if changed := (here, keys) != (self.here, self.keys):
            self.here, self.keys = here, keys
        changed = self.words.follow(view) or changed
        if not anew and view.all_marks != self._marks:
            changed = True
            anew = not self._exchange(view.all_marks)
        if anew:
            self._places = places
            self.beginResetModel()
            self.rows = rows_of(view.all_marks, places)
            self._at = {row.mark.id: number for number, row in enumerate(self.rows) if isinstance(row, Row)}
            self.endResetModel()
        elif changed:
            self.repaint_asked.emit()
        self._marks = view.all_marks

    def _exchange(self, marks: tuple[Mark, ...]) -> bool:
        """Put changed marks into their rows; False, and nothing is done, if rows come, go or move."""
        pairs = list(zip(marks, self._marks, strict=False)) if len(marks) == len(self._marks) else []
        new = [(one, other) for one, other in pairs if one is not other]
        if not pairs or any((a.id, a.instance) != (b.id, b.instance) for a, b in new):
            return False
        for mark, _ in new:
            number = self._at[mark.id]
            row = self.rows[number]
            if isinstance(row, Row):
                self.rows[number] = Row(mark, row.place)
        return True

    def find(self, mark_id: str) -> QModelIndex:
        """Where a mark stands in the list; an invalid index if it does not."""
        return self.index(self._at[mark_id], 0) if mark_id in self._at else QModelIndex()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        return 0 if parent.isValid() else len(self.rows)

    def flags(self, index: Index) -> Qt.ItemFlag:
        if index.isValid() and isinstance(self.rows[index.row()], Row):
            return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        return Qt.ItemFlag.NoItemFlags

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row = self.rows[index.row()]
        if role == _ROW:
            return row
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return row.text if isinstance(row, Heading) else self.spoken(row)
        if role == Qt.ItemDataRole.ToolTipRole and isinstance(row, Row):
            return self.spoken(row)
        return None

    def spoken(self, row: Row) -> str:
        """A mark in one line: name, figures, whether it is locked, and its slice."""
        parts = [*self.words.lines(row), "locked" if row.mark.locked else ""]
        return ", ".join(part for part in (*parts, row.place.title if row.place else "") if part)


class MarkRow(QStyledItemDelegate):
    """Draws a mark as its colour, the sign of its kind and two lines; a heading as one."""

    def __init__(self, model: MarkModel, parent: QWidget) -> None:
        super().__init__(parent)
        self._model = model

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        line = option.fontMetrics.lineSpacing()
        heading = isinstance(self._model.rows[index.row()], Heading)  # asked of every row, seen or not
        return QSize(120, line + 9 if heading else 2 * line + 10)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        row, area, colors = index.data(_ROW), QRectF(option.rect), theme.current()
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if isinstance(row, Heading):
            self._heading(painter, area, row, colors)
        elif isinstance(row, Row):
            self._mark(painter, area, row, option, colors)
        painter.restore()

    def _heading(self, painter: QPainter, area: QRectF, row: Heading, colors: theme.Theme) -> None:
        here, key = row.instance == self._model.here, row.instance in self._model.keys
        font = QFont(painter.font())
        font.setWeight(QFont.Weight.DemiBold)
        painter.setFont(font)
        painter.setPen(QColor(colors.accent if here else colors.dim))
        inner = area.adjusted(9, 3, -9, 0)
        if key:
            _put_icon(
                painter, "key-image", QPointF(inner.right() - 13, inner.center().y() - 7), 13, colors.warning
            )
            inner.setRight(inner.right() - 18)
        text = painter.fontMetrics().elidedText(row.text, Qt.TextElideMode.ElideRight, int(inner.width()))
        painter.drawText(inner, Qt.AlignmentFlag.AlignVCenter, text)

    def _mark(
        self, painter: QPainter, area: QRectF, row: Row, option: QStyleOptionViewItem, colors: theme.Theme
    ) -> None:
        state = option.state
        if state & QStyle.StateFlag.State_Selected:
            painter.fillRect(area, QColor(colors.selected))
            painter.fillRect(QRectF(area.left(), area.top(), 3, area.height()), QColor(colors.accent))
        elif state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(area, QColor(colors.hover))
        inner = area.adjusted(11, 0, -9, 0)
        # The edge keeps light colours apart from a light ground.
        painter.setPen(QPen(QColor(colors.dim), 1))
        painter.setBrush(QColor(COLORS[row.mark.color]))
        painter.drawEllipse(QPointF(inner.left() + 5, inner.center().y()), 4.5, 4.5)
        corner = QPointF(inner.left() + 17, inner.center().y() - _ICON / 2)
        _put_icon(painter, f"tool-{row.mark.kind}", corner, _ICON, colors.text)
        inner.setLeft(inner.left() + 24 + _ICON)
        if row.mark.locked:
            _put_icon(painter, "lock", QPointF(inner.right() - 14, inner.center().y() - 7), 14, colors.dim)
            inner.setRight(inner.right() - 20)
        lines = [line for line in self._model.words.lines(row) if line]
        step = painter.fontMetrics().lineSpacing()
        top = inner.center().y() - step * len(lines) / 2
        for number, line in enumerate(lines):
            painter.setPen(QColor(colors.dim if number else colors.text))
            text = painter.fontMetrics().elidedText(line, Qt.TextElideMode.ElideRight, int(inner.width()))
            place = QRectF(inner.left(), top + number * step, inner.width(), step)
            painter.drawText(place, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, text)


def _put_icon(painter: QPainter, name: str, corner: QPointF, size: int, color: str) -> None:
    device = painter.device()
    ratio = device.devicePixelRatio() if device is not None else 1.0
    painter.drawPixmap(QPointF(corner.toPoint()), theme.pixmap(name, color, size, ratio))


class MarkList(QListView):
    """A click, or an arrow key, goes to a mark. Keys of the picture stay its own unless Tab led here."""

    rename_asked = Signal()

    def __init__(self, intents: Intents, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._intents = intents
        self._showing = False
        self._pressing = False
        self.marks = MarkModel(self)
        self.setModel(self.marks)
        self.marks.repaint_asked.connect(self.viewport().update)
        self.setItemDelegate(MarkRow(self.marks, self))
        self.setAccessibleName("Marks of the study")
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setMouseTracking(True)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.selectionModel().currentChanged.connect(self._moved)
        self.clicked.connect(self._clicked)
        own_keys.keep_keys(
            self, own_keys.ROWS | {Qt.Key.Key_Delete, Qt.Key.Key_F2, Qt.Key.Key_Return, Qt.Key.Key_Enter}
        )

    def show_view(self, view: ResolvedView, places: Places) -> None:
        """Show the marks of the study, and which of them is chosen."""
        self._showing = True
        self.marks.show(view, places)
        chosen = self.marks.find(view.chosen_mark) if view.chosen_mark else QModelIndex()
        if chosen != self.currentIndex():
            if chosen.isValid():
                self.setCurrentIndex(chosen)
                self._reveal()
            else:
                self.selectionModel().clear()
        self._showing = False
        self._fit()

    def _fit(self) -> None:
        """As tall as its rows, until it has to scroll."""
        line = self.fontMetrics().lineSpacing()
        headings = self.marks.headings
        height = headings * (line + 9) + (len(self.marks.rows) - headings) * (2 * line + 10) + 2
        self.setFixedHeight(min(height, _TALLEST))

    def _reveal(self) -> None:
        """Bring the chosen row in sight, and with it a heading that stands above it."""
        chosen = self.currentIndex()
        if chosen.isValid():
            self.scrollTo(chosen.siblingAtRow(max(chosen.row() - 1, 0)))
            self.scrollTo(chosen)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if event.size().height() != event.oldSize().height():
            self._reveal()

    def _moved(self, now: QModelIndex, before: QModelIndex) -> None:
        row = now.data(_ROW)
        if not (self._showing or self._pressing) and isinstance(row, Row):
            self._intents.marks.go_to(row.mark.id)

    def _clicked(self, index: QModelIndex) -> None:
        """Also to a mark that is chosen already: the reader may have gone elsewhere since."""
        row = index.data(_ROW)
        if isinstance(row, Row):
            self._intents.marks.go_to(row.mark.id)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._pressing = True
        super().mousePressEvent(event)
        self._pressing = False

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """What can be done with a mark, on its slice."""
        by_key = event.reason() == QContextMenuEvent.Reason.Keyboard
        index = self.currentIndex() if by_key else self.indexAt(event.pos())
        row = index.data(_ROW)
        shown = self.marks.words.shown(row) if isinstance(row, Row) else None
        if shown is not None:
            self._intents.marks.go_to(shown.mark.id)
            at = self.visualRect(index).center() if by_key else event.pos()
            place = self.viewport().mapToGlobal(at)
            open_menu(self, self._intents, shown, place, write=self.rename_asked.emit)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if isinstance(self.indexAt(event.position().toPoint()).data(_ROW), Row):
            self.rename_asked.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        row, key = self.currentIndex().data(_ROW), event.key()
        if not isinstance(row, Row) or key not in (Qt.Key.Key_Delete, Qt.Key.Key_F2, *_GO):
            super().keyPressEvent(event)
        elif key == Qt.Key.Key_Delete:
            self._intents.marks.delete(row.mark.id)
        elif key == Qt.Key.Key_F2:
            self.rename_asked.emit()
        else:
            self._intents.marks.go_to(row.mark.id)


_GO = (Qt.Key.Key_Return, Qt.Key.Key_Enter)
