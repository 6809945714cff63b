"""Text is really drawn, in the typeface that ships, and fits where it stands."""

import pytest
from PySide6.QtGui import QFontMetricsF, QImage, QPainter, QRawFont

from viewer.report.typeface import elided, font, wrapped

WORDS = "Not for primary diagnosis. ÄÖÜ 14×14 · ≥ 0.5 µm −12"


@pytest.fixture(autouse=True)
def application(qapp):
    """Fonts need one."""


def test_the_typeface_that_ships_has_every_letter_of_the_page():
    for bold in (False, True):
        drawn_with = QRawFont.fromFont(font(28, bold=bold))
        assert drawn_with.familyName() == "DejaVu Sans"
        assert not [letter for letter in WORDS + "…" if not drawn_with.supportsCharacter(ord(letter))]


def test_letters_are_drawn_and_not_boxes():
    def drawn(letter):
        image = QImage(60, 60, QImage.Format.Format_RGB32)
        image.fill(0xFFFFFFFF)
        painter = QPainter(image)
        painter.setFont(font(40))
        painter.drawText(10, 45, letter)
        painter.end()
        return bytes(image.constBits())

    pictures = {letter: drawn(letter) for letter in "AOi8ä×µ"}
    assert len(set(pictures.values())) == len(pictures)
    assert drawn(" ") not in pictures.values()


def test_a_long_name_is_shortened_with_an_ellipsis_and_fits():
    chosen = font(30)
    shortened = elided("Supercalifragilistic " * 20, chosen, 400)
    assert shortened.endswith("…") and shortened.startswith("Super")
    assert QFontMetricsF(chosen).horizontalAdvance(shortened) <= 400


def test_a_short_name_is_left_alone_and_line_breaks_in_it_become_spaces():
    assert elided("DOE\nJANE", font(30), 400) == "DOE JANE"


@pytest.mark.parametrize("text", ["word " * 60, "W" * 300, "𝔘nicode 日本語 " * 20, "one\n\ntwo"])
def test_wrapped_lines_fit_and_lose_nothing(text):
    chosen = font(28)
    lines = wrapped(text, chosen, 500, most=200)
    assert max(QFontMetricsF(chosen).horizontalAdvance(line) for line in lines) <= 501
    assert "".join("".join(lines).split()) == "".join(text.split())


def test_more_lines_than_there_is_room_for_end_in_an_ellipsis():
    lines = wrapped("word " * 200, font(28), 500, most=3)
    assert len(lines) == 3 and lines[-1].endswith("…") and not lines[0].endswith("…")


def test_paragraphs_that_do_not_fit_end_in_an_ellipsis():
    assert wrapped("one\ntwo\nthree", font(28), 500, most=2)[-1].endswith("…")
