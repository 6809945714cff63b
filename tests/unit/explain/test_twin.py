import threading

import pytest
import torch
from torch import nn
from torchvision import models

from tests.support.asking import shares_weights
from viewer.explain.capture import capture
from viewer.explain.twin import twin


def network():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        made = models.resnet18(weights=None, num_classes=4)
    return made.eval().requires_grad_(False)


def test_a_twin_has_modules_of_its_own_over_the_same_weights():
    original = network()
    other = twin(original)
    assert shares_weights(original, other)
    assert not {id(module) for module in original.modules()} & {id(module) for module in other.modules()}
    with torch.no_grad():
        original.fc.bias += 1
        image = torch.randn(1, 3, 64, 64)
        assert torch.equal(original(image), other(image))


def test_a_twin_has_none_of_the_originals_hooks_and_gives_none_back():
    original = network()
    calls = []
    original.layer1.register_forward_hook(lambda *_: calls.append("hook"))
    other = twin(original)
    with torch.no_grad():
        other(torch.randn(1, 3, 64, 64))
    assert calls == []
    other.layer2.register_forward_hook(lambda *_: calls.append("twin"))
    assert not original.layer2._forward_hooks


def bytes_of(network):
    """Storage of all that holds numbers anywhere in the module tree, each counted once."""
    storages = {}

    def visit(value):
        if isinstance(value, torch.Tensor):
            storage = value.untyped_storage()
            storages[storage.data_ptr()] = storage.nbytes()
        elif isinstance(value, (dict, list, tuple)):
            for item in value.values() if isinstance(value, dict) else value:
                visit(item)

    for module in network.modules():
        visit(vars(module))
    return storages


class Uncommon(nn.Module):
    """Tied weights, buffers, numbers outside the buffers, a parametrised weight, an uncopyable hook."""

    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(1, 4, 3, padding=1)
        self.second = nn.Conv2d(4, 4, 3, padding=1)
        self.third = nn.Conv2d(4, 4, 3, padding=1)
        self.third.weight = self.second.weight
        self.again = self.second
        self.old = torch.nn.utils.parametrizations.weight_norm(nn.Conv2d(4, 4, 1))
        self.register_buffer("lift", torch.ones(4, 1, 1))
        self.register_buffer("passing", torch.full((4, 1, 1), 0.5), persistent=False)
        self.loose = torch.full((1000,), 2.0)
        self.nested = {"deep": [torch.full((1000,), 3.0)]}
        self.made = (self.first.weight * 2).sum()  # a tensor with a history, which cannot be copied
        self.second.register_forward_hook(Counting().count)
        self.head = nn.Linear(4, 2)

    def forward(self, images):
        grid = self.again(self.third(self.second(self.first(images)))) * self.lift + self.passing
        scale = self.loose[0] * self.nested["deep"][0][0] * self.made.detach()
        return self.head(self.old(grid).mean((2, 3)) * scale)


class Counting:
    """Holds what cannot be copied."""

    def __init__(self):
        self.lock, self.calls = threading.Lock(), 0

    def count(self, *_arguments):
        self.calls += 1


FAMILIES = {
    "own": Uncommon,
    "densenet121": lambda: models.densenet121(num_classes=2),
    "googlenet": lambda: models.googlenet(num_classes=2, aux_logits=False, init_weights=False),
    "mobilenet_v3_small": lambda: models.mobilenet_v3_small(num_classes=2),
    "squeezenet1_1": lambda: models.squeezenet1_1(num_classes=2),
    "swin": lambda: models.SwinTransformer([4, 4], 24, [1, 1], [2, 2], [4, 4], num_classes=2),
    "vit": lambda: models.VisionTransformer(32, 8, 2, 2, 16, 32, num_classes=2),
    "volumes": lambda: nn.Sequential(nn.Conv3d(1, 4, 3), nn.BatchNorm3d(4), nn.ReLU(inplace=True)),
}


@pytest.mark.parametrize("name", FAMILIES)
def test_a_twin_of_any_family_answers_the_same_bits_and_has_no_byte_of_its_own(name):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        original = FAMILIES[name]().eval()
        if name == "vit":
            nn.init.normal_(original.heads.head.weight)  # zero in a fresh one
        shape = {"own": (1, 1, 16, 16), "volumes": (1, 1, 5, 8, 8)}.get(name, (1, 3, 32, 32))
        image = torch.randn(shape)
    other = twin(original)
    assert shares_weights(original, other)
    assert bytes_of(other) == bytes_of(original)
    assert not {id(module) for module in original.modules()} & {id(module) for module in other.modules()}
    with torch.no_grad():
        expected = original(image)
        assert torch.equal(other(image), expected)
        for weight in original.parameters():
            weight.mul_(0.5)
        assert torch.equal(other(image), original(image)) and not torch.equal(other(image), expected)


def test_hooks_of_every_kind_stay_with_the_original():
    original = network()
    calls = []
    original.layer1.register_forward_pre_hook(lambda *_: calls.append("before"), with_kwargs=True)
    original.layer1.register_forward_hook(
        lambda *_: calls.append("after"), with_kwargs=True, always_call=True
    )
    original.layer2.register_full_backward_pre_hook(lambda *_: calls.append("back"))
    original.layer2.register_full_backward_hook(lambda *_: calls.append("back"))
    other = twin(original)
    other(torch.randn(1, 3, 64, 64, requires_grad=True)).sum().backward()
    assert calls == []
    with torch.no_grad():
        original(torch.randn(1, 3, 64, 64))
    assert calls == ["before", "after"]


def test_other_weights_are_not_taken_for_shared():
    assert not shares_weights(network(), network())


@pytest.mark.parametrize("training", [True, False])
def test_200_predictions_beside_200_explanations_are_all_right(training):
    """With one module tree for both, hooks of the explanation reach into the prediction and its gradients."""
    generator = torch.Generator().manual_seed(2)
    predicting = nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.ReLU(inplace=True), nn.Conv2d(4, 8, 3), nn.ReLU(inplace=True),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 3),
    ).eval().requires_grad_(training)  # fmt: skip
    explaining = twin(predicting)
    images = torch.randn(200, 1, 1, 24, 24, generator=generator)
    with torch.no_grad():
        logits = [predicting(image) for image in images]
    maps = [capture(explaining, image, ["1", "3"], lambda _: 1).gradients["3"] for image in images]
    wrong, raised = [], []
    together = threading.Barrier(2)

    def predict():
        try:
            together.wait()
            with torch.no_grad():
                wrong.extend(n for n in range(200) if not torch.equal(predicting(images[n]), logits[n]))
        except Exception as error:
            raised.append(error)

    def explain():
        try:
            together.wait()
            for n in range(200):
                found = capture(explaining, images[n], ["1", "3"], lambda _: 1).gradients["3"]
                if not torch.equal(found, maps[n]):
                    wrong.append(n)
        except Exception as error:
            raised.append(error)

    threads = [threading.Thread(target=work) for work in (predict, explain)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (wrong, raised) == ([], [])
