"""The key images of the study: which slices they are, and whether to scroll through them alone."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QIcon, QMouseEvent
from PySide6.QtWidgets import QCheckBox, QLabel, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from viewer.annotate.mark import KeyImage
from viewer.commands.intents import Intents
from viewer.results import SliceKey
from viewer.session.resolved_view import ResolvedView
from viewer.session.slice_places import Place, Places
from viewer.ui import own_keys, theme

_SLICE = Qt.ItemDataRole.UserRole
_TALLEST = 160
_ICON = 16


class _Rows(QListWidget):
    """`gone_to`: a row was reached by a key, or clicked, be it the current one already."""

    gone_to = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self._pressing = False
        self.currentRowChanged.connect(self._moved)
        self.itemClicked.connect(self._clicked)

    def _moved(self, row: int) -> None:
        if not self._pressing:
            self.gone_to.emit(row)

    def _clicked(self, item: QListWidgetItem) -> None:
        self.gone_to.emit(self.row(item))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._pressing = True
        super().mousePressEvent(event)
        self._pressing = False


class KeyImageList(QWidget):
    """A click on a row shows that slice."""

    summary = Signal(str)

    def __init__(self, intents: Intents, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._intents = intents
        self._asked: tuple[object, ...] = ()
        self._places: list[Place | None] = []
        self._showing = False
        self.only = QCheckBox("Key images only")
        self.only.setToolTip("Scroll through the key images of the study and through no other slice")
        self.only.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.only.clicked.connect(self._toggle_only)
        self.list = _Rows()
        self.list.setAccessibleName("Key images of the study")
        self.list.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.list.setIconSize(QSize(_ICON, _ICON))
        self.list.setUniformItemSizes(True)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.gone_to.connect(self._go)
        own_keys.keep_keys(self.list, own_keys.ROWS)
        self.note = theme.named(QLabel(wordWrap=True), "dim")
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 2, 8, 8)
        column.setSpacing(5)
        column.addWidget(self.list)
        column.addWidget(self.note)
        column.addWidget(self.only)

    def show_view(self, view: ResolvedView, places: Places) -> None:
        """Show the key images in the order of the tree, and which of them is on the screen."""
        self._showing = True
        if (asked := (view.key_images, places, theme.current())) != self._asked:
            self._asked = asked
            self._fill(view.key_images, places)
        self._choose(view.header.key if view.header is not None else None)
        self._showing = False
        self.only.setChecked(view.only_key_images)
        self.only.setEnabled(bool(self._places) or view.only_key_images)
        self.note.setText("" if self._places else "No key images yet.")
        self.note.setVisible(not self._places)
        self.summary.emit(self._gist(view))

    def _fill(self, keys: tuple[KeyImage, ...], places: Places) -> None:
        found = [places.find(one.instance) for one in keys]
        there = sorted((one for one in found if one is not None), key=lambda place: place.order)
        self._places = [*there, *(one for one in found if one is None)]
        self.list.clear()
        star = _star()
        for place in self._places:
            item = QListWidgetItem(star, place.title if place is not None else "On a slice that is not open")
            item.setFlags(Qt.ItemFlag.NoItemFlags if place is None else item.flags())
            self.list.addItem(item)
        height = sum(self.list.sizeHintForRow(row) for row in range(min(self.list.count(), 12))) + 4
        self.list.setFixedHeight(min(height, _TALLEST))
        self.list.setVisible(bool(self._places))

    def _choose(self, here: SliceKey | None) -> None:
        """Mark the row of the slice on the screen, if it has one."""
        keys = [place.header.key if place is not None else None for place in self._places]
        row = keys.index(here) if here is not None and here in keys else -1
        if row != self.list.currentRow():
            self.list.setCurrentRow(row)

    @staticmethod
    def _gist(view: ResolvedView) -> str:
        count = len(view.key_images)
        return f"{count}, only these" if view.only_key_images else (str(count) if count else "")

    def _toggle_only(self) -> None:
        self._intents.key_images.toggle_only()
        self.only.setChecked(self._intents.view.only_key_images)

    def _go(self, row: int) -> None:
        place = self._places[row] if not self._showing and 0 <= row < len(self._places) else None
        if place is not None:
            self._intents.select_series(place.series.uid)
            self._intents.go_to(place.index)


def _star() -> QIcon:
    """The sign of a key image; it keeps its colour in the row that is chosen."""
    made = QIcon()
    for ratio in (1, 2, 3):
        picture = theme.pixmap("key-image", theme.current().warning, _ICON, ratio)
        for mode in (QIcon.Mode.Normal, QIcon.Mode.Selected):
            made.addPixmap(picture, mode)
    return made
