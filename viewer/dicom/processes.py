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
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

import numpy as np

from viewer.dicom import worker
from viewer.dicom.codecs import result
from viewer.errors import Cancelled, PixelError

if TYPE_CHECKING:
    from viewer.dicom.layout import Layout

SECONDS = 5.0
"""A frame may take so long, and longer only above 40 MB: `_SLOWEST` bytes of samples a second."""
_SLOWEST = 8_000_000
# On a busy computer seconds of processor time count, or good images would be refused: as long as a
# decoder gets this share of one processor, and up to so many times the seconds.
_HANGING, _PATIENCE = 0.05, 3.0
_START_SECONDS = 60.0
"""A new process imports its decoders first: seconds on a slow disk, and no fault of the image."""
MEMORY = 512 << 20
"""Bytes that a process may take for any frame, and `_COPIES` times its samples more."""
_COPIES = 24
_LOOK_EVERY = 0.05

_COPY_AGAIN = "Copy the file from its source again."
_START_AGAIN = "Restart Glassbox; if that does not help, restart the computer."

# Decoders are one process each: their own threads would fight over the same cores.
_ENVIRONMENT = dict.fromkeys(
    ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS"),
    "1",
)


@dataclass(frozen=True, slots=True)
class _Limits:
    seconds: float
    memory: int


@dataclass(slots=True)
class _Task:
    """What a process does now, since when, and the processor time it had taken at the first look."""

    limits: _Limits
    since: float
    worked_before: float | None = None


def _command() -> list[str]:
    """What starts a decoder process: of a frozen build it is the program itself, see `viewer.app`."""
    if getattr(sys, "frozen", False):
        return [sys.executable, "--decode-worker"]
    package = str(Path(__file__).resolve().parents[2])
    # -P: nothing is imported from the current folder, which may be a disc from elsewhere.
    code = f"import sys; p = {package!r}; p in sys.path or sys.path.insert(0, p); "
    code += "from viewer.dicom.worker import main; main()"
    return [sys.executable, "-P", "-W", "ignore", "-c", code]


class _Process:
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

    @property
    def pid(self) -> int:
        return self._popen.pid

    @property
    def ended(self) -> bool:
        return self._popen.poll() is not None

    def decode(self, encoded: bytes, shape: Layout, syntax: str, limits: _Limits) -> np.ndarray | str:
        """The samples, or in a word what the process says was wrong; raises if it says nothing sensible."""
        seconds = _PATIENCE * limits.seconds
        request = {"syntax": syntax, "layout": asdict(shape), "seconds": seconds, "memory": limits.memory}
        incoming, outgoing = cast(IO[bytes], self._popen.stdout), cast(IO[bytes], self._popen.stdin)
        if not self._ready:
            if worker.receive(incoming) != ({"ready": True}, 0):
                raise worker.Garbled
            self._ready = True
        self._bound(limits)
        worker.send(outgoing, request, encoded)
        reply, count = worker.receive(incoming)
        if "problem" in reply:
            return str(reply["problem"])
        size, kind = result(shape)
        pixels = np.empty(size, kind)
        if count != pixels.nbytes:
            raise worker.Garbled
        worker.fill(incoming, pixels.data.cast("B"))
        return pixels

    @property
    def started(self) -> bool:
        """Whether it ever said that it is ready."""
        return self._ready

    def wake(self) -> None:
        """It is about to be asked: what it did before no longer counts."""
        self._bound(_Limits(_START_SECONDS, MEMORY))

    def _bound(self, limits: _Limits) -> None:
        self._task = _Task(limits, time.monotonic())  # at once: another thread looks at it

    def look(self) -> None:
        """Kill it if what it does now takes too long or too much."""
        task = self._task
        taken = time.monotonic() - task.since
        if taken < _LOOK_EVERY:
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


@functools.cache
def _most_memory() -> int:
    """What one decoder may take of this computer, however large its image."""
    import psutil

    return int(psutil.virtual_memory().total) * 6 // 10


def _spent(pid: int) -> tuple[int, float]:
    """Bytes of memory and seconds of processor time that a process has taken."""
    import psutil

    try:
        process = psutil.Process(pid)
        times = process.cpu_times()
        return int(process.memory_info().rss), float(times.user + times.system)
    except psutil.Error:
        return 0, 0.0


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
        self._idle: list[_Process] = []
        self._busy: set[_Process] = set()
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

        Returns
        -------
        (rows, cols), or (rows, cols, 3) RGB for colour
            In the dtype that native data of this layout would have.

        Raises
        ------
        PixelError
            The decoder crashed, hung or took too much memory.
        Cancelled
            `stop` was called meanwhile.
        """
        limits = self._limits(shape)
        process, fit = self._take(), False
        try:
            found = process.decode(encoded, shape, syntax, limits)
            if isinstance(found, str):
                fit = found == "damaged"
                if found == "memory":
                    process.kill("large")
            else:
                fit = True
        except (worker.Garbled, OSError, ValueError) as error:
            raise _error(process, limits) from error
        finally:
            self._give_back(process, fit=fit)
        if not fit:
            raise _error(process, limits)
        return found if isinstance(found, np.ndarray) else None

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

    def _limits(self, shape: Layout) -> _Limits:
        size, kind = result(shape)
        count = math.prod(size) * kind.itemsize
        memory = min(self._memory + _COPIES * count, max(self._memory, _most_memory()))
        return _Limits(max(self._seconds, count / _SLOWEST), memory)

    def _take(self) -> _Process:
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
                    process = _Process(self._command or _command())
                except OSError as error:
                    raise PixelError("The image decoder could not be started.", _START_AGAIN) from error
            process.wake()
            self._busy.add(process)
            if not self._watching:
                self._watching = True
                threading.Thread(target=self._watch, name="glassbox-decoders", daemon=True).start()
            return process

    def _give_back(self, process: _Process, *, fit: bool) -> None:
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
            time.sleep(_LOOK_EVERY)
            with self._changed:
                for process in self._busy:
                    process.look()
                now = time.monotonic()
                quiet_since = now if self._busy else quiet_since
                if now - quiet_since > 1.0:
                    self._watching = False
                    return


def _error(process: _Process, limits: _Limits) -> PixelError | Cancelled:
    """What to tell of a process that gave no pixels."""
    if process.fate == "stopped":
        return Cancelled()
    if not process.started:
        return PixelError("The image decoder could not be started.", remedy=_START_AGAIN)
    if process.fate == "slow":
        what = f"Decoding this image took longer than {limits.seconds:.0f} s and was stopped."
    elif process.fate == "large":
        what = f"Decoding this image needed more than {limits.memory >> 20} MiB of memory and was stopped."
    else:
        what = "The decoder crashed on this image."
    return PixelError(what, remedy=f"Its pixel data are probably damaged. {_COPY_AGAIN}")


POOL = DecoderPool()
"""The processes of this program."""

atexit.register(POOL.stop)
