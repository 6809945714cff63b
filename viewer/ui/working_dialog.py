"""A dialog with work of its own in the background, which ends with it."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, Slot
from PySide6.QtWidgets import QDialog, QWidget

from viewer.jobs.runner import JobRunner


class WorkingDialog(QDialog):
    """Closing it cancels what runs; the dialog goes when its thread is free.

    Parameters
    ----------
    work : what its thread is called.
    """

    def __init__(self, work: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._runner = JobRunner(work, self)
        application = QCoreApplication.instance()
        if application is not None:
            application.aboutToQuit.connect(self._end)

    def done(self, result: int) -> None:
        """Close. A thread that is still busy is left to finish; the dialog goes when it has."""
        super().done(result)
        self._runner.cancel()
        if self._runner.busy:
            self._runner.idle.connect(self._end)
        else:
            self._end()

    @Slot()
    def _end(self) -> None:
        self._runner.shutdown()
        self.deleteLater()
