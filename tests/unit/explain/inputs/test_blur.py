import numpy as np
import pytest
import torch
from torch import nn

from tests.support.input_questions import Weighted, answer, ask, picture, plain
from viewer.explain.inputs.blur import blurred


@pytest.mark.parametrize("sigma", [0.1, 0.5, 2.0, 50.0])
def test_the_blur_is_scipys_with_black_outside(sigma):
    filters = pytest.importorskip("scipy.ndimage")
    image = picture(2, 24)[..., :17].double()
    black = plain(0, image)
    grey = (image - black).numpy()[0]
    expected = [filters.gaussian_filter(channel, sigma, mode="constant") for channel in grey]
    found = (blurred(image, sigma, black) - black)[0]
    np.testing.assert_allclose(found.numpy(), expected, atol=1e-12)


def test_no_blur_is_the_picture_itself():
    image = picture()
    assert torch.equal(blurred(image, 0.0, plain(0, image)), image)


def test_the_shares_of_a_network_that_adds_up_its_pixels_are_their_distance_to_the_blurred_picture():
    network, image = Weighted(2, 24, square=1.0), picture()
    x = image[0].double()
    soft = blurred(image.double(), 50.0, plain(0, image).double())[0]
    expected = network.linear[0] * (x - soft) + network.square[0] * (x**2 - soft**2)
    found = answer("blur-ig", ask(network, image))
    np.testing.assert_allclose(found.cam, expected.sum(0).numpy(), rtol=1e-3, atol=1e-6)
    assert "(gap 0.0 %)" in found.notes[0] and "blurred" in found.notes[-1]


class Smooth(nn.Module):
    def __init__(self, channels, side):
        super().__init__()
        self.inner = Weighted(channels, side, square=0.5, product=1.0)

    def forward(self, x):
        return torch.tanh(self.inner(x))


def test_the_map_is_the_papers_integral_over_the_scale():
    filters = pytest.importorskip("scipy.ndimage")
    network, image = Smooth(1, 16), picture(1, 16)
    grey = (image - plain(0, image)).double().numpy()[0, 0]
    black = float(plain(0, image).flatten()[0])

    def blur(sigma):
        return filters.gaussian_filter(grey, sigma, mode="constant", truncate=4.0) + black

    # Equation 3, in small steps: - ∫ dF/dL · dL/dσ dσ. SciPy's kernel grows where 4σ passes a half.
    expected = np.zeros((16, 16))
    sigmas = np.concatenate([np.linspace(0.125, 3, 400), np.linspace(3, 50, 400)[1:]])
    before = blur(sigmas[0])
    expected += (image[0, 0].numpy() - before) * slope(network, before)
    for sigma in sigmas[1:]:
        after = blur(sigma)
        expected += (before - after) * slope(network, (before + after) / 2)
        before = after
    found = answer("blur-ig", ask(network, image)).cam
    np.testing.assert_allclose(found, expected, atol=0.03 * np.abs(expected).max())


def slope(network, image):
    leaf = torch.from_numpy(image)[None, None].requires_grad_()
    return torch.autograd.grad(network(leaf)[0, 0], leaf)[0][0, 0].numpy()


def test_a_black_picture_has_nothing_to_share_out():
    found = answer("blur-ig", ask(Weighted(2, 24), plain(0, picture())))
    assert not found.cam.any() and "nothing to share out" in found.notes[0]
