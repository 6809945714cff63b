import numpy as np
import pytest

from viewer.explain.trust.agreement import by_chance, overlap, with_methods, with_neighbours

GRID = (32, 32)
SPOT = np.pad(np.ones((2, 2)), ((1, 5), (1, 5)))
OTHER = np.pad(np.ones((2, 2)), ((5, 1), (5, 1)))


def test_overlap_is_the_correlation_of_the_evidence_for():
    one, two = np.random.default_rng(0).normal(size=(2, 32, 32))
    expected = np.corrcoef(np.maximum(one, 0).ravel(), np.maximum(two, 0).ravel())[0, 1]
    assert overlap(one, two, GRID) == pytest.approx(expected)
    assert overlap(SPOT, SPOT - 0.0, GRID) == pytest.approx(1)
    assert overlap(SPOT, OTHER, GRID) < 0


def test_evidence_against_does_not_count():
    assert overlap(SPOT - OTHER, SPOT, GRID) == pytest.approx(overlap(SPOT, SPOT, GRID), abs=0.02)


def test_the_neighbours_are_the_layers_before_and_after():
    cams = {"a": OTHER, "b": SPOT, "c": SPOT, "d": SPOT[::-1]}
    order = list(cams)
    assert with_neighbours(cams, order, "c", GRID) == pytest.approx((1 + overlap(SPOT, SPOT[::-1], GRID)) / 2)
    assert with_neighbours(cams, order, "a", GRID) == pytest.approx(overlap(OTHER, SPOT, GRID))
    assert with_neighbours({"a": SPOT}, ["a"], "a", GRID) is None


def test_a_map_without_evidence_has_no_figure():
    assert with_methods(SPOT, {"x": SPOT, "y": -SPOT}, GRID) is None
    assert by_chance(np.zeros((8, 8)), GRID) is None
    assert abs(by_chance(SPOT, GRID)) < 0.4
