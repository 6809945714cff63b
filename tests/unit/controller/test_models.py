"""Adding a model by its folder: no torch, remembered, refused in words."""

import hashlib

import pytest

from tests.support.bundle_factory import CARD, write_card
from tests.support.headless_view import HeadlessView
from viewer.controller import Controller


def bundle_folder(folder, name="mine", **changes):
    folder.mkdir()
    (folder / "weights.safetensors").write_bytes(b"not looked at")
    digest = hashlib.sha256(b"not looked at").hexdigest()
    write_card(folder, {**CARD, "name": name, "title": "Mine", "weights": {"sha256": digest}, **changes})
    return folder


def test_an_added_model_is_chosen_and_remembered(lab, desk, screen, tmp_path):
    folder = bundle_folder(tmp_path / "mine")
    desk.add_model(folder)
    assert screen.models[-1] == (["tiny", "mine"], "mine")
    assert desk.settings.model_folders == (str(folder),)
    desk.add_model(folder)
    assert screen.models[-1][0] == ["tiny", "mine"]
    assert desk.settings.model_folders == (str(folder),)


def test_settings_are_kept_when_they_change(lab, qtbot, tmp_path):
    kept = []
    controller = Controller(keep=kept.append)
    controller.attach(HeadlessView())
    controller.add_model(bundle_folder(tmp_path / "mine"))
    controller.set_deidentified(True)
    controller.set_deidentified(True)
    assert [len(settings.model_folders) for settings in kept] == [1, 1]
    assert controller.shutdown()


@pytest.mark.parametrize("changes", [{"labels": []}, {"schema": 99}])
def test_a_bad_bundle_is_refused_in_words(lab, desk, screen, tmp_path, changes):
    desk.add_model(bundle_folder(tmp_path / "bad", **changes))
    assert screen.notices[-1].kind == "error"
    assert "card" in screen.notices[-1].text
    assert desk.settings.model_folders == ()


def test_a_folder_that_is_no_bundle_is_refused_in_words(lab, desk, screen, tmp_path):
    desk.add_model(tmp_path)
    assert screen.said("card.toml")


def test_two_models_of_one_name_are_refused(lab, desk, screen, tmp_path):
    desk.add_model(bundle_folder(tmp_path / "one"))
    desk.add_model(bundle_folder(tmp_path / "two"))
    assert screen.said("already a model called mine")
    assert len(desk.settings.model_folders) == 1


def test_a_policy_that_cannot_be_used_is_said_and_the_readers_models_stay(
    lab, controller, screen, tmp_path, monkeypatch
):
    from viewer import policy as site_policy

    policy = tmp_path / "policy.toml"
    policy.write_text("models = 1")
    monkeypatch.setattr(site_policy, "policy_file", lambda: policy)
    controller.keep_settings(model_folders=(str(tmp_path / "gone"),))
    controller.start()
    assert screen.said("policy file", "administrator")
    assert screen.models
