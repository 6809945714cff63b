"""The published table of transfer syntaxes says what the tests decode, no more and no less."""

import pytest

from tests.support import syntax_table
from tests.support.shared_data import shared_data

PAGE = syntax_table.PAGE.read_text()


def row(syntax: str) -> list[str]:
    """The cells of a syntax on the page; [] if it stands in no row of the table."""
    (found,) = [line for line in PAGE.splitlines() if f"(`{syntax}`)" in line]
    return [cell.strip() for cell in found.strip("|").split("|")] if found.startswith("|") else []


@pytest.mark.parametrize("syntax", syntax_table.syntaxes())
def test_the_page_claims_of_a_syntax_what_is_decoded_here(syntax):
    cells = row(syntax)
    decoders = syntax_table.supported(syntax)
    assert cells[1:2] == ([decoders] if decoders else [])
    shown = syntax_table.proofs(syntax)
    assert all(shown.values()), "an image that was written for the test did not come back"
    claimed = {
        column for column, cell in zip(syntax_table.COLUMNS, cells[2:], strict=False) if "made" in cell
    }
    assert claimed == set(shown)
    if not decoders:
        assert syntax_table.refusal(syntax)


@pytest.mark.shared_data
def test_the_page_is_the_one_that_would_be_made_now():
    shared_data("dicom", "MANIFEST.csv")
    assert syntax_table.page(syntax_table.real_files()) == PAGE, "python -m tests.support.syntax_table"
