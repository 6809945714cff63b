import numpy as np
import pytest
import torch
from torch import nn

from viewer.explain import cam, methods
from viewer.explain.cam import grad_cam
from viewer.explain.capture import capture


def test_grad_cam_weighs_each_channel_by_its_mean_gradient():
    activation = torch.tensor([[[1.0, 2.0], [3.0, 4.0]], [[1.0, 0.0], [0.0, -1.0]]])
    gradient = torch.tensor([[[1.0, 1.0], [1.0, 5.0]], [[-4.0, 0.0], [0.0, 0.0]]])
    assert grad_cam(activation, gradient).tolist() == [[1.0, 4.0], [6.0, 9.0]]


def test_negative_evidence_is_kept():
    activation, gradient = torch.ones(3, 2, 2), torch.full((3, 2, 2), -0.5)
    assert grad_cam(activation, gradient).tolist() == [[-1.5, -1.5], [-1.5, -1.5]]


def test_before_pooling_and_one_linear_layer_the_cells_sum_to_the_logit_less_its_bias():
    torch.manual_seed(0)
    network = nn.Sequential(
        nn.Conv2d(1, 6, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(6, 4)
    )
    network.requires_grad_(False)
    taken = capture(network.eval(), torch.randn(1, 1, 9, 11), ["1"], lambda _logits: 2)
    found = grad_cam(taken.activations["1"][0], taken.gradients["1"][0])
    assert found.shape == (7, 9)
    np.testing.assert_allclose(float(found.sum()), float(taken.logits[0, 2] - network[4].bias[2]), rtol=1e-5)
    closed_form = torch.einsum("k,khw->hw", network[4].weight[2], taken.activations["1"][0]) / 63
    torch.testing.assert_close(found, closed_form)


def test_half_precision_captures_give_single_precision_maps():
    found = grad_cam(torch.ones(2, 2, 2).half(), torch.ones(2, 2, 2).half())
    assert found.dtype == torch.float32


def pair(*shape, seed=5):
    """An activation as behind a ReLU, and a gradient of either sign."""
    generator = torch.Generator().manual_seed(seed)
    activation = torch.randn(*shape, generator=generator).relu()
    return activation, torch.randn(*shape, generator=generator)


def test_grad_cam_plus_plus_equals_its_formula_cell_by_cell():
    activation, gradient = pair(3, 4, 5)
    expected = torch.zeros(4, 5)
    for a, g in zip(activation, gradient, strict=True):
        weight = 0.0
        for slope in g.flatten().tolist():
            below = 2 * slope**2 + float(a.sum()) * slope**3
            weight += (slope**2 / below if below else 0.0) * max(slope, 0.0)
        expected += weight * a
    torch.testing.assert_close(cam.grad_cam_plus_plus(activation, gradient), expected)


def test_hires_and_layer_cam_multiply_cell_by_cell_and_layer_cam_keeps_positive_gradients_alone():
    activation = torch.tensor([[[2.0, 3.0]], [[1.0, 1.0]]])
    gradient = torch.tensor([[[1.0, -2.0]], [[0.5, 4.0]]])
    assert cam.hires_cam(activation, gradient).tolist() == [[2.5, -2.0]]
    assert cam.layer_cam(activation, gradient).tolist() == [[2.5, 4.0]]


def test_xgrad_cam_conserves_the_sum_of_activation_times_gradient_also_where_a_channel_is_silent():
    activation, gradient = pair(6, 5, 5)
    activation[2] = 0
    found = cam.xgrad_cam(activation, gradient)
    torch.testing.assert_close(found.sum(), (activation * gradient).sum(), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("shape", [(4, 6, 7), (90, 5, 5)], ids=["few channels", "many channels"])
def test_eigen_cam_is_the_first_singular_direction_of_the_activation(shape):
    activation, gradient = pair(*shape)
    values = activation.flatten(1).double()
    left, _strengths, _right = torch.linalg.svd(values, full_matrices=False)
    expected = (left[:, 0] @ values).reshape(shape[1:])
    expected = expected if expected.sum() > 0 else -expected
    torch.testing.assert_close(cam.eigen_cam(activation, gradient), expected.float(), rtol=1e-4, atol=1e-4)


def test_energy_is_the_length_of_the_activation_at_each_cell():
    activation = torch.tensor([[[3.0, 0.0]], [[4.0, 0.0]]])
    assert cam.energy(activation, activation).tolist() == [[5.0, 0.0]]


@pytest.mark.parametrize("method", methods.of_kind(methods.FAMILY), ids=lambda method: method.id)
def test_every_method_of_the_family(method):
    for grid in [(4, 5), (3, 4, 5)]:
        activation, gradient = pair(6, *grid)
        found = method.run(activation.half(), gradient.half())
        assert found.shape == grid and found.dtype == torch.float32 and found.isfinite().all()
        if not method.signed:
            assert float(found.min()) >= -1e-4 or method.id == "eigen-cam"
        silent = method.run(torch.zeros_like(activation), gradient)
        assert not silent.any(), "no activation, no map"
        scaled = method.run(activation, 1000 * gradient)
        if method.unit == "logit":  # evidence of a network that is a thousand times as sure
            torch.testing.assert_close(scaled, 1000 * method.run(activation, gradient), rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("name", ["grad-cam", "hires-cam", "layer-cam", "xgrad-cam"])
def test_before_pooling_and_one_linear_layer_maps_in_logit_units_agree(name):
    activation, _ = pair(6, 4, 4)
    weight = torch.tensor([1.0, 0.5, 2.0, 0.1, 0.3, 1.5])
    gradient = (weight / 16).reshape(6, 1, 1).expand(6, 4, 4)
    expected = torch.einsum("k,khw->hw", weight / 16, activation)
    torch.testing.assert_close(methods.METHODS[name].run(activation, gradient), expected)


@pytest.mark.parametrize("factor", [1e-20, 1e-12, 1e12, 1e20])
def test_grad_cam_plus_plus_is_lost_neither_to_weak_nor_to_steep_slopes(factor):
    """With powers of the gradient, 1e-20 squared is zero and 1e20 cubed is past float32."""
    activation, gradient = pair(3, 4, 5)
    rising = gradient.double().relu() * factor
    total = activation.double().sum((1, 2))[:, None, None]
    weights = (rising / (2 + total * rising)).sum((1, 2))
    expected = torch.einsum("k,khw->hw", weights, activation.double())
    found = cam.grad_cam_plus_plus(activation, gradient * factor).double()
    assert float(expected.max()) > 0
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5 * float(expected.max()))
