import numpy as np
import pytest

from viewer.explain.trust.similarity import (
    Likeness,
    chance_likeness,
    grid_of,
    likeness,
    mean_of,
    on_grid,
    over,
    rank_correlation,
    ssim,
)


def test_structural_similarity_equals_scikit_images():
    metrics = pytest.importorskip("skimage.metrics")
    generator = np.random.default_rng(0)
    for _ in range(3):
        one, other = generator.uniform(-1, 1, (2, 30, 41))
        expected = metrics.structural_similarity(
            one, other, win_size=7, data_range=2, use_sample_covariance=False
        )
        assert ssim(one, other) == pytest.approx(expected, rel=1e-9)


def test_rank_correlation_is_spearmans_with_ties_sharing_their_rank():
    # Ranks 1.5 1.5 3 4 and 1 2 3.5 3.5: by hand 0.8333…
    assert rank_correlation(np.array([1, 1, 2, 9]), np.array([0, 1, 5, 5])) == pytest.approx(8 / 9, rel=1e-9)
    values = np.random.default_rng(1).random(200)
    assert rank_correlation(values, np.exp(values)) == pytest.approx(1)
    assert rank_correlation(values, -(values**3)) == pytest.approx(-1)


def test_a_map_is_compared_at_the_places_where_its_cells_lie():
    coarse = on_grid(np.array([[0.0, 1.0]]), (1, 4))
    assert coarse.tolist() == [[0, 0.25, 0.75, 1]]
    fine = on_grid(np.array([[1.0, 3.0, 5.0, 7.0, 0.0, 0.0]]), (1, 2))
    assert fine.tolist() == [[3, pytest.approx(7 / 3)]]


@pytest.mark.parametrize(
    ("size", "grid"), [((224, 224), (56, 56)), ((64, 64), (32, 32)), ((32, 16), (32, 16))]
)
def test_the_grid_of_comparison_has_whole_pixels_to_a_cell(size, grid):
    assert grid_of(size) == grid


def test_the_same_map_is_alike_whatever_its_strength_and_shuffled_it_is_not():
    cam = np.random.default_rng(0).normal(size=(14, 14))
    shown = on_grid(cam, (56, 56))
    same = likeness(shown, shown * 1e-6)
    assert (same.ssim, same.rank) == (pytest.approx(1), pytest.approx(1))
    chance = chance_likeness(cam, (56, 56))
    assert abs(chance.rank) < 0.2 and abs(chance.ssim) < 0.2
    assert same.over(chance) == pytest.approx(1)


@pytest.mark.parametrize("flat", [np.zeros((8, 8)), np.full((8, 8), 3.0), np.full((8, 8), np.nan)])
def test_a_flat_map_has_no_figure(flat):
    cam = np.arange(64.0).reshape(8, 8)
    assert likeness(cam, flat) is None and likeness(flat, cam) is None
    assert chance_likeness(flat, (32, 32)) is None
    assert mean_of([Likeness(1, 1), None]) is None


def test_the_way_from_chance_to_perfect():
    assert over(0.2, 0.2) == 0 and over(1, 0.2) == 1 and over(0.6, 0.2) == pytest.approx(0.5)
    assert over(-1, 0.2) == 0 and over(1, 1) == 0
