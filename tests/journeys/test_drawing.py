"""A reader draws every kind of mark with mouse and keys, changes them, takes it back and finds them again."""

import math

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit

from tests.gui.test_first_use import first_use  # noqa: F401
from tests.gui.test_marking import click, hover, painted, path
from tests.gui.test_viewport import at_slice, drag, turn
from viewer.annotate.mark import KINDS
from viewer.commands.editing import TOOL_KEYS
from viewer.session.state import Presentation

CTRL = Qt.KeyboardModifier.ControlModifier


def key(window, name):
    """Press a key as `Command.shortcut` writes it, where the focus is."""
    code = Qt.Key[f"Key_{name.split('+')[-1]}"]
    shift = Qt.KeyboardModifier.ShiftModifier if "Shift" in name else Qt.KeyboardModifier.NoModifier
    QTest.keyClick(QApplication.focusWidget() or window.viewport, code, shift)


def draw(window, kind, x, y):
    """Draw a mark of about 40 x 30 pixels with its top left at slice point (x, y)."""
    points = {
        "length": [(x, y), (x + 40, y + 30)],
        "angle": [(x, y), (x + 20, y + 30)],
        "cobb": [(x, y), (x + 40, y + 5)],
        "bidirectional": [(x, y), (x + 40, y + 30)],
        "ellipse": [(x, y), (x + 40, y + 30)],
        "rectangle": [(x, y), (x + 40, y + 30)],
        "freehand": [(x + 20 + 20 * math.cos(n / 4), y + 15 + 15 * math.sin(n / 4)) for n in range(26)],
        "arrow": [(x, y), (x + 40, y + 30)],
    }
    if kind == "polygon":
        for corner in ((x, y), (x + 40, y + 4), (x + 36, y + 30)):
            click(window, *corner)
        QTest.keyClick(window.viewport, Qt.Key.Key_Return)
    elif kind in ("probe", "text"):
        click(window, x, y)
    else:
        path(window, *points[kind])
    if kind == "angle":
        click(window, x + 40, y)
    if kind == "cobb":
        path(window, (x, y + 30), (x + 40, y + 22))
    if kind == "text":
        entry = window.viewport.findChild(QLineEdit)
        QTest.keyClicks(entry, "Hilum")
        QTest.keyClick(entry, Qt.Key.Key_Return)


@pytest.fixture
def at_slice_20(first_use, qtbot):  # noqa: F811
    controller, window = first_use
    controller.go_to(20)
    qtbot.waitUntil(lambda: controller.view.index == 20 and controller.view.slice is not None)
    window.activateWindow()
    window.viewport.setFocus()
    painted(window)
    return controller, window


def test_every_tool_by_its_key_until_escape_and_all_of_it_taken_back(at_slice_20, qtbot):
    controller, window = at_slice_20
    for number, kind in enumerate(KINDS):
        key(window, TOOL_KEYS[kind])
        assert controller.view.tool == kind and window.action(f"tool.{kind}").isChecked()
        draw(window, kind, 30 + 70 * (number % 4), 50 + 80 * (number // 4))
        assert [one.mark.kind for one in controller.view.marks] == list(KINDS)[: number + 1]
        assert controller.view.tool == kind, "a tool stays armed"
        QTest.keyClick(window.viewport, Qt.Key.Key_Escape)
        assert controller.view.tool == ""
    regions = [one for one in controller.view.marks if one.mark.is_region]
    assert len(regions) == 4
    qtbot.waitUntil(
        lambda: all(one.statistics for one in controller.view.marks if one.mark.is_region), timeout=10_000
    )
    painted(window)
    laid = window.viewport.marking.layer.laid
    labels = [one.label for one in laid if one.label is not None]
    assert len(labels) == len(KINDS) - 1, "an arrow says nothing"
    for number, label in enumerate(labels):
        for other in labels[:number]:
            apart = (
                label.left >= other.right
                or label.right <= other.left
                or label.top >= other.bottom
                or label.bottom <= other.top
            )
            assert apart, (laid[number].text, label, other)
    before = controller.state.marks
    for left in range(len(KINDS) - 1, -1, -1):
        QTest.keyClick(window.viewport, Qt.Key.Key_Z, CTRL)
        assert len(controller.state.marks) == left
    for _ in KINDS:
        QTest.keyClick(window.viewport, Qt.Key.Key_Z, CTRL | Qt.KeyboardModifier.ShiftModifier)
    assert controller.state.marks == before


def test_a_length_is_what_the_header_says_however_the_slice_stands(at_slice_20):
    controller, window = at_slice_20
    spacing = controller.view.header.geometry.spacing
    for quarters, flipped in ((0, False), (1, False), (2, True), (3, True)):
        presentation = Presentation(zoom=1.5, pan=(150.0, 160.0), quarter_turns=quarters, flipped=flipped)
        controller._desk.model.update(presentation=presentation, tool="length")
        path(window, (110, 130), (190, 170))
        figure = controller.view.marks[-1].figures[0]
        wanted = math.hypot(80 * spacing[1], 40 * spacing[0])
        assert figure.value == pytest.approx(wanted, abs=1.0) and figure.unit == "mm"
        points = controller.view.marks[-1].points
        assert np.abs(np.subtract(points, ((110, 130), (190, 170)))).max() < 0.6
        controller.marks.delete()


def test_a_mark_is_moved_pulled_copied_to_another_slice_locked_and_deleted(at_slice_20, qtbot):
    controller, window = at_slice_20
    controller.set_tool("ellipse")
    draw(window, "ellipse", 100, 100)
    QTest.keyClick(window.viewport, Qt.Key.Key_Escape)
    painted(window)
    path(window, (120, 100), (120, 90))  # its top
    (one,) = controller.view.marks
    assert one.points[2][1] == pytest.approx(90, abs=0.6) and one.points[3][1] == pytest.approx(130, abs=0.6)
    painted(window)
    x, y = 120 + 20 * math.cos(0.8), 110 - 20 * math.sin(0.8)  # its line, between two handles
    path(window, (x, y), (x + 25, y - 12))
    (moved,) = controller.view.marks
    assert np.abs(np.subtract(moved.points, one.points) - (25, -12)).max() < 0.7
    QTest.keyClick(window.viewport, Qt.Key.Key_Z, CTRL)
    assert controller.view.marks[0].points == one.points, "one drag is one step"
    QTest.keyClick(window.viewport, Qt.Key.Key_C, CTRL)
    turn(window.viewport, 1)
    qtbot.waitUntil(lambda: controller.view.index == 21 and controller.view.slice is not None)
    QTest.keyClick(window.viewport, Qt.Key.Key_V, CTRL)
    own = [shown for shown in controller.view.marks if not shown.faint]
    assert len(own) == 1 and np.allclose(own[0].points, one.points, atol=1e-6)
    controller.marks.change(own[0].mark.id, locked=True)
    painted(window)
    path(window, (120, 90), (120, 60))
    assert "locked" in window.notices.notice.text
    QTest.keyClick(window.viewport, Qt.Key.Key_Delete)
    assert len(controller.state.marks) == 2
    controller.marks.change(own[0].mark.id, locked=False)
    QTest.keyClick(window.viewport, Qt.Key.Key_Delete)
    assert len(controller.state.marks) == 1
    QTest.keyClick(window.viewport, Qt.Key.Key_Z, CTRL)
    assert len(controller.state.marks) == 2


def test_the_chosen_mark_is_nudged_by_a_pixel_in_the_direction_that_is_seen(at_slice_20):
    controller, window = at_slice_20
    controller.set_tool("length")
    draw(window, "length", 100, 100)
    QTest.keyClick(window.viewport, Qt.Key.Key_Escape)
    arrows = (
        (Qt.Key.Key_Right, 1, 0),
        (Qt.Key.Key_Down, 0, 1),
        (Qt.Key.Key_Left, -1, 0),
        (Qt.Key.Key_Up, 0, -1),
    )
    for quarters in range(4):
        for flipped in (False, True):
            turned = Presentation(quarter_turns=quarters, flipped=flipped)
            controller._desk.model.update(presentation=turned)
            place = window.viewport.placement()
            for arrow, right, down in arrows:
                before = place.to_screen(*controller.view.marks[0].points[0])
                QTest.keyClick(window.viewport, arrow, Qt.KeyboardModifier.ShiftModifier)
                after = place.to_screen(*controller.view.marks[0].points[0])
                way = np.subtract(after, before) / place.scale_x
                assert way == pytest.approx((right, down), abs=1e-6)
    QTest.keyClick(window.viewport, Qt.Key.Key_Down)
    assert controller.view.index == 21, "the plain arrows still change the slice"


def test_a_mark_begun_stays_on_its_tissue_while_the_slice_is_panned_and_zoomed(at_slice_20):
    controller, window = at_slice_20
    controller.set_tool("length")
    click(window, 100, 100)
    middle = window.viewport.rect().center()
    drag(window.viewport, Qt.MouseButton.MiddleButton, middle, middle + window.viewport.rect().topLeft())
    turn(window.viewport, -2, CTRL, at_slice(window, 100, 100).toPointF())
    assert window.viewport.marking.busy and controller.view.presentation.zoom > 1.2
    hover(window, at_slice(window, 130, 140))
    click(window, 130, 140)
    (one,) = controller.view.marks
    assert np.abs(np.subtract(one.points, ((100, 100), (130, 140)))).max() < 0.7


def test_a_label_dragged_goes_with_its_mark_and_can_be_put_back(at_slice_20):
    controller, window = at_slice_20
    controller.set_tool("length")
    draw(window, "length", 100, 100)
    QTest.keyClick(window.viewport, Qt.Key.Key_Escape)
    painted(window)
    (one,) = window.viewport.marking.layer.laid
    middle = at_slice(window, 0, 0)
    middle.setX(round((one.label.left + one.label.right) / 2))
    middle.setY(round((one.label.top + one.label.bottom) / 2))
    to = at_slice(window, 160, 60)
    drag(window.viewport, Qt.MouseButton.LeftButton, middle, to)
    label = controller.view.marks[0].label
    assert np.abs(np.subtract(label, (160, 60))).max() < 1.0
    painted(window)
    path(window, (120, 115), (140, 105))
    assert np.abs(np.subtract(controller.view.marks[0].label, label) - (20, -10)).max() < 1.0
    controller.marks.set_label(controller.view.marks[0].mark.id, None)
    assert controller.view.marks[0].label is None


def test_on_the_next_slice_a_mark_is_faint_only_within_half_a_spacing(at_slice_20, qtbot):
    controller, window = at_slice_20
    controller.set_tool("rectangle")
    draw(window, "rectangle", 100, 100)
    turn(window.viewport, 1)
    qtbot.waitUntil(lambda: controller.view.index == 21 and controller.view.slice is not None)
    assert not controller.view.marks, "a whole spacing away"
    controller.marks.go_to(controller.state.marks[0].id)
    qtbot.waitUntil(lambda: controller.view.index == 20)
    assert controller.view.chosen_mark == controller.view.marks[0].mark.id


def test_without_a_mouse_every_kind_is_drawn_moved_and_pulled(at_slice_20):
    controller, window = at_slice_20
    pull = CTRL | Qt.KeyboardModifier.ShiftModifier
    for number, kind in enumerate(KINDS):
        key(window, TOOL_KEYS[kind])
        QTest.keyClick(window.viewport, Qt.Key.Key_Return)
        if kind == "text":
            QTest.keyClicks(window.viewport.findChild(QLineEdit), "Hilum")
            QTest.keyClick(window.viewport.findChild(QLineEdit), Qt.Key.Key_Return)
        QTest.keyClick(window.viewport, Qt.Key.Key_Escape)
        assert len(controller.view.marks) == number + 1 and controller.view.marks[-1].mark.kind == kind
        first = np.array(controller.view.marks[-1].points)
        QTest.keyClick(window.viewport, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
        moved = np.array(controller.view.marks[-1].points)
        assert moved - first == pytest.approx(np.tile((1.0, 0.0), (len(first), 1)), abs=1e-6)
        QTest.keyClick(window.viewport, Qt.Key.Key_Down, pull)
        pulled = np.array(controller.view.marks[-1].points)
        way = pulled - moved
        assert np.abs(way).max() == pytest.approx(1.0, abs=1e-6) or kind in ("ellipse", "bidirectional")
    one = controller.view.marks[0]
    controller.marks.choose(one.mark.id)
    QTest.keyClick(window.viewport, Qt.Key.Key_J, CTRL)
    QTest.keyClick(window.viewport, Qt.Key.Key_J, CTRL)
    QTest.keyClick(window.viewport, Qt.Key.Key_Left, pull)
    assert np.subtract(controller.view.marks[0].points, one.points) == pytest.approx(
        np.array([(0, 0), (-1, 0)]), abs=1e-6
    )
    QTest.keyClick(window.viewport, Qt.Key.Key_F2)
    QTest.keyClicks(window.viewport.marking.entry, "aorta")
    QTest.keyClick(window.viewport.marking.entry, Qt.Key.Key_Return)
    assert controller.view.marks[0].mark.text == "aorta"
