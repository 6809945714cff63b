"""The packages that Glassbox stands on, and their licences."""

import re
import tomllib
from pathlib import Path

import pytest

from viewer import third_party

PROJECT = Path(__file__).parents[2] / "pyproject.toml"
STRONG = re.compile(r"(?<!L)(?<!Lesser )\bA?GPL|Affero|GNU General Public", re.IGNORECASE)
MAY_BE = {"pyside6-essentials", "shiboken6"}
"""Qt is offered under the LGPL, the GPL or a commercial licence: the LGPL is what is taken."""


@pytest.fixture(scope="module")
def packages():
    return third_party.packages()


def test_everything_that_the_project_asks_for_is_listed(packages):
    table = tomllib.loads(PROJECT.read_text())["project"]
    asked = [*table["dependencies"], *table["optional-dependencies"]["methods"]]
    names = {re.match(r"[\w.-]+", one)[0] for one in asked}
    assert names == set(third_party.DIRECT)
    assert {third_party._plain(name) for name in names} <= {third_party._plain(one.name) for one in packages}


def test_what_they_need_themselves_is_listed_and_what_only_tests_need_is_not(packages):
    names = {one.name.lower() for one in packages}
    assert {"shiboken6", "sympy", "jinja2"} <= names
    assert not names & {"pytest", "ruff", "mypy", "import-linter"}


def test_each_has_a_version_and_says_its_licence(packages):
    assert all(one.version for one in packages)
    silent = {one.name for one in packages if one.licence == "not stated" and not one.texts}
    assert silent <= {"cuda-toolkit"}, "that one holds nothing: it only names others"


def test_no_package_has_a_licence_that_would_bind_glassbox(packages):
    bound = [one.name for one in packages if STRONG.search(one.licence)]
    assert {third_party._plain(name) for name in bound} <= MAY_BE


def test_the_texts_come_with_them(packages):
    numpy = next(one for one in packages if one.name == "numpy")
    assert any("Redistribution and use" in text for _, text in numpy.texts)
