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


class Collector(QObject):
    """Takes over from Python's own collector until `stop`."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._thresholds = gc.get_threshold()
        self._froze = False
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
        counts = gc.get_count()
        due = next((g for g in (2, 1, 0) if counts[g] > self._thresholds[g]), None)
        if due is not None:
            gc.collect(due)
        if due == 2 and not self._froze and "torch" in sys.modules:
            # torch brings some 400 000 objects that live for ever: looking at them again each time
            # would stop the GUI thread for a quarter of a second.
            gc.freeze()
            self._froze = True
