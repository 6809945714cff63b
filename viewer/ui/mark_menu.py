"""What can be done with one mark, as a menu beside it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QPoint, QRectF, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPen, QPixmap
from PySide6.QtWidgets import QMenu, QWidget

from viewer.annotate.mark import COLORS, ShownMark
from viewer.commands.intents import Intents


def open_menu(
    parent: QWidget, intents: Intents, shown: ShownMark, at: QPoint, *, write: Callable[[], None]
) -> QMenu:
    """Open the menu of a mark at a point of the screen; `write` edits its text in place."""
    mark, marks = shown.mark, intents.marks
    menu = QMenu(parent)
    menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    menu.setAccessibleName("Mark")
    if shown.faint:
        menu.addAction("Go to Its Slice", lambda: marks.go_to(mark.id))
        menu.addSeparator()
    free = not mark.locked
    menu.addAction("Text…", write).setEnabled(free and not shown.faint)
    colors = menu.addMenu("Colour")
    colors.setEnabled(free)
    for name in COLORS:
        action = colors.addAction(swatch(name, chosen=name == mark.color), name.capitalize())
        action.triggered.connect(lambda _on, name=name: marks.change(mark.id, color=name))
        action.setCheckable(True)
        action.setChecked(name == mark.color)
    lock = menu.addAction("Locked")
    lock.triggered.connect(lambda: marks.change(mark.id, locked=not mark.locked))
    lock.setCheckable(True)
    lock.setChecked(mark.locked)
    if shown.label is not None:
        menu.addAction("Put Label Back", lambda: marks.set_label(mark.id, None)).setEnabled(free)
    menu.addSeparator()
    menu.addAction("Copy", marks.copy).setEnabled(not shown.faint)
    menu.addAction("Delete", lambda: marks.delete(mark.id)).setEnabled(free)
    menu.popup(at)
    return menu


def swatch(color: str, *, chosen: bool = False) -> QIcon:
    """A colour of `annotate.mark.COLORS` as an icon; `chosen` has a ring around it."""
    icon = QIcon()
    for ratio in (1, 2):
        picture = QPixmap(16 * ratio, 16 * ratio)
        picture.fill(Qt.GlobalColor.transparent)
        picture.setDevicePixelRatio(ratio)
        painter = QPainter(picture)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QColor(0, 0, 0, 140))
        painter.setBrush(QColor(COLORS[color]))
        painter.drawEllipse(QRectF(4.5, 4.5, 7, 7) if chosen else QRectF(2.5, 2.5, 11, 11))
        if chosen:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor("#8a949c"), 1.5))
            painter.drawEllipse(QRectF(1.5, 1.5, 13, 13))
        painter.end()
        icon.addPixmap(picture)
    return icon
