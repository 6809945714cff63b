"""Where model bundles are looked for."""

import os

import pytest

from tests.support.bundle_factory import make_bundle
from viewer import policy, resources
from viewer.errors import ModelError
from viewer.inference import folders
from viewer.inference.catalog import find_bundles


@pytest.fixture
def site(tmp_path, monkeypatch):
    """A machine with a policy file of its own, and no bundle that ships."""
    monkeypatch.delenv(folders.VARIABLE, raising=False)
    monkeypatch.setattr(policy, "policy_file", lambda: tmp_path / "policy.toml")
    (tmp_path / "none").mkdir()
    monkeypatch.setattr(resources, "models", lambda: tmp_path / "none")
    return tmp_path


def test_the_site_comes_before_the_user_and_the_user_before_what_was_added(site, monkeypatch):
    for name in ("a", "b", "policy"):
        make_bundle(site / name / "same", name="same", seed=len(name))
    own = folders.user_folder()
    make_bundle(own / "mine", name="mine")
    make_bundle(site / "added", name="mine", seed=9)
    monkeypatch.setenv(folders.VARIABLE, os.pathsep.join([str(site / "a"), "", str(site / "b")]))
    (site / "policy.toml").write_text(f'models = ["{(site / "policy").as_posix()}"]')
    found = folders.model_folders([str(site / "added")])
    assert found == [site / "a", site / "b", site / "policy", own, site / "added"]
    bundles, refused = find_bundles(found)
    assert [bundle.folder for bundle in bundles] == [site / "a" / "same", own / "mine"]
    assert [path for path, _ in refused] == [site / "b" / "same", site / "policy" / "same", site / "added"]


def test_without_any_of_them_nothing_is_looked_for(site):
    assert folders.model_folders() == []


def test_nothing_is_written_into_a_folder_of_bundles(site, monkeypatch):
    folder = make_bundle(site / "bundles" / "one", name="one")
    monkeypatch.setenv(folders.VARIABLE, str(folder.parent))
    before = {path: path.stat().st_mtime_ns for path in folder.parent.rglob("*")}
    (bundle,), refused = find_bundles(folders.model_folders())
    bundle.verify()
    assert not refused
    assert {path: path.stat().st_mtime_ns for path in folder.parent.rglob("*")} == before


@pytest.mark.parametrize(
    "text", ["models = ", 'models = "/srv"', "models = [1]", "\udcff", "x = 1\n" * 20000]
)
def test_a_policy_that_cannot_be_understood_is_said_and_not_guessed_at(site, text):
    (site / "policy.toml").write_text(text, errors="surrogateescape")
    with pytest.raises(ModelError, match="policy file") as caught:
        folders.model_folders()
    assert "administrator" in caught.value.remedy


def test_a_policy_without_models_names_none(site):
    (site / "policy.toml").write_text("other = 1")
    assert folders.model_folders() == []
