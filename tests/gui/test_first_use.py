"""The window on its real controller and the sample study that ships, as a new user meets them."""

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from tests.gui.test_viewport import at_slice, drag, pixels, turn
from viewer.controller import Controller
from viewer.settings import Settings
from viewer.ui.main_window import MainWindow

SLICES = 28


@pytest.fixture
def first_use(qtbot):
    """(controller, window) with the sample study open."""
    controller = Controller(Settings())
    window = MainWindow(controller, controller.commands, controller.settings)
    qtbot.addWidget(window)
    window.resize(1280, 800)
    controller.attach(window)
    with qtbot.waitExposed(window):
        window.show()
    controller.start()
    window.start.sample.click()
    qtbot.waitUntil(lambda: controller.view.slice is not None, timeout=20_000)
    qtbot.waitUntil(lambda: len(controller.view.series.slices) == SLICES, timeout=20_000)
    yield controller, window
    window.close()
    assert controller.shutdown(20_000)


def wait_slice(qtbot, controller, index: int) -> None:
    qtbot.waitUntil(
        lambda: controller.view.index == index and controller.view.slice is not None, timeout=10_000
    )


def test_looking_at_the_sample_with_mouse_and_keys(first_use, qtbot):
    controller, window = first_use
    assert window.docks["studies"].isVisible() and window.series.chosen() == controller.view.series.uid
    controller.go_to(0)
    wait_slice(qtbot, controller, 0)
    turn(window.viewport, 2)
    wait_slice(qtbot, controller, 2)
    window.viewport.setFocus()
    QTest.keyClick(window.viewport, Qt.Key.Key_End)
    last = len(controller.view.series.slices) - 1
    wait_slice(qtbot, controller, last)
    QTest.mouseClick(window.ribbon, Qt.MouseButton.LeftButton, pos=window.ribbon.band(5).center().toPoint())
    wait_slice(qtbot, controller, 5)

    before = controller.view.window
    middle = window.viewport.rect().center()
    drag(window.viewport, Qt.MouseButton.LeftButton, middle, middle + QPoint(40, -25))
    after = controller.view.window
    assert after.width > before.width, "right must be wider"
    assert after.center < before.center, "up must be brighter"

    anchor = window.viewport.placement().to_slice(300, 200)
    turn(window.viewport, -3, Qt.KeyboardModifier.ControlModifier, QPoint(300, 200).toPointF())
    pixel = 1 / window.viewport.placement().scale_x  # the picture keeps to whole pixels of the screen
    assert window.viewport.placement().to_slice(300, 200) == pytest.approx(anchor, abs=pixel)
    assert controller.view.presentation.zoom > 1.5
    QTest.keyClick(window.viewport, Qt.Key.Key_R)
    assert controller.view.presentation.zoom == 1 and controller.view.window == before


def test_the_main_job_in_the_window(first_use, qtbot):
    """Analyse, read the findings, scrub through the layers, set the opacity, peek."""
    controller, window = first_use
    qtbot.waitUntil(lambda: window.models.analyse.isEnabled(), timeout=10_000)
    controller.go_to(20)
    wait_slice(qtbot, controller, 20)
    QTest.mouseClick(window.models.analyse, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: controller.view.heatmap is not None, timeout=120_000)
    assert window.docks["ai"].isVisible()
    nodule = window.ai.findings.rows[0]
    assert nodule.isChecked() and nodule.probability > 0.9

    qtbot.waitUntil(lambda: bool(np.isfinite(controller.view.ribbon).all()), timeout=120_000)
    window.viewport.setFocus()
    with_overlay = pixels(window.viewport)
    QTest.keyClick(window.viewport, Qt.Key.Key_H)
    plain = pixels(window.viewport)
    assert (np.abs(with_overlay - plain).max(axis=-1) > 20).sum() > 1000
    QTest.keyPress(window.viewport, Qt.Key.Key_Space)
    peeked = pixels(window.viewport)
    QTest.keyRelease(window.viewport, Qt.Key.Key_Space)
    assert (peeked == with_overlay).all()
    assert (pixels(window.viewport) == plain).all()
    QTest.keyClick(window.viewport, Qt.Key.Key_H)

    window.ai.sections[1].set_opened(True)
    late = controller.view.layer
    window.ai.layer.slider.setValue(0)
    early = controller.view.layer
    assert early is not late and early.grid > late.grid
    assert early.title in controller.view.caption
    assert window.ai.layer.film.currentRow() == 0

    window.ai.sections[2].set_opened(True)
    window.ai.overlay.opacity.setValue(0)
    assert controller.view.overlay.opacity == 0
    drawn = pixels(window.viewport)
    point = at_slice(window, 160, 160)
    assert (drawn[point.y(), point.x()] == plain[point.y(), point.x()]).all()
    assert controller.view.overlay.visible, "nothing is drawn, yet the overlay counts as on"
