import numpy as np
import torch
from torch import nn

from viewer.explain.cam import METHODS, grad_cam
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
    cam = grad_cam(taken.activations["1"][0], taken.gradients["1"][0])
    assert cam.shape == (7, 9)
    np.testing.assert_allclose(float(cam.sum()), float(taken.logits[0, 2] - network[4].bias[2]), rtol=1e-5)
    closed_form = torch.einsum("k,khw->hw", network[4].weight[2], taken.activations["1"][0]) / 63
    torch.testing.assert_close(cam, closed_form)


def test_half_precision_captures_give_single_precision_maps():
    cam = grad_cam(torch.ones(2, 2, 2).half(), torch.ones(2, 2, 2).half())
    assert cam.dtype == torch.float32


def test_every_method_stands_under_its_name():
    assert METHODS["grad-cam"] is grad_cam
