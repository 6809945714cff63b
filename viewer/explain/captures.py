"""The captures of the slices asked about last: another method of the family then costs no pass."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from threading import Lock

from viewer.explain.capture import Captured

LIMIT = 512 << 20
"""Bytes; a slice of DenseNet-121 with twelve layers takes about 14 MiB, of the shipped models 3."""


class Captures:
    """Least recently used first out, bounded in bytes; one larger than the bound is not kept at all.

    Any number of threads may share it.
    """

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._lock = Lock()
        self._kept: OrderedDict[Hashable, Captured] = OrderedDict()
        self.nbytes = 0

    def get(self, question: Hashable) -> Captured | None:
        with self._lock:
            captured = self._kept.get(question)
            if captured is not None:
                self._kept.move_to_end(question)
            return captured

    def put(self, question: Hashable, captured: Captured) -> None:
        with self._lock:
            self._drop(question)
            if captured.nbytes > self._limit:
                return
            self._kept[question] = captured
            self.nbytes += captured.nbytes
            while self.nbytes > self._limit:
                self._drop(next(iter(self._kept)))

    def clear(self) -> None:
        with self._lock:
            self._kept.clear()
            self.nbytes = 0

    def _drop(self, question: Hashable) -> None:
        if question in self._kept:
            self.nbytes -= self._kept.pop(question).nbytes
