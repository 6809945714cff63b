"""Whether to believe the map: one line for each figure, beside its control, in words on a click.

The sign tells the level by its shape and its letter too, not by its colour alone.
"""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QHideEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QLabel, QPushButton, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from viewer.commands.intents import Intents
from viewer.explain.trust.verdict import AMBER, GREEN, RED, UNDEFINED, TrustLine, worst
from viewer.session.resolve import ResolvedView
from viewer.ui import theme
from viewer.ui.progress_line import ProgressLine

SIGNS = {GREEN: "✓", AMBER: "!", RED: "✕", UNDEFINED: "?"}
_SAID = {GREEN: "good", AMBER: "doubtful", RED: "bad", UNDEFINED: "cannot be told"}


class LevelSign(QWidget):
    """A disc, a triangle, an octagon or a ring, with a sign in it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.level = UNDEFINED
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setFixedSize(18, 18)

    def show_level(self, level: str) -> None:
        self.level = level
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        colors = theme.current()
        color = QColor(
            {GREEN: colors.good, AMBER: colors.warning, RED: colors.error}.get(self.level, colors.dim)
        )
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = QRectF(self.rect()).adjusted(1.5, 1.5, -1.5, -1.5)
        ring = self.level == UNDEFINED
        painter.setPen(QPen(color, 1.4) if ring else Qt.PenStyle.NoPen)
        painter.setBrush(Qt.BrushStyle.NoBrush if ring else color)
        if self.level == AMBER:
            painter.drawPolygon(QPolygonF([QPointF(area.center().x(), area.top()), area.bottomRight(), area.bottomLeft()]))
        elif self.level == RED:
            painter.drawPolygon(_octagon(area))
        else:
            painter.drawEllipse(area)
        painter.setPen(color if ring else QColor(colors.panel))
        font = painter.font()
        font.setBold(True)
        font.setPixelSize(10)
        painter.setFont(font)
        inside = area.adjusted(0, 4, 0, 0) if self.level == AMBER else area
        painter.drawText(inside, Qt.AlignmentFlag.AlignCenter, SIGNS[self.level])
        painter.end()


def _octagon(area: QRectF) -> QPolygonF:
    cut = area.width() * 0.29
    left, top, right, bottom = area.left(), area.top(), area.right(), area.bottom()
    corners = (
        (left + cut, top),
        (right - cut, top),
        (right, top + cut),
        (right, bottom - cut),
        (right - cut, bottom),
        (left + cut, bottom),
        (left, bottom - cut),
        (left, top + cut),
    )
    return QPolygonF([QPointF(x, y) for x, y in corners])


class TrustRow(QWidget):
    """One line: sign, title, figure beside its control; open, its sentence below."""

    looked = Signal(str, bool)

    def __init__(self, id: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.id = id
        self.sign = LevelSign()
        self.button = theme.named(QToolButton(), "trust")
        self.button.setCheckable(True)
        self.button.setCursor(Qt.CursorShape.PointingHandCursor)
        self.button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        self.button.clicked.connect(self._clicked)
        self.title, self.figure = QLabel(), QLabel()
        self.control = theme.named(QLabel(), "dim")
        self.sentence = theme.named(QLabel(wordWrap=True), "trustSentence")
        for label in (self.title, self.figure, self.control):
            label.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.button)
        column.addWidget(self.sentence)
        _lay_out(self.button, self.sign, self.title, self.figure, self.control)
        self.sentence.setContentsMargins(34, 0, 8, 6)

    def show_line(self, line: TrustLine, *, opened: bool, unread: bool) -> None:
        """Show a line; `unread`: it greys the overlay until it was opened."""
        self.sign.show_level(line.level)
        self.title.setText(line.title)
        font = self.title.font()
        font.setBold(unread)
        self.title.setFont(font)
        self.figure.setText(line.figure)
        self.control.setText(f"beside {line.control}" if line.control else "")
        self.control.setVisible(bool(line.control))
        self.sentence.setText(line.sentence)
        self.sentence.setVisible(opened)
        self.button.setChecked(opened)
        self.button.setMinimumHeight(_height(self, line.control))
        said = f"{line.title}: {_SAID[line.level]}, {line.figure}"
        self.button.setAccessibleName(f"{said}, beside {line.control}" if line.control else said)
        self.button.setAccessibleDescription(line.sentence)
        self.button.setToolTip("" if opened else f"{_SAID[line.level].capitalize()}: click to read why")

    def _clicked(self, on: bool) -> None:
        self.looked.emit(self.id, on)


def _height(row: QWidget, control: str) -> int:
    return row.fontMetrics().height() * (2 if control else 1) + 10
