"""The command that scores the maps and writes the cards: its parts by hand, its products as they ship."""

import csv
import importlib
from pathlib import Path

import numpy as np
import pytest

from viewer.explain.methods import FAMILY, METHODS, of_kind
from viewer.inference.bundle import load_bundle

RESOURCES = Path(__file__).parents[2] / "resources"
SCRIPTS = RESOURCES / "models" / "brain-tumour-mri"
LAYERS = ("stem", "block1", "block2", "block3", "block4")
SHIPPED = ("brain-tumour-mri", "phantom-lesion")


@pytest.fixture
def script(monkeypatch):
    """A function that imports one of the scripts beside the card, and forgets it afterwards."""
    import sys

    before = set(sys.modules)
    monkeypatch.syspath_prepend(str(SCRIPTS))
    yield importlib.import_module
    for name in set(sys.modules) - before:
        if str(SCRIPTS) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


@pytest.fixture(scope="module")
def table():
    with (RESOURCES / "docs" / "evaluation.csv").open(newline="") as file:
        rows = {(row["network"], row["method"], row["layer"]): row for row in csv.DictReader(file)}
    return rows


def test_the_table_has_every_method_of_the_family_at_every_layer_beside_its_controls(table):
    for method in of_kind(FAMILY):
        for layer in LAYERS:
            assert int(table["trained", method.id, layer]["slices"]) == 306
            assert int(table["random weights", method.id, layer]["slices"]) == 306
    assert {layer for network, _method, layer in table if network == "random map"} == set(LAYERS)
    assert ("centre blob", "centre blob", "slice") in table


def test_every_figure_lies_in_its_interval_and_controls_lie_at_chance(table):
    for row in table.values():
        for score in ("pointing", "energy", "auprc", "ehr"):
            if row[score]:
                assert float(row[f"{score} low"]) <= float(row[score]) <= float(row[f"{score} high"])
    for layer in LAYERS:
        for score in ("pointing", "energy", "ehr"):
            row = table["random map", "random map", layer]
            assert float(row[f"{score} low"]) <= float(row[f"{score} chance"]) <= float(row[f"{score} high"])


def test_the_card_shows_first_what_the_table_found_best(table):
    card = load_bundle(SCRIPTS).card
    found = {
        (method.id, layer): float(table["trained", method.id, layer]["auprc"] or "nan")
        for method in of_kind(FAMILY)
        for layer in LAYERS
    }
    best = found[card.default_method, card.layers.default]
    row = table["trained", card.default_method, card.layers.default]
    assert max(found.values()) <= float(row["auprc high"]), "none is better beyond doubt"
    assert best > 2 * float(table["centre blob", "centre blob", "slice"]["auprc"])
    assert best > 10 * float(table["random weights", card.default_method, card.layers.default]["auprc"])
    assert float(row["pointing"]) == pytest.approx(
        card.performance["localisation"][card.layers.default]["pointing_game"], abs=0.02
    )


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_card_fixes_a_scale_for_the_methods_with_a_unit_and_no_other(name):
    card = load_bundle(RESOURCES / "models" / name).card
    assert card.scale.reference and card.default_method in METHODS
    for method in of_kind(FAMILY):
        tops = [card.scale.top(layer, method.id, cells=196) for layer in LAYERS]
        assert all(top is not None for top in tops) if method.unit else tops == [None] * 5, method.id


def test_methods_that_conserve_the_logit_have_one_scale_for_all_layers_equal_to_grad_cams_at_the_last():
    scale = load_bundle(SCRIPTS).card.scale
    for id in ("hires-cam", "xgrad-cam"):
        assert scale.top("block4", id, cells=196) == pytest.approx(scale.top("block4"), rel=0.01)
        assert scale.top("stem", id, cells=3136) == scale.top("block4", id, cells=196) / 16


@pytest.mark.parametrize("name", SHIPPED)
def test_every_finding_of_a_shipped_card_has_an_operating_point(name):
    card = load_bundle(RESOURCES / "models" / name).card
    assert set(card.operating_points) == set(card.findings)
    assert all(0.05 < point < 0.6 for point in card.operating_points.values())


def test_an_operating_point_is_the_middle_of_the_range_that_separates_best(script):
    probability = np.array([0.05, 0.1, 0.2, 0.3, 0.6, 0.8, 0.9])
    point = script("choice").youden(probability, np.array([0, 0, 0, 1, 0, 1, 1], bool), "cyst")
    # At 0.25 all three are found and one of four is not spared; higher cuts lose a finding or spare no more.
    assert (point.probability, point.sensitivity, point.specificity) == (0.25, 1.0, 0.75)
    assert (point.present, point.absent) == (3, 4)


def test_a_run_that_was_stopped_goes_on_where_it_was(script, tmp_path):
    compare = script("compare")
    compare.Ledger(tmp_path, "trained-grad-cam").add([dict.fromkeys(compare.FIELDS, "") | {"file": "a.png"}])
    assert compare.Ledger(tmp_path, "trained-grad-cam").done == {"a.png"}
    assert not compare.Ledger(tmp_path, "trained-hires-cam").done
    answers = iter([[0.5], [0.75]])
    kept = [script("choice").remembered(tmp_path / "said.json", lambda: next(answers)) for _ in range(2)]
    assert kept == [[0.5], [0.5]]


def test_the_box_of_a_slice_is_read_as_the_data_gives_it(script, tmp_path):
    from PIL import Image

    (tmp_path / "images").mkdir()
    Image.fromarray(np.zeros((100, 200), np.uint8)).save(tmp_path / "images" / "1.png")
    lines = ["file,label,cx,cy,w,h,split", "1.png,glioma,0.6,0.25,0.2,0.1,val", "2.png,glioma,0,0,1,1,train"]
    (tmp_path / "labels.csv").write_text("\n".join(lines))
    (case,) = script("compare").read_cases(tmp_path).values()
    rows, cols = np.nonzero(case.region)
    assert (rows.min(), rows.max(), cols.min(), cols.max()) == (20, 29, 100, 139)
    assert case.label == "glioma"


def test_neighbouring_slices_are_drawn_together_in_runs_of_thirteen(script):
    files = [f"{number:04}.png" for number in (*range(500, 530), *range(900, 905))]
    found = script("evaluation").runs(files)
    sizes = [int((found == value).sum()) for value in dict.fromkeys(found.tolist())]
    assert sizes == [13, 13, 4, 5]


def test_a_card_keeps_all_it_says_but_what_compare_writes(script, tmp_path):
    choice = script("choice")
    for file in ("card.toml", "card.template.toml"):
        (tmp_path / file).write_text((SCRIPTS / file).read_text())
    (tmp_path / "weights.safetensors").write_bytes(b"")
    points = tuple(choice.Point(label, 0.25, 1, 1, 1, 1) for label in ("glioma", "pituitary"))
    tops = {
        "grad-cam": {"block3": (196, 0.5), "block4": (196, 0.25)},
        "layer-cam": {"block3": (196, 2.0), "block4": (196, 1.0)},
        "hires-cam": {"block3": (196, 9.0), "block4": (196, 0.25)},
        "integrated-gradients": {"input": (50176, 0.125)},
    }
    choice.write(choice.Fixed(tmp_path, "layer-cam", "block3", points, tops, "somewhere"))
    written, before = load_bundle(tmp_path).card, load_bundle(SCRIPTS).card
    assert (written.default_method, written.layers.default) == ("layer-cam", "block3")
    assert written.operating_points == {"glioma": 0.25, "pituitary": 0.25}
    assert (written.scale.absolute, written.scale.top("block4")) == (0.5, 0.25)
    assert written.scale.top("block4", "layer-cam") == 1.0
    assert written.scale.top("stem", "hires-cam", cells=3136) == pytest.approx(9 * 196 / 3136, rel=0.01)
    assert written.scale.top("input", "integrated-gradients") == 0.125
    for field in ("labels", "input", "limits", "performance", "training", "domain", "weights"):
        assert getattr(written, field) == getattr(before, field), field
    assert "block3" in (tmp_path / "card.template.toml").read_text().split("offered")[0]
