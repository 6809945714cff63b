"""The report on paper: text that can be copied, sheets that tear nothing apart."""

import dataclasses
import re
import zlib
from itertools import pairwise

import pytest
from PySide6.QtGui import QImage

from tests.support import pdf_text
from tests.support.report_views import drawn_on, make_report, make_view
from viewer.errors import ReportError
from viewer.report import paper, sheet
from viewer.report.document import Document, filling


@pytest.fixture(autouse=True)
def application(qapp):
    """Text needs one."""


def pdf_of(*reports, contact=False):
    return paper.pdf(Document(reports, contact).pages)


def test_all_words_of_the_page_can_be_copied_out_of_the_pdf():
    made = make_report(drawn_on(make_view()), comment="Enhancing lesion, left frontal.\nZweite Zeile äöü.")
    (text,) = pdf_text.pages(pdf_of(made))
    lines = text.split("\n")
    for words in (
        "DOE JANE MARIE · F · 61 y · born 1965-01-02 · ID ID-4711",
        "Image 12 of 30",
        "Grad-CAM: evidence for meningioma",
        "meningioma (explained here)",
        "Enhancing lesion, left frontal.",
        "Zweite Zeile äöü.",
        "Length 60.4 mm",
        "PixelSpacing",
        "50 mm · PixelSpacing",
        "60.4 mm",
        "look here",
        "A",
        "Not for primary diagnosis. AI output is investigational.",
    ):
        assert words in [" ".join(line.split()) for line in lines], words


def test_lines_and_letters_of_the_pdf_are_no_picture():
    """All images in it are strips of the two pictures, one behind the other, and the colour bar."""
    data = pdf_of(make_report(drawn_on(make_view())))
    assert data.startswith(b"%PDF-")
    sizes = [(int(wide), int(high)) for wide, high in re.findall(rb"/Width (\d+)\s+/Height (\d+)", data)]
    bar = [(256, 1)]
    strips = [size for size in sizes if size not in bar]
    assert len(sizes) == len(strips) + 1 and {wide for wide, _ in strips} == {1110}
    assert sum(high - 1 for _, high in strips) == pytest.approx(2 * 1110, abs=2)


def test_several_pages_are_several_sheets_of_a4():
    one = make_report(make_view(analysed=False))
    made = [dataclasses.replace(one, page=number, pages=3) for number in (1, 2, 3)]
    data = pdf_of(*made)
    texts = pdf_text.pages(data)
    assert len(texts) == 3 and data.count(b"595") >= 1
    assert ["page 3 of 3" in " ".join(text.split()) for text in texts] == [False, False, True]


def test_a_page_that_is_too_long_goes_on_and_no_line_is_lost_or_printed_twice():
    lines = [f"line number {number} of the comment" for number in range(190)]
    made = make_report(drawn_on(make_view(), copies=4), comment="\n".join(lines)[:4000])
    kept = made.comment.split("\n")[:-1]
    texts = pdf_text.pages(pdf_of(made))
    assert len(texts) > 1
    together = "\n".join(" ".join(line.split()) for text in texts for line in text.split("\n")).split("\n")
    for line in kept:
        assert together.count(line) == 1, line
    assert together.count("Length 60.4 mm") == 4
    for text in texts[1:]:
        assert "DOE JANE MARIE" in text and "continued" in text
    for text in texts:
        assert "Not for primary diagnosis" in text


def test_a_deidentified_pdf_names_nobody():
    data = pdf_of(make_report(drawn_on(make_view()), deidentify=True))
    (text,) = pdf_text.pages(data)
    assert "De-identified" in text
    for word in ("DOE", "JANE", "4711", "1965", "Example Hospital", "2026-01-12"):
        assert word not in text
    for word in (b"DOE", b"JANE", b"4711"):
        assert word not in data


@pytest.mark.parametrize(
    ("height", "cuts", "room", "expected"),
    [
        (900, (), 1000, [0]),
        (1500, (400, 900, 1200), 1000, [0, 900]),
        (3500, (900, 1800, 2700), 1000, [0, 900, 1800, 2700]),
        (2600, (1500, 1600), 1000, [0, 1500, 1600]),
        (2600, (), 1000, [0]),
    ],
)
def test_a_page_is_cut_as_late_as_it_fits(height, cuts, room, expected):
    found = paper.parts(height, cuts, room)
    assert [start for start, _ in found] == expected
    assert all(stop == start for (_, stop), (start, _) in pairwise(found))
    assert found[-1][1] > height


def test_a_page_may_be_cut_only_where_nothing_is_drawn():
    """Just above each cut, and above the rule that follows some, the drawn page is white across."""
    made = make_report(drawn_on(make_view()), comment="word " * 700)
    fill = filling(Document((made,)))
    _, cuts = sheet.measured(fill)
    drawn = sheet.image(fill)
    assert len(cuts) > 10
    for cut in cuts:
        row = int(cut) - 3
        assert all(drawn.pixelColor(x, row).lightness() > 200 for x in range(0, sheet.WIDTH, 7)), cut


def test_a_sheet_for_the_preview_has_the_shape_of_the_paper():
    (one,) = paper.papers(Document((make_report(),)).pages)
    drawn = paper.draw(one, 500)
    assert isinstance(drawn, QImage)
    assert drawn.height() / drawn.width() == pytest.approx(paper.HEIGHT / sheet.WIDTH, rel=0.01)


def test_a_pdf_is_never_written_over_a_file_unasked(tmp_path):
    (tmp_path / "a.pdf").write_bytes(b"old")
    pages = Document((make_report(),)).pages
    with pytest.raises(ReportError, match="exists already"):
        paper.save(pages, tmp_path / "a.pdf")
    assert (tmp_path / "a.pdf").read_bytes() == b"old"
    paper.save(pages, tmp_path / "a.pdf", overwrite=True)
    assert (tmp_path / "a.pdf").read_bytes().startswith(b"%PDF")


def test_a_stream_whose_last_byte_looks_like_the_end_of_a_line_is_read_whole():
    """One stream in 256 ends so, by chance: its checksum does."""
    packed = next(data for data in (zlib.compress(b"%d" % n) for n in range(100_000)) if data.endswith(b"\r"))
    body = b"<< /Length 7 0 R /Filter /FlateDecode >>\nstream\n" + packed + b"\nendstream\n"
    assert pdf_text._data({7: b" %d " % len(packed)}, body) == zlib.decompress(packed)
