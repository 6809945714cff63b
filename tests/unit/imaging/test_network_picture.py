"""The network's input as a picture: undone to the last grey level, with the map on its own grid."""

import numpy as np

from tests.support.slice_factory import make_slice
from viewer.imaging.colormap import COLORMAPS
from viewer.imaging.network_picture import input_picture, network_picture, on_input
from viewer.inference.card import CardInput
from viewer.inference.preprocess import prepare
from viewer.session.state import Overlay

SHOWN = Overlay(opacity=1.0, threshold=0.0)


def test_the_picture_is_the_slice_as_the_card_windows_it():
    asked = CardInput(
        size=(32, 32), channels=3, normalisation="window", center=50.0, width=100.0,
        mean=(0.4, 0.5, 0.6), std=(0.2, 0.3, 0.4),
    )  # fmt: skip
    values = np.random.default_rng(0).integers(-50, 150, (32, 32)).astype(np.int16)
    image, _ = prepare(make_slice(values), asked)
    expected = np.rint(np.clip(values / 100, 0, 1) * 255).astype(int)
    assert np.abs(input_picture(image, asked.mean, asked.std).astype(int) - expected).max() <= 1


def test_channels_that_differ_are_shown_in_colour():
    image = np.random.default_rng(1).random((3, 8, 8)).astype(np.float32)
    assert input_picture(image, (0.0,) * 3, (1.0,) * 3).shape == (8, 8, 3)
    assert input_picture(image[:2], (0.0,) * 2, (1.0,) * 2).shape == (8, 8)


def test_crisp_cells_keep_the_networks_own_values_to_their_edges():
    cam = np.arange(12, dtype=np.float32).reshape(3, 4)
    assert np.array_equal(on_input(cam, (12, 8), cells=True), cam.repeat(4, axis=0).repeat(2, axis=1))
    smooth = on_input(cam, (12, 12), cells=False)
    assert smooth[1, 1] <= smooth[4, 4] and len(np.unique(smooth)) > 12
    seven = on_input(np.arange(7, dtype=np.float32)[None], (1, 32), cells=True)[0]
    assert (np.diff(seven) >= 0).all() and np.bincount(seven.astype(int)).min() >= 4


def test_the_map_is_drawn_in_its_colours_and_hidden_with_the_overlay():
    grey = np.full((4, 4), 100, np.uint8)
    heat = np.zeros((4, 4), np.float32)
    heat[1, 2] = 3.0
    drawn = network_picture(grey, heat, SHOWN, (0.0, 3.0))
    red, green, blue = (int(part) for part in COLORMAPS["inferno"][255])
    assert drawn[1, 2] & 0xFFFFFF == red << 16 | green << 8 | blue
    assert drawn[0, 0] & 0xFFFFFF == 0x646464
    hidden = network_picture(grey, heat, Overlay(visible=False), (0.0, 3.0))
    assert (hidden & 0xFFFFFF == 0x646464).all()
    color = network_picture(np.stack([grey] * 3, axis=2), heat, SHOWN, (0.0, 3.0))
    assert color[1, 2] == drawn[1, 2] and color[0, 0] & 0xFFFFFF == 0x646464
