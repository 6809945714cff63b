"""The tag browser's rows: read in the background, for the slice on the screen, while somebody watches."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QObject, Slot

from viewer.controller.desk import Desk
from viewer.errors import GlassboxError
from viewer.jobs.job import CancelToken, Job, Progress
from viewer.jobs.runner import JobRunner
from viewer.study import SliceHeader


class Tags(QObject):
    """Call `follow` after every change of what is shown."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._desk = desk
        self._watched = False
        self._asked: tuple[Any, ...] | None = None
        """What the rows on show, or on their way, are of."""
        self.runner = JobRunner("tags", self)
        self.runner.finished.connect(self._on_finished)
        self.runner.failed.connect(self._on_failed)

    def watch(self, on: bool) -> None:
        """Whether the rows are wanted; turning it on shows them anew."""
        self._watched, self._asked = on, None
        if on:
            self.follow()
        else:
            self.runner.cancel()

    def follow(self) -> None:
        """Read the rows of the slice on the screen, unless they are on show already."""
        if not self._watched:
            return
        view = self._desk.shown
        header = view.header
        asked = (header.source, header.frame, view.deidentified) if header is not None else ()
        if asked == self._asked:
            return
        self._asked = asked
        if header is None:
            self.runner.cancel()
            self._desk.view.show_tags(())
        else:
            self.runner.submit(Job(asked, "Reading attributes", _read(header, view.deidentified)))

    @Slot(object, object)
    def _on_finished(self, job: Job, rows: Any) -> None:
        if self._watched and job.key == self._asked:
            self._desk.view.show_tags(rows)

    @Slot(object, object)
    def _on_failed(self, job: Job, error: Exception) -> None:
        if self._watched and job.key == self._asked:
            known = isinstance(error, GlassboxError)
            self._desk.view.show_tags((), str(error) if known else "The attributes cannot be read.")


def _read(header: SliceHeader, deidentified: bool) -> Any:
    def run(token: CancelToken, progress: Progress) -> Any:
        from viewer.dicom.tag_table import read_tags

        return read_tags(header.source, frame=header.frame, deidentified=deidentified)

    return run
