"""JobRunner: one QThread, one job at a time, latest wins.

Signals of the worker connect only to bound methods of the runner, a QObject of the GUI thread: Qt
runs a lambda, a plain function or a partial on the worker's own thread, whatever the connection
type says.
"""

from __future__ import annotations

import logging
import time
from typing import Any

from PySide6.QtCore import QObject, Qt, QThread, Signal, Slot

from viewer.errors import Cancelled
from viewer.jobs.job import CancelToken, Job

log = logging.getLogger(__name__)

REPORT_EVERY = 0.03
"""Seconds between two progress signals that carry nothing: a fast job must not flood the GUI thread."""


_abandoned: list[QObject] = []
"""Threads that did not end, and their workers: destroying a running QThread aborts the process."""


class _Task:
    """One submission: the same Job may be submitted twice, its tokens differ."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.token = CancelToken()


class _Worker(QObject):
    """Lives on the worker thread. Emits what it made and keeps nothing."""

    progressed = Signal(object, int, int, object)
    ended = Signal(object, object, object)
    """(task, result, error): exactly once for each task."""

    @Slot(object)
    def run(self, task: _Task) -> None:
        last = 0.0

        def progress(done: int, total: int, partial: Any = None) -> None:
            nonlocal last
            task.token.check()
            now = time.monotonic()
            if partial is None and done < total and now - last < REPORT_EVERY:
                return
            last = now
            self.progressed.emit(task, done, total, partial)

        result, error = None, None
        try:
            task.token.check()
            result = task.job.run(task.token, progress)
        except Exception as caught:  # the thread must live; the runner passes it on as failed()
            error = caught
        self.ended.emit(task, result, error)


class JobRunner(QObject):
    """Runs jobs on its own thread; lives, and emits, on the GUI thread.

    At most one job waits: a new one takes its place. Every started job ends in exactly one of
    `finished`, `failed` or `stopped`; after a cancel nothing but `stopped` is heard of it.
    """

    started = Signal(object)
    """(job)"""
    progressed = Signal(object, int, int, object)
    """(job, done, total, partial)"""
    finished = Signal(object, object)
    """(job, result)"""
    failed = Signal(object, object)
    """(job, error)"""
    stopped = Signal(object)
    """(job): cancelled, silently."""
    idle = Signal()
    """Nothing runs and nothing waits."""

    _begin = Signal(object)

    def __init__(self, name: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.name = name
        self._running: _Task | None = None
        self._waiting: _Task | None = None
        self._closed = False
        self._thread = QThread()
        self._thread.setObjectName(f"glassbox-{name}")
        self._worker = _Worker()
        self._worker.moveToThread(self._thread)
        self._begin.connect(self._worker.run, Qt.ConnectionType.QueuedConnection)
        self._worker.progressed.connect(self._on_progress, Qt.ConnectionType.QueuedConnection)
        self._worker.ended.connect(self._on_ended, Qt.ConnectionType.QueuedConnection)

    @property
    def busy(self) -> bool:
        """Whether a job runs, a cancelled one included until its thread is free again."""
        return self._running is not None

    @property
    def current(self) -> Job | None:
        """The job that is wanted and runs, or else waits to; None if nothing is wanted."""
        for task in (self._waiting, self._running):
            if task is not None and not task.token.cancelled:
                return task.job
        return None

    def submit(self, job: Job, *, interrupt: bool = True) -> None:
        """Run `job` next; it replaces the job that waits.

        Parameters
        ----------
        interrupt : cancel the running job. False lets it end and deliver, for work whose result is
            wanted even so (a decoded slice is cached).
        """
        if self._closed:
            return
        self._waiting = _Task(job)
        if self._running is None:
            self._start_next()
        elif interrupt:
            self._running.token.cancel()

    def cancel(self) -> None:
        """Nobody waits any more: the running job stops where it can, the waiting one never starts."""
        self._waiting = None
        if self._running is not None:
            self._running.token.cancel()

    def shutdown(self, timeout_ms: int = 5000) -> bool:
        """Cancel, and end the thread. False if it did not end in time; nothing is delivered any more."""
        self._closed = True
        self.cancel()
        self._thread.quit()
        if not self._thread.isRunning() or self._thread.wait(timeout_ms):
            return True
        _abandoned.extend((self._thread, self._worker))
        log.error("the %s thread did not end within %d ms", self.name, timeout_ms)
        return False

    def _start_next(self) -> None:
        task, self._waiting = self._waiting, None
        self._running = task
        if task is None:
            self.idle.emit()
            return
        if not self._thread.isRunning():
            self._thread.start()
        self.started.emit(task.job)
        self._begin.emit(task)

    @Slot(object, int, int, object)
    def _on_progress(self, task: _Task, done: int, total: int, partial: Any) -> None:
        if task is self._running and not task.token.cancelled:
            self.progressed.emit(task.job, done, total, partial)

    @Slot(object, object, object)
    def _on_ended(self, task: _Task, result: Any, error: Exception | None) -> None:
        if task is not self._running or self._closed:
            return
        self._running = None
        if task.token.cancelled or isinstance(error, Cancelled):
            self.stopped.emit(task.job)
        elif error is not None:
            log.warning("a job of the %s thread failed: %s", self.name, type(error).__name__)
            self.failed.emit(task.job, error)
        else:
            self.finished.emit(task.job, result)
        if self._running is None:  # a slot may have submitted already
            self._start_next()
