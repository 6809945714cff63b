"""How the heatmap is presented: on or off, opacity, lower threshold, sign, colour map, scale."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QIcon, QPixmap
from PySide6.QtWidgets import QCheckBox, QComboBox, QGridLayout, QLabel, QWidget

from viewer.commands.intents import Intents
from viewer.imaging.colormap import COLORMAPS, DEFAULT, GREY, map_in_force
from viewer.session.resolved_view import ResolvedView
from viewer.ui import own_keys, theme
from viewer.ui.elided_box import ElidedBox
from viewer.ui.marks import gradient_image
from viewer.ui.quiet_slider import QuietSlider

_SCALES = (
    ("absolute", "Absolute (all slices alike)"),
    ("relative", "Relative (this map only)"),
)
_EVIDENCE = (
    ("positive", "For the finding"),
    ("negative", "Against the finding"),
    ("signed", "For and against"),
)
_GREYED = "Grey until you look at the amber and red lines under Trust"
_OWN_COLORS = "Evidence against is blue, so that it is never taken for evidence for"


class OverlayPanel(QWidget):
    """Every control costs a lookup table, never a pass of the network."""

    summary = Signal(str)

    def __init__(self, intents: Intents, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._intents = intents
        self._shown: tuple[object, ...] = ()
        """What the controls were set from; empty once the reader moved one."""
        self.shown = QCheckBox("Show heatmap")
        self.shown.setToolTip("Hold Space to see it only for a moment")
        self.shown.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.shown.clicked.connect(self._switched)
        self.opacity = QuietSlider("Opacity in percent")
        self.opacity.setRange(0, 100)
        self.opacity.valueChanged.connect(self._opacity_moved)
        self.threshold = QuietSlider("Lower threshold in percent of the scale")
        self.threshold.setRange(0, 100)
        self.threshold.valueChanged.connect(self._threshold_moved)
        self.colormap = ElidedBox()
        self.colormap.setAccessibleName("Colour map")
        self.colormap.setIconSize(QSize(48, 12))
        for name in COLORMAPS:
            self.colormap.addItem(_gradient(name), name)
        self.colormap.activated.connect(self._colormap_chosen)
        self.colormap.setPlaceholderText("its own")
        self.evidence = ElidedBox()
        self.evidence.setAccessibleName("Evidence")
        for name, text in _EVIDENCE:
            self.evidence.addItem(_gradient(DEFAULT, name), text, name)
        self.evidence.setIconSize(QSize(48, 12))
        self.evidence.activated.connect(self._evidence_chosen)
        self.scale = ElidedBox()
        self.scale.setAccessibleName("Scale")
        for name, text in _SCALES:
            self.scale.addItem(text, name)
        self.scale.activated.connect(self._scale_chosen)
        self._opacity_text = theme.named(QLabel(), "dim")
        self._threshold_text = theme.named(QLabel(), "dim")
        for label in (self._opacity_text, self._threshold_text):
            label.setMinimumWidth(self.fontMetrics().horizontalAdvance("100 %") + 4)
            label.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        for box in (self.evidence, self.colormap, self.scale):
            box.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            own_keys.keep_keys(box, own_keys.ROWS)
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            box.setMinimumContentsLength(8)
        grid = QGridLayout(self)
        grid.setContentsMargins(8, 2, 8, 10)
        grid.setVerticalSpacing(7)
        grid.setColumnStretch(1, 1)
        grid.addWidget(self.shown, 0, 0, 1, 3)
        self._row(grid, 1, "Opacity", self.opacity, self._opacity_text)
        self._row(grid, 2, "From", self.threshold, self._threshold_text)
        self._row(grid, 3, "Evidence", self.evidence)
        self._row(grid, 4, "Colours", self.colormap)
        self._row(grid, 5, "Scale", self.scale)
        self.show_view(ResolvedView())
        self._shown = ()  # nobody has heard the summary yet

    @staticmethod
    def _row(grid: QGridLayout, row: int, text: str, control: QWidget, value: QLabel | None = None) -> None:
        label = QLabel(text)
        label.setBuddy(control)
        grid.addWidget(label, row, 0)
        grid.addWidget(control, row, 1, 1, 1 if value else 2)
        if value:
            grid.addWidget(value, row, 2)

    def show_view(self, view: ResolvedView) -> None:
        """Show the overlay's settings in force."""
        shown = (view.overlay, view.only_positive, view.only_relative)
        if shown == self._shown:
            return
        dragging = self.opacity.isSliderDown() or self.threshold.isSliderDown()
        self._shown = () if dragging else shown
        overlay = view.overlay
        self.shown.setChecked(overlay.visible)
        self.opacity.show_value(round(overlay.opacity * 100))
        self.threshold.show_value(round(overlay.threshold * 100))
        self._opacity_text.setText(f"{overlay.opacity * 100:.0f} %")
        self._threshold_text.setText(f"{overlay.threshold * 100:.0f} %")
        positive, greyed = overlay.evidence == "positive", overlay.colormap == GREY
        chosen = positive and not greyed
        self.colormap.setCurrentIndex(self.colormap.findText(overlay.colormap) if chosen else -1)
        self.colormap.setEnabled(chosen)
        self.colormap.setToolTip("" if chosen else _GREYED if greyed else _OWN_COLORS)
        self.evidence.setCurrentIndex(self.evidence.findData(overlay.evidence))
        self._may_choose(self.evidence, view.only_positive)
        self.scale.setCurrentIndex(self.scale.findData(overlay.scale))
        self._may_choose(self.scale, view.only_relative)
        sign = "" if positive else f"{self.evidence.currentText().lower()} · "
        state = f"{sign or f'{overlay.opacity * 100:.0f} % · '}{overlay.scale}" if overlay.visible else "off"
        self.summary.emit(state)

    @staticmethod
    def _may_choose(box: QComboBox, why_not: str) -> None:
        box.setEnabled(not why_not)
        box.setToolTip(why_not or box.currentText())
        box.setAccessibleDescription(why_not)

    def _set(self, **changes: Any) -> None:
        self._shown = ()
        self._intents.set_overlay(**changes)

    def _switched(self, on: bool) -> None:
        self._set(visible=on)

    def _opacity_moved(self, percent: int) -> None:
        self._set(opacity=percent / 100)

    def _threshold_moved(self, percent: int) -> None:
        self._set(threshold=percent / 100)

    def _colormap_chosen(self, index: int) -> None:
        self._set(colormap=self.colormap.itemText(index))

    def _evidence_chosen(self, index: int) -> None:
        self._set(evidence=self.evidence.itemData(index))

    def _scale_chosen(self, index: int) -> None:
        self._set(scale=self.scale.itemData(index))


def _gradient(colormap: str, evidence: str = "positive") -> QIcon:
    image = gradient_image(map_in_force(colormap, evidence))
    return QIcon(QPixmap.fromImage(image.scaled(96, 24)))
