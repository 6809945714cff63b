"""Finds text that is cut off, and controls that stand outside what can be seen of their window."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractScrollArea,
    QComboBox,
    QDialog,
    QLabel,
    QLineEdit,
    QScrollArea,
    QWidget,
)

from viewer.ui.elided_box import ElidedBox


def clipped(window: QWidget) -> list[str]:
    """What is cut off in a window, one line each. What can be scrolled to is not cut off."""
    found = [f"{_called(one)}: {why}" for one in _visible(window) for why in _cut(one)]
    room = window.screen().availableGeometry().size()
    if isinstance(window, QDialog) and (window.width() > room.width() or window.height() > room.height()):
        found.append(f"{_called(window)} is larger than the screen: {window.size()}")
    return found


def _visible(window: QWidget) -> Iterator[QWidget]:
    for one in window.findChildren(QWidget):
        if one.isVisibleTo(window) and one.window() is window and not one.objectName().startswith("qt_"):
            yield one


def _called(one: QWidget) -> str:
    text = getattr(one, "text", str)() or one.accessibleName() or one.objectName()
    return f"{type(one).__name__} “{text[:50]}”"


def _cut(one: QWidget) -> Iterator[str]:
    if isinstance(one, QLabel) and one.text():
        yield from _cut_label(one)
    elif isinstance(one, QAbstractButton) and one.text():
        wanted = one.minimumSizeHint()
        if one.width() < wanted.width() or one.height() < wanted.height() - 1:
            yield f"{one.size()} of {wanted}"
    elif isinstance(one, QComboBox) and not isinstance(one, ElidedBox):
        if one.width() < one.fontMetrics().horizontalAdvance(one.currentText()) + 30:
            yield f"current text wider than {one.width()}"
    elif isinstance(one, QLineEdit) and one.width() < 14 + one.fontMetrics().horizontalAdvance(
        one.placeholderText()
    ):
        yield "its placeholder"
    if isinstance(one, (QAbstractButton, QLabel, QLineEdit, QComboBox, QAbstractScrollArea)):
        yield from _outside(one)


def _cut_label(one: QLabel) -> Iterator[str]:
    if one.pixmap() is not None and not one.pixmap().isNull():
        return
    margin = 2 * one.margin()
    if one.wordWrap():
        longest = max(one.fontMetrics().horizontalAdvance(word) for word in one.text().split() or [""])
        if one.textFormat() != Qt.TextFormat.RichText and longest > one.width() - margin:
            yield f"a word is wider than {one.width()}"
        if one.height() < one.heightForWidth(one.width()):
            yield f"height {one.height()} of {one.heightForWidth(one.width())}"
    elif one.width() < one.sizeHint().width() or one.height() < one.sizeHint().height() - 1:
        yield f"{one.size()} of {one.sizeHint()}"


def _outside(one: QWidget) -> Iterator[str]:
    """Beyond the edge of a parent that does not scroll."""
    area, parent = QRect(QPoint(0, 0), one.size()), one
    while (above := parent.parentWidget()) is not None and not parent.isWindow():
        scroll = above.parentWidget()
        if isinstance(scroll, QAbstractScrollArea) and scroll.viewport() is above:
            sideways = isinstance(scroll, QScrollArea) and not scroll.horizontalScrollBar().isVisible()
            if sideways and parent.width() > above.width():
                yield f"{parent.width()} wide in an area of {above.width()} that scrolls only up and down"
            return
        area.translate(parent.pos())
        if not above.rect().contains(area):
            yield f"outside {_called(above)}"
            return
        parent = above
