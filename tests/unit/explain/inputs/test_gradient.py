import numpy as np
import pytest
import torch

from tests.support.input_questions import STD, Weighted, answer, ask, convolutional, picture, with_target

by_grey = torch.tensor(STD).reshape(1, 2, 1, 1)


def test_the_gradient_of_a_linear_network_is_its_weights_per_unit_of_grey_channels_added():
    network = Weighted(2, 24)
    cam = answer("gradient", ask(network, picture())).cam
    assert cam.shape == (24, 24) and cam.dtype == np.float32
    np.testing.assert_allclose(cam, (network.linear[0] / by_grey[0]).sum(0).numpy(), rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("target", [1, (2, 0)])
def test_the_gradient_is_captums(target):
    captum = pytest.importorskip("captum.attr")
    network, image = convolutional(), picture()

    def score(x):
        logits = network(x.clone())
        return logits[:, target[0]] - logits[:, target[1]] if isinstance(target, tuple) else logits[:, target]

    expected = captum.Saliency(score).attribute(image.double().requires_grad_(), abs=False)
    cam = answer("gradient", ask(network, image, target)).cam
    np.testing.assert_allclose(cam, (expected / by_grey).sum(1)[0].detach().numpy(), rtol=1e-5, atol=1e-8)


def test_smoothgrad_is_the_mean_of_captums_gradients_of_the_noisy_copies():
    captum = pytest.importorskip("captum.attr")
    network, image = convolutional(), picture()
    generator = torch.Generator().manual_seed(7)
    sigma = 0.15 * (image.max() - image.min())
    noisy = torch.cat([image + sigma * torch.randn(image.shape, generator=generator) for _ in range(25)])
    saliency = captum.Saliency(lambda x: network(x.clone())[:, 1])
    expected = saliency.attribute(noisy.double().requires_grad_(), abs=False).mean(0)
    cam = answer("smoothgrad", ask(network, image, 1, seed=7)).cam
    np.testing.assert_allclose(cam, (expected / by_grey[0]).sum(0).detach().numpy(), rtol=1e-4, atol=1e-7)


def test_smoothgrads_noise_has_the_standard_deviation_of_the_paper():
    network, image = Weighted(1, 64, square=1.0), picture(1, 64)
    cam = answer("smoothgrad", ask(network, image)).cam
    slope = (cam * STD[0] - network.linear[0, 0].numpy()) / (2 * network.square[0, 0].numpy())
    mean_noise = slope - image[0, 0].numpy()
    assert mean_noise.std() == pytest.approx(0.15 * float(image.max() - image.min()) / 5, rel=0.05)
    assert abs(mean_noise.mean()) < 0.01


def test_a_contrast_is_the_difference_of_the_two_maps():
    network, image = convolutional(), picture()
    asked = ask(network, image)
    first, second = (answer("gradient", with_target(asked, target)).cam for target in (0, 2))
    np.testing.assert_allclose(answer("gradient", with_target(asked, (0, 2))).cam, first - second, atol=1e-6)
