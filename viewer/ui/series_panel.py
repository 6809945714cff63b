"""The tree of patients, studies and series, with thumbnails, and the count of what was left out."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QPainter, QPixmap
from PySide6.QtWidgets import (
    QAbstractItemView,
    QPushButton,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from viewer.commands.intents import Intents
from viewer.session.captions import date, isolated, patient_name
from viewer.session.resolved_view import ResolvedView
from viewer.session.slice_places import indices_in
from viewer.study import ScanResult, Series, Skipped
from viewer.ui import own_keys, theme
from viewer.ui.picture import grey_picture
from viewer.ui.progress_line import ProgressLine

_UID = Qt.ItemDataRole.UserRole
_LINES = Qt.ItemDataRole.UserRole + 1
_PICTURE = Qt.ItemDataRole.UserRole + 2
_PROBLEM = Qt.ItemDataRole.UserRole + 3
_THUMB = 52
_NOTES = 2
_SIGN = 30
"""Side of the sign that stands where there is no picture, logical pixels."""

AnyIndex = QModelIndex | QPersistentModelIndex


def series_lines(series: Series, *, hidden: bool = False, keys: int = 0) -> tuple[str, str, str]:
    """What stands beside a thumbnail: number and modality, description, number of slices and first notes.

    `keys` is how many of the slices are key images.

    The notes tell the groups of a split series apart: an echo time, a b-value, "localizer".
    With a `hidden` identity no description: people type names into it.
    """
    number = f"Se {series.series_number} · " if series.series_number is not None else ""
    count = len(series.slices)
    slices = "1 slice" if count == 1 else f"{count} slices"
    plane = f" · {series.orientation}" if series.orientation else ""
    description = "description hidden" if hidden else isolated(series.description) or "no description"
    chosen = [f"{keys} key image{'' if keys == 1 else 's'}"] if keys else []
    told = " · ".join((slices, *chosen, *series.notes[:_NOTES]))
    return f"{number}{series.modality}{plane}", description, told


class SeriesRow(QStyledItemDelegate):
    """Draws a series as a thumbnail beside three lines."""

    def sizeHint(self, option: QStyleOptionViewItem, index: AnyIndex) -> QSize:
        lines = 3.4 * option.fontMetrics.lineSpacing()
        if index.data(_UID) is None:
            return QSize(100, option.fontMetrics.lineSpacing() + 9)
        return QSize(160, round(max(lines, _THUMB + 8)))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: AnyIndex) -> None:
        if index.data(_UID) is None:
            super().paint(painter, option, index)
            return
        colors = theme.current()
        area: QRectF = QRectF(option.rect)
        state = option.state
        painter.save()
        if state & QStyle.StateFlag.State_Selected:
            painter.fillRect(area, QColor(colors.selected))
            painter.fillRect(QRectF(area.left(), area.top(), 3, area.height()), QColor(colors.accent))
        elif state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(area, QColor(colors.hover))
        box = QRectF(area.left() + 9, area.center().y() - _THUMB / 2, _THUMB, _THUMB)
        painter.fillRect(box, QColor(colors.surround))
        picture = index.data(_PICTURE)
        if isinstance(picture, QPixmap) and not picture.isNull():
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            scale = min(_THUMB / picture.width(), _THUMB / picture.height())
            width, height = picture.width() * scale, picture.height() * scale
            target = QRectF(box.center().x() - width / 2, box.center().y() - height / 2, width, height)
            painter.drawPixmap(target, picture, QRectF(picture.rect()))
        elif index.data(_PROBLEM):
            device = painter.device()
            ratio = device.devicePixelRatio() if device is not None else 1.0
            sign = theme.pixmap("no-picture", colors.warning, _SIGN, ratio)
            corner = box.center() - QPointF(_SIGN / 2, _SIGN / 2)
            painter.drawPixmap(QPointF(corner.toPoint()), sign)
        self._write(painter, area.adjusted(_THUMB + 18, 0, -6, 0), index.data(_LINES), colors)
        painter.restore()

    @staticmethod
    def _write(painter: QPainter, area: QRectF, lines: tuple[str, str, str], colors: theme.Theme) -> None:
        plain = painter.font()
        heavy = QFont(plain)
        heavy.setWeight(QFont.Weight.DemiBold)
        step = painter.fontMetrics().lineSpacing()
        top = area.center().y() - step * 1.5
        for number, line in enumerate(lines):
            painter.setFont(heavy if number == 0 else plain)
            painter.setPen(QColor(colors.dim if number == 2 else colors.text))
            text = painter.fontMetrics().elidedText(line, Qt.TextElideMode.ElideRight, int(area.width()))
            row = QRectF(area.left(), top + number * step, area.width(), step)
            painter.drawText(row, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, text)


class SeriesTree(QTreeWidget):
    """Never takes the arrow keys from the picture unless it was reached by Tab."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Studies and series")
        self.setHeaderHidden(True)
        self.setIndentation(0)
        self.setRootIsDecorated(False)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        own_keys.keep_keys(self, own_keys.ROWS)
        self.setItemDelegate(SeriesRow(self))
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setUniformRowHeights(False)


class SeriesPanel(QWidget):
    """What was found. The reader's choice stays chosen while more is being found."""

    skipped_asked = Signal(object)

    def __init__(self, intents: Intents, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("panel")
        self._intents = intents
        self._items: dict[str, QTreeWidgetItem] = {}
        self._pictures: dict[str, QPixmap] = {}
        self._problems: dict[str, str] = {}
        self._result = ScanResult()
        self._hidden = False
        self._keys: dict[str, int] = {}
        """Series uid -> how many of its slices are key images."""
        self._keys_of: tuple[object, ...] = ()
        self.tree = SeriesTree()
        self.tree.itemSelectionChanged.connect(self._chosen)
        self.progress = ProgressLine("dicom", intents, "Stop reading")
        self.skipped = theme.named(QPushButton(), "link")
        self.skipped.setToolTip("List the files that are not shown, and why")
        self.skipped.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.skipped.clicked.connect(self._ask_skipped)
        self.skipped.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 4)
        column.setSpacing(2)
        column.addWidget(self.tree, 1)
        column.addWidget(self.progress)
        column.addWidget(self.skipped, alignment=Qt.AlignmentFlag.AlignLeft)

    def sizeHint(self) -> QSize:
        return QSize(250, 500)

    def minimumSizeHint(self) -> QSize:
        return QSize(200, 120)

    def show_scan(self, result: ScanResult, *, running: bool) -> None:
        """Show what was found so far. Rows that are there stay; they grow."""
        if [series.uid for series in result.series] == list(self._items) and not self._hidden:
            for series in result.series:
                self._fill(self._items[series.uid], series)
        else:
            self._build(result)
        self._result = result
        count = len(result.skipped)
        self.skipped.setText(f"skipped {count} file{'' if count == 1 else 's'} (why?)")
        self.skipped.setVisible(bool(count))

    def show_thumbnail(self, series_uid: str, grey: np.ndarray) -> None:
        """`grey` is (h, w) uint8, at most 96 on its longer side."""
        self._pictures[series_uid] = grey_picture(grey)
        self._problems.pop(series_uid, None)
        self._dress(series_uid)

    def show_no_thumbnail(self, series_uid: str, reason: str) -> None:
        """A sign in the place of the picture; `reason` is told with the row."""
        self._problems[series_uid] = reason
        self._pictures.pop(series_uid, None)
        self._dress(series_uid)

    def _dress(self, series_uid: str) -> None:
        """Bring a row up to date, if it is there yet."""
        for series in self._result.series:
            if series.uid == series_uid and series_uid in self._items:
                self._fill(self._items[series_uid], series)

    def show_chosen(self, series_uid: str | None) -> None:
        """Mark the series on the screen."""
        item = self._items.get(series_uid or "")
        self.tree.blockSignals(True)
        if item is None:
            self.tree.clearSelection()
        elif not item.isSelected():
            self.tree.setCurrentItem(item)
            self.tree.scrollToItem(item)
        self.tree.blockSignals(False)

    def show_key_images(self, view: ResolvedView) -> None:
        """Say how many key images each series of the study on the screen has."""
        study = view.series.study_instance_uid if view.series is not None else ""
        asked = (study, view.key_images, self._result)
        if asked == self._keys_of or not study:
            return
        self._keys_of = asked
        instances = [one.instance for one in view.key_images]
        for series in self._result.series:
            count = len(indices_in(series, instances))
            if series.study_instance_uid == study and count != self._keys.get(series.uid, 0):
                self._keys[series.uid] = count
                self._dress(series.uid)

    def hide_identity(self, hidden: bool) -> None:
        """Number patients instead of naming them."""
        if hidden != self._hidden:
            self._hidden = hidden
            self._build(self._result)

    def chosen(self) -> str | None:
        """The uid of the marked series."""
        items = self.tree.selectedItems()
        return items[0].data(0, _UID) if items else None

    def rows(self) -> dict[str, str]:
        """Series uid -> what its row says."""
        return {uid: ", ".join(item.data(0, _LINES)) for uid, item in self._items.items()}

    def _build(self, result: ScanResult) -> None:
        chosen, bar = self.chosen(), self.tree.verticalScrollBar()
        place, height = bar.value(), self._height_of(chosen)
        self.tree.blockSignals(True)
        self.tree.clear()
        self._items.clear()
        patients: dict[tuple[str, str], QTreeWidgetItem] = {}
        studies: dict[tuple[str, str, str], QTreeWidgetItem] = {}
        for series in result.series:
            who = (series.patient.patient_id, series.patient.name)
            if who not in patients:
                patients[who] = self._heading(
                    self.tree.invisibleRootItem(), self._patient(series, len(patients))
                )
                patients[who].setFont(0, self._bold())
            # Of two patients, even where a file has no study UID or one that is another patient's.
            visit = (*who, series.study_instance_uid)
            if visit not in studies:
                study = self._heading(patients[who], self._study(series, len(studies)))
                study.setForeground(0, QColor(theme.current().dim))
                studies[visit] = study
            item = QTreeWidgetItem(studies[visit])
            item.setData(0, _UID, series.uid)
            self._fill(item, series)
            self._items[series.uid] = item
        self.tree.expandAll()
        self.tree.blockSignals(False)
        if chosen is not None:
            self.show_chosen(chosen)
            now = self._height_of(chosen)
            # Rows found above it must not push the marked row out of sight.
            bar.setValue(place if height is None or now is None else bar.value() + now - height)

    def _height_of(self, series_uid: str | None) -> int | None:
        """Where a row stands in the panel, in pixels from its top; None if it is not in sight."""
        item = self._items.get(series_uid or "")
        area = self.tree.visualItemRect(item) if item is not None else QRect()
        return area.top() if self.tree.viewport().rect().intersects(area) else None

    def _fill(self, item: QTreeWidgetItem, series: Series) -> None:
        lines = series_lines(series, hidden=self._hidden, keys=self._keys.get(series.uid, 0))
        problem = self._problems.get(series.uid, "")
        spoken = (*lines, f"No picture: {problem}") if problem else lines
        item.setData(0, _PICTURE, self._pictures.get(series.uid))
        item.setData(0, _PROBLEM, problem)
        told = "\n".join((*spoken, *series.notes[_NOTES:], *series.warnings))
        if item.toolTip(0) == told:
            return
        item.setData(0, _LINES, lines)
        item.setData(0, Qt.ItemDataRole.AccessibleTextRole, ", ".join(spoken))
        item.setToolTip(0, told)

    def _heading(self, parent: QTreeWidgetItem, text: str) -> QTreeWidgetItem:
        item = QTreeWidgetItem(parent)
        item.setText(0, f" {text}")
        item.setToolTip(0, text)
        item.setFlags(Qt.ItemFlag.ItemIsEnabled)
        return item

    def _patient(self, series: Series, number: int) -> str:
        if self._hidden:
            return f"Patient {number + 1}"
        return patient_name(series.patient) or series.patient.patient_id or "Unnamed patient"

    def _study(self, series: Series, number: int) -> str:
        if self._hidden:
            return f"Study {number + 1}"
        parts = (date(series.study_date), isolated(series.study_description))
        return " · ".join(part for part in parts if part) or "Study without date"

    def _bold(self) -> QFont:
        font = self.tree.font()
        font.setWeight(QFont.Weight.DemiBold)
        return font

    def _chosen(self) -> None:
        uid = self.chosen()
        if uid is not None:
            self._intents.select_series(uid)

    def _ask_skipped(self) -> None:
        rows: tuple[Skipped, ...] = self._result.skipped
        self.skipped_asked.emit(tuple((one.path, one.reason) for one in rows))
