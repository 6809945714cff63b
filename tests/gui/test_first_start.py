"""The first start: what this is, what to do, and, once, what Glassbox is not for."""

import subprocess
import sys

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from tests.gui.test_reachable import missed, nameless, walked
from viewer.commands.command import CommandRegistry
from viewer.commands.defaults import default_commands
from viewer.settings import Settings
from viewer.ui.about import DISCLAIMER
from viewer.ui.guide import GuideWindow
from viewer.ui.main_window import MainWindow


def started(intents, qtbot, **known):
    made = MainWindow(intents, CommandRegistry(default_commands(intents)), Settings(**known))
    qtbot.addWidget(made)
    made.resize(1100, 760)
    with qtbot.waitExposed(made):
        made.show()
    return made


def test_the_disclaimer_stays_until_it_is_acknowledged_and_never_comes_again(intents, qtbot):
    window = started(intents, qtbot)
    assert window.disclaimer.isVisible() and DISCLAIMER in window.disclaimer.words.text()
    window.disclaimer.understood.setFocus()
    QTest.keyClick(window.disclaimer.understood, Qt.Key.Key_Space)
    assert not window.disclaimer.isVisible()
    assert intents.named("keep_settings") == [{"disclaimer_read": True}]
    assert not started(intents, qtbot, disclaimer_read=True).disclaimer.isVisible()


def test_who_opens_a_study_at_once_meets_the_disclaimer_beside_the_picture(intents, qtbot, view):
    window = started(intents, qtbot)
    intents.view = view
    window.show_view(view, None)
    assert window.viewport.isVisible() and window.disclaimer.isVisible()
    below = window.disclaimer.mapTo(window, window.disclaimer.rect().bottomLeft()).y()
    assert window.viewport.mapTo(window, window.viewport.rect().topLeft()).y() > below, "it covers nothing"


def test_the_disclaimer_is_whole_in_a_narrow_window(intents, qtbot):
    window = started(intents, qtbot)
    window.resize(640, 480)
    qtbot.wait(1)
    words = window.disclaimer.words
    assert words.height() >= words.heightForWidth(words.width())


def test_the_first_start_is_named_and_walked_by_tab(intents, qtbot):
    window = started(intents, qtbot)
    window.activateWindow()
    qtbot.waitUntil(lambda: QApplication.activeWindow() is window)
    assert not nameless(window)
    assert not missed(window, walked(window.disclaimer.understood))


def test_a_click_that_acknowledges_leaves_the_keys_with_the_picture(intents, qtbot, view):
    window = started(intents, qtbot)
    intents.view = view
    window.show_view(view, None)
    window.activateWindow()
    qtbot.waitUntil(lambda: window.viewport.hasFocus())
    QTest.mouseClick(window.disclaimer.understood, Qt.MouseButton.LeftButton)
    assert window.disclaimer.isHidden() and window.viewport.hasFocus()


def test_the_guide_costs_the_start_nothing():
    code = "import sys, viewer.ui.main_window; sys.exit(any('guide' in name for name in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_start_page_says_what_this_is_and_leads_to_guide_sample_and_folder(intents, qtbot, monkeypatch):
    window = started(intents, qtbot)
    asked = []
    monkeypatch.setattr(
        "viewer.ui.asking_window.QFileDialog.getExistingDirectory", lambda *rest: asked.append(rest) or ""
    )
    QTest.mouseClick(window.start.guide, Qt.MouseButton.LeftButton)
    guide = window.findChild(GuideWindow)
    assert guide.isVisible() and guide.page is guide.pages[0]
    guide.close()
    QTest.mouseClick(window.start.sample, Qt.MouseButton.LeftButton)
    assert intents.named("open_sample")
    QTest.mouseClick(window.start.folder, Qt.MouseButton.LeftButton)
    assert len(asked) == 1
