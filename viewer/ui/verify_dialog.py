"""Verify Installation: runs the golden checks in the background, shows each as it ends, saves them as PDF."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QStandardPaths, Slot
from PySide6.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QMessageBox,
    QProgressBar,
    QPushButton,
    QTextBrowser,
    QVBoxLayout,
    QWidget,
)

from viewer.jobs.job import CancelToken, Job, Progress
from viewer.notice import of_error
from viewer.ui import theme
from viewer.ui.dialog import fit
from viewer.ui.working_dialog import WorkingDialog

if TYPE_CHECKING:
    from viewer.verification.checks import Check
    from viewer.verification.paper import Verification


class VerifyDialog(WorkingDialog):
    """Runs as soon as it opens; closing it stops it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("verify", parent)
        self.setWindowTitle("Verify Installation")
        self._checks: list[Check] = []
        self.found: Verification | None = None
        """What was found, once all checks have run."""
        self._runner.progressed.connect(self._on_progress)
        self._runner.finished.connect(self._on_finished)
        self._runner.failed.connect(self._on_failed)
        self.page = QTextBrowser()
        self.page.setAccessibleName("What was found")
        self.page.setOpenLinks(False)
        self.progress = QProgressBar()
        self.progress.setAccessibleName("Checks done")
        self.progress.setTextVisible(False)
        self.status = QLabel(wordWrap=True)
        self.status.hide()
        self.save = theme.named(QPushButton("Save as PDF…"), "primary")
        self.save.setEnabled(False)
        self.save.clicked.connect(self._ask_and_save)
        self.close_button = QPushButton("Close")
        self.close_button.clicked.connect(self.reject)
        foot = QHBoxLayout()
        foot.addWidget(self.progress, 1)
        foot.addStretch(0)
        foot.addWidget(self.save)
        foot.addWidget(self.close_button)
        column = QVBoxLayout(self)
        column.addWidget(self.page, 1)
        column.addWidget(self.status)
        column.addLayout(foot)
        fit(self, 860, 640)
        self._runner.submit(Job("verify", "Verifying", _verifying))

    @Slot(object, int, int, object)
    def _on_progress(self, job: Job, done: int, total: int, partial: object) -> None:
        self.progress.setRange(0, total)
        self.progress.setValue(done)
        if isinstance(partial, list):
            self._checks += partial
            self._show()

    @Slot(object, object)
    def _on_finished(self, job: Job, result: object) -> None:
        if isinstance(result, Path):
            self._say(f"Saved as {result.name}.", name="dim")
            return
        from viewer.verification.paper import verification

        self.found = verification(self._checks)
        self.progress.hide()
        self.save.setEnabled(True)
        self.save.setDefault(True)
        self._show()

    @Slot(object, object)
    def _on_failed(self, job: Job, error: Exception) -> None:
        notice = of_error(error)
        self.save.setEnabled(self.found is not None)
        self._say(f"{notice.text} {notice.remedy}".strip(), name="warning")

    def _show(self) -> None:
        from viewer.verification.paper import html, verification

        colors = theme.current()
        found = self.found or verification(self._checks)
        text = html(found, good=colors.accent, bad=colors.error, dim=colors.dim)
        if self.found is None:
            text = text.replace(found.verdict, "Checking …", 1)
        self.page.setHtml(text)

    def _say(self, text: str, *, name: str) -> None:
        theme.named(self.status, name).setText(text)
        self.status.style().unpolish(self.status)
        self.status.style().polish(self.status)
        self.status.show()

    @Slot()
    def _ask_and_save(self) -> None:
        path = self.ask_path()
        if path is None or self.found is None:
            return
        overwrite = os.path.lexists(path)
        if overwrite and not self.ask_overwrite(path):
            return
        self._runner.submit(Job("save", "Saving", _saving(self.found, path, overwrite=overwrite)))

    def ask_path(self) -> Path | None:
        """Where to save; the ending is completed before the file is looked for."""
        place = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)
        name, _ = QFileDialog.getSaveFileName(
            self,
            "Save as PDF",
            str(Path(place or Path.home()) / "glassbox-verification.pdf"),
            "PDF (*.pdf)",
            options=QFileDialog.Option.DontConfirmOverwrite,
        )
        if not name:
            return None
        path = Path(name)
        return path if path.suffix.lower() == ".pdf" else path.with_name(f"{path.name}.pdf")

    def ask_overwrite(self, path: Path) -> bool:
        """Whether to replace the file at `path`."""
        buttons = QMessageBox.StandardButton
        question = f"{path.name} exists already. Replace it?"
        return QMessageBox.question(self, "Save as PDF", question, buttons.Yes | buttons.No) == buttons.Yes


def _verifying(token: CancelToken, progress: Progress) -> None:
    from viewer.verification.checks import STEPS, steps

    for done, group in enumerate(steps(), 1):
        progress(done, STEPS, group)


def _saving(found: Verification, path: Path, *, overwrite: bool) -> Callable[[CancelToken, Progress], Path]:
    def run(token: CancelToken, progress: Progress) -> Path:
        from viewer.verification.paper import save_pdf

        save_pdf(found, path, overwrite=overwrite)
        return path

    return run
