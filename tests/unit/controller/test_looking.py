"""Looking: window, zoom, slices; every intent is harmless on an empty viewer."""

import pytest

from tests.support.stand_ins import series_of
from viewer.session.state import Presentation
from viewer.study import ScanResult, Window


def test_every_intent_is_harmless_on_an_empty_viewer(lab, desk, screen, tmp_path):
    desk.select_series("x")
    desk.step_series(1)
    desk.step(1)
    desk.go_to(-1)
    desk.next_peak()
    desk.previous_peak()
    desk.set_window(Window(1, 2))
    desk.set_window(None)
    desk.set_preset(1)
    desk.set_voi_lut(3)
    desk.drag_window(1, 2)
    desk.toggle_invert()
    desk.toggle_graphics()
    desk.toggle_shutter()
    desk.zoom_at(2, 1, 1)
    desk.pan_by(1, 1)
    desk.fit()
    desk.rotate(1)
    desk.flip()
    desk.reset()
    desk.step_layer(1)
    desk.set_layer("x")
    desk.set_model("x")
    desk.set_target("x")
    desk.set_target(None)
    desk.analyse()
    desk.analyse_anyway()
    desk.cancel("dicom")
    desk.cancel("inference")
    desk.peek(True)
    desk.peek(False)
    assert screen.view.series is None
    assert lab.loaded == []


def test_steps_stop_at_the_ends(opened, screen):
    opened.step(-1)
    assert screen.view.index == 0
    opened.step(100)
    assert screen.view.index == 8
    opened.go_to(-2)
    assert screen.view.index == 7
    opened.go_to(-100)
    assert screen.view.index == 0


def test_presets_are_those_of_the_modality(opened, screen):
    opened.commands.run("window.preset_6")
    assert (screen.view.window.width, screen.view.window.center) == (1500, -600)
    opened.set_preset(0)
    opened.set_preset(10)
    assert screen.view.window.width == 1500
    opened.commands.run("window.from_file")
    assert screen.view.window.width != 1500


def test_a_drag_starts_from_the_window_on_the_screen(opened, screen):
    before = screen.view.window
    opened.drag_window(100, 0)
    assert screen.view.window.width > before.width
    assert screen.view.window.center == pytest.approx(before.center)


def test_a_window_that_cannot_be_is_not_taken(opened, screen):
    opened.set_window(Window(0, 100))
    opened.set_window(Window(float("nan"), 100))
    assert screen.view.window == Window(0, 100)
    opened.set_window(Window(0, 0.25))
    assert screen.view.window.function == "LINEAR_EXACT"


def test_reset_brings_back_what_the_file_says(opened, screen):
    before = screen.view.window
    opened.zoom_at(3, 4, 5)
    opened.pan_by(2, 2)
    opened.toggle_invert()
    opened.rotate(1)
    opened.flip()
    opened.set_window(Window(5, 6))
    opened.reset()
    assert screen.view.presentation == Presentation()
    assert (screen.view.window, screen.view.invert) == (before, False)


def test_a_turn_stays_while_one_scrolls_and_fits_and_goes_with_the_series(opened, screen, qtbot):
    for command in ("view.rotate_right", "view.flip_vertically", "view.rotate_left"):
        opened.commands.run(command)
    turned = screen.view.presentation
    assert (turned.quarter_turns, turned.flipped) == (0, True)
    opened.commands.run("view.flip_horizontally")
    opened.commands.run("view.rotate_right")
    turned = screen.view.presentation
    assert (turned.quarter_turns, turned.flipped) == (1, False)
    opened.step(2)
    opened.zoom_at(2, 3, 3)
    opened.fit()
    assert screen.view.presentation == turned
    opened.step_series(1)
    assert screen.view.presentation == Presentation()


def test_identity_is_hidden_on_request_and_that_is_remembered(opened, screen):
    opened.commands.run("view.deidentify")
    assert screen.view.corners[0] == "De-identified"
    assert opened.settings.deidentified


def test_nothing_changes_when_nothing_was_asked(opened, screen):
    shown = len(screen.views)
    opened.step(-1)
    opened.fit()
    opened.set_overlay(opacity=screen.view.overlay.opacity)
    assert len(screen.views) == shown


def test_the_overlay_starts_as_the_settings_say(lab, qtbot):
    from viewer.controller import Controller
    from viewer.settings import Settings

    controller = Controller(
        Settings(overlay_opacity=0.3, overlay_colormap="viridis", overlay_scale="relative")
    )
    overlay = controller.state.overlay
    assert (overlay.opacity, overlay.colormap, overlay.scale) == (0.3, "viridis", "relative")
    assert controller.shutdown()


def test_a_report_without_an_image_is_refused_in_words(desk, screen, qtbot, tmp_path):
    from viewer.errors import ReportError

    with pytest.raises(ReportError, match="no image"):
        desk.make_report()
    desk.export_report(tmp_path / "x.png")
    qtbot.waitUntil(lambda: screen.said("no image"))
    assert not (tmp_path / "x.png").exists()


def test_up_is_brighter_also_where_the_picture_is_inverted(opened, screen):
    opened.toggle_invert()
    before = screen.view.window.center
    opened.drag_window(0, -50)
    assert screen.view.window.center > before


def test_without_presets_of_the_modality_the_numbers_choose_what_the_file_offers(
    lab, desk, screen, qtbot, tmp_path
):
    lab.scans["mr"] = [ScanResult((series_of("m", 3, modality="MR"),))]
    desk.open(tmp_path / "mr")
    qtbot.waitUntil(lambda: screen.view.slice is not None)
    desk.set_window(Window(1, 2))
    desk.set_preset(1)
    assert screen.view.window == screen.view.window_choices[0]
    desk.set_preset(9)
    assert screen.view.window == screen.view.window_choices[0]


def test_file_graphics_and_shutter_go_off_and_on(opened, screen):
    opened.toggle_graphics()
    opened.toggle_shutter()
    assert (screen.view.graphics, screen.view.shutter) == (False, False)
    opened.toggle_graphics()
    opened.toggle_shutter()
    assert (screen.view.graphics, screen.view.shutter) == (True, True)
