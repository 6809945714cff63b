import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torchvision import models

from tests.support.asking import asked_of, untouched
from viewer.errors import Cancelled
from viewer.explain.methods import LAYER, METHODS, of_kind
from viewer.explain.score import ablation_cam, score_cam

QUIET = (lambda _done, _total: None, lambda: None)


class Pooled(nn.Module):
    """One convolution, global average pooling, one linear layer: every weight is known."""

    def __init__(self, convolution, channels):
        super().__init__()
        self.grid = convolution
        self.head = nn.Linear(channels, 3)

    def forward(self, images):
        return self.head(self.grid(images).flatten(2).mean(2))


class Branched(nn.Module):
    """A layer whose output meets what went before it, by sum and by concatenation, and in place."""

    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(1, 4, 3, stride=2)
        self.second = nn.Conv2d(4, 4, 3, padding=1)
        self.active = nn.ReLU(inplace=True)
        self.head = nn.Linear(8, 3)

    def forward(self, images):
        first = self.first(images)
        second = self.active(self.second(first))
        second += first
        return self.head(torch.cat([first, second], 1).mean((2, 3)))


class Twice(nn.Module):
    """One module that runs twice: its last run counts."""

    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(1, 4, 3, stride=2)
        self.second = nn.Conv2d(4, 4, 3, stride=2)
        self.active = nn.ReLU(inplace=True)
        self.head = nn.Linear(4, 3)

    def forward(self, images):
        return self.head(self.active(self.second(self.active(self.first(images)))).mean((2, 3)))


def seeded(maker, *arguments, **named):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        network = maker(*arguments, **named)
        for module in network.modules():
            if isinstance(module, nn.Linear):
                nn.init.normal_(module.weight, std=0.2)
    return network.double().eval().requires_grad_(False)


def picture(*shape):
    return torch.randn(1, *shape, dtype=torch.float64, generator=torch.Generator().manual_seed(6))


def output_of(network, layer, images):
    kept = []
    handle = network.get_submodule(layer).register_forward_hook(lambda _m, _i, out: kept.append(out.clone()))
    network(images)
    handle.remove()
    return kept[-1]


def changed_answer(network, layer, images, change, runs=1):
    """The logits when `change` is made to what the layer gives out in its last run."""
    seen = []

    def hook(_module, _inputs, out):
        seen.append(1)
        return change(out.clone()) if len(seen) == runs else None

    handle = network.get_submodule(layer).register_forward_hook(hook)
    logits = network(images)
    handle.remove()
    return logits


def test_ablation_weights_of_a_linear_network_are_its_shares_of_the_logit():
    network = seeded(Pooled, nn.Conv2d(1, 6, 3, stride=2), 6)
    image = picture(1, 17, 15)
    grid = output_of(network, "grid", image)[0]
    shares = network.head.weight[1] * grid.mean((1, 2)) / network(image)[0, 1].abs()
    cam = ablation_cam(asked_of(network, image, 1, "grid"), *QUIET).cam
    np.testing.assert_allclose(cam, torch.einsum("k,khw->hw", shares, grid), rtol=1e-5, atol=1e-7)


def test_a_contrast_is_ablated_as_the_difference_of_the_two_logits():
    network = seeded(Pooled, nn.Conv2d(1, 6, 3, stride=2), 6)
    image = picture(1, 17, 15)
    grid = output_of(network, "grid", image)[0]
    logits = network(image)[0]
    shares = (network.head.weight[2] - network.head.weight[0]) * grid.mean((1, 2))
    cam = ablation_cam(asked_of(network, image, (2, 0), "grid"), *QUIET).cam
    expected = torch.einsum("k,khw->hw", shares / (logits[2] - logits[0]).abs(), grid)
    np.testing.assert_allclose(cam, expected, rtol=1e-5, atol=1e-7)


CASES = {
    "joined": (Branched, (), (1, 21, 21), ["first", "second", "active"], 1),
    "twice": (Twice, (), (1, 31, 31), ["active"], 2),
    "volume": (Pooled, (nn.Conv3d(2, 5, 3, stride=2), 5), (2, 9, 11, 10), ["grid"], 1),
}


@pytest.mark.parametrize("case", CASES)
def test_a_channel_is_taken_away_as_if_the_network_ran_once_for_each(case):
    maker, arguments, shape, layers, runs = CASES[case]
    network, image = seeded(maker, *arguments), picture(*shape)
    for layer in layers:
        grid = output_of(network, layer, image)[0]
        full, cam = network(image)[0, 2], 0
        for k in range(len(grid)):
            logits = changed_answer(
                network, layer, image, lambda out, k=k: out.index_fill_(1, torch.tensor([k]), 0), runs
            )
            cam = cam + (full - logits[0, 2]) / full.abs() * grid[k]
        found = ablation_cam(asked_of(network, image, 2, layer), *QUIET).cam
        np.testing.assert_allclose(found, cam, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("case", CASES)
def test_a_channel_scores_as_if_the_network_saw_one_masked_input_after_the_other(case):
    maker, arguments, shape, layers, _runs = CASES[case]
    network, image = seeded(maker, *arguments), picture(*shape)
    next(network.parameters())[0] = 0  # a channel that is the same everywhere counts as a black mask
    for layer in layers:
        grid = output_of(network, layer, image)[0]
        floor, scores = network(torch.zeros_like(image))[0, 1], []
        for channel in grid:
            mask = F.interpolate(
                channel[None, None], shape[1:], mode="trilinear" if len(shape) == 4 else "bilinear"
            )
            low, high = channel.min(), channel.max()
            mask = (mask - low) / (high - low) if high > low else torch.zeros_like(mask)
            scores.append(network(image * mask)[0, 1] - floor)
        weights = torch.stack(scores).exp() / torch.stack(scores).exp().sum()
        found = score_cam(asked_of(network, image, 1, layer), *QUIET).cam
        np.testing.assert_allclose(found, torch.einsum("k,k...->...", weights, grid), rtol=1e-4, atol=1e-6)


def transformer():
    return models.VisionTransformer(32, 8, 2, 2, 12, 24, num_classes=3)


def swin():
    return models.SwinTransformer([4, 4], 8, [2, 2], [2, 2], [2, 2], num_classes=3)


@pytest.mark.parametrize(
    ("maker", "layer", "cells"),
    [
        (transformer, "encoder.layers.encoder_layer_1.ln_1", lambda out: out[0, 1:].T.reshape(12, 4, 4)),
        (swin, "features.3", lambda out: out[0].permute(2, 0, 1)),
    ],
)
def test_tokens_and_channels_last_are_ablated_cell_by_cell(maker, layer, cells):
    network, image = seeded(maker), picture(3, 32, 32)
    full, cam = network(image)[0, 0], 0
    grid = cells(output_of(network, layer, image))
    for k in range(len(grid)):

        def without(out, k=k):
            start = 1 if maker is transformer else 0
            out[:, start:, ..., k] = 0
            return out

        cam = cam + (full - changed_answer(network, layer, image, without)[0, 0]) / full.abs() * grid[k]
    found = ablation_cam(asked_of(network, image, 0, layer), *QUIET).cam
    np.testing.assert_allclose(found, cam, rtol=1e-4, atol=1e-6)
    assert score_cam(asked_of(network, image, 0, layer), *QUIET).cam.shape == grid.shape[1:]


def test_channels_that_are_the_same_everywhere_are_not_asked_about():
    network = seeded(Pooled, nn.Conv2d(1, 20, 3, stride=2), 20)
    network.grid.weight[4:] = 0
    network.grid.bias[4:] = 0
    calls = []
    network.register_forward_pre_hook(lambda _m, inputs: calls.append(len(inputs[0])))
    for method in (score_cam, ablation_cam):
        calls.clear()
        progress = []
        asked = asked_of(network, picture(1, 17, 15), 1, "grid")
        method(asked, lambda *done, seen=progress: seen.append(done), lambda: None)
        assert sum(calls) <= 1 + 1 + 4
        assert progress[0][0] == 0 and progress[-1] == (progress[-1][1],) * 2
        assert len({total for _done, total in progress}) == 1


def test_a_large_layer_is_asked_in_batches_that_stay_small(monkeypatch):
    network = seeded(Pooled, nn.Conv2d(1, 20, 3, stride=2), 20)
    largest = []
    network.head.register_forward_pre_hook(lambda _m, inputs: largest.append(len(inputs[0])))
    image = picture(1, 17, 15)
    once = [method(asked_of(network, image, 1, "grid"), *QUIET).cam for method in (score_cam, ablation_cam)]
    assert max(largest) == 8
    largest.clear()
    monkeypatch.setattr("viewer.explain.score.BATCH_BYTES", 3 * image.nbytes)
    again = [method(asked_of(network, image, 1, "grid"), *QUIET).cam for method in (score_cam, ablation_cam)]
    assert max(largest) <= 3
    np.testing.assert_allclose(once, again, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("row", of_kind(LAYER), ids=lambda row: row.id)
@pytest.mark.parametrize("fate", ["success", "cancel", "failure"])
def test_nothing_is_left_on_the_network_nor_on_the_random_state(row, fate):
    network = seeded(Branched)
    network.requires_grad_(True)
    network.train()
    network.second.eval()

    def check():
        nonlocal left
        left -= 1
        if left == 0:
            raise Cancelled

    def progress(done, _total):
        if fate == "failure" and done:
            raise RuntimeError("the window is gone")

    left = 2 if fate == "cancel" else 10**9
    expected = {"success": (), "cancel": Cancelled, "failure": RuntimeError}[fate]
    with untouched(network):
        try:
            METHODS[row.id].run(asked_of(network, picture(1, 21, 21), 0, "second"), progress, check)
            raised = None
        except (Cancelled, RuntimeError) as error:
            raised = error
    assert isinstance(raised, expected) if expected else raised is None
