"""The histogram of the slice's modality values, with the window as a region one can drag.

The only part drawn by pyqtgraph, which takes a second to import: it is imported when this first opens.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from PySide6.QtWidgets import QLabel, QStackedLayout, QWidget

from viewer.commands.intents import Intents
from viewer.session.resolved_view import ResolvedView
from viewer.study import Slice, Window
from viewer.ui import theme

_SAMPLE = 1 << 18


def histogram(shown: Slice, bins: int = 256) -> tuple[np.ndarray, np.ndarray]:
    """Counts (bins,) and edges (bins + 1,) of the modality values, without padding and not-a-number."""
    values = shown.values.ravel()
    values = values[:: max(1, values.size // _SAMPLE)]
    if values.dtype.kind == "f":
        values = values[np.isfinite(values)]
    if shown.padding is not None:
        values = values[(values < shown.padding[0]) | (values > shown.padding[1])]
    if not values.size:
        return np.zeros(bins, int), np.linspace(0.0, 1.0, bins + 1)
    counts, edges = np.histogram(values, bins=bins)
    return counts, edges


class LevelsPanel(QWidget):
    """Counts on a root scale, so that air does not flatten everything else."""

    def __init__(self, intents: Intents, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        import pyqtgraph

        self._intents = intents
        self._slice: Slice | None = None
        self._shown: Window | None = None
        colors = theme.current()
        self._plot = pyqtgraph.PlotWidget(background=colors.panel)
        self._plot.setAccessibleName("Histogram of the slice")
        self._plot.setMenuEnabled(False)
        self._plot.hideButtons()
        self._plot.setMouseEnabled(x=True, y=False)
        self._plot.hideAxis("left")
        bottom = self._plot.getAxis("bottom")
        bottom.setPen(colors.border)
        bottom.setTextPen(colors.dim)
        self._curve: Any = pyqtgraph.PlotCurveItem(
            x=[0.0, 1.0],
            y=[0.0],
            stepMode="center",
            fillLevel=0,
            brush=colors.border,
            pen=pyqtgraph.mkPen(colors.dim),
        )
        fill = pyqtgraph.mkColor(colors.accent)
        fill.setAlpha(45)
        self.region: Any = pyqtgraph.LinearRegionItem(brush=fill, pen=pyqtgraph.mkPen(colors.accent, width=2))
        self.region.sigRegionChanged.connect(self._dragged)
        self._plot.addItem(self._curve)
        self._plot.addItem(self.region)
        self._nothing = theme.named(QLabel("Levels appear for a grey slice."), "dim")
        self._nothing.setContentsMargins(12, 12, 12, 12)
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self._nothing)
        self._stack.addWidget(self._plot)
        self.setMinimumHeight(120)

    def show_view(self, view: ResolvedView) -> None:
        """Show the histogram of the slice and the window in force."""
        if view.slice is None or view.slice.is_color:
            if view.slice is not None or view.series is None:
                self._slice = None
                self._stack.setCurrentWidget(self._nothing)
            return
        self._stack.setCurrentWidget(self._plot)
        if view.slice is not self._slice:
            self._slice = view.slice
            counts, edges = histogram(view.slice)
            self._curve.setData(edges, np.sqrt(counts))
            self._plot.setLabel("bottom", view.slice.header.unit or "modality value")
        self.region.setVisible(view.window is not None)
        if view.window is not None and view.window != self._shown:
            self._shown = view.window
            half = view.window.width / 2
            self.region.blockSignals(True)
            self.region.setRegion((view.window.center - half, view.window.center + half))
            self.region.blockSignals(False)

    def _dragged(self) -> None:
        low, high = self.region.getRegion()
        function = self._shown.function if self._shown is not None else "LINEAR"
        width = max(high - low, 1.0 if function == "LINEAR" else 1e-6)
        window = Window((low + high) / 2, width, function)
        self._shown = window
        self._intents.set_window(window)
