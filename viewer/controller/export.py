"""Exporting the report: drawn and written in the background, from the view as it was when asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Slot

from viewer.controller.desk import Desk
from viewer.jobs.job import CancelToken, Job, Progress
from viewer.jobs.runner import JobRunner


class Export(QObject):
    """Writes one report at a time, on a thread of its own: scrolling on must not cancel it."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._desk = desk
        self.runner = JobRunner("export", self)
        self.runner.finished.connect(self._on_finished)
        self.runner.failed.connect(self._on_failed)

    def make(self, *, comment: str, deidentify: bool) -> Any:
        """The `Report` of what is shown now, for a preview."""
        from viewer.report.report import build

        return build(self._desk.shown, comment=comment, deidentify=deidentify)

    def export(self, path: Path, *, comment: str, deidentify: bool, overwrite: bool) -> None:
        if self.runner.busy:
            self._desk.say("The last report is still being written.", "Try again in a moment.", "warning")
            return
        view = self._desk.shown

        def run(token: CancelToken, progress: Progress) -> Path:
            from viewer.report.page import save
            from viewer.report.report import build

            save(build(view, comment=comment, deidentify=deidentify), path, overwrite=overwrite)
            return path

        self.runner.submit(Job(("export", path), "Writing the report", run))

    @Slot(object, object)
    def _on_finished(self, job: Job, path: Path) -> None:
        self._desk.say(f"The report is saved as {path.name}.", details=(("Saved as", str(path)),))

    @Slot(object, object)
    def _on_failed(self, job: Job, error: Exception) -> None:
        self._desk.say_error(error)
