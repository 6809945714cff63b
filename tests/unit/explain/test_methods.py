"""The table of methods: it loads no torch, every row can be run, and the documentation says what it says."""

import subprocess
import sys

import pytest

from tests.support import methods_page
from viewer.explain.methods import DEFAULT, FAMILY, METHODS, chosen
from viewer.inference.card import Card


@pytest.mark.parametrize("method", METHODS.values(), ids=list(METHODS))
def test_every_row_names_a_function_and_says_what_it_shows_in_a_sentence(method):
    assert callable(method.run)
    assert method.about.endswith(".") and method.title and method.passes >= 1
    assert method.unit in ("logit", "")


def test_the_table_is_read_without_torch():
    code = "import sys, viewer.explain.methods as m; assert m.METHODS and 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_page_of_the_documentation_is_the_table():
    assert methods_page.PAGE.read_text() == methods_page.page(), "python -m tests.support.methods_page"


def test_the_reader_chooses_before_the_card_and_a_method_nobody_knows_is_nobodys_choice():
    class Chosen(Card):
        default_method = "layer-cam"

    card = object.__new__(Chosen)
    assert chosen(None, card).id == "layer-cam"
    assert chosen("hires-cam", card).id == "hires-cam"
    assert chosen("tea leaves", card).id == "layer-cam"
    Chosen.default_method = "of a later version"
    assert chosen(None, card).id == DEFAULT and METHODS[DEFAULT].kind == FAMILY
