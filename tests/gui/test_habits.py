"""What the reader is used to: asked once, changed at any time, remembered."""

from dataclasses import replace

import pytest
from PySide6.QtCore import QSize, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialogButtonBox
from shiboken6 import isValid

from viewer.commands.command import CommandRegistry
from viewer.commands.defaults import default_commands
from viewer.settings import Settings
from viewer.ui.main_window import MainWindow
from viewer.ui.mouse_question import profile_words
from viewer.ui.scale_dialog import ScaleDialog, room_words
from viewer.ui.viewport import DRAGS


def test_the_first_start_asks_for_the_mouse_and_both_habits_are_told_in_words(window):
    question = window.start.question
    assert question.isVisible()
    assert set(question.buttons) == set(DRAGS)
    for profile, button in question.buttons.items():
        words = button.accessibleDescription()
        assert all(part in words for part in ("Left", "Right", "Middle")) and profile_words(profile) in words
    assert profile_words("scroll") == "Left drag: scroll slices\nRight drag: window\nMiddle drag: pan"


def test_the_answer_is_in_force_at_once_kept_and_never_asked_for_again(window, intents, qtbot):
    button = window.start.question.buttons["scroll"]
    button.setFocus()
    QTest.keyClick(button, Qt.Key.Key_Space)
    assert window.viewport._drags is DRAGS["scroll"]
    assert not window.start.question.isVisible()
    assert intents.named("keep_settings") == [{"mouse": "scroll", "mouse_asked": True}]
    assert window._commands["view.scroll_on_left"].checked()
    again = MainWindow(intents, CommandRegistry(default_commands(intents)), Settings(mouse_asked=True))
    qtbot.addWidget(again)
    assert again.start.question.isHidden()


def test_who_skips_the_question_keeps_the_window_on_the_left(window, intents):
    window.start.question.skip.click()
    assert window.start.question.isHidden() and window.viewport._drags is DRAGS["window"]
    assert intents.named("keep_settings") == [{"mouse_asked": True}]


def test_who_opens_a_study_and_passes_the_question_by_has_skipped_it(window, intents, show, view):
    window.start.sample.click()
    show(view)
    assert intents.named("keep_settings") == [{"mouse_asked": True}]
    assert window.start.question.isHidden()


def test_a_study_of_the_command_line_does_not_answer_for_the_reader(window, intents, show, view):
    show(view)
    assert intents.named("keep_settings") == []


@pytest.fixture
def scales(window, qtbot):
    """The dialog, opened from the menu."""
    window.action("view.scale").trigger()
    made = next(one for one in QApplication.topLevelWidgets() if isinstance(one, ScaleDialog))
    yield made
    if isValid(made):
        made.close()


def test_the_size_of_the_interface_goes_from_100_to_250_in_steps_of_25(window, scales, intents):
    slider = scales.slider
    seen = []
    for _ in range(10):
        seen.append(scales.number.text())
        QTest.keyClick(slider, Qt.Key.Key_Right)
    assert seen[:7] == ["100 %", "125 %", "150 %", "175 %", "200 %", "225 %", "250 %"]
    assert set(seen[7:]) == {"250 %"}
    scales.findChild(QDialogButtonBox).button(QDialogButtonBox.StandardButton.Ok).click()
    assert intents.named("keep_settings") == [{"ui_scale": 2.5}]
    assert "250 %" in window.notices.notice.text and "start it again" in window.notices.notice.remedy


def test_a_size_that_is_not_taken_is_not_kept(scales, intents):
    QTest.keyClick(scales.slider, Qt.Key.Key_Right)
    scales.reject()
    assert intents.named("keep_settings") == []


def test_the_preview_grows_with_the_size_chosen(scales, qtbot):
    def ink():
        image = scales.preview.grab().toImage()
        ground = image.pixelColor(image.width() - 3, image.height() - 3)
        rows = [
            y
            for y in range(2, image.height() - 2)
            if any(image.pixelColor(x, y) != ground for x in range(2, image.width() - 2, 3))
        ]
        return max(rows) - min(rows)

    small = ink()
    scales.slider.setValue(6)
    assert ink() == pytest.approx(1.5 * small, rel=0.12)


def test_what_a_screen_has_room_for_is_said(scales):
    assert "960 × 540" in room_words(QSize(1920, 1080), 2.0) and "little" not in room_words(
        QSize(1920, 1080), 2.0
    )
    assert "546 × 307" in room_words(QSize(1366, 768), 2.5) and "little" in room_words(QSize(1366, 768), 2.5)


def test_esc_puts_away_what_is_in_hand_whatever_key_the_command_has(window, show, analysed, intents):
    show(replace(analysed, tool="occluder"))
    window._commands.rebind("analysis.cancel", "F12")
    window.viewport.setFocus()
    QTest.keyClick(window.viewport, Qt.Key.Key_Escape)
    QTest.keyClick(window.viewport, Qt.Key.Key_F12)
    assert intents.named("set_tool") == [("",), ("",)]
