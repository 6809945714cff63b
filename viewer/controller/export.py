"""Exporting the report: drawn and written in the background, from the view as it was when asked."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Slot

from viewer.controller.analysis import Analysis
from viewer.controller.desk import Desk
from viewer.jobs.job import CancelToken, Job, Progress
from viewer.jobs.runner import JobRunner
from viewer.session.marks import MarkBook

if TYPE_CHECKING:
    from viewer.report.choice import Source


class Export(QObject):
    """Writes one report at a time, on a thread of its own: scrolling on must not cancel it."""

    def __init__(self, desk: Desk, analysis: Analysis) -> None:
        super().__init__(desk)
        self._desk = desk
        self._analysis = analysis
        self.runner = JobRunner("export", self)
        self.runner.finished.connect(self._on_finished)
        self.runner.failed.connect(self._on_failed)

    def source(self) -> Source:
        """What is shown and known now, to be looked at on another thread."""
        from viewer.report.choice import Source

        desk = self._desk
        view = desk.shown
        slices = {image.instance for image in view.key_images}
        kept = {key: slice for key in slices if (slice := desk.slices.peek(key)) is not None}
        known = replace(
            desk.known,
            series=dict(desk.series),
            problems=dict(desk.problems),
            analyses=desk.analyses.part(slices),
            series_windows=dict(desk.series_windows),
            trust=desk.trust.part(slices),
            marks=MarkBook(),
        )
        return Source(view, desk.state, known, kept, self._analysis.loaded)

    def make(self, *, comment: str, deidentify: bool) -> Any:
        """The `Report` of what is shown now."""
        from viewer.report.report import build

        return build(self._desk.shown, comment=comment, deidentify=deidentify)

    def export(self, path: Path, *, overwrite: bool, **choice: Any) -> None:
        """Write a `report.gather.Choice`, by its fields."""
        if self.runner.busy:
            self._desk.say("The last report is still being written.", "Try again in a moment.", "warning")
            return
        source = self.source()

        def run(token: CancelToken, progress: Progress) -> tuple[Path, ...]:
            from viewer.report.choice import Choice
            from viewer.report.gather import Gathering

            def tell(what: str, done: int, total: int) -> None:
                progress(done, total)

            return Gathering(source).write(Choice(**choice), path, tell, overwrite=overwrite)

        self.runner.submit(Job(("export", path), "Writing the report", run))

    @Slot(object, object)
    def _on_finished(self, job: Job, files: tuple[Path, ...]) -> None:
        self._desk.say(saved_words(files), details=tuple(("Saved as", str(file)) for file in files))

    @Slot(object, object)
    def _on_failed(self, job: Job, error: Exception) -> None:
        self._desk.say_error(error)


def saved_words(files: tuple[Path, ...]) -> str:
    """What a notice says of files that were written."""
    if len(files) == 1:
        return f"The report is saved as {files[0].name}."
    return f"The report is saved in {len(files)} files, {files[0].name} to {files[-1].name}."
