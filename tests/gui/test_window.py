import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QFileDialog,
    QScrollBar,
)

from viewer.commands.command import CommandRegistry
from viewer.commands.defaults import default_commands
from viewer.notice import Notice
from viewer.session.state import Overlay
from viewer.settings import Settings
from viewer.study import ScanResult, Skipped, VoiLut
from viewer.ui import theme
from viewer.ui.key_sheet import sheet_html
from viewer.ui.main_window import MainWindow
from viewer.ui.report_dialog import ReportDialog


def drop(window, *paths: str) -> bool:
    """Drag paths over the window and let go; whether it took them."""
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(path) for path in paths])
    enter = QDragEnterEvent(
        window.rect().center(),
        Qt.DropAction.CopyAction,
        mime,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    enter.ignore()
    QApplication.sendEvent(window, enter)
    if not enter.isAccepted():
        return False
    let_go = QDropEvent(
        QPointF(window.rect().center()),
        Qt.DropAction.CopyAction,
        mime,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    QApplication.sendEvent(window, let_go)
    return True


def test_every_command_stands_in_its_menu_with_its_key(window):
    for command in window._commands:
        action = window.action(command.id)
        assert action in window.menus.menus[command.menu].actions(), command.id
        assert action.shortcut().toString().lower() == command.shortcut.lower(), command.id


def test_every_icon_of_the_table_belongs_to_a_command(window):
    from viewer.ui.menus import ICONS

    assert set(ICONS) <= {command.id for command in window._commands}


def test_the_keys_of_the_reading_room_reach_the_controller(window, show, analysed, intents):
    show(analysed)
    window.viewport.setFocus()
    for key in (Qt.Key.Key_Down, Qt.Key.Key_PageUp, Qt.Key.Key_H, Qt.Key.Key_BracketRight, Qt.Key.Key_N):
        QTest.keyClick(window.viewport, key)
    assert intents.named("step") == [(1,), (-10,)]
    assert intents.named("toggle_overlay") == [()]
    assert intents.named("step_layer") == [(1,)]
    assert intents.named("next_peak") == [()]


def test_the_menu_names_the_presets_of_the_modality(window, show, view):
    show(view)
    window.menus.menus["Image"].aboutToShow.emit()
    assert window.action("window.preset_6").text() == "Window: lung   W 1500 L −600"


def test_without_presets_of_the_modality_the_numbers_choose_what_the_file_offers(window, show, view):
    lut = VoiLut(0, np.arange(256, dtype=np.uint8), 8, "NORMAL")
    shown = replace(view.slice, luts=(lut,))
    show(replace(view, slice=shown, series=replace(view.series, modality="DX")))
    window.menus.menus["Image"].aboutToShow.emit()
    texts = [window.action(f"window.preset_{number}").text() for number in (1, 2, 3)]
    assert texts == ["Window: LUT NORMAL", "Window: file   W 2000 L 0", "Window: brain   W 80 L 40"]
    assert not window.action("window.preset_4").isVisible()


def test_what_cannot_be_done_now_is_grey(window, show, view, analysed):
    assert not window.action("report.export").isEnabled()
    assert not window.action("layer.later").isEnabled()
    show(view)
    assert window.action("report.export").isEnabled()
    assert not window.action("layer.later").isEnabled()
    show(analysed)
    assert window.action("layer.later").isEnabled()


def test_switches_show_whether_they_are_on(window, show, analysed):
    show(analysed)
    assert window.action("overlay.toggle").isChecked()
    show(replace(analysed, overlay=Overlay(visible=False)))
    assert not window.action("overlay.toggle").isChecked()


def test_holding_space_peeks_and_letting_go_ends_it(window, show, analysed, intents):
    show(analysed)
    window.viewport.setFocus()
    QTest.keyPress(window.viewport, Qt.Key.Key_Space)
    QTest.keyRelease(window.viewport, Qt.Key.Key_Space)
    assert intents.named("peek") == [(True,), (False,)]


def test_a_peek_ends_when_the_window_loses_the_focus(window, show, analysed, intents, qtbot):
    show(analysed)
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow, timeout=3000)
    QTest.keyPress(window.viewport, Qt.Key.Key_Space)
    window.show_about()
    qtbot.waitUntil(lambda: intents.named("peek") == [(True,), (False,)], timeout=3000)
    for child in QApplication.topLevelWidgets():
        if child is not window and child.isVisible():
            child.close()


def test_the_window_starts_with_a_way_to_open_something(window, intents, qtbot):
    assert window.start.isVisible()
    assert window.docks["studies"].isHidden() and window.docks["ai"].isHidden()
    QTest.mouseClick(window.start.sample, Qt.MouseButton.LeftButton)
    assert intents.named("open_sample") == [()]


def test_dialogs_that_are_cancelled_ask_for_nothing(window, intents, monkeypatch):
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *a, **k: "")
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *a, **k: ("", ""))
    for name in ("study.open_folder", "study.open_file", "model.add"):
        window.action(name).trigger()
    assert not intents.named("open") and not intents.named("add_model")


def test_dialogs_hand_the_chosen_path_to_the_controller(window, intents, monkeypatch):
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *a, **k: "/some/folder")
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *a, **k: ("/some/file.dcm", ""))
    for name in ("study.open_folder", "study.open_file", "model.add"):
        window.action(name).trigger()
    assert intents.named("open") == [(Path("/some/folder"),), (Path("/some/file.dcm"),)]
    assert intents.named("add_model") == [(Path("/some/folder"),)]


def test_a_dropped_folder_is_opened(window, intents):
    assert drop(window, "/some/study")
    assert intents.named("open") == [(Path("/some/study"),)]


def test_of_several_dropped_things_the_first_is_opened_and_the_rest_is_said(window, intents):
    assert drop(window, "/a", "/b", "/c")
    assert intents.named("open") == [(Path("/a"),)]
    assert "2 were left out" in window.notices.notice.text


def test_text_from_a_browser_is_not_taken(window, intents):
    mime = QMimeData()
    mime.setText("hello")
    event = QDragEnterEvent(
        window.rect().center(),
        Qt.DropAction.CopyAction,
        mime,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    event.ignore()
    QApplication.sendEvent(window, event)
    assert not event.isAccepted()


def test_the_right_side_opens_with_the_first_result_on_the_findings_alone(window, show, view, analysed):
    show(view)
    assert window.docks["ai"].isHidden()
    show(analysed)
    assert window.docks["ai"].isVisible()
    first, *others = window.ai.sections
    assert first.opened and not any(section.opened for section in others)


def test_a_right_side_that_the_reader_closed_stays_closed(window, show, view, analysed):
    show(analysed)
    window.docks["ai"]._close.click()
    show(view)
    show(analysed)
    assert window.docks["ai"].isHidden()
    window.action("view.ai_panel").trigger()
    assert window.docks["ai"].isVisible()


def test_the_studies_that_the_reader_closed_stay_closed_while_more_is_being_found(window, show, view):
    found = ScanResult((view.series,))
    window.show_progress("dicom", "Reading files", 1, 9)
    window.show_scan(found, running=True)
    window.docks["studies"]._close.click()
    window.show_progress("dicom", "Reading files", 5, 9)
    window.show_scan(found, running=False)
    assert not window.is_panel_open("studies")
    window.hide_progress("dicom")
    window.show_progress("dicom", "Reading files", 1, 9)
    assert window.is_panel_open("studies"), "another study is being opened"


def test_reading_files_never_ends_the_picture_alone(window, show, view):
    show(view)
    window.toggle_maximised()
    window.show_progress("dicom", "Reading files", 1, 9)
    window.show_scan(ScanResult((view.series,)), running=True)
    assert not window.is_panel_open("studies")


def test_double_click_shows_the_picture_alone_and_then_all_again(window, show, analysed):
    show(analysed)
    window.show_scan(ScanResult((analysed.series,)), running=False)
    parts = (window.docks["ai"], window.docks["studies"], window.toolbar, window.menuBar())
    assert window.docks["marks"].isHidden()
    QTest.mouseDClick(window.viewport, Qt.MouseButton.LeftButton)
    assert window.docks["ai"].isHidden() and window.docks["studies"].isHidden() and window.toolbar.isHidden()
    show(replace(analysed, index=3))
    assert window.docks["ai"].isHidden(), "a new result must not push the picture aside"
    QTest.mouseDClick(window.viewport, Qt.MouseButton.LeftButton)
    assert not any(part.isHidden() for part in parts) and window.docks["marks"].isHidden()


def test_progress_stands_in_its_lane_and_its_button_stops_it(window, intents):
    window.show_progress("inference", "Analysing", 3, 30)
    window.show_progress("dicom", "Reading", 0, 0)
    assert window.models.progress.text.text() == "Analysing 3 of 30"
    assert window.series.progress.bar.maximum() == 0
    window.models.progress.cancel.click()
    window.series.progress.cancel.click()
    assert intents.named("cancel") == [("inference",), ("dicom",)]
    window.hide_progress("inference")
    assert window.models.progress.isHidden() and not window.series.progress.isHidden()


def test_the_reason_for_each_skipped_file_is_one_click_away(window, view, qtbot):
    skipped = (Skipped("notes.txt", "not a DICOM file"), Skipped("x.dcm", "has no pixels"))
    window.show_scan(ScanResult((view.series,), skipped), running=False)
    assert window.series.skipped.text() == "skipped 2 files (why?)"
    QTest.mouseClick(window.series.skipped, Qt.MouseButton.LeftButton)
    (dialog,) = [one for one in QApplication.topLevelWidgets() if one.isVisible() and one is not window]
    rows = [[dialog.table.item(row, column).text() for column in (0, 1)] for row in (0, 1)]
    assert rows == [["notes.txt", "not a DICOM file"], ["x.dcm", "has no pixels"]]
    dialog.close()


def test_the_theme_changes_at_once_and_is_remembered(window, intents):
    window.action("view.light").trigger()
    assert theme.current().name == "light"
    assert intents.named("keep_settings") == [{"theme": "light"}]
    window.action("view.light").trigger()
    assert theme.current().name == "dark"


def test_the_title_names_the_series_and_nothing_once_identity_is_hidden(window, show, view):
    show(view)
    assert window.windowTitle() == "CHEST - Glassbox"
    show(replace(view, deidentified=True))
    assert window.windowTitle() == "CT - Glassbox"


def test_the_mouse_profile_changes_at_once_and_is_remembered(window, show, view, intents):
    show(view)
    window.action("view.scroll_on_left").trigger()
    assert window.action("view.scroll_on_left").isChecked()
    assert window.viewport._drags["left"] == "scroll"
    assert "Scroll slices" in sheet_html(window._commands, window.preferences.mouse)
    window.action("view.scroll_on_left").trigger()
    assert window.viewport._drags["left"] == "window"
    kept = [changes["mouse"] for changes in intents.named("keep_settings")]
    assert kept == ["scroll", "window"]


def test_size_and_place_come_back_in_the_next_run(window, qtbot, intents):
    window.resize(700, 610)
    window.close()
    kept = intents.named("keep_settings")[-1]["window_geometry"]
    again = MainWindow(intents, CommandRegistry(default_commands(intents)), Settings(window_geometry=kept))
    qtbot.addWidget(again)
    assert (again.width(), again.height()) == (700, 610)
    nonsense = MainWindow(
        intents, CommandRegistry(default_commands(intents)), Settings(window_geometry="%%% ÿ")
    )
    qtbot.addWidget(nonsense)
    assert nonsense.width() > 300


def test_every_control_has_a_name_for_those_who_cannot_see_it(window, show, analysed):
    show(analysed)
    window.show_notice(Notice("Something.", details=(("a", "b"),)))
    kinds = (QAbstractButton, QAbstractSlider, QAbstractSpinBox, QComboBox, QAbstractItemView)
    nameless = [
        f"{type(one).__name__} in {type(one.parent()).__name__}"
        for one in window.findChildren(object)
        if isinstance(one, kinds)
        and not isinstance(one, QScrollBar)
        and not one.objectName().startswith("qt_")
        and one.isVisible()
        and not (one.accessibleName() or getattr(one, "text", str)())
    ]
    assert not nameless


@pytest.mark.parametrize("size", [(960, 540), (1280, 800), (1920, 1080)])
def test_nothing_of_the_chrome_is_cut_off(window, show, analysed, size, qtbot):
    """960 × 540 is a full HD screen at twice the scale."""
    window.resize(*size)
    show(analysed)
    window.show_device("CPU")
    window.show_progress("inference", "Analysing", 12, 128)
    for section in window.ai.sections:
        section.set_opened(True)
    window.show_notice(Notice("The report is saved.", "Open it with any picture viewer."))
    qtbot.wait(20)
    parts = (window.models.analyse, window.models.model, window.models.progress.cancel)
    assert all(part.isVisible() for part in parts), "the toolbar had no room for the model"
    assert (window.width(), window.height()) == size
    cut = []
    for one in window.findChildren(QAbstractButton):
        if one.isVisible() and one.text() and one.width() < one.minimumSizeHint().width():
            cut.append(one.text())
    for one in (window.ai.overlay.colormap, window.ai.overlay.scale):
        if one.isVisible() and one.width() < one.fontMetrics().horizontalAdvance(one.currentText()) + 30:
            cut.append(one.currentText())
    assert not cut


def test_opening_the_window_imports_nothing_heavy():
    code = (
        "import sys, viewer.ui.main_window\n"
        "heavy = {'torch', 'torchvision', 'SimpleITK', 'pydicom', 'pyqtgraph', 'PySide6.QtSvg'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_an_export_asked_for_while_the_slice_is_decoded_opens_once_it_is_there(window, show, view, qtbot):
    def dialogs():
        return [one for one in QApplication.topLevelWidgets() if isinstance(one, ReportDialog)]

    show(replace(view, slice=None))
    window.action("report.export").trigger()
    show(replace(view, slice=None, index=3))
    assert not dialogs()
    show(replace(view, index=3))
    qtbot.waitUntil(lambda: len(dialogs()) == 1)
    (dialog,) = dialogs()
    thread = dialog._runner._thread
    dialog.reject()
    qtbot.waitUntil(lambda: not thread.isRunning(), timeout=20_000)


def test_an_export_asked_for_where_the_slice_cannot_be_decoded_opens_nothing(window, show, view, qtbot):
    show(replace(view, slice=None))
    window.action("report.export").trigger()
    show(replace(view, slice=None, problem="This slice cannot be shown."))
    qtbot.wait(20)
    show(view)
    qtbot.wait(20)
    assert not any(isinstance(one, ReportDialog) for one in QApplication.topLevelWidgets())
    assert window.action("report.export").isEnabled()


def test_keys_pressed_while_a_slice_is_decoded_are_not_lost(window, show, view, intents):
    show(replace(view, slice=None, window_choices=()))
    for command in ("window.preset_2", "window.from_file", "view.zoom_in"):
        window.action(command).trigger()
    assert intents.named("set_preset") == [(2,)] and intents.named("set_window") == [(None,)]
    assert intents.named("zoom_at") == [(1.25, 30.0, 20.0)]
