"""The badge of a key image, in the picture."""

from __future__ import annotations

from collections.abc import Sequence

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
    """ "Key image"; with the filter which of how many, or that this slice is none of them."""
    if view.series is None or not (view.is_key_image or view.only_key_images):
        return ""
    if not view.only_key_images:
        return "Key image"
    if not view.is_key_image:
        return "Not a key image"
    number, count = _place(view)
    words = f"Key images only: {number} of {count}"
    return words if count == len(view.key_images) else f"{words} in this series"


def badge_room(
    area: QRectF, view: ResolvedView, text: TextPainter, taken: Sequence[QRectF] = ()
) -> list[Rect]:
    """Where the badge stands in `area`, so that the labels of marks keep clear of it; empty without one."""
    words = badge_words(view)
    if not words:
        return []
    _, plate = _fitting(area, view, words, text, taken)
    return [Rect(plate.left(), plate.top(), plate.right(), plate.bottom())]


def paint_badge(
    painter: QPainter, area: QRectF, view: ResolvedView, text: TextPainter, taken: Sequence[QRectF] = ()
) -> None:
    """Paint the badge into the upper middle of the picture, under the orientation letter.

    Where other text, which is `taken`, leaves no room for its words, it is the star and the number alone.
    """
    words = badge_words(view)
    if not words:
        return
    device = painter.device()
    ratio = device.devicePixelRatio() if device is not None else 1.0
    words, plate = _fitting(area, view, words, text, taken)
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


def _fitting(
    area: QRectF, view: ResolvedView, words: str, text: TextPainter, taken: Sequence[QRectF]
) -> tuple[str, QRectF]:
    """The words, or what is short for them, and the plate under it."""
    plate = _plate(area, view, text.width(words), text.line)
    written = [one.adjusted(3, 3, -5, -5) for one in taken]  # without the room around it
    if not view.is_key_image or not any(plate.intersects(one) for one in written):
        return words, plate
    short = "/".join(map(str, _place(view))) if view.only_key_images else ""
    return short, _plate(area, view, text.width(short), text.line)


def _place(view: ResolvedView) -> tuple[int, int]:
    """Which key image of the series this is, and of how many."""
    keys = [one.instance for one in view.key_images]
    here = indices_in(view.series, keys) if view.series is not None else ()
    return here.index(view.index) + 1, len(here)


def _star_room(view: ResolvedView) -> int:
    return _STAR + 6 if view.is_key_image else 0


def _plate(area: QRectF, view: ResolvedView, width: float, line: float) -> QRectF:
    whole = width + _star_room(view) + 20
    return QRectF(area.center().x() - whole / 2, area.top() + 2.2 * line, whole, line + 6)
