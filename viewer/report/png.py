"""A drawn page as PNG, with the report as JSON in its text chunk."""

from __future__ import annotations

from PySide6.QtCore import QBuffer, QByteArray, QIODevice
from PySide6.QtGui import QImage

from viewer.errors import ReportError
from viewer.report.chunks import MAX_TEXT
from viewer.report.report import Report
from viewer.report.sheet import WIDTH

TEXT_KEY = "glassbox"
"""Keyword of the PNG text chunk that holds the report as JSON."""


def encoded(page: QImage, report: Report, text: str) -> bytes:
    """The bytes of a PNG.

    Parameters
    ----------
    report : the one on the page, or the first of them.
    text : JSON of all that is on the page.
    """
    if len(text) > MAX_TEXT:
        raise ReportError(
            "The marks on this page have too many points for a report.",
            remedy="Delete some of the regions that were drawn by hand.",
        )
    page.setDotsPerMeterX(round(WIDTH / 0.277))  # fills the width of an A4 page in landscape
    page.setDotsPerMeterY(round(WIDTH / 0.277))
    page.setText("Software", " ".join(report.software[0]) if report.software else "glassbox")
    page.setText("Disclaimer", report.disclaimer)
    page.setText(TEXT_KEY, text)
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    if not page.save(buffer, "PNG"):  # type: ignore[call-overload]
        raise ReportError("The page cannot be written as PNG.", remedy="Free some memory and try again.")
    return bytes(data.data())
