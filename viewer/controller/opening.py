"""Opening a study: the scan, and how what it finds joins what is shown without stealing the choice.

The scan has a thread of its own beside the one that decodes slices: both are the "dicom" lane, and
the slice on the screen never waits for a scan to end.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Slot

from viewer.controller.desk import Desk, ProgressLine
from viewer.jobs.job import CancelToken, Job, Progress
from viewer.jobs.runner import JobRunner
from viewer.session.state import Presentation, ViewerState
from viewer.study import ScanResult, Series, Skipped


class Opening(QObject):
    """Scans a path in the background; the first image is shown before the scan ends."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._desk = desk
        self._progress = ProgressLine(desk, "dicom")
        self._path = Path()
        self._remember = True
        self._fresh = True
        """Whether nothing of this scan is shown yet: until then the study opened before stays."""
        self._untouched: ViewerState | None = None
        """The state as the scan left it: while it is the state, the reader has not chosen anything."""
        self._brought = False
        """Whether a slice was brought back: it stays on the screen, as one that the reader chose."""
        self._left_at: dict[str, tuple[str, int]] = {}
        """Series uid -> key of the slice where the reader left it."""
        self.runner = JobRunner("scan", self)
        self.runner.progressed.connect(self._on_progress)
        self.runner.finished.connect(self._on_finished)
        self.runner.failed.connect(self._on_failed)
        self.runner.stopped.connect(self._on_stopped)

    @property
    def scanning(self) -> bool:
        return self.runner.current is not None

    def open(self, path: Path, *, remember: bool = True) -> None:
        """Scan `path`; `remember` it in the list of recent studies if it can be shown."""

        def run(token: CancelToken, progress: Progress) -> ScanResult:
            from viewer.dicom.prewarm import prewarm

            prewarm(path)  # before the next import, which takes half a second
            from viewer.dicom.lean_import import import_readers

            import_readers()
            from viewer.dicom.scan import scan

            return scan(path, progress=progress)

        self._path, self._remember, self._fresh = path.absolute(), remember, True
        self._progress.begin("Reading files")
        self.runner.submit(Job(("scan", path), "Reading files", run))

    @property
    def path(self) -> Path:
        """What is open, or being opened."""
        return self._path

    @property
    def listed(self) -> bool:
        """Whether the list of recent studies is to name it."""
        return self._remember

    @property
    def untouched(self) -> bool:
        """Whether the reader has not chosen anything since the study was opened."""
        return self._desk.state == self._untouched

    def bring(self, **changes: Any) -> None:
        """Change the state to what was kept of the study: that is no choice of the reader."""
        self._brought = self._brought or "slice" in changes
        if self.untouched:
            self._untouched = replace(self._desk.state, **changes)
        self._desk.model.update(**changes)

    def cancel(self) -> None:
        """Stop reading; what was found so far stays, and is said to be incomplete."""
        if self.scanning:
            self.runner.cancel()
            self._ended()
            if not self._fresh:
                what = "Reading was stopped: series may be incomplete."
                self._desk.say(what, "Open the study again to read all of it.", "warning")

    def select(self, uid: str) -> None:
        """Show a series, at the slice where the reader left it; the look starts from the file's own."""
        desk = self._desk
        series = desk.series.get(uid)
        if series is None or uid == desk.state.series:
            return
        header = desk.shown.header
        if header is not None and desk.state.series is not None:
            self._left_at[desk.state.series] = header.key
        index = _index_of(series, self._left_at.get(uid))
        desk.model.update(
            series=uid,
            slice=index if index is not None else 0,
            window=None,
            voi_lut=None,
            invert=False,
            presentation=Presentation(),
            explanation=replace(desk.state.explanation, target=None),
        )

    def _show(self, result: ScanResult, *, running: bool) -> None:
        desk = self._desk
        if self._fresh:
            if not result.series:
                return
            self._start_study()
        # Files come in any order: until the reader moves, the first slice known is the one to show.
        untouched = self.untouched
        before = desk.shown.header if not untouched or self._brought else None
        self._forget_problems(result)
        desk.scan, desk.growing = result, running
        desk.series = {series.uid: series for series in result.series}
        desk.view.show_scan(result, running=running)
        if desk.state.series not in desk.series:
            desk.model.update(series=result.series[0].uid if result.series else None, slice=0)
        elif before is not None:
            index = _index_of(desk.series[desk.state.series], before.key)
            desk.model.update(slice=desk.state.slice if index is None else index)
        if self._untouched is None or untouched:
            self._untouched = desk.state
        desk.learned.emit()

    def _forget_problems(self, result: ScanResult) -> None:
        """Where a whole file has taken the place of one that was cut off, its slices are tried again."""
        problems = self._desk.problems
        if not problems:
            return
        shown = {one.key: one for series in self._desk.series.values() for one in series.slices}
        now = {one.key: one for series in result.series for one in series.slices}
        for key in [key for key in problems if shown.get(key) is not now.get(key)]:
            del problems[key]

    def _ended(self) -> None:
        """No more files come: what was found stays."""
        self._progress.end()
        self._desk.growing = False
        self._desk.view.show_scan(self._desk.scan, running=False)
        self._desk.learned.emit()

    def _start_study(self) -> None:
        """The first series of another study is there: nothing of the last one is kept."""
        desk = self._desk
        desk.study_changed.emit()
        self._fresh, self._untouched, self._brought = False, None, False
        self._left_at.clear()
        desk.series = {}
        desk.slices.clear()
        desk.problems.clear()
        desk.series_windows.clear()
        desk.analyses.forget()
        desk.model.update(
            series=None,
            slice=0,
            window=None,
            voi_lut=None,
            invert=False,
            presentation=Presentation(),
            explanation=replace(desk.state.explanation, target=None, against=""),
            asked=frozenset(),
            accepted=frozenset(),
            marks=(),
            chosen_mark="",
            key_images=(),
            only_key_images=False,
            comments=(),
        )

    @Slot(object, int, int, object)
    def _on_progress(self, job: Job, done: int, total: int, partial: Any) -> None:
        self._progress.move(done, total)
        if isinstance(partial, ScanResult):
            self._show(partial, running=True)

    @Slot(object, object)
    def _on_finished(self, job: Job, result: ScanResult) -> None:
        self._progress.end()
        self._show(result, running=False)
        if result.skipped:
            count = len(result.skipped)
            files = "1 file is" if count == 1 else f"{count} files are"
            self._desk.say(f"{files} not shown.", "See why in the details.", details=_rows(result.skipped))

    @Slot(object, object)
    def _on_failed(self, job: Job, error: Exception) -> None:
        from viewer.dicom.scan import NothingToShow

        self._ended()
        rows = _rows(error.skipped) if isinstance(error, NothingToShow) else ()
        self._desk.say_error(error, rows)

    @Slot(object)
    def _on_stopped(self, job: Job) -> None:
        if not self.scanning:
            self._progress.end()


def _rows(skipped: tuple[Skipped, ...]) -> tuple[tuple[str, str], ...]:
    return tuple((one.path, one.reason) for one in skipped)


def _index_of(series: Series, key: tuple[str, int] | None) -> int | None:
    """Where the slice with this key lies in the series now, or None."""
    return next((i for i, header in enumerate(series.slices) if header.key == key), None)
