import copy

import numpy as np
import pytest
import torch

from tests.support.bundle_factory import make_bundle
from tests.support.trust_networks import Detector, head_with_token, with_network
from viewer.errors import Cancelled
from viewer.explain.analyse import analyse_slice
from viewer.explain.trust.randomisation import STAGES, cascade, randomise, stages
from viewer.explain.trust.shown import shown_of
from viewer.explain.trust.weights import learned
from viewer.explain.twin import twin_of
from viewer.inference.architectures import build
from viewer.inference.bundle import load_bundle
from viewer.inference.card import CardArchitecture
from viewer.inference.loading import load_model
from viewer.resources import root


def go_on() -> None:
    pass


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    loaded = load_model(load_bundle(make_bundle(tmp_path_factory.mktemp("tiny"))), "cpu")
    result = analyse_slice(loaded, head_with_token(lesion=True), target="lesion")
    return shown_of(loaded, result, "block4")


def weights(network):
    return [value.clone() for value in (*network.parameters(), *network.buffers())]


def test_the_head_comes_first_and_every_module_once(shown):
    found = stages(shown.loaded.module)
    assert len(found) == STAGES and found[0] == [shown.loaded.module.head]
    flat = [module for part in found for module in part]
    owners = [m for m in shown.loaded.module.modules() if list(m.parameters(recurse=False))]
    assert flat == owners[::-1]


def test_the_model_and_its_twins_keep_their_weights_and_no_global_seed_moves(shown):
    beside, before = twin_of(shown.loaded), weights(shown.loaded.module)
    torch.manual_seed(7)
    np.random.seed(7)
    states = torch.get_rng_state(), np.random.get_state()[1].copy()
    assert len(list(cascade(shown, go_on))) == STAGES
    assert torch.equal(torch.get_rng_state(), states[0])
    assert np.array_equal(np.random.get_state()[1], states[1])
    for network in (shown.loaded.module, beside.module):
        assert all(torch.equal(one, two) for one, two in zip(before, weights(network), strict=True))


def test_the_same_seed_gives_the_same_cascade_and_another_seed_another(shown):
    once, again, other = (list(cascade(shown, go_on, seed)) for seed in (0, 0, 1))
    assert once == again and once != other


def test_the_first_stage_changes_the_head_alone(shown):
    network = copy.deepcopy(shown.loaded.module)
    before = network.state_dict()
    before = {name: value.clone() for name, value in before.items()}
    randomise(network.head, torch.Generator().manual_seed(0))
    changed = {name for name, value in network.state_dict().items() if not torch.equal(value, before[name])}
    assert changed <= {"head.weight", "head.bias"} and "head.weight" in changed


def test_random_weights_are_as_strong_as_those_they_replace():
    layer = torch.nn.Conv2d(16, 32, 3)
    strength = layer.weight.detach().square().mean().sqrt()
    randomise(layer, torch.Generator().manual_seed(0))
    assert layer.weight.detach().square().mean().sqrt() == pytest.approx(float(strength), rel=0.05)


def test_the_channels_of_a_normalisation_change_places_together():
    layer = torch.nn.BatchNorm2d(64)
    for value in (layer.weight.data, layer.bias.data, layer.running_mean, layer.running_var):
        value.copy_(torch.arange(64.0))
    randomise(layer, torch.Generator().manual_seed(0))
    assert not torch.equal(layer.weight, torch.arange(64.0))
    assert torch.equal(layer.weight, layer.bias) and torch.equal(layer.weight, layer.running_var)
    assert torch.equal(layer.weight.detach().sort().values, torch.arange(64.0))


def test_the_cascade_stops_where_nobody_waits_and_leaves_nothing(shown):
    calls = 0

    def stop():
        nonlocal calls
        calls += 1
        if calls > 40:
            raise Cancelled

    before = weights(shown.loaded.module)
    with pytest.raises(Cancelled):
        list(cascade(shown, stop))
    assert all(torch.equal(one, two) for one, two in zip(before, weights(shown.loaded.module), strict=True))
    assert not any(module._forward_hooks for module in shown.loaded.module.modules())


def test_a_map_that_ignores_the_weights_stays(tmp_path, shown):
    """The detector's head only scales its map: with the head alone redrawn, the same map comes back."""
    loaded = with_network(tmp_path, Detector())
    result = analyse_slice(loaded, head_with_token(lesion=True), target="lesion")
    first = next(iter(cascade(shown_of(loaded, result, "detector"), go_on)))
    assert abs(first.rank) == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("SmallResNet", {"width": 8, "blocks": [1, 1, 1, 1]}),
        ("resnet18", {}),
        ("densenet121", {}),
        ("mobilenet_v3_small", {}),
        ("shufflenet_v2_x0_5", {}),
    ],
)
def test_weights_that_nobody_trained_have_no_order(name, arguments):
    family = "glassbox" if arguments else "torchvision"
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = build(CardArchitecture(family, name, arguments), channels=1, labels=3)
    assert learned(network, go_on) == pytest.approx(1, abs=0.03)


@pytest.mark.parametrize("name", ["brain-tumour-mri", "phantom-lesion"])
def test_the_shipped_networks_have_learned(name):
    loaded = load_model(load_bundle(root() / "models" / name), "cpu")
    assert learned(loaded.module, go_on) > 1.2


def test_too_few_weights_tell_nothing():
    assert learned(Detector(), go_on) is None
