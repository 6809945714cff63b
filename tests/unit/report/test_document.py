"""Several reports together: pages, contact pages, their files, and what the PNG of each carries."""

import dataclasses
import os

import numpy as np
import pytest
from PySide6.QtGui import QImage

from tests.support.golden import colors
from tests.support.report_views import drawn_on, make_report, make_view
from viewer.errors import Cancelled, ReportError
from viewer.report import document, page, record, saving
from viewer.report.choice import paths
from viewer.report.document import Document


@pytest.fixture(autouse=True)
def application(qapp):
    """Text needs one."""


def numbered(count, page=None, view=None):
    """Reports of some images, each on a page of its own, or all on one."""
    made = make_report(view or make_view(), comment="On the first page.")
    return tuple(
        dataclasses.replace(
            made,
            image=dataclasses.replace(made.image, number=number + 1),
            page=page or number + 1,
            pages=1 if page else count,
            comment=made.comment if number == 0 else "",
        )
        for number in range(count)
    )


def test_a_document_falls_into_its_pages():
    assert [one.reports[0].page for one in Document(numbered(3)).pages] == [1, 2, 3]
    contact = Document((*numbered(2, page=1), *numbered(3, page=2)), contact=True)
    assert [len(one.reports) for one in contact.pages] == [2, 3]
    assert all(one.contact for one in contact.pages)


def test_a_page_comes_back_from_its_png(tmp_path):
    one = Document((make_report(drawn_on(make_view())),))
    document.save([one], [tmp_path / "a.png"])
    assert document.read(tmp_path / "a.png") == one
    assert page.read(tmp_path / "a.png") == one.reports[0]


def test_a_contact_page_comes_back_from_its_png_with_all_its_reports(tmp_path):
    one = Document(numbered(3, page=1, view=drawn_on(make_view(64, 64))), contact=True)
    document.save([one], [tmp_path / "a.png"])
    assert document.read(tmp_path / "a.png") == one
    with pytest.raises(ReportError, match="contact page"):
        page.read(tmp_path / "a.png")


@pytest.mark.parametrize("text", ['{"kind": "glassbox contact page", "schema": 4, "reports": []}', "{}"])
def test_an_empty_contact_page_is_none(text):
    with pytest.raises(ReportError, match="no report of Glassbox"):
        document.from_json(text)


def test_a_contact_page_of_a_later_schema_is_not_guessed_at():
    text = record.contact_to_json(numbered(1)).replace('"schema": 4', '"schema": 99', 1)
    with pytest.raises(ReportError, match="schema 99"):
        document.from_json(text)


def test_the_page_number_stands_on_pages_of_several_alone():
    single, of_many = numbered(1)[0], numbered(3)[1]
    one = dataclasses.replace(of_many, page=1, pages=1)
    drawn, plain = (colors(page.draw(report, 1200)) for report in (of_many, one))
    right = np.s_[20:60, 800:1170]
    assert not np.array_equal(drawn[right], plain[right])
    assert single.pages == 1


def test_every_image_of_a_contact_page_is_on_it():
    """Pictures of one grey each: all of them are found again."""
    reports = []
    for number in range(5):
        values = np.full((64, 64), 100 + 150 * number, np.int16)
        view = make_view(64, 64, values=values, analysed=False, letters=("",) * 4)
        reports.append(make_report(view))
    drawn = colors(document.draw(Document(tuple(reports), contact=True), 1200))
    greys = [round((100 + 150 * number - 0) / 1000 * 255) for number in range(5)]
    for grey in greys:
        assert (np.abs(drawn.astype(int) - grey).max(axis=2) <= 1).sum() > 20_000, grey


def test_a_contact_page_has_room_for_the_overlay_beside_each_source():
    analysed = Document(numbered(2, page=1), contact=True)
    assert document.draw(analysed, 1200).height() > 0
    bare = Document((make_report(make_view(analysed=False)),) * 2, contact=True)
    wide = [int((colors(document.draw(one, 1200))[200] < 40).all(axis=1).sum()) for one in (analysed, bare)]
    assert wide[0] > 1.2 * wide[1]


def test_a_contact_page_drawn_twice_is_the_same_picture():
    one = Document(numbered(3, page=1, view=drawn_on(make_view())), contact=True)
    assert document.draw(one, 1000) == document.draw(one, 1000)


def test_several_pages_are_files_with_numbers_and_a_pdf_is_one(tmp_path):
    assert [path.name for path in paths(tmp_path / "a.png", 3)] == ["a-1.png", "a-2.png", "a-3.png"]
    assert paths(tmp_path / "a.png", 1) == (tmp_path / "a.png",)
    assert paths(tmp_path / "a.PDF", 3) == (tmp_path / "a.PDF",)


def test_each_page_is_written_to_its_file(tmp_path):
    files = paths(tmp_path / "a.png", 2)
    document.save(Document(numbered(2)).pages, files)
    assert sorted(os.listdir(tmp_path)) == ["a-1.png", "a-2.png"]
    for number, file in enumerate(files):
        assert page.read(file).image.number == number + 1
        assert QImage(str(file)).width() == page.WIDTH


def test_no_page_is_written_where_one_of_them_is_there_already(tmp_path):
    files = paths(tmp_path / "a.png", 3)
    files[2].write_bytes(b"old")
    with pytest.raises(ReportError, match=r"a-3.png' exists already"):
        document.save(Document(numbered(3)).pages, files)
    assert os.listdir(tmp_path) == ["a-3.png"] and files[2].read_bytes() == b"old"


def test_a_full_disk_or_a_cancel_in_the_midst_leaves_no_page(tmp_path, monkeypatch):
    monkeypatch.setattr(document, "encoded", lambda one: b"a page")
    files = paths(tmp_path / "a.png", 3)
    write = saving.write
    for error, when in ((ReportError("There is no space left."), 2), (Cancelled(), 1)):
        calls = []

        def failing(path, fill, *, overwrite, calls=calls, error=error, when=when):
            calls.append(path)
            if len(calls) > when:
                raise error
            write(path, fill, overwrite=overwrite)

        monkeypatch.setattr(saving, "write", failing)
        with pytest.raises(type(error)):
            document.save(Document(numbered(3)).pages, files)
        assert len(calls) == when + 1 and os.listdir(tmp_path) == []


def test_a_file_that_was_to_be_replaced_outlives_a_failure(tmp_path, monkeypatch):
    monkeypatch.setattr(document, "encoded", lambda one: b"a page")
    files = paths(tmp_path / "a.png", 2)
    files[0].write_bytes(b"old")

    def full(path, fill, *, overwrite):
        raise ReportError("There is no space left.")

    monkeypatch.setattr(saving, "write", full)
    with pytest.raises(ReportError, match="no space"):
        document.save(Document(numbered(2)).pages, files, overwrite=True)
    assert files[0].read_bytes() == b"old"
