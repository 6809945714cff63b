"""Whether to believe the map: one line for each figure, beside its control, in words on a click.

The sign tells the level by its shape and its letter too, not by its colour alone.
"""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFontMetrics,
    QHideEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPolygonF,
    QResizeEvent,
)
from PySide6.QtWidgets import QAbstractButton, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from viewer.commands.intents import Intents
from viewer.explain.trust.verdict import AMBER, GREEN, RED, UNDEFINED, TrustLine, worst
from viewer.session.resolved_view import ResolvedView
from viewer.ui import theme
from viewer.ui.progress_line import ProgressLine

SIGNS = {GREEN: "✓", AMBER: "!", RED: "✕", UNDEFINED: "?"}
SAID = {GREEN: "good", AMBER: "doubtful", RED: "bad", UNDEFINED: "cannot be told"}
_SIGN = 16


class TrustRow(QAbstractButton):
    """One line: its sign, title and figure, and the control below. Checked while its sentence is on show."""

    def __init__(self, id: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.id = id
        self.line = TrustLine(id, "", UNDEFINED, "", "", "")
        self._unread = False
        self.setCheckable(True)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        lines = (2 if self.line.control else 1) + (not self._fits())
        return QSize(200, self.fontMetrics().height() * lines + 10)

    def minimumSizeHint(self) -> QSize:
        return QSize(0, self.sizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.updateGeometry()

    def _fits(self) -> bool:
        """Whether title and figure stand on one line; if not, the figure goes below."""
        font = self.font()
        font.setBold(True)
        title = QFontMetrics(font).horizontalAdvance(self.line.title)
        figure = self.fontMetrics().horizontalAdvance(self.line.figure)
        return title + figure + 10 <= self.width() - _SIGN - 22

    def show_line(self, line: TrustLine, *, opened: bool, unread: bool) -> None:
        """Show a line; `unread`: it greys the overlay until it was opened."""
        if (line, unread, opened) == (self.line, self._unread, self.isChecked()):
            return
        self.line, self._unread = line, unread
        self.setChecked(opened)
        control = f", beside {line.control}" if line.control else ""
        self.setAccessibleName(f"{line.title}: {SAID[line.level]}, {line.figure}{control}")
        self.setAccessibleDescription(line.sentence)
        why = "" if opened else " Click to read why."
        self.setToolTip(f"{line.title}: {SAID[line.level]}.{why}")
        self.updateGeometry()
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        colors, metrics = theme.current(), self.fontMetrics()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        if self.underMouse():
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(colors.hover))
            painter.drawRoundedRect(area, 4, 4)
        paint_sign(painter, QRectF(area.left() + 5, area.top() + 5, _SIGN, _SIGN), self.line.level)
        inner = area.adjusted(_SIGN + 13, 4, -7, -4)
        top = QRectF(inner.left(), inner.top(), inner.width(), metrics.height())
        font = painter.font()
        font.setBold(self._unread)
        painter.setFont(font)
        painter.setPen(QColor(colors.text))
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        left = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        elide = Qt.TextElideMode.ElideRight
        painter.drawText(
            top, left, painter.fontMetrics().elidedText(self.line.title, elide, int(top.width()))
        )
        if not self._fits():
            top = top.translated(0, metrics.height())
        font.setBold(False)
        painter.setFont(font)
        painter.drawText(top, right, self.line.figure)
        if self.line.control:
            painter.setPen(QColor(colors.dim))
            below = top.translated(0, metrics.height())
            painter.drawText(below, right, metrics.elidedText(self.line.control, elide, int(below.width())))
        if self.hasFocus():
            painter.setPen(QPen(QColor(colors.accent), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(area, 4, 4)
        painter.end()


def paint_sign(painter: QPainter, area: QRectF, level: str) -> None:
    """A disc, a triangle, an octagon or a ring, with a sign in it."""
    colors = theme.current()
    color = QColor({GREEN: colors.good, AMBER: colors.warning, RED: colors.error}.get(level, colors.dim))
    ring = level == UNDEFINED
    painter.save()
    painter.setPen(QPen(color, 1.4) if ring else Qt.PenStyle.NoPen)
    painter.setBrush(Qt.BrushStyle.NoBrush if ring else color)
    if level == AMBER:
        corners = [QPointF(area.center().x(), area.top()), area.bottomRight(), area.bottomLeft()]
        painter.drawPolygon(QPolygonF(corners))
    elif level == RED:
        painter.drawPolygon(_octagon(area))
    else:
        painter.drawEllipse(area)
    painter.setPen(color if ring else QColor(colors.panel))
    font = painter.font()
    font.setBold(True)
    font.setPixelSize(round(area.height() * 0.65))
    painter.setFont(font)
    inside = area.adjusted(0, area.height() * 0.2, 0, 0) if level == AMBER else area
    painter.drawText(inside, Qt.AlignmentFlag.AlignCenter, SIGNS[level])
    painter.restore()


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


class TrustPanel(QWidget):
    """Every line about the map on the screen, and the button for those that ask the network."""

    summary = Signal(str)

    def __init__(self, intents: Intents, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._intents = intents
        self._shown: tuple[object, ...] = ()
        """What the panel was filled from; empty once the reader clicked a row."""
        self._rows: list[TrustRow] = []
        self._sentences: list[QLabel] = []
        self._list = QVBoxLayout()
        self._list.setSpacing(0)
        self.note = theme.named(QLabel(wordWrap=True), "dim")
        self.check = QPushButton("Check This Map")
        self.check.setToolTip(
            "Ask the network what becomes of this map with random weights, with noise, shifted and mirrored, "
            "and of its answer without what the map points at"
        )
        self.check.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.check.clicked.connect(intents.check_map)
        self.progress = ProgressLine("trust", intents, "Stop checking the map")
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 2, 8, 8)
        column.setSpacing(6)
        column.addWidget(self.note)
        column.addLayout(self._list)
        column.addWidget(self.check, alignment=Qt.AlignmentFlag.AlignLeft)
        column.addWidget(self.progress)
        self.show_view(ResolvedView())
        self._shown = ()  # nobody has heard the summary yet

    @property
    def rows(self) -> tuple[TrustRow, ...]:
        return tuple(self._rows)

    def sentence(self, id: str) -> QLabel:
        """Where a line's sentence stands."""
        return next(label for row, label in zip(self._rows, self._sentences, strict=True) if row.id == id)

    def show_view(self, view: ResolvedView) -> None:
        """Show what is known of the map on the screen."""
        shown = (view.heatmap is None, view.trust, view.unread, view.trust_opened, view.trust_checked)
        if shown == self._shown:
            return
        self._shown = shown
        if [row.id for row in self._rows] != [line.id for line in view.trust]:
            self._build([line.id for line in view.trust])
        unread = {line.id for line in view.unread}
        for row, sentence, line in zip(self._rows, self._sentences, view.trust, strict=True):
            opened = line.id in view.trust_opened
            row.show_line(line, opened=opened, unread=line.id in unread)
            sentence.setText(line.sentence)
            sentence.setVisible(opened)
        self.note.setText(_said(view))
        self.note.setVisible(bool(self.note.text()))
        self.check.setVisible(view.heatmap is not None and not view.trust_checked)
        self.summary.emit(_gist(view))

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        if not event.spontaneous():  # the section was closed: its sentences are on show no more
            self._intents.close_trust()

    def _build(self, ids: list[str]) -> None:
        kept = {row.id: (row, label) for row, label in zip(self._rows, self._sentences, strict=True)}
        for widget in (*self._rows, *self._sentences):
            self._list.removeWidget(widget)
        self._rows, self._sentences = [], []
        for id in ids:
            row, label = kept.pop(id) if id in kept else self._made(id)
            self._rows.append(row)
            self._sentences.append(label)
            self._list.addWidget(row)
            self._list.addWidget(label)
        for widget in (widget for pair in kept.values() for widget in pair):
            widget.hide()
            widget.deleteLater()

    def _made(self, id: str) -> tuple[TrustRow, QLabel]:
        row, label = TrustRow(id, self), theme.named(QLabel(self, wordWrap=True), "dim")
        label.setContentsMargins(_SIGN + 14, 0, 6, 6)
        row.clicked.connect(self._looked)
        return row, label

    def _looked(self, on: bool) -> None:
        row = self.sender()
        self._shown = ()
        if isinstance(row, TrustRow):
            self._intents.look_at(row.id, on)


def _said(view: ResolvedView) -> str:
    if view.heatmap is None:
        return "There is no map to judge."
    if view.unread:
        lines = "one line" if len(view.unread) == 1 else f"{len(view.unread)} lines"
        return f"The heatmap is grey until you open the {lines} in bold."
    return "" if view.trust else "Looking into the map…"


def _gist(view: ResolvedView) -> str:
    """How many lines there are of each level, the worst first: the closed section tells as much."""
    if not view.trust:
        return ""
    levels = [line.level for line in view.trust]
    counts = [f"{SIGNS[one]} {levels.count(one)}" for one in (RED, AMBER, UNDEFINED, GREEN) if one in levels]
    return f"{SAID[worst(view.trust)]}  {'  '.join(counts)}"
