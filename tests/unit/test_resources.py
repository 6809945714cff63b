"""Resources are found from source, from an installed package and from a frozen build."""

import sys

from viewer import resources


def test_resources_lie_beside_the_source():
    assert (resources.root().parent / "viewer" / "resources.py").exists()
    assert resources.models().parent == resources.root()


def test_resources_of_a_frozen_build_come_first(monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "_MEIPASS", str(tmp_path), raising=False)
    assert resources.sample_study() == tmp_path / "resources" / "sample" / "study"


def test_resources_of_an_installed_package_lie_inside_it(monkeypatch, tmp_path):
    (tmp_path / "viewer" / "_resources").mkdir(parents=True)
    monkeypatch.setattr(resources, "__file__", str(tmp_path / "viewer" / "resources.py"))
    assert resources.icon("open") == tmp_path / "viewer" / "_resources" / "icons" / "open.svg"
