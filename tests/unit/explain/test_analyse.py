import threading

import numpy as np
import pytest
import torch

from tests.support.bundle_factory import make_bundle
from tests.support.slice_factory import make_slice
from viewer.errors import Cancelled, ModelError
from viewer.explain import passes
from viewer.explain.analyse import analyse_slice, offered_layers
from viewer.explain.heatmap import make_heatmap
from viewer.inference.bundle import load_bundle
from viewer.inference.loading import load_model
from viewer.inference.predict import predict
from viewer.inference.preprocess import prepare

SLICE = make_slice(np.random.default_rng(0).integers(-1000, 1000, (90, 70)).astype(np.int16))


def loaded(folder, **changes):
    return load_model(load_bundle(make_bundle(folder, **changes)), "cpu")


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return loaded(tmp_path_factory.mktemp("tiny"))


def test_one_result_answers_for_every_layer_and_says_what_it_answers(tiny):
    result = analyse_slice(tiny, SLICE, target="cyst")
    assert (result.key.slice, result.key.model_digest) == (SLICE.header.key, tiny.bundle.digest)
    assert (result.key.target, result.key.method, result.device) == ("cyst", "grad-cam", "cpu")
    assert result.layers == offered_layers(tiny)
    for layer in result.layers:
        cam = result.cams[layer.name]
        assert cam.shape == layer.grid and cam.dtype == np.float32
        assert make_heatmap(result, layer.name).values.shape == (90, 70)
    expected, mapping = prepare(SLICE, tiny.card.input)
    assert np.array_equal(result.input, expected) and result.mapping == mapping
    np.testing.assert_allclose(result.prediction.logits, predict(tiny, expected).logits, rtol=1e-5)


def test_the_last_layers_cells_sum_to_the_logit_less_its_bias(tiny):
    result = analyse_slice(tiny, SLICE, target="lesion")
    bias = float(tiny.module.head.bias[0])
    assert result.cams["block4"].sum() == pytest.approx(result.prediction.logits[0] - bias, rel=1e-4)


def test_without_a_target_the_most_probable_finding_is_explained_never_the_background(tmp_path):
    for number, winner in enumerate(["lesion", "cyst", "nothing"]):
        model = loaded(tmp_path / winner)
        with torch.no_grad():
            model.module.head.bias.copy_(torch.tensor([0.0, 1.0, 0.0]))
            model.module.head.bias[number] += 50
        said = analyse_slice(model, SLICE)
        assert said.prediction.labels[int(said.prediction.probabilities.argmax())] == winner
        assert said.key.target == ("cyst" if winner == "nothing" else winner)
        assert np.array_equal(
            said.cams["block4"], analyse_slice(model, SLICE, target=said.key.target).cams["block4"]
        )


def test_the_background_can_be_explained_when_asked_for(tiny):
    assert analyse_slice(tiny, SLICE, target="nothing").key.target == "nothing"


def test_a_single_label_is_explained_even_if_it_is_the_only_one(tmp_path):
    model = loaded(tmp_path, labels=["score"], background="", activation="sigmoid")
    assert analyse_slice(model, SLICE).key.target == "score"


def test_a_label_the_model_does_not_know_is_refused_with_the_known_ones(tiny):
    with pytest.raises(ModelError, match="lesion, cyst, nothing"):
        analyse_slice(tiny, SLICE, target="fracture")


def test_analysing_twice_gives_the_same_bits(tiny):
    once, again = (analyse_slice(tiny, SLICE, target="cyst") for _ in range(2))
    assert all(np.array_equal(once.cams[name], again.cams[name]) for name in once.cams)


def test_switching_layers_never_calls_the_network_again(tiny, monkeypatch):
    result = analyse_slice(tiny, SLICE)
    monkeypatch.setattr(tiny.module, "forward", lambda *_: pytest.fail("the network was called"))
    for layer in result.layers:
        make_heatmap(result, layer.name)


@pytest.mark.parametrize("part", [0.0, 0.02, 0.3, 0.6, 0.9, 1.0])
def test_a_cancelled_analysis_leaves_the_network_as_it_was(tiny, part):
    steps = 0

    def count():
        nonlocal steps
        steps += 1

    expected = analyse_slice(tiny, SLICE, target="cyst", check=count).cams["block3"]
    left = max(1, round(part * steps))

    def check():
        nonlocal left
        left -= 1
        if left == 0:
            raise Cancelled

    with pytest.raises(Cancelled):
        analyse_slice(tiny, SLICE, target="cyst", check=check)
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in tiny.module.modules())
    assert np.array_equal(analyse_slice(tiny, SLICE, target="cyst").cams["block3"], expected)


def test_a_cancel_from_another_thread_stops_the_analysis(tiny):
    event = threading.Event()
    threading.Timer(0.05, event.set).start()

    def check():
        if event.is_set():
            raise Cancelled

    def analyse_for_ever():
        while True:
            analyse_slice(tiny, SLICE, check=check)

    with pytest.raises(Cancelled):
        analyse_for_ever()


def test_a_device_that_runs_full_is_left_for_the_cpu_with_a_notice(tmp_path, monkeypatch):
    model = loaded(tmp_path)
    expected = analyse_slice(model, SLICE).cams["block4"]
    honest = passes.capture

    def full_off_the_cpu(network, images, *arguments):
        if images.device.type != "cpu":
            raise torch.OutOfMemoryError("full")
        return honest(network, images, *arguments)

    monkeypatch.setattr(passes, "capture", full_off_the_cpu)
    model.device = "meta"
    result = analyse_slice(model, SLICE)
    assert result.device == "cpu" and "memory" in model.notice
    assert np.array_equal(result.cams["block4"], expected)


def test_an_input_too_small_for_the_network_is_refused_in_words(tmp_path):
    model = loaded(
        tmp_path, architecture={"family": "torchvision", "name": "inception_v3"}, input={"size": [16, 16]}
    )
    for ask in (offered_layers, lambda m: analyse_slice(m, SLICE)):
        with pytest.raises(ModelError, match="failed on this input") as caught:
            ask(model)
        assert "size" in caught.value.remedy and "\n" not in caught.value.what


def test_weights_that_overflow_are_said_and_not_drawn(tmp_path):
    model = loaded(tmp_path)
    with torch.no_grad():
        model.module.head.weight.fill_(float("nan"))
    with pytest.raises(ModelError, match="not a number"):
        analyse_slice(model, SLICE)


def test_no_evidence_at_all_is_a_result(tmp_path):
    model = loaded(tmp_path)
    with torch.no_grad():
        model.module.head.weight.zero_()
    result = analyse_slice(model, SLICE)
    assert all(make_heatmap(result, layer.name).empty for layer in result.layers)


FAMILIES = {
    "alexnet": 96,
    "convnext_tiny": 64,
    "densenet121": 64,
    "efficientnet_b0": 64,
    "efficientnet_v2_s": 64,
    "googlenet": 64,
    "inception_v3": 96,
    "maxvit_t": 224,
    "mnasnet0_5": 64,
    "mobilenet_v2": 64,
    "mobilenet_v3_small": 64,
    "regnet_x_400mf": 64,
    "resnet18": 64,
    "resnext50_32x4d": 64,
    "shufflenet_v2_x0_5": 64,
    "squeezenet1_1": 64,
    "swin_t": 64,
    "swin_v2_t": 64,
    "vgg11_bn": 64,
    "vit_b_32": 64,
}


@pytest.mark.parametrize(("name", "side"), FAMILIES.items())
def test_every_family_answers_and_is_explained_in_every_layer(tmp_path, name, side):
    model = loaded(
        tmp_path,
        architecture={"family": "torchvision", "name": name},
        input={"size": [side, side], "channels": 2, "mean": [0.2, 0.3], "std": [0.2, 0.3]},
        labels=["a", "b", "c", "d", "e"],
        background="",
    )
    result = analyse_slice(model, SLICE, target="d")
    assert result.input.shape == (2, side, side) and result.prediction.probabilities.shape == (5,)
    assert result.prediction.probabilities.sum() == pytest.approx(1, abs=1e-5)
    assert len(result.layers) >= 3
    grids = [layer.grid for layer in result.layers]
    assert grids == sorted(grids, reverse=True)
    for layer in result.layers:
        assert result.cams[layer.name].shape == layer.grid and result.cams[layer.name].any()
