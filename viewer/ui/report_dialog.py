"""Exporting the report: its pages as they will be, the reader's choices, and where they go.

The pages are made from what was on the screen when the dialog opened. Gathering, drawing, saving and
printing run in the background; what fails leaves the dialog open, with everything in it.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QStandardPaths, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QImage, QPixmap, QResizeEvent
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QLabel, QMessageBox, QScrollArea, QWidget

from viewer.commands.intents import Intents
from viewer.jobs.job import Job
from viewer.notice import Notice, of_error
from viewer.report.choice import Choice, is_pdf, paths
from viewer.session.resolved_view import ResolvedView
from viewer.ui import report_jobs
from viewer.ui.dialog import fit
from viewer.ui.report_choices import Pager, ReportChoices
from viewer.ui.report_jobs import Maker, Preview, Saved, Sheets
from viewer.ui.working_dialog import WorkingDialog

if TYPE_CHECKING:
    from viewer.ui.report_printing import PrintPreview

TYPING_PAUSE_MS = 350
"""The preview follows when the reader stops typing for so long."""
PROGRESS_AFTER_MS = 300
_PNG, _PDF = "PNG image (*.png)", "PDF document (*.pdf)"


class ReportDialog(WorkingDialog):
    """Ask for images, comment, identity and place, and write or print the pages.

    `told` carries a Notice when the report is saved; a window that shows notices hears it.
    """

    told = Signal(object)

    def __init__(self, intents: Intents, parent: QWidget | None = None) -> None:
        super().__init__("report", parent)
        self.setWindowTitle("Export Report")
        self._intents = intents
        self._source = intents.report_source()
        self._view = self._source.view
        self._maker = Maker(self._source)
        self._runner.progressed.connect(self._on_progress)
        self._runner.finished.connect(self._on_finished)
        self._runner.failed.connect(self._on_failed)
        self._runner.stopped.connect(self._on_stopped)
        self._runner.idle.connect(self._on_idle)
        self._typing = QTimer(self, singleShot=True, interval=TYPING_PAUSE_MS)
        self._typing.timeout.connect(self._draw)
        self._late = QTimer(self, singleShot=True, interval=PROGRESS_AFTER_MS)
        self._saving = False
        self._page = QImage()
        self.print_preview: PrintPreview | None = None
        show_notice = getattr(parent, "show_notice", None)
        if isinstance(parent, QObject) and callable(show_notice):
            self.told.connect(show_notice)
        self._build()
        self._draw()

    def _build(self) -> None:
        self.preview = QLabel("Drawing the page…", alignment=Qt.AlignmentFlag.AlignCenter)
        self.preview.setAccessibleName("Preview of the page")
        self._sheet = QScrollArea(widgetResizable=True)
        self._sheet.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._sheet.setVerticalScrollBarPolicy(
            Qt.ScrollBarPolicy.ScrollBarAlwaysOn
        )  # its width is then known
        self._sheet.setWidget(self.preview)
        self._sheet.setAccessibleName("Page")
        self.pager = Pager()
        self.pager.turned.connect(self._draw)
        self.choices = ReportChoices(self._source)
        self.comment, self.save, self.print = self.choices.comment, self.choices.save, self.choices.print
        self.deidentify, self.status = self.choices.deidentify, self.choices.status
        self.comment.textChanged.connect(self._on_typed)
        self.choices.changed.connect(self._on_chosen)
        self.save.clicked.connect(self._ask_and_save)
        self.print.clicked.connect(self._lay_out)
        self.choices.cancel.clicked.connect(self._cancel)
        self._late.timeout.connect(self.choices.show_progress)
        pages = self.pager.above(self._sheet)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 12, 12, 12)
        row.setSpacing(14)
        row.addLayout(pages, 1)
        row.addWidget(self.choices)
        fit(self, 1180, 840)
        self.comment.setFocus()

    @property
    def choice(self) -> Choice:
        return self.choices.choice

    # What the reader does

    @Slot()
    def _on_typed(self) -> None:
        self._intents.key_images.set_comment(self.comment.toPlainText())
        self._typing.start()

    @Slot()
    def _on_chosen(self) -> None:
        self.pager.show_pages(self._source.pages(self.choice.images))
        self._draw()

    @Slot()
    def _draw(self) -> None:
        """Draw the preview anew; the last wish wins."""
        self._typing.stop()
        if not self._saving:
            self._submit(report_jobs.drawing(self._maker, self.choice, self.pager.number))

    @Slot()
    def _ask_and_save(self) -> None:
        path = self.ask_path()
        if path is None:
            return
        there = [
            file for file in paths(path, self._source.pages(self.choice.images)) if os.path.lexists(file)
        ]
        if there and not self.ask_overwrite(there):
            return
        self._set_saving("Saving…")
        self._submit(report_jobs.saving(self._maker, self.choice, path=path, overwrite=bool(there)))

    @Slot()
    def _lay_out(self) -> None:
        self._set_saving("Laying out…")
        self._submit(report_jobs.laying_out(self._maker, self.choice))

    @Slot()
    def _cancel(self) -> None:
        """Stop what is being written or printed; without that, close."""
        if self._saving:
            self._runner.cancel()
        else:
            self.reject()

    def _submit(self, job: Job) -> None:
        self._typing.stop()
        self._late.start()
        self._runner.submit(job)

    def ask_path(self) -> Path | None:
        """Where to save; the ending is completed before the file is looked for, so that nothing that
        was not named is overwritten."""
        start = (_last_folder or _documents()) / suggested_name(self._view)
        name, kind = QFileDialog.getSaveFileName(
            self,
            "Save Report",
            str(start),
            f"{_PNG};;{_PDF}",
            options=QFileDialog.Option.DontConfirmOverwrite,
        )
        if not name:
            return None
        path = Path(name)
        if path.suffix.lower() == ".png" or is_pdf(path):
            return path
        return path.with_name(f"{path.name}.{'pdf' if kind == _PDF else 'png'}")

    def ask_overwrite(self, files: list[Path]) -> bool:
        """Whether to replace these files."""
        words = f"{files[0].name} exists already. Replace it?"
        if len(files) > 1:
            words = f"{len(files)} files exist already, {files[0].name} among them. Replace them?"
        answer = QMessageBox.question(
            self,
            "Save Report",
            words,
            QMessageBox.StandardButton.Yes | QMessageBox.StandardButton.No,
            QMessageBox.StandardButton.No,
        )
        return answer == QMessageBox.StandardButton.Yes

    # What the background says

    @Slot(object, int, int, object)
    def _on_progress(self, job: Job, done: int, total: int, words: str | None) -> None:
        self.choices.progress(done, total, words)

    @Slot(object, object)
    def _on_finished(self, job: Job, result: object) -> None:
        if isinstance(result, Preview):
            self.choices.say("")
            self._page = result.page
            self._fit()
        elif isinstance(result, Saved):
            self._on_saved(result.files)
        elif isinstance(result, Sheets):
            self._set_saving("")
            self._preview_print(result)
        else:
            self.told.emit(Notice("The report is handed to the printer."))
            self.accept()

    def _on_saved(self, files: tuple[Path, ...]) -> None:
        global _last_folder
        _last_folder = files[0].parent
        words = f"The report is saved as {files[0].name}."
        if len(files) > 1:
            words = f"The report is saved in {len(files)} files, {files[0].name} to {files[-1].name}."
        self.told.emit(Notice(words, details=tuple(("Saved as", str(file)) for file in files)))
        self.accept()

    def _preview_print(self, sheets: Sheets) -> None:
        from viewer.ui.report_printing import PrintPreview

        self.print_preview = PrintPreview(sheets.images, self)
        self.print_preview.wanted.connect(self._print)
        self.print_preview.open()

    @Slot(object)
    def _print(self, printer: object) -> None:
        self._set_saving("Printing…")
        self._submit(report_jobs.printing(self._maker, self.choice, printer))  # type: ignore[arg-type]

    @Slot(object, object)
    def _on_failed(self, job: Job, error: Exception) -> None:
        notice = of_error(error)
        self._set_saving("")
        self.choices.say(f"{notice.text} {notice.remedy}".strip())

    @Slot(object)
    def _on_stopped(self, job: Job) -> None:
        if self._maker.made is not None:
            self._on_finished(job, self._maker.made)  # too late to stop
        elif self._saving and self._runner.current is None:
            self._set_saving("")
            self.choices.say("Stopped: nothing was written.")

    @Slot()
    def _on_idle(self) -> None:
        self._late.stop()
        self.choices.hide_progress()

    def _set_saving(self, words: str) -> None:
        self._saving = bool(words)
        self.choices.set_busy(words)
        self.pager.setEnabled(not words)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """The page as wide as there is room, sharp on a screen of any resolution."""
        if self._page.isNull():
            return
        ratio = self.devicePixelRatioF()
        width = max(1, round((self._sheet.viewport().width() - 2) * ratio))
        picture = QPixmap.fromImage(
            self._page.scaledToWidth(width, Qt.TransformationMode.SmoothTransformation)
        )
        picture.setDevicePixelRatio(ratio)
        self.preview.setPixmap(picture)

    def done(self, result: int) -> None:
        """Close: nothing more is drawn."""
        self._typing.stop()
        self._late.stop()
        super().done(result)


_last_folder: Path | None = None
"""Where the last report went, until Glassbox is closed."""


def _documents() -> Path:
    place = QStandardPaths.StandardLocation.DocumentsLocation
    return Path(QStandardPaths.writableLocation(place) or Path.home())


def suggested_name(view: ResolvedView) -> str:
    """A file name that says what it is and not who: "report-MR-im12-glioma.png"."""
    modality = view.series.modality if view.series is not None else ""
    parts = ["report", modality, f"im{view.index + 1}", view.target or ""]
    words = "-".join("".join(c if c.isalnum() else "-" for c in part) for part in parts if part)
    return f"{words}.png"
