"""What every input-level method promises, whatever it computes."""

import sys

import numpy as np
import pytest
import torch
from torch import nn

from tests.support.asking import untouched
from tests.support.input_questions import answer, ask, convolutional, picture
from viewer.errors import Cancelled, ModelError
from viewer.explain.methods import INPUT, METHODS, of_kind

ROWS = of_kind(INPUT)
EXTRA = {row.id: row.needs[-1] if "scipy" in row.needs else "captum" for row in ROWS if row.needs}


def needs(method):
    for package in METHODS[method].needs:
        pytest.importorskip(package)


def training():
    """As a caller may hand it over: in training, with weights that want gradients."""
    return convolutional().train().requires_grad_(True)


def run(method, asked, progress=lambda _done, _total: None, check=lambda: None):
    needs(method)
    return METHODS[method].run(asked, progress, check)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_nothing_is_left_behind_and_progress_runs_evenly_to_the_passes_of_the_table(row):
    network, image, told = training(), picture(2, 48), []
    before = image.clone()
    with untouched(network):
        found = run(row.id, ask(network, image), progress=lambda done, total: told.append((done, total)))
    assert found.cam.shape == (48, 48) and found.cam.dtype == np.float32 and np.isfinite(found.cam).all()
    assert torch.equal(image, before)
    totals = {total for _done, total in told}
    done = [done for done, _total in told]
    assert len(totals) == 1 and done == sorted(done) and done[0] == 0 and done[-1] == totals.pop()
    if row.id != "occlusion":  # whose number of squares goes with the input's size
        assert done[-1] == row.passes


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_cancelling_on_the_way_stops_at_once_and_leaves_nothing_behind(row):
    network, image = training(), picture()
    for calls in (1, 3, 9):
        left = [calls]

        def check(left=left):
            left[0] -= 1
            if left[0] == 0:
                raise Cancelled
            assert left[0] > 0, "asked on after it was cancelled"

        with untouched(network), pytest.raises(Cancelled):
            run(row.id, ask(network, image), check=check)


class Breaking(nn.Module):
    """Fails on its third picture."""

    def __init__(self):
        super().__init__()
        self.inner, self.calls = convolutional(), 0

    def forward(self, x):
        self.calls += len(x)
        if self.calls >= 3:
            raise ValueError("broken")
        return self.inner(x)


@pytest.mark.parametrize("row", [row for row in ROWS if row.passes > 1], ids=lambda row: row.id)
def test_a_network_that_fails_leaves_nothing_behind(row):
    network = Breaking()
    with untouched(network), pytest.raises(ValueError, match="broken"):
        run(row.id, ask(network, picture()))


@pytest.mark.parametrize("method", ["smoothgrad", "smooth-integrated-gradients", "kernel-shap", "lime"])
def test_the_seed_alone_decides_what_is_drawn(method):
    needs(method)
    network, image = convolutional(), picture()
    first = answer(method, ask(network, image, seed=1)).cam
    torch.rand(3)
    np.testing.assert_array_equal(answer(method, ask(network, image, seed=1)).cam, first)
    assert (answer(method, ask(network, image, seed=2)).cam != first).any()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_a_caller_in_inference_mode_gets_the_same_map(row):
    needs(row.id)
    network, image = convolutional().float(), picture()
    expected = answer(row.id, ask(network, image)).cam
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        found = answer(row.id, ask(network, image.clone())).cam
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("method", ["gradient", "integrated-gradients"])
def test_a_network_in_half_precision_is_asked_in_half_precision(method):
    network, image = convolutional().to(torch.bfloat16), picture()
    cam = answer(method, ask(network, image)).cam
    expected = answer(method, ask(convolutional(), image)).cam
    assert np.corrcoef(cam.ravel(), expected.ravel())[0, 1] > 0.95


def test_pictures_go_through_in_portions_however_many_are_asked():
    sizes = []
    network = convolutional()
    network.register_forward_pre_hook(lambda _module, inputs: sizes.append(len(inputs[0])))
    answer("smoothgrad", ask(network, picture(2, 128)))
    assert max(sizes) * 128 * 128 <= 1 << 16 and sum(sizes) == 25


def test_a_full_card_is_asked_for_fewer_pictures_at_a_time():
    network, sizes = convolutional(), []

    def small(_module, inputs):
        sizes.append(len(inputs[0]))
        if len(inputs[0]) > 4:
            raise torch.OutOfMemoryError("full")

    expected = answer("smoothgrad", ask(network, picture())).cam
    network.register_forward_pre_hook(small)
    cam = answer("smoothgrad", ask(network, picture())).cam
    np.testing.assert_allclose(cam, expected, rtol=1e-4, atol=1e-7)
    assert max(sizes) == 25 and sum(size for size in sizes if size <= 4) == 25


@pytest.mark.parametrize("method", EXTRA)
def test_a_missing_package_is_said_in_words_before_any_pass(method, monkeypatch):
    network = convolutional()
    network.register_forward_pre_hook(lambda *_: pytest.fail("asked all the same"))
    for name in [name for name in sys.modules if name.partition(".")[0] == EXTRA[method]]:
        monkeypatch.setitem(sys.modules, name, None)
    for name in (EXTRA[method], f"{EXTRA[method]}.attr", f"{EXTRA[method]}.segmentation"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ModelError, match=r"not installed.*pip install \"glassbox-viewer\[methods\]\""):
        answer(method, ask(network, picture()))
