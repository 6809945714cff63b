"""`explain` and `report` on a tiny network: the .npz, the page, and every wrong choice in one sentence."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.support import dicom_factory
from tests.support.bundle_factory import make_bundle
from tests.support.report_views import anatomy
from viewer.cli.network import evidence
from viewer.inference.card import parse_card
from viewer.results import Prediction

ROOT = Path(__file__).parents[2]
SLICES = 4


@pytest.fixture(scope="module")
def material(tmp_path_factory):
    """A bundle, a CT series of four slices that differ, and an MR series."""
    folder = tmp_path_factory.mktemp("material")
    make_bundle(folder / "tiny")
    planes = np.stack([np.roll(anatomy(48, 40), 6 * i, axis=0) * (i + 1) for i in range(SLICES)]).astype(
        np.int16
    )
    dicom_factory.write_series(folder / "ct", SLICES, pixels=planes, spacing=(0.8, 1.0), series="ct head")
    dicom_factory.write_series(folder / "mr", 2, modality="MR", series="mr knee")
    return folder


@pytest.fixture
def explain(run, material, tmp_path):
    """Run `explain` on the CT series with the tiny model; the JSON document and the arrays."""

    def explain(*argv, study="ct"):
        out = tmp_path / "x.npz"
        ran = run("explain", material / study, "--model", material / "tiny", "--out", out, "--json", *argv)
        assert ran.code == 0, ran.err
        with np.load(out, allow_pickle=False) as arrays:
            found = {name: arrays[name] for name in arrays.files}
        return json.loads(ran.out), found, ran.err

    return explain


def test_the_npz_holds_what_was_promised(explain):
    _, arrays, err = explain()
    told = json.loads(str(arrays["provenance"]))
    layers = [layer["name"] for layer in told["layers"]]
    assert layers == ["stem", "block1", "block2", "block3", "block4"] and err == ""
    maps = {f"{kind}/{layer}" for kind in ("cam", "heatmap") for layer in layers}
    assert set(arrays) == {"input", "logit", "probability", "provenance"} | maps
    assert arrays["input"].shape == (SLICES, 1, 64, 64) and arrays["input"].dtype == np.float32
    assert arrays["logit"].shape == arrays["probability"].shape == (SLICES, 3)
    assert np.allclose(arrays["probability"].sum(axis=1), 1, atol=1e-6)
    for layer in told["layers"]:
        cam, heatmap = arrays[f"cam/{layer['name']}"], arrays[f"heatmap/{layer['name']}"]
        assert cam.shape == (SLICES, *layer["grid"]) and heatmap.shape == (SLICES, 48, 40)
        assert cam.dtype == heatmap.dtype == np.float32
        assert layer["stride"] == [64 / side for side in layer["grid"]]


def test_maps_are_raw_and_keep_their_sign(explain):
    lowest = {target: explain("--target", target)[1]["cam/block4"].min() for target in ("cyst", "nothing")}
    assert min(lowest.values()) < 0


def test_the_provenance_says_who_answered_and_about_which_slices(explain, material):
    said, arrays, _ = explain()
    told = json.loads(str(arrays["provenance"]))
    assert told["labels"] == ["lesion", "cyst", "nothing"] and told["target"] in ("lesion", "cyst")
    assert told["model"]["name"] == "tiny" and len(told["model"]["digest"]) == 64
    assert told["device"] in ("cpu", "cuda", "mps") and {"glassbox", "torch", "numpy"} <= set(
        told["versions"]
    )
    assert [one["number"] for one in told["slices"]] == [1, 2, 3, 4]
    assert len({one["sop_instance_uid"] for one in told["slices"]}) == SLICES
    assert all("cell" in layer["text"] and layer["title"] for layer in told["layers"])
    assert {key: said[key] for key in told} == told


def test_the_json_document_gives_probabilities_and_ranges(explain):
    said, arrays, _ = explain()
    for place, row in enumerate(said["results"]):
        assert list(row["probability"].values()) == pytest.approx(arrays["probability"][place].tolist())
        cam = arrays["cam/block4"][place]
        assert row["range"]["block4"] == pytest.approx([cam.min(), cam.max()])


def test_slices_count_from_one_and_one_slice_is_one_row(explain):
    _, every, _ = explain()
    said, one, _ = explain("--slice", 2, "--target", json.loads(str(every["provenance"]))["target"])
    assert [row["number"] for row in said["results"]] == [2]
    for name in ("input", "logit", "cam/block4", "heatmap/stem"):
        assert np.array_equal(one[name][0], every[name][1])


def test_all_slices_are_explained_for_one_target(explain):
    for target in ("lesion", "nothing", "CYST"):
        said, arrays, _ = explain("--target", target)
        assert said["target"] == target.lower() and len(arrays["logit"]) == SLICES


def test_the_document_says_which_target_it_is_and_why(explain):
    table, arrays, _ = explain()
    stored = json.loads(str(arrays["provenance"]))
    assert stored["target_from"] == table["target_from"]
    assert f"most probable finding at the peak, slice {table['peak']};" in table["target_from"]
    row = table["results"][table["peak"] - 1]["logit"]
    assert table["target"] == max(("lesion", "cyst"), key=row.get)
    asked, _, _ = explain("--target", "cyst", "--slice", "2")
    assert (asked["target"], asked["target_from"], asked["peak"]) == ("cyst", "asked for", 2)


def test_the_peak_is_the_slice_with_most_evidence(explain):
    for target in ("lesion", "cyst"):
        _, every, _ = explain("--target", target)
        column = ["lesion", "cyst", "nothing"].index(target)
        said, arrays, _ = explain("--slice", "peak", "--target", target)
        assert said["results"][0]["number"] == int(every["probability"][:, column].argmax()) + 1
        assert len(arrays["logit"]) == 1


def test_the_peak_without_a_target_is_that_of_any_finding(explain):
    _, every, _ = explain()
    said, _, _ = explain("--slice", "peak")
    assert said["results"][0]["number"] == int(every["probability"][:, 2].argmin()) + 1


@pytest.mark.parametrize("name", ["block2", "BLOCK 2 OF 4"])
def test_one_layer_is_found_by_name_or_title(explain, name):
    _, arrays, _ = explain("--layer", name, "--slice", 1)
    assert [key for key in arrays if "/" in key] == ["cam/block2", "heatmap/block2"]


def test_the_same_question_gives_the_same_file(explain, tmp_path):
    explain("--slice", 1)
    first = (tmp_path / "x.npz").read_bytes()
    explain("--slice", 1)
    assert (tmp_path / "x.npz").read_bytes() == first


def test_a_study_outside_the_domain_is_said_and_explained_all_the_same(explain):
    said, arrays, err = explain(study="mr")
    (reason,) = said["outside_domain"]
    assert "made for CT" in reason and reason in err and err.count("\n") == 1
    assert json.loads(str(arrays["provenance"]))["outside_domain"] == [reason]


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["--slice", "0"], "this series has 4 slices, counted from 1"),
        (["--slice", "5"], "Choose 1 to 4"),
        (["--slice", "first"], "'all' or 'peak'"),
        (["--series", "2"], "1 (CT ct head, 4 slices)"),
        (["--target", "tumour"], "lesion, cyst, nothing"),
        (["--layer", "conv1"], "stem, block1, block2, block3, block4"),
        (["--out", "x.npy"], ".npz"),
    ],
)
def test_a_wrong_choice_lists_the_right_ones(run, material, argv, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    out = [] if "--out" in argv else ["--out", "x.npz"]
    ran = run("explain", material / "ct", "--model", material / "tiny", *out, *argv)
    assert ran.code == 2 and words in ran.err and ran.err.count("\n") == 1 and ran.out == ""
    assert os.listdir(tmp_path) == []


def test_an_unknown_model_lists_the_known_ones(run, material, tmp_path):
    ran = run("explain", material / "ct", "--model", "nobody", "--out", tmp_path / "x.npz")
    assert ran.code == 2 and "There is no model 'nobody'" in ran.err and "Known models" in ran.err


def test_altered_weights_are_refused_before_anything_is_written(run, material, tmp_path):
    weights = make_bundle(tmp_path / "bad") / "weights.safetensors"
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(data)
    ran = run("explain", material / "ct", "--model", tmp_path / "bad", "--out", tmp_path / "x.npz")
    assert ran.code == 2 and "not the ones its card describes" in ran.err
    assert not (tmp_path / "x.npz").exists()


def test_a_slice_that_cannot_be_decoded_is_left_out_and_said(run, material, tmp_path):
    study = tmp_path / "ct"
    study.mkdir()
    files = sorted((material / "ct").iterdir())
    for file in files:
        (study / file.name).write_bytes(file.read_bytes())
    damaged = dicom_factory.compressed(
        dicom_factory.image(
            anatomy(48, 40), spacing=(0.8, 1.0), series="ct head", position=(0, 0, 2.0), instance=2
        ),
        "1.2.840.10008.1.2.4.80",
    )
    data = dicom_factory.to_bytes(damaged)
    start = data.rindex(b"\xff\xd8")
    (study / files[1].name).write_bytes(data[: start + 2] + bytes(len(data) - start - 2))
    ran = run("explain", study, "--model", material / "tiny", "--out", tmp_path / "x.npz", "--json")
    said = json.loads(ran.out)
    assert ran.code == 0 and len(said["results"]) == 3
    assert [one["number"] for one in said["failed"]] == [3] or [one["number"] for one in said["failed"]] == [
        2
    ]
    assert ran.err.startswith(f"Slice {said['failed'][0]['number']} is left out")


def test_evidence_orders_slices_as_probabilities_do_and_does_not_saturate():
    card = parse_card(
        {
            "schema": 1,
            "name": "a",
            "version": "1",
            "labels": ["lesion", "cyst", "nothing"],
            "background": "nothing",
            "architecture": {"family": "glassbox", "name": "SmallResNet"},
            "input": {"size": [64, 64], "normalisation": "percentile"},
            "weights": {"sha256": "a" * 64},
        }
    )

    def said(*logits):
        values = np.array(logits, np.float32)
        chances = np.exp(values - values.max())
        return Prediction(card.labels, values, chances / chances.sum())

    for target in ("lesion", None):
        low, high = said(40, 0, 0), said(60, 0, 0)
        assert low.probabilities[0] == high.probabilities[0] == 1
        assert evidence(low, card, target) < evidence(high, card, target)
    assert evidence(said(1, 1, 0), card, None) > evidence(said(1, 0, 0), card, None)


@pytest.fixture(scope="module")
def careful(tmp_path_factory):
    """The tiny model with an operating point that no probability reaches for one label alone."""
    points = {"lesion": 1.0, "cyst": 0.0, "nothing": 0.0}
    return make_bundle(tmp_path_factory.mktemp("careful") / "tiny", operating_points=points)


def test_heatmaps_of_one_sign_are_its_magnitude_and_the_raw_maps_keep_both(explain):
    both, seen = explain("--target", "cyst", "--layer", "stem")[1], []
    for sign, side in (("positive", 1), ("negative", -1)):
        said, one, _ = explain("--target", "cyst", "--layer", "stem", "--evidence", sign)
        assert said["evidence"] == sign and np.array_equal(one["cam/stem"], both["cam/stem"])
        assert np.array_equal(one["heatmap/stem"], np.maximum(side * both["heatmap/stem"], 0))
        seen.append(one["heatmap/stem"].max())
    assert max(seen) > 0


def test_evidence_against_is_refused_of_a_method_that_tells_nothing_of_it(run, material, tmp_path):
    argv = ("--model", material / "tiny", "--method", "layer-cam", "--evidence", "negative")
    ran = run("explain", material / "ct", *argv, "--out", tmp_path / "x.npz")
    assert ran.code == 2 and "LayerCAM tells nothing of evidence against" in ran.err


def test_a_finding_below_its_operating_point_has_no_map_in_the_arrays_unless_asked(
    run, material, careful, tmp_path
):
    def ask(*argv):
        out = tmp_path / "x.npz"
        ran = run("explain", material / "ct", "--model", careful, "--out", out, "--json", *argv)
        with np.load(out, allow_pickle=False) as arrays:
            return json.loads(ran.out), {name: arrays[name] for name in arrays.files}

    said, arrays = ask("--target", "lesion")
    assert said["operating_point"] == {"lesion": 1.0, "cyst": 0.0, "nothing": 0.0}
    assert all(row["gated"] and row["range"] is None for row in said["results"])
    assert np.isnan(arrays["cam/block4"]).all() and np.isnan(arrays["heatmap/block4"]).all()
    assert np.isfinite(arrays["probability"]).all()
    for argv in (
        ("--target", "lesion", "--anyway"),
        ("--target", "cyst"),
        ("--target", "cyst", "--against", "lesion"),
    ):
        said, arrays = ask(*argv)
        assert not any(row["gated"] for row in said["results"]) and np.isfinite(arrays["cam/block4"]).all()


def test_the_page_keeps_back_the_map_of_a_finding_below_its_operating_point(run, material, careful, tmp_path):
    def ask(*argv):
        return run(
            "report", material / "ct", "--model", careful, "--out", tmp_path / "x.png", "--overwrite", *argv
        )

    told = json.loads(ask("--target", "lesion", "--json").out)
    assert told["gated"] and told["layer"] is None and told["scale"] is None
    assert (
        "below this model's operating point 1.00: no map is shown without --anyway."
        in ask("--target", "lesion").out
    )
    told = json.loads(ask("--target", "lesion", "--anyway", "--json").out)
    assert not told["gated"] and told["layer"] == "block4" and told["evidence"] == "positive"


def test_the_page_shows_the_sign_asked_for(run, material, tmp_path, qapp):
    for sign, low in (("negative", 0.0), ("signed", -0.5)):
        argv = ("--evidence", sign, "--out", tmp_path / f"{sign}.png", "--json")
        told = json.loads(run("report", material / "ct", "--model", material / "tiny", *argv).out)
        assert told["evidence"] == sign and told["heat_range"][0] == low
        assert abs(told["heat_range"][1]) == 0.5 and told["scale"] == "absolute"
        assert told["colormap"] == {"negative": "against", "signed": "for and against"}[sign]


# report


@pytest.fixture
def report(run, material, tmp_path, qapp):
    """Run `report` on the CT series with the tiny model; the JSON document and the report in the PNG."""

    def report(*argv, study="ct"):
        from viewer.report import page

        out = tmp_path / "x.png"
        ran = run("report", material / study, "--model", material / "tiny", "--out", out, "--json", *argv)
        assert ran.code == 0, ran.err
        return json.loads(ran.out), page.read(out)

    return report


def test_the_page_shows_what_was_asked_for(report):
    said, made = report(
        *("--slice", 2, "--target", "cyst", "--layer", "block2", "--opacity", 0.3),
        *("--window", "-100,900", "--comment", "Seen."),
    )
    assert (said["slice"], said["target"], said["layer"]) == (2, "cyst", "block2")
    assert (made.image.number, made.analysis.target, made.analysis.map.layer.name) == (2, "cyst", "block2")
    assert made.analysis.map.overlay.opacity == 0.3 and made.comment == "Seen."
    assert (made.display.window.center, made.display.window.width) == (-100, 900)
    assert made.analysis.map.raw_range == pytest.approx(tuple(said["range"]))


def test_without_wishes_the_page_shows_the_peak_and_the_models_own_layer(report, explain):
    said, made = report()
    peak, _, _ = explain("--slice", "peak")
    assert said["slice"] == peak["results"][0]["number"] and said["layer"] == "block4"
    assert made.analysis.map.heat_range == (0.0, 0.5), "the absolute scale of the card"


def test_pages_of_a_series_without_windows_share_the_one_that_the_window_shows(
    report, material, controller, screen, qtbot
):
    pages = [report("--slice", number, "--overwrite")[1].display for number in (1, SLICES)]
    assert pages[0] == pages[1]
    controller.open(material / "ct")
    qtbot.waitUntil(lambda: screen.view.window == pages[0].window, timeout=20000)
    controller.step(SLICES)
    qtbot.waitUntil(lambda: screen.view.slice is not None and screen.view.index == SLICES - 1)
    assert screen.view.window == pages[0].window
    assert pages[0].text.endswith("1–99 percentile of the series")


def test_identity_is_never_printed_and_only_kept_where_it_may_be(report):
    said, made = report("--slice", 1)
    assert made.identity.name == "Doe^Jane" and "Doe" not in json.dumps(said)
    said, made = report("--slice", 1, "--deidentify", "--overwrite")
    assert made.identity is None and said["deidentified"] is True


def test_an_existing_page_is_left_alone_unless_overwriting_is_asked(report, run, material, tmp_path):
    report("--slice", 1)
    argv = ("report", material / "ct", "--model", material / "tiny", "--out", tmp_path / "x.png")
    ran = run(*argv, "--slice", 2)
    assert ran.code == 2 and "add --overwrite" in ran.err
    _, made = report("--slice", 2, "--overwrite")
    assert made.image.number == 2


def test_a_name_in_pdf_gets_the_same_page_as_text(run, material, tmp_path, qapp):
    from tests.support import pdf_text

    out = tmp_path / "x.pdf"
    argv = ("--deidentify", "--comment", "Seen.", "--out", out)
    ran = run("report", material / "ct", "--model", material / "tiny", *argv)
    assert ran.code == 0, ran.err
    (text,) = pdf_text.pages(out.read_bytes())
    assert "De-identified" in text and "Seen." in text and "Doe" not in text
    refused = run("report", material / "ct", "--out", tmp_path / "x.jpg")
    assert refused.code != 0 and "does not end in .png or .pdf." in refused.err


def test_a_page_outside_the_domain_says_so(report):
    said, made = report(study="mr")
    assert "made for CT" in said["outside_domain"][0] and made.analysis.outside == tuple(
        said["outside_domain"]
    )


def test_a_page_has_one_slice_and_one_layer(run, material, tmp_path):
    for argv in (["--slice", "all"], ["--layer", "all"]):
        ran = run("report", material / "ct", "--model", material / "tiny", "--out", tmp_path / "x.png", *argv)
        assert ran.code == 2 and "one slice and one layer" in ran.err


def test_report_works_where_there_is_no_display_and_no_font(material, tmp_path):
    """In a process of its own, without a platform named, and with no font of the system."""
    (tmp_path / "fonts.conf").write_text("<fontconfig></fontconfig>")
    bare = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")}
    out = tmp_path / "x.png"
    argv = ["report", material / "ct", "--model", material / "tiny", "--slice", "1", "--out", out, "--json"]
    done = subprocess.run(
        [sys.executable, "main.py", *map(str, argv)],
        cwd=ROOT,
        env=bare | {"FONTCONFIG_FILE": str(tmp_path / "fonts.conf")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["slice"] == 1
    from PySide6.QtGui import QImage

    from tests.support.golden import colors

    headline = colors(QImage(str(out)))[60:110, 72:1200]
    assert 0.02 < (headline < 128).mean() < 0.3, "the patient line is written there"


def test_a_method_and_a_contrast_can_be_asked_for(explain):
    said, arrays, _ = explain("--method", "hires-cam", "--target", "cyst", "--against", "lesion")
    assert (said["method"], said["target"], said["against"], said["unit"]) == (
        "hires-cam",
        "cyst",
        "lesion",
        "logit",
    )
    alone = {
        label: explain("--method", "hires-cam", "--target", label)[1]["cam/block4"]
        for label in ("cyst", "lesion")
    }
    assert np.allclose(arrays["cam/block4"], alone["cyst"] - alone["lesion"], atol=1e-5)


def test_a_method_that_asks_layer_by_layer_is_asked_for_the_default_one_or_those_wished(explain):
    said, arrays, _ = explain("--method", "ablation-cam", "--slice", "2")
    assert [layer["name"] for layer in said["layers"]] == ["block4"] and said["unit"] == "a.u."
    said, arrays, _ = explain("--method", "ablation-cam", "--slice", "2", "--layer", "all")
    assert [layer["name"] for layer in said["layers"]] == ["stem", "block1", "block2", "block3", "block4"]
    assert arrays["cam/stem"].any()


def test_a_method_on_the_input_has_one_map_and_says_how_well_it_adds_up(explain):
    said, arrays, _ = explain("--method", "integrated-gradients", "--slice", "2")
    assert [layer["name"] for layer in said["layers"]] == ["input"]
    assert arrays["cam/input"].shape == (1, 64, 64) and arrays["heatmap/input"].shape == (1, 48, 40)
    assert any("gap" in note for note in said["results"][0]["notes"])


def test_what_a_method_says_of_its_map_stands_below_the_slice(run, material, tmp_path):
    out = tmp_path / "x.npz"
    asked = ("--method", "integrated-gradients", "--slice", "2")
    ran = run("explain", material / "ct", "--model", material / "tiny", "--out", out, *asked)
    lines = ran.out.splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith("  slice    2"))
    assert lines[at + 1].startswith("    The map sums to ") and "black" in "".join(lines[at + 2 : at + 4])


def test_a_page_can_be_made_by_any_method(run, material, tmp_path):
    for method, more in (("eigen-cam", ()), ("ablation-cam", ("--layer", "block3")), ("gradient", ())):
        out = tmp_path / f"{method}.png"
        argv = (
            "--model",
            material / "tiny",
            "--slice",
            "2",
            "--method",
            method,
            *more,
            "--out",
            out,
            "--json",
        )
        ran = run("report", material / "ct", *argv)
        assert ran.code == 0, ran.err
        told = json.loads(ran.out)
        assert told["method"] == method and told["scale"] == "relative"
    assert told["layer"] == "input"


def test_wrong_wishes_about_the_method_are_refused_in_a_sentence(run, material, tmp_path):
    for argv in (
        ("--method", "tea-leaves"),
        ("--method", "gradient", "--layer", "block4"),
        ("--target", "cyst", "--against", "cyst"),
        ("--against", "fracture"),
        ("--method", "attention-rollout"),
    ):
        ran = run(
            "explain", material / "ct", "--model", material / "tiny", "--out", tmp_path / "x.npz", *argv
        )
        assert ran.code == 2 and "Traceback" not in ran.err


def test_trust_judges_one_map_of_each_slice_and_says_so_in_the_document(explain):
    document, _, _ = explain("--slice", "2", "--trust")
    (row,) = document["results"]
    lines = {line["id"]: line for line in row["trust"]}
    assert {"weights", "body", "layers", "randomisation", "noise", "deletion", "insertion"} <= set(lines)
    assert lines["weights"]["level"] == "red" and lines["weights"]["layer"] == "block4"
    assert all(
        line["sentence"] and line["level"] in ("green", "amber", "red", "undefined")
        for line in lines.values()
    )
    assert "trust" not in explain("--slice", "2")[0]["results"][0]


def test_trust_in_words_names_what_is_not_green_the_worst_first(run, material, tmp_path):
    out = tmp_path / "x.npz"
    ran = run(
        "explain", material / "ct", "--model", material / "tiny", "--out", out, "--slice", "2", "--trust"
    )
    said = [line.split()[0] for line in ran.out.splitlines() if line.startswith("    ")]
    assert ran.code == 0 and "red    Learned weights: order" in ran.out
    assert said == sorted(said, key=["red", "amber"].index)


def test_every_label_has_a_map_of_its_own_that_equals_the_one_asked_for(explain):
    document, arrays, _ = explain("--every-label", "--anyway")
    assert document["every_label"] == {"layer": "block4", "method": "grad-cam", "closed_form": True}
    assert arrays["every_label"].shape[:2] == (SLICES, 3) and arrays["every_label"].dtype == np.float32
    for index, label in enumerate(document["labels"]):
        alone = explain("--target", label, "--anyway")[1]["cam/block4"]
        np.testing.assert_allclose(arrays["every_label"][:, index], alone, atol=2e-6 * np.abs(alone).max())
    assert "every_label" not in explain()[1]


def test_labels_below_their_operating_point_have_no_map_among_every_label(run, material, tmp_path):
    make_bundle(tmp_path / "careful", operating_points={"lesion": 0.0, "cyst": 1.0, "nothing": 0.0})
    out = tmp_path / "x.npz"
    ran = run("explain", material / "ct", "--model", tmp_path / "careful", "--out", out, "--every-label")
    assert ran.code == 0, ran.err
    with np.load(out, allow_pickle=False) as arrays:
        missing = np.isnan(arrays["every_label"]).all(axis=(0, 2, 3))
    assert missing.tolist() == [False, True, False]
