import hashlib

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from tests.support.asking import cancelling
from tests.support.bundle_factory import make_bundle
from viewer.errors import Cancelled, ModelError
from viewer.inference import loading
from viewer.inference.bundle import load_bundle
from viewer.inference.loading import choose_device, describe_device, load_model
from viewer.inference.predict import predict


def with_weights(folder, content):
    """Replace a bundle's weights by `content` (bytes, or tensors) and put the right digest on the card."""
    path = folder / "weights.safetensors"
    old = hashlib.sha256(path.read_bytes()).hexdigest()
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        save_file(content, path)
    card = folder / "card.toml"
    card.write_text(card.read_text().replace(old, hashlib.sha256(path.read_bytes()).hexdigest()))
    return load_bundle(folder)


def test_a_loaded_network_is_evaluated_frozen_and_holds_the_weights_of_the_file(tmp_path):
    loaded = load_model(load_bundle(make_bundle(tmp_path)), "cpu")
    assert not any(module.training for module in loaded.module.modules())
    assert not any(parameter.requires_grad for parameter in loaded.module.parameters())
    for name, value in load_file(tmp_path / "weights.safetensors").items():
        assert torch.equal(loaded.module.state_dict()[name], value)
    assert (loaded.device, loaded.notice) == ("cpu", "")


@pytest.mark.parametrize("name", ["mnasnet0_5", "regnet_x_400mf", "shufflenet_v2_x0_5", "swin_t"])
def test_networks_with_their_own_state_come_back_the_same(tmp_path, name):
    size = [64, 64]
    folder = make_bundle(tmp_path, architecture={"family": "torchvision", "name": name}, input={"size": size})
    loaded = load_model(load_bundle(folder), "cpu")
    for key, value in load_file(folder / "weights.safetensors").items():
        assert torch.equal(loaded.module.state_dict()[key], value)


@pytest.mark.parametrize("name", ["googlenet", "inception_v3"])
def test_weights_that_still_have_their_auxiliary_heads_load(tmp_path, name):
    full = {"family": "torchvision", "name": name, "arguments": {"aux_logits": True}}
    folder = make_bundle(tmp_path, architecture=full, input={"size": [96, 96]})
    card = folder / "card.toml"
    card.write_text(card.read_text().replace('"aux_logits" = true', ""))
    loaded = load_model(load_bundle(folder), "cpu")
    image = np.random.default_rng(0).standard_normal((1, 96, 96)).astype(np.float32)
    assert predict(loaded, image).logits.shape == (3,)
    assert not any(
        name.lower().startswith("aux") and value is not None for name, value in loaded.module.named_children()
    )


def test_half_precision_weights_become_single(tmp_path):
    folder = make_bundle(tmp_path)
    halved = {
        k: v.half() if v.is_floating_point() else v
        for k, v in load_file(folder / "weights.safetensors").items()
    }
    loaded = load_model(with_weights(folder, halved), "cpu")
    assert all(p.dtype == torch.float32 for p in loaded.module.parameters())


def test_altered_weights_are_refused_before_they_are_read(tmp_path, monkeypatch):
    bundle = load_bundle(make_bundle(tmp_path, weights={"sha256": "0" * 64}))
    monkeypatch.setattr(loading, "load_safetensors", lambda _data: pytest.fail("altered weights were parsed"))
    with pytest.raises(ModelError, match="not the ones"):
        load_model(bundle, "cpu")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"1234567",
        b"\xff" * 64,
        b"\x80\x02}q\x00.",
        b"\x02" + b"\0" * 7 + b"[]",
        b"\x02" + b"\0" * 7 + b"{}",
    ],
)
def test_weights_that_are_not_safetensors_are_refused(tmp_path, content):
    with pytest.raises(ModelError, match=r"not a safetensors file|is missing"):
        load_model(with_weights(make_bundle(tmp_path), content), "cpu")


def test_a_cut_off_weights_file_is_refused(tmp_path):
    folder = make_bundle(tmp_path)
    data = (folder / "weights.safetensors").read_bytes()
    with pytest.raises(ModelError, match="not a safetensors file"):
        load_model(with_weights(folder, data[:-100]), "cpu")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda w: w.pop("head.weight"), "'head.weight' is missing"),
        (lambda w: w.update({"head.weight": torch.zeros(7, 32)}), "7 x 32, the architecture needs 3 x 32"),
        (lambda w: w.update({"extra": torch.zeros(1)}), "'extra' has no place"),
    ],
)
def test_weights_of_another_shape_are_refused_in_plain_words(tmp_path, change, words):
    folder = make_bundle(tmp_path)
    weights = load_file(folder / "weights.safetensors")
    change(weights)
    with pytest.raises(ModelError, match=words) as caught:
        load_model(with_weights(folder, weights), "cpu")
    assert caught.value.remedy


def test_a_card_asking_for_a_gigantic_network_costs_no_memory(tmp_path):
    folder = make_bundle(tmp_path)
    card = folder / "card.toml"
    card.write_text(card.read_text().replace('"width" = 4', '"width" = 4096'))
    with pytest.raises(ModelError, match="do not fit"):
        load_model(load_bundle(folder), "cpu")


def test_loading_can_be_cancelled_between_its_steps(tmp_path):
    bundle = load_bundle(make_bundle(tmp_path))
    steps = []
    load_model(bundle, "cpu", lambda: steps.append(1))
    assert len(steps) >= 4
    for strike in range(1, len(steps) + 1):
        check = cancelling(strike)
        with pytest.raises(Cancelled):
            load_model(bundle, "cpu", check)


def test_the_best_device_is_chosen_and_an_absent_one_refused(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert choose_device() == "mps" and choose_device("cpu") == "cpu"
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert choose_device("auto") == "cpu" and describe_device("cpu") == "CPU"
    with pytest.raises(ModelError, match="no device 'cuda'"):
        choose_device("cuda")
    with pytest.raises(ModelError):
        choose_device("abacus")


def test_a_full_device_is_left_for_the_cpu_with_a_notice(tmp_path, monkeypatch):
    bundle = load_bundle(make_bundle(tmp_path))
    moved = []

    def move(self, device):
        moved.append(device)
        if device == "mps":
            raise torch.OutOfMemoryError("full")
        return self

    monkeypatch.setattr(loading, "choose_device", lambda _prefer: "mps")
    monkeypatch.setattr(torch.nn.Module, "to", move)
    loaded = load_model(bundle)
    assert loaded.device == "cpu" and "memory" in loaded.notice and moved == ["mps", "cpu"]
