"""Marks, measurements, the comment and several key images go into the report: PNG pages, a contact page, PDF,
paper."""

import dataclasses
import os
import threading

import pytest
from PySide6.QtCore import Qt
from PySide6.QtPrintSupport import QPrintPreviewWidget
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QMessageBox

from tests.support import pdf_text
from viewer.report import document, page
from viewer.ui import report_dialog, report_jobs

SHOWN = (2, 6, 9)
headless = pytest.mark.parametrize("reader", ["without a window"], indirect=True)
windowed = pytest.mark.parametrize("reader", ["with the window"], indirect=True)


def draw(reader):
    """Measure on three slices and make them key images; what the screen showed of each."""
    control, reports = reader.controller, []
    reader.wait(lambda: control.view.series.uid in control._desk.series_windows)
    for index in SHOWN:
        control.go_to(index)
        reader.sees_slice(index)
        control.marks.add("length", [(5, 6), (20 + index, 30)])
        control.marks.add("rectangle", [(10, 10), (30, 10), (30, 25), (10, 25)], f"on {index}")
        control.key_images.toggle()
        reports.append(control.make_report())
    control.key_images.set_comment("Two lesions.\nFollow up.")
    return reports


@pytest.fixture
def drawn(reader, study):
    """A study that was drawn on."""
    reader.open(study)
    return reader, draw(reader)


def exported(reader, path, **choice):
    reader.controller.export_report(path, **choice)
    reader.wait(lambda: any("The report is saved" in notice.text for notice in reader.screen.notices))
    reader.screen.notices.clear()


def alike(made, shown):
    """Whether a page says and shows what the screen did, but for when it was made."""
    same = {"created": "", "page": 1, "pages": 1, "comment": ""}
    return dataclasses.replace(made, **same) == dataclasses.replace(shown, **same)


@headless
def test_each_key_image_is_a_page_as_the_screen_showed_it(reader, study, bundle, tmp_path):
    reader.open(study)
    reader.controller.add_model(bundle)
    reader.analyse()
    reports = draw(reader)
    reader.controller.go_to(0)
    reader.sees_slice(0)
    exported(reader, tmp_path / "a.png", images="pages", comment="Two lesions.")
    for number, shown in enumerate(reports):
        made = page.read(tmp_path / f"a-{number + 1}.png")
        assert alike(made, shown), number
        assert (made.page, made.pages) == (number + 1, 3)
        assert made.comment == ("Two lesions." if number == 0 else "")
        assert made.analysis.map is not None and len(made.marks) == 2
        region = made.marks[1].statistics
        assert {"Mean", "Heat inside"} <= {figure.name for figure in region.figures}

    # A result that had to leave the memory is made again for its page.
    desk = reader.controller._desk
    for cache in (desk.analyses._results, desk.analyses._heatmaps, desk.slices):
        cache.clear()
    exported(reader, tmp_path / "b.png", images="contact")
    made = document.read(tmp_path / "b.png").reports
    digests = [(one.source_sha256, one.overlay_sha256, one.analysis.findings) for one in made]
    assert digests == [(one.source_sha256, one.overlay_sha256, one.analysis.findings) for one in reports]


@headless
def test_a_contact_page_holds_all_key_images_and_the_pdf_all_their_words(drawn, tmp_path):
    reader, reports = drawn
    exported(reader, tmp_path / "a.png", images="contact", comment="Two lesions.")
    one = document.read(tmp_path / "a.png")
    assert one.contact and all(map(alike, one.reports, reports))
    exported(reader, tmp_path / "a.pdf", images="pages", comment="Two lesions.")
    texts = pdf_text.pages((tmp_path / "a.pdf").read_bytes())
    assert len(texts) == 3
    for text, index in zip(texts, SHOWN, strict=True):
        assert f"on {index}" in text and "PixelSpacing" in text and "Not for primary diagnosis." in text
    assert "Two lesions." in texts[0]


@headless
def test_marks_that_are_hidden_on_the_screen_are_on_the_page_unless_they_are_left_out(drawn, tmp_path):
    reader, _ = drawn
    reader.controller.marks.toggle()
    reader.wait(lambda: not reader.screen.view.marks)
    exported(reader, tmp_path / "a.png")
    exported(reader, tmp_path / "b.png", marks=False)
    assert len(page.read(tmp_path / "a.png").marks) == 2
    assert page.read(tmp_path / "b.png").marks == ()


@headless
def test_without_a_key_image_that_is_said(reader, study, tmp_path):
    reader.open(study)
    reader.controller.export_report(tmp_path / "a.png", images="pages")
    reader.wait(lambda: reader.screen.said("There is no key image."))
    assert not (tmp_path / "a.png").exists()


class Dialog:
    """The export dialog of the real window, used with the mouse."""

    def __init__(self, reader, monkeypatch, folder):
        self.reader = reader
        reader.do("report.export")
        self.dialog = next(
            one for one in QApplication.topLevelWidgets() if isinstance(one, report_dialog.ReportDialog)
        )
        self.drawn()
        self.kind, self.name, self.asked = "PNG image (*.png)", "", []
        monkeypatch.setattr(
            QFileDialog, "getSaveFileName", lambda *_, **__: (str(folder / self.name), self.kind)
        )
        monkeypatch.setattr(QMessageBox, "question", self.answer)

    def answer(self, parent, title, words, *rest):
        self.asked.append(words)
        return QMessageBox.StandardButton.Yes

    def drawn(self):
        self.reader.wait(lambda: not self.dialog._page.isNull() and not self.dialog._runner.busy)

    def click(self, button):
        before = self.dialog._page
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)
        self.reader.wait(lambda: self.dialog._page is not before)
        self.drawn()

    def preview_print(self):
        last = self.dialog.print_preview
        QTest.mouseClick(self.dialog.print, Qt.MouseButton.LeftButton)
        self.reader.wait(lambda: self.dialog.print_preview is not last)
        self.reader.wait(self.dialog.print_preview.dialog.isVisible)
        return self.dialog.print_preview

    def save(self, name):
        self.name = name
        QTest.mouseClick(self.dialog.save, Qt.MouseButton.LeftButton)
        self.reader.wait(lambda: any("is saved" in one.text for one in [self.reader.window.notices.notice]))


@pytest.fixture
def opened(drawn, monkeypatch, tmp_path):
    """The dialog on the last key image."""
    return Dialog(drawn[0], monkeypatch, tmp_path)


@windowed
def test_the_reader_chooses_key_images_turns_pages_and_saves_a_pdf(opened, tmp_path):
    dialog, choices = opened.dialog, opened.dialog.choices
    assert dialog.comment.toPlainText() == "Two lesions.\nFollow up." and dialog.pager.isHidden()
    dialog.comment.setFocus()
    QTest.keyClicks(dialog.comment, "New: ")
    opened.reader.wait(lambda: opened.reader.screen.view.comment == "New: Two lesions.\nFollow up.")
    opened.click(choices.images["contact"])
    assert dialog.pager.isHidden()
    with_marks = dialog._page
    opened.click(choices.marks)
    assert dialog._page.height() < with_marks.height()
    opened.click(choices.images["pages"])
    assert dialog.pager.words.text() == "Page 1 of 3" and not dialog.pager.back.isEnabled()
    opened.click(dialog.pager.on)
    opened.click(dialog.pager.on)
    assert dialog.pager.words.text() == "Page 3 of 3" and not dialog.pager.on.isEnabled()
    opened.kind = "PDF document (*.pdf)"
    opened.save("all")
    texts = pdf_text.pages((tmp_path / "all.pdf").read_bytes())
    assert len(texts) == 3 and "New: Two lesions." in texts[0] and "Length" not in "".join(texts)


@windowed
def test_pages_that_are_there_already_are_replaced_after_one_question(opened, tmp_path):
    (tmp_path / "a-2.png").write_bytes(b"old")
    (tmp_path / "a-3.png").write_bytes(b"old")
    opened.click(opened.dialog.choices.images["pages"])
    opened.save("a.png")
    assert opened.asked == ["2 files exist already, a-2.png among them. Replace them?"]
    assert page.read(tmp_path / "a-3.png").page == 3
    assert opened.reader.window.notices.notice.text == "The report is saved in 3 files, a-1.png to a-3.png."


@windowed
def test_saving_can_be_stopped_and_leaves_no_page(opened, tmp_path, monkeypatch):
    opened.click(opened.dialog.choices.images["pages"])
    encoded = document.encoded

    def stopping(one):
        if one.reports[0].page == 2:
            opened.pressed = True
            opened.go_on.wait(20)
        return encoded(one)

    opened.pressed, opened.go_on = False, threading.Event()
    monkeypatch.setattr(document, "encoded", stopping)
    opened.name = "a.png"
    QTest.mouseClick(opened.dialog.save, Qt.MouseButton.LeftButton)
    opened.reader.wait(lambda: opened.pressed)
    assert opened.dialog.choices.cancel.text() == "Stop" and not opened.dialog.save.isEnabled()
    QTest.mouseClick(opened.dialog.choices.cancel, Qt.MouseButton.LeftButton)
    opened.go_on.set()
    opened.reader.wait(opened.dialog.save.isEnabled)
    assert opened.dialog.isVisible() and opened.dialog.status.text() == "Stopped: nothing was written."
    assert [name for name in os.listdir(tmp_path) if name.endswith(".png")] == []
    opened.dialog.reject()


@windowed
def test_a_print_is_previewed_and_then_printed_as_text(opened, tmp_path):
    dialog = opened.dialog
    opened.click(dialog.choices.images["pages"])
    opened.preview_print().dialog.reject()
    assert dialog.isVisible() and dialog.print.isEnabled()
    preview = opened.preview_print()
    shown = preview.dialog.findChild(QPrintPreviewWidget)
    opened.reader.wait(lambda: shown.pageCount() == 3)
    assert [image.width() for image in preview.sheets] == [report_jobs.SHEET_WIDTH] * 3
    preview.printer.setOutputFileName(str(tmp_path / "printed.pdf"))
    shown.print_()  # what the Print button does once the printer is chosen
    preview.dialog.accept()
    opened.reader.wait(
        lambda: opened.reader.window.notices.notice.text == "The report is handed to the printer."
    )
    texts = pdf_text.pages((tmp_path / "printed.pdf").read_bytes())
    assert len(texts) == 3 and all("Length" in text for text in texts)
