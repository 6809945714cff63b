import hashlib
import json
import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest

from tests.support.bundle_factory import CARD, make_bundle, write_card
from viewer.errors import ModelError
from viewer.inference.bundle import MAX_CARD_BYTES, load_bundle
from viewer.inference.card import SCHEMA


def card_with(folder, **changes):
    """Write a card beside weights of four bytes; no torch needed."""
    folder.mkdir(exist_ok=True)
    (folder / "weights.safetensors").write_bytes(b"data")
    card = {key: dict(value) if isinstance(value, dict) else value for key, value in CARD.items()}
    card["weights"]["sha256"] = hashlib.sha256(b"data").hexdigest()
    for key, value in changes.items():
        card[key] = card.get(key, {}) | value if isinstance(value, dict) else value
    write_card(folder, card)
    return folder


def test_every_field_of_a_card_is_read(tmp_path):
    card = load_bundle(card_with(tmp_path)).card
    assert card.schema == SCHEMA
    assert (card.name, card.title, card.version) == ("tiny", "Tiny test network", "1.0")
    assert card.labels == ("lesion", "cyst", "nothing") and card.findings == ("lesion", "cyst")
    assert card.architecture.arguments == {"width": 4, "blocks": [1, 1, 1, 1], "strides": [1, 2, 2, 1]}
    assert card.input.size == (64, 64) and (card.input.low, card.input.high) == (1, 99)
    assert card.layers.default == "block4" and card.scale.absolute == 0.5
    assert card.domain.modalities == ("CT",) and card.performance == {"note": "none"}


def test_a_label_counts_as_found_from_its_operating_point_on(tmp_path):
    card = load_bundle(card_with(tmp_path, operating_points={"lesion": 0.31})).card
    assert (card.operating_point("lesion"), card.operating_point("cyst")) == (0.31, 0.5)


def test_a_card_names_the_method_shown_first(tmp_path):
    assert load_bundle(card_with(tmp_path / "a")).card.default_method == "grad-cam"
    named = card_with(tmp_path / "b", explain={"method": "grad-cam++"})
    assert load_bundle(named).card.default_method == "grad-cam++"


def test_a_method_has_the_absolute_scale_its_card_fixed_for_it_and_no_other(tmp_path):
    methods = {
        "hires-cam": {"density": 12.0},
        "integrated-gradients": {"absolute": 0.25, "layers": {"input": 0.125}},
    }
    scale = load_bundle(card_with(tmp_path, scale={"layers": {"stem": 0.05}, "methods": methods})).card.scale
    assert (scale.top("block4"), scale.top("stem")) == (0.5, 0.05)
    assert scale.top("block4", "hires-cam", cells=16) == 0.75
    assert scale.top("stem", "hires-cam", cells=64) == 0.1875, "one scale across layers: logit per picture"
    assert scale.top("input", "integrated-gradients", cells=64) == 0.125
    assert scale.top("block4", "layer-cam", cells=16) is None, "it can only be shown on a relative scale"


def test_a_card_without_a_scale_has_no_absolute_one(tmp_path):
    scale = load_bundle(card_with(tmp_path, scale=None)).card.scale
    assert scale.top("block4") is None


def test_the_same_weights_behind_another_card_are_another_model(tmp_path):
    first = load_bundle(card_with(tmp_path / "a"))
    other = load_bundle(card_with(tmp_path / "b", input={"fit": "stretch"}))
    again = load_bundle(card_with(tmp_path / "c"))
    assert first.weights_digest == other.weights_digest == hashlib.sha256(b"data").hexdigest()
    assert first.digest != other.digest
    assert first.digest == again.digest


def test_a_card_can_be_told_as_json_whatever_its_free_figures_hold(tmp_path):
    folder = card_with(tmp_path)
    text = (folder / "card.toml").read_text()
    (folder / "card.toml").write_text(
        text + "[performance.more]\nwhen = 2026-01-02\nnot = nan\nlist = [1, [07:30:00]]\n"
    )
    told = json.loads(json.dumps(asdict(load_bundle(folder).card), allow_nan=False))
    assert told["performance"]["more"] == {"when": "2026-01-02", "not": "nan", "list": [1, ["07:30:00"]]}
    assert told["input"]["size"] == [64, 64]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"schema": 2}, "schema"),
        ({"name": None}, "name"),
        ({"name": "../evil"}, "name"),
        ({"version": 3}, "version"),
        ({"labels": []}, "labels"),
        ({"labels": ["a", "a"], "background": ""}, "labels"),
        ({"labels": "lesion"}, "labels"),
        ({"background": "other"}, "background"),
        ({"activation": "relu"}, "activation"),
        ({"limits": [1]}, "limits"),
        ({"architecture": {"family": "python"}}, "architecture.family"),
        ({"architecture": {"code": "x"}}, "architecture.code"),
        ({"architecture": {"arguments": {"width": "os.system"}}}, "architecture.arguments.width"),
        ({"architecture": {"arguments": {"width": 10**9}}}, "architecture.arguments.width"),
        ({"input": {"size": [224]}}, "input.size"),
        ({"input": {"size": [224, 10**6]}}, "input.size"),
        ({"input": {"channels": 0}}, "input.channels"),
        ({"input": {"channels": True}}, "input.channels"),
        ({"input": {"fit": "pad"}}, "input.fit"),
        ({"input": {"normalization": "window"}}, "input.normalization"),
        ({"input": {"normalisation": "zscore"}}, "input.normalisation"),
        ({"input": {"normalisation": "window"}}, "input.center"),
        ({"input": {"normalisation": "window", "center": 40, "width": 0}}, "input.width"),
        ({"input": {"low": 99, "high": 1}}, "input.low"),
        ({"input": {"mean": [0.1, 0.2]}}, "input.mean"),
        ({"input": {"std": [0]}}, "input.mean"),
        ({"layers": {"default": "block9", "offered": [{"name": "block1"}]}}, "layers.default"),
        ({"layers": {"offered": [{"title": "x"}]}}, "layers.offered[0].name"),
        ({"scale": {"absolute": 0}}, "scale.absolute"),
        ({"scale": {"methods": {"hires-cam": {"density": -1}}}}, "scale.methods.hires-cam.density"),
        (
            {"scale": {"methods": {"hires-cam": {"density": 1, "absolute": 1}}}},
            "scale.methods.hires-cam.density",
        ),
        ({"scale": {"methods": {"hires-cam": {"top": 1}}}}, "scale.methods.hires-cam.top"),
        ({"scale": {"methods": {"hires-cam": 3}}}, "scale.methods.hires-cam"),
        ({"operating_points": {"lesoin": 0.4}}, "operating_points.lesoin"),
        ({"operating_points": {"lesion": 1.4}}, "operating_points.lesion"),
        ({"explain": {"method": "Grad CAM"}}, "explain.method"),
        ({"explain": {"methods": "grad-cam"}}, "explain.methods"),
        ({"weights": {"sha256": "123"}}, "weights.sha256"),
    ],
)
def test_a_bad_field_is_named_in_one_sentence(tmp_path, changes, field):
    with pytest.raises(ModelError) as caught:
        load_bundle(card_with(tmp_path, **changes))
    assert field in caught.value.what.replace("'", "")
    assert caught.value.remedy and caught.value.what.count(". ") == 0


@pytest.mark.parametrize(
    "name",
    [
        "../weights.safetensors",
        "/etc/passwd",
        "sub/weights.safetensors",
        "..\\w.safetensors",
        "w.pt",
        ".safetensors",
    ],
)
def test_weights_are_only_taken_from_the_bundle_itself(tmp_path, name):
    with pytest.raises(ModelError, match=r"weights\.file"):
        load_bundle(card_with(tmp_path, weights={"file": name}))


def test_weights_that_are_a_link_out_of_the_bundle_are_refused(tmp_path):
    folder = card_with(tmp_path / "bundle")
    outside = tmp_path / "outside.safetensors"
    outside.write_bytes(b"data")
    (folder / "weights.safetensors").unlink()
    (folder / "weights.safetensors").symlink_to(outside)
    with pytest.raises(ModelError, match="link"):
        load_bundle(folder)


def test_a_card_that_is_a_link_is_refused(tmp_path):
    folder = card_with(tmp_path / "bundle")
    (folder / "card.toml").rename(tmp_path / "card.toml")
    (folder / "card.toml").symlink_to(tmp_path / "card.toml")
    with pytest.raises(ModelError, match="link"):
        load_bundle(folder)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_card_that_is_a_pipe_is_refused_without_waiting(tmp_path):
    os.mkfifo(tmp_path / "card.toml")
    with pytest.raises(ModelError, match="ordinary file"):
        load_bundle(tmp_path)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\xff\xfe not text", "TOML"),
        (b"schema = ", "TOML"),
        (b"a = " + b"[" * 50_000, "TOML"),
        (b"#" * (MAX_CARD_BYTES + 1), "larger"),
        (b"", "schema"),
    ],
)
def test_a_card_that_is_no_card_is_refused(tmp_path, content, words):
    (tmp_path / "card.toml").write_bytes(content)
    with pytest.raises(ModelError, match=words):
        load_bundle(tmp_path)


def test_a_folder_without_a_card_is_no_bundle(tmp_path):
    with pytest.raises(ModelError, match=r"no card\.toml"):
        load_bundle(tmp_path)


def test_missing_weights_are_said_when_the_card_is_read(tmp_path):
    folder = card_with(tmp_path)
    (folder / "weights.safetensors").unlink()
    with pytest.raises(ModelError, match="cannot be found"):
        load_bundle(folder)


def test_altered_weights_do_not_verify(tmp_path):
    bundle = load_bundle(make_bundle(tmp_path))
    bundle.verify()
    data = bytearray(bundle.weights_path.read_bytes())
    data[-1] ^= 1
    bundle.weights_path.write_bytes(data)
    for refuse in (bundle.verify, bundle.read_weights):
        with pytest.raises(ModelError, match="not the ones its card describes") as caught:
            refuse()
        assert caught.value.remedy


def test_reading_a_card_imports_no_torch():
    code = (
        "import sys, viewer.inference.bundle, viewer.inference.catalog, viewer.inference.domain,"
        "viewer.inference.preprocess, viewer.explain.heatmap; sys.exit('torch' in sys.modules)"
    )
    root = Path(__file__).parents[3]
    assert subprocess.run([sys.executable, "-c", code], check=False, cwd=root).returncode == 0
