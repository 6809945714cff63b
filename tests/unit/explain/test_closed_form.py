import numpy as np
import pytest
import torch
from torch import nn

from tests.support.asking import untouched
from tests.support.bundle_factory import make_bundle
from tests.support.slice_factory import make_slice
from viewer.errors import Cancelled, ModelError
from viewer.explain.analyse import analyse_slice
from viewer.explain.closed_form import every_label
from viewer.inference.bundle import load_bundle
from viewer.inference.loading import load_model
from viewer.inference.preprocess import prepare

SLICE = make_slice(np.random.default_rng(8).integers(-1000, 1000, (70, 80)).astype(np.int16))
LABELS = [f"finding {number}" for number in range(14)]


def loaded(folder, name, side=64, **changes):
    architecture = {"family": "torchvision", "name": name}
    return load_model(
        load_bundle(
            make_bundle(
                folder, architecture=architecture, input={"size": [side, side]}, labels=LABELS,
                background="", **changes,
            )
        ),
        "cpu",
    )  # fmt: skip


def assert_equal_to_a_pass_for_each(model, found):
    for label in model.card.labels:
        expected = analyse_slice(model, SLICE, target=label).cams[found.layer]
        np.testing.assert_allclose(
            found.cams[label], expected, rtol=1e-5, atol=1e-5 * float(np.abs(expected).max())
        )


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


CLOSED = {
    "densenet121": 64,
    "efficientnet_b0": 64,
    "googlenet": 64,
    "inception_v3": 80,
    "mnasnet0_5": 64,
    "mobilenet_v2": 64,
    "regnet_x_400mf": 64,
    "resnet18": 64,
    "shufflenet_v2_x0_5": 64,
}
"""Networks that end in average pooling and one linear layer; DenseNet has a ReLU before the pooling."""

OPEN = {"convnext_tiny": 64, "mobilenet_v3_small": 64, "squeezenet1_1": 64, "vgg11": 64, "vit_b_32": 64}
"""Networks with something else between the last layer and the logits."""


@pytest.mark.parametrize(("name", "side"), CLOSED.items())
def test_all_labels_of_a_pooled_linear_network_come_from_one_forward_pass(tmp_path, name, side, runs):
    model = loaded(tmp_path, name, side)
    image, _mapping = prepare(SLICE, model.card.input)
    watch = runs["watch"](model.module)
    with untouched(model.module):
        found = every_label(model, image)
    watch.remove()
    assert found.closed and (runs["forward"], runs["backward"]) == (1, 1)  # the head's own slope, to be sure
    assert_equal_to_a_pass_for_each(model, found)


@pytest.mark.parametrize(("name", "side"), OPEN.items())
def test_other_heads_are_not_taken_for_linear_and_get_a_backward_pass_for_each_label(
    tmp_path, name, side, runs
):
    model = loaded(tmp_path, name, side)
    image, _mapping = prepare(SLICE, model.card.input)
    watch = runs["watch"](model.module)
    with untouched(model.module):
        found = every_label(model, image)
    watch.remove()
    assert not found.closed and runs["forward"] == 1 and len(LABELS) <= runs["backward"] <= 1 + len(LABELS)
    assert_equal_to_a_pass_for_each(model, found)


def test_an_earlier_layer_of_a_pooled_linear_network_is_not_in_closed_form(tmp_path):
    model = loaded(tmp_path, "resnet18")
    found = every_label(model, prepare(SLICE, model.card.input)[0], "layer3")
    assert not found.closed
    assert_equal_to_a_pass_for_each(model, found)


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
def test_a_head_is_believed_by_its_numbers_and_slopes_alone(tmp_path, kind, closed):
    model = load_model(load_bundle(make_bundle(tmp_path)), "cpu")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(9)
        model.module = Head(kind).eval().requires_grad_(False)
    found = every_label(model, np.random.default_rng(1).normal(size=(1, 9, 8)).astype(np.float32), "last")
    assert found.closed == closed
    image = torch.from_numpy(np.random.default_rng(1).normal(size=(1, 1, 9, 8)).astype(np.float32))
    grid = model.module.last(image)[0]
    for number, label in enumerate(model.card.labels):
        # By finite differences of each channel's level: what one step of a channel adds to the logit.
        def logit_with(channel, step, number=number):
            lifted = nn.Conv2d(1, 5, 3, padding=1)
            lifted.load_state_dict(model.module.last.state_dict())
            lifted.bias.data[channel] += step
            other = Head(kind).eval()
            other.load_state_dict(model.module.state_dict())
            other.last = lifted
            return float(other.double()(image.double())[0, number])

        if kind == "second way":
            continue  # its slopes are not those of its numbers: that is what makes it one
        slopes = [(logit_with(k, 1e-6) - logit_with(k, -1e-6)) / 2e-6 / 72 for k in range(5)]
        values = grid.detach().double()
        expected = np.einsum("k,khw->hw", slopes, values.numpy())
        np.testing.assert_allclose(found.cams[label], expected, atol=1e-4 * np.abs(expected).max())


def test_the_cells_of_every_label_sum_to_its_logit_less_the_bias(tmp_path):
    model = load_model(load_bundle(make_bundle(tmp_path)), "cpu")
    found = every_label(model, prepare(SLICE, model.card.input)[0])
    sums = np.array([found.cams[label].sum() for label in model.card.labels])
    np.testing.assert_allclose(sums, found.prediction.logits - model.module.head.bias.numpy(), rtol=1e-4)


def test_cancelling_leaves_the_network_as_it_was(tmp_path):
    model = loaded(tmp_path, "squeezenet1_1")
    image, _mapping = prepare(SLICE, model.card.input)
    steps = []
    every_label(model, image, check=lambda: steps.append(1))
    for strike in (1, len(steps) // 3, len(steps) - 20, len(steps)):
        left = strike

        def check():
            nonlocal left
            left -= 1
            if left == 0:
                raise Cancelled

        with untouched(model.module), pytest.raises(Cancelled):
            every_label(model, image, check=check)


def test_weights_that_are_not_numbers_are_said(tmp_path):
    model = load_model(load_bundle(make_bundle(tmp_path)), "cpu")
    with torch.no_grad():
        model.module.head.weight[1, 2] = float("inf")
    with pytest.raises(ModelError, match="not a number"):
        every_label(model, prepare(SLICE, model.card.input)[0])
