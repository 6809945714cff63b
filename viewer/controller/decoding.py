"""Decoding: the slice on the screen at once; its neighbours, thumbnails and the window of its series beside.

Two lanes: what the reader waits for never stands behind what he may want later.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QObject, QTimer, Slot

from viewer.controller import read_ahead
from viewer.controller.desk import Desk
from viewer.controller.read_ahead import Decoded, Measured, Plan, Thumbnail, Work
from viewer.jobs.job import Job
from viewer.jobs.runner import JobRunner
from viewer.results import SliceKey
from viewer.session import series_window
from viewer.study import PackedSlice, Series, Slice, SliceHeader

AHEAD, BEHIND = 24, 6
"""Slices read in the direction of scrolling and against it."""
NEXT = 4
"""Of them so many come before everything else."""
JUMPS = 3
"""Jumps of the same length (Page Down, a quick drag) that are read ahead."""
LONGEST_JUMP = 20
PICTURES = 4
"""Thumbnails made between two looks at where the reader is."""
SHARE = 0.5
"""At most this part of the cache is filled ahead of the reader."""


@dataclass(frozen=True)
class _Urgent:
    """Key of the job that decodes the slice on the screen."""

    slice: tuple[str, int]


@dataclass(frozen=True)
class _Measure:
    """Key of the job that finds the window of a series."""

    uid: str


_AHEAD = "ahead"


class Decoding(QObject):
    """Keeps the cache of slices ahead of the reader. Call `follow` after every change of what is shown."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._desk = desk
        self._thumbnails: set[str] = set()
        self._at = 0
        self._move = 1
        """The last step of the reader, in slices; negative upwards."""
        self._plan = Plan()
        self.runner = JobRunner("slices", self)
        self.ahead = JobRunner("ahead", self)
        for runner in (self.runner, self.ahead):
            runner.progressed.connect(self._on_progress)
            runner.finished.connect(self._on_finished)
            runner.failed.connect(self._on_failed)
        # Reading starts after the picture is painted: it would contend for Python with the painting.
        self._soon = QTimer(self, singleShot=True, interval=0)
        self._soon.timeout.connect(self._read_ahead)
        self.runner.idle.connect(self._soon.start)
        self.ahead.idle.connect(self._on_ahead_idle)
        desk.study_changed.connect(self._forget)

    @property
    def busy(self) -> bool:
        """Whether anything is being read, or about to be."""
        return self.runner.busy or self.ahead.busy or self._soon.isActive()

    def follow(self) -> None:
        """Decode what the view waits for, else what it may want next."""
        view = self._desk.shown
        if view.index != self._at:
            self._move, self._at = view.index - self._at, view.index
        wanted = view.undecoded
        if wanted is None:
            self._plan.go_on()
            self._soon.start()
            return
        self._plan.stop()
        key, current = _Urgent(wanted.key), self.runner.current
        if wanted.key not in self._plan and (current is None or current.key != key):
            # A slice being decoded is let through: it is cached, and scrolling fast shows some.
            job = Job(key, "Decoding", read_ahead.decode(wanted, self._desk.memory.refresh))
            self.runner.submit(job, interrupt=False)

    @Slot()
    def _forget(self) -> None:
        """Another study: thumbnails are made anew."""
        self._thumbnails.clear()
        self._plan.replace(())
        self._at, self._move = 0, 1

    @Slot()
    def _on_ahead_idle(self) -> None:
        self._plan.forget()
        self.follow()

    @Slot()
    def _read_ahead(self) -> None:
        desk = self._desk
        series = desk.shown.series
        if desk.shown.undecoded is not None or series is None or self.runner.busy:
            return
        if self._unmeasured(series):
            self._measure(series)
        elif self._plan.replace(self._works(series)) and not self.ahead.busy:
            run = read_ahead.reading(self._plan, read_ahead.lanes(series))
            self.ahead.submit(Job(_AHEAD, "Reading ahead", run))

    def _measure(self, series: Series) -> None:
        desk, current, key = self._desk, self.ahead.current, _Measure(series.uid)
        if not series_window.samples(series):
            desk.series_windows[series.uid] = None
            self._soon.start()
        elif current is None or current.key != key:
            self._plan.replace(())

            def known(slice: SliceKey) -> Slice | PackedSlice | str | None:
                return desk.slices.peek(slice) or desk.problems.get(slice)

            run = read_ahead.measure(series, self._plan, known, desk.memory.refresh)
            self.ahead.submit(Job(key, "Measuring brightness", run), interrupt=False)

    def _unmeasured(self, series: Series) -> bool:
        """Whether the window of a series is to be found. A series that grows would change it, and with it
        the brightness of the picture, again and again: it is measured once, at the end."""
        return not self._desk.growing and series.uid not in self._desk.series_windows

    def _works(self, series: Series) -> list[Work]:
        """What to read: the next slices, some thumbnails, the slices further away."""
        desk, refresh = self._desk, self._desk.memory.refresh
        works = [read_ahead.slice_work(header, refresh) for header in self._neighbours(series)]
        bare = [one for one in desk.series.values() if one.uid not in self._thumbnails]
        works[NEXT:NEXT] = [
            read_ahead.thumbnail_work(one, desk.slices.peek(read_ahead.middle(one).key), refresh)
            for one in bare[:PICTURES]
        ]
        return works

    def _neighbours(self, series: Series) -> Iterator[SliceHeader]:
        """The slices that the reader may want next and that are not there, the likeliest first."""
        desk, here, way = self._desk, self._desk.shown.index, 1 if self._move > 0 else -1
        steps = [way * n for n in range(1, AHEAD + 1)]
        steps[NEXT:NEXT] = [-way * n for n in range(1, BEHIND + 1)]
        if 1 < abs(self._move) <= LONGEST_JUMP:
            steps[:0] = [self._move * n for n in range(1, JUMPS + 1)]
        room = SHARE * desk.slices.limit
        for index in dict.fromkeys(here + step for step in steps):
            if not 0 <= index < len(series.slices):
                continue
            header = series.slices[index]
            room -= header.rows * header.cols * max(4, header.samples_per_pixel)
            if room < 0:
                return
            if header.key not in desk.slices and header.key not in desk.problems:
                yield header

    @Slot(object, int, int, object)
    def _on_progress(self, job: Job, done: int, total: int, partial: Any) -> None:
        if isinstance(partial, Decoded):
            self._keep(partial)
        elif isinstance(partial, Thumbnail):
            self._plan.done(read_ahead.thumbnail_key(partial.uid))
            self._thumbnails.add(partial.uid)
            if partial.grey is not None:
                self._desk.view.show_thumbnail(partial.uid, partial.grey)
            else:
                self._desk.view.show_no_thumbnail(partial.uid, partial.problem)

    @Slot(object, object)
    def _on_finished(self, job: Job, result: Any) -> None:
        if isinstance(result, Decoded):
            self._keep(result)
        elif isinstance(result, Measured):
            self._take(result)

    @Slot(object, object)
    def _on_failed(self, job: Job, error: Exception) -> None:
        """A bug in decoding: said once, and the slice is not tried again."""
        self._desk.say_error(error)
        if isinstance(job.key, _Urgent):
            self._desk.problems[job.key.slice] = "This slice cannot be shown."
            self._desk.learned.emit()
        elif isinstance(job.key, _Measure):
            self._desk.series_windows[job.key.uid] = None

    def _take(self, measured: Measured) -> None:
        """Unless another study, or more of it, came in the meantime."""
        desk, uid = self._desk, measured.series.uid
        if desk.series.get(uid) is measured.series:
            desk.series_windows[uid] = measured.window
            if measured.window is not None and desk.shown.series is measured.series:
                desk.learned.emit()

    def _keep(self, decoded: Decoded) -> None:
        key = decoded.header.key
        self._plan.done(key)
        if decoded.kept is not None:
            self._desk.slices.put(key, decoded.kept, decoded.shown)
        else:
            self._desk.problems[key] = decoded.problem
        waited = self._desk.shown.header
        if waited is not None and waited.key == key:
            self._desk.learned.emit()
