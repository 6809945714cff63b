"""Networks whose map is known in closed form, polarity included, and maps that are none, said in words."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn
from torchvision import models

from tests.support.bundle_factory import make_bundle
from tests.support.slice_factory import make_slice
from viewer.errors import ModelError
from viewer.explain.analyse import analyse_slice
from viewer.explain.heatmap import make_heatmap
from viewer.explain.methods import FAMILY, of_kind
from viewer.inference.bundle import load_bundle
from viewer.inference.card import CardLayers, OfferedLayer
from viewer.inference.loading import load_model

SIDE = 16


class Blobs(nn.Module):
    """Says "bright" by how much and how far the picture exceeds 1, "dark" by how far it falls below -1."""

    def __init__(self, channels=1):
        super().__init__()
        self.part = nn.Conv2d(channels, 2, 1)
        with torch.no_grad():
            self.part.weight[:] = torch.tensor([1.0, -1.0]).reshape(2, 1, 1, 1) / channels
            self.part.bias[:] = -1.0
        self.active = nn.ReLU(inplace=True)
        self.head = nn.Linear(2, 2, bias=False)
        with torch.no_grad():
            self.head.weight[:] = torch.tensor([[1.0, -0.5], [-0.5, 1.0]])

    def forward(self, images):
        return self.head(self.active(self.part(images)).mean((2, 3)))


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    plain = {
        "size": [SIDE, SIDE],
        "normalisation": "window",
        "center": 0.0,
        "width": 2000.0,
        "fit": "stretch",
    }
    return load_model(
        load_bundle(
            make_bundle(
                tmp_path_factory.mktemp("tiny"),
                input=plain | {"mean": [0.5], "std": [0.1]},
                labels=["bright", "dark"],
                background="",
            )
        ),
        "cpu",
    )


def with_network(tiny, network, *layers, channels=1):
    network.eval().requires_grad_(False)
    offered = tuple(OfferedLayer(layer) for layer in layers)
    shape = tiny.card.input
    spread = replace(shape, channels=channels, mean=shape.mean * channels, std=shape.std * channels)
    card = replace(tiny.card, layers=CardLayers(layers[-1], offered), input=spread)
    return replace(tiny, module=network, bundle=replace(tiny.bundle, card=card))


def picture(bright=(), dark=()):
    pixels = np.zeros((SIDE, SIDE), np.int16)
    for (row, col), sign in [*((place, 1) for place in bright), *((place, -1) for place in dark)]:
        pixels[row : row + 3, col : col + 3] = 800 * sign
    return make_slice(pixels)


@pytest.mark.parametrize("channels", [1, 2, 3])
@pytest.mark.parametrize("method", ["grad-cam", "hires-cam", "xgrad-cam"])
def test_bright_and_dark_blobs_speak_for_one_label_and_against_the_other(tiny, method, channels):
    model = with_network(tiny, Blobs(channels), "active", channels=channels)
    slice = picture(bright=[(2, 3)], dark=[(10, 9)])
    for label, speaks_for, speaks_against in (
        ("bright", (2, 3), (10, 9)),
        ("dark", (10, 9), (2, 3)),
    ):
        result = analyse_slice(model, slice, target=label, method=method)
        expected = np.zeros((SIDE, SIDE))
        # 800 in a window of 2000 is 0.4 above the middle, 4 deviations of 0.1, of which 1 is no evidence.
        for (row, col), share in ((speaks_for, 1.0), (speaks_against, -0.5)):
            expected[row : row + 3, col : col + 3] = share * 3.0 / SIDE**2
        np.testing.assert_allclose(result.cams["active"], expected, atol=1e-6)
        assert result.cams["active"].sum() == pytest.approx(
            result.prediction.logits[model.card.labels.index(label)], abs=1e-6
        )


def test_layer_cam_shows_only_what_speaks_for_the_label(tiny):
    model = with_network(tiny, Blobs(), "active")
    slice = picture(bright=[(2, 3)], dark=[(10, 9)])
    found = analyse_slice(model, slice, target="bright", method="layer-cam").cams["active"]
    assert found[2:5, 3:6] == pytest.approx(3 / SIDE**2) and np.count_nonzero(found) == 9


def test_the_contrast_of_the_two_labels_has_both_blobs_in_opposite_colours(tiny):
    model = with_network(tiny, Blobs(), "active")
    slice = picture(bright=[(2, 3)], dark=[(10, 9)])
    found = analyse_slice(model, slice, target="bright", against="dark").cams["active"]
    assert found[2:5, 3:6] == pytest.approx(1.5 * 3 / SIDE**2)
    assert found[10:13, 9:12] == pytest.approx(-1.5 * 3 / SIDE**2)


def test_the_energy_of_a_layer_shows_both_blobs_alike_and_of_no_label(tiny):
    model = with_network(tiny, Blobs(), "active")
    slice = picture(bright=[(2, 3)], dark=[(10, 9)])
    one, other = (
        analyse_slice(model, slice, target=t, method="energy").cams["active"] for t in ("bright", "dark")
    )
    assert np.array_equal(one, other) and one[2:5, 3:6] == pytest.approx(3) == one[10:13, 9:12]


@pytest.mark.parametrize("method", of_kind(FAMILY), ids=lambda method: method.id)
def test_a_slice_without_anything_is_an_all_zero_map_and_a_state_of_its_own(tiny, method):
    model = with_network(tiny, Blobs(), "active")
    result = analyse_slice(model, picture(), target="bright", method=method.id)
    assert not result.cams["active"].any() and make_heatmap(result, "active").empty


class Overflow(Blobs):
    """Somewhere in the middle a number that is none; the answer is finite all the same."""

    def __init__(self, number):
        super().__init__()
        self.middle, self.number = nn.Identity(), number

    def forward(self, images):
        grid = self.active(self.part(images))
        bad = grid.clone()
        bad[0, 0, 1, 1] = self.number
        seen = self.middle(bad)
        return self.head(torch.where(seen.isfinite(), seen, 0).mean((2, 3)))


@pytest.mark.parametrize("method", of_kind(FAMILY), ids=lambda method: method.id)
@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")], ids=str)
def test_activations_that_are_no_numbers_are_said_and_never_drawn(tiny, method, number):
    model = with_network(tiny, Overflow(number), "middle")
    slice = picture(bright=[(2, 3)])
    with pytest.raises(ModelError, match="is not a number") as caught:
        analyse_slice(model, slice, target="bright", method=method.id)
    assert caught.value.remedy


def vision_transformer(head=True):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        network = models.VisionTransformer(SIDE, 4, 2, 2, 8, 16, num_classes=2)
        network.conv_proj = nn.Conv2d(1, 8, 4, 4)
        if head:
            nn.init.normal_(network.heads.head.weight)
    return network


BEHIND = ["encoder.layers.encoder_layer_1", "encoder.layers.encoder_layer_1.mlp", "encoder.ln"]


@pytest.mark.parametrize("layer", BEHIND)
@pytest.mark.parametrize("method", ["grad-cam", "layer-cam", "energy"])
def test_a_layer_behind_which_only_the_class_token_counts_is_refused_in_words(tiny, layer, method):
    model = with_network(tiny, vision_transformer(), layer)
    with pytest.raises(ModelError, match="only the class token counts") as caught:
        analyse_slice(model, picture(bright=[(2, 3)]), target="bright", method=method)
    assert "earlier layer" in caught.value.remedy


def test_the_tokens_that_the_last_block_attends_to_carry_a_map(tiny):
    model = with_network(tiny, vision_transformer(), "encoder.layers.encoder_layer_1.ln_1")
    result = analyse_slice(model, picture(bright=[(2, 3)]), target="bright")
    found = result.cams["encoder.layers.encoder_layer_1.ln_1"]
    assert found.shape == (4, 4) and np.count_nonzero(found) == 16


def test_a_transformer_that_says_the_same_of_everything_has_an_empty_map_and_is_not_refused(tiny):
    model = with_network(tiny, vision_transformer(head=False), BEHIND[0])
    result = analyse_slice(model, picture(bright=[(2, 3)]), target="bright")
    assert make_heatmap(result, BEHIND[0]).empty


class Thick(nn.Module):
    def __init__(self):
        super().__init__()
        self.solid = nn.Conv3d(1, 2, 1)

    def forward(self, images):
        return self.solid(images[:, None]).mean((2, 3, 4))


def test_a_grid_of_a_volume_is_not_laid_on_a_slice(tiny):
    with pytest.raises(ModelError, match="3 dimensions"):
        analyse_slice(with_network(tiny, Thick(), "solid"), picture())
