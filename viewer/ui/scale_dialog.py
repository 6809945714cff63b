"""How large the interface is to be, with a picture of it at that size."""

from __future__ import annotations

import os
from collections.abc import Callable

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QRegion
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from viewer.settings import RANGES, SCALE_STEP
from viewer.ui import theme
from viewer.ui.dialog import fit, scrolling

WHAT = "Text, buttons, panels and the writing in the picture grow; the picture stays as sharp as it is."
ROOMY = QSize(900, 480)
"""With less than this, in units of 100 %, panels have to be scrolled or closed."""


def scale_in_force() -> float:
    """The size the interface has in this run, as a part of 1."""
    try:
        return float(os.environ.get("QT_SCALE_FACTOR", "1"))
    except ValueError:
        return 1.0


def room_words(screen: QSize, scale: float) -> str:
    """What a screen of this size, in units of 100 %, has room for at another size of the interface."""
    room = screen / scale
    words = f"The screen then holds what one of {room.width()} × {room.height()} holds at 100 %."
    if room.width() < ROOMY.width() or room.height() < ROOMY.height():
        words += " That is little: side panels will have to be scrolled or closed."
    return words


class _Sample(QWidget):
    """Some controls of Glassbox, to be painted at another size. It is never shown itself."""

    def __init__(self) -> None:
        super().__init__()
        self.setAttribute(Qt.WidgetAttribute.WA_DontShowOnScreen)
        theme.named(self, "panel").setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        button = theme.named(QPushButton("Analyse"), "primary")
        box = QCheckBox("Show heatmap")
        box.setChecked(True)
        row = QHBoxLayout()
        row.addWidget(button)
        row.addWidget(box)
        row.addStretch(1)
        column = QVBoxLayout(self)
        column.addLayout(row)
        column.addWidget(QLabel("nodule 0.87"))
        column.addWidget(theme.named(QLabel("W 1500  L −600   (12.0, −40.5, 88.0) mm"), "dim"))
        column.addStretch(1)
        self.resize(self.sizeHint())


class Preview(QWidget):
    """The upper left corner of the sample, at the size chosen; what does not fit is cut off at the edge."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._factor = 1.0
        self._sample = _Sample()
        self.setAccessibleName("Preview")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def sizeHint(self) -> QSize:
        return QSize(440, 90)

    def minimumSizeHint(self) -> QSize:
        return QSize(160, 60)

    def show_factor(self, factor: float) -> None:
        """Paint the sample `factor` times as large as the controls around it."""
        self._factor = factor
        self.setAccessibleDescription(f"Some controls, {factor:.2f} times as large as now")
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(theme.current().panel))
        painter.setClipRect(self.rect())
        painter.scale(self._factor, self._factor)
        area = QRect(0, 0, self._sample.width(), self._sample.height())
        self._sample.render(painter, area.topLeft(), QRegion(area))
        painter.resetTransform()
        painter.setClipping(False)
        painter.setPen(QColor(theme.current().border))
        painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
        painter.end()


class ScaleDialog(QDialog):
    """Steps of 25 %, from 100 to 250.

    Parameters
    ----------
    scale : the size wanted until now.
    choose : called with the size, if the reader wants another one.
    """

    def __init__(self, scale: float, choose: Callable[[float], None], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Interface Size")
        self._before = scale
        self._choose = choose
        low, high = (round(bound / SCALE_STEP) for bound in RANGES["ui_scale"])
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setAccessibleName("Interface size")
        self.slider.setRange(low, high)
        self.slider.setPageStep(2)
        self.slider.setMinimumHeight(22)
        self.slider.setValue(round(scale / SCALE_STEP))
        self.slider.valueChanged.connect(self._show)
        self.number = QLabel()
        self.number.setMinimumWidth(self.fontMetrics().horizontalAdvance("250 %") + 4)
        self.preview = Preview()
        self.words = theme.named(QLabel(wordWrap=True), "dim")
        buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel
        )
        buttons.accepted.connect(self._take)
        buttons.rejected.connect(self.reject)
        row = QHBoxLayout()
        for text, widget in (("100 %", None), ("", self.slider), ("250 %", None)):
            row.addWidget(widget or theme.named(QLabel(text), "dim"), 0 if widget is None else 1)
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.number)
        column.addLayout(row)
        column.addWidget(self.preview, 1)
        column.addWidget(self.words)
        page = QVBoxLayout(self)
        page.addWidget(scrolling(body), 1)
        page.addWidget(buttons)
        self._show()
        fit(self, 500, 440)
        self.slider.setFocus()

    @property
    def scale(self) -> float:
        """The size the slider stands at."""
        return self.slider.value() * SCALE_STEP

    def _show(self) -> None:
        now = scale_in_force()
        self.number.setText(f"{100 * self.scale:.0f} %")
        self.slider.setAccessibleDescription(self.number.text())
        self.preview.show_factor(self.scale / now)
        screen = self.screen().geometry().size() * now
        self.words.setText(
            f"{WHAT} {room_words(screen, self.scale)} It takes effect when Glassbox starts the next time."
        )

    def _take(self) -> None:
        if self.scale != self._before:
            self._choose(self.scale)
        self.accept()
