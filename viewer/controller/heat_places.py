"""Where the heat of the shown map lies: outside the body, on the border, on text; while the reader looks at
what the network saw. Finding body and text in a large radiograph takes longer than a frame may."""

from __future__ import annotations

from typing import Any

import numpy as np
from PySide6.QtCore import QObject, Slot

from viewer.controller.desk import Desk
from viewer.jobs.job import CancelToken, Job, Progress
from viewer.jobs.runner import JobRunner
from viewer.results import InputMapping
from viewer.session.resolved_view import PlacesKey
from viewer.study import Slice


class HeatPlaces(QObject):
    """Call `follow` after every change of what is shown."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._desk = desk
        self._asked: PlacesKey | None = None
        self.runner = JobRunner("places", self)
        self.runner.finished.connect(self._on_finished)
        self.runner.failed.connect(self._on_failed)

    def follow(self) -> None:
        """Look where the heat of the map on the screen lies, unless that is known."""
        view = self._desk.shown
        heatmap, result = view.heatmap, view.result
        if not view.truth_view or heatmap is None or result is None or view.slice is None:
            return
        asked = (heatmap.key, heatmap.layer.name, view.overlay.evidence)
        if asked != self._asked:
            self._asked = asked
            run = _looking(result.cams[heatmap.layer.name], result.mapping, view.slice, asked[2])
            self.runner.submit(Job(asked, "Looking where the heat lies", run))

    @Slot(object, object)
    def _on_finished(self, job: Job, found: Any) -> None:
        self._desk.places = (job.key, found)  # type: ignore[assignment]
        self._desk.learned.emit()

    @Slot(object, object)
    def _on_failed(self, job: Job, error: Exception) -> None:
        self._desk.say_error(error)


def _looking(cam: np.ndarray, mapping: InputMapping, slice: Slice, evidence: str) -> Any:
    def run(token: CancelToken, progress: Progress) -> Any:
        from viewer.explain.trust.outside import places

        return places(cam, mapping, slice, evidence)

    return run
