"""What ships is what its card says: digests, layers, the planted nodule, the val figures."""

import csv
import importlib.util
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.support.shared_data import shared_data
from viewer.dicom.pixels import load_slice
from viewer.dicom.scan import scan
from viewer.explain.analyse import analyse_slice, offered_layers
from viewer.explain.heatmap import make_heatmap
from viewer.inference.bundle import load_bundle
from viewer.inference.domain import problems
from viewer.inference.loading import load_model
from viewer.study import Geometry, Slice, SliceHeader, Source

RESOURCES = Path(__file__).parents[2] / "resources"
SHIPPED = ("brain-tumour-mri", "phantom-lesion")


@pytest.fixture(scope="module")
def phantom():
    return load_model(load_bundle(RESOURCES / "models" / "phantom-lesion"), "cpu")


@pytest.fixture(scope="module")
def sample():
    return scan(RESOURCES / "sample" / "study").series[0]


@pytest.fixture(scope="module")
def truth():
    return json.loads((RESOURCES / "sample" / "truth.json").read_text())


@pytest.mark.parametrize("name", SHIPPED)
def test_the_weights_are_those_the_card_names(name):
    load_bundle(RESOURCES / "models" / name).verify()


@pytest.mark.parametrize("name", SHIPPED)
def test_the_card_says_what_a_reader_must_know(name):
    card = load_bundle(RESOURCES / "models" / name).card
    assert card.name == name
    assert card.intended_use and card.limits and card.licence
    assert card.training.data and card.training.licence and card.training.split
    assert (RESOURCES / "models" / name / "train.py").is_file()
    assert card.performance["accuracy"] > 0.9


def test_the_model_of_the_sample_study_is_outside_its_domain_on_a_patient(sample):
    card = load_bundle(RESOURCES / "models" / "phantom-lesion").card
    assert problems(card, sample) == ()
    patient = replace(sample, study_description="Thorax routine", description="Chest 5.0 B40f", protocol="")
    (why,) = problems(card, patient)
    assert "synthetic" in why


@pytest.mark.parametrize("name", SHIPPED)
def test_offered_layers_exist_and_the_default_is_fine_enough_to_point(name):
    loaded = load_model(load_bundle(RESOURCES / "models" / name), "cpu")
    card = loaded.bundle.card
    layers = {layer.name: layer for layer in offered_layers(loaded)}
    assert list(layers) == [offered.name for offered in card.layers.offered]
    assert card.input.size[0] / layers[card.layers.default].grid[0] <= 16


def test_the_sample_study_is_a_whole_chest(sample):
    assert len(sample.slices) >= 24
    assert sample.modality == "CT"
    assert sample.orientation == "axial"
    positions = [header.geometry.position[2] for header in sample.slices]
    assert positions == sorted(positions, reverse=True)


def test_the_sample_study_comes_from_its_script(sample, monkeypatch):
    spec = importlib.util.spec_from_file_location("make_sample", RESOURCES / "sample" / "make_sample.py")
    make_sample = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(__import__("sys").modules, "make_sample", make_sample)
    spec.loader.exec_module(make_sample)
    made = make_sample.chest(make_sample.SAMPLE_SEED)
    shown = np.stack([load_slice(header).values for header in sample.slices])
    assert np.abs(made.hu.astype(int) - shown).max() <= 1


def test_the_phantom_network_finds_the_planted_nodule_and_points_at_it(phantom, sample, truth):
    header = sample.slices[round(truth["slice"])]
    result = analyse_slice(phantom, load_slice(header), target="nodule")
    assert result.prediction.probabilities[0] > 0.9
    heat = make_heatmap(result, phantom.bundle.card.layers.default).values
    row, col = np.unravel_index(int(heat.argmax()), heat.shape)
    stride_mm = 16 * header.rows / 160 * truth["pixel_mm"]
    distance = np.hypot(row - truth["row"], col - truth["col"]) * truth["pixel_mm"]
    assert distance <= truth["radius_mm"] + stride_mm / 2


def test_the_phantom_network_is_quiet_far_from_the_nodule(phantom, sample, truth):
    far = [n for n in range(len(sample.slices)) if abs(n - truth["slice"]) * truth["slice_mm"] > 25]
    said = [
        analyse_slice(phantom, load_slice(sample.slices[n])).prediction.probabilities[0] for n in far[::4]
    ]
    assert max(said) < 0.5


def _val_slices(folder: Path):
    with open(folder / "labels.csv", newline="") as file:
        for row in csv.DictReader(file):
            if row["split"] == "val":
                yield row


@pytest.mark.shared_data
def test_the_brain_network_is_as_good_as_its_card_says_on_every_third_val_slice():
    from PIL import Image

    folder = shared_data("brain-tumour")

    loaded = load_model(load_bundle(RESOURCES / "models" / "brain-tumour-mri"), "cpu")
    card = loaded.bundle.card
    right, hits = [], []
    for row in list(_val_slices(folder))[::3]:
        pixels = np.asarray(Image.open(folder / "images" / row["file"]).convert("L"))
        header = SliceHeader(
            Source(Path(row["file"])), row["file"], 0, *pixels.shape, "MONOCHROME2", 1, None, Geometry(), ""
        )
        label = row["label"]
        result = analyse_slice(loaded, Slice(header, pixels), target=label)
        right.append(result.prediction.labels[int(result.prediction.probabilities.argmax())] == label)
        heat = make_heatmap(result, card.layers.default).values
        peak_row, peak_col = np.unravel_index(int(heat.argmax()), heat.shape)
        cx, cy, w, h = (float(row[k]) * pixels.shape[0] for k in ("cx", "cy", "w", "h"))
        hits.append(abs(peak_col + 0.5 - cx) <= w / 2 and abs(peak_row + 0.5 - cy) <= h / 2)
    said = card.performance["accuracy"]
    pointed = card.performance["localisation"][card.layers.default]["pointing_game"]
    assert said >= 0.92
    assert pointed >= 0.70
    assert np.mean(right) == pytest.approx(said, abs=0.04)
    assert np.mean(hits) == pytest.approx(pointed, abs=0.08)
