"""The badge of a key image, in the picture."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter

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


def paint_badge(painter: QPainter, area: QRectF, view: ResolvedView, text: TextPainter) -> None:
    """Paint the badge into the upper middle of the picture, under the orientation letter."""
    words = badge_words(view)
    if not words:
        return
    device = painter.device()
    ratio = device.devicePixelRatio() if device is not None else 1.0
    star = _STAR + 6 if view.is_key_image else 0
    width = text.width(words) + star + 20
    plate = QRectF(area.center().x() - width / 2, area.top() + 2.2 * text.line, width, text.line + 6)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(_PLATE)
    painter.drawRoundedRect(plate, plate.height() / 2, plate.height() / 2)
    if star:
        corner = QPointF(plate.left() + 9, plate.center().y() - _STAR / 2)
        painter.drawPixmap(
            QPointF(corner.toPoint()), theme.pixmap("key-image", theme.DARK.warning, _STAR, ratio)
        )
    color = TEXT if view.is_key_image else QUIET
    text.draw(painter, plate.left() + 10 + star, plate.top() + 3, words, color)
