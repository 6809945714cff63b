"""The decoder processes as Glassbox sees them: each frame is decoded in one, which can be killed.

A decoder that crashes, hangs or takes too much memory costs one `PixelError` and a new process. Any thread
may call `DecoderPool.decode`; as many as there are processes decode at the same time.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import math
import os
import threading
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from viewer.dicom import decoder_failures, site_codecs, worker
from viewer.dicom.codecs import DECODERS, result
from viewer.dicom.decoder_failures import START_AGAIN, Problem
from viewer.dicom.decoder_process import LOOK_EVERY, MEMORY, DecoderProcess, Limits, usual_command
from viewer.errors import Cancelled, PixelError

if TYPE_CHECKING:
    from viewer.dicom.layout import Layout
    from viewer.dicom.site_codecs import SiteDecoder

SECONDS = 5.0
"""A frame may take so long, and longer only above 40 MB: `_SLOWEST` bytes of samples a second."""
_SLOWEST = 8_000_000
_COPIES = 24
"""Times the bytes of its samples that a frame may take, beside `MEMORY`."""
_UNHARMED = ("damaged", "unloaded", "refused", "misfit")
"""Answers after which a process can be asked again."""


@functools.cache
def _most_memory() -> int:
    """What one decoder may take of this computer, however large its image."""
    import psutil

    return int(psutil.virtual_memory().total) * 6 // 10


class DecoderPool:
    """As many decoder processes as are worth it, started when they are needed.

    Parameters
    ----------
    command : what starts a process, for tests; it speaks as `viewer.dicom.worker` does.
    size : how many at most.
    seconds, memory : see `SECONDS` and `MEMORY`.
    """

    def __init__(
        self,
        command: Sequence[str] = (),
        *,
        size: int = 0,
        seconds: float = SECONDS,
        memory: int = MEMORY,
    ) -> None:
        self._command = list(command)
        self._size = size or max(1, min(os.cpu_count() or 1, 4))
        self._seconds, self._memory = seconds, memory
        self._changed = threading.Condition()
        self._idle: list[DecoderProcess] = []
        self._busy: set[DecoderProcess] = set()
        self._generation = 0
        self._watching = False

    @property
    def pids(self) -> list[int]:
        """The process ids there are now."""
        with self._changed:
            return [process.pid for process in (*self._idle, *self._busy)]

    def prewarm(self) -> None:
        """Start a process ahead of the first frame, if there is none: it needs half a second to be ready."""
        with self._changed:
            if self._idle or self._busy:
                return
        with contextlib.suppress(PixelError, Cancelled):
            self._give_back(self._take(), fit=True)

    def decode(self, encoded: bytes, shape: Layout, syntax: str) -> np.ndarray | None:
        """The samples of one codestream; None if the data are damaged: no decoder reads them.

        A decoder of the site is asked where Glassbox has none or its own do not read the data.

        Returns
        -------
        (rows, cols), or (rows, cols, 3) RGB for colour
            In the dtype that native data of this layout would have.

        Raises
        ------
        PixelError
            The decoder crashed, hung or took too much memory, or that of the site gave no pixels.
        Cancelled
            `stop` was called meanwhile.
        """
        limits = self._limits(shape)
        pixels = None
        if syntax in DECODERS:
            pixels = self._ask(lambda process: process.decode(encoded, shape, syntax, limits))
        if pixels is None and (site := site_codecs.decoder(syntax)) is not None:
            pixels = self._ask(
                lambda process: process.load(site) or process.decode(encoded, shape, syntax, limits, site),
                site,
            )
        return pixels

    def load(self, site: SiteDecoder) -> None:
        """Load a decoder of the site as if to decode with it; raises as `decode` does."""
        self._ask(lambda process: process.load(site), site)

    def _ask(
        self,
        ask: Callable[[DecoderProcess], np.ndarray | Problem | None],
        site: SiteDecoder | None = None,
    ) -> np.ndarray | None:
        """The pixels that a process answers with, None where it says that the data are damaged."""
        process, fit = self._take(), False
        try:
            found = ask(process)
            kind = found.kind if isinstance(found, Problem) else ""
            fit = not kind or kind in _UNHARMED
            if kind == "memory":
                process.kill("large")
        except (worker.Garbled, OSError, ValueError) as error:
            raise _error(process, site) from error
        finally:
            self._give_back(process, fit=fit)
        if not fit:
            raise _error(process, site)
        if not isinstance(found, Problem):
            return found
        if site is not None:
            raise decoder_failures.answered(found, site)
        return None

    def stop(self) -> None:
        """End all processes at once; whoever waits for one gets `Cancelled`. A later frame starts anew."""
        with self._changed:
            self._generation += 1
            idle, self._idle = self._idle, []
            for process in self._busy:
                process.kill("stopped")
            self._changed.notify_all()
        for process in idle:
            process.close()
        with self._changed:
            self._changed.wait_for(lambda: not self._busy, timeout=1.0)

    def _limits(self, shape: Layout) -> Limits:
        size, kind = result(shape)
        count = math.prod(size) * kind.itemsize
        memory = min(self._memory + _COPIES * count, max(self._memory, _most_memory()))
        return Limits(max(self._seconds, count / _SLOWEST), memory)

    def _take(self) -> DecoderProcess:
        with self._changed:
            generation = self._generation
            while not self._idle and len(self._busy) >= self._size:
                self._changed.wait()
                if generation != self._generation:
                    raise Cancelled
            while self._idle:
                process = self._idle.pop()
                if not process.ended:
                    break
                process.close()  # somebody else killed it, the system for example
            else:
                try:
                    process = DecoderProcess(self._command or usual_command())
                except OSError as error:
                    raise PixelError("The image decoder could not be started.", START_AGAIN) from error
            process.wake()
            self._busy.add(process)
            if not self._watching:
                self._watching = True
                threading.Thread(target=self._watch, name="glassbox-decoders", daemon=True).start()
            return process

    def _give_back(self, process: DecoderProcess, *, fit: bool) -> None:
        """The calling thread is done with it: the next one takes it, or, if it is not `fit`, nobody does."""
        fit = fit and not process.fate  # it may have been killed as it ended
        if not fit:
            process.close()
        with self._changed:
            self._busy.discard(process)
            if fit:
                self._idle.append(process)
            self._changed.notify_all()

    def _watch(self) -> None:
        """Look after the processes that work, as long as one does within a second."""
        quiet_since = time.monotonic()
        while True:
            time.sleep(LOOK_EVERY)
            with self._changed:
                for process in self._busy:
                    process.look()
                now = time.monotonic()
                quiet_since = now if self._busy else quiet_since
                if now - quiet_since > 1.0:
                    self._watching = False
                    return


def _error(process: DecoderProcess, site: SiteDecoder | None) -> PixelError | Cancelled:
    """What to tell of a process that gave no pixels."""
    if process.fate == "stopped":
        return Cancelled()
    if not process.started:
        return PixelError("The image decoder could not be started.", remedy=START_AGAIN)
    limits = process.limits
    return decoder_failures.ended(process.fate, limits.seconds, limits.memory, site, loading=process.loading)


POOL = DecoderPool()
"""The processes of this program."""

atexit.register(POOL.stop)
