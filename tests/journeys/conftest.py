"""A reader at the viewer: real files, a real (tiny) network; once without a window, once with it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support import dicom_factory
from tests.support.bundle_factory import make_bundle
from tests.support.headless_view import HeadlessView
from viewer.controller import Controller
from viewer.settings import Settings

SLICES = 12


class Watched(HeadlessView):
    """Remembers what it is told, and hands it on to the window."""

    def __init__(self, window: Any) -> None:
        super().__init__()
        self._window = window

    def __getattribute__(self, name: str) -> Any:
        mine = super().__getattribute__(name)
        if not name.startswith("show_"):
            return mine
        theirs = getattr(self._window, name)

        def both(*args: Any, **more: Any) -> None:
            mine(*args, **more)
            theirs(*args, **more)

        return both


@dataclass
class Reader:
    """Does what a reader does, and sees what a reader sees."""

    controller: Controller
    screen: HeadlessView
    qtbot: Any
    window: Any = None

    def open(self, path: Path) -> None:
        """Open a study, wait until all of it is read, and go to its first slice."""
        before = len(self.screen.scans)
        self.controller.open(path)
        self.wait(lambda: len(self.screen.scans) > before and not self.screen.scans[-1][1])
        self.controller.go_to(0)

    def do(self, command_id: str) -> None:
        """Use a command: from the menu where there is a window."""
        if self.window is not None:
            self.window.action(command_id).trigger()
        else:
            self.controller.commands.run(command_id)

    def wait(self, true: Any, timeout: int = 60_000) -> None:
        self.qtbot.waitUntil(true, timeout=timeout)

    def sees_slice(self, index: int) -> None:
        self.wait(lambda: self.screen.view.slice is not None and self.screen.view.index == index)

    @property
    def analysing(self) -> bool:
        return self.controller._analysis.runner.busy

    def analyse(self) -> None:
        """Press Analyse and wait for the last slice."""
        self.do("analysis.start")
        self.wait(self.is_analysed)

    def is_analysed(self) -> bool:
        ribbon = self.screen.view.ribbon
        return ribbon is not None and bool(np.isfinite(ribbon).all()) and not self.analysing


@pytest.fixture(params=["without a window", "with the window"])
def reader(request, qtbot):
    """A reader at an empty viewer that knows the shipped models."""
    controller = Controller(Settings(device="cpu"))
    screen, window = HeadlessView(), None
    if request.param == "with the window":
        from viewer.ui.main_window import MainWindow

        window = MainWindow(controller, controller.commands, controller.settings)
        qtbot.addWidget(window)
        window.show()
        screen = Watched(window)
    controller.attach(screen)
    controller.start()
    yield Reader(controller, screen, qtbot, window)
    assert controller.shutdown(20_000)


@pytest.fixture
def study(tmp_path):
    """A folder with one CT series of 12 slices, each different, the files in no order."""
    folder = tmp_path / "study"
    rng = np.random.default_rng(7)
    pixels = rng.integers(-200, 200, (SLICES, 48, 56)).astype(np.int16)
    dicom_factory.write_series(folder, SLICES, pixels=pixels, shuffled=True)
    return folder


@pytest.fixture
def bundle(tmp_path):
    """A tiny network for CT, with random weights."""
    return make_bundle(tmp_path / "tiny")
