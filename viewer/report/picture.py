"""One picture of the page: the composed pixels at their true aspect, letters, scale bar, colour bar."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPainterPath, QPen

from viewer.imaging.colormap import bar_words, color_table
from viewer.imaging.compose import drawn
from viewer.imaging.scale_bar import length_text, round_length
from viewer.report.report import ImageLine, Map
from viewer.report.typeface import font, wrapped

GROUND = QColor("#000000")
MARK = QColor("#e4e8ec")
ALERT = QColor("#f0bb70")
_EDGE = QColor(0, 0, 0, 215)
_HIDDEN = QColor("#16181b")
"""The part of the colour bar below the threshold: nothing is drawn there."""
_INSET = 16.0


def physical_size(image: ImageLine) -> tuple[float, float]:
    """(height, width) of the picture as it stands, in mm or, where spacing is unknown, in pixel widths."""
    row, col = image.spacing or (image.aspect, 1.0)
    height, width = image.rows * row, image.cols * col
    return (width, height) if image.turn.sideways else (height, width)


def placed(image: ImageLine, area: QRectF) -> QRectF:
    """Where the picture lies in `area`: as large as fits, at its true aspect, centred."""
    height, width = physical_size(image)
    scale = min(area.width() / width, area.height() / height)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    left = area.left() + (area.width() - size[0]) // 2
    top = area.top() + (area.height() - size[1]) // 2
    return QRectF(round(left), round(top), *size)


def image_of(pixels: np.ndarray, width: int, height: int) -> QImage:
    """(rows, cols) uint32 0xffRRGGBB -> a QImage of width x height pixels, smoothly scaled."""
    packed = np.ascontiguousarray(pixels, np.uint32)
    rows, cols = packed.shape
    whole = QImage(packed.data, cols, rows, cols * 4, QImage.Format.Format_RGB32)
    scaled = whole.scaled(
        width, height, Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation
    )
    return scaled.copy() if (width, height) == (cols, rows) else scaled


def paint(painter: QPainter, area: QRectF, pixels: np.ndarray, image: ImageLine) -> None:
    """Fill `area` with the picture as it stands for the reader, its letters and its scale bar."""
    painter.fillRect(area, GROUND)
    target = placed(image, area)
    ratio = painter.transform().m11()
    size = round(target.width() * ratio), round(target.height() * ratio)
    painter.drawImage(target, image_of(image.turn.turned(pixels), *size))
    _letters(painter, area, image.letters)
    if image.turn.words:
        painter.setFont(font(26))
        outlined(painter, area.left() + _INSET, area.bottom() - _INSET, image.turn.words, ALERT)
    _scale_bar(painter, area, target, image)


def paint_nothing(painter: QPainter, area: QRectF, words: str) -> None:
    """Fill the place of a picture that there is not, saying so."""
    painter.fillRect(area, GROUND)
    _plate(painter, area, words, area.center().y())


def paint_note(painter: QPainter, area: QRectF, words: str) -> None:
    """A sentence the reader must not miss, in the upper part of the picture."""
    _plate(painter, area, words, area.top() + area.height() * 0.16)


def _plate(painter: QPainter, area: QRectF, words: str, middle: float) -> None:
    chosen = font(28)
    painter.setFont(chosen)
    metrics = painter.fontMetrics()
    lines = wrapped(words, chosen, area.width() * 0.7, most=6)
    height = metrics.lineSpacing() * len(lines)
    width = max(metrics.horizontalAdvance(line) for line in lines)
    plate = QRectF(area.center().x() - width / 2 - 20, middle - height / 2 - 12, width + 40, height + 24)
    painter.fillRect(plate, QColor(12, 14, 16, 225))
    painter.setPen(ALERT)
    text = plate.adjusted(20, 12, -20, -12)
    painter.drawText(text, Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop, "\n".join(lines))


def outlined(painter: QPainter, x: float, baseline: float, text: str, color: QColor = MARK) -> None:
    """Text that is readable on black and on white."""
    path = QPainterPath()
    path.addText(QPointF(x, baseline), painter.font(), text)
    painter.strokePath(path, _pen(_EDGE, 6))
    painter.fillPath(path, color)


def _pen(color: QColor, width: float) -> QPen:
    return QPen(color, width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin)


def _letters(painter: QPainter, area: QRectF, letters: tuple[str, str, str, str]) -> None:
    left, right, top, bottom = letters
    painter.setFont(font(40, bold=True))
    metrics = painter.fontMetrics()
    width = metrics.horizontalAdvance
    middle = area.center().y() + metrics.capHeight() / 2
    center = area.center().x()
    outlined(painter, area.left() + _INSET, middle, left)
    outlined(painter, area.right() - _INSET - width(right), middle, right)
    outlined(painter, center - width(top) / 2, area.top() + _INSET + metrics.capHeight(), top)
    outlined(painter, center - width(bottom) / 2, area.bottom() - _INSET, bottom)


def _scale_bar(painter: QPainter, area: QRectF, target: QRectF, image: ImageLine) -> None:
    per_unit = target.width() / physical_size(image)[1]
    length = round_length(area.width() * 0.24 / per_unit)
    words = length_text(length, known=image.spacing is not None, calibration=image.calibration)
    right, y = area.right() - _INSET - 4, area.bottom() - _INSET - 10
    left = right - length * per_unit
    bar = QPainterPath(QPointF(left, y - 10))
    for point in ((left, y + 10), (left, y), (right, y), (right, y - 10), (right, y + 10)):
        bar.lineTo(*point)
    painter.strokePath(bar, _pen(_EDGE, 10))
    painter.strokePath(bar, QPen(MARK, 4))
    painter.setFont(font(26))
    metrics = painter.fontMetrics()
    outlined(painter, right - metrics.horizontalAdvance(words), y - 24, words)


def paint_color_bar(painter: QPainter, bar: QRectF, shown: Map) -> float:
    """Draw the colour scale with its numbers; return the y below it.

    Below the threshold the bar is dark, as nothing is drawn there on the picture.
    """
    look = shown.overlay
    colors = color_table(look.colormap, look.evidence).astype(np.uint32)
    row = colors[:, 0] << 16 | colors[:, 1] << 8 | colors[:, 2] | 0xFF000000
    row = np.where(drawn(look.evidence, look.threshold), row, _HIDDEN.rgb()).astype(np.uint32)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
    painter.drawImage(bar, QImage(row.data, 256, 1, 1024, QImage.Format.Format_RGB32))
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, True)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(QColor("#5a6067"), 2))
    painter.drawRect(bar)
    painter.setFont(font(24))
    painter.setPen(QColor("#15181b"))
    metrics = painter.fontMetrics()
    y = bar.bottom() + 6 + metrics.ascent()
    numbers = bar_words(look.evidence, shown.heat_range)
    for part, words in zip((0.0, 0.5, 1.0), numbers, strict=True):
        x = bar.left() + bar.width() * part - metrics.horizontalAdvance(words) * part
        painter.drawText(QPointF(x, y), words)
    return y + metrics.descent()
