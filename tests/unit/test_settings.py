"""Settings: kept from run to run; a damaged file never keeps the program from starting."""

import json
from dataclasses import fields, replace
from pathlib import Path

import pytest

from viewer import settings
from viewer.settings import CHOICES, RANGES, Settings, load, save, with_model_folder


@pytest.fixture
def path(tmp_path):
    return tmp_path / "folder" / "settings.json"


OTHER = Settings(
    recent=("/a", "/b"),
    model_folders=("/m",),
    device="cpu",
    overlay_opacity=0.25,
    overlay_threshold=0.0,
    overlay_colormap="viridis",
    overlay_scale="relative",
    overlay_evidence="negative",
    mouse="scroll",
    mouse_asked=True,
    disclaimer_read=True,
    theme="light",
    ui_scale=1.5,
    deidentified=True,
    slice_cache_mb=128,
    result_cache_mb=128,
    shortcuts={"overlay.toggle": "X"},
    window_geometry="abcd",
)


def test_every_setting_comes_back_as_it_was_saved(path):
    assert save(OTHER, path)
    assert load(path) == (OTHER, "")
    defaults = Settings()
    assert all(getattr(OTHER, one.name) != getattr(defaults, one.name) for one in fields(Settings))


def test_without_a_file_the_defaults_are_used(path):
    assert load(path) == (Settings(), "")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff\xfe\x00",
        b"[]",
        b'"text"',
        b"null",
        b'{"schema": "one"}',
        b"[" * 100_000,
        b"0" * (2 << 20),
    ],
)
def test_a_damaged_file_is_set_aside_and_said(path, content):
    path.parent.mkdir()
    path.write_bytes(content)
    loaded, problem = load(path)
    assert loaded == Settings()
    assert "damaged" in problem
    assert not path.exists()
    assert (path.parent / "settings.damaged.json").read_bytes() == content
    assert save(loaded, path)


def test_a_settings_file_that_cannot_be_read_never_stops_the_start(path):
    path.mkdir(parents=True)
    loaded, problem = load(path)
    assert loaded == Settings() and problem


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("overlay_opacity", 7),
        ("overlay_opacity", True),
        ("overlay_opacity", "half"),
        ("slice_cache_mb", -1),
        ("device", "quantum"),
        ("theme", 3),
        ("overlay_evidence", "both"),
        ("recent", "one"),
        ("recent", [1]),
        ("shortcuts", []),
        ("shortcuts", {"a": 1}),
        ("deidentified", "yes"),
    ],
)
def test_one_bad_value_costs_only_itself(path, name, value):
    save(OTHER, path)
    table = json.loads(path.read_text())
    table[name] = value
    path.write_text(json.dumps(table))
    default = getattr(Settings(), name)
    assert load(path) == (replace(OTHER, **{name: default}), "")


def test_what_a_newer_version_wrote_is_read_as_far_as_it_is_known(path):
    path.parent.mkdir()
    path.write_text(json.dumps({"schema": 99, "theme": "light", "holodeck": True}))
    assert load(path) == (replace(Settings(), theme="light"), "")


def test_an_older_schema_is_migrated(path, monkeypatch):
    path.parent.mkdir()
    path.write_text(json.dumps({"schema": 0, "look": "light"}))
    monkeypatch.setitem(settings.MIGRATIONS, 0, lambda table: {"theme": table["look"]})
    assert load(path)[0].theme == "light"


def test_the_old_bound_of_the_slices_becomes_automatic_unless_it_was_chosen(path):
    path.parent.mkdir()
    for old, new in ((1024, 0), (300, 300)):
        path.write_text(json.dumps({"schema": 1, "slice_cache_mb": old, "theme": "light"}))
        assert load(path) == (replace(Settings(), slice_cache_mb=new, theme="light"), "")
    path.write_text(json.dumps({"schema": settings.SCHEMA, "slice_cache_mb": 1024}))
    assert load(path)[0].slice_cache_mb == 1024


def test_the_colour_map_of_signed_evidence_becomes_signed_evidence(path):
    path.parent.mkdir()
    path.write_text(json.dumps({"schema": 2, "overlay_colormap": "diverging"}))
    assert load(path) == (replace(Settings(), overlay_evidence="signed"), "")
    path.write_text(json.dumps({"schema": 2, "overlay_colormap": "viridis"}))
    assert load(path) == (replace(Settings(), overlay_colormap="viridis"), "")


@pytest.mark.parametrize(("old", "new"), [(0.5, 1.0), (1.25, 1.25), (1.4, 1.5), (4.0, 2.5), ("large", 1.0)])
def test_a_size_of_the_interface_that_is_offered_no_more_becomes_the_nearest(path, old, new):
    path.parent.mkdir()
    path.write_text(json.dumps({"schema": 3, "ui_scale": old, "theme": "light"}))
    assert load(path) == (replace(Settings(), ui_scale=new, theme="light"), "")


@pytest.mark.parametrize(("mouse", "asked"), [("scroll", True), ("window", False)])
def test_who_changed_the_mouse_before_is_not_asked_for_it(path, mouse, asked):
    path.parent.mkdir()
    path.write_text(json.dumps({"schema": 3, "mouse": mouse}))
    assert load(path) == (replace(Settings(), mouse=mouse, mouse_asked=asked), "")


def test_settings_that_cannot_be_saved_never_stop_the_program(tmp_path):
    (tmp_path / "file").write_text("")
    assert not save(OTHER, tmp_path / "file" / "settings.json")


def test_a_crash_while_saving_leaves_the_old_settings(path, monkeypatch):
    save(OTHER, path)
    monkeypatch.setattr(settings.os, "replace", lambda *args: (_ for _ in ()).throw(OSError))
    assert not save(Settings(), path)
    monkeypatch.undo()
    assert load(path)[0] == OTHER


def test_a_model_folder_is_kept_once():
    one = with_model_folder(with_model_folder(Settings(), Path("/m")), Path("/m"))
    assert one.model_folders == ("/m",)


def test_every_choice_and_range_belongs_to_a_setting():
    names = {one.name for one in fields(Settings)}
    assert set(CHOICES) | set(RANGES) <= names
    numbers = {one.name for one in fields(Settings) if type(getattr(Settings(), one.name)) in (int, float)}
    assert numbers == set(RANGES)


def test_the_settings_lie_in_the_users_own_folder():
    assert settings.default_path().name == "settings.json"
    assert "glassbox" in str(settings.default_path())
