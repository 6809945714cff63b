"""Exporting the report: the page as it will be, the reader's comment, and where it goes.

The page is built from what was on the screen when the dialog opened. Drawing and saving run in the
background; a save that fails leaves the dialog open, with everything in it, to save elsewhere.
"""

from __future__ import annotations

import os
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QObject, QSize, QStandardPaths, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QImage, QPixmap, QResizeEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QMessageBox,
    QPlainTextEdit,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from viewer.commands.intents import Intents
from viewer.dicom import identity
from viewer.jobs.job import CancelToken, Job, Progress
from viewer.jobs.runner import JobRunner
from viewer.notice import Notice, of_error
from viewer.session.resolve import ResolvedView
from viewer.ui import theme

PREVIEW_WIDTH = 1400
TYPING_PAUSE_MS = 350
"""The preview follows when the reader stops typing for so long."""


class ReportDialog(QDialog):
    """Ask for comment, identity and place, and write the page.

    `told` carries a Notice when the report is saved; a window that shows notices hears it.
    """

    told = Signal(object)

    def __init__(self, intents: Intents, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Export Report")
        self._view = intents.view
        self._runner = JobRunner("report", self)
        self._runner.finished.connect(self._on_finished)
        self._runner.failed.connect(self._on_failed)
        self._typing = QTimer(self, singleShot=True, interval=TYPING_PAUSE_MS)
        self._typing.timeout.connect(self._draw)
        self._saving = False
        self._page = QImage()
        show_notice = getattr(parent, "show_notice", None)
        if isinstance(parent, QObject) and callable(show_notice):
            self.told.connect(show_notice)
        self._build()
        application = QCoreApplication.instance()
        if application is not None:
            application.aboutToQuit.connect(self._end)
        self._draw()

    def _build(self) -> None:
        self.preview = QLabel("Drawing the page…", alignment=Qt.AlignmentFlag.AlignCenter)
        self.preview.setAccessibleName("Preview of the page")
        self._sheet = QScrollArea(widgetResizable=True)
        self._sheet.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._sheet.setWidget(self.preview)
        self.comment = QPlainTextEdit(placeholderText="What you see, in your own words (optional)")
        self.comment.setAccessibleName("Comment")
        self.comment.setTabChangesFocus(True)
        self.comment.textChanged.connect(self._typing.start)
        self.deidentify = QCheckBox("De-identify")
        self.deidentify.setChecked(self._view.deidentified)
        self.deidentify.toggled.connect(self._draw)
        self.deidentify.toggled.connect(self._warn)
        explained = QLabel("Leaves out who, where and when. Your comment is printed as you wrote it.")
        self.burned_in = theme.named(QLabel(identity.BURNED_IN, wordWrap=True), "warning")
        self.status = theme.named(QLabel(wordWrap=True), "warning")
        self.status.hide()
        self.save = theme.named(QPushButton("Save…"), "primary")
        self.save.setDefault(True)
        self.save.clicked.connect(self._ask_and_save)
        cancel = QPushButton("Cancel")
        cancel.clicked.connect(self.reject)
        side = QVBoxLayout()
        side.setSpacing(8)
        side.addWidget(theme.named(QLabel("COMMENT"), "heading"))
        side.addWidget(self.comment, 1)
        side.addWidget(self.deidentify)
        explained.setWordWrap(True)
        side.addWidget(theme.named(explained, "dim"))
        side.addWidget(self.burned_in)
        side.addWidget(self.status)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(cancel)
        buttons.addWidget(self.save)
        side.addLayout(buttons)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 12, 12, 12)
        row.setSpacing(14)
        row.addWidget(self._sheet, 1)
        holder = QWidget()
        holder.setLayout(side)
        side.setContentsMargins(0, 0, 0, 0)
        holder.setFixedWidth(300)
        row.addWidget(holder)
        screen = self.screen().availableGeometry().size() if self.screen() else QSize(1280, 800)
        self.resize(QSize(1180, 840).boundedTo(screen * 0.95))
        self._warn(self.deidentify.isChecked())
        self.comment.setFocus()

    # What the reader does

    @Slot(bool)
    def _warn(self, deidentify: bool) -> None:
        """De-identifying leaves the pixels as they are: say so where a name may stand in them."""
        header = self._view.header
        self.burned_in.setVisible(deidentify and header is not None and header.burned_in)

    @Slot()
    def _draw(self) -> None:
        """Draw the preview anew; the last wish wins."""
        self._typing.stop()
        if not self._saving:
            self._runner.submit(_drawing(self._view, self.comment.toPlainText(), self.deidentify.isChecked()))

    @Slot()
    def _ask_and_save(self) -> None:
        path = self.ask_path()
        if path is None or (os.path.lexists(path) and not self.ask_overwrite(path)):
            return
        self._typing.stop()
        self._set_saving(True)
        job = _saving(
            self._view,
            self.comment.toPlainText(),
            self.deidentify.isChecked(),
            path=path,
            overwrite=os.path.lexists(path),
        )
        self._runner.submit(job)

    def ask_path(self) -> Path | None:
        """Where to save; the ending is completed before the file is looked for, so that nothing that
        was not named is overwritten."""
        start = (_last_folder or _documents()) / suggested_name(self._view)
        name, _ = QFileDialog.getSaveFileName(
            self,
            "Save Report",
            str(start),
            "PNG image (*.png)",
            options=QFileDialog.Option.DontConfirmOverwrite,
        )
        if not name:
            return None
        path = Path(name)
        return path if path.suffix.lower() == ".png" else path.with_name(f"{path.name}.png")

    def ask_overwrite(self, path: Path) -> bool:
        """Whether to replace the file at `path`."""
        answer = QMessageBox.question(
            self,
            "Save Report",
            f"{path.name} exists already. Replace it?",
            QMessageBox.StandardButton.Yes | QMessageBox.StandardButton.No,
            QMessageBox.StandardButton.No,
        )
        return answer == QMessageBox.StandardButton.Yes

    # What the background says

    @Slot(object, object)
    def _on_finished(self, job: Job, result: QImage | Path) -> None:
        if isinstance(result, QImage):
            self._say("")
            self._page = result
            self._fit()
            return
        global _last_folder
        _last_folder = result.parent
        self.told.emit(Notice(f"The report is saved as {result.name}.", details=(("Saved as", str(result)),)))
        self.accept()

    @Slot(object, object)
    def _on_failed(self, job: Job, error: Exception) -> None:
        notice = of_error(error)
        self._set_saving(False)
        self._say(f"{notice.text} {notice.remedy}".strip())

    def _set_saving(self, on: bool) -> None:
        self._saving = on
        for widget in (self.save, self.comment, self.deidentify):
            widget.setEnabled(not on)
        self.save.setText("Saving…" if on else "Save…")

    def _say(self, text: str) -> None:
        self.status.setText(text)
        self.status.setVisible(bool(text))

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
        """Close. A thread that is still busy is left to finish; the dialog goes when it has."""
        super().done(result)
        self._typing.stop()
        self._runner.cancel()
        if self._runner.busy:
            self._runner.idle.connect(self._end)
        else:
            self._end()

    @Slot()
    def _end(self) -> None:
        self._runner.shutdown()
        self.deleteLater()


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


def _drawing(view: ResolvedView, comment: str, deidentify: bool) -> Job:
    """Draw the page, for the preview."""

    def run(token: CancelToken, progress: Progress) -> QImage:
        from viewer.report import page, report

        built = report.build(view, comment=comment, deidentify=deidentify)
        token.check()
        return page.draw(built, PREVIEW_WIDTH)

    return Job("preview", "Drawing the page", run)


def _saving(view: ResolvedView, comment: str, deidentify: bool, *, path: Path, overwrite: bool) -> Job:
    """Draw the page and write it."""

    def run(token: CancelToken, progress: Progress) -> Path:
        from viewer.report import page, report

        built = report.build(view, comment=comment, deidentify=deidentify)
        token.check()
        page.save(built, path, overwrite=overwrite)
        return path

    return Job("save", "Writing the report", run)
