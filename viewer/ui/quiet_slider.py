"""A horizontal slider that tells what the reader did, and not what the program showed."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QSlider, QStyle, QWidget

_OWN_KEYS = frozenset(
    {
        Qt.Key.Key_Left,
        Qt.Key.Key_Right,
        Qt.Key.Key_Up,
        Qt.Key.Key_Down,
        Qt.Key.Key_Home,
        Qt.Key.Key_End,
        Qt.Key.Key_PageUp,
        Qt.Key.Key_PageDown,
    }
)


class QuietSlider(QSlider):
    """Jumps to where it is clicked; keeps its arrow keys when reached by Tab, never takes focus by mouse."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self.setAccessibleName(name)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setMinimumHeight(20)

    def show_value(self, value: int) -> None:
        """Show a value without telling anyone, unless the reader is dragging."""
        if self.isSliderDown():
            return
        self.blockSignals(True)
        self.setValue(value)
        self.blockSignals(False)

    def event(self, event: QEvent) -> bool:
        # The window's shortcuts (arrows scroll slices) would otherwise win over the focused slider.
        if event.type() == QEvent.Type.ShortcutOverride and event.key() in _OWN_KEYS:  # type: ignore[attr-defined]
            event.accept()
            return True
        return super().event(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            handle = self.style().pixelMetric(QStyle.PixelMetric.PM_SliderLength, None, self)
            span = max(self.width() - handle, 1)
            at = round(event.position().x() - handle / 2)
            self.setValue(QStyle.sliderValueFromPosition(self.minimum(), self.maximum(), at, span))
        super().mousePressEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """The wheel scrolls slices and panels; a slider in its way must not change."""
        event.ignore()
