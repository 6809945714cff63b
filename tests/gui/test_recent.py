"""Recent studies are listed and searched, and after a crash one click goes on where it stopped."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from tests.support.clipping import clipped
from viewer.session.kept import Recent
from viewer.session.recent import HIDDEN, called, found
from viewer.session.resolved_view import ResolvedView
from viewer.ui.unfinished_study import WORDS

OPENED = time.mktime((2026, 11, 21, 14, 5, 0, 0, 0, -1))
STUDIES = (
    Recent("/studies/CT_CHEST", OPENED, ("DOE JANE", "CHEST W CONTRAST", "2024-03-01", "CT")),
    Recent("/export/brain & spine", OPENED - 60, ("ROE RICHARD", "BRAIN", "MR")),
    Recent("/home/DOE_JANE/case 17.zip", 0.0),
    Recent("/data/mammo", OPENED, ("POE PAULA", "SCREENING MAMMOGRAPHY " * 4, "MG")),
    *(Recent(f"/data/knee{number}", OPENED, ("MÜLLER ANNA", "KNEE", "MR")) for number in range(9)),
)


@pytest.fixture
def listed(window):
    window.show_recent(STUDIES)
    return window


def titles(part) -> list[str]:
    return [button.text() for button in part.buttons]


def test_a_study_is_called_by_its_folder_and_what_is_known_of_it():
    what = called(STUDIES[0])
    assert (what.title, what.detail) == ("CT_CHEST", "DOE JANE · CHEST W CONTRAST · 2024-03-01 · CT")
    assert (
        what.tip
        == "/studies/CT_CHEST\nDOE JANE · CHEST W CONTRAST · 2024-03-01 · CT\nopened 2026-11-21 14:05"
    )
    assert called(STUDIES[2]).detail == "/home/DOE_JANE"
    assert called(Recent("/")).title == "/"


def test_while_identity_is_hidden_neither_words_nor_paths_are_shown_or_found():
    said = [called(one, hidden=True) for one in STUDIES]
    assert said[0].title == "CT_CHEST" and said[0].detail == "opened 2026-11-21 14:05"
    assert said[1].title == HIDDEN and said[2].detail == ""
    assert not any("DOE" in f"{one.title}{one.detail}{one.tip}" for one in said)
    assert found(STUDIES, "jane", hidden=True) == () and len(found(STUDIES, "jane")) == 2


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ("mr brain", ["/export/brain & spine"]),
        ("DOE 2024", ["/studies/CT_CHEST"]),
        ("case", ["/home/DOE_JANE/case 17.zip"]),
        ("müller knee3", ["/data/knee3"]),
        ("nothing like it", []),
    ],
)
def test_a_search_finds_what_holds_every_word(text, paths):
    assert [one.path for one in found(STUDIES, text)] == paths


def test_the_start_page_lists_the_newest_and_searches_all(listed, intents, qtbot):
    part = listed.start.recent
    assert titles(part) == ["CT_CHEST", "brain && spine", "case 17.zip", "mammo", "knee0"]
    assert part.more.text() == "and 8 more"
    qtbot.mouseClick(part.search, Qt.MouseButton.LeftButton)
    qtbot.keyClicks(part.search, "knee 7")
    assert titles(part) == ["knee7"] and not part.more.isVisible()
    qtbot.keyClick(part.search, Qt.Key.Key_Return)
    assert intents.named("open") == [(Path("/data/knee7"),)]
    qtbot.keyClicks(part.search, "x")
    assert titles(part) == [] and part.more.text() == "No study is called so."


def test_a_click_on_a_recent_study_opens_it(listed, intents, qtbot):
    qtbot.mouseClick(listed.start.recent.buttons[1], Qt.MouseButton.LeftButton)
    assert intents.named("open") == [(Path("/export/brain & spine"),)]


def test_a_few_studies_need_no_search_and_none_no_list(window):
    window.show_recent(STUDIES[:3])
    assert not window.start.recent.search.isVisible() and len(window.start.recent.buttons) == 3
    window.show_recent(())
    assert not window.start.recent.isVisible()


def test_the_lists_follow_the_hiding_of_identity(listed, show):
    show(ResolvedView(deidentified=True))
    said = " ".join(
        f"{one.text()} {one.accessibleName()} {one.toolTip()}" for one in listed.start.recent.buttons
    )
    menu = " ".join(f"{action.text()} {action.toolTip()}" for action in listed.toolbar._recent.actions())
    assert "CT_CHEST" in said and "CT_CHEST" in menu
    assert "DOE" not in said + menu and "/" not in said + menu
    show(ResolvedView())
    assert "DOE JANE" in listed.start.recent.buttons[0].accessibleName()


def test_the_menu_lists_ten_and_leads_to_the_search(listed, intents, qtbot):
    actions = listed.toolbar._recent.actions()
    assert len(actions) == 12 and actions[-2].isSeparator()
    assert actions[1].text() == "brain && spine   ROE RICHARD · BRAIN · MR"
    actions[0].trigger()
    assert intents.named("open") == [(Path("/studies/CT_CHEST"),)]
    actions[-1].trigger()
    assert dialog_of().windowTitle() == "Recent Studies"
    dialog_of().reject()


def dialog_of():
    return QApplication.activeModalWidget()


def test_the_dialog_is_used_with_the_keyboard_alone(listed, intents, show, view, qtbot):
    show(view)
    qtbot.keyClick(listed, Qt.Key.Key_R, Qt.KeyboardModifier.ControlModifier)
    dialog = dialog_of()
    qtbot.waitUntil(lambda: dialog.list.search.hasFocus())
    assert len(dialog.list.buttons) == len(STUDIES)
    assert clipped(dialog) == []
    qtbot.keyClicks(dialog.list.search, "mammo")
    qtbot.keyClick(dialog.list.search, Qt.Key.Key_Return)
    assert intents.named("open") == [(Path("/data/mammo"),)]
    qtbot.waitUntil(lambda: dialog_of() is None)


def asked_for(intents) -> list:
    """What was asked to be opened."""
    return intents.named("open") + intents.named("keeping.go_on") + intents.named("open_sample")


def test_after_a_crash_one_click_goes_on(window, intents, qtbot):
    offer = window.start.unfinished
    assert not offer.isVisible()
    window.show_unfinished(STUDIES[0])
    assert offer.isVisible() and asked_for(intents) == []
    qtbot.mouseClick(offer.go_on, Qt.MouseButton.LeftButton)
    assert intents.named("keeping.go_on") == [()]
    window.show_unfinished(None)
    assert not offer.isVisible()


def test_the_offer_is_reached_by_keyboard_and_a_key_pressed_at_the_start_does_not_take_it(
    window, intents, qtbot
):
    window.show_unfinished(STUDIES[0])
    offer = window.start.unfinished
    window.activateWindow()
    qtbot.wait(20)
    assert window.focusWidget() is window.start.folder and not offer.go_on.isDefault()
    for _ in range(30):
        if QApplication.focusWidget() is offer.go_on:
            break
        qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
    assert offer.go_on.hasFocus() and asked_for(intents) == []
    qtbot.keyClick(offer.go_on, Qt.Key.Key_Space)
    assert intents.named("keeping.go_on") == [()]


def test_the_offer_says_what_it_is_about_and_that_nothing_is_opened_unasked(window, show):
    window.show_unfinished(STUDIES[0])
    offer = window.start.unfinished
    assert "Nothing is opened unless" in WORDS and WORDS in offer.go_on.accessibleDescription()
    assert "DOE JANE" in offer.go_on.accessibleName()
    show(ResolvedView(deidentified=True))
    assert "DOE" not in f"{offer.go_on.accessibleName()} {offer._what.text()} {offer._what.toolTip()}"
    assert "CT_CHEST" in offer._what.text()


@pytest.mark.parametrize("size", [(960, 540), (1280, 800)])
def test_nothing_of_the_start_page_is_cut_off(window, size, qtbot):
    window.resize(*size)
    window.show_recent(
        [replace(one, path=f"{one.path}, a long name of a study in a folder") for one in STUDIES]
    )
    window.show_unfinished(STUDIES[3])
    qtbot.wait(20)
    start = [line for line in clipped(window) if "Analyse" not in line]
    names = {button.text() for button in window.start.recent.buttons}
    assert not [
        line for line in start if any(name[:20] in line for name in (*names, "Go on", "Glassbox ended"))
    ]
    assert window.start.unfinished.width() <= 560


def test_a_list_that_was_opened_too_early_fills_itself(window, qtbot):
    window.activateWindow()
    window.action("study.recent").trigger()
    dialog = dialog_of()
    assert not dialog.list.buttons
    window.show_recent(STUDIES)
    assert len(dialog.list.buttons) == len(STUDIES)
    qtbot.keyClicks(dialog.list.search, "m")
    dialog.list.search.clear()
    assert dialog.list.search.isVisible(), "and can be searched again"
    dialog.reject()
    window.show_recent(STUDIES[:1])  # and nobody is told who is gone
    qtbot.waitUntil(lambda: dialog_of() is None)
