"""The question where the study of a report lies."""

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QMessageBox

from viewer.ui.study_question import StudyQuestion


def question(window):
    return window.findChild(StudyQuestion)


def test_the_window_asks_in_words_and_hands_the_folder_on(window, intents, qtbot, monkeypatch):
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: "/moved/here")
    window.ask_study("The study is not where it was.")
    asked = question(window)
    assert asked.isVisible() and asked.text() == "The study is not where it was."
    assert asked.defaultButton() is asked.choose and intents.named("open_study") == []
    qtbot.keyClick(asked, Qt.Key.Key_Return)
    assert intents.named("open_study") == [(Path("/moved/here"),)]


def test_nothing_is_opened_without_a_folder(window, intents, qtbot, monkeypatch):
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: "")
    window.ask_study("Why.")
    qtbot.mouseClick(question(window).choose, Qt.MouseButton.LeftButton)
    window.ask_study("Why.")
    asked = [one for one in window.findChildren(StudyQuestion) if one.isVisible()][-1]
    qtbot.mouseClick(asked.button(QMessageBox.StandardButton.Cancel), Qt.MouseButton.LeftButton)
    assert intents.named("open_study") == []


def test_a_report_is_opened_from_the_menu_like_a_study(window, intents, monkeypatch):
    monkeypatch.setattr(
        QFileDialog,
        "getOpenFileName",
        lambda *about: ("/a/page.png", "") if "*.png" in about[3] else ("", ""),
    )
    window.ask_open_file()
    assert intents.named("open") == [(Path("/a/page.png"),)]
