import threading
import time

import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torchvision import models

from viewer.errors import Cancelled, ModelError
from viewer.explain.capture import WATCHED, capture


def first(_logits):
    return 0


def seeded(maker, **arguments):
    """A network in double precision whose batch statistics are not those of an untrained one."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        network = maker(weights=None, num_classes=3, **arguments).double().eval()
        for module in network.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.running_mean.normal_(0, 0.1)
                module.running_var.uniform_(0.5, 1.5)
                nn.init.normal_(module.weight, 1, 0.2)
                nn.init.normal_(module.bias, 0, 0.2)
    return network.requires_grad_(False)


def image(size=64):
    generator = torch.Generator().manual_seed(4)
    return torch.randn(1, 3, size, size, dtype=torch.float64, generator=generator)


def small():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = nn.Sequential(
            nn.Conv2d(3, 4, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(4, 5, 3, stride=2),
            nn.ReLU(inplace=True),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Linear(5, 3),
        )
    return network.double().eval().requires_grad_(False)


def hooks_on(network):
    return [
        hook
        for module in network.modules()
        for hooks in (
            module._forward_hooks,
            module._forward_pre_hooks,
            module._backward_hooks,
            module._backward_pre_hooks,
        )
        for hook in hooks
    ]


# Independent references: the network is cut at the layer, by hand, with nothing in place behind it.


def vgg_by_hand(network, x, layer):
    index = int(layer.split(".")[1])
    cut = network.features[: index + 1](x).clone().requires_grad_()
    grid = cut
    for module in network.features[index + 1 :]:
        grid = F.relu(grid) if isinstance(module, nn.ReLU) else module(grid)
    flat = torch.flatten(network.avgpool(grid), 1)
    for module in network.classifier:
        flat = F.relu(flat) if isinstance(module, nn.ReLU) else module(flat)
    return cut, flat


def dense_by_hand(network, x, layer):
    before, after = [], []
    for name, module in network.features.named_children():
        if name == "transition1":
            parts = [(f"features.transition1.{n}", m) for n, m in module.named_children()]
        else:
            parts = [(f"features.{name}", module)]
        for path, part in parts:
            (after if any(p == layer for p, _ in before) else before).append((path, part))

    def run(parts, grid):
        for _path, part in parts:
            grid = F.relu(grid) if isinstance(part, nn.ReLU) else part(grid)
        return grid

    cut = run(before, x).clone().requires_grad_()
    grid = F.relu(run(after, cut))
    return cut, network.classifier(grid.mean((2, 3)))


def resnet_by_hand(network, x, layer):
    cut = None

    def mark(path, grid):
        nonlocal cut
        if path == layer:
            cut = grid = grid.detach().clone().requires_grad_()
        return grid

    grid = F.relu(mark("bn1", network.bn1(network.conv1(x))))
    grid = mark("maxpool", network.maxpool(grid))
    for stage in ("layer1", "layer2", "layer3", "layer4"):
        for number, block in getattr(network, stage).named_children():
            path = f"{stage}.{number}"
            out = F.relu(mark(f"{path}.bn1", block.bn1(block.conv1(grid))))
            out = F.relu(mark(f"{path}.bn2", block.bn2(block.conv2(out))))
            out = mark(f"{path}.bn3", block.bn3(block.conv3(out)))
            side = grid if block.downsample is None else mark(f"{path}.downsample", block.downsample(grid))
            grid = mark(path, F.relu(out + side))
        grid = mark(stage, grid)
    return cut, network.fc(grid.mean((2, 3)))


IN_PLACE = [
    (models.vgg16, vgg_by_hand, ["features.1", "features.28", "features.29", "features.30"]),
    (
        models.densenet121,
        dense_by_hand,
        [
            "features.conv0",
            "features.norm0",
            "features.denseblock1",
            "features.transition1.norm",
            "features.transition1.relu",
            "features.denseblock4",
            "features.norm5",
        ],
    ),
    (
        models.resnet50,
        resnet_by_hand,
        [
            "bn1",
            "maxpool",
            "layer1",
            "layer2.0.bn1",
            "layer3.0.downsample",
            "layer4.0.bn3",
            "layer4.2.bn3",
            "layer4",
        ],
    ),
]


@pytest.mark.parametrize(("maker", "by_hand", "layers"), IN_PLACE, ids=["vgg16", "densenet121", "resnet50"])
def test_layers_before_in_place_operations_equal_a_reference_without_them(maker, by_hand, layers):
    network, x = seeded(maker), image()
    taken = capture(network, x, layers, lambda _logits: 1)
    for layer in layers:
        cut, logits = by_hand(network, x, layer)
        (gradient,) = torch.autograd.grad(logits[0, 1], cut)
        torch.testing.assert_close(taken.logits, logits.detach(), rtol=1e-9, atol=1e-12)
        torch.testing.assert_close(taken.activations[layer], cut.detach(), rtol=1e-9, atol=1e-12)
        torch.testing.assert_close(
            taken.gradients[layer], gradient, rtol=1e-8, atol=1e-8 * float(gradient.abs().max())
        )
        assert float(gradient.abs().max()) > 0


def test_a_gradient_is_the_slope_one_measures():
    network, x = small(), image(12)
    taken = capture(network, x, ["2"], first)

    def logit_with(change):
        grid = network[2](network[1](network[0](x.clone()))) + change
        return float(network[6](network[4](F.relu(grid)).flatten(1))[0, 0])

    for place in [(0, 0, 0, 0), (0, 3, 2, 4), (0, 4, 4, 4)]:
        step = torch.zeros_like(taken.activations["2"])
        step[place] = 1e-6
        slope = (logit_with(step) - logit_with(-step)) / 2e-6
        assert float(taken.gradients["2"][place]) == pytest.approx(slope, abs=1e-7)


def test_many_layers_cost_one_forward_and_one_backward():
    network = seeded(models.resnet18)
    calls = []
    network.conv1.register_forward_hook(lambda *_: calls.append("forward"))
    network.fc.register_forward_hook(
        lambda _m, _i, o: o.grad_fn.register_prehook(lambda _g: calls.append("backward")) and None
    )
    capture(network, image(), ["maxpool", "layer1", "layer2", "layer3", "layer4"], first)
    assert calls == ["forward", "backward"]


def test_watching_more_layers_does_not_change_the_maps():
    network, x = seeded(models.densenet121), image()
    alone = capture(network, x, ["features.norm5"], first)
    names = ["features.pool0", "features.denseblock2", "features.transition3.norm", "features.norm5"]
    together = capture(network, x, names, first)
    torch.testing.assert_close(alone.gradients["features.norm5"], together.gradients["features.norm5"])
    torch.testing.assert_close(alone.activations["features.norm5"], together.activations["features.norm5"])


def state_of(network):
    """All that a pass might leave behind on a network."""
    return (
        hooks_on(network),
        [m.training for m in network.modules()],
        [p.requires_grad for p in network.parameters()],
        [p.grad for p in network.parameters()],
        [getattr(m, "inplace", None) for m in network.modules()],
        {k: v.clone() for k, v in network.state_dict().items()},
    )


def assert_same_state(network, before):
    after = state_of(network)
    assert after[:5] == before[:5]
    assert all(torch.equal(after[5][k], v) for k, v in before[5].items())


@pytest.mark.parametrize("frozen", [True, False])
@pytest.mark.parametrize("training", [True, False])
def test_success_leaves_nothing_on_the_network(frozen, training):
    network = seeded(models.resnet18).requires_grad_(not frozen).train(training)
    network.layer2.eval()
    own = network.layer1.register_forward_hook(lambda *_: None)
    before = state_of(network)
    capture(network, image(), ["layer1", "layer4"], first)
    assert_same_state(network, before)
    assert own.id in network.layer1._forward_hooks


@pytest.mark.parametrize("where", ["forward", "choose", "layer", "answer"])
def test_failure_leaves_nothing_on_the_network(where):
    network = seeded(models.resnet18)
    before = state_of(network)
    x, layers, choose, error = image(), ["layer1", "layer4"], first, ModelError
    if where == "forward":
        x, error = torch.zeros(1, 5, 64, 64, dtype=torch.float64), RuntimeError
    elif where == "choose":
        choose, error = (lambda _logits: [][0]), IndexError
    elif where == "layer":
        layers = ["layer1", "layer9"]
    else:
        x = torch.cat([x, x])
    with pytest.raises(error):
        capture(network, x, layers, choose)
    assert_same_state(network, before)


def test_cancel_leaves_nothing_on_the_network_wherever_it_strikes():
    network, x = seeded(models.resnet18), image()
    before = state_of(network)
    steps = 0

    def count():
        nonlocal steps
        steps += 1

    capture(network, x, ["maxpool", "layer4"], first, count)
    total = steps
    assert total > 2 * 60  # each of the network's modules, on the way forward and on the way back

    for strike in (1, 2, total // 3, total // 2, total * 2 // 3, total * 9 // 10, total):
        left = strike

        def check():
            nonlocal left
            left -= 1
            if left == 0:
                raise Cancelled

        with pytest.raises(Cancelled):
            capture(network, x, ["maxpool", "layer4"], first, check)
        assert_same_state(network, before)


class Nap(torch.autograd.Function):
    """Takes 20 ms on the way forward or on the way back, and notes in `log` that it began."""

    @staticmethod
    def forward(ctx, x, backward, log):
        ctx.backward, ctx.log = backward, log
        if not backward:
            log.append(time.sleep(0.02))
        return x * 1

    @staticmethod
    def backward(ctx, gradient):
        if ctx.backward:
            ctx.log.append(time.sleep(0.02))
        return gradient, None, None


class Napping(nn.Module):
    def __init__(self, backward, log):
        super().__init__()
        self.backward, self.log = backward, log

    def forward(self, x):
        return Nap.apply(x, self.backward, self.log)


@pytest.mark.parametrize("backward", [False, True], ids=["forward", "backward"])
def test_a_long_pass_stops_within_a_few_modules_once_it_is_cancelled(backward):
    log = []
    naps = [Napping(backward, log) for _ in range(200)]
    network = nn.Sequential(nn.Conv2d(3, 3, 1), *naps, nn.AdaptiveAvgPool2d(1), nn.Flatten()).eval()
    cancelled = threading.Event()
    begun_before = []

    def cancel():
        begun_before.append(len(log))
        cancelled.set()

    def check():
        if cancelled.is_set():
            raise Cancelled

    timer = threading.Timer(0.2, cancel)
    timer.start()
    with pytest.raises(Cancelled):
        capture(network, torch.zeros(1, 3, 4, 4), ["0"], first, check)
    timer.join()
    assert len(log) <= begun_before[0] + 2 + 200 // WATCHED < 200
    assert not hooks_on(network)


def test_frozen_and_trainable_parameters_give_the_same_maps():
    x = image()
    frozen = capture(seeded(models.resnet18), x, ["bn1", "layer3"], first)
    trainable = capture(seeded(models.resnet18).requires_grad_(True), x, ["bn1", "layer3"], first)
    for layer in ("bn1", "layer3"):
        torch.testing.assert_close(frozen.gradients[layer], trainable.gradients[layer])


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_a_caller_without_gradients_gets_them_all_the_same(mode):
    network, x = small(), image(12)
    expected = capture(network, x, ["2"], first).gradients["2"]
    with mode():
        assert torch.equal(capture(network, x, ["2"], first).gradients["2"], expected)


def test_what_is_captured_does_not_hold_the_graph():
    taken = capture(small(), image(12), ["0", "3"], first)
    tensors = [taken.logits, *taken.activations.values(), *taken.gradients.values()]
    assert all(tensor.grad_fn is None and not tensor.requires_grad for tensor in tensors)


def test_a_layer_the_answer_does_not_depend_on_has_no_evidence():
    class Branch(nn.Module):
        def __init__(self):
            super().__init__()
            self.used, self.unused = nn.Conv2d(3, 2, 1), nn.Conv2d(3, 2, 1)

        def forward(self, x):
            self.unused(x)
            return self.used(x).mean((2, 3))

    taken = capture(Branch(), torch.ones(1, 3, 4, 4), ["used", "unused"], first)
    assert not taken.gradients["unused"].any() and taken.gradients["used"].any()


def test_a_module_that_runs_twice_counts_with_its_last_run():
    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.relu = nn.ReLU(inplace=True)

        def forward(self, x):
            return (self.relu(self.relu(x) - 1) * 2).mean((2, 3))

    x = torch.tensor([[[[3.0, -1.0]]]])
    taken = capture(Twice(), x.clone(), ["relu"], first)
    assert taken.activations["relu"].tolist() == [[[[2.0, 0.0]]]]
    assert taken.gradients["relu"].tolist() == [[[[1.0, 1.0]]]]


def test_a_layer_that_never_runs_is_refused_in_words():
    network = models.googlenet(weights=None, aux_logits=True, init_weights=False, num_classes=3).eval()
    with pytest.raises(ModelError, match="takes no part"):
        capture(network, torch.zeros(1, 3, 64, 64), ["aux1.conv"], first)
    assert not hooks_on(network)
