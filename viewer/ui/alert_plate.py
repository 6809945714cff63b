"""The plate in the picture with an alert and a hint: it stands where it hides no other text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QColor, QPainter

if TYPE_CHECKING:
    from viewer.ui.marks import TextPainter

_SHARES = (0.5, 0.72, 0.96)
"""How wide it may be, of the picture."""
_GROUND = QColor(14, 16, 18, 215)


class AlertPlate:
    """Stands in the upper middle; in a narrow picture where it hides least of the text around it.

    Parameters
    ----------
    alert, quiet : colours of the sentence and of the hint.
    """

    def __init__(self, text: TextPainter, *, alert: QColor, quiet: QColor) -> None:
        self._text = text
        self._alert, self._quiet = alert, quiet
        self._lines: list[tuple[str, QColor]] = []
        self._taken: Sequence[QRectF] = ()
        self._key: tuple[str, str, QRectF, float] = ("", "", QRectF(), 0.0)
        self.area = QRectF()
        """Where it stands; empty without one."""

    def say(self, note: str, hint: str, inner: QRectF, top: float, taken: Sequence[QRectF]) -> None:
        """Find its place in `inner`, from `top` down.

        Parameters
        ----------
        taken : where other text stands; the same sequence while that stays the same.
        """
        key = (note, hint, QRectF(inner), top)
        if key != self._key or taken is not self._taken:
            self._key, self._taken = key, taken
            self._find_room(note, hint, inner, top)

    def paint(self, painter: QPainter) -> None:
        """Draw it, if there is one."""
        if not self._lines:
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(_GROUND)
        painter.drawRoundedRect(self.area, 5, 5)
        for number, (line, color) in enumerate(self._lines):
            x = self.area.center().x() - self._text.width(line) / 2
            self._text.draw(painter, x, self.area.top() + 6 + number * self._text.line, line, color)

    def _find_room(self, note: str, hint: str, inner: QRectF, top: float) -> None:
        self._lines, self.area = [], QRectF()
        least = float("inf")
        for shown in (hint, "") if note else (hint,):  # where there is no room for both, the hint goes
            for share in _SHARES if note or hint else ():
                lines, size = self._broken(note, shown, inner.width() * share - 24)
                under = (one.bottom() + 2 for one in self._taken if top < one.bottom() < inner.center().y())
                for y in (top, *sorted(under)):
                    plate = QRectF(QPointF(inner.center().x() - size.width() / 2, y), size)
                    beyond = _size(plate) - _size(plate & inner)
                    hides = beyond + sum(_size(plate & one) for one in self._taken)
                    if hides < least:
                        least, self._lines, self.area = hides, lines, plate
                if not least:
                    return

    def _broken(self, note: str, hint: str, room: float) -> tuple[list[tuple[str, QColor]], QSizeF]:
        """Both in lines no wider than `room`, and the size of the plate under them."""
        lines = [(line, self._alert) for line in self._text.wrapped(note, room)]
        lines += [(line, self._quiet) for line in self._text.wrapped(hint, room)]
        width = max(self._text.width(line) for line, _ in lines)
        return lines, QSizeF(width + 24, self._text.line * len(lines) + 12)


def _size(rect: QRectF) -> float:
    return max(rect.width(), 0.0) * max(rect.height(), 0.0)
