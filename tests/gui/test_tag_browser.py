"""The tag browser: follows the slice, finds, copies, and shows no identity when that is hidden."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest

from viewer.dicom.tag_table import TagRow
from viewer.ui.tag_browser import cells, matching

ROWS = (
    TagRow(0, "(0008,0060)", "Modality", "CS", "CT"),
    TagRow(0, "(0008,1140)", "Referenced Image Sequence", "SQ", "(2 items)"),
    TagRow(1, "", "Item 1", "", ""),
    TagRow(2, "(0008,1150)", "Referenced SOP Class UID", "UI", "1.2.840.1"),
    TagRow(1, "", "Item 2", "", ""),
    TagRow(2, "(0008,1155)", "Referenced SOP Instance UID", "UI", "9.8.7"),
    TagRow(0, "(0010,0010)", "Patient's Name", "PN", "Doe^Jane"),
)


@pytest.fixture
def browser(window, show, view, qtbot):
    """The browser, opened with its key on a slice, with rows in it."""
    show(view)
    window.action("image.tags").trigger()
    made = window._tag_browser
    qtbot.waitExposed(made)
    window.show_tags(ROWS)
    yield made
    made.close()


def tags(browser):
    return [row.tag or row.name for row in browser.model.rows]


def test_opening_asks_for_the_attributes_and_closing_wants_them_no_longer(browser, window, intents):
    assert intents.named("watch_tags") == [(True,)]
    assert not browser.isModal()
    browser.close()
    assert intents.named("watch_tags") == [(True,), (False,)]
    assert browser.model.rows == ()  # nothing of the patient waits in a hidden dialog


def test_all_rows_are_shown_indented(browser):
    assert tags(browser) == [row.tag or row.name for row in ROWS]
    assert browser.model.index(3, 0).data() == "\u2003\u2003(0008,1150)"
    assert browser.model.index(6, 3).data() == "Doe^Jane"
    assert "5 attributes · image 3 of 6" in browser.status.text()


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("doe", ["(0010,0010)"]),
        ("0010,0010", ["(0010,0010)"]),
        ("00100010", ["(0010,0010)"]),
        ("name patient", ["(0010,0010)"]),
        ("instance uid", ["(0008,1140)", "Item 2", "(0008,1155)"]),
        ("9.8.7", ["(0008,1140)", "Item 2", "(0008,1155)"]),
        ("nothing of it", []),
    ],
)
def test_the_search_finds_tag_name_and_value_and_keeps_what_they_lie_in(browser, search, found):
    QTest.keyClicks(browser.search, search)
    assert tags(browser) == found
    assert "of 5 attributes" in browser.status.text()


def test_every_row_is_found_once():
    assert matching(ROWS, "e") == ROWS[1:]


def test_copying_gives_values_or_rows(browser):
    browser.table.setFocus()
    browser.table.setCurrentIndex(browser.model.index(6, 0))
    QTest.keyClick(browser.table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.clipboard().text() == "Doe^Jane"
    both = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    QTest.keyClick(browser.table, Qt.Key.Key_C, both)
    assert QGuiApplication.clipboard().text() == "(0010,0010)\tPatient's Name\tPN\tDoe^Jane"


def test_the_keyboard_goes_from_the_search_into_the_table(browser):
    QTest.keyClicks(browser.search, "doe")
    QTest.keyClick(browser.search, Qt.Key.Key_Return)
    assert browser.table.hasFocus() and browser.table.currentIndex().row() == 0
    QTest.keyClick(browser.table, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    assert browser.search.hasFocus()


def test_scrolling_to_a_slice_with_the_same_attributes_keeps_the_place(browser, window):
    browser.table.setCurrentIndex(browser.model.index(6, 0))
    window.show_tags((*ROWS[:-1], replace(ROWS[-1], value="Roe^Richard")))
    assert browser.table.currentIndex().row() == 6
    assert browser.model.index(6, 3).data() == "Roe^Richard"


def test_hiding_identity_empties_the_table_at_once(browser, window, show, view):
    show(replace(view, deidentified=True))
    assert browser.model.rows == ()
    window.show_tags((replace(ROWS[-1], value="(hidden)"),))
    assert "identity hidden" in browser.status.text()


def test_what_cannot_be_read_is_said_in_a_sentence(browser, window):
    window.show_tags((), "The file cannot be read.")
    assert not browser.problem.isHidden() and browser.problem.text() == "The file cannot be read."
    window.show_tags(ROWS)
    assert browser.problem.isHidden()


def test_everything_has_a_name_for_a_screen_reader(browser):
    assert browser.search.accessibleName() and browser.table.accessibleName()


def test_a_tooltip_shows_text_as_it_is_written(browser, window):
    window.show_tags((TagRow(0, "(0008,103E)", "Series Description", "LO", "<b>5 < 6</b>"),))
    tip = browser.model.index(0, 3).data(Qt.ItemDataRole.ToolTipRole)
    assert tip == "<p>&lt;b&gt;5 &lt; 6&lt;/b&gt;</p>"
    assert cells(browser.model.rows[0])[3] == "<b>5 < 6</b>"
