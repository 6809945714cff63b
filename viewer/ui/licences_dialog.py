"""Third-party licences: every package that Glassbox stands on, with the texts that come with it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import (
    QDialogButtonBox,
    QLabel,
    QPlainTextEdit,
    QSplitter,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from viewer.jobs.job import CancelToken, Job, Progress
from viewer.notice import of_error
from viewer.third_party import Package, packages
from viewer.ui import theme
from viewer.ui.dialog import fit
from viewer.ui.working_dialog import WorkingDialog


class LicencesDialog(WorkingDialog):
    """A list of packages on the left, the licence of the chosen one on the right."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("licences", parent)
        self.setWindowTitle("Third-Party Licences")
        self._packages: tuple[Package, ...] = ()
        self._runner.finished.connect(self._on_finished)
        self._runner.failed.connect(self._on_failed)
        self.words = QLabel("Reading the licences …", wordWrap=True)
        self.list = theme.named(QTreeWidget(), "tags")
        self.list.setAccessibleName("Packages")
        self.list.setHeaderLabels(["Package", "Version", "Licence"])
        self.list.setRootIsDecorated(False)
        self.list.setUniformRowHeights(True)
        self.list.currentItemChanged.connect(self._show)
        self.text = QPlainTextEdit(readOnly=True)
        self.text.setAccessibleName("Licence")
        self.text.setTabChangesFocus(True)
        halves = QSplitter(Qt.Orientation.Horizontal)
        halves.addWidget(self.list)
        halves.addWidget(self.text)
        halves.setStretchFactor(0, 1)
        halves.setStretchFactor(1, 1)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.addWidget(self.words)
        column.addWidget(halves, 1)
        column.addWidget(buttons)
        fit(self, 1000, 620)
        self._runner.submit(Job("licences", "Reading the licences", _reading))

    @Slot(object, object)
    def _on_finished(self, job: Job, found: tuple[Package, ...]) -> None:
        self._packages = found
        self.words.setText(
            f"Glassbox stands on {len(found)} packages of others. This is what they say of themselves."
        )
        for one in found:
            row = QTreeWidgetItem(self.list, [one.name, one.version, one.licence])
            row.setToolTip(2, one.licence)
        for column in (0, 1):
            self.list.resizeColumnToContents(column)
        first = self.list.topLevelItem(0)
        if first is not None:
            self.list.setCurrentItem(first)
            self.list.setFocus()

    @Slot(object, object)
    def _on_failed(self, job: Job, error: Exception) -> None:
        notice = of_error(error)
        self.words.setText(f"{notice.text} {notice.remedy}".strip())

    @Slot()
    def _show(self) -> None:
        item = self.list.currentItem()
        if item is None:
            return
        one = self._packages[self.list.indexOfTopLevelItem(item)]
        parts = [f"{name}\n{'-' * len(name)}\n{text.strip()}\n" for name, text in one.texts]
        none = "No text comes with this package. Its licence: "
        self.text.setPlainText("\n".join(parts) or f"{none}{one.licence}.")


def _reading(token: CancelToken, progress: Progress) -> tuple[Package, ...]:
    return packages()
