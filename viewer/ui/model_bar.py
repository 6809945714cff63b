"""The toolbar's right half: Analyse, which model, on which device, and how far it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QSizePolicy, QToolButton, QWidget

from viewer.commands.intents import Intents
from viewer.ui import own_keys, theme
from viewer.ui.elided_box import ElidedBox
from viewer.ui.progress_line import ProgressLine

if TYPE_CHECKING:
    from viewer.inference.card import Card


_SPACING = 8


def _device_words(name: str) -> str:
    return f"device: {name}"


class ModelBar(QWidget):
    """Analyse stands first: it is what one comes for."""

    add_asked = Signal()

    def __init__(self, intents: Intents, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._intents = intents
        self.analyse = theme.named(QToolButton(), "primary")
        self.analyse.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.analyse.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.model = ElidedBox()
        self.model.setAccessibleName("Model")
        self.model.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        own_keys.keep_keys(self.model, own_keys.ROWS)
        # The models become known after the first show.
        self.model.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.model.setMinimumWidth(110)
        self.model.setMaximumWidth(340)
        self.model.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.model.activated.connect(self._chosen)
        self.device = theme.named(QLabel(), "dim")
        self.progress = ProgressLine("inference", intents, "Stop the analysis")
        self.explanation = ProgressLine("explanation", intents, "Stop explaining")
        row = QHBoxLayout(self)
        row.setContentsMargins(2, 0, 2, 0)
        row.setSpacing(_SPACING)
        for widget in (self.analyse, self.model, self.device):
            row.addWidget(widget)
        row.addWidget(self.progress, 4)
        row.addWidget(self.explanation, 4)
        row.addStretch(1)
        self.show_models((), None)
        self.show_device("")

    def room(self) -> int:
        """The width it needs at least once everything of it is on show at the same time."""
        device = self.device.fontMetrics().horizontalAdvance(_device_words("CUDA"))
        parts = (self.analyse, self.progress, self.explanation)
        least = sum(part.minimumSizeHint().width() for part in parts)
        return least + self.model.minimumWidth() + device + 6 * _SPACING

    def dress(self) -> None:
        """Take the icons of the theme in force."""
        for line in (self.progress, self.explanation):
            line.cancel.setIcon(theme.icon("cancel"))

    def show_models(self, cards: Sequence[Card], chosen: str | None) -> None:
        """List the bundles by title; the last row adds one."""
        self.model.clear()
        for card in cards:
            self.model.addItem(theme.icon("model"), card.title, card.name)
            self.model.setItemData(
                self.model.count() - 1,
                f"{card.title} {card.version}\n{card.domain.description}".strip(),
                Qt.ItemDataRole.ToolTipRole,
            )
        if not cards:
            self.model.addItem("no model", None)
        self.model.addItem("Add model…", None)
        self.model.setCurrentIndex(max(self.model.findData(chosen), 0))
        self.model.setToolTip("Which network analyses the study")

    def show_model(self, name: str | None) -> None:
        """Show which model is in force."""
        row = self.model.findData(name)
        if name is not None and row >= 0 and row != self.model.currentIndex():
            self.model.setCurrentIndex(row)

    def show_device(self, text: str) -> None:
        self.device.setText(_device_words(text) if text else "")
        self.device.setVisible(bool(text))

    def _chosen(self, row: int) -> None:
        name = self.model.itemData(row)
        if name is not None:
            self._intents.set_model(name)
            return
        self.show_model(self._intents.view.card.name if self._intents.view.card else None)
        if row == self.model.count() - 1:
            self.add_asked.emit()
