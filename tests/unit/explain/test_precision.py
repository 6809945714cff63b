"""Captures whatever the network's precision and the modes its caller is in."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from tests.support.asking import cancelling, untouched
from viewer.errors import Cancelled, ModelError
from viewer.explain.cam import grad_cam
from viewer.explain.capture import capture, capture_each
from viewer.explain.methods import FAMILY, of_kind


class Network(nn.Module):
    """In-place steps, batch statistics and a dropout that never sleeps, if asked for."""

    def __init__(self, dropout=0.0):
        super().__init__()
        self.inward = nn.ReLU(inplace=True)
        self.first = nn.Conv2d(2, 6, 3)
        self.norm = nn.BatchNorm2d(6)
        self.last = nn.Conv2d(6, 8, 3)
        self.head = nn.Linear(8, 3)
        self.dropout = dropout

    def forward(self, images):
        grid = self.norm(self.first(self.inward(images))).relu_()
        grid = F.dropout(self.last(grid).relu_(), self.dropout, training=self.dropout > 0)
        return self.head(grid.mean((2, 3)))


LAYERS = ["inward", "first", "norm", "last"]


def network(**arguments):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        return Network(**arguments).eval().requires_grad_(False)


def image():
    return torch.randn(1, 2, 14, 15, generator=torch.Generator().manual_seed(2))


def maps(network, images):
    taken = capture(network, images, LAYERS, lambda _logits: 1)
    return {name: grad_cam(taken.activations[name][0], taken.gradients[name][0]) for name in LAYERS}


EXPECTED = maps(network(), image())


def assert_equal_maps(found, part=1e-6):
    for name, expected in EXPECTED.items():
        assert found[name].dtype == torch.float32
        torch.testing.assert_close(found[name], expected, rtol=0, atol=part * float(expected.abs().max()))


@pytest.mark.parametrize(
    ("precision", "part"), [(torch.float64, 1e-5), (torch.float16, 5e-3), (torch.bfloat16, 5e-2)], ids=str
)
def test_a_network_of_any_precision_gives_single_precision_maps(precision, part):
    other = network().to(precision)
    with untouched(other):
        assert_equal_maps(maps(other, image()), part)


def test_slopes_too_small_for_half_precision_are_not_lost():
    faint = network()
    with torch.no_grad():
        faint.head.weight *= 1e-5
    taken = capture(faint.half(), image(), ["first"], lambda _logits: 1)
    found = grad_cam(taken.activations["first"][0], taken.gradients["first"][0])
    assert float(taken.gradients["first"].abs().max()) < 6e-8  # the smallest number of half precision
    expected = EXPECTED["first"] * 1e-5
    torch.testing.assert_close(found, expected, rtol=0, atol=0.05 * float(expected.abs().max()))


def test_slopes_that_overflow_when_enlarged_are_taken_as_they_are():
    class Steep(nn.Module):
        def __init__(self):
            super().__init__()
            self.last = nn.Conv2d(1, 1, 1)
            nn.init.constant_(self.last.weight, 1)

        def forward(self, images):
            return (self.last(images) * 2000).amax((2, 3))

    taken = capture(Steep().half(), torch.tensor([[[[1.0, 2.0]]]]), ["last"], lambda _logits: 0)
    assert taken.gradients["last"].tolist() == [[[[0.0, 2000.0]]]]


def test_every_method_takes_half_precision_captures():
    taken = capture(network().bfloat16(), image(), LAYERS, lambda _logits: 1)
    for method in of_kind(FAMILY):
        found = method.run(taken.activations["last"][0], taken.gradients["last"][0])
        assert found.dtype == torch.float32 and found.isfinite().all() and found.any()


@pytest.mark.parametrize(
    "mode",
    [
        torch.no_grad,
        torch.inference_mode,
        lambda: torch.autocast("cpu", dtype=torch.bfloat16),
        lambda: torch.random.fork_rng(devices=[]),
    ],
    ids=["no_grad", "inference_mode", "autocast", "fork_rng"],
)
@pytest.mark.parametrize("frozen", [True, False])
def test_the_callers_mode_changes_nothing_and_holds_on_afterwards(mode, frozen):
    asked = network().requires_grad_(not frozen)
    with mode(), untouched(asked):
        before = torch.is_grad_enabled(), torch.is_inference_mode_enabled(), torch.is_autocast_enabled("cpu")
        assert_equal_maps(maps(asked, image()))
        after = torch.is_grad_enabled(), torch.is_inference_mode_enabled(), torch.is_autocast_enabled("cpu")
    assert before == after


@pytest.mark.parametrize("frozen", [True, False])
def test_a_network_made_in_inference_mode_is_explained_over_the_same_weights(frozen):
    with torch.inference_mode():
        asked, picture = network().requires_grad_(not frozen), image()
    places = [weight.data_ptr() for weight in asked.parameters()]
    assert_equal_maps(maps(asked, picture))
    assert all(weight.is_inference() for weight in (*asked.parameters(), *asked.buffers()))
    assert [weight.data_ptr() for weight in asked.parameters()] == places


@pytest.mark.parametrize("tracked", [True, False])
def test_the_callers_image_is_left_alone_by_a_network_that_works_in_place(tracked):
    picture = image().requires_grad_(tracked)
    before = picture.detach().clone()
    maps(network(), picture)
    assert torch.equal(picture, before) and picture.grad is None and picture._version == 0


def test_a_network_that_draws_random_numbers_leaves_the_global_ones_alone():
    asked = network(dropout=0.5)
    with untouched(asked):
        maps(asked, image())


class Tripwire(torch.autograd.Function):
    @staticmethod
    def forward(ctx, values):
        return values * 1

    @staticmethod
    def backward(ctx, gradient):
        raise RuntimeError("backward")


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("way", ["forward", "backward"])
def test_a_failure_inside_the_pass_leaves_nothing(way, training):
    asked = network(dropout=0.5).train(training)

    def trip(_module, inputs):
        if way == "forward":
            raise RuntimeError("forward")
        return (Tripwire.apply(inputs[0]),)

    asked.last.register_forward_pre_hook(trip)
    with untouched(asked), pytest.raises(RuntimeError, match=way):
        maps(asked, image())


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode, torch.enable_grad])
def test_a_cancel_at_any_step_of_a_pass_leaves_nothing(mode):
    asked = network(dropout=0.5).train()
    asked.norm.eval()
    steps = []

    def pass_for_two(check):
        capture_each(asked, image(), LAYERS, lambda _logits: [0, (1, 2)], lambda taken: taken, check)

    pass_for_two(lambda: None)  # the first time a network is seen to work in place, it runs again
    pass_for_two(lambda: steps.append(1))
    assert len(steps) > 15
    for strike in range(1, len(steps) + 1):
        check = cancelling(strike)
        with mode(), untouched(asked), pytest.raises(Cancelled):
            pass_for_two(check)
    assert asked.training and not asked.norm.training


def test_several_targets_share_one_forward_pass_and_equal_one_pass_for_each():
    asked = network()
    runs = []
    targets = [0, 2, (1, 0)]
    capture_each(asked, image(), LAYERS, lambda _logits: targets, lambda taken: taken)
    asked.head.register_forward_hook(lambda *_: runs.append(1))
    together = capture_each(asked, image(), LAYERS, lambda _logits: targets, lambda taken: taken)
    assert len(runs) == 1 and [taken.target for taken in together] == targets
    for target, found in zip(targets, together, strict=True):
        alone = capture(asked, image(), LAYERS, lambda _logits, target=target: target)
        for name in LAYERS:
            torch.testing.assert_close(found.gradients[name], alone.gradients[name])
    one, other = (capture(asked, image(), LAYERS, lambda _l, t=t: t).gradients["norm"] for t in (1, 0))
    torch.testing.assert_close(together[2].gradients["norm"], one - other)


def test_an_answer_without_a_gradient_is_refused_in_words():
    class Closed(Network):
        @torch.no_grad()
        def forward(self, images):
            return super().forward(images)

    with pytest.raises(ModelError, match="no gradient"):
        maps(Closed().eval(), image())


def test_a_module_with_two_names_is_found_by_either():
    asked = network()
    asked.again = asked.last
    taken = capture(asked, image(), ["again", "last"], lambda _logits: 1)
    assert torch.equal(taken.activations["again"], taken.activations["last"])
