from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import nn

from tests.support.input_questions import Weighted, answer, ask, convolutional, picture, plain
from viewer.explain.inputs.guided import advance


def path(start, end, slopes, steps=25, **options):
    points = [start]
    for step in range(1, steps + 1):
        points.append(advance(points[-1], slopes(points[-1]), start, end, step / steps, **options))
    return points


def ends(seed=0):
    generator = torch.Generator().manual_seed(seed)
    start, end = torch.randn(2, 1, 2, 12, 12, generator=generator, dtype=torch.float64)
    end[..., :3] = start[..., :3]  # values that need not move
    return start, end, lambda _at: torch.randn(start.shape, generator=generator, dtype=torch.float64)


@pytest.mark.parametrize("fraction", [0.1, 0.5, 1.0])
@pytest.mark.parametrize("max_distance", [1.0, 0.3])
def test_the_path_stays_in_the_box_and_goes_even_steps_to_the_image(fraction, max_distance):
    start, end, slopes = ends()
    points = path(start, end, slopes, fraction=fraction, max_distance=max_distance)
    low, high = torch.minimum(start, end), torch.maximum(start, end)
    whole = (end - start).abs().sum()
    for number, (before, point) in enumerate(pairwise(points), start=1):
        assert ((point >= low) & (point <= high)).all()
        assert ((end - point).abs() <= (end - before).abs() + 1e-12).all()  # no value turns back
        assert float((end - point).abs().sum() / whole) == pytest.approx(1 - number / 25, abs=1e-7)
        done = ((point - start) / (end - start)).nan_to_num(number / 25)
        assert ((done - number / 25).abs() <= max_distance + 1e-9).all()
    torch.testing.assert_close(points[-1], end)


def test_no_distance_allowed_is_the_straight_line():
    start, end, slopes = ends()
    for number, point in enumerate(path(start, end, slopes, max_distance=0.0)):
        torch.testing.assert_close(point, start + number / 25 * (end - start))


def test_values_with_the_smallest_gradient_move_first():
    start, end = torch.zeros(1, 1, 1, 8, dtype=torch.float64), torch.ones(1, 1, 1, 8, dtype=torch.float64)
    slope = torch.tensor([5.0, -1, 7, 2, -6, 3, 8, -4], dtype=torch.float64).reshape(start.shape)
    first = advance(start, slope, start, end, 0.25, fraction=0.25)
    assert first.flatten().tolist() == [0, 1, 0, 1, 0, 0, 0, 0]
    second = advance(first, slope, start, end, 0.5, fraction=0.25)
    assert second.flatten().tolist() == [0, 1, 0, 1, 0, 1, 0, 1]
    third = advance(second, slope, start, end, 0.5625, fraction=0.5)
    assert third.flatten().tolist() == [0.25, 1, 0, 1, 0.25, 1, 0, 1]


def test_air_that_need_not_move_does_not_use_the_fraction_up():
    start, end = torch.zeros(1, 1, 1, 8, dtype=torch.float64), torch.ones(1, 1, 1, 8, dtype=torch.float64)
    end[..., 4:] = 0
    slope = torch.tensor([4.0, 3, 2, 1, 0, 0, 0, 0], dtype=torch.float64).reshape(start.shape)
    assert advance(start, slope, start, end, 0.5).flatten().tolist() == [0, 0, 1, 1, 0, 0, 0, 0]


def test_the_shares_of_a_network_that_adds_up_its_pixels_do_not_depend_on_the_path():
    network, image = Weighted(2, 24, square=1.0), picture()
    x, b = image[0].double(), plain(0, image)[0].double()
    expected = network.linear[0] * (x - b) + network.square[0] * (x**2 - b**2)
    found = answer("guided-ig", ask(network, image))
    np.testing.assert_allclose(found.cam, expected.sum(0).numpy(), rtol=1e-3, atol=1e-6)
    assert "(gap 0.0 %)" in found.notes[0]


class Together(nn.Module):
    """x + xy of the greys of its two pixels: where x is still black, y has no slope."""

    def forward(self, image):
        grey = image * 0.2 + 0.3
        x, y = grey[:, 0, 0, 0], grey[:, 0, 0, 1]
        return torch.stack([x + x * y, x], 1)


def test_a_pixel_that_has_no_slope_on_the_way_gets_no_share_unlike_on_the_straight_line():
    white = plain(1, torch.zeros(1, 1, 1, 2))
    straight = answer("integrated-gradients", ask(Together(), white)).cam
    np.testing.assert_allclose(straight, [[1.5, 0.5]], atol=1e-5)  # by hand: ∫ 1 + t dt and ∫ t dt
    guided = answer("guided-ig", ask(Together(), white))
    np.testing.assert_allclose(guided.cam, [[2.0, 0.0]], atol=0.01)  # y goes first, while x is black
    assert "(gap 0.0 %)" in guided.notes[0]


def test_the_shares_add_up_on_a_smooth_network_with_its_channels_tied_together():
    network, image = Weighted(2, 24, square=1.0, product=2.0), picture()
    found = answer("guided-ig", ask(network, image))
    with torch.no_grad():
        both = network(torch.cat([image, plain(0, image)]).double())[:, 0]
    assert float(found.cam.sum()) == pytest.approx(float(both[0] - both[1]), rel=1e-3)
    assert answer("guided-ig", ask(convolutional(), image)).notes[0].startswith("The map sums to ")
