"""What to read before anybody asks for it, and the jobs that read: no Qt, no widget.

The GUI thread writes a `Plan` after every move of the reader, and the threads of the job take from it. So a
job needs no cancel to follow the reader, and what is being decoded when he turns round is kept.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Hashable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

import numpy as np

from viewer.errors import Cancelled, GlassboxError
from viewer.jobs.job import CancelToken, Progress
from viewer.results import SliceKey
from viewer.session import series_window
from viewer.study import PackedSlice, Series, Slice, SliceHeader, Window

Refresh = Callable[[], None]
"""Looks at the memory of the machine; may be called from any thread."""

_UNCOMPRESSED = {"", "1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2", "1.2.840.113619.5.2"}


@dataclass(frozen=True, eq=False)
class Decoded:
    """A slice as it is to be `kept`, `shown` where it is at hand; or why there is none."""

    header: SliceHeader
    kept: Slice | PackedSlice | None
    shown: Slice | None = None
    problem: str = ""


@dataclass(frozen=True, eq=False)
class Thumbnail:
    """The little picture of a series; `problem` says why there is none."""

    uid: str
    grey: np.ndarray | None
    problem: str = ""


@dataclass(frozen=True, eq=False)
class Measured:
    series: Series
    window: Window | None


@dataclass(frozen=True, eq=False)
class Work:
    """One thing to read. `key` tells the same from another."""

    key: Hashable
    run: Callable[[], Decoded | Thumbnail]


class Plan:
    """What to read next, first things first; written by the GUI thread, taken from by those that read."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._next: deque[Work] = deque()
        self._taken: set[Hashable] = set()
        self._free = threading.Event()
        self._free.set()

    def stop(self) -> None:
        """Begin nothing more: the reader waits for a slice."""
        with self._lock:
            self._next.clear()
            self._free.clear()

    def go_on(self) -> None:
        """The reader has what he waited for."""
        self._free.set()

    def claim(self, key: Hashable, token: CancelToken) -> None:
        """Read `key` outside the plan, as soon as the reader waits for nothing; raises `Cancelled`."""
        while True:
            token.check()
            self._free.wait(0.02)
            with self._lock:
                if self._free.is_set():
                    self._taken.add(key)
                    return

    def replace(self, works: Iterable[Work]) -> bool:
        """Read these, and nothing else that is not begun. Whether there is anything to read."""
        with self._lock:
            self._next = deque(work for work in works if work.key not in self._taken)
            return bool(self._next)

    def take(self) -> Work | None:
        with self._lock:
            if not self._next:
                return None
            work = self._next.popleft()
            self._taken.add(work.key)
            return work

    def done(self, key: Hashable) -> None:
        """What was read has arrived."""
        with self._lock:
            self._taken.discard(key)

    def forget(self) -> None:
        """No job reads any more: what has not arrived never will."""
        with self._lock:
            self._taken.clear()

    def __contains__(self, key: Hashable) -> bool:
        """Whether it is being read: it will arrive."""
        with self._lock:
            return key in self._taken


def lanes(series: Series) -> int:
    """How many slices to decode at a time: both cores, where decoders run beside Python and not within."""
    compressed = any(header.transfer_syntax not in _UNCOMPRESSED for header in series.slices[:1])
    return min(4, os.cpu_count() or 1) if compressed else 1


def reading(plan: Plan, lanes: int) -> Callable[[CancelToken, Progress], None]:
    """A job that reads what the plan says until it says nothing more."""

    def run(token: CancelToken, progress: Progress) -> None:
        with ThreadPoolExecutor(lanes, thread_name_prefix="glassbox-ahead") as pool:
            running: set[Future[Decoded | Thumbnail]] = set()
            while True:
                while len(running) < lanes and (work := plan.take()) is not None:
                    running.add(pool.submit(work.run))
                if not running:
                    return
                done, running = wait(running, return_when=FIRST_COMPLETED)
                for one in done:
                    progress(0, 0, one.result())

    return run


def decode(header: SliceHeader, refresh: Refresh) -> Callable[[CancelToken, Progress], Decoded]:
    """A job that decodes the slice on the screen."""

    def run(token: CancelToken, progress: Progress) -> Decoded:
        return _decoded(header, refresh)

    return run


def measure(
    series: Series,
    plan: Plan,
    known: Callable[[SliceKey], Slice | PackedSlice | str | None],
    refresh: Refresh,
) -> Callable[[CancelToken, Progress], Measured]:
    """A job that finds the window of `series`.

    Parameters
    ----------
    known : a slice that is kept, or why it cannot be decoded, or None; called from the thread of the job.
    """

    def run(token: CancelToken, progress: Progress) -> Measured:
        def load(header: SliceHeader) -> Slice | None:
            plan.claim(header.key, token)
            found = known(header.key)
            if found is None:
                decoded = _quietly(header, refresh)
                progress(0, 0, decoded)
                return decoded.shown
            plan.done(header.key)
            if isinstance(found, str):
                return None
            return found.expand() if isinstance(found, PackedSlice) else found

        return Measured(series, series_window.series_window(series, load))

    return run


def slice_work(header: SliceHeader, refresh: Refresh) -> Work:
    """A slice to keep; modality values that take more room are made when the reader comes."""

    def run() -> Decoded:
        decoded = _quietly(header, refresh)
        return Decoded(header, decoded.kept, problem=decoded.problem)

    return Work(header.key, run)


def thumbnail_key(uid: str) -> Hashable:
    """Key of the work that makes the little picture of the series `uid`."""
    return "thumbnail", uid


def thumbnail_work(series: Series, kept: Slice | PackedSlice | None, refresh: Refresh) -> Work:
    """The little picture of a series; its middle slice may be `kept` already."""

    def run() -> Thumbnail:
        from viewer.session.thumbnail import thumbnail

        try:
            shown = kept.expand() if isinstance(kept, PackedSlice) else kept
            if shown is None:
                decoded = _decoded(middle(series), refresh)
                if decoded.shown is None:
                    return Thumbnail(series.uid, None, decoded.problem)
                shown = decoded.shown
            return Thumbnail(series.uid, thumbnail(shown, series.modality))
        except Cancelled:
            raise
        except Exception:  # a little picture is no reason to speak up: the slice does when the reader comes
            return Thumbnail(series.uid, None, "Its picture cannot be made.")

    return Work(thumbnail_key(series.uid), run)


def middle(series: Series) -> SliceHeader:
    """The slice that stands for a series."""
    return series.slices[len(series.slices) // 2]


def _decoded(header: SliceHeader, refresh: Refresh) -> Decoded:
    from viewer.dicom.pixels import load_packed

    try:
        shown, packed = load_packed(header)
    except GlassboxError as error:
        return Decoded(header, None, problem=str(error))
    refresh()
    return Decoded(header, packed or shown, shown)


def _quietly(header: SliceHeader, refresh: Refresh) -> Decoded:
    """Reading ahead never speaks up: a bug is said when the reader comes to the slice."""
    try:
        return _decoded(header, refresh)
    except Cancelled:
        raise
    except Exception as error:
        return Decoded(header, None, problem=f"This slice cannot be shown ({type(error).__name__}).")
