"""The reader's marks and the window's own keys: text is typed, Esc goes step by step."""

from dataclasses import replace

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit

from tests.gui.test_marking import LEFT, click, marked, near, painted, path, shown
from tests.gui.test_viewport import at_slice


def test_text_is_typed_where_it_is_about_and_letters_are_no_commands(window, show, intents, view):
    show(replace(view, tool="text"))
    window.activateWindow()
    click(window, 20, 10)
    entry = window.viewport.findChild(QLineEdit)
    assert entry.isVisible() and not intents.named("marks.add")
    QTest.keyClicks(entry, "Hila, left")
    QTest.keyClick(entry, Qt.Key.Key_Return)
    assert intents.named("marks.add") and near(intents.named("marks.add")[-1][1], ((20, 10),))
    assert intents.named("marks.add")[-1][2] == "Hila, left"
    assert window.viewport.marking.entry is None and len(intents.named("marks.add")) == 1
    assert not intents.named("toggle_overlay") and not intents.named("toggle_invert")


def test_escape_in_the_text_drops_it_and_keeps_the_tool(window, show, intents, view):
    show(replace(view, tool="text"))
    click(window, 20, 10)
    entry = window.viewport.findChild(QLineEdit)
    QTest.keyClicks(entry, "no")
    QTest.keyClick(entry, Qt.Key.Key_Escape)
    assert not entry.isVisible() and not intents.named("marks.add") and not intents.named("set_tool")
    click(window, 20, 10)
    QTest.keyClick(window.viewport.marking.entry, Qt.Key.Key_Return)
    assert not intents.named("marks.add"), "a text without letters is no mark"


def test_escape_drops_what_is_begun_and_then_puts_the_tool_away(window, show, intents, view):
    show(replace(view, tool="angle"))
    window.activateWindow()
    window.viewport.setFocus()
    path(window, (10, 8), (30, 30))
    QTest.keyClick(window.viewport, Qt.Key.Key_Escape)
    assert not intents.named("set_tool") and not window.viewport.marking.busy
    QTest.keyClick(window.viewport, Qt.Key.Key_Escape)
    assert intents.named("set_tool") == [("",)] and not intents.named("marks.add")


def test_a_double_click_writes_on_a_mark_where_it_stands(window, show, intents, view):
    show(marked(view, shown(view, text="old"), chosen="one"))
    painted(window)
    QTest.mouseDClick(window.viewport, LEFT, pos=at_slice(window, 26, 16))
    entry = window.viewport.findChild(QLineEdit)
    assert entry.text() == "old" and window.toolbar.isVisible()
    QTest.keyClicks(entry, "new")
    QTest.keyClick(entry, Qt.Key.Key_Return)
    assert intents.named("marks.change") == [{"text": "new"}]
