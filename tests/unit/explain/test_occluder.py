"""What the network says with a box covered: the covering, and the answer against one made by hand."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.support.asking import untouched
from tests.support.bundle_factory import make_bundle
from tests.support.slice_factory import make_slice
from viewer.errors import ModelError
from viewer.explain.occluder import ask_covered, cover
from viewer.explain.twin import twin_of
from viewer.inference.bundle import load_bundle
from viewer.inference.loading import load_model
from viewer.inference.predict import predict
from viewer.inference.preprocess import prepare
from viewer.study import Box

VALUES = np.random.default_rng(0).integers(-1000, 1000, (90, 70)).astype(np.int16)
SLICE = make_slice(VALUES)
BOX = Box(20.0, 10.0, 44.0, 50.0)


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    return load_model(load_bundle(make_bundle(tmp_path_factory.mktemp("tiny"))), "cpu")


def covered_by_hand(values, top, left, bottom, right, reach):
    """The box filled with the mean of the ring around it, pixel by pixel."""
    ring = [
        float(values[row, col])
        for row in range(top - reach, bottom + reach)
        for col in range(left - reach, right + reach)
        if 0 <= row < values.shape[0]
        and 0 <= col < values.shape[1]
        and not (top <= row < bottom and left <= col < right)
    ]
    made = values.copy()
    made[top:bottom, left:right] = round(sum(ring) / len(ring))
    return made


def test_the_answer_is_that_for_a_slice_covered_by_hand(loaded):
    by_hand = make_slice(covered_by_hand(VALUES, 20, 10, 44, 50, 4))
    expected = predict(loaded, prepare(by_hand, loaded.card.input)[0])
    answer = ask_covered(twin_of(loaded), SLICE, BOX)
    np.testing.assert_allclose(answer.prediction.probabilities, expected.probabilities, atol=1e-6)
    assert (answer.slice, answer.model_digest, answer.box) == (SLICE.header.key, loaded.bundle.digest, BOX)
    bare = predict(loaded, prepare(SLICE, loaded.card.input)[0])
    assert np.abs(answer.prediction.logits - bare.logits).max() > 1e-4


def test_the_slice_is_covered_before_its_percentiles_are_taken(loaded):
    """A bright spot darkens all else; once it is covered, the rest is as bright as without it."""
    plain = np.random.default_rng(1).integers(0, 100, (64, 64)).astype(np.int16)
    bright = plain.copy()
    bright[10:20, 10:20] = 30_000
    answer = ask_covered(loaded, make_slice(bright), Box(10.0, 10.0, 20.0, 20.0))
    without = ask_covered(loaded, make_slice(plain), Box(10.0, 10.0, 20.0, 20.0))
    np.testing.assert_allclose(answer.prediction.logits, without.prediction.logits, atol=1e-5)


def test_pixels_whose_centres_lie_in_the_box_are_covered_and_no_others():
    covered = cover(make_slice(np.arange(100, dtype=np.int16).reshape(10, 10) * 7), Box(2.4, 3.6, 5.5, 8.0))
    changed = np.argwhere(covered.values != np.arange(100).reshape(10, 10) * 7)
    assert set(map(tuple, changed)) <= {(row, col) for row in (2, 3, 4) for col in (4, 5, 6, 7)}
    assert len(set(covered.values[2:5, 4:8].ravel())) == 1


def test_covering_leaves_the_slice_and_the_network_as_they_were(loaded):
    before = SLICE.values.copy()
    with untouched(loaded.module):
        ask_covered(loaded, SLICE, BOX)
    assert np.array_equal(SLICE.values, before)


def test_padding_and_what_is_no_number_do_not_enter_the_fill():
    values = np.full((40, 40), 50.0, np.float32)
    values[:, 20:] = np.nan
    values[:8] = -2000
    covered = cover(replace(make_slice(values), padding=(-2000.0, -2000.0)), Box(8.0, 10.0, 30.0, 20.0))
    assert (covered.values[8:30, 10:20] == 50).all()


def test_a_box_over_all_of_the_slice_is_filled_with_its_median():
    covered = cover(make_slice(VALUES), Box(-5.0, -5.0, 200.0, 200.0))
    assert (covered.values == round(float(np.median(VALUES)))).all()


def test_a_colour_slice_is_covered_in_each_channel():
    rgb = np.zeros((30, 30, 3), np.uint8)
    rgb[...] = (200, 100, 50)
    rgb[10:20, 10:20] = (0, 0, 255)
    assert (cover(make_slice(rgb), Box(10.0, 10.0, 20.0, 20.0)).values == (200, 100, 50)).all()


def test_a_box_beside_the_slice_is_refused_in_words(loaded):
    with pytest.raises(ModelError, match="covers no pixel"):
        ask_covered(loaded, SLICE, Box(100.0, 0.0, 120.0, 10.0))


def test_a_network_that_answers_with_no_number_says_so(tmp_path):
    broken = load_model(load_bundle(make_bundle(tmp_path / "broken")), "cpu")
    with torch.no_grad():
        broken.module.head.bias.fill_(float("nan"))
    with pytest.raises(ModelError, match="not a number"):
        ask_covered(broken, SLICE, BOX)
