"""What if the network did not see this? It is asked again while the reader drags a box over the slice.

A twin of the network answers on a thread of its own, so that an analysis goes on. The newest box is next;
a pass that runs is not stopped for it, or a reader who drags fast would see no number move.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Slot

from viewer.controller.analysis import Analysis
from viewer.controller.desk import Desk
from viewer.jobs.job import CancelToken, Job, Progress
from viewer.jobs.runner import JobRunner
from viewer.results import SliceKey, WhatIf
from viewer.study import Box, Slice

if TYPE_CHECKING:
    from viewer.inference.loading import LoadedModel

_Asked = tuple[SliceKey, str, Box]
"""Slice, model digest, box."""


class _Twin:
    """The twin of the network in use: made once, on the thread that asks it, and anew once the network has
    moved or another one was chosen."""

    def __init__(self) -> None:
        self._made: tuple[LoadedModel, str, LoadedModel] | None = None

    def of(self, loaded: LoadedModel) -> LoadedModel:
        from viewer.explain.twin import twin_of

        made = self._made
        if made is None or made[0] is not loaded or made[1] != loaded.device:
            self._made = made = (loaded, loaded.device, twin_of(loaded))
        return made[2]

    def forget_others(self, loaded: LoadedModel | None) -> None:
        """Two networks may not fit into memory."""
        made = self._made
        if made is not None and made[0] is not loaded:
            self._made = None


class Occluding(QObject):
    """Call `follow` after every change of what is shown."""

    def __init__(self, desk: Desk, analysis: Analysis) -> None:
        super().__init__(desk)
        self._desk = desk
        self._analysis = analysis
        self._asked: _Asked | None = None
        """What is being answered, or was last."""
        self._twin = _Twin()
        self.runner = JobRunner("occluder", self)
        self.runner.finished.connect(self._on_finished)
        self.runner.failed.connect(self._on_failed)

    def follow(self) -> None:
        """Ask about the slice on the screen with its box covered, unless that is answered."""
        loaded, view = self._analysis.loaded, self._desk.shown
        self._twin.forget_others(loaded)
        asked = self._wanted()
        if asked == self._asked:
            return
        self._asked = asked
        if asked is None or loaded is None or view.slice is None:
            self.runner.cancel()
            self._desk.what_if = None
        else:
            job = Job(asked, "Asking without the box", _asking(self._twin, loaded, view.slice, asked[2]))
            self.runner.submit(job, interrupt=False)

    def _wanted(self) -> _Asked | None:
        """Only beside an answer for the whole slice, by the same network: a change needs a before."""
        view, loaded = self._desk.shown, self._analysis.loaded
        if view.occluder is None or view.slice is None or view.prediction is None or loaded is None:
            return None
        rows, cols = view.slice.values.shape[:2]
        same = view.card is loaded.bundle.card and view.occluder.covers(rows, cols)
        return (view.slice.header.key, loaded.bundle.digest, view.occluder) if same else None

    @Slot(object, object)
    def _on_finished(self, job: Job, answer: WhatIf) -> None:
        asked = self._asked
        if asked is not None and asked[:2] == (answer.slice, answer.model_digest):
            self._desk.what_if = answer
            self._desk.learned.emit()

    @Slot(object, object)
    def _on_failed(self, job: Job, error: Exception) -> None:
        if job.key == self._asked:
            self._desk.say_error(error)


def _asking(twin: _Twin, loaded: LoadedModel, slice: Slice, box: Box) -> Any:
    def run(token: CancelToken, progress: Progress) -> WhatIf:
        from viewer.explain.occluder import ask_covered

        return ask_covered(twin.of(loaded), slice, box)

    return run
