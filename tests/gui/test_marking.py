"""The reader's marks under the mouse: drawn, taken hold of, moved and dropped, however the slice is shown."""

import math
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu

from tests.gui.test_viewport import at_slice, drag, pixels
from viewer.annotate.mark import COLORS, KINDS, Figure, Mark, ShownMark
from viewer.session.state import Presentation
from viewer.ui.viewport import Viewport

LEFT, RIGHT = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton
STATES = [
    Presentation(zoom=1.7, pan=(27.0, 17.0), quarter_turns=quarters, flipped=flipped)
    if (quarters + flipped) % 2
    else Presentation(quarter_turns=quarters, flipped=flipped)
    for quarters in range(4)
    for flipped in (False, True)
]
LINE = ((12.0, 8.0), (40.0, 24.0))


@pytest.fixture
def window(qtbot, intents):
    """The viewport alone: what is about the window's own commands is tested in test_marking_keys."""
    viewport = Viewport(intents)
    qtbot.addWidget(viewport)
    viewport.resize(860, 640)
    with qtbot.waitExposed(viewport):
        viewport.show()
    yield SimpleNamespace(viewport=viewport)
    viewport.close()


@pytest.fixture
def show(window, intents, qtbot):
    def shown(view):
        intents.view = view
        window.viewport.show_view(view)
        qtbot.wait(1)

    return shown


def shown(view, kind="length", points=LINE, name="one", **changes):
    """A mark on the slice of `view`; changes of the mark, and `faint` and `label`."""
    outer = {key: changes.pop(key) for key in ("faint", "label", "figures") if key in changes}
    mark = Mark(name, kind, "1", view.series.uid, view.slice.header.key, ((0.0, 0.0, 0.0),), **changes)
    outer.setdefault("figures", (Figure("Length", 23.4, "mm", "PixelSpacing"),))
    return ShownMark(mark, tuple(points), **outer)


def marked(view, *marks, chosen="", **changes):
    all_marks = tuple(one.mark for one in marks)
    return replace(view, marks=marks, all_marks=all_marks, chosen_mark=chosen, **changes)


def click(window, x, y, button=LEFT):
    hover(window, at_slice(window, x, y))
    QTest.mouseClick(window.viewport, button, pos=at_slice(window, x, y))


def hover(window, point: QPoint, buttons=Qt.MouseButton.NoButton):
    """The pointer there, as the window system tells it."""
    at, everywhere = QPointF(point), QPointF(window.viewport.mapToGlobal(point))
    event = QMouseEvent(
        QEvent.Type.MouseMove,
        at,
        everywhere,
        Qt.MouseButton.NoButton,
        buttons,
        Qt.KeyboardModifier.NoModifier,
    )
    QApplication.sendEvent(window.viewport, event)


def path(window, *points):
    """Drag along slice points."""
    drag(window.viewport, LEFT, *(at_slice(window, *point) for point in points))


def painted(window):
    pixels(window.viewport)  # marks are taken hold of where they were painted


def near(points, wanted, slack=0.4):
    return len(points) == len(wanted) and np.abs(np.subtract(points, wanted)).max() <= slack


def drawn(intents):
    """Kind and points of the mark drawn last."""
    return intents.named("marks.add")[-1][:2]


@pytest.mark.parametrize("presentation", STATES)
def test_a_dragged_length_lies_on_the_pixels_under_the_mouse(window, show, intents, view, presentation):
    show(replace(view, tool="length", presentation=presentation))
    path(window, (12, 8), (20, 20), (40, 24))
    kind, points = drawn(intents)
    assert kind == "length" and near(points, LINE)
    assert not intents.named("drag_window") and not intents.named("set_tool")


@pytest.mark.parametrize("presentation", STATES)
def test_its_ends_and_its_middle_follow_the_hand(window, show, intents, view, presentation):
    show(marked(view, shown(view), presentation=presentation))
    painted(window)
    path(window, (40, 24), (44, 20), (48, 28))
    name, points = intents.named("marks.set_points")[-1]
    assert name == "one" and near(points, ((12, 8), (48, 28)))
    path(window, (26, 16), (28, 17), (29, 20))
    way = np.sum([(dx, dy) for _, dx, dy in intents.named("marks.move")], axis=0)
    assert np.abs(way - (3, 4)).max() <= 0.5
    assert len(intents.named("marks.end_gesture")) == 2
    assert not intents.named("drag_window")


@pytest.mark.parametrize("kind", ["length", "arrow", "ellipse", "rectangle", "bidirectional"])
def test_two_clicks_draw_what_a_drag_draws(window, show, intents, view, kind):
    show(replace(view, tool=kind))
    path(window, (12, 8), (40, 24))
    dragged = drawn(intents)
    click(window, 12, 8)
    hover(window, at_slice(window, 30, 12))
    assert len(intents.named("marks.add")) == 1 and window.viewport.marking.busy
    click(window, 40, 24)
    assert len(intents.named("marks.add")) == 2 and near(drawn(intents)[1], dragged[1], 0.01)
    assert not window.viewport.marking.busy


def test_an_angle_is_two_arms_by_drag_and_click_or_by_three_clicks(window, show, intents, view):
    show(replace(view, tool="angle"))
    wanted = ((10, 8), (30, 30), (50, 10))
    path(window, wanted[0], wanted[1])
    assert not intents.named("marks.add")
    click(window, *wanted[2])
    assert drawn(intents)[0] == "angle" and near(drawn(intents)[1], wanted)
    for point in wanted:
        click(window, *point)
    assert len(intents.named("marks.add")) == 2 and near(drawn(intents)[1], wanted)


def test_a_cobb_angle_is_two_drags_or_four_clicks(window, show, intents, view):
    show(replace(view, tool="cobb"))
    wanted = ((10, 8), (30, 10), (12, 30), (32, 26))
    path(window, *wanted[:2])
    path(window, *wanted[2:])
    assert drawn(intents)[0] == "cobb" and near(drawn(intents)[1], wanted)
    for point in wanted:
        click(window, *point)
    assert len(intents.named("marks.add")) == 2 and near(drawn(intents)[1], wanted)


CORNERS = ((10, 6), (40, 8), (44, 30), (14, 28))


@pytest.mark.parametrize("closed_by", ["double click", "Enter", "the first corner"])
def test_a_polygon_is_clicked_and_closed(window, show, intents, view, closed_by):
    show(replace(view, tool="polygon"))
    for corner in CORNERS:
        click(window, *corner)
    if closed_by == "double click":
        QTest.mouseDClick(window.viewport, LEFT, pos=at_slice(window, *CORNERS[-1]))
    elif closed_by == "Enter":
        QTest.keyClick(window.viewport, Qt.Key.Key_Return)
    else:
        click(window, CORNERS[0][0] + 0.3, CORNERS[0][1])
    assert drawn(intents)[0] == "polygon" and near(drawn(intents)[1], CORNERS)
    assert not window.viewport.marking.busy


def test_backspace_takes_the_last_corner_back_and_enter_needs_three(window, show, intents, view):
    show(replace(view, tool="polygon"))
    for corner in CORNERS[:3]:
        click(window, *corner)
    QTest.keyClick(window.viewport, Qt.Key.Key_Backspace)
    click(window, *CORNERS[2])
    click(window, *CORNERS[3])
    QTest.keyClick(window.viewport, Qt.Key.Key_Return)
    assert near(drawn(intents)[1], CORNERS)
    click(window, *CORNERS[0])
    click(window, *CORNERS[1])
    QTest.keyClick(window.viewport, Qt.Key.Key_Return)
    assert len(intents.named("marks.add")) == 1


def test_a_freehand_region_follows_the_pointer(window, show, intents, view):
    show(replace(view, tool="freehand"))
    turn = [(30 + 14 * math.cos(n / 8), 20 + 8 * math.sin(n / 8)) for n in range(51)]
    path(window, *turn)
    kind, points = drawn(intents)
    assert kind == "freehand" and len(points) > 40
    away = [min(math.hypot(x - a, y - b) for x, y in points) for a, b in turn]
    assert max(away) < 0.5
    for point in (turn[0], *turn[1:-1]):
        hover(window, at_slice(window, *point)) if point != turn[0] else click(window, *point)
    click(window, *turn[-1])
    assert len(intents.named("marks.add")) == 2 and len(drawn(intents)[1]) > 40


def test_a_probe_is_one_click_on_the_pixel_under_the_pointer(window, show, intents, view):
    show(replace(view, tool="probe"))
    click(window, 33.5, 21.5)
    kind, points = drawn(intents)
    assert kind == "probe" and near(points, ((33.5, 21.5),))


def test_escape_puts_back_what_was_being_moved(window, show, intents, view):
    show(marked(view, shown(view)))
    painted(window)
    QTest.mousePress(window.viewport, LEFT, pos=at_slice(window, 40, 24))
    hover(window, at_slice(window, 50, 30), LEFT)
    QTest.keyClick(window.viewport, Qt.Key.Key_Escape)
    QTest.mouseRelease(window.viewport, LEFT, pos=at_slice(window, 50, 30))
    assert near(intents.named("marks.set_points")[-1][1], LINE, 0)


def test_another_slice_drops_what_is_begun(window, show, intents, view):
    from tests.support.slice_factory import make_slice

    show(replace(view, tool="length"))
    click(window, 12, 8)
    other = make_slice(view.slice.values, geometry=view.slice.header.geometry, uid="1.2.4")
    series = replace(view.series, slices=(*view.series.slices[:3], other.header, *view.series.slices[4:]))
    show(replace(view, tool="length", series=series, index=3, slice=other))
    assert not window.viewport.marking.busy
    path(window, (12, 8), (40, 24))
    assert len(intents.named("marks.add")) == 1


def test_a_click_without_a_drag_chooses_and_moves_nothing(window, show, intents, view):
    show(marked(view, shown(view)))
    painted(window)
    click(window, 26, 16)
    assert intents.named("marks.choose") == [("one",)]
    assert not intents.named("marks.move") and not intents.named("drag_window")
    show(marked(view, shown(view), chosen="one"))
    click(window, 55, 35)
    assert intents.named("marks.choose")[-1] == ("",)


def test_beside_a_mark_the_left_button_still_sets_the_window(window, show, intents, view):
    show(marked(view, shown(view), chosen="one"))
    painted(window)
    path(window, (40, 10), (50, 12))
    assert intents.named("drag_window") and not intents.named("marks.choose")


@pytest.mark.parametrize("away", [4, 12])
def test_a_line_is_grasped_within_six_pixels_of_the_screen_at_any_zoom(window, show, intents, view, away):
    for zoom in (1.0, 6.0):
        intents.calls.clear()
        line = shown(view, points=((2.0, 20.0), (58.0, 20.0)), figures=())
        show(marked(view, line, presentation=Presentation(zoom=zoom)))
        painted(window)
        QTest.mouseClick(window.viewport, LEFT, pos=at_slice(window, 30, 20) + QPoint(0, away))
        assert bool(intents.named("marks.choose")) == (away <= 6)


def test_a_mark_stays_on_the_slice_when_it_is_pushed_off(window, show, intents, view):
    show(marked(view, shown(view)))
    painted(window)
    drag(window.viewport, LEFT, at_slice(window, 26, 16), window.viewport.rect().topLeft())
    way = np.sum([(dx, dy) for _, dx, dy in intents.named("marks.move")], axis=0)
    assert way == pytest.approx((-12, -8))
    drag(window.viewport, LEFT, at_slice(window, 40, 24), window.viewport.rect().bottomRight())
    assert near(intents.named("marks.set_points")[-1][1], ((12, 8), (60, 40)), 0.2)
    show(replace(view, tool="length"))
    path(window, (30, 30), (200, 200))
    assert near(drawn(intents)[1], ((30, 30), (60, 40)))


def test_a_locked_mark_is_not_moved_and_says_so_once(window, show, intents, view):
    show(marked(view, shown(view, locked=True)))
    painted(window)
    path(window, (40, 24), (44, 20), (48, 28), (50, 30))
    assert len(intents.named("marks.move")) == 1, "the controller refuses it and says why"
    assert not intents.named("marks.set_points") and not intents.named("drag_window")


def test_a_faint_mark_is_chosen_or_visited_but_not_moved(window, show, intents, view):
    show(marked(view, shown(view, faint=True)))
    painted(window)
    path(window, (26, 16), (30, 20))
    assert intents.named("drag_window") and not intents.named("marks.move")
    click(window, 26, 16)
    assert intents.named("marks.choose") == [("one",)]
    QTest.mouseDClick(window.viewport, LEFT, pos=at_slice(window, 26, 16))
    assert intents.named("marks.go_to") == [("one",)]


@pytest.mark.parametrize("presentation", STATES[::4])
def test_a_label_is_dragged_and_joined_to_its_mark_by_a_line(window, show, intents, view, presentation):
    show(marked(view, shown(view), presentation=presentation))
    painted(window)
    (one,) = window.viewport.marking.layer.laid
    middle = QPoint(
        round((one.label.left + one.label.right) / 2), round((one.label.top + one.label.bottom) / 2)
    )
    to = middle + QPoint(-60, -60)
    drag(window.viewport, LEFT, middle, middle + QPoint(5, 5), to)
    name, place = intents.named("marks.set_label")[-1]
    on_screen = window.viewport.placement().to_screen(*place)
    assert name == "one" and np.hypot(*np.subtract(on_screen, to.toTuple())) < 2
    assert not intents.named("marks.move") and not intents.named("marks.set_points")
    show(marked(view, shown(view, label=place), presentation=presentation))
    painted(window)
    (one,) = window.viewport.marking.layer.laid
    assert ((one.label.left + one.label.right) / 2, (one.label.top + one.label.bottom) / 2) == pytest.approx(
        on_screen
    )


def test_shift_makes_a_circle_in_millimetres(window, show, intents, view):
    show(replace(view, tool="ellipse"))
    start, end = at_slice(window, 10, 10), at_slice(window, 40, 20)
    shift = Qt.KeyboardModifier.ShiftModifier
    QTest.mousePress(window.viewport, LEFT, shift, start)
    event = QMouseEvent(
        QEvent.Type.MouseMove, QPointF(end), QPointF(window.viewport.mapToGlobal(end)), LEFT, LEFT, shift
    )
    QApplication.sendEvent(window.viewport, event)
    QTest.mouseRelease(window.viewport, LEFT, shift, end)
    left, right, top, bottom = drawn(intents)[1]
    assert (right[0] - left[0]) * 1.0 == pytest.approx((bottom[1] - top[1]) * 2.0)


def test_the_pointer_says_what_a_press_would_do(window, show, view):
    cursor = window.viewport.cursor
    show(replace(view, tool="length"))
    hover(window, at_slice(window, 30, 30))
    assert cursor().shape() == Qt.CursorShape.CrossCursor
    show(marked(view, shown(view)))
    painted(window)
    for point, shape in (
        ((40, 24), Qt.CursorShape.PointingHandCursor),
        ((26, 16), Qt.CursorShape.SizeAllCursor),
        ((50, 10), Qt.CursorShape.ArrowCursor),
    ):
        hover(window, at_slice(window, *point))
        assert cursor().shape() == shape, point
    (one,) = window.viewport.marking.layer.laid
    hover(window, QPoint(round(one.label.left + 8), round(one.label.top + 8)))
    assert cursor().shape() == Qt.CursorShape.OpenHandCursor


@pytest.mark.qt_log_ignore("This plugin does not support (raise|grabbing)")
def test_a_right_click_opens_the_menu_of_the_mark_and_a_right_drag_does_not(
    window, show, intents, view, qtbot
):
    show(marked(view, shown(view)))
    painted(window)
    drag(window.viewport, RIGHT, at_slice(window, 26, 16), at_slice(window, 26, 30))
    assert QApplication.activePopupWidget() is None and intents.named("zoom_at")
    click(window, 26, 16, RIGHT)
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu) and intents.named("marks.choose") == [("one",)]
    by_text = {action.text(): action for action in menu.actions()}
    colors = {action.text(): action for action in by_text["Colour"].menu().actions()}
    assert [name.capitalize() for name in COLORS] == list(colors)
    colors["Cyan"].trigger()
    by_text["Locked"].trigger()
    by_text["Delete"].trigger()
    by_text["Copy"].trigger()
    assert intents.named("marks.change") == [{"color": "cyan"}, {"locked": True}]
    assert intents.named("marks.delete") == [("one",)] and intents.named("marks.copy")
    menu.close()
    show(marked(view, shown(view), chosen="one"))
    QTest.keyClick(window.viewport, Qt.Key.Key_Menu)
    assert isinstance(QApplication.activePopupWidget(), QMenu)
    QApplication.activePopupWidget().close()


def test_while_a_mark_is_drawn_its_figure_stands_beside_it(window, show, view):
    show(replace(view, tool="length"))
    QTest.mousePress(window.viewport, LEFT, pos=at_slice(window, 10, 10))
    hover(window, at_slice(window, 40, 10), LEFT)
    painted(window)
    (one,) = window.viewport.marking.layer.laid
    assert one.text[0].endswith(" mm") and float(one.text[0].split()[0]) == pytest.approx(30, abs=0.4)


def test_labels_go_with_the_slice_while_it_pans_and_settle_when_it_rests(window, show, intents, view):
    several = [shown(view, points=((x, 6.0), (x + 8, 30.0)), name=f"m{x}") for x in (4.0, 18.0, 32.0, 46.0)]
    show(marked(view, *several, presentation=Presentation(zoom=2.0, pan=(30.0, 18.0))))
    painted(window)
    viewport = window.viewport
    before = [one.label for one in viewport.marking.layer.laid]
    start = at_slice(window, 30, 36)
    QTest.mousePress(viewport, Qt.MouseButton.MiddleButton, pos=start)
    show(marked(view, *several, presentation=Presentation(zoom=2.0, pan=(46.0, 18.0))))
    painted(window)
    moved = [one.label for one in viewport.marking.layer.laid]
    ways = {(round(b.left - a.left), round(b.top - a.top)) for a, b in zip(before, moved, strict=True)}
    assert len(ways) == 1 and ways != {(0, 0)}
    QTest.mouseRelease(viewport, Qt.MouseButton.MiddleButton, pos=start)
    painted(window)
    fresh = viewport.marking.layer.painter
    from PySide6.QtCore import QRectF

    from viewer.ui.mark_layer import matrix

    area = QRectF(viewport.rect())
    laid = fresh.lay_out(several, matrix(viewport.placement()), area, viewport.marking.layer._look[4])
    assert [one.label for one in viewport.marking.layer.laid] == [one.label for one in laid]


@pytest.mark.parametrize(("value", "presentation"), [(-1000, STATES[0]), (3000, STATES[3])])
def test_every_kind_is_seen_on_black_and_on_white(window, show, view, presentation, value):
    from tests.support.slice_factory import make_slice

    flat = make_slice(np.full((40, 60), value, np.int16), geometry=view.slice.header.geometry)
    points = {
        "length": LINE, "angle": CORNERS[:3], "cobb": CORNERS, "bidirectional": CORNERS, "arrow": LINE,
        "ellipse": ((10, 20), (40, 20), (25, 10), (25, 30)), "rectangle": CORNERS, "polygon": CORNERS,
        "freehand": CORNERS, "probe": ((30, 20),), "text": ((30, 20),),
    }  # fmt: skip
    assert set(points) == set(KINDS)
    show(replace(view, slice=flat, presentation=presentation))
    bare = pixels(window.viewport)
    for kind, where in points.items():
        show(
            marked(
                replace(view, slice=flat, presentation=presentation),
                shown(view, kind, where, text="a", figures=()),
            )
        )
        picture = pixels(window.viewport)
        x, y = (round(part) for part in window.viewport.placement().to_screen(*where[0]))
        change = np.abs(picture - bare)[max(y - 14, 0) : y + 15, max(x - 14, 0) : x + 15].max(axis=2)
        assert change.max() > 90, kind


def test_faint_marks_are_fainter_and_dashed(window, show, view):
    line = ((5.0, 20.0), (55.0, 20.0))
    show(replace(view, corners=("",) * 4, letters=("",) * 4))
    bare = pixels(window.viewport)
    _, row = window.viewport.placement().to_screen(5, 20)
    seen = {}
    for faint in (False, True):
        show(
            marked(
                replace(view, corners=("",) * 4, letters=("",) * 4),
                shown(view, points=line, faint=faint, figures=()),
            )
        )
        left, right = (round(window.viewport.placement().to_screen(x, 20)[0]) for x in (8, 52))
        seen[faint] = np.abs(pixels(window.viewport) - bare)[round(row) - 1 : round(row) + 1, left:right].max(
            axis=(0, 2)
        )
    assert (seen[False] > 60).mean() > 0.98
    assert 0.3 < (seen[True] > 30).mean() < 0.85 and seen[True].max() < seen[False].max()


def test_marks_hidden_cannot_be_grasped_and_no_label_stands_in_text(window, show, intents, view):
    show(marked(view, shown(view)))
    painted(window)
    show(replace(view, marks_visible=False))
    painted(window)
    click(window, 26, 16)
    assert not intents.named("marks.choose")


def test_how_a_mark_is_drawn_is_said_until_one_was_drawn(window, show, view):
    marking = window.viewport.marking
    show(replace(view, tool="length"))
    assert "one end to the other" in marking.hint() and "Esc" in marking.hint()
    path(window, (12, 8), (40, 24))
    assert marking.hint() == ""
    show(replace(view, tool="polygon"))
    click(window, 10, 10)
    assert "closes it" in marking.hint()


def test_a_panned_picture_of_marks_is_what_is_painted_afresh(window, show, view, qtbot, intents):
    marks = [
        shown(view, "polygon", CORNERS, figures=()),
        shown(view, name="two", points=((3.0, 3.0), (57.0, 37.0)), figures=()),
        shown(view, "probe", ((30.0, 20.0),), name="three", figures=(), faint=True),
    ]
    show(marked(view, *marks, presentation=Presentation(zoom=1.4)))
    painted(window)
    QTest.mousePress(window.viewport, Qt.MouseButton.MiddleButton, pos=at_slice(window, 30, 36))
    moved = marked(view, *marks, presentation=Presentation(zoom=1.4, pan=(36.0, 23.0)))
    show(moved)
    shifted = pixels(window.viewport)
    QTest.mouseRelease(window.viewport, Qt.MouseButton.MiddleButton, pos=at_slice(window, 30, 36))
    fresh = Viewport(intents)
    qtbot.addWidget(fresh)
    fresh.resize(window.viewport.size())
    with qtbot.waitExposed(fresh):
        fresh.show()
    fresh.show_view(moved)
    assert np.array_equal(shifted, pixels(fresh))
    fresh.close()


def test_while_one_mark_is_dragged_the_labels_of_the_others_stay(window, show, intents, view):
    several = [shown(view, points=((x, 6.0), (x + 8, 30.0)), name=f"m{x}") for x in (4.0, 18.0, 32.0, 46.0)]
    show(marked(view, *several))
    painted(window)
    layer = window.viewport.marking.layer
    before = {one.shown.mark.id: one.label for one in layer.laid}
    other = before["m46.0"]
    inside = window.viewport.placement().to_slice(other.left + 9, other.top + 9)
    QTest.mousePress(window.viewport, LEFT, pos=at_slice(window, 26, 30))
    for end in ((30.0, 30.0), inside):
        hover(window, at_slice(window, *end), LEFT)
        pulled = shown(view, points=((18.0, 6.0), end), name="m18.0")
        changed = [pulled if one.mark.id == "m18.0" else one for one in several]
        show(marked(view, *changed, chosen="m18.0"))
        painted(window)
        now = {one.shown.mark.id: one.label for one in layer.laid}
        assert all(now[name] == before[name] for name in before if name != "m18.0")
    QTest.mouseRelease(window.viewport, LEFT, pos=at_slice(window, *inside))
    painted(window)
    now = {one.shown.mark.id: one.label for one in layer.laid}
    assert now["m46.0"] != other, "let go, it makes way"


def test_with_a_tool_in_hand_marks_are_still_grasped_and_ctrl_draws_over_them(window, show, intents, view):
    show(marked(view, shown(view), tool="length"))
    painted(window)
    path(window, (40, 24), (50, 30))
    assert intents.named("marks.set_points") and not intents.named("marks.add")
    ctrl = Qt.KeyboardModifier.ControlModifier
    QTest.mouseClick(window.viewport, LEFT, ctrl, at_slice(window, 40, 24))
    QTest.mouseClick(window.viewport, LEFT, ctrl, at_slice(window, 50, 30))
    assert near(drawn(intents)[1], ((40, 24), (50, 30)))
