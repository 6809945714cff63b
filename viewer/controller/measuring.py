"""Statistics of the regions on the screen, in the background: sorting the pixels of a large one takes longer
than a frame may."""

from __future__ import annotations

from typing import Any

import numpy as np
from PySide6.QtCore import QObject, Slot

from viewer.annotate.mark import ShownMark
from viewer.controller.desk import Desk
from viewer.jobs.job import CancelToken, Job, Progress
from viewer.jobs.runner import JobRunner
from viewer.session.marks import heat_in_sight, heat_key
from viewer.study import Slice


class Measuring(QObject):
    """Call `follow` after every change of what is shown."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._desk = desk
        self._asked: tuple[Any, ...] = ()
        self.runner = JobRunner("measure", self)
        self.runner.finished.connect(self._on_finished)
        self.runner.failed.connect(self._on_failed)
        self.runner.idle.connect(self.follow)
        desk.study_changed.connect(self._forget)

    @Slot()
    def follow(self) -> None:
        """Measure the regions whose statistics are not known; one that is dragged, as it stands when there
        is time."""
        view = self._desk.shown
        missing = tuple(
            one for one in view.marks if one.mark.is_region and not one.faint and one.statistics is None
        )
        if view.slice is None or not missing or self.runner.busy:
            return
        heat = heat_key(view.heatmap, view.overlay)
        asked = (heat, *(one.mark for one in missing))
        if asked != self._asked:  # one that failed is not tried again
            self._asked = asked
            values = heat_in_sight(view.heatmap, view.overlay)
            self.runner.submit(Job(heat, "Measuring", _measuring(missing, view.slice, values)))

    @Slot()
    def _forget(self) -> None:
        """Another study, or the same one again: nothing is known of its marks."""
        self._asked = ()

    @Slot(object, object)
    def _on_finished(self, job: Job, found: Any) -> None:
        for mark, statistics in found:
            self._desk.marks.learn(mark, job.key, statistics)  # type: ignore[arg-type]
        self._desk.learned.emit()

    @Slot(object, object)
    def _on_failed(self, job: Job, error: Exception) -> None:
        self._desk.say_error(error)


def _measuring(marks: tuple[ShownMark, ...], slice: Slice, heat: np.ndarray | None) -> Any:
    def run(token: CancelToken, progress: Progress) -> Any:
        from viewer.annotate.statistics import region_statistics

        found = []
        for one in marks:
            token.check()
            found.append((one.mark, region_statistics(one.mark.kind, one.points, slice, heat)))
        return found

    return run
