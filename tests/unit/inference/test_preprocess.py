from dataclasses import replace

import numpy as np
import pytest

from tests.support.slice_factory import make_slice
from viewer.errors import ModelError
from viewer.inference.card import CardInput
from viewer.inference.preprocess import fit_mapping, normalise, prepare
from viewer.study import Geometry, Shutter, Window

torch = pytest.importorskip("torch")

PLAIN = CardInput(size=(96, 128), fit="stretch", normalisation="window", center=500, width=1000)


def resized_by_torch(unit, size):
    tensor = torch.from_numpy(unit.astype(np.float64))[None, None]
    result = torch.nn.functional.interpolate(
        tensor, size=size, mode="bilinear", antialias=True, align_corners=False
    )
    return result[0, 0].numpy()


@pytest.mark.parametrize("shape", [(512, 512), (100, 300), (96, 128), (33, 41), (97, 129), (3, 2000), (1, 1)])
def test_the_resize_equals_torchs_antialiased_bilinear(shape):
    unit = np.random.default_rng(0).random(shape).astype(np.float32)
    seen, _mapping = prepare(make_slice(unit * 1000), PLAIN)
    assert seen.shape == (1, 96, 128) and seen.dtype == np.float32 and seen.flags.c_contiguous
    np.testing.assert_allclose(seen[0], resized_by_torch(unit, (96, 128)), atol=2e-6)


@pytest.mark.parametrize(
    ("shape", "content"), [((100, 50), (96, 48)), ((50, 100), (64, 128)), ((75, 100), (96, 128))]
)
def test_letterboxing_shows_the_whole_slice_centred_on_black(shape, content):
    unit = np.random.default_rng(1).random(shape).astype(np.float32)
    seen, _ = prepare(make_slice(unit * 1000), replace(PLAIN, fit="letterbox"))
    top, left = (96 - content[0]) // 2, (128 - content[1]) // 2
    inner = (slice(top, top + content[0]), slice(left, left + content[1]))
    np.testing.assert_allclose(seen[0][inner], resized_by_torch(unit, content), atol=2e-6)
    border = np.ones((96, 128), bool)
    border[inner] = False
    assert not seen[0][border].any()


@pytest.mark.parametrize(
    ("shape", "content"), [((100, 50), (256, 128)), ((50, 100), (96, 192)), ((240, 128), (240, 128))]
)
def test_cropping_keeps_the_centre_and_fills_the_input(shape, content):
    unit = np.random.default_rng(2).random(shape).astype(np.float32)
    seen, _ = prepare(make_slice(unit * 1000), replace(PLAIN, fit="crop"))
    top, left = (content[0] - 96) // 2, (content[1] - 128) // 2
    whole = resized_by_torch(unit, content)
    np.testing.assert_allclose(seen[0], whole[top : top + 96, left : left + 128], atol=2e-6)


def test_anisotropic_pixels_become_square_in_the_one_resize():
    # 60 rows of 2 mm by 100 columns of 1 mm: 120 x 100 mm, so 96 x 80 input pixels.
    unit = np.random.default_rng(3).random((60, 100)).astype(np.float32)
    slice_ = make_slice(unit * 1000, geometry=Geometry(spacing=(2.0, 1.0)))
    seen, mapping = prepare(slice_, replace(PLAIN, fit="letterbox"))
    np.testing.assert_allclose(seen[0, :, 24:104], resized_by_torch(unit, (96, 80)), atol=2e-6)
    assert mapping.rows.scale / 2 == pytest.approx(mapping.cols.scale)


@pytest.mark.parametrize("fit", ["letterbox", "crop", "stretch"])
def test_a_flip_mirrors_the_columns_exactly(fit):
    slice_ = make_slice(np.random.default_rng(4).random((70, 91)).astype(np.float32) * 1000)
    plain, _ = prepare(slice_, replace(PLAIN, fit=fit))
    flipped, _ = prepare(slice_, replace(PLAIN, fit=fit, flip=True))
    np.testing.assert_allclose(flipped[0], plain[0, :, ::-1], atol=2e-6)


@pytest.mark.parametrize("value", [-1e4, 0.0, 1e4])
def test_the_window_clips_linearly_between_its_edges(value):
    unit = normalise(make_slice(np.array([[value, 250, 500, 750, 1000]])), PLAIN)
    assert unit[0, 1:] == pytest.approx([0.25, 0.5, 0.75, 1.0])
    assert unit[0, 0] == (1 if value > 1000 else 0)


def test_percentiles_are_taken_over_the_slice_without_padding():
    values = np.arange(1000, dtype=np.int16).reshape(20, 50)
    card = replace(PLAIN, normalisation="percentile", low=10, high=90)
    low, high = np.percentile(values, (10, 90))
    expected = np.clip((values - low) / (high - low), 0, 1)
    np.testing.assert_allclose(normalise(make_slice(values), card), expected, atol=1e-6)
    padded = np.concatenate([values, np.full((300, 50), -2000, np.int16)])
    unit = normalise(make_slice(padded, padding=(-2000.0, -2000.0)), card)
    np.testing.assert_allclose(unit[:20], expected, atol=1e-6)
    assert not unit[20:].any()


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint16, np.int32, np.float32])
@pytest.mark.parametrize("percents", [(0, 100), (1, 99), (0.5, 99.5), (2.5, 61.3)])
def test_percentiles_are_numpys_for_every_type(dtype, percents):
    rng = np.random.default_rng(11)
    low, high = (0, 256) if dtype == np.uint8 else (-3000, 30000) if dtype != np.uint16 else (0, 65536)
    values = rng.integers(low, high, (83, 97)).astype(dtype)
    values[:40] = values[0, 0]
    if dtype == np.int32:
        values[0, 0] = 2**30
    card = replace(PLAIN, normalisation="percentile", low=percents[0], high=percents[1])
    bottom, top = np.percentile(values.astype(np.float64), percents)
    expected = np.clip((values - bottom) / (top - bottom), 0, 1)
    np.testing.assert_allclose(normalise(make_slice(values), card), expected, atol=2e-6)


@pytest.mark.parametrize("normalisation", ["percentile", "window"])
def test_monochrome1_is_seen_like_the_same_picture_in_monochrome2(normalisation):
    values = np.random.default_rng(5).integers(0, 1000, (80, 60)).astype(np.int16)
    card = replace(PLAIN, normalisation=normalisation, low=2, high=95)
    plain, _ = prepare(make_slice(values), card)
    negative, _ = prepare(make_slice((1000 - values).astype(np.int16), inverted=True), card)
    np.testing.assert_allclose(negative, plain, atol=1e-5)


def test_the_displays_window_never_reaches_the_network():
    values = np.random.default_rng(6).integers(0, 1000, (40, 40)).astype(np.int16)
    plain, _ = prepare(make_slice(values), PLAIN)
    windowed, _ = prepare(make_slice(values, windows=(Window(10, 20),)), PLAIN)
    assert np.array_equal(plain, windowed)


@pytest.mark.parametrize("values", [np.zeros((9, 9), np.int16), np.full((9, 9), np.nan, np.float32)])
def test_a_slice_without_contrast_is_black_and_not_an_error(values):
    seen, _ = prepare(make_slice(values), replace(PLAIN, normalisation="percentile"))
    assert not seen.any()


def test_values_that_are_no_numbers_are_black():
    values = np.full((8, 8), 500.0, np.float32)
    values[0, 0], values[1, 1] = np.nan, np.inf
    unit = normalise(make_slice(values), PLAIN)
    assert unit[0, 0] == unit[1, 1] == 0 and unit[2, 2] == 0.5


def test_grey_slices_are_repeated_over_the_channels_and_scaled_for_each():
    card = replace(PLAIN, channels=3, mean=(0.0, 0.5, 0.1), std=(1.0, 0.5, 2.0))
    values = np.random.default_rng(7).integers(0, 1000, (64, 64)).astype(np.int16)
    grey, _ = prepare(make_slice(values), PLAIN)
    seen, _ = prepare(make_slice(values), card)
    for channel, (mean, std) in enumerate(zip(card.mean, card.std, strict=True)):
        np.testing.assert_allclose(seen[channel], (grey[0] - mean) / std, atol=1e-6)


def test_colour_keeps_its_channels_or_becomes_luma():
    rgb = np.random.default_rng(8).integers(0, 256, (50, 60, 3)).astype(np.uint8)
    card = replace(PLAIN, channels=3, mean=(0.0,) * 3, std=(1.0,) * 3, center=127.5, width=255)
    seen, _ = prepare(make_slice(rgb), card)
    for channel in range(3):
        expected = resized_by_torch(rgb[..., channel] / 255, (96, 128))
        np.testing.assert_allclose(seen[channel], expected, atol=2e-6)
    grey, _ = prepare(make_slice(rgb), replace(PLAIN, center=127.5, width=255))
    np.testing.assert_allclose(grey[0], np.tensordot([0.299, 0.587, 0.114], seen, 1), atol=1e-5)


def test_a_slice_without_pixels_is_refused():
    with pytest.raises(ModelError, match="no pixels"):
        prepare(make_slice(np.zeros((0, 5), np.int16)), PLAIN)


def test_preparing_twice_gives_the_same_bits():
    slice_ = make_slice(np.random.default_rng(9).integers(0, 1000, (301, 207)).astype(np.int16))
    assert np.array_equal(prepare(slice_, PLAIN)[0], prepare(slice_, PLAIN)[0])


@pytest.mark.parametrize("fit", ["letterbox", "crop", "stretch"])
@pytest.mark.parametrize("flip", [False, True])
def test_the_mapping_says_where_the_resize_put_the_slice(fit, flip):
    """A ramp's value tells each input pixel's place; the discrete filter adds under 0.15 pixel to it."""
    card = replace(PLAIN, fit=fit, flip=flip, center=100, width=200)
    ramp = np.tile(np.arange(200) + 0.5, (160, 1)).astype(np.float32)
    seen, mapping = prepare(make_slice(ramp), card)
    middle = seen[0, 48] * 200
    places = (np.arange(40, 90) + 0.5 - mapping.cols.offset) / mapping.cols.scale
    error = middle[40:90] - places
    assert abs(error).max() < 0.15 and abs(error.mean()) < 0.01
    assert fit_mapping(160, 200, 1.0, card) == mapping


@pytest.mark.parametrize("normalisation", ["window", "percentile"])
def test_the_network_sees_what_a_display_shutter_covers(normalisation):
    """A shutter is for the reader's eyes: the card alone says what the network is given."""
    values = np.arange(900, dtype=np.int16).reshape(30, 30)
    hidden = np.zeros((30, 30), bool)
    hidden[:10] = True
    card = replace(PLAIN, normalisation=normalisation, low=2, high=95)
    assert np.array_equal(
        normalise(make_slice(values, shutter=Shutter(hidden)), card), normalise(make_slice(values), card)
    )
