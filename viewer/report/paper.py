"""The report on paper: a PDF with text that can be found and copied, and what a printer is sent.

A page that is longer than the paper goes on on the next sheet, cut where nothing is torn apart; each sheet
says whose it is, and that it is not for diagnosis.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QMarginsF, QPointF, QRectF, Qt
from PySide6.QtGui import (
    QFontMetrics,
    QImage,
    QPagedPaintDevice,
    QPageLayout,
    QPageSize,
    QPainter,
    QPdfWriter,
)

from viewer.errors import ReportError
from viewer.report import saving
from viewer.report.document import Document, filling
from viewer.report.sheet import MARGIN, QUIET, WIDTH, Fill, Part, measured, paint
from viewer.report.typeface import elided, font
from viewer.report.words import headline, image_words

MARGIN_MM = 6.0
HEIGHT = WIDTH * (297 - 2 * MARGIN_MM) / (210 - 2 * MARGIN_MM)
"""Of a sheet that fills A4 within its margins; other paper is filled as far as this shape does."""
_RUNNING = 44.0
"""Height of the line at the foot of each sheet, and of the one at the head of those that go on."""
DPI = round(WIDTH / ((210 - 2 * MARGIN_MM) / 25.4))
"""One pixel of the page is one of the PDF."""


@dataclass(frozen=True, eq=False)
class Paper:
    """One sheet of paper: part of a page, and the lines that run above and below it."""

    fill: Fill
    part: Part
    head: str
    foot: str
    number: str


def papers(pages: Iterable[Document]) -> Iterator[Paper]:
    """The sheets that pages take, one by one. Needs a QGuiApplication; ReportError without pictures."""
    count = 0
    for one in pages:
        fill, first = filling(one), one.reports[0]
        height, cuts = measured(fill)
        cut = parts(height, cuts, HEIGHT - 2 * _RUNNING)
        for place, part in enumerate(cut):
            count += 1
            head = f"{headline(first)}  ·  {image_words(first)}, continued" if place else ""
            more = ", goes on" if place < len(cut) - 1 else ""
            yield Paper(fill, part, head, first.disclaimer, f"Sheet {count}{more}")


def parts(height: float, cuts: Sequence[float], room: float) -> list[Part]:
    """A page `height` high in parts no higher than `room`, cut at some of `cuts`.

    What cannot be cut may be higher than the room; it is then made smaller as a whole.
    """
    edges = sorted({cut for cut in cuts if 0 < cut < height})
    found: list[Part] = []
    start = 0.0
    while height - start > room:
        fitting = [cut for cut in edges if start < cut <= start + room]
        later = [cut for cut in edges if cut > start + room]
        if not fitting and not later:
            break
        stop = fitting[-1] if fitting else later[0]
        found.append((start, stop))
        start = stop
    return [*found, (start, height + 1.0)]


def pdf(pages: Iterable[Document]) -> bytes:
    """The pages as a PDF of A4 sheets."""
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    writer = QPdfWriter(buffer)
    writer.setResolution(DPI)
    writer.setPageSize(QPageSize(QPageSize.PageSizeId.A4))
    writer.setPageOrientation(QPageLayout.Orientation.Portrait)
    writer.setPageMargins(QMarginsF(*[MARGIN_MM] * 4), QPageLayout.Unit.Millimeter)
    writer.setTitle("Glassbox report")
    writer.setCreator("Glassbox")
    put(pages, writer)
    buffer.close()
    return bytes(data.data())


def save(pages: Iterable[Document], path: Path, *, overwrite: bool = False) -> None:
    """Write the pages as a PDF. Raises ReportError as `saving.write` does."""
    if not overwrite and saving.exists(path):
        raise saving.already_there(path)
    data = pdf(pages)
    saving.write(path, lambda file: file.write(data), overwrite=overwrite)


def put(pages: Iterable[Document], device: QPagedPaintDevice) -> None:
    """Paint pages on paper: a PDF or a printer."""
    painter = QPainter()
    if not painter.begin(device):
        raise ReportError("Nothing can be printed there.", remedy="Choose another printer.")
    try:
        for number, one in enumerate(papers(pages)):
            if number:
                device.newPage()
            paint_on(painter, one, QRectF(0, 0, device.width(), device.height()))
    finally:
        painter.end()


def draw(one: Paper, width: int) -> QImage:
    """A sheet of paper, within its margins, as an image for a preview."""
    drawn = QImage(width, round(width * HEIGHT / WIDTH), QImage.Format.Format_RGB32)
    drawn.fill(Qt.GlobalColor.white)
    painter = QPainter(drawn)
    try:
        paint_on(painter, one, QRectF(drawn.rect()))
    finally:
        painter.end()
    return drawn


def paint_on(painter: QPainter, one: Paper, area: QRectF) -> None:
    """Paint a sheet as large as `area` takes, in its middle."""
    high = max(HEIGHT, one.part[1] - one.part[0] + 2 * _RUNNING)
    scale = min(area.width() / WIDTH, area.height() / high)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.LosslessImageRendering)
    painter.translate(area.left() + (area.width() - WIDTH * scale) / 2, area.top())
    painter.scale(scale, scale)
    _running(painter, one.head, "", 0.0)
    painter.save()
    painter.translate(0, _RUNNING if one.head else 0.0)
    paint(painter, one.fill, one.part)
    painter.restore()
    _running(painter, one.foot, one.number, high - _RUNNING)
    painter.restore()


def _running(painter: QPainter, left: str, right: str, top: float) -> None:
    chosen = font(22)
    painter.setFont(chosen)
    painter.setPen(QUIET)
    metrics = QFontMetrics(chosen)
    taken = metrics.horizontalAdvance(right)
    baseline = top + 8 + metrics.ascent()
    width = WIDTH - 2 * MARGIN - taken - 40
    painter.drawText(QPointF(MARGIN, baseline), elided(left, chosen, width))
    painter.drawText(QPointF(WIDTH - MARGIN - taken, baseline), right)
