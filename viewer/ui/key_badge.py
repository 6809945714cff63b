"""The badge of a key image, in the picture."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter

from viewer.annotate.labels import Rect
from viewer.session.resolved_view import ResolvedView
from viewer.session.slice_places import indices_in
from viewer.ui import theme
from viewer.ui.marks import QUIET, TEXT, TextPainter

_PLATE = QColor(14, 16, 18, 215)
_STAR = 13


def badge_words(view: ResolvedView) -> str:
    """ "Key image"; with the filter also which of how many, or that this slice is none of them."""
    if view.series is None or not (view.is_key_image or view.only_key_images):
        return ""
    if not view.only_key_images:
        return "Key image"
    if not view.is_key_image:
        return "Not a key image"
    here = indices_in(view.series, [one.instance for one in view.key_images])
    words = f"Key image {here.index(view.index) + 1} of {len(here)}"
    return words if len(here) == len(view.key_images) else f"{words} in this series"


def badge_room(area: QRectF, view: ResolvedView, text: TextPainter) -> list[Rect]:
    """Where the badge stands in `area`, so that the labels of marks keep clear of it; empty without one."""
    words = badge_words(view)
    if not words:
        return []
    plate = _plate(area, view, text.width(words), text.line)
    return [Rect(plate.left(), plate.top(), plate.right(), plate.bottom())]


def paint_badge(painter: QPainter, area: QRectF, view: ResolvedView, text: TextPainter) -> None:
    """Paint the badge into the upper middle of the picture, under the orientation letter."""
    words = badge_words(view)
    if not words:
        return
    device = painter.device()
    ratio = device.devicePixelRatio() if device is not None else 1.0
    plate = _plate(area, view, text.width(words), text.line)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(_PLATE)
    painter.drawRoundedRect(plate, plate.height() / 2, plate.height() / 2)
    if view.is_key_image:
        star = theme.pixmap("key-image", theme.DARK.warning, _STAR, ratio)
        corner = QPointF(plate.left() + 9, plate.center().y() - _STAR / 2)
        painter.drawPixmap(QPointF(corner.toPoint()), star)
    color = TEXT if view.is_key_image else QUIET
    text.draw(painter, plate.left() + 10 + _star_room(view), plate.top() + 3, words, color)


def _star_room(view: ResolvedView) -> int:
    return _STAR + 6 if view.is_key_image else 0


def _plate(area: QRectF, view: ResolvedView, width: float, line: float) -> QRectF:
    whole = width + _star_room(view) + 20
    return QRectF(area.center().x() - whole / 2, area.top() + 2.2 * line, whole, line + 6)
