"""A job is a key and a function; a token stops it. No Qt here."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any, Protocol

from viewer.errors import Cancelled


class CancelToken:
    """Set from any thread; checked by the job wherever it can stop."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def cancel(self) -> None:
        self._event.set()

    @property
    def cancelled(self) -> bool:
        return self._event.is_set()

    def check(self) -> None:
        """Raise `Cancelled` when nobody waits any more."""
        if self._event.is_set():
            raise Cancelled


class Progress(Protocol):
    """Report step `done` of `total` (0 if unknown), with what is ready so far as `partial`.

    Raises `Cancelled` when nobody waits any more, so that a job that reports can be stopped.
    """

    def __call__(self, done: int, total: int, partial: Any = None) -> None: ...


@dataclass(frozen=True, eq=False)
class Job:
    """What is asked (`key`, `title` for the progress line) and how it is answered (`run`)."""

    key: Hashable
    title: str
    run: Callable[[CancelToken, Progress], Any]
