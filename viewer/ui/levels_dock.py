"""The histogram of the slice's modality values, with the window as a region one can drag.

The only part drawn by pyqtgraph, which takes a second to import: it is imported when this first opens, in the
background, and the plot follows.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from PySide6.QtCore import QCoreApplication, Slot
from PySide6.QtWidgets import QLabel, QStackedLayout, QVBoxLayout, QWidget

from viewer.commands.intents import Intents
from viewer.jobs.job import CancelToken, Job, Progress
from viewer.jobs.runner import JobRunner
from viewer.notice import of_error
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
    """Says that there is nothing to show until there is: a grey slice, and the plot."""

    def __init__(self, intents: Intents, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._intents = intents
        self._view = ResolvedView()
        self.plot: LevelsPlot | None = None
        """None until it is made."""
        self._nothing = theme.named(QLabel("Levels appear for a grey slice.", wordWrap=True), "dim")
        self._nothing.setContentsMargins(12, 12, 12, 12)
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self._nothing)
        self.setMinimumHeight(120)
        self._runner = JobRunner("levels", self)
        self._runner.finished.connect(self._on_imported)
        self._runner.failed.connect(self._on_failed)
        application = QCoreApplication.instance()
        if application is not None:
            application.aboutToQuit.connect(self._end)
        self._runner.submit(Job("levels", "Preparing the levels", _importing))

    def show_view(self, view: ResolvedView) -> None:
        """Show the histogram of the slice and the window in force."""
        self._view = view
        if self.plot is None:
            return
        if view.slice is not None and not view.slice.is_color:
            self.plot.show_slice(view.slice, view.window)
            self._stack.setCurrentWidget(self.plot)
        elif view.slice is not None or view.series is None:
            self._stack.setCurrentWidget(self._nothing)

    @Slot(object, object)
    def _on_imported(self, job: Job, result: object) -> None:
        self._end()
        self.plot = LevelsPlot(self._intents)
        self._stack.addWidget(self.plot)
        self.show_view(self._view)

    @Slot(object, object)
    def _on_failed(self, job: Job, error: Exception) -> None:
        self._end()
        notice = of_error(error)
        self._nothing.setText(f"{notice.text} {notice.remedy}".strip())

    @Slot()
    def _end(self) -> None:
        self._runner.shutdown()


def _importing(token: CancelToken, progress: Progress) -> None:
    import pyqtgraph  # noqa: F401


class LevelsPlot(QWidget):
    """Counts on a root scale, so that air does not flatten everything else."""

    def __init__(self, intents: Intents, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        import pyqtgraph

        self._intents = intents
        self._slice: Slice | None = None
        self._shown: Window | None = None
        colors = theme.current()
        self._plot = pyqtgraph.PlotWidget(background=colors.panel, enableMenu=False)
        self._plot.setAccessibleName("Histogram of the slice")
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
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._plot)

    def show_slice(self, shown: Slice, window: Window | None) -> None:
        """Show the histogram of a grey slice and the window in force."""
        if shown is not self._slice:
            self._slice = shown
            counts, edges = histogram(shown)
            self._curve.setData(edges, np.sqrt(counts))
            self._plot.setLabel("bottom", shown.header.unit or "modality value")
        self.region.setVisible(window is not None)
        if window is not None and window != self._shown:
            self._shown = window
            half = window.width / 2
            self.region.blockSignals(True)
            self.region.setRegion((window.center - half, window.center + half))
            self.region.blockSignals(False)

    def _dragged(self) -> None:
        low, high = self.region.getRegion()
        function = self._shown.function if self._shown is not None else "LINEAR"
        width = max(high - low, 1.0 if function == "LINEAR" else 1e-6)
        window = Window((low + high) / 2, width, function)
        self._shown = window
        self._intents.set_window(window)
