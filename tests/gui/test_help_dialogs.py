"""Verify Installation and Third-Party Licences, as a reader uses them."""

import pytest
from PySide6.QtCore import Qt

from viewer.ui.licences_dialog import LicencesDialog
from viewer.ui.verify_dialog import VerifyDialog
from viewer.verification import checks
from viewer.verification.checks import Check


@pytest.fixture
def quick(monkeypatch):
    """Two groups of checks that cost nothing; the second fails."""
    groups = [[Check("first", True, "as it should")], [Check("second", False, "not as it should")]]
    monkeypatch.setattr(checks, "steps", lambda: iter(groups))


@pytest.fixture
def dialog(quick, qtbot):
    made = VerifyDialog()
    qtbot.addWidget(made)
    made.show()
    qtbot.waitUntil(lambda: made.found is not None)
    return made


def test_every_check_is_shown_with_the_verdict(dialog):
    text = dialog.page.toPlainText()
    assert "first" in text and "not as it should" in text
    assert "1 of 2 checks failed: do not rely on this installation." in text
    assert dialog.save.isEnabled()
    dialog.reject()


def test_it_is_saved_as_pdf_with_text(dialog, qtbot, tmp_path, monkeypatch):
    monkeypatch.setattr(dialog, "ask_path", lambda: tmp_path / "page.pdf")
    dialog.save.click()
    qtbot.waitUntil(lambda: "Saved as page.pdf" in dialog.status.text())
    assert (tmp_path / "page.pdf").read_bytes().startswith(b"%PDF-")
    assert dialog.status.objectName() == "dim"  # no warning
    dialog.reject()


def test_a_file_that_is_there_is_not_replaced_unasked(dialog, qtbot, tmp_path, monkeypatch):
    path = tmp_path / "page.pdf"
    path.write_text("mine")
    asked = []
    monkeypatch.setattr(dialog, "ask_path", lambda: path)
    monkeypatch.setattr(dialog, "ask_overwrite", lambda path: bool(asked.append(path)))
    dialog.save.click()
    assert asked == [path] and path.read_text() == "mine"
    dialog.reject()


def test_a_folder_that_cannot_be_written_is_said(dialog, qtbot, tmp_path, monkeypatch):
    monkeypatch.setattr(dialog, "ask_path", lambda: tmp_path / "nowhere" / "page.pdf")
    dialog.save.click()
    qtbot.waitUntil(lambda: "no folder" in dialog.status.text())
    assert dialog.save.isEnabled()
    dialog.reject()


def test_closing_it_half_way_stops_it(qtbot, monkeypatch):
    import threading

    gate, begun, done = threading.Event(), threading.Event(), []

    def slow():
        begun.set()
        gate.wait(10)
        yield [Check("first", True, "")]
        done.append("second")
        yield [Check("second", True, "")]

    monkeypatch.setattr(checks, "steps", slow)
    made = VerifyDialog()
    qtbot.addWidget(made)
    made.show()
    qtbot.waitUntil(begun.is_set)
    with qtbot.waitSignal(made.destroyed, timeout=10_000):
        made.reject()
        gate.set()
    assert done == []


def test_the_licences_are_listed_with_their_texts(qtbot):
    made = LicencesDialog()
    qtbot.addWidget(made)
    made.show()
    qtbot.waitUntil(lambda: made.list.topLevelItemCount() > 10, timeout=20_000)
    (numpy,) = made.list.findItems("numpy", Qt.MatchFlag.MatchExactly)
    made.list.setCurrentItem(numpy)
    assert "Redistribution and use" in made.text.toPlainText()
    made.reject()


def test_licences_that_cannot_be_read_are_said(qtbot, monkeypatch):
    def refused():
        raise MemoryError

    monkeypatch.setattr("viewer.ui.licences_dialog.packages", refused)
    made = LicencesDialog()
    qtbot.addWidget(made)
    made.show()
    qtbot.waitUntil(lambda: "not enough memory" in made.words.text())
    made.reject()
