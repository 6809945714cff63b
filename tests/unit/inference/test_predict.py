import numpy as np
import pytest
import torch

from tests.support.bundle_factory import make_bundle
from viewer.errors import ModelError
from viewer.inference.bundle import load_bundle
from viewer.inference.loading import load_model
from viewer.inference.predict import predict, prediction_of

IMAGE = np.random.default_rng(0).standard_normal((1, 64, 64)).astype(np.float32)


def loaded(tmp_path, **changes):
    return load_model(load_bundle(make_bundle(tmp_path, **changes)), "cpu")


def test_softmax_probabilities_sum_to_one(tmp_path):
    said = predict(loaded(tmp_path), IMAGE)
    assert said.labels == ("lesion", "cyst", "nothing")
    assert said.logits.dtype == said.probabilities.dtype == np.float32
    expected = np.exp(said.logits) / np.exp(said.logits).sum()
    np.testing.assert_allclose(said.probabilities, expected, rtol=1e-5)


def test_sigmoid_probabilities_stand_for_themselves(tmp_path):
    said = predict(loaded(tmp_path, activation="sigmoid"), IMAGE)
    np.testing.assert_allclose(said.probabilities, 1 / (1 + np.exp(-said.logits)), rtol=1e-5)


def test_predicting_leaves_no_graph_and_no_gradient(tmp_path):
    model = loaded(tmp_path)
    predict(model, IMAGE)
    assert all(parameter.grad is None for parameter in model.module.parameters())


@pytest.mark.parametrize("logits", [torch.zeros(1, 5), torch.zeros(2, 3), (torch.zeros(1, 3),)])
def test_an_answer_of_the_wrong_shape_is_refused(tmp_path, logits):
    with pytest.raises(ModelError, match="3 numbers"):
        prediction_of(loaded(tmp_path).card, logits)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_an_answer_that_is_no_number_is_refused(tmp_path, value):
    with pytest.raises(ModelError, match="not a number"):
        prediction_of(loaded(tmp_path).card, torch.tensor([[0.0, value, 1.0]]))


def test_a_device_that_runs_full_is_left_for_the_cpu(tmp_path):
    model = loaded(tmp_path)
    expected = predict(model, IMAGE).logits
    network = model.module

    class FullOffTheCpu(torch.nn.Module):
        def forward(self, images):
            if images.device.type != "cpu":
                raise torch.OutOfMemoryError("full")
            return network(images)

    model.module, model.device = FullOffTheCpu(), "meta"
    assert np.allclose(predict(model, IMAGE).logits, expected)
    assert model.device == "cpu" and "memory" in model.notice
