"""The export dialog: shows the page, asks before it overwrites, and loses nothing when saving fails."""

import errno
import os
import threading
import time
from dataclasses import replace

import pytest
from PySide6.QtCore import QStandardPaths
from PySide6.QtWidgets import QFileDialog, QMainWindow, QMessageBox
from shiboken6 import isValid

from tests.support.report_views import make_view
from viewer.report import page, saving
from viewer.report.choice import Source
from viewer.ui import report_dialog
from viewer.ui.report_dialog import ReportDialog, suggested_name


class Window(QMainWindow):
    """Hears notices, as the main window does."""

    def __init__(self):
        super().__init__()
        self.notices = []

    def show_notice(self, notice):
        self.notices.append(notice)


class Intents:
    """Says what is shown, and remembers the comment."""

    def __init__(self, source):
        self.source, self.key_images, self.comment = source, self, None

    def report_source(self):
        return self.source

    def set_comment(self, text):
        self.comment = text


@pytest.fixture
def opened(qtbot, tmp_path, monkeypatch):
    """Open the dialog on a view; it is closed, and its thread ended, at the end."""
    monkeypatch.setattr(report_dialog, "_last_folder", tmp_path)
    dialogs, windows = [], []

    def opened(source=None, **changes):
        window = Window()
        windows.append(window)
        qtbot.addWidget(window)
        dialog = ReportDialog(Intents(source or Source(make_view(**changes))), window)
        dialogs.append(dialog)
        dialog.open()
        qtbot.waitUntil(lambda: not dialog._page.isNull(), timeout=20_000)
        return dialog, window

    yield opened
    for dialog in dialogs:
        thread = dialog._runner._thread
        if isValid(dialog):
            dialog.reject()
        qtbot.waitUntil(lambda thread=thread: not thread.isRunning(), timeout=20_000)


@pytest.fixture
def choose(monkeypatch, tmp_path):
    """Answer the file dialog with a name in `tmp_path`, "" for Cancel, and remember what it was offered."""
    offered = []

    def choose(name):
        def answer(parent, title, start, kinds, **options):
            offered.append(start)
            assert options["options"] & QFileDialog.Option.DontConfirmOverwrite
            return (str(tmp_path / name) if name else "", kinds)

        monkeypatch.setattr(QFileDialog, "getSaveFileName", answer)
        return offered

    return choose


@pytest.fixture
def answer(monkeypatch):
    """Answer the question about overwriting, and count it."""
    asked = []

    def answer(button):
        def question(parent, title, text, *rest):
            asked.append(text)
            return button

        monkeypatch.setattr(QMessageBox, "question", question)
        return asked

    return answer


def test_the_page_is_shown_and_saved_with_the_comment(opened, choose, qtbot, tmp_path):
    dialog, window = opened()
    assert not dialog.preview.pixmap().isNull()
    dialog.comment.setPlainText("Follow up in three months.")
    dialog.deidentify.setChecked(True)
    choose("page")
    dialog.save.click()
    qtbot.waitUntil(lambda: bool(window.notices), timeout=20_000)
    made = page.read(tmp_path / "page.png")
    assert made.comment == "Follow up in three months." and made.identity is None
    assert "saved as page.png" in window.notices[0].text
    qtbot.waitUntil(lambda: not isValid(dialog), timeout=20_000)


def test_the_preview_follows_comment_and_identity(opened, qtbot):
    dialog, _ = opened()
    first = dialog._page
    dialog.deidentify.setChecked(True)
    qtbot.waitUntil(lambda: dialog._page != first, timeout=20_000)
    second = dialog._page
    dialog.comment.setPlainText("word " * 300)
    qtbot.waitUntil(lambda: dialog._page.height() > second.height(), timeout=20_000)


def test_what_was_hidden_on_the_screen_is_left_out_unless_the_reader_asks_for_it(opened):
    assert opened(deidentified=True)[0].deidentify.isChecked()
    assert not opened()[0].deidentify.isChecked()


def test_cancelling_the_choice_of_a_place_saves_nothing_and_stays(opened, choose, tmp_path):
    dialog, window = opened()
    choose("")
    dialog.save.click()
    assert dialog.isVisible() and os.listdir(tmp_path) == [] and window.notices == []


def test_a_file_is_replaced_only_after_asking(opened, choose, answer, qtbot, tmp_path):
    (tmp_path / "old.png").write_bytes(b"old")
    dialog, window = opened()
    choose("old")
    asked = answer(QMessageBox.StandardButton.No)
    dialog.save.click()
    assert asked == ["old.png exists already. Replace it?"] and dialog.isVisible()
    assert (tmp_path / "old.png").read_bytes() == b"old"
    answer(QMessageBox.StandardButton.Yes)
    dialog.save.click()
    qtbot.waitUntil(lambda: bool(window.notices), timeout=20_000)
    assert page.read(tmp_path / "old.png").image.number == 12


def test_after_a_full_disk_the_report_can_be_saved_elsewhere(opened, choose, qtbot, tmp_path, monkeypatch):
    dialog, window = opened()
    dialog.comment.setPlainText("Kept.")
    fsync = os.fsync

    def full(descriptor):
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(os, "fsync", full)
    choose("a.png")
    dialog.save.click()
    qtbot.waitUntil(lambda: dialog.status.isVisible(), timeout=20_000)
    assert dialog.status.text() == (
        "There is no space left on the disk for 'a.png'. Save it in another folder."
    )
    assert dialog.isVisible() and dialog.save.isEnabled() and window.notices == []
    monkeypatch.setattr(os, "fsync", fsync)
    choose("b.png")
    dialog.save.click()
    qtbot.waitUntil(lambda: bool(window.notices), timeout=20_000)
    assert page.read(tmp_path / "b.png").comment == "Kept." and os.listdir(tmp_path) == ["b.png"]


def test_a_comment_that_is_too_long_is_said_and_not_cut(opened, qtbot):
    dialog, _ = opened()
    dialog.comment.setPlainText("x" * 4001)
    qtbot.waitUntil(lambda: "4001 characters" in dialog.status.text(), timeout=20_000)
    dialog.comment.setPlainText("short")
    qtbot.waitUntil(lambda: not dialog.status.isVisible(), timeout=20_000)


def test_the_dialog_never_blocks_while_the_page_is_drawn(opened, qtbot, monkeypatch):
    dialog, _ = opened()
    draw = page.draw

    def slow(*args):
        time.sleep(0.4)
        return draw(*args)

    monkeypatch.setattr(page, "draw", slow)
    before = dialog._page
    start = time.monotonic()
    dialog.deidentify.setChecked(True)
    dialog.reject()
    assert time.monotonic() - start < 0.3
    thread = dialog._runner._thread
    qtbot.waitUntil(lambda: not thread.isRunning(), timeout=20_000)
    assert dialog._page is before


def test_the_name_that_is_offered_says_what_and_not_who(opened, choose):
    dialog, _ = opened()
    offered = choose("")
    dialog.save.click()
    assert offered[0].endswith("report-MR-im12-meningioma.png")
    assert suggested_name(make_view(analysed=False)) == "report-MR-im12.png"


def test_the_first_report_goes_to_the_documents(monkeypatch, opened, choose):
    dialog, _ = opened()
    monkeypatch.setattr(report_dialog, "_last_folder", None)
    monkeypatch.setattr(QStandardPaths, "writableLocation", lambda place: "/documents")
    offered = choose("")
    dialog.save.click()
    assert offered[0].startswith("/documents/")


def test_deidentifying_warns_of_text_in_the_pixels(opened, qtbot):
    view = make_view()
    header = replace(view.slice.header, burned_in=True)
    dialog, _ = opened(series=replace(view.series, slices=(header,) * 30))
    assert dialog.choices.burned_in.isHidden()
    dialog.deidentify.setChecked(True)
    assert (
        not dialog.choices.burned_in.isHidden()
        and "burned into its pixels" in dialog.choices.burned_in.text()
    )
    dialog.deidentify.setChecked(False)
    assert dialog.choices.burned_in.isHidden()
    qtbot.waitUntil(lambda: not dialog._runner.busy, timeout=20_000)


def test_a_warning_of_text_in_the_pixels_is_only_given_where_there_may_be_some(opened, qtbot):
    dialog, _ = opened()
    dialog.deidentify.setChecked(True)
    assert dialog.choices.burned_in.isHidden()
    qtbot.waitUntil(lambda: not dialog._runner.busy, timeout=20_000)


@pytest.mark.parametrize("how", ["Stop", "closed"])
def test_a_stop_that_comes_when_all_is_written_says_that_it_is(
    opened, choose, qtbot, tmp_path, monkeypatch, how
):
    dialog, window = opened()
    written, go_on, write = threading.Event(), threading.Event(), saving.write

    def slow(*args, **options):
        write(*args, **options)
        written.set()
        assert go_on.wait(20)

    monkeypatch.setattr(saving, "write", slow)
    choose("page")
    dialog.save.click()
    qtbot.waitUntil(written.is_set, timeout=20_000)
    if how == "Stop":
        dialog.choices.cancel.click()
    else:
        dialog.reject()
    go_on.set()
    qtbot.waitUntil(lambda: bool(window.notices), timeout=20_000)
    assert "saved as page.png" in window.notices[0].text and os.listdir(tmp_path) == ["page.png"]
