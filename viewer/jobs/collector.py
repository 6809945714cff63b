"""Collects cyclic garbage on the GUI thread, and nowhere else.

Python collects on whichever thread happens to allocate. If that is a worker, and the garbage holds a
QObject of the GUI thread (a closed dialog whose slots are lambdas is such a cycle), Qt destroys it on
the wrong thread: "Timers cannot be stopped from another thread", then a segmentation fault
(PySide6 6.11.3, within seconds). So automatic collection is off while the window lives, and a timer
of the GUI thread does it instead.
"""

from __future__ import annotations

import gc
import sys

from PySide6.QtCore import QObject, QTimer, Slot

EVERY_MS = 500
MANY = 50
"""So many new modules are a library; what it brings lives for ever."""


class Collector(QObject):
    """Takes over from Python's own collector until `stop`."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._thresholds = gc.get_threshold()
        self._modules = self._settled = len(sys.modules)
        """How many there were at the last look, and how many need not be looked into any more."""
        self._timer = QTimer(self)
        self._timer.setInterval(EVERY_MS)
        self._timer.timeout.connect(self.collect)
        gc.disable()
        self._timer.start()

    def stop(self) -> None:
        self._timer.stop()
        gc.unfreeze()
        gc.enable()

    @Slot()
    def collect(self) -> None:
        """Collect the oldest generation that is due, as Python would."""
        if (modules := len(sys.modules)) != self._modules:
            self._modules = modules
            return  # while a library is imported nothing is thrown away
        if modules >= self._settled + MANY:
            # torch brings some 500 000 objects: each look at them would stop the GUI thread for up to a
            # quarter of a second.
            gc.freeze()
            self._settled = modules
            return
        counts = gc.get_count()
        due = next((g for g in (2, 1, 0) if counts[g] > self._thresholds[g]), None)
        if due is not None:
            gc.collect(due)
