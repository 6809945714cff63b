"""What the window tests share: intents that only remember, a window on them, and views to show."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.support.slice_factory import make_series, make_slice
from viewer.commands.command import CommandRegistry
from viewer.commands.defaults import default_commands
from viewer.report.choice import Source
from viewer.results import (
    AxisMapping,
    Heatmap,
    InputMapping,
    Layer,
    Prediction,
    ResultKey,
    SliceResult,
)
from viewer.session.resolved_view import ResolvedView
from viewer.settings import Settings
from viewer.study import Geometry, Window

LAYERS = (
    Layer("layer1", "block 1 of 3", (8, 8), 4),
    Layer("layer2", "block 2 of 3", (4, 4), 8),
    Layer("layer3", "block 3 of 3", (2, 2), 16),
)
AXIAL = Geometry(
    position=(-20.0, -30.0, 5.0),
    row_direction=(1.0, 0.0, 0.0),
    col_direction=(0.0, 1.0, 0.0),
    spacing=(2.0, 1.0),
    calibration="PixelSpacing",
)


def pytest_collection_modifyitems(items):
    """The offscreen platform complains about every window with a minimum size; other platforms do not."""
    for item in items:
        if "tests/gui" in item.path.as_posix():
            item.add_marker(pytest.mark.qt_log_ignore("This plugin does not support propagateSizeHints"))


class _Part:
    """Intents that hang together, as `marks`: remembered as "marks.copy"."""

    def __init__(self, whole: Recorder, name: str) -> None:
        self._whole, self._name = whole, name

    def __getattr__(self, name: str) -> Any:
        return getattr(self._whole, f"{self._name}.{name}")


class Recorder:
    """Remembers every intent as (name, arguments); `view` is what it says is shown."""

    def __init__(self) -> None:
        self.view = ResolvedView()
        self.calls: list[tuple[str, Any]] = []
        self.marks, self.key_images = _Part(self, "marks"), _Part(self, "key_images")
        self.keeping = _Part(self, "keeping")
        self.keeping.can_go_on = False

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)

        def remember(*args: Any, **changes: Any) -> None:
            self.calls.append((name, changes if changes else args))

        return remember

    def report_source(self) -> Source:
        """What the export dialog works from."""
        return Source(self.view)

    def named(self, name: str) -> list[Any]:
        """The arguments of every call of one intent, in order."""
        return [arguments for called, arguments in self.calls if called == name]


@pytest.fixture
def intents() -> Recorder:
    return Recorder()


@pytest.fixture
def window(qtbot, intents):
    """A window on intents that only remember, of a reader who acknowledged the disclaimer."""
    from viewer.ui.main_window import MainWindow

    known = Settings(disclaimer_read=True)
    made = MainWindow(intents, CommandRegistry(default_commands(intents)), known)
    qtbot.addWidget(made)
    made.resize(1100, 760)
    with qtbot.waitExposed(made):
        made.show()
    yield made
    made.close()


@pytest.fixture
def view() -> ResolvedView:
    """40 rows of 2 mm × 60 columns of 1 mm, HU, slice 3 of 6, not analysed."""
    values = np.arange(40 * 60, dtype=np.int16).reshape(40, 60) - 1000
    shown = make_slice(values, geometry=AXIAL)
    return ResolvedView(
        series=make_series(*[shown.header] * 6, description="CHEST", uid="1.9"),
        index=2,
        slice=shown,
        window=Window(0, 2000),
        window_choices=(Window(0, 2000, explanation="file"), Window(40, 80, explanation="brain")),
        corners=("DOE JANE\nF 61 y", "CT  CHEST\nSe 3  Im 3/6", "W 2000 L 0", "axial"),
        letters=("R", "L", "A", "P"),
    )


@pytest.fixture
def analysed(view) -> ResolvedView:
    """The same slice with a result: evidence in the lower right quarter."""
    key = ResultKey(view.slice.header.key, "digest", "mass")
    prediction = Prediction(
        ("mass", "cyst", "nothing"), np.array([2.0, 0.0, -1.0]), np.array([0.84, 0.11, 0.05])
    )
    cams = {layer.name: np.eye(layer.grid[0], dtype=np.float32) for layer in LAYERS}
    mapping = InputMapping(AxisMapping(40, 32, 0.4, 8.0), AxisMapping(60, 32, 0.8, 0.0))
    result = SliceResult(key, prediction, LAYERS, cams, mapping, np.zeros((1, 32, 32), np.float32), "CPU")
    values = np.zeros((40, 60), np.float32)
    values[20:, 30:] = 3.0
    ribbon = np.array([0.1, 0.2, 0.84, np.nan, np.nan, 0.3], np.float32)
    return replace(
        view,
        layers=LAYERS,
        layer=LAYERS[1],
        heatmap=Heatmap(key, LAYERS[1], values, (0.0, 3.0), empty=False),
        heat_range=(0.0, 3.0),
        prediction=prediction,
        target="mass",
        ribbon=ribbon,
        caption="Chest model 1.0 · mass 0.84 · Grad-CAM · block 2 of 3 · absolute scale",
        cams=cams,
        result=result,
    )


@pytest.fixture
def show(window, intents, qtbot):
    """Show a view as the controller would: `show(view)`."""

    def shown(view: ResolvedView) -> ResolvedView:
        previous, intents.view = intents.view, view
        window.show_view(view, previous)
        qtbot.wait(1)
        return view

    return shown
