"""Figures -> levels: each judged by how far it is from its control, never by itself."""

import pytest

from viewer.explain.trust.outside import Place
from viewer.explain.trust.perturbation_curve import Curve
from viewer.explain.trust.regions import Score
from viewer.explain.trust.similarity import Likeness
from viewer.explain.trust.verdict import (
    CONSTANT,
    layers_line,
    methods_line,
    of_constant,
    perturbation_line,
    place_line,
    randomisation_line,
    region_line,
    repeat_line,
    weights_line,
    worst,
)

CHANCE = Likeness(0.2, 0.0)


def alike(way):
    """A likeness that is `way` of the way from CHANCE to the same map."""
    return Likeness(0.2 + 0.8 * way, way)


@pytest.mark.parametrize(("way", "level"), [(1.0, "green"), (0.51, "green"), (0.49, "amber"), (0.24, "red")])
def test_what_should_stay_is_judged_by_its_way_from_chance(way, level):
    for id in ("noise", "shift", "flip"):
        assert repeat_line(id, alike(way), CHANCE).level == level
    assert layers_line(0.1 + 0.9 * way, 0.1).level == level
    assert methods_line(0.4 + 0.6 * way, 0.1, 0.4).level == level


@pytest.mark.parametrize(("way", "level"), [(0.0, "green"), (0.24, "green"), (0.3, "amber"), (0.51, "red")])
def test_what_should_go_with_the_weights_is_judged_the_other_way_round(way, level):
    line = randomisation_line([alike(0.9), alike(way)], CHANCE)
    assert line.level == level and "0.90, " in line.sentence


def test_methods_must_beat_what_is_active_anyway():
    assert methods_line(0.8, 0.0, None).level == "green"
    assert methods_line(0.8, 0.0, 0.75).level == "red"


def test_a_map_that_vanishes_with_random_weights_depends_on_what_was_learned():
    line = randomisation_line([alike(0.5), None], CHANCE)
    assert (line.level, line.figure) == ("green", "no map left")


@pytest.mark.parametrize(
    ("order", "level"), [(1.0, "red"), (1.1, "amber"), (1.3, "green"), (None, "undefined")]
)
def test_weights_are_judged_by_their_order(order, level):
    assert weights_line(order).level == level


@pytest.mark.parametrize(
    ("curve", "level"),
    [
        (Curve(0.1, 0.5, 0.4, 1.0), "green"),
        (Curve(0.1, 0.5, 0.12, 1.0), "amber"),
        (Curve(0.5, 0.5, 0.4, 1.0), "red"),
        (Curve(0.0, 0.0, 0.0, 0.001), "undefined"),
    ],
)
def test_deletion_must_beat_random_places_and_the_centre(curve, level):
    assert perturbation_line("deletion", curve).level == level
    mirrored = Curve(1 - curve.shown, 1 - curve.random, 1 - curve.centre, curve.room)
    assert perturbation_line("insertion", mirrored).level == level


def test_what_an_amber_curve_beats_is_said():
    said = perturbation_line("deletion", Curve(0.1, 0.5, 0.1, 1.0)).sentence
    assert "sooner than random places but not sooner than the centre would" in said


@pytest.mark.parametrize(("value", "level"), [(0.9, "green"), (0.3, "amber"), (0.21, "red"), (0.1, "red")])
def test_a_region_is_judged_by_its_own_chance_level(value, level):
    assert region_line(Score("energy", value, 0.2)).level == level


@pytest.mark.parametrize(
    "line",
    [
        repeat_line("noise", None, CHANCE),
        randomisation_line([alike(0.5)], None),
        layers_line(None, 0.1),
        methods_line(0.5, None, 0.1),
        weights_line(None),
        perturbation_line("insertion", Curve(0.5, 0.4, 0.3, 0.0)),
        region_line(Score("auprc", None, None, "The region holds no pixel of the slice.")),
        place_line(Place("body", "Heat outside the body", "undefined", None, None, False, "No body.")),
        *of_constant([weights_line(2.0)]),
    ],
)
def test_an_undefined_line_holds_a_sentence_and_no_number(line):
    assert (line.level, line.figure, line.value, line.chance) == ("undefined", "undefined", None, None)
    assert line.sentence.endswith(".") and not line.warns


def test_of_a_constant_network_every_sentence_says_why():
    assert of_constant([weights_line(2.0)])[0].sentence == CONSTANT


def test_minus_is_a_minus_and_zero_has_none():
    line = repeat_line("flip", Likeness(-0.001, -0.25), CHANCE)
    assert line.figure == "SSIM 0.00, rank −0.25"


def test_the_worst_line_decides():
    lines = [weights_line(order) for order in (2.0, None, 1.1)]
    assert worst(lines) == "amber" and worst(lines[:2]) == "green" and worst([]) == "undefined"
