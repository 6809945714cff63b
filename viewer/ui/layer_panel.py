"""The network's layers: a slider from early to late, and a filmstrip of every layer's map."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QListView,
    QListWidget,
    QListWidgetItem,
    QVBoxLayout,
    QWidget,
)

from viewer.commands.intents import Intents
from viewer.results import Layer
from viewer.session import captions
from viewer.session.resolved_view import ResolvedView
from viewer.session.scale import absolute_top, heat_range_of
from viewer.ui import own_keys, theme
from viewer.ui.picture import cam_picture
from viewer.ui.quiet_slider import QuietSlider

_SIDE = 56


class LayerPanel(QWidget):
    """Switching the layer is a lookup: the maps of all layers came from one pass."""

    summary = Signal(str)

    def __init__(self, intents: Intents, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._intents = intents
        self._layers: tuple[Layer, ...] = ()
        self._chosen: tuple[object, ...] = ()
        """What slider and words were set from; empty once the reader chose."""
        self._pictured: tuple[object, ...] = ()
        self.film = QListWidget()
        self.film.setAccessibleName("Maps of all layers")
        self.film.setViewMode(QListView.ViewMode.IconMode)
        self.film.setFlow(QListView.Flow.LeftToRight)
        self.film.setWrapping(True)
        self.film.setMovement(QListView.Movement.Static)
        self.film.setResizeMode(QListView.ResizeMode.Adjust)
        self.film.setIconSize(QSize(_SIDE, _SIDE))
        self.film.setSpacing(2)
        self.film.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.film.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        own_keys.keep_keys(self.film, own_keys.TEXT)
        self.film.itemClicked.connect(self._clicked)
        self.film.itemActivated.connect(self._clicked)
        self.film.currentRowChanged.connect(self._moved)
        self.slider = QuietSlider("Layer, early to late")
        self.slider.setObjectName("plain")
        self.slider.valueChanged.connect(self._slid)
        self._name = QLabel(wordWrap=True)
        ends = QHBoxLayout()
        for text in ("early", "late"):
            label = theme.named(QLabel(text), "dim")
            ends.addWidget(label)
            if text == "early":
                ends.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 2, 8, 8)
        column.setSpacing(4)
        column.addWidget(self._name)
        column.addWidget(self.slider)
        column.addLayout(ends)
        column.addWidget(self.film)
        self.show_view(ResolvedView())
        self._chosen = ()  # nobody has heard the summary yet

    def show_view(self, view: ResolvedView) -> None:
        """Show the layers of the result on the screen, each as its overlay would be."""
        if view.layers != self._layers:
            self._build(view.layers)
        text = self._text(view)
        chosen = (view.layers, view.layer, view.method, text)
        if chosen != self._chosen:
            self._choose(view, text)
            self._chosen = () if self.slider.isSliderDown() else chosen
        self._draw(view)

    def _choose(self, view: ResolvedView, text: str) -> None:
        """Mark the layer in force and say `text` of it."""
        self.setEnabled(bool(view.layers) and view.method.by_layer)
        self._name.setText(text)
        names = [layer.name for layer in self._layers]
        if view.layer is not None and view.layer.name in names:
            number = names.index(view.layer.name)
            self.slider.show_value(number)
            self.film.setCurrentRow(number)
            self.slider.setAccessibleDescription(text)
            self.summary.emit(f"{view.layer.title} · {view.layer.grid[0]}×{view.layer.grid[1]}")
        else:
            self.summary.emit("")

    def _text(self, view: ResolvedView) -> str:
        layer = view.layer
        if layer is None or all(layer.name != one.name for one in self._layers):
            return "Layers appear once a slice was analysed."
        if not view.method.by_layer:
            return f"{view.method.title} has one map, for all layers together."
        mapping = view.result.mapping if view.result else None
        geometry = view.slice.header.geometry if view.slice else None
        return captions.layer_text(layer, mapping, geometry)

    def _build(self, layers: tuple[Layer, ...]) -> None:
        self._layers, self._pictured = layers, ()
        self.slider.blockSignals(True)
        self.slider.setRange(0, max(len(layers) - 1, 0))
        self.slider.blockSignals(False)
        self.film.clear()
        for number, layer in enumerate(layers, 1):
            item = QListWidgetItem(str(number))
            item.setToolTip(f"{layer.title} · {layer.grid[0]}×{layer.grid[1]}")
            item.setData(Qt.ItemDataRole.AccessibleTextRole, layer.title)
            item.setSizeHint(QSize(_SIDE + 8, _SIDE + self.fontMetrics().height() + 10))
            self.film.addItem(item)
        self._fit_height()

    def _draw(self, view: ResolvedView) -> None:
        """Draw the maps again, if anything that shows in them changed and they are on the screen."""
        look = (view.overlay.colormap, view.overlay.scale, view.overlay.evidence, view.heat_range)
        wanted = (view.result, view.card, bool(view.withheld), *look)
        if wanted == self._pictured or not self.film.isVisible():
            return
        self._pictured = wanted
        for number, layer in enumerate(self._layers):
            picture = QIcon()
            if layer.name in view.cams:
                cam = view.cams[layer.name]
                raw_range = float(cam.min()), float(cam.max())
                scale = view.heat_range
                if view.card is not None:
                    top = absolute_top(view.card, view.method, layer)
                    scale = heat_range_of(view.overlay, top, raw_range)
                ratio = self.devicePixelRatioF()
                pixels = cam_picture(cam, view.overlay.colormap, scale, _SIDE, ratio, view.overlay.evidence)
                # Qt tints the icon of a selected item, and a colour scale must not be tinted.
                for mode in (QIcon.Mode.Normal, QIcon.Mode.Selected):
                    picture.addPixmap(pixels, mode)
            self.film.item(number).setIcon(picture)

    def _fit_height(self) -> None:
        """As tall as its rows, up to three of them."""
        across = max((self.width() - 28) // (_SIDE + 12), 1)
        rows = min(-(-max(len(self._layers), 1) // across), 3)
        self.film.setFixedHeight(rows * (_SIDE + self.fontMetrics().height() + 14) + 10)

    def resizeEvent(self, event: object) -> None:
        super().resizeEvent(event)  # type: ignore[arg-type]
        self._fit_height()

    def showEvent(self, event: object) -> None:
        super().showEvent(event)  # type: ignore[arg-type]
        self.show_view(self._intents.view)

    def _moved(self, row: int) -> None:
        self._chosen = ()

    def _clicked(self, item: QListWidgetItem) -> None:
        self._intents.set_layer(self._layers[self.film.row(item)].name)

    def _slid(self, number: int) -> None:
        self._chosen = ()
        if 0 <= number < len(self._layers):
            self._intents.set_layer(self._layers[number].name)
