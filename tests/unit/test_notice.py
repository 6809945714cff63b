"""Notices: an error's own words, or that it is a bug, and which."""

from viewer.errors import ModelError
from viewer.notice import of_error


def test_an_error_made_for_the_reader_keeps_its_words():
    notice = of_error(ModelError("The card is incomplete.", remedy="Complete it."))
    assert (notice.text, notice.remedy, notice.kind) == ("The card is incomplete.", "Complete it.", "error")


def test_an_unexpected_error_is_one_sentence_and_its_message_one_click_away():
    notice = of_error(KeyError("DOE^JANE"))
    assert "DOE" not in notice.text + notice.remedy
    assert notice.details[0][0] == "KeyError"


def test_full_memory_is_said_as_what_it_is():
    assert "memory" in of_error(MemoryError()).text
