"""Boxes drawn over the slice with the mouse: where they are put, moved and resized, however it is shown."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from tests.gui.test_first_use import first_use  # noqa: F401
from tests.gui.test_viewport import at_slice, drag, pixels
from viewer.results import Prediction, WhatIf
from viewer.session.state import Presentation
from viewer.study import Box
from viewer.ui.boxes import COLORS, on_screen

LEFT = Qt.MouseButton.LeftButton
BOX = Box(8.0, 12.0, 24.0, 40.0)
STATES = [
    Presentation(zoom=zoom, pan=pan, quarter_turns=quarters, flipped=flipped)
    for quarters in range(4)
    for flipped in (False, True)
    for zoom, pan in ((1.0, None), (1.7, (27.0, 17.0)))
]


def close(box, wanted, slack=0.35):
    edges = ("top", "left", "bottom", "right")
    return all(abs(getattr(box, edge) - getattr(wanted, edge)) <= slack for edge in edges)


def armed(view, tool="region", **changes):
    return replace(view, tool=tool, **changes)


@pytest.mark.parametrize("presentation", STATES)
def test_a_dragged_box_lies_on_the_pixels_under_the_mouse(window, show, intents, view, presentation):
    show(armed(view, presentation=presentation))
    drag(window.viewport, LEFT, at_slice(window, 40, 24), at_slice(window, 20, 20), at_slice(window, 12, 8))
    (tool, box) = intents.named("set_box")[-1]
    assert tool == "region" and close(box, BOX)
    assert not intents.named("drag_window")


@pytest.mark.parametrize("presentation", STATES)
def test_its_edges_resize_it_and_its_middle_moves_it(window, show, intents, view, presentation):
    show(armed(view, "occluder", occluder=BOX, presentation=presentation))
    for start, end, wanted in (
        ((12, 16), (20, 17), Box(8.0, 20.0, 24.0, 40.0)),
        ((26, 24), (30, 30), Box(8.0, 12.0, 30.0, 40.0)),
        ((40, 8), (44, 5), Box(5.0, 12.0, 24.0, 44.0)),
        ((26, 16), (29, 18), Box(10.0, 15.0, 26.0, 43.0)),
    ):
        drag(window.viewport, LEFT, at_slice(window, *start), at_slice(window, *end))
        assert close(intents.named("set_box")[-1][1], wanted), (start, end)


def test_an_edge_dragged_past_the_other_turns_the_box_inside_out(window, show, intents, view):
    show(armed(view, region=BOX))
    drag(window.viewport, LEFT, at_slice(window, 12, 16), at_slice(window, 50, 16))
    assert close(intents.named("set_box")[-1][1], Box(8.0, 40.0, 24.0, 50.0))


def test_a_box_stays_on_the_slice_when_it_is_pushed_off(window, show, intents, view):
    show(armed(view, region=BOX))
    corner = window.viewport.rect().topLeft()
    drag(window.viewport, LEFT, at_slice(window, 26, 16), corner)
    moved = intents.named("set_box")[-1][1]
    assert (moved.left, moved.right) == (pytest.approx(0), pytest.approx(28))
    drag(window.viewport, LEFT, at_slice(window, 50, 30), window.viewport.rect().bottomRight())
    drawn = intents.named("set_box")[-1][1]
    assert 39.7 < drawn.bottom <= 40 and 59.7 < drawn.right <= 60


def test_other_buttons_and_the_wheel_still_do_what_they_do(window, show, intents, view):
    show(armed(view))
    centre = window.viewport.rect().center()
    drag(window.viewport, Qt.MouseButton.MiddleButton, centre, centre + QPoint(20, 5))
    drag(window.viewport, Qt.MouseButton.RightButton, centre, centre + QPoint(5, 20))
    assert intents.named("pan_by") and intents.named("zoom_at") and not intents.named("set_box")


def test_without_a_tool_in_hand_a_box_cannot_be_touched_by_accident(window, show, intents, view):
    show(replace(view, region=BOX))
    drag(window.viewport, LEFT, at_slice(window, 26, 16), at_slice(window, 30, 18))
    assert not intents.named("set_box") and intents.named("drag_window")


def test_a_double_click_with_a_tool_in_hand_does_not_maximise(window, show, view):
    show(armed(view))
    QTest.mouseDClick(window.viewport, LEFT, pos=at_slice(window, 20, 20))
    assert window.toolbar.isVisible()


def test_the_pointer_says_what_a_drag_would_do(window, show, view):
    show(armed(view, region=BOX))
    viewport = window.viewport
    for point, shape in (
        ((50, 30), Qt.CursorShape.CrossCursor),
        ((26, 16), Qt.CursorShape.SizeAllCursor),
        ((12, 16), Qt.CursorShape.SizeHorCursor),
        ((26, 8), Qt.CursorShape.SizeVerCursor),
    ):
        viewport._show_grip(at_slice(window, *point).toPointF())
        assert viewport.cursor().shape() == shape
    show(armed(view, region=BOX, presentation=Presentation(quarter_turns=1)))
    viewport._show_grip(at_slice(window, 12, 16).toPointF())
    assert viewport.cursor().shape() == Qt.CursorShape.SizeVerCursor
    show(view)
    viewport._show_grip(at_slice(window, 12, 16).toPointF())
    assert viewport.cursor().shape() == Qt.CursorShape.ArrowCursor


@pytest.mark.parametrize(("name", "other"), [("region", "occluder"), ("occluder", "region")])
def test_a_box_is_drawn_where_it_lies_in_its_own_colour(window, show, view, name, other):
    show(replace(view, **{name: BOX}))
    drawn = pixels(window.viewport)
    area = on_screen(BOX, window.viewport.placement())
    color = np.array(COLORS[name].getRgb()[:3])
    for x, y in ((area.left(), area.center().y()), (area.right(), area.center().y())):
        near = drawn[round(y), round(x) - 2 : round(x) + 3]
        assert np.abs(near - color).sum(axis=1).min() < 60


def test_the_findings_say_what_changes_without_the_box_and_how_it_is_covered(window, show, analysed):
    show(replace(analysed, occluder=BOX))
    findings = window.ai.findings
    assert "Asking the network" in findings._what_if.text()
    after = Prediction(analysed.prediction.labels, np.zeros(3), np.array([0.41, 0.2, 0.39]))
    show(replace(analysed, occluder=BOX, what_if=WhatIf(analysed.slice.header.key, "digest", BOX, after)))
    assert "mass 0.84 → 0.41 without the box" in findings._what_if.text()
    assert "mean of the pixels around it" in findings._what_if.text()
    assert findings.rows[0].covered == pytest.approx(0.41)
    assert "0.41 without the box" in findings.rows[0].accessibleName()
    show(analysed)
    assert findings.rows[0].covered is None and findings._what_if.isHidden()
    show(replace(analysed, prediction=None, occluder=BOX))
    assert "Analyse the slice" in findings._what_if.text()


def test_with_mouse_and_keys_the_probabilities_follow_the_box(first_use, qtbot):  # noqa: F811
    controller, window = first_use
    viewport = window.viewport
    controller.go_to(20)
    controller.analyse()
    qtbot.waitUntil(lambda: controller.view.prediction is not None, timeout=60_000)
    controller.cancel("inference")
    window.activateWindow()
    viewport.setFocus()
    QTest.keyClick(viewport, Qt.Key.Key_O)
    assert controller.view.tool == "occluder"
    heat = controller.view.heatmap.values
    row, col = (int(part) for part in np.unravel_index(heat.argmax(), heat.shape))
    drag(viewport, LEFT, at_slice(window, col - 30, row - 30), at_slice(window, col + 30, row + 30))
    box = controller.view.occluder
    assert close(box, Box(row - 30.0, col - 30.0, row + 30.0, col + 30.0), slack=1)
    qtbot.waitUntil(
        lambda: controller.view.what_if is not None and controller.view.what_if.box == box, timeout=20_000
    )
    before, after = controller.view.prediction, controller.view.what_if.prediction
    assert after.logits[0] < before.logits[0] - 1, "the nodule is covered"
    assert " without the box" in window.ai.findings._what_if.text()
    QTest.keyClick(viewport, Qt.Key.Key_Delete)
    assert controller.view.occluder is None and window.ai.findings._what_if.isHidden()
    QTest.keyClick(viewport, Qt.Key.Key_Escape)
    assert controller.view.tool == ""
    width = controller.view.window.width
    drag(viewport, LEFT, viewport.rect().center(), viewport.rect().center() + QPoint(40, 0))
    assert controller.view.occluder is None and controller.view.window.width > width
