"""What the network saw, beside the slice: its input pixel by pixel, the map on it, and how it came about."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QCheckBox, QLabel, QSizePolicy, QVBoxLayout, QWidget

from viewer.imaging.network_picture import input_picture, network_picture, on_input
from viewer.session.resolved_view import ResolvedView
from viewer.session.truth import input_words
from viewer.ui import theme
from viewer.ui.dialog import scrolling
from viewer.ui.marks import QUIET, TextPainter

_GROUND = QColor("#000000")
_EMPTY = "Nothing was asked of a network about this slice yet. Analyse it to see what the network sees."


class InputPicture(QWidget):
    """The input, enlarged without smoothing: a pixel on it is a pixel of the network."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pixels: np.ndarray | None = None
        self._image: QImage | None = None
        self._letters = ("", "", "", "")
        self._text = TextPainter(self.font())
        self.setAccessibleName("What the network saw")
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def heightForWidth(self, width: int) -> int:
        if self._image is None:
            return width
        return round(width * self._image.height() / self._image.width())

    def sizeHint(self) -> QSize:
        return QSize(360, 360)

    def minimumSizeHint(self) -> QSize:
        return QSize(160, 160)

    def show_picture(self, pixels: np.ndarray | None, letters: tuple[str, str, str, str]) -> None:
        """Show (height, width) uint32 0xffRRGGBB; None shows nothing. `letters`: left, right, top, bottom."""
        self._pixels, self._letters, self._image = pixels, letters, None
        if pixels is not None:
            rows, cols = pixels.shape
            self._image = QImage(pixels.data, cols, rows, cols * 4, QImage.Format.Format_RGB32)
        self.updateGeometry()
        self.update()

    def area(self) -> QRectF:
        """Where the input stands on the widget, as large as it can; its pixels stay square."""
        if self._image is None:
            return QRectF()
        wide, high = self._image.width(), self._image.height()
        scale = min(self.width() / wide, self.height() / high)
        return QRectF((self.width() - wide * scale) / 2, 0, wide * scale, high * scale)

    def to_input(self, x: float, y: float) -> tuple[float, float]:
        """Widget point -> input point (column, row)."""
        area = self.area()
        wide, high = (self._image.width(), self._image.height()) if self._image is not None else (1, 1)
        return (x - area.left()) / area.width() * wide, (y - area.top()) / area.height() * high

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), _GROUND)
        if self._image is not None:
            area = self.area()
            painter.drawImage(area, self._image, QRectF(self._image.rect()))
            left, right, top, bottom = self._letters
            line, width = self._text.line, self._text.width
            middle_x, middle_y = area.center().x(), area.center().y() - line / 2
            for text, x, y in (
                (left, area.left() + 5, middle_y),
                (right, area.right() - 5 - width(right), middle_y),
                (top, middle_x - width(top) / 2, area.top() + 4),
                (bottom, middle_x - width(bottom) / 2, area.bottom() - line - 4),
            ):
                self._text.draw(painter, x, y, text, QUIET)
        painter.end()


class TruthView(QWidget):
    """Shows the input of the result on the screen, the shown map on its grid, and alarms in words."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        theme.named(self, "panel").setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._view = ResolvedView()
        self.picture = InputPicture()
        self.title = QLabel("What the network saw")
        self.cells = QCheckBox("Cells as they are")
        self.cells.setToolTip("Draw each cell of the layer's grid as one square, not smoothed")
        self.cells.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.cells.toggled.connect(self._redraw)
        self.words = theme.named(QLabel(wordWrap=True), "dim")
        self.alarms = theme.named(QLabel(wordWrap=True), "warning")
        for label in (self.words, self.alarms):
            label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        body = theme.named(QWidget(), "panel")
        body.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(theme.named(scrolling(body), "panel"))
        column = QVBoxLayout(body)
        column.setContentsMargins(8, 6, 8, 8)
        column.setSpacing(6)
        column.addWidget(self.title)
        column.addWidget(self.picture)
        column.addWidget(self.alarms)
        column.addWidget(self.words)
        column.addWidget(self.cells)
        column.addStretch(1)

    def show_view(self, view: ResolvedView) -> None:
        """Show what the network saw of the slice on the screen, or say that it was not asked."""
        if view.slice is None and view.series is not None and not view.problem:
            return  # still being decoded: the picture stays, as the slice does
        old, self._view = self._view, view
        result, card = view.result, view.card
        known = result is not None and card is not None and view.slice is not None
        self.cells.setVisible(known and bool(view.cams))
        self.alarms.setText("\n".join(place.sentence for place in view.places if place.alarm))
        self.alarms.setVisible(bool(self.alarms.text()))
        if not known or result is None or card is None or view.slice is None:
            self.picture.show_picture(None, ("", "", "", ""))
            self.words.setText(_EMPTY)
            return
        lines = input_words(card.input, result.mapping, inverted=view.slice.inverted)
        note = [view.overlay_note] if view.overlay_note and view.heatmap is None else []
        self.words.setText(" ".join([*lines, *note]))
        shown = ("result", "heatmap", "overlay", "heat_range")
        if any(getattr(old, name) is not getattr(view, name) for name in shown):
            self._redraw()

    def _redraw(self) -> None:
        view = self._view
        if view.result is None or view.card is None or view.slice is None:
            return
        saw = view.card.input
        picture = input_picture(view.result.input, saw.mean, saw.std)
        heat = None
        if view.heatmap is not None and not view.heatmap.lacks(view.overlay.evidence):
            cam = view.result.cams[view.heatmap.layer.name]
            heat = on_input(cam, (picture.shape[0], picture.shape[1]), cells=self.cells.isChecked())
        pixels = network_picture(picture, heat, view.overlay, view.heat_range)
        self.picture.show_picture(pixels, _letters(view))


def _letters(view: ResolvedView) -> tuple[str, str, str, str]:
    """Orientation letters of the input: of the slice as it lies in the file, mirrored if the input is."""
    from viewer.dicom.geometry import orientation_letters

    if view.slice is None or view.result is None:
        return ("", "", "", "")
    left, right, top, bottom = orientation_letters(view.slice.header.geometry)
    return (right, left, top, bottom) if view.result.mapping.cols.scale < 0 else (left, right, top, bottom)
