from itertools import combinations
from math import factorial

import numpy as np
import pytest
import torch
from torch import nn

from tests.support.input_questions import Weighted, answer, ask, normalised, picture, plain
from viewer.errors import ModelError
from viewer.explain.inputs import superpixels

pytest.importorskip("captum")
pytest.importorskip("skimage")


def quarters(asked):
    high, wide = asked.image.shape[-2:]
    rows, cols = np.mgrid[:high, :wide]
    return 2 * (rows >= high // 2) + (cols >= wide // 2)


def by_area(values, areas):
    return np.array([values[areas == area].sum() for area in range(areas.max() + 1)])


def shares(network, image):
    """What each pixel adds to a linear network, against black."""
    return (network.linear[0] * (image - plain(0, image))[0].double()).sum(0).numpy()


def patches():
    """Four by four squares of greys, so that areas have edges to follow; (1, 2, 48, 48)."""
    grey = torch.rand(1, 1, 4, 4, generator=torch.Generator().manual_seed(6)).repeat(1, 2, 1, 1)
    return normalised(nn.functional.interpolate(grey, scale_factor=12))


def test_kernel_shap_of_an_additive_game_gives_the_exact_shapley_values():
    network, image = Weighted(2, 48), patches()
    asked = ask(network, image)
    areas = superpixels.superpixels(asked)
    assert areas.max() >= 20 + 1 <= 70
    found = answer("kernel-shap", asked)
    expected = by_area(shares(network, image), areas)
    np.testing.assert_allclose(found.cam, expected[areas], atol=1e-4 * np.abs(expected).max())
    assert found.notes[0].startswith("The areas' shares sum to ") and "(gap 0.0 %)" in found.notes[0]


class Game(nn.Module):
    """Of four quarters: the first counts alone, the second and third only together, the fourth not."""

    def forward(self, image):
        grey = image * 0.2 + 0.3
        a, b, c = grey[:, 0, 0, 0], grey[:, 0, 0, -1], grey[:, 0, -1, 0]
        return torch.stack([a + 3 * b * c, a], 1)


def test_kernel_shap_of_four_areas_gives_the_shapley_values_worked_out_over_all_sets(monkeypatch):
    monkeypatch.setattr(superpixels, "superpixels", quarters)
    white = plain(1, torch.zeros(1, 1, 8, 8))
    cam = answer("kernel-shap", ask(Game(), white)).cam

    def worth(members):
        return (0 in members) + 3 * (1 in members and 2 in members)

    def shapley(player):
        others = [other for other in range(4) if other != player]
        total = 0.0
        for size in range(4):
            weight = factorial(size) * factorial(3 - size) / factorial(4)
            for group in combinations(others, size):
                total += weight * (worth({*group, player}) - worth(group))
        return total

    found = [cam[0, 0], cam[0, -1], cam[-1, 0], cam[-1, -1]]
    np.testing.assert_allclose(found, [shapley(player) for player in range(4)], atol=0.1)
    assert sum(found) == pytest.approx(4.0, abs=1e-3)  # the sum is exact however sets were drawn


def test_lime_recovers_the_weights_of_a_linear_network():
    network, image = Weighted(2, 48), patches()
    asked = ask(network, image)
    areas = superpixels.superpixels(asked)
    found = answer("lime", asked)
    expected = by_area(shares(network, image), areas)
    np.testing.assert_allclose(found.cam, expected[areas], atol=0.05 * np.abs(expected).max())
    assert found.notes == ("The linear stand-in explains 100 % of how the answer varies.",)


class Odd(nn.Module):
    """Whether an odd number of quarters is shown: nothing linear in it."""

    def forward(self, image):
        grey = image[:, 0] * 0.2 + 0.3
        corners = torch.stack([grey[:, 0, 0], grey[:, 0, -1], grey[:, -1, 0], grey[:, -1, -1]])
        return ((corners.sum(0) % 2).round() % 2)[:, None].repeat(1, 2)


def test_lime_tells_when_a_linear_model_does_not_fit(monkeypatch):
    monkeypatch.setattr(superpixels, "superpixels", quarters)
    found = answer("lime", ask(Odd(), plain(1, torch.zeros(1, 1, 8, 8))))
    assert "cannot be relied on" in found.notes[1]


def test_what_is_black_is_one_area():
    image = patches()
    image[..., :20, :] = plain(0, image)[..., :20, :]
    areas = superpixels.superpixels(ask(Weighted(2, 48), image))
    assert np.unique(areas[:14]).tolist() == [0]  # but for the blur's reach
    assert areas.max() >= 20 and not (areas[28:] == 0).any()


class Tied(nn.Module):
    """Its pixels count together with those beside them: no sum of shares says it all."""

    def __init__(self):
        super().__init__()
        self.inner = Weighted(2, 48, product=4.0)

    def forward(self, image):
        return torch.tanh(self.inner(image))


def test_the_standard_error_is_how_far_other_draws_move_the_shares():
    image = patches()
    found = [answer("kernel-shap", ask(Tied(), image, seed=seed)) for seed in range(5)]
    spread = np.std([one.cam for one in found], axis=0, ddof=1)
    told = [float(one.notes[1].split(" by about ")[1].split()[0]) for one in found]
    assert np.mean(told) == pytest.approx(np.sqrt((spread**2).mean()), rel=0.4)


def test_the_rounding_of_the_ends_that_captum_weighs_a_millionfold_is_not_taken_for_chance():
    generator = np.random.default_rng(4)
    samples = np.concatenate([np.ones((1, 6)), np.zeros((1, 6)), generator.integers(0, 2, (400, 6))])
    weights = np.r_[1e6, 1e6, np.ones(400)]
    said = samples.sum(1)
    answers = said + np.r_[0.02, -0.02, generator.normal(0, 0.1, 400)]
    fit, error = superpixels._fit(samples, answers, weights, said)
    # By hand: 0.1 logit of noise, cells of variance 1/4, one degree of freedom held by the ends.
    assert error == pytest.approx(0.1 * np.sqrt(4 / 400 * 5 / 6), rel=0.1)
    assert 0.9 < fit <= 1.0


def test_areas_are_numbered_without_holes_and_a_picture_of_one_area_is_refused_in_words(monkeypatch):
    areas = superpixels.superpixels(ask(Weighted(2, 48), patches()))
    assert np.unique(areas).tolist() == list(range(areas.max() + 1))
    monkeypatch.setattr(superpixels, "AREAS", 1)
    with pytest.raises(ModelError, match="cannot be cut into areas"):
        answer("kernel-shap", ask(Weighted(2, 24), picture()))
