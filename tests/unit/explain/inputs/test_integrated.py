import numpy as np
import pytest
import torch
from torch import nn

from tests.support.input_questions import Weighted, answer, ask, convolutional, picture, plain
from viewer.explain.inputs.completeness import completeness


def test_the_shares_of_a_linear_network_are_weight_times_distance_to_black():
    network, image = Weighted(2, 24), picture()
    found = answer("integrated-gradients", ask(network, image))
    expected = (network.linear[0] * (image - plain(0, image))[0].double()).sum(0)
    np.testing.assert_allclose(found.cam, expected.numpy(), rtol=1e-4, atol=1e-7)


def test_the_shares_of_a_quadratic_network_are_those_worked_out_by_hand():
    network, image = Weighted(2, 24, square=1.0, product=1.0), picture()
    x, b = image[0].double(), plain(0, image)[0].double()
    mean = (x + b) / 2  # the gradient of a quadratic form, averaged over a line, is that at its middle
    product = network.product[0]
    # d/dx_j of sum_i p_i x_i x_(i-1) is p_j x_(j-1) + p_(j+1) x_(j+1)
    slope = network.linear[0] + 2 * network.square[0] * mean
    slope += product * mean.roll(1, -1) + product.roll(-1, -1) * mean.roll(-1, -1)
    found = answer("integrated-gradients", ask(network, image))
    np.testing.assert_allclose(found.cam, ((x - b) * slope).sum(0).numpy(), rtol=1e-4, atol=1e-6)
    assert "(gap 0.0 %)" in found.notes[0]


@pytest.mark.parametrize("target", [1, (2, 0)])
def test_integrated_gradients_are_captums(target):
    captum = pytest.importorskip("captum.attr")
    network, image = convolutional(), picture()
    black = plain(0, image).double()

    def score(x):
        logits = network(x.clone())
        return logits[:, target[0]] - logits[:, target[1]] if isinstance(target, tuple) else logits[:, target]

    method = captum.IntegratedGradients(score)
    expected, delta = method.attribute(image.double(), black, n_steps=25, return_convergence_delta=True)
    found = answer("integrated-gradients", ask(network, image, target))
    np.testing.assert_allclose(found.cam, expected.sum(1)[0].numpy(), rtol=1e-4, atol=1e-7)
    difference = float(score(image.double()) - score(black))
    gap = abs(float(delta)) / abs(difference)
    assert f"(gap {100 * gap:.1f} %)" in found.notes[0] and f"{difference:.2g}" in found.notes[0]


def test_smoothed_shares_are_the_mean_of_captums_over_the_noisy_copies():
    captum = pytest.importorskip("captum.attr")
    network, image = convolutional(), picture()
    generator = torch.Generator().manual_seed(3)
    sigma = 0.15 * (image.max() - image.min())
    noisy = torch.cat([image + sigma * torch.randn(image.shape, generator=generator) for _ in range(25)])
    method = captum.IntegratedGradients(lambda x: network(x.clone())[:, 1])
    expected = method.attribute(noisy.double(), plain(0, image).double(), n_steps=25).mean(0).sum(0)
    cam = answer("smooth-integrated-gradients", ask(network, image, 1, seed=3)).cam
    np.testing.assert_allclose(cam, expected.numpy(), rtol=1e-3, atol=1e-6)


def test_black_pixels_get_no_share_and_the_note_says_so():
    image = picture()
    image[..., :8, :] = plain(0, image)[..., :8, :]
    found = answer("integrated-gradients", ask(convolutional(), image))
    assert not found.cam[:8].any() and found.cam[8:].any()
    assert "black" in found.notes[-1]


class Cliff(nn.Module):
    """Its answer jumps so steeply on the way from black that no step of 25 meets the slope."""

    def forward(self, x):
        return torch.sigmoid(1e4 * (x.mean((1, 2, 3)) - 0.1))[:, None].repeat(1, 2)


class Constant(nn.Module):
    def forward(self, x):
        return x.new_tensor([[1.5, 0.0]]).repeat(len(x), 1)


def test_a_large_gap_is_said_and_warned_of():
    found = answer("integrated-gradients", ask(Cliff(), picture()))
    assert "of a logit difference of 1.00 (gap 100.0 %)" in found.notes[0]
    assert "cannot be relied on" in found.notes[1]


@pytest.mark.parametrize(
    "method",
    ["integrated-gradients", "smooth-integrated-gradients", "guided-ig", "blur-ig"],
)
def test_a_constant_network_has_nothing_to_share_out(method):
    found = answer(method, ask(Constant(), picture()))
    assert not found.cam.any()
    assert "nothing to share out" in found.notes[0]


def test_the_gap_is_told_in_words_and_figures():
    assert completeness(3.21, 3.30) == ("The map sums to 3.21 of a logit difference of 3.30 (gap 2.7 %).",)
    assert completeness(-3.21, -3.30)[0].endswith("(gap 2.7 %).")
    told, warning = completeness(2.0, 3.0)
    assert "(gap 33.3 %)" in told and "cannot be relied on" in warning
    assert completeness(0.0123, 0.0123) == (
        "The map sums to 0.012 of a logit difference of 0.012 (gap 0.0 %).",
    )
    assert "%" not in completeness(0.5, 0.0)[0] and "too small" in completeness(0.5, 0.0)[1]
