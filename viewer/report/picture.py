"""One picture of the page: the composed pixels at their true aspect, letters, scale bar, colour bar."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetrics, QImage, QPaintEngine, QPainter, QPainterPath, QPen, QTransform

from viewer.annotate.labels import Rect
from viewer.annotate.mark import ShownMark
from viewer.imaging.colormap import bar_words, color_table
from viewer.imaging.compose import drawn
from viewer.imaging.scale_bar import length_text, round_length
from viewer.report.mark_painter import MarkPainter
from viewer.report.report import ImageLine, Map
from viewer.report.typeface import font, outline, wrapped

GROUND = QColor("#000000")
MARK = QColor("#e4e8ec")
ALERT = QColor("#f0bb70")
_EDGE = QColor(0, 0, 0, 215)
_HIDDEN = QColor("#16181b")
"""The part of the colour bar below the threshold: nothing is drawn there."""
_INSET = 16.0
_STRIP = 24
"""Rows of a picture that a PDF packs at once."""
_SMALL = 0.7
"""How much smaller letters and lines are where several pictures stand on a page."""
_LABEL, _LABEL_ON_SCREEN = 24.0, 13.0
"""Height of the letters at a mark, on a page 2400 wide and on the screen: lines are as much thicker."""


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


def paint(
    painter: QPainter,
    area: QRectF,
    pixels: np.ndarray,
    image: ImageLine,
    marks: Sequence[ShownMark] = (),
    *,
    small: bool = False,
) -> None:
    """Fill `area` with the picture as it stands for the reader, its letters, its scale bar and the marks;
    `small` where several stand on a page."""
    painter.fillRect(area, GROUND)
    target = placed(image, area)
    ratio = painter.transform().m11()
    size = round(target.width() * ratio), round(target.height() * ratio)
    _put(painter, target, image_of(image.turn.turned(pixels), *size))
    much = _SMALL if small else 1.0
    _letters(painter, area, image.letters, much)
    if image.turn.words:
        painter.setFont(font(26 * much))
        outlined(painter, area.left() + _INSET, area.bottom() - _INSET, image.turn.words, ALERT)
    _scale_bar(painter, area, target, image, much)
    if marks:
        _marks(painter, area, matrix(image, target), marks, image, much)


def _put(painter: QPainter, target: QRectF, whole: QImage) -> None:
    """Draw a picture; into a PDF in strips, as Qt packs each without letting another thread run.

    A strip reaches under the next one, so that no reader of the file shows the paper between them.
    """
    if not _is_pdf(painter):
        painter.drawImage(target, whole)
        return
    high = target.height() / whole.height()
    for top in range(0, whole.height(), _STRIP):
        rows = min(_STRIP + 1, whole.height() - top)
        strip = whole.copy(0, top, whole.width(), rows)
        painter.drawImage(
            QRectF(target.left(), target.top() + top * high, target.width(), rows * high), strip
        )


def _is_pdf(painter: QPainter) -> bool:
    return painter.paintEngine().type() == QPaintEngine.Type.Pdf


def matrix(image: ImageLine, target: QRectF) -> QTransform:
    """Slice point (x, y), pixel i covers [i, i + 1) -> where it lies in the picture on the page."""
    (a, b), (c, d) = image.turn.matrix
    middle = target.center()
    return QTransform(
        a * target.width() / image.cols,
        c * target.height() / image.cols,
        b * target.width() / image.rows,
        d * target.height() / image.rows,
        middle.x() - (a + b) / 2 * target.width(),
        middle.y() - (c + d) / 2 * target.height(),
    )


def _marks(
    painter: QPainter,
    area: QRectF,
    place: QTransform,
    marks: Sequence[ShownMark],
    image: ImageLine,
    much: float,
) -> None:
    """The reader's marks, their labels clear of letters and scale bar."""
    size = _LABEL * much
    with_labels = MarkPainter(font(size), unit=size / _LABEL_ON_SCREEN, vector=True)
    drawn = with_labels.lay_out(marks, place, area, _taken(area, image, much))
    painter.save()
    painter.setClipRect(area)
    with_labels.paint(painter, drawn)
    painter.restore()


def _taken(area: QRectF, image: ImageLine, much: float) -> list[Rect]:
    """Where letters and scale bar stand."""
    side, middle = 64.0 * much, area.center()
    letters = [
        Rect(area.left(), middle.y() - side / 2, area.left() + side, middle.y() + side / 2),
        Rect(area.right() - side, middle.y() - side / 2, area.right(), middle.y() + side / 2),
        Rect(middle.x() - side / 2, area.top(), middle.x() + side / 2, area.top() + side),
        Rect(middle.x() - side / 2, area.bottom() - side, middle.x() + side / 2, area.bottom()),
    ]
    there = [place for place, letter in zip(letters, image.letters, strict=True) if letter]
    bar = Rect(area.right() - area.width() * 0.3, area.bottom() - 80 * much, area.right(), area.bottom())
    return [*there, bar]


def paint_nothing(painter: QPainter, area: QRectF, words: str, *, small: bool = False) -> None:
    """Fill the place of a picture that there is not, saying so."""
    painter.fillRect(area, GROUND)
    _plate(painter, area, words, area.center().y(), _SMALL if small else 1.0)


def paint_note(painter: QPainter, area: QRectF, words: str, *, small: bool = False) -> None:
    """A sentence the reader must not miss, in the upper part of the picture."""
    _plate(painter, area, words, area.top() + area.height() * 0.16, _SMALL if small else 1.0)


def _plate(painter: QPainter, area: QRectF, words: str, middle: float, much: float) -> None:
    chosen = font(28 * much)
    painter.setFont(chosen)
    metrics = QFontMetrics(painter.font())
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
    path = outline(text, painter.font(), QPointF(x, baseline))
    painter.strokePath(path, _pen(_EDGE, 6))
    if _is_pdf(painter):
        painter.setPen(color)  # as text, so that it can be found and copied
        painter.drawText(QPointF(x, baseline), text)
    else:
        painter.fillPath(path, color)


def _pen(color: QColor, width: float) -> QPen:
    return QPen(color, width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin)


def _letters(painter: QPainter, area: QRectF, letters: tuple[str, str, str, str], much: float) -> None:
    left, right, top, bottom = letters
    painter.setFont(font(40 * much, bold=True))
    metrics = QFontMetrics(painter.font())
    width = metrics.horizontalAdvance
    middle = area.center().y() + metrics.capHeight() / 2
    center = area.center().x()
    outlined(painter, area.left() + _INSET, middle, left)
    outlined(painter, area.right() - _INSET - width(right), middle, right)
    outlined(painter, center - width(top) / 2, area.top() + _INSET + metrics.capHeight(), top)
    outlined(painter, center - width(bottom) / 2, area.bottom() - _INSET, bottom)


def _scale_bar(painter: QPainter, area: QRectF, target: QRectF, image: ImageLine, much: float) -> None:
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
    painter.setFont(font(26 * much))
    metrics = QFontMetrics(painter.font())
    outlined(painter, right - metrics.horizontalAdvance(words), y - 24, words)


def below_color_bar(bar: QRectF) -> float:
    """The y below the numbers of a colour bar."""
    metrics = QFontMetrics(font(24))
    return bar.bottom() + 6 + metrics.ascent() + metrics.descent()


def paint_color_bar(painter: QPainter, bar: QRectF, shown: Map) -> None:
    """Draw the colour scale with its numbers.

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
    metrics = QFontMetrics(font(24))
    y = bar.bottom() + 6 + metrics.ascent()
    numbers = bar_words(look.evidence, shown.heat_range)
    for part, words in zip((0.0, 0.5, 1.0), numbers, strict=True):
        x = bar.left() + bar.width() * part - metrics.horizontalAdvance(words) * part
        painter.drawText(QPointF(x, y), words)
