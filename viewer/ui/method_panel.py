"""By which method the answer is explained, and against which other label."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QStandardItemModel
from PySide6.QtWidgets import QComboBox, QGridLayout, QLabel, QWidget

from viewer.commands.intents import Intents
from viewer.explain.methods import FAMILY, METHODS
from viewer.session.resolved_view import ResolvedView
from viewer.ui import own_keys, theme
from viewer.ui.elided_box import ElidedBox


class MethodPanel(QWidget):
    """The methods of one pass first: switching between them asks the network nothing."""

    summary = Signal(str)

    def __init__(self, intents: Intents, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._intents = intents
        self._shown: tuple[object, ...] = ()
        """What the panel was filled from; empty once the reader chose."""
        self._labels: tuple[str, ...] = ()
        self._unfit: Mapping[str, str] = {}
        self.method = _box("Method")
        kind = FAMILY
        for method in METHODS.values():
            if method.kind != kind:
                self.method.insertSeparator(self.method.count())
                kind = method.kind
            self.method.addItem(method.title, method.id)
        self._say_what_fits()
        self.method.activated.connect(self._method_chosen)
        self.against = _box("Explained against")
        self.against.activated.connect(self._against_chosen)
        self.about = theme.named(QLabel(wordWrap=True), "dim")
        grid = QGridLayout(self)
        grid.setContentsMargins(8, 2, 8, 8)
        grid.setVerticalSpacing(7)
        grid.setColumnStretch(1, 1)
        for row, (text, box) in enumerate((("Method", self.method), ("Minus", self.against))):
            label = QLabel(text)
            label.setBuddy(box)
            grid.addWidget(label, row, 0)
            grid.addWidget(box, row, 1)
        grid.addWidget(self.about, 2, 0, 1, 2)
        self.show_view(ResolvedView())
        self._shown = ()  # nobody has heard the summary yet

    def show_view(self, view: ResolvedView) -> None:
        """Show the method in force, and what the target is held against."""
        shown = (view.card, view.unfit, view.method, view.against, bool(view.layers))
        if shown == self._shown:
            return
        self._shown = shown
        labels = view.card.labels if view.card is not None else ()
        if labels != self._labels:
            self._labels = labels
            self.against.clear()
            self.against.addItem("nothing", "")
            for label in labels:
                self.against.addItem(label, label)
        if view.unfit != self._unfit:
            self._unfit = view.unfit
            self._say_what_fits()
        method = view.method
        self.method.setCurrentIndex(self.method.findData(method.id))
        self.against.setCurrentIndex(max(self.against.findData(view.against), 0))
        self.against.setToolTip(
            "Explain how much more the finding is said than this label: evidence for one and not the other"
        )
        self.setEnabled(bool(view.layers))
        source = f" ({method.paper})" if method.paper else ""
        self.about.setText(f"{method.about}{source}")
        self.method.setToolTip(self.about.text())
        self.summary.emit(f"{method.title} minus {view.against}" if view.against else method.title)

    def _say_what_fits(self) -> None:
        """A method that the network cannot be explained by stands in the list, and says why not."""
        model = self.method.model()
        assert isinstance(model, QStandardItemModel)
        for row in range(self.method.count()):
            method = METHODS.get(self.method.itemData(row))
            if method is None:
                continue
            why = self._unfit.get(method.id, "")
            wait = f" About {method.passes} passes of the network." if method.on_demand else ""
            self.method.setItemData(row, why or f"{method.about}{wait}", Qt.ItemDataRole.ToolTipRole)
            model.item(row).setEnabled(not why)

    def _method_chosen(self, index: int) -> None:
        self._shown = ()
        self._intents.set_method(self.method.itemData(index))

    def _against_chosen(self, index: int) -> None:
        self._shown = ()
        self._intents.set_against(self.against.itemData(index))


def _box(name: str) -> QComboBox:
    box = ElidedBox()
    box.setAccessibleName(name)
    box.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    own_keys.keep_keys(box, own_keys.ROWS)
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    box.setMinimumContentsLength(8)
    return box
