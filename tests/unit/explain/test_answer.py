"""What holds for every method of the table: the same kind of result, nothing left behind, stoppable."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torchvision.models import VisionTransformer

from tests.support.asking import untouched
from tests.support.bundle_factory import make_bundle
from tests.support.slice_factory import make_slice
from viewer.errors import Cancelled, ModelError
from viewer.explain.analyse import offered_layers
from viewer.explain.answer import explain_slice
from viewer.explain.heatmap import make_heatmap
from viewer.explain.methods import ATTENTION, LAYER, METHODS, Method
from viewer.explain.twin import twin_of
from viewer.inference.bundle import load_bundle
from viewer.inference.loading import load_model

SLICE = make_slice(np.random.default_rng(3).integers(-1000, 1000, (60, 50)).astype(np.int16))
ROWS = [pytest.param(method, id=method.id) for method in METHODS.values()]
COSTLY = [pytest.param(method, id=method.id) for method in METHODS.values() if method.on_demand]
COLOUR = {"channels": 3, "mean": [0.5] * 3, "std": [0.25] * 3}


@pytest.fixture(scope="module")
def convolutional(tmp_path_factory):
    return load_model(load_bundle(make_bundle(tmp_path_factory.mktemp("tiny"))), "cpu")


@pytest.fixture(scope="module")
def transformer(tmp_path_factory):
    folder = make_bundle(tmp_path_factory.mktemp("vit"), input=COLOUR, layers={"default": None})
    torch.manual_seed(0)
    module = VisionTransformer(64, 16, 2, 2, 16, 16, num_classes=3).eval().requires_grad_(False)
    torch.nn.init.normal_(module.heads.head.weight)  # torchvision begins with zeros: nothing to explain
    return replace(load_model(load_bundle(folder), "cpu"), module=module)


@pytest.fixture
def network(convolutional, transformer):
    """The network a method is made for."""
    return lambda method: transformer if method.kind == ATTENTION else convolutional


def ask(loaded, method: Method, **more):
    layer = offered_layers(loaded)[-1] if method.kind == LAYER else None
    return explain_slice(loaded, SLICE, method=method.id, target="cyst", layer=layer, **more)


@pytest.fixture(scope="module")
def answers(convolutional, transformer):
    """Method id -> (result, checks made, progress told); each asked once, and proven to leave nothing."""
    known = {}

    def answer(method):
        if method.id not in known:
            loaded = transformer if method.kind == ATTENTION else convolutional
            checks, told = [], []
            torch.manual_seed(1)
            with untouched(loaded.module):
                result = ask(
                    loaded,
                    method,
                    check=lambda: checks.append(1),
                    progress=lambda done, total: told.append((done, total)),
                )
            known[method.id] = result, len(checks), told
        return known[method.id]

    return answer


@pytest.mark.parametrize("method", ROWS)
def test_every_method_gives_the_same_kind_of_result(network, answers, method):
    loaded, (result, _, _) = network(method), answers(method)
    assert (result.key.slice, result.key.model_digest) == (SLICE.header.key, loaded.bundle.digest)
    assert (result.key.target, result.key.method) == ("cyst", method.id)
    assert set(result.cams) == {layer.name for layer in result.layers}
    for layer in result.layers:
        cam, heatmap = result.cams[layer.name], make_heatmap(result, layer.name)
        assert cam.dtype == np.float32 and cam.shape == layer.grid and np.isfinite(cam).all()
        assert cam.any() and (method.signed or cam.min() >= 0)
        assert heatmap.values.shape == (60, 50) and heatmap.unit == (method.unit or "a.u.")


@pytest.mark.parametrize("method", ROWS)
def test_a_twin_in_a_caller_with_inference_mode_and_other_chances_gives_the_same_map(
    network, answers, method
):
    torch.manual_seed(2)
    np.random.seed(2)
    with torch.inference_mode():
        again = ask(twin_of(network(method)), method)
    for name, cam in answers(method)[0].cams.items():
        assert np.allclose(cam, again.cams[name], rtol=1e-4, atol=1e-6 * np.abs(cam).max())


@pytest.mark.parametrize("method", ROWS)
@pytest.mark.parametrize("part", [0.3, 0.9])
def test_nothing_is_left_behind_where_it_is_stopped(network, answers, method, part):
    loaded, calls, last = network(method), [], int(part * answers(method)[1])

    def check():
        calls.append(1)
        if len(calls) >= max(last, 1):
            raise Cancelled

    with untouched(loaded.module), pytest.raises(Cancelled):
        ask(loaded, method, check=check)


@pytest.mark.parametrize("method", COSTLY)
def test_progress_only_goes_on_and_ends_at_its_total(answers, method):
    told = answers(method)[2]
    done, totals = [one for one, _ in told], {total for _, total in told}
    assert done == sorted(done) and len(totals) == 1 and done[-1] == totals.pop() > 0


@pytest.mark.parametrize("method", COSTLY)
def test_a_label_that_is_not_there_is_refused_in_words(network, method):
    loaded = network(method)
    layer = offered_layers(loaded)[-1] if method.kind == LAYER else None
    with pytest.raises(ModelError, match="no label 'fracture'"):
        explain_slice(loaded, SLICE, method=method.id, target="fracture", layer=layer)


@pytest.mark.parametrize("method", ROWS)
def test_a_contrast_is_a_question_of_its_own(network, method):
    loaded = network(method)
    layer = offered_layers(loaded)[-1] if method.kind == LAYER else None
    result = explain_slice(loaded, SLICE, method=method.id, target="cyst", against="lesion", layer=layer)
    assert (result.key.target, result.key.against) == ("cyst", "lesion")
