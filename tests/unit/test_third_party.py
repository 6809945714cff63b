"""The packages that Glassbox stands on, and their licences."""

import json
import re
import tomllib
from importlib import metadata
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


def test_a_frozen_build_shows_what_it_was_finished_with(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(PROJECT.parent / "packaging" / "frozen"))
    import finish

    text = tmp_path / "COPYING"
    text.write_text("You may.")
    folder = tmp_path / "licences"
    rows = [
        finish._row(metadata.distribution("numpy"), folder),
        finish._listed(folder, "libsome", "1-2", "see its text", [("copyright", text)]),
    ]
    (folder / third_party.LIST).write_text(json.dumps(rows))
    monkeypatch.setattr(third_party.resources, "licences", lambda: folder)
    kept = third_party.packages()
    source = next(one for one in third_party._installed() if one.name == "numpy")
    assert kept == (
        source,
        third_party.Package("libsome", "1-2", "see its text", (("copyright", "You may."),)),
    )


def test_a_library_under_the_lgpl_has_its_text_beside_it_though_its_wheel_brings_none(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(PROJECT.parent / "packaging" / "frozen"))
    import finish

    monkeypatch.setattr(finish, "COMMON_LICENSES", tmp_path)
    for name in ("LGPL-3", "GPL-3"):
        (tmp_path / name).write_text(name)
    row = finish._row(metadata.distribution("PySide6-Essentials"), tmp_path / "licences")
    assert row["texts"] == ["PySide6_Essentials/LGPL-3", "PySide6_Essentials/GPL-3"]
    assert (tmp_path / "licences" / "PySide6_Essentials" / "LGPL-3").read_text() == "LGPL-3"
