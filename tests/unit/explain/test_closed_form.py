import copy
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from tests.support.asking import cancelling, untouched
from tests.support.bundle_factory import make_bundle
from viewer.errors import Cancelled, ModelError
from viewer.explain.cam import grad_cam
from viewer.explain.capture import capture
from viewer.explain.closed_form import every_label
from viewer.inference.architectures import build
from viewer.inference.bundle import load_bundle
from viewer.inference.card import CardArchitecture, CardLayers
from viewer.inference.loading import load_model


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return load_model(load_bundle(make_bundle(tmp_path_factory.mktemp("tiny"))), "cpu")


@pytest.fixture
def with_network(tiny):
    """The tiny model's card over another network."""

    def make(network, labels=3):
        network.eval().requires_grad_(False)
        names = tuple(f"finding {number}" for number in range(labels))
        card = replace(tiny.card, labels=names, background="", layers=CardLayers())
        return replace(tiny, module=network, bundle=replace(tiny.bundle, card=card))

    return make


def network_of(name, side, labels):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(9)
        return build(CardArchitecture("torchvision", name), channels=2, labels=labels, size=(side, side))


def picture(*shape, seed=1):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def assert_equal_to_a_pass_for_each(model, image, found):
    for number, label in enumerate(model.card.labels):
        taken = capture(
            model.module, torch.from_numpy(image)[None], [found.layer], lambda _logits, number=number: number
        )
        expected = grad_cam(taken.activations[found.layer][0], taken.gradients[found.layer][0]).numpy()
        np.testing.assert_allclose(found.cams[label], expected, atol=2e-6 * np.abs(expected).max())


@pytest.fixture
def runs(monkeypatch):
    """How often a network was called, and how many gradients were asked for."""
    counted = {"forward": 0, "backward": 0}
    honest = torch.autograd.grad

    def grad(*arguments, **options):
        counted["backward"] += 1
        return honest(*arguments, **options)

    monkeypatch.setattr(torch.autograd, "grad", grad)
    counted["watch"] = lambda network: network.register_forward_pre_hook(
        lambda *_: counted.update(forward=counted["forward"] + 1)
    )
    return counted


CLOSED = {"densenet121": 14, "googlenet": 3, "resnet18": 3, "shufflenet_v2_x0_5": 3}
"""Networks that end in average pooling and one linear layer; DenseNet has a ReLU before the pooling."""

OPEN = {"convnext_tiny": 3, "mobilenet_v3_small": 3, "squeezenet1_1": 3}
"""Networks with something else between the last layer and the logits."""


@pytest.mark.parametrize(("name", "labels"), CLOSED.items())
def test_all_labels_of_a_pooled_linear_network_come_from_one_forward_pass(name, labels, runs, with_network):
    model = with_network(network_of(name, 64, labels), labels)
    image = picture(2, 64, 64)
    watch = runs["watch"](model.module)
    with untouched(model.module):
        found = every_label(model, image)
    watch.remove()
    assert found.closed and (runs["forward"], runs["backward"]) == (1, 1)  # the head's own slope, to be sure
    assert_equal_to_a_pass_for_each(model, image, found)


@pytest.mark.parametrize(("name", "labels"), OPEN.items())
def test_other_heads_get_a_backward_pass_for_each_label(name, labels, runs, with_network):
    model = with_network(network_of(name, 64, labels), labels)
    image = picture(2, 64, 64)
    watch = runs["watch"](model.module)
    with untouched(model.module):
        found = every_label(model, image)
    watch.remove()
    assert not found.closed and runs["forward"] == 1 and labels <= runs["backward"] <= 1 + labels
    assert_equal_to_a_pass_for_each(model, image, found)


def test_an_earlier_layer_of_a_pooled_linear_network_is_not_in_closed_form(with_network):
    model = with_network(network_of("resnet18", 64, 3))
    found = every_label(model, picture(2, 64, 64), "layer3")
    assert not found.closed
    assert_equal_to_a_pass_for_each(model, picture(2, 64, 64), found)


class Head(nn.Module):
    """Average pooling and one linear layer, and what `kind` adds to it."""

    def __init__(self, kind, labels=3, channels=5):
        super().__init__()
        self.kind = kind
        self.last = nn.Conv2d(1, channels, 3, padding=1)
        self.head = nn.Linear(channels, labels, bias=kind != "no bias")
        self.side = nn.Conv2d(channels, labels, 3)

    def forward(self, images):
        grid = self.last(images)
        if self.kind == "relu":
            grid = grid.relu()
        if self.kind == "relu of a relu":
            return self.head(grid.relu_().mean((2, 3)))
        if self.kind == "maximum":
            return self.head(grid.amax((2, 3)))
        if self.kind == "part of the picture":
            return self.head(grid[..., :-1].mean((2, 3)))
        logits = self.head(grid.mean((2, 3)))
        if self.kind == "second way":
            side = self.side(grid).mean((2, 3))
            return logits + side - side.detach()  # the same numbers, other slopes
        return {"softmax": logits.softmax(1), "doubled": 2 * logits}.get(self.kind, logits)


@pytest.mark.parametrize(
    ("kind", "closed"),
    [
        ("plain", True),
        ("no bias", True),
        ("relu", True),
        ("relu of a relu", True),
        ("maximum", False),
        ("part of the picture", False),
        ("second way", False),
        ("softmax", False),
        ("doubled", False),
    ],
)
def test_a_head_is_believed_by_its_numbers_and_slopes_alone(kind, closed, with_network):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(9)
        model = with_network(Head(kind))
    image = picture(1, 9, 8)
    found = every_label(model, image, "last")
    assert found.closed == closed
    assert_equal_to_a_pass_for_each(model, image, found)
    if kind == "second way":
        return  # its slopes are not those of its numbers
    exact = copy.deepcopy(model.module).double()
    grid = exact.last(torch.from_numpy(image)[None].double())[0]

    def logits_with(channel, step):
        """What the logits would be with one channel a little brighter everywhere."""
        exact.last.bias[channel] += step
        logits = exact(torch.from_numpy(image)[None].double())[0]
        exact.last.bias[channel] -= step
        return logits

    slopes = torch.stack([logits_with(k, 1e-6) - logits_with(k, -1e-6) for k in range(5)], 1) / 2e-6
    expected = torch.einsum("tk,khw->thw", slopes / grid[0].numel(), grid)
    for number, label in enumerate(model.card.labels):
        torch.testing.assert_close(
            torch.from_numpy(found.cams[label]).double(), expected[number], rtol=1e-4, atol=1e-5
        )


def test_the_cells_of_every_label_sum_to_its_logit_less_the_bias(tiny):
    found = every_label(tiny, picture(1, 64, 64))
    assert found.layer == "block4" and found.closed
    sums = np.array([found.cams[label].sum() for label in tiny.card.labels])
    np.testing.assert_allclose(sums, found.prediction.logits - tiny.module.head.bias.numpy(), rtol=1e-4)


def test_cancelling_leaves_the_network_as_it_was(with_network):
    model = with_network(Head("maximum"))
    steps = []
    every_label(model, picture(1, 9, 8), "last", check=lambda: steps.append(1))
    for strike in range(1, len(steps) + 1):
        check = cancelling(strike)
        with untouched(model.module), pytest.raises(Cancelled):
            every_label(model, picture(1, 9, 8), "last", check=check)


def test_weights_that_are_not_numbers_are_said(with_network):
    model = with_network(Head("plain"))
    with torch.no_grad():
        model.module.head.weight[1, 2] = float("inf")
    with pytest.raises(ModelError, match="not a number"):
        every_label(model, picture(1, 9, 8), "last")
