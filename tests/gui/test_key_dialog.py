"""Every key can be changed in the dialog, with the keyboard alone, and is in force at once."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from shiboken6 import isValid

from viewer.ui.key_dialog import KeyDialog
from viewer.ui.key_sheet import KeySheet, sheet_html

SHIFT, CTRL = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def dialog(window, qtbot):
    """Opened from the menu, as a reader does."""
    window.action("view.keys").trigger()
    made = next(one for one in QApplication.topLevelWidgets() if isinstance(one, KeyDialog))
    activate(made, qtbot)
    yield made
    if isValid(made):
        made.close()


def activate(widget, qtbot):
    """The offscreen platform does not do it by itself."""
    widget.activateWindow()
    qtbot.waitUntil(lambda: QApplication.activeWindow() is widget)


def type_text(text):
    for letter in text:
        QTest.keyClick(QApplication.focusWidget(), letter)


def press(key, modifiers=Qt.KeyboardModifier.NoModifier):
    QTest.keyClick(QApplication.focusWidget(), key, modifiers)


def choose(title):
    """Type the name of a command, go into the table and on to the field for its key."""
    type_text(title)
    press(Qt.Key.Key_Return)
    press(Qt.Key.Key_Return)


def key_of(window, command_id):
    return window._commands[command_id].shortcut


def test_by_keyboard_alone_a_command_gets_another_key_that_works_at_once(
    window, dialog, show, analysed, intents, qtbot
):
    show(analysed)
    choose("show heatmap")
    assert QApplication.focusWidget() is dialog.key
    press(Qt.Key.Key_F9, CTRL)
    assert "has the key Ctrl+F9 now" in dialog.said.text()
    assert intents.named("keep_settings")[-1] == {"shortcuts": {"overlay.toggle": "Ctrl+F9"}}
    assert "Ctrl+F9" in window.action("overlay.toggle").toolTip()
    press(Qt.Key.Key_Escape)
    activate(window, qtbot)
    window.viewport.setFocus()
    QTest.keyClick(window.viewport, Qt.Key.Key_H)
    assert intents.named("toggle_overlay") == []
    QTest.keyClick(window.viewport, Qt.Key.Key_F9, CTRL)
    assert intents.named("toggle_overlay") == [()]


def test_the_sheet_of_keys_and_the_picture_name_the_key_in_force(window, dialog):
    choose("explain anyway")
    press(Qt.Key.Key_F8)
    assert key_of(window, "gate.open") == "F8"
    assert "F8" in sheet_html(window._commands) and "Shift+H" not in sheet_html(window._commands)
    assert "F8" in window.viewport._way_out


def test_a_key_that_is_taken_is_refused_in_a_sentence_that_names_the_other(window, dialog, intents):
    choose("show heatmap")
    press(Qt.Key.Key_I)
    assert dialog.said.text().startswith("I belongs to “Invert” (menu Image).")
    assert key_of(window, "overlay.toggle") == "H" and not intents.named("keep_settings")
    press(Qt.Key.Key_J, SHIFT | CTRL)
    assert key_of(window, "overlay.toggle") == "Ctrl+Shift+J", "after a refusal the next key is taken"


@pytest.mark.parametrize(
    ("key", "why"), [(Qt.Key.Key_Space, "peeking"), (Qt.Key.Key_Return, "button"), (Qt.Key.Key_F, "File")]
)
def test_a_key_that_the_window_needs_is_refused_in_a_sentence(window, dialog, key, why):
    choose("show heatmap")
    alt = Qt.KeyboardModifier.AltModifier if key == Qt.Key.Key_F else Qt.KeyboardModifier.NoModifier
    press(key, alt)
    assert why in dialog.said.text() and key_of(window, "overlay.toggle") == "H"


def test_no_command_runs_while_its_key_is_pressed_into_the_field(window, dialog, intents):
    choose("show heatmap")
    before = len(intents.calls)
    for key in (Qt.Key.Key_Down, Qt.Key.Key_F5, Qt.Key.Key_Delete):
        press(key)
    assert {name for name, _ in intents.calls[before:]} <= {"keep_settings"}


@pytest.mark.parametrize(
    ("key", "modifiers", "written"),
    [
        (Qt.Key.Key_H, SHIFT | CTRL, "Ctrl+Shift+H"),
        (Qt.Key.Key_PageUp, CTRL, "Ctrl+PgUp"),
        (Qt.Key.Key_F7, Qt.KeyboardModifier.KeypadModifier, "F7"),
        (Qt.Key.Key_Shift, SHIFT, "H"),
    ],
)
def test_keys_are_written_as_in_the_table(window, dialog, key, modifiers, written):
    choose("show heatmap")
    press(key, modifiers)
    assert key_of(window, "overlay.toggle") == written


def test_a_character_that_needs_shift_is_the_character(window, dialog):
    choose("show heatmap")
    QTest.keyClick(dialog.key, "!", SHIFT)
    assert key_of(window, "overlay.toggle") == "!"


def test_one_key_goes_back_and_all_go_back(window, dialog, intents, qtbot):
    window._commands.rebind("overlay.toggle", "F8")
    window._commands.rebind("view.fit", "F9")
    dialog._show_keys()
    choose("show heatmap")
    press(Qt.Key.Key_R, Qt.KeyboardModifier.AltModifier)
    assert "menu Report" in dialog.said.text(), "in the field, every key is the key to take"
    press(Qt.Key.Key_Escape)
    press(Qt.Key.Key_R, Qt.KeyboardModifier.AltModifier)
    qtbot.waitUntil(lambda: key_of(window, "overlay.toggle") == "H")
    assert key_of(window, "view.fit") == "F9"
    press(Qt.Key.Key_A, Qt.KeyboardModifier.AltModifier)
    qtbot.waitUntil(lambda: key_of(window, "view.fit") == "F")
    assert not dialog.reset_all.isEnabled()
    assert intents.named("keep_settings")[-1] == {"shortcuts": {}}


def test_a_key_is_taken_away_by_the_keyboard(window, dialog, qtbot):
    choose("invert")
    press(Qt.Key.Key_Escape)
    press(Qt.Key.Key_N, Qt.KeyboardModifier.AltModifier)
    qtbot.waitUntil(lambda: key_of(window, "window.invert") == "")
    assert "no key now" in dialog.said.text()


def test_the_search_finds_by_name_by_menu_and_by_key(dialog):
    def found(text):
        dialog.search.setText(text)
        return [item.text(0) for item in dialog._found()]

    assert found("fit to") == ["Fit to Window"]
    assert found("ctrl+e") == ["Export Report"]
    assert "About Glassbox" in found("help") and "Fit to Window" not in found("help")
    assert found("no such thing") == [] and "none" in dialog.said.text()
    assert not dialog.key.isEnabled()
    assert len(found("")) == len(dialog._commands)


def test_every_command_stands_in_the_dialog_under_its_menu(window, dialog):
    rows = {name: (item.parent().text(0), item.text(0)) for name, item in dialog._items.items()}
    assert rows == {one.id: (one.menu, one.title.rstrip("…")) for one in window._commands}


def test_the_sheet_leads_to_the_dialog(window, qtbot):
    window.action("help.keys").trigger()
    sheet = next(one for one in QApplication.topLevelWidgets() if isinstance(one, KeySheet))
    sheet._change()
    made = next(one for one in QApplication.topLevelWidgets() if isinstance(one, KeyDialog))
    assert made.isVisible()
    made.close()
