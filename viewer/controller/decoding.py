"""Decoding: the slice on the screen first; then the window of its series, its neighbours and thumbnails.

All but the slice on the screen is done while nothing else waits.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from PySide6.QtCore import QObject, Slot

from viewer.controller.desk import Desk
from viewer.errors import Cancelled, GlassboxError
from viewer.jobs.job import CancelToken, Job, Progress
from viewer.jobs.runner import JobRunner
from viewer.session import series_window
from viewer.study import Series, Slice, SliceHeader, Window

AHEAD, BEHIND = 24, 6
"""Slices read in the direction of scrolling and against it."""
SHARE = 0.5
"""At most this part of the cache is filled ahead of the reader."""


@dataclass(frozen=True, eq=False)
class _Decoded:
    header: SliceHeader
    slice: Slice | None
    problem: str = ""


@dataclass(frozen=True, eq=False)
class _Thumbnail:
    uid: str
    grey: np.ndarray | None


@dataclass(frozen=True, eq=False)
class _Measured:
    series: Series
    window: Window | None


class Decoding(QObject):
    """Keeps the cache of slices ahead of the reader. Call `follow` after every change of what is shown."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._desk = desk
        self._thumbnails: set[str] = set()
        self._at = 0
        self._direction = 1
        self.runner = JobRunner("slices", self)
        self.runner.progressed.connect(self._on_progress)
        self.runner.finished.connect(self._on_finished)
        self.runner.failed.connect(self._on_failed)
        self.runner.idle.connect(self._read_ahead)
        desk.study_changed.connect(self._forget)

    def follow(self) -> None:
        """Decode what the view waits for, else what it may want next."""
        view = self._desk.shown
        if view.index != self._at:
            self._direction, self._at = (1 if view.index > self._at else -1), view.index
        current = self.runner.current
        urgent = isinstance(current, Job) and isinstance(current.key, _Urgent)
        wanted = view.undecoded
        if wanted is not None:
            key = _Urgent(wanted.key)
            if current is None or current.key != key:
                # A slice being decoded is let through: it is cached, and scrolling fast shows some.
                self.runner.submit(Job(key, "Decoding", _decode(wanted)), interrupt=not urgent)
        else:
            self._read_ahead()

    @Slot()
    def _forget(self) -> None:
        """Another study: thumbnails are made anew."""
        self._thumbnails.clear()

    @Slot()
    def _read_ahead(self) -> None:
        desk, current = self._desk, self.runner.current
        series = desk.shown.series
        if desk.shown.undecoded is not None or series is None:
            return
        if self._unmeasured(series) and (current is None or current.key == _AHEAD):
            samples = [one.key for one in series_window.samples(series)]
            settled = [key for key in samples if key in desk.slices or key in desk.problems]
            ready = {key: desk.slices.get(key) for key in settled}
            if samples:
                self.runner.submit(Job(_Measure(series.uid), "Measuring brightness", _measure(series, ready)))
            else:
                desk.series_windows[series.uid] = None
        if self.runner.busy:
            return
        headers = list(self._neighbours(series))
        pictures = [one for one in self._desk.series.values() if one.uid not in self._thumbnails][:4]
        if headers or pictures:
            self.runner.submit(Job(_AHEAD, "Reading ahead", _fetch(headers, pictures)))

    def _unmeasured(self, series: Series) -> bool:
        """Whether the window of a series is to be found. A series that grows would change it, and with it
        the brightness of the picture, again and again: it is measured once, at the end."""
        return not self._desk.growing and series.uid not in self._desk.series_windows

    def _neighbours(self, series: Series) -> Iterator[SliceHeader]:
        desk, here = self._desk, self._desk.shown.index
        steps = [self._direction * n for n in range(1, AHEAD + 1)]
        steps[4:4] = [-self._direction * n for n in range(1, BEHIND + 1)]
        room = SHARE * desk.slices.limit
        for index in (here + step for step in steps):
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
        if isinstance(partial, _Decoded):
            self._keep(partial)
        elif isinstance(partial, _Thumbnail):
            self._thumbnails.add(partial.uid)
            if partial.grey is not None:
                self._desk.view.show_thumbnail(partial.uid, partial.grey)

    @Slot(object, object)
    def _on_finished(self, job: Job, result: Any) -> None:
        if isinstance(result, _Decoded):
            self._keep(result)
        elif isinstance(result, _Measured):
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

    def _take(self, measured: _Measured) -> None:
        """Unless another study, or more of it, came in the meantime."""
        desk, uid = self._desk, measured.series.uid
        if desk.series.get(uid) is measured.series:
            desk.series_windows[uid] = measured.window
            if measured.window is not None and desk.shown.series is measured.series:
                desk.learned.emit()

    def _keep(self, decoded: _Decoded) -> None:
        key = decoded.header.key
        if decoded.slice is not None:
            self._desk.slices.put(key, decoded.slice)
        else:
            self._desk.problems[key] = decoded.problem
        waited = self._desk.shown.header
        if waited is not None and waited.key == key:
            self._desk.learned.emit()


@dataclass(frozen=True)
class _Urgent:
    """Key of the job that decodes the slice on the screen."""

    slice: tuple[str, int]


@dataclass(frozen=True)
class _Measure:
    """Key of the job that finds the window of a series."""

    uid: str


_AHEAD = "ahead"


def _decode(header: SliceHeader) -> Any:
    def run(token: CancelToken, progress: Progress) -> _Decoded:
        return _decoded(header)

    return run


def _decoded(header: SliceHeader) -> _Decoded:
    from viewer.dicom.pixels import load_slice

    try:
        return _Decoded(header, load_slice(header))
    except GlassboxError as error:
        return _Decoded(header, None, str(error))


def _fetch(headers: list[SliceHeader], pictures: list[Series]) -> Any:
    """Thumbnails of `pictures` and the slices of `headers`."""

    def run(token: CancelToken, progress: Progress) -> None:
        total = len(headers) + len(pictures)
        for done, series in enumerate(pictures):
            token.check()
            progress(done, total, _thumbnail(series))
        for done, header in enumerate(headers, len(pictures)):
            token.check()
            progress(done, total, _quietly(header))

    return run


def _measure(series: Series, ready: dict[tuple[str, int], Slice | None]) -> Any:
    """The window of `series`; what is `ready` (None: undecodable) is not decoded again, the rest is kept."""

    def run(token: CancelToken, progress: Progress) -> _Measured:
        def load(header: SliceHeader) -> Slice | None:
            token.check()
            if header.key in ready:
                return ready[header.key]
            decoded = _quietly(header)
            progress(0, 0, decoded)
            return decoded.slice

        return _Measured(series, series_window.series_window(series, load))

    return run


def _quietly(header: SliceHeader) -> _Decoded:
    """Reading ahead never speaks up: a bug is said when the reader comes to the slice."""
    try:
        return _decoded(header)
    except Cancelled:
        raise
    except Exception as error:
        return _Decoded(header, None, f"This slice cannot be shown ({type(error).__name__}).")


def _thumbnail(series: Series) -> _Thumbnail:
    from viewer.session.thumbnail import thumbnail

    decoded = _quietly(series.slices[len(series.slices) // 2])
    if decoded.slice is None:
        return _Thumbnail(series.uid, None)
    try:
        return _Thumbnail(series.uid, thumbnail(decoded.slice, series.modality))
    except GlassboxError:
        return _Thumbnail(series.uid, None)
