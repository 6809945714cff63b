"""The window by numbers, and the menu of windows to choose from."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QDialog,
    QDoubleSpinBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QMenu,
    QPushButton,
    QWidget,
)

from viewer.commands.intents import Intents
from viewer.session.resolved_view import ResolvedView
from viewer.study import VoiLut, Window
from viewer.ui import theme


def window_title(window: Window) -> str:
    """ "lung   W 1500 L −600"."""
    numbers = f"W {window.width:g} L {window.center:g}".replace("-", "−")
    return f"{window.explanation}   {numbers}" if window.explanation else numbers


def choice_title(choice: Window | VoiLut, number: int) -> str:
    """A window, or "LUT NORMAL"; `number` (0-based) stands in for a LUT without a name."""
    if isinstance(choice, Window):
        return window_title(choice)
    return f"LUT {choice.explanation or number + 1}"


class WindowMenu(QMenu):
    """The file's own windows and LUTs first, then the presets of the modality, then numbers."""

    numbers_asked = Signal()

    def __init__(self, intents: Intents, parent: QWidget | None = None) -> None:
        super().__init__("Window", parent)
        self._intents = intents
        self.setToolTipsVisible(True)
        self.aboutToShow.connect(self.fill)
        self.triggered.connect(self._chosen)

    def fill(self) -> None:
        """Build the menu for the slice on the screen."""
        self.clear()
        view = self._intents.view
        if view.slice is None or view.slice.is_color:
            nothing = "Colour images have no window" if view.slice else "No study is open"
            self.addAction(nothing).setEnabled(False)
            return
        for number, lut in enumerate(view.slice.luts):
            action = self.addAction(choice_title(lut, number))
            action.setData(number)
            action.setCheckable(True)
            action.setChecked(view.voi_lut == number)
        for window in view.window_choices:
            action = self.addAction(window_title(window))
            action.setData(window)
            action.setCheckable(True)
            action.setChecked(view.window == window)
        self.addSeparator()
        self.addAction("Numbers…").triggered.connect(self.numbers_asked)

    def _chosen(self, action: QAction) -> None:
        data = action.data()
        if isinstance(data, Window):
            self._intents.set_window(data)
        elif isinstance(data, int):
            self._intents.set_voi_lut(data)


class WindowDialog(QDialog):
    """Width and level as numbers; every change shows at once."""

    def __init__(self, intents: Intents, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Window")
        self._intents = intents
        self._function = "LINEAR"
        self.width_box = self._box("Window width", 1e-6, 1e7)
        self.center_box = self._box("Window level", -1e7, 1e7)
        self._unit = theme.named(QLabel(), "dim")
        reset = QPushButton("From the file")
        reset.clicked.connect(self._from_file)
        close = QPushButton("Close")
        close.setDefault(True)
        close.clicked.connect(self.accept)
        form = QFormLayout(self)
        form.addRow("Width", self.width_box)
        form.addRow("Level", self.center_box)
        form.addRow("", self._unit)
        row = QHBoxLayout()
        row.addWidget(reset)
        row.addStretch(1)
        row.addWidget(close)
        form.addRow(row)

    def _box(self, name: str, low: float, high: float) -> QDoubleSpinBox:
        box = QDoubleSpinBox()
        box.setAccessibleName(name)
        box.setRange(low, high)
        box.setDecimals(2)
        box.setKeyboardTracking(False)
        box.setStepType(QDoubleSpinBox.StepType.AdaptiveDecimalStepType)
        box.setMinimumWidth(150)
        box.valueChanged.connect(self._changed)
        return box

    def show_view(self, view: ResolvedView) -> None:
        """Show the window in force."""
        grey = view.slice is not None and not view.slice.is_color
        for box in (self.width_box, self.center_box):
            box.setEnabled(grey)
        if view.slice is not None:
            self._unit.setText(view.slice.header.unit or "arbitrary units")
        if view.window is None:
            return
        self._function = view.window.function
        for box, value in ((self.width_box, view.window.width), (self.center_box, view.window.center)):
            if not box.hasFocus() or abs(box.value() - value) > 0.005:
                box.blockSignals(True)
                box.setValue(value)
                box.blockSignals(False)

    def _changed(self) -> None:
        width = self.width_box.value()
        if self._function == "LINEAR":  # PS3.3 C.11.2.1.2.1: not below 1
            width = max(width, 1.0)
        self._intents.set_window(Window(self.center_box.value(), width, self._function))

    def _from_file(self) -> None:
        self._intents.set_window(None)
