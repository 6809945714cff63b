"""Methods that take passes of their own: asked about the slice on the screen, once it rests there."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QObject, QTimer, Slot

from viewer.controller.analysis import Analysis
from viewer.controller.desk import Desk, ProgressLine
from viewer.controller.inference_jobs import explaining
from viewer.jobs.job import Job
from viewer.jobs.runner import JobRunner
from viewer.results import ResultKey

DWELL_MS = 250
"""A slice that is only scrolled past is not asked about."""


class OnDemand(QObject):
    """Call `follow` after every change of what is shown. Works on a twin, beside the analysis."""

    def __init__(self, desk: Desk, analysis: Analysis) -> None:
        super().__init__(desk)
        self._desk = desk
        self._analysis = analysis
        self._progress = ProgressLine(desk, "explanation")
        self._asked: ResultKey | None = None
        """What is being answered, or was last; not asked again before something else was."""
        self._dwell = QTimer(self)
        self._dwell.setSingleShot(True)
        self._dwell.setInterval(DWELL_MS)
        self._dwell.timeout.connect(self._start)
        self.runner = JobRunner("explanation", self)
        self.runner.progressed.connect(self._on_progress)
        self.runner.finished.connect(self._on_finished)
        self.runner.failed.connect(self._on_failed)
        desk.study_changed.connect(self.cancel)

    def cancel(self) -> None:
        """Stop; the question is not asked again before another slice or method was."""
        self._dwell.stop()
        self.runner.cancel()
        self._progress.end()

    def follow(self) -> None:
        """Ask about the slice on the screen, if its map is missing and the slice stays."""
        key = self._wanted()
        if key == self._asked:
            return
        self.cancel()
        self._asked = key
        if key is not None:
            self._dwell.start()

    def _wanted(self) -> ResultKey | None:
        view, loaded = self._desk.shown, self._analysis.loaded
        if not view.method.on_demand or view.wanted is None or view.slice is None or view.withheld:
            return None
        known = view.prediction is not None and loaded is not None
        same = known and loaded.bundle.digest == view.wanted.model_digest  # type: ignore[union-attr]
        return view.wanted if same else None

    @Slot()
    def _start(self) -> None:
        view, loaded, key = self._desk.shown, self._analysis.loaded, self._asked
        if key is None or loaded is None or view.header is None or self._desk.analyses.has(key):
            return
        layer = view.layer if key.layer else None
        self._progress.begin(view.method.title)
        self.runner.submit(explaining(loaded, view.header, key, view.method, layer))

    @Slot(object, int, int, object)
    def _on_progress(self, job: Job, done: int, total: int, partial: Any) -> None:
        self._progress.move(done, total)

    @Slot(object, object)
    def _on_finished(self, job: Job, result: Any) -> None:
        self._progress.end()
        self._desk.analyses.put(result)
        self._desk.learned.emit()

    @Slot(object, object)
    def _on_failed(self, job: Job, error: Exception) -> None:
        self._progress.end()
        self._desk.say_error(error)
