import threading

import pytest
import torch
from torch import nn
from torchvision import models

from viewer.explain.capture import capture
from viewer.explain.twin import shares_weights, twin


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

    def predict():
        try:
            with torch.no_grad():
                wrong.extend(n for n in range(200) if not torch.equal(predicting(images[n]), logits[n]))
        except Exception as error:
            raised.append(error)

    def explain():
        try:
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
