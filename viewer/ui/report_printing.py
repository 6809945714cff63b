"""The print preview: shows sheets that were drawn beforehand, and learns on which printer they are wanted.

Qt paints the preview anew whenever paper or direction change: sheets that are pictures already cost nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QMarginsF, QObject, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QImage, QPageLayout, QPaintEngine, QPainter
from PySide6.QtPrintSupport import QPrinter, QPrintPreviewDialog
from PySide6.QtWidgets import QComboBox, QLineEdit, QToolBar, QWidget

from viewer.report import paper
from viewer.ui.dialog import fit


class PrintPreview(QObject):
    """`wanted` carries the printer once the reader has chosen one; it is to be printed on then."""

    wanted = Signal(object)

    def __init__(self, sheets: Sequence[QImage], parent: QWidget) -> None:
        super().__init__(parent)
        self.sheets = sheets
        self._print = False
        self.printer = QPrinter(QPrinter.PrinterMode.ScreenResolution)
        self.printer.setResolution(paper.DPI)
        self.printer.setDocName("Glassbox report")
        self.printer.setCreator("Glassbox")
        self.printer.setPageMargins(QMarginsF(*[paper.MARGIN_MM] * 4), QPageLayout.Unit.Millimeter)
        self.dialog = QPrintPreviewDialog(self.printer, parent)
        self.dialog.setWindowTitle("Print Report")
        self._tidy()
        fit(self.dialog, 900, 1000)
        self.dialog.paintRequested.connect(self._paint)
        self.dialog.finished.connect(self._on_finished)

    def _tidy(self) -> None:
        """Print comes first: on a small screen the last buttons find no room. Fields get their names."""
        for bar in self.dialog.findChildren(QToolBar):
            bar.setIconSize(QSize(18, 18))
            actions = bar.actions()
            bar.insertAction(actions[0], actions[-1])
        for zoom in self.dialog.findChildren(QComboBox):
            zoom.setAccessibleName("Zoom")
        for field in self.dialog.findChildren(QLineEdit):
            field.setAccessibleName("Zoom" if isinstance(field.parent(), QComboBox) else "Page")

    def open(self) -> None:
        self.dialog.open()

    @Slot(QPrinter)
    def _paint(self, printer: QPrinter) -> None:
        """Paint the preview; what is really printed is not made of pictures, and not on this thread."""
        if printer.paintEngine().type() != QPaintEngine.Type.Picture:
            self._print = True
            return
        painter = QPainter(printer)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        for number, sheet in enumerate(self.sheets):
            if number:
                printer.newPage()
            size = sheet.size().scaled(printer.width(), printer.height(), Qt.AspectRatioMode.KeepAspectRatio)
            area = QRectF((printer.width() - size.width()) / 2, 0, size.width(), size.height())
            painter.drawImage(area, sheet)
        painter.end()

    @Slot(int)
    def _on_finished(self, result: int) -> None:
        if self._print:
            self.wanted.emit(self.printer)
        self.dialog.deleteLater()
