"""At any size of the interface the window and its dialogs fit the screen, and no text of theirs is cut."""

from dataclasses import replace

import pytest
from PySide6.QtCore import QSize
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import QComboBox, QDialog, QLabel, QStyle, QVBoxLayout, QWidget

from tests.support.clipping import clipped
from viewer.settings import Settings
from viewer.ui.dialog import fit, scrolling
from viewer.ui.elided_box import ElidedBox
from viewer.ui.main_window import FRAME
from viewer.ui.room import PICTURE, Room

SMALL = QSize(546, 307)
"""A screen of 1366 × 768 at 250 %."""


@pytest.fixture
def small(window, monkeypatch, show, view):
    """The window on a small screen, filling it, with a slice."""
    monkeypatch.setattr(Room, "_room", lambda self: SMALL)
    show(view)
    window.resize(SMALL)
    return window


def open_panels(window):
    return {name for name, dock in window.docks.items() if dock.isVisible() and not dock.isFloating()}


def test_where_the_screen_is_too_small_the_panel_asked_for_last_stays(small, qtbot):
    for name in ("studies", "ai", "marks", "studies"):
        small.toggle_panel(name)
        qtbot.waitUntil(lambda: small.width() <= SMALL.width() and small.height() <= SMALL.height())
        assert open_panels(small) == {name}


def test_a_panel_that_had_to_make_room_is_not_opened_again_by_the_program(small, show, analysed, qtbot):
    show(analysed)
    assert open_panels(small) == {"ai"}
    small.toggle_panel("studies")
    show(replace(analysed, index=3))
    assert open_panels(small) == {"studies"}


def test_a_panel_gives_way_before_the_picture_grows_too_narrow_to_read(
    window, monkeypatch, show, view, qtbot
):
    monkeypatch.setattr(Room, "_room", lambda self: QSize(768, 432))
    show(view)
    window.resize(768, 432)
    for name in ("studies", "ai"):
        window.toggle_panel(name)
    qtbot.waitUntil(lambda: open_panels(window) == {"ai"} and window.viewport.width() >= PICTURE)


@pytest.mark.qt_log_ignore(r"This plugin does not support (raise|propagateSizeHints)\(\)")
def test_a_panel_for_which_there_is_no_room_at_all_is_torn_off(small, qtbot):
    small.toggle_panel("levels")
    levels = small.docks["levels"]
    qtbot.waitUntil(lambda: levels.isFloating() and levels.isVisible())
    qtbot.waitUntil(lambda: small._levels.plot is not None)
    levels.close()


def test_with_room_for_all_of_them_no_panel_is_closed(window, monkeypatch, show, view, qtbot):
    monkeypatch.setattr(Room, "_room", lambda self: QSize(1920, 1080))
    show(view)
    for name in ("studies", "ai", "marks", "levels"):
        window.toggle_panel(name)
    qtbot.waitUntil(lambda: open_panels(window) == {"studies", "ai", "marks", "levels"})
    qtbot.waitUntil(lambda: window._levels.plot is not None)


def test_a_window_drawn_over_two_screens_keeps_its_size(window, show, view, qtbot):
    show(view)
    size = window.size()
    assert size.width() > window.screen().availableGeometry().width()
    window.toggle_panel("studies")
    qtbot.wait(20)
    assert window.size() == size and open_panels(window) == {"studies"}


def test_a_menu_that_is_taller_than_the_screen_scrolls(window):
    for menu in window.menus.menus.values():
        assert menu.style().styleHint(QStyle.StyleHint.SH_Menu_Scrollable, None, menu)


def test_no_dialog_is_larger_than_the_screen(qtbot):
    dialog = QDialog()
    qtbot.addWidget(dialog)
    body = QWidget()
    column = QVBoxLayout(body)
    for number in range(80):
        column.addWidget(QLabel(f"line {number}"))
    QVBoxLayout(dialog).addWidget(scrolling(body))
    fit(dialog, 4000, 4000)
    dialog.show()
    room = dialog.screen().availableGeometry().size()
    assert dialog.width() <= room.width() and dialog.height() <= room.height()
    assert not clipped(dialog)
    dialog.close()


def test_a_text_that_is_too_long_for_its_box_ends_in_dots(qtbot):
    def drawn(kind, text):
        box = kind()
        qtbot.addWidget(box)
        box.addItem(text)
        box.resize(160, 28)
        return box.grab().toImage()

    assert drawn(ElidedBox, "a model") == drawn(QComboBox, "a model")
    long = "a model with a very long title"
    assert drawn(ElidedBox, long) != drawn(QComboBox, long), "Qt cuts a letter in two"
    assert drawn(ElidedBox, long) == drawn(ElidedBox, "a model with a very long name")


@pytest.mark.parametrize("wide", [True, False])
def test_text_that_is_cut_is_found(qtbot, wide):
    dialog = QDialog()
    qtbot.addWidget(dialog)
    column = QVBoxLayout(dialog)
    label = QLabel("some words that need their room")
    column.addWidget(label)
    if not wide:
        label.setFixedWidth(40)
    picture = QLabel()
    picture.setPixmap(QPixmap(4, 4))
    column.addWidget(picture)
    dialog.show()
    assert bool(clipped(dialog)) is not wide
    dialog.close()


def test_the_window_leaves_the_screen_room_for_its_frame(window):
    screen = window.screen().availableGeometry().size()
    assert window.minimumSizeHint().width() <= screen.width() - FRAME.width()
    window._fit_screen(Settings())
    assert window.width() <= screen.width() - FRAME.width()
    assert window.height() <= screen.height() - FRAME.height()
