"""One decoder process as Glassbox sees it: asked by one thread at a time, killed when it takes too much."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

import numpy as np

from viewer.dicom import worker
from viewer.dicom.codecs import result
from viewer.dicom.decoder_failures import Problem

if TYPE_CHECKING:
    from viewer.dicom.layout import Layout
    from viewer.dicom.site_codecs import SiteDecoder

# On a busy computer seconds of processor time count, or good images would be refused: as long as a
# decoder gets this share of one processor, and up to so many times the seconds.
_HANGING, _PATIENCE = 0.05, 3.0
_START_SECONDS = 60.0
"""A new process imports its decoders first: seconds on a slow disk, and no fault of the image."""
MEMORY = 512 << 20
"""Bytes that a process may take for any frame, beside what its samples allow."""
LOOK_EVERY = 0.05
"""Seconds between two looks at what it does."""

# Decoders are one process each: their own threads would fight over the same cores.
_ENVIRONMENT = dict.fromkeys(
    ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS"),
    "1",
)


@dataclass(frozen=True, slots=True)
class Limits:
    """What a process may take for what it does: seconds and bytes."""

    seconds: float
    memory: int


@dataclass(slots=True)
class _Task:
    """What a process does now, since when, and the processor time it had taken at the first look."""

    limits: Limits
    since: float
    worked_before: float | None = None


def usual_command() -> list[str]:
    """What starts a decoder process: of a frozen build it is the program itself, see `viewer.app`."""
    if getattr(sys, "frozen", False):
        return [sys.executable, "--decode-worker"]
    package = str(Path(__file__).resolve().parents[2])
    # -P: nothing is imported from the current folder, which may be a disc from elsewhere.
    code = f"import sys; p = {package!r}; p in sys.path or sys.path.insert(0, p); "
    code += "from viewer.dicom.worker import main; main()"
    return [sys.executable, "-P", "-W", "ignore", "-c", code]


class DecoderProcess:
    """One decoder process; one thread at a time asks it."""

    def __init__(self, command: Sequence[str]) -> None:
        self._popen = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            env={**os.environ, **_ENVIRONMENT},
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
        for pipe in (self._popen.stdin, self._popen.stdout):
            _widen(cast(IO[bytes], pipe))
        self._ready = False
        self.wake()
        self.fate = ""
        """Why it was killed: "slow", "large" or "stopped"; "" while it was not."""
        self.loading = False
        """Whether it imports a decoder of the site."""
        self._loaded: set[SiteDecoder] = set()

    @property
    def pid(self) -> int:
        return self._popen.pid

    @property
    def ended(self) -> bool:
        return self._popen.poll() is not None

    def decode(
        self, encoded: bytes, shape: Layout, syntax: str, limits: Limits, site: SiteDecoder | None = None
    ) -> np.ndarray | Problem:
        """The samples, or what the process says was wrong; raises if it says nothing sensible.

        With `site`, which must be loaded, by that decoder and no other.
        """
        request = {"load": False, "syntax": syntax, "layout": asdict(shape), "site": site and site.function}
        reply, count = self._asked(request, encoded, limits)
        if "problem" in reply:
            return Problem(str(reply["problem"]), str(reply.get("why", "")))
        size, kind = result(shape)
        pixels = np.empty(size, kind)
        if count != pixels.nbytes:
            raise worker.Garbled
        worker.fill(cast(IO[bytes], self._popen.stdout), pixels.data.cast("B"))
        return pixels

    def load(self, site: SiteDecoder) -> Problem | None:
        """Import a decoder of the site, with the time that a start may take; what is wrong, if anything."""
        if site in self._loaded:
            return None
        self.loading = True
        request = {"load": True, "site": site.function}
        reply, count = self._asked(request, b"", Limits(_START_SECONDS, MEMORY))
        if count:
            raise worker.Garbled
        self.loading = False
        if "problem" in reply:
            return Problem(str(reply["problem"]), str(reply.get("why", "")))
        self._loaded.add(site)
        return None

    def _asked(self, request: dict[str, Any], data: bytes, limits: Limits) -> tuple[dict[str, Any], int]:
        incoming, outgoing = cast(IO[bytes], self._popen.stdout), cast(IO[bytes], self._popen.stdin)
        if not self._ready:
            if worker.receive(incoming) != ({"ready": True}, 0):
                raise worker.Garbled
            self._ready = True
        self._bound(limits)
        allowed = {"seconds": _PATIENCE * limits.seconds, "memory": limits.memory}
        worker.send(outgoing, {**request, **allowed}, data)
        return worker.receive(incoming)

    @property
    def started(self) -> bool:
        """Whether it ever said that it is ready."""
        return self._ready

    @property
    def limits(self) -> Limits:
        """Those of what it does now."""
        return self._task.limits

    def wake(self) -> None:
        """It is about to be asked: what it did before no longer counts."""
        self._bound(Limits(_START_SECONDS, MEMORY))

    def _bound(self, limits: Limits) -> None:
        self._task = _Task(limits, time.monotonic())  # at once: another thread looks at it

    def look(self) -> None:
        """Kill it if what it does now takes too long or too much."""
        task = self._task
        taken = time.monotonic() - task.since
        if taken < LOOK_EVERY:
            return
        memory, worked = _spent(self.pid)
        if task.worked_before is None:
            task.worked_before = worked
        worked -= task.worked_before
        seconds = task.limits.seconds
        hangs = taken > seconds and worked < _HANGING * taken
        if hangs or worked > seconds or taken > _PATIENCE * seconds:
            self.kill("slow")
        elif memory > task.limits.memory:
            self.kill("large")

    def kill(self, fate: str) -> None:
        self.fate = self.fate or fate
        self._popen.kill()

    def close(self) -> None:
        """End it and its pipes; only by the thread that asks it, or while nobody does."""
        self._popen.kill()
        for pipe in (self._popen.stdin, self._popen.stdout):
            with contextlib.suppress(OSError):
                cast(IO[bytes], pipe).close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._popen.wait(1.0)


def _widen(pipe: IO[bytes]) -> None:
    """Let a pipe hold a whole frame where the system can (Linux): 64 KiB at a time cost a switch each."""
    if sys.platform == "linux":
        import fcntl

        with contextlib.suppress(OSError):  # the user's pipes may be full of other programs' frames
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, 1 << 20)


def _spent(pid: int) -> tuple[int, float]:
    """Bytes of memory and seconds of processor time that a process has taken."""
    import psutil

    try:
        process = psutil.Process(pid)
        times = process.cpu_times()
        return int(process.memory_info().rss), float(times.user + times.system)
    except psutil.Error:
        return 0, 0.0
