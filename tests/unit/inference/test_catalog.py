import pytest

from tests.support.bundle_factory import make_bundle
from viewer import resources
from viewer.errors import ModelError
from viewer.inference.catalog import find_bundle, find_bundles, shipped_bundles


@pytest.fixture
def shipped(tmp_path, monkeypatch):
    """A resources folder with one bundle, "first"."""
    make_bundle(tmp_path / "shipped" / "first", name="first")
    monkeypatch.setattr(resources, "models", lambda: tmp_path / "shipped")
    return tmp_path


def test_a_bundle_is_found_by_name_and_by_folder(shipped):
    folder = make_bundle(shipped / "mine", name="mine")
    assert [b.card.name for b in shipped_bundles()] == ["first"]
    assert find_bundle("first").folder == shipped / "shipped" / "first"
    assert find_bundle("mine", [folder]).folder == folder
    assert find_bundle(str(folder)).card.name == "mine"


def test_a_folder_of_bundles_gives_them_all(shipped):
    make_bundle(shipped / "many" / "a", name="a")
    make_bundle(shipped / "many" / "b", name="b")
    bundles, refused = find_bundles([shipped / "many"])
    assert [b.card.name for b in bundles] == ["first", "a", "b"] and not refused


def test_a_broken_bundle_is_listed_with_its_reason_and_hides_no_other(shipped):
    broken = make_bundle(shipped / "broken", name="broken", version=None)
    bundles, refused = find_bundles([broken, shipped / "nowhere", make_bundle(shipped / "good", name="good")])
    assert [b.card.name for b in bundles] == ["first", "good"]
    assert [path for path, _reason in refused] == [broken, shipped / "nowhere"]
    assert "version" in refused[0][1]


def test_a_users_bundle_cannot_pass_for_one_that_ships(shipped):
    impostor = make_bundle(shipped / "impostor", name="first", seed=5)
    bundles, refused = find_bundles([impostor])
    assert [b.folder.name for b in bundles] == ["first"]
    assert refused[0][0] == impostor and "already" in refused[0][1]


def test_one_folder_given_twice_is_one_bundle(shipped):
    folder = make_bundle(shipped / "mine", name="mine")
    bundles, refused = find_bundles([folder, folder / ".." / "mine"])
    assert len(bundles) == 2 and not refused


def test_an_unknown_name_is_answered_with_the_known_ones(shipped):
    with pytest.raises(ModelError, match="first"):
        find_bundle("second")
