from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QImage, QMouseEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from tests.support.slice_factory import make_slice
from viewer.imaging.compose import render
from viewer.session.captions import modality_text
from viewer.session.state import Overlay, Presentation
from viewer.settings import CHOICES
from viewer.study import Geometry, Window
from viewer.ui import key_sheet
from viewer.ui.placement import Placement
from viewer.ui.viewport import DRAGS, whole_notches

SECTION = Placement.section


def drag(widget, button, start: QPoint, *steps: QPoint) -> None:
    QTest.mousePress(widget, button, pos=start)
    for step in steps:
        at = QPointF(step)
        event = QMouseEvent(
            QEvent.Type.MouseMove,
            at,
            QPointF(widget.mapToGlobal(step)),
            Qt.MouseButton.NoButton,
            button,
            Qt.KeyboardModifier.NoModifier,
        )
        QApplication.sendEvent(widget, event)
    QTest.mouseRelease(widget, button, pos=steps[-1])


def turn(widget, notches: float, modifiers=Qt.KeyboardModifier.NoModifier, at: QPointF | None = None) -> None:
    """Turn the wheel towards the reader for positive `notches`."""
    at = at or QPointF(widget.rect().center())
    delta = QPoint(0, round(-120 * notches))
    event = QWheelEvent(
        at,
        QPointF(widget.mapToGlobal(at.toPoint())),
        QPoint(),
        delta,
        Qt.MouseButton.NoButton,
        modifiers,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(widget, event)


def pixels(widget) -> np.ndarray:
    """(rows, cols, 3) int: what is painted."""
    image = widget.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    data = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine() // 4, 4)
    return data[:, : image.width(), 2::-1].astype(int)


def at_slice(window, x: float, y: float) -> QPoint:
    """The widget point over a slice point."""
    left, top = window.viewport.placement().to_screen(x, y)
    return QPoint(round(left), round(top))


def test_the_picture_is_what_the_report_draws(window, show, analysed):
    bare = replace(analysed, corners=("",) * 4, letters=("",) * 4, caption="")
    show(bare)
    drawn = pixels(window.viewport)
    expected = render(
        bare.slice,
        window=bare.window,
        heatmap=bare.heatmap,
        overlay=bare.overlay,
        heat_range=bare.heat_range,
    )
    for col, row in ((5, 5), (30, 12), (45, 25), (33, 22)):
        point = at_slice(window, col + 0.5, row + 0.5)
        value = int(expected[row, col])
        wanted = np.array([value >> 16 & 255, value >> 8 & 255, value & 255])
        assert np.abs(drawn[point.y(), point.x()] - wanted).max() <= 8


def test_pixels_twice_as_high_as_wide_are_drawn_so(window, show, view):
    show(view)
    placement = window.viewport.placement()
    assert placement.scale_y == pytest.approx(2 * placement.scale_x)
    assert 40 * placement.scale_y <= window.viewport.height() + 1e-6
    assert 60 * placement.scale_x <= window.viewport.width() + 1e-6


def test_left_drag_is_the_window_right_wider_and_up_brighter(window, show, view, intents):
    show(view)
    middle = window.viewport.rect().center()
    drag(window.viewport, Qt.MouseButton.LeftButton, middle, middle + QPoint(7, 0), middle + QPoint(7, -3))
    assert intents.named("drag_window") == [(7.0, 0.0), (0.0, -3.0)]


def test_right_drag_zooms_about_where_it_began(window, show, view, intents):
    show(view)
    start = at_slice(window, 10.0, 8.0)
    drag(window.viewport, Qt.MouseButton.RightButton, start, start + QPoint(0, -30), start + QPoint(0, -10))
    (closer, x, y), (away, x2, y2) = intents.named("zoom_at")
    assert closer > 1 > away
    assert (x, y) == (x2, y2) == (pytest.approx(10.0, abs=0.1), pytest.approx(8.0, abs=0.1))


def test_middle_drag_moves_the_picture_with_the_hand(window, show, view, intents):
    show(view)
    scale = window.viewport.placement()
    middle = window.viewport.rect().center()
    drag(window.viewport, Qt.MouseButton.MiddleButton, middle, middle + QPoint(20, 10))
    ((dx, dy),) = intents.named("pan_by")
    assert (dx * scale.scale_x, dy * scale.scale_y) == (pytest.approx(20), pytest.approx(10))


def test_with_scroll_on_left_the_left_button_scrolls_and_the_right_one_windows(window, show, view, intents):
    show(view)
    window.viewport.set_mouse("scroll")
    middle = window.viewport.rect().center()
    drag(window.viewport, Qt.MouseButton.LeftButton, middle, middle + QPoint(0, 30), middle + QPoint(0, -30))
    assert intents.named("step") == [(1,), (-2,)]
    assert not intents.named("drag_window")
    drag(window.viewport, Qt.MouseButton.RightButton, middle, middle + QPoint(7, 0))
    assert intents.named("drag_window") == [(7.0, 0.0)]
    assert not intents.named("zoom_at")


def test_every_mouse_profile_of_the_settings_is_one_of_the_viewport():
    assert set(DRAGS) == set(CHOICES["mouse"])
    assert {what for profile in DRAGS.values() for what in profile.values()} == set(key_sheet.DRAGS)


def test_wheel_down_is_the_next_slice_and_shift_makes_it_ten(window, show, view, intents):
    show(view)
    turn(window.viewport, 1)
    turn(window.viewport, -2)
    turn(window.viewport, 1, Qt.KeyboardModifier.ShiftModifier)
    assert intents.named("step") == [(1,), (-2,), (10,)]


def test_a_touchpad_scrolls_by_whole_slices_and_turning_back_is_immediate():
    held, steps = 0.0, 0
    for _ in range(10):
        taken, held = whole_notches(held, 30)
        steps += taken
    assert steps == 2 and held == 60
    assert whole_notches(held, -120) == (-1, 0.0)


def test_ctrl_wheel_zooms_about_the_cursor(window, show, view, intents):
    show(view)
    point = at_slice(window, 12.0, 30.0)
    turn(window.viewport, -1, Qt.KeyboardModifier.ControlModifier, QPointF(point))
    ((factor, x, y),) = intents.named("zoom_at")
    assert factor > 1
    assert (x, y) == (pytest.approx(12, abs=0.1), pytest.approx(30, abs=0.1))
    assert not intents.named("step")


def test_the_value_under_the_cursor_has_its_unit_and_its_place_in_the_patient(window, show, view):
    show(view)
    QTest.mouseMove(window.viewport, at_slice(window, 10.5, 4.5))
    assert window.viewport.readout() == "−750 HU   (−10.0, −22.0, 5.0) mm"
    QTest.mouseMove(window.viewport, QPoint(1, 1))
    assert window.viewport.readout() == ""


def test_the_value_follows_the_slice_under_a_resting_cursor(window, show, view):
    show(view)
    point = at_slice(window, 10.5, 4.5)
    QTest.mouseMove(window.viewport, point)
    brighter = make_slice(view.slice.values + 5, geometry=view.slice.header.geometry)
    window.viewport.show_view(replace(view, slice=brighter))
    window.viewport._point_at(QPointF(point))
    assert window.viewport.readout().startswith("−745 HU")


def test_the_value_follows_when_the_window_changes_its_size_under_a_resting_cursor(
    window, show, view, monkeypatch
):
    show(view)
    point = at_slice(window, 10.5, 4.5)
    QTest.mouseMove(window.viewport, point)
    before = window.viewport.readout()
    monkeypatch.setattr(window.viewport, "underMouse", lambda: True)
    monkeypatch.setattr(window.viewport, "mapFromGlobal", lambda at: point)
    window.resize(800, 560)
    QApplication.processEvents()
    x, y = window.viewport.placement().to_slice(point.x(), point.y())
    assert window.viewport.readout() != before
    assert window.viewport.readout() == window.viewport._readout_at(point) and (x, y) != (10.5, 4.5)


def test_colour_has_three_values_and_an_unknown_place_is_given_in_pixels(window, show, view):
    rgb = np.zeros((40, 60, 3), np.uint8)
    rgb[4, 10] = 1, 2, 3
    show(replace(view, slice=make_slice(rgb, geometry=Geometry()), window=None))
    QTest.mouseMove(window.viewport, at_slice(window, 10.5, 4.5))
    assert window.viewport.readout() == "RGB 1 2 3   column 10, row 4"


@pytest.mark.parametrize(
    ("value", "unit", "integer", "text"),
    [(-12.0, "HU", True, "−12 HU"), (0.03125, "", False, "0.03125"), (1432.0, "counts", True, "1432 counts")],
)
def test_values_read_as_one_writes_them(value, unit, integer, text):
    assert modality_text(value, unit, integer) == text


def test_while_a_slice_is_decoded_the_old_picture_keeps_its_own_texts(window, show, view, qtbot):
    show(view)
    show(replace(view, index=3, slice=None, corners=("x", "Im 4/6", "", "")))
    assert window.viewport.shown.index == 2
    assert "Im 3/6" in window.viewport.shown.corners[1]
    qtbot.wait(200)
    said = pixels(window.viewport)
    show(view)
    assert (said != pixels(window.viewport)).any(), "it did not say that it is loading"


def test_a_slice_that_cannot_be_shown_takes_the_old_picture_away(window, show, view):
    show(view)
    show(replace(view, slice=None, problem="This compression cannot be decoded."))
    assert window.viewport.shown.slice is None
    assert window.viewport.placement() is None


def test_the_overlay_never_stands_without_caption_and_scale(window, show, analysed):
    show(analysed)
    with_both = pixels(window.viewport)
    show(replace(analysed, caption=""))
    without_caption = pixels(window.viewport)
    show(replace(analysed, overlay=Overlay(visible=False)))
    plain = pixels(window.viewport)
    corner = np.s_[-120:, -400:]
    assert (with_both[corner] != without_caption[corner]).any()
    hot = plain[corner].astype(int)
    assert (np.ptp(hot, axis=-1) < 16).all(), "a colour bar without an overlay"
    assert (np.ptp(with_both[corner], axis=-1) > 60).any(), "no colour bar with the overlay"


def test_no_positive_evidence_is_said_in_words_and_draws_no_colour(window, show, analysed):
    empty = replace(
        analysed,
        heatmap=replace(analysed.heatmap, empty=True),
        overlay_note="No positive evidence for mass in block 2 of 3.",
    )
    show(replace(empty, overlay_note="", caption=""))
    silent = pixels(window.viewport)
    show(replace(empty, caption=""))
    said = pixels(window.viewport)
    assert (silent != said).any()
    assert (np.ptp(silent, axis=-1) < 16).all()


def test_a_large_radiograph_is_windowed_at_the_resolution_of_the_screen(window, show, view):
    values = np.tile(np.arange(3000, dtype=np.int16), (2400, 1))
    big = replace(view, slice=make_slice(values), window=Window(1500, 3000))
    show(big)
    pixels(window.viewport)
    assert window.viewport._pixels.size < values.size / 4
    drawn = pixels(window.viewport)
    middle = at_slice(window, 1500, 1200)
    assert abs(int(drawn[middle.y(), middle.x(), 0]) - 128) <= 2


def test_zoomed_in_one_sees_every_pixel_of_a_large_radiograph(window, show, view):
    values = np.zeros((2400, 3000), np.int16)
    values[1200, 1500] = 3000
    zoomed = Presentation(zoom=40.0, pan=(1500.5, 1200.5))
    show(replace(view, slice=make_slice(values), window=Window(1500, 3000), presentation=zoomed))
    drawn = pixels(window.viewport)
    middle = window.viewport.rect().center()
    assert drawn[middle.y(), middle.x(), 0] > 240


@pytest.mark.parametrize("turn", [(0, False), (1, True)])
@pytest.mark.parametrize("scale", [0.7, 1.0, 2.3, 9.5])
def test_drawing_only_what_is_seen_draws_the_same(window, show, view, analysed, monkeypatch, scale, turn):
    """Up to the viewport's border and at the slice's own: smooth scaling must find the same neighbours."""
    values = np.random.default_rng(3).integers(0, 1000, (700, 900)).astype(np.int16)
    evidence = np.zeros((700, 900), np.float32)
    evidence[200:500, 300:640] = 3.0
    viewport = window.viewport
    fitted = min(viewport.width() / 900, viewport.height() / 700)
    if turn[0]:
        fitted = min(viewport.width() / 700, viewport.height() / 900)
    for pan in ((430.3, 351.8), (20.0, 30.0), (899.0, 690.0)):
        look = Presentation(scale / fitted, pan, *turn)
        heatmap = replace(analysed.heatmap, values=evidence)
        seen = replace(
            analysed, slice=make_slice(values), window=Window(500, 1000), presentation=look, heatmap=heatmap
        )
        show(seen)
        part = pixels(viewport)
        with monkeypatch.context() as patch:
            patch.setattr(
                Placement,
                "section",
                lambda self, width, height, **size: whole_section(self, **size),
            )
            show(replace(seen, slice=make_slice(values)))
            all_of_it = pixels(viewport)
        assert np.abs(part - all_of_it).max() <= 3


def whole_section(placement, *, rows, cols, ratio):
    """The section of a viewport in which the whole slice lies."""
    corners = np.array([placement.to_screen(x, y) for x, y in ((0, 0), (cols, rows))])
    moved = replace(
        placement, left=placement.left - corners[:, 0].min(), top=placement.top - corners[:, 1].min()
    )
    return SECTION(moved, *np.ptp(corners, axis=0), rows=rows, cols=cols, ratio=ratio)


def test_without_a_slice_the_mouse_asks_for_nothing(window, qtbot, intents):
    middle = window.viewport.rect().center()
    drag(window.viewport, Qt.MouseButton.LeftButton, middle, middle + QPoint(9, 9))
    turn(window.viewport, 1, Qt.KeyboardModifier.ControlModifier)
    assert not intents.named("drag_window") and not intents.named("zoom_at")
