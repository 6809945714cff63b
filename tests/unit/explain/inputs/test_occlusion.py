from math import ceil

import numpy as np
import pytest
import torch

from tests.support.input_questions import answer, ask, convolutional, picture, plain

pytest.importorskip("captum")


@pytest.mark.parametrize("size", [(28, 28), (30, 23)])
def test_occlusion_is_the_mean_loss_over_the_squares_that_cover_a_pixel(size):
    network, (high, wide) = convolutional(), size
    image = picture(2, 30)[..., :high, :wide]
    black = plain(0, image)
    loss, times = np.zeros(size), np.zeros(size)
    with torch.no_grad():
        full = float(network(image.double())[0, 1])
        tall, broad = ceil(high / 7), ceil(wide / 7)
        for top in range(0, high - tall + ceil(tall / 2), ceil(tall / 2)):
            for left in range(0, wide - broad + ceil(broad / 2), ceil(broad / 2)):
                covered = image.clone()
                at = (slice(top, top + tall), slice(left, left + broad))
                covered[0][:, *at] = black[0][:, *at]
                loss[at] += full - float(network(covered.double())[0, 1])
                times[at] += 1
    assert times.min() >= 1
    found = answer("occlusion", ask(network, image, 1))
    np.testing.assert_allclose(found.cam, loss / times, atol=1e-6)
    assert f"{tall} x {broad} pixels" in found.notes[0]
