"""The reader's marks as one picture over the slice: kept while they stay, moved along when the slice pans."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFont, QImage, QPainter, QTransform

from viewer.annotate.labels import Rect
from viewer.annotate.mark import ShownMark
from viewer.report.mark_painter import Drawn, MarkPainter
from viewer.ui.placement import Placement

_MARGIN = 0.25
"""Of the viewport, painted beyond each edge: the picture is painted anew only after so long a way."""
_STEP = 16.0
"""Logical pixels to which other text is rounded up, so that labels stay while a number in it changes."""
_REACH = 12.0
"""Logical pixels around a mark in which something of it may lie."""


class MarkLayer:
    """Where every mark and label stands on the viewport, and their picture.

    Forty regions take a dozen milliseconds to stroke and as long to find places for their labels: both
    are done again only when a mark or the scale changes. What is under the hand is painted each time.
    """

    def __init__(self, font: QFont) -> None:
        self.painter = MarkPainter(font)
        self._laid: tuple[Drawn, ...] = ()
        """As they stood when they were laid out, with slice point (0, 0) at `_origin`."""
        self._bounds = np.zeros((0, 4))
        self._still: tuple[Drawn, ...] = ()
        """Those that are not held."""
        self._still_key: tuple[Any, ...] = ()
        self._origin = self._at = (0.0, 0.0)
        self._moved: tuple[Drawn, ...] | None = None
        self._marks: tuple[ShownMark, ...] = ()
        self._look: tuple[Any, ...] = ()
        self._held = ""
        self._image: QImage | None = None
        self._image_key: tuple[Any, ...] = ()
        self._image_at = (0.0, 0.0)

    @property
    def laid(self) -> tuple[Drawn, ...]:
        """Everything as it stands now, in viewport coordinates."""
        if self._moved is None:
            self._moved = tuple(one.moved(*self._way) for one in self._laid) if any(self._way) else self._laid
        return self._moved

    @property
    def bounds(self) -> np.ndarray:
        """(n, 4): left, top, right, bottom of each of `laid`, with some room."""
        return self._bounds + np.tile(self._way, 2)

    @property
    def _way(self) -> tuple[float, float]:
        """How far the slice was panned since everything was laid out."""
        return self._at[0] - self._origin[0], self._at[1] - self._origin[1]

    def lay_out(
        self,
        marks: tuple[ShownMark, ...],
        placement: Placement,
        area: QRectF,
        taken: Sequence[Rect],
        *,
        held: str = "",
        chosen: str = "",
        panning: bool = False,
    ) -> None:
        """Find everything its place.

        Parameters
        ----------
        held : id of the mark under the hand; the labels of all others stay where they are.
        chosen : id of the mark whose label is never shortened.
        panning : the slice is being moved: labels go with it, and find better places when it rests.
        """
        look = (placement.scale_x, placement.scale_y, placement.turn, area.getRect(), _rounded(taken), chosen)
        at = placement.left, placement.top
        same = look == self._look and _same(marks, self._marks)
        if same and held == self._held and (panning or at == self._origin):
            if at != self._at:
                self._at, self._moved = at, None
            return
        still = held and look[:4] == self._look[:4] and at == self._at == self._origin
        if not (still and self._lay_held(marks, held, area, placement)):
            laid = self.painter.lay_out(marks, matrix(placement), area, look[4], chosen=chosen)
            self._keep(laid, held, at)
        self._marks, self._look, self._held = marks, look, held

    def _lay_held(self, marks: tuple[ShownMark, ...], held: str, area: QRectF, placement: Placement) -> bool:
        """Lay out the held mark alone; False where another one changed too."""
        known = {id(one.shown): one for one in self._laid}
        others = [known.get(id(shown)) for shown in marks if shown.mark.id != held]
        mine = [shown for shown in marks if shown.mark.id == held]
        if not mine or None in others:
            return False
        there = [one for one in others if one is not None]
        new = self.painter.lay_out(mine, matrix(placement), area, self._look[4], there, chosen=held)
        found = {one.shown.mark.id: one for one in (*there, *new)}
        there_now = (found.get(shown.mark.id) for shown in marks)
        self._keep(tuple(one for one in there_now if one is not None), held, self._origin)
        return True

    def _keep(self, laid: tuple[Drawn, ...], held: str, at: tuple[float, float]) -> None:
        self._laid, self._moved = laid, None
        self._origin = self._at = at
        self._bounds = np.array([_bounds(one) for one in laid]).reshape(-1, 4)
        self._still = tuple(one for one in laid if one.shown.mark.id != held)
        self._still_key = tuple((id(one.shown), one.text, _offset(one, *at)) for one in self._still)

    def paint(self, painter: QPainter, area: QRectF, *, live: Sequence[str] = (), chosen: str = "") -> None:
        """Paint all marks; those of `live` (ids: chosen, under the pointer, under the hand) bold, on top."""
        device = painter.device()
        ratio = device.devicePixelRatio() if device is not None else 1.0
        if self._still:
            image, at = self._picture(area, ratio)
            painter.drawImage(at, image)
        painter.save()
        painter.translate(*self._way)
        for one in self._laid:
            if one.shown.mark.id in live or one.shown.mark.id == self._held:
                self.painter.paint(painter, (one,), chosen=chosen, hovered=one.shown.mark.id)
        painter.restore()

    def _picture(self, area: QRectF, ratio: float) -> tuple[QImage, QPointF]:
        """The picture of the marks that are not held, and where it goes."""
        key = (self._look[:4], ratio, self._still_key)
        margin = math.ceil(_MARGIN * area.width()), math.ceil(_MARGIN * area.height())
        moved = self._at[0] - self._image_at[0], self._at[1] - self._image_at[1]
        near = all(abs(way) <= room for way, room in zip(moved, margin, strict=True))
        if self._image is None or key != self._image_key or not near:
            within = area.adjusted(-margin[0], -margin[1], margin[0], margin[1])
            self._image = self._painted(within, ratio)
            self._image_key, self._image_at, moved = key, self._at, (0.0, 0.0)
        return self._image, QPointF(moved[0] - margin[0], moved[1] - margin[1])

    def _painted(self, within: QRectF, ratio: float) -> QImage:
        size = math.ceil(within.width() * ratio), math.ceil(within.height() * ratio)
        image = QImage(*size, QImage.Format.Format_ARGB32_Premultiplied)
        image.setDevicePixelRatio(ratio)
        image.fill(Qt.GlobalColor.transparent)
        left, top, right, bottom = self.bounds.T
        inside = (left <= within.right()) & (right >= within.left())
        inside &= (top <= within.bottom()) & (bottom >= within.top())
        seen = {id(one) for one, there in zip(self._laid, inside, strict=True) if there}
        painter = QPainter(image)
        painter.translate(self._way[0] - within.left(), self._way[1] - within.top())
        self.painter.paint(painter, [one for one in self._still if id(one) in seen])
        painter.end()
        return image


def matrix(placement: Placement) -> QTransform:
    """Slice point -> viewport, as Qt writes it."""
    (a, b), (c, d) = placement.turn.matrix
    x, y = placement.scale_x, placement.scale_y
    return QTransform(a * x, c * x, b * y, d * y, placement.left, placement.top)


def _bounds(one: Drawn) -> tuple[float, float, float, float]:
    points = np.concatenate([*one.lines, one.points])
    low, high = points.min(axis=0), points.max(axis=0)
    corners = [*one.label] if one.label is not None else [*low, *high]
    return (
        float(min(low[0], corners[0])) - _REACH,
        float(min(low[1], corners[1])) - _REACH,
        float(max(high[0], corners[2])) + _REACH,
        float(max(high[1], corners[3])) + _REACH,
    )


def _offset(one: Drawn, x: float, y: float) -> tuple[int, int] | None:
    """Where a label stands beside the slice's own origin, in tenths of a pixel."""
    return None if one.label is None else (round(10 * (one.label.left - x)), round(10 * (one.label.top - y)))


def _rounded(taken: Sequence[Rect]) -> tuple[Rect, ...]:
    low = (math.floor, math.floor, math.ceil, math.ceil)
    return tuple(
        Rect(*(to(edge / _STEP) * _STEP for to, edge in zip(low, one, strict=True))) for one in taken
    )


def _same(one: Sequence[ShownMark], other: Sequence[ShownMark]) -> bool:
    return len(one) == len(other) and all(a is b for a, b in zip(one, other, strict=True))
