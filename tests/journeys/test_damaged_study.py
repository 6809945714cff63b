"""A CD from elsewhere, three files in four damaged: every slice is a picture or a sentence, and the window
answers all the time. ``python -m tests.fuzz.alive`` prints how long it was silent."""

from __future__ import annotations

import pytest

from tests.fuzz.alive import look_at_all, make_folder
from tests.support.headless_view import HeadlessView

SILENCE = 1.0
"""Seconds without a tick that fail the test: the aim is 0.05, but test machines are busy."""


@pytest.fixture
def controller(qtbot):
    from tests.journeys.conftest import Watched
    from viewer.controller import Controller
    from viewer.settings import Settings
    from viewer.ui.main_window import MainWindow

    made = Controller(Settings(device="cpu"))
    window = MainWindow(made, made.commands, made.settings)
    qtbot.addWidget(window)
    window.show()
    made.screen = Watched(window)
    made.attach(made.screen)
    made.start()
    yield made
    assert made.shutdown(20_000)


def test_the_window_stays_alive_over_two_hundred_damaged_files(controller, qtbot, tmp_path, record_property):
    folder = make_folder(tmp_path / "study", 200, seed=11)
    seen = look_at_all(controller, folder, lambda true: qtbot.waitUntil(true, timeout=60_000))
    screen: HeadlessView = controller.screen
    record_property("longest_silence_ms", round(1000 * seen.longest))
    assert seen.images > 50 and seen.problems
    assert all(problem.endswith(".") and len(problem) < 300 for problem in seen.problems)
    assert not any("Unexpected" in notice.text or "bug" in notice.text.lower() for notice in screen.notices)
    assert not any(problem.startswith("This slice cannot be shown") for problem in seen.problems)
    assert seen.longest < SILENCE, f"{seen.longest:.2f} s"
