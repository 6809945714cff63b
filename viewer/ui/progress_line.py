"""What runs in the background, how far it is, and a button that stops it."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QToolButton, QWidget

from viewer.commands.intents import Intents
from viewer.ui import theme


class ProgressLine(QWidget):
    """Hidden until something runs in its lane, "dicom", "inference", "explanation" or "trust"."""

    def __init__(self, lane: str, intents: Intents, stop: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.lane = lane
        self._intents = intents
        self.text = theme.named(QLabel(), "dim")
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setMinimumWidth(60)
        self.bar.setMaximumWidth(180)
        self.bar.setAccessibleName("Progress")
        self.cancel = theme.named(QToolButton(), "tool")
        self.cancel.setIcon(theme.icon("cancel"))
        self.cancel.setToolTip(stop)
        self.cancel.setAccessibleName(stop)
        self.cancel.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.cancel.clicked.connect(self._stop)
        row = QHBoxLayout(self)
        row.setContentsMargins(6, 0, 2, 0)
        row.setSpacing(6)
        row.addWidget(self.text)
        row.addWidget(self.bar, 1)
        row.addWidget(self.cancel)
        self.hide()

    def minimumSizeHint(self) -> QSize:
        """Bar and button: in a narrow window the words give way, and stand in the tip."""
        return QSize(self.bar.minimumWidth() + self.cancel.sizeHint().width() + 20, self.sizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._make_room()

    def _make_room(self) -> None:
        needed = self.minimumSizeHint().width() + self.fontMetrics().horizontalAdvance(self.text.text())
        self.text.setVisible(self.width() >= needed)

    def show_progress(self, title: str, done: int, total: int) -> None:
        """`total` 0 means unknown."""
        self.bar.setRange(0, total)
        self.bar.setValue(min(done, total))
        counted = f"{title} {done} of {total}" if total else title
        self.text.setText(counted)
        self.setToolTip(counted)
        self._make_room()
        self.bar.setAccessibleDescription(counted)
        self.show()

    def _stop(self) -> None:
        self._intents.cancel(self.lane)
