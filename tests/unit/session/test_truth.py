"""What the network saw, in words and on the slice."""

from dataclasses import replace

import numpy as np
import pytest

from tests.support.slice_factory import make_slice
from viewer.inference.card import CardInput
from viewer.inference.preprocess import fit_mapping, prepare
from viewer.session.truth import input_words, seen_box
from viewer.study import Box

INPUT = CardInput(size=(48, 64), low=1.0, high=99.5, mean=(0.25,), std=(0.25,))


@pytest.mark.parametrize("fit", ["letterbox", "crop", "stretch"])
@pytest.mark.parametrize("flip", [False, True])
@pytest.mark.parametrize("shape", [(90, 70), (64, 200)])
def test_the_outline_holds_the_pixels_that_the_input_depends_on_and_no_others(fit, flip, shape):
    asked = replace(INPUT, fit=fit, flip=flip, normalisation="window", center=500.0, width=1000.0)
    values = np.random.default_rng(0).integers(0, 1000, shape).astype(np.int16)
    bare, mapping = prepare(make_slice(values), asked)
    box = seen_box(mapping)
    for index, last, low, high in ((0, shape[0], box.top, box.bottom), (1, shape[1], box.left, box.right)):
        for pixel in range(last):
            changed = values.copy()
            np.moveaxis(changed, index, 0)[pixel] = 0
            seen = not np.array_equal(prepare(make_slice(changed), asked)[0], bare)
            if not abs(pixel + 0.5 - low) < 4 and not abs(pixel + 0.5 - high) < 4:  # the resize reaches over
                assert seen == (low < pixel + 0.5 < high), (index, pixel)


def test_the_words_name_every_step_of_the_preprocessing():
    mapping = fit_mapping(96, 96, 1.0, INPUT)
    text = " ".join(input_words(replace(INPUT, flip=True), mapping, inverted=True))
    for words in (
        "MONOCHROME1",
        "Percentiles 1 and 99.5",
        "64×48, 1 channel",
        "whole slice in its true proportions, black left and right",
        "One input pixel is 2 slice pixels",
        "Mirrored",
        "Mean 0.25 taken away, divided by 0.25",
    ):
        assert words in text
    window = replace(INPUT, normalisation="window", center=-600.0, width=1500.0, fit="crop")
    text = " ".join(input_words(window, fit_mapping(96, 96, 1.0, window)))
    assert "−1350 is black and 150 white" in text and "centre of the slice" in text and "Mirrored" not in text


def test_pixels_of_unlike_height_and_width_are_said():
    stretched = replace(INPUT, fit="stretch")
    text = " ".join(input_words(stretched, fit_mapping(96, 64, 1.0, stretched)))
    assert "1 slice pixels wide and 2 high" in text and "black left" not in text


def test_a_slice_within_the_input_is_seen_whole():
    assert seen_box(fit_mapping(90, 70, 1.0, INPUT)) == Box(0.0, 0.0, 90.0, 70.0)
