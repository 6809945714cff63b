from dataclasses import dataclass

import numpy as np
import pytest

from viewer.imaging import compose as composing
from viewer.imaging.colormap import COLORMAPS
from viewer.imaging.compose import (
    Composer,
    blend_table,
    compose,
    compose_color,
    heat_index,
    render,
)
from viewer.imaging.section import whole
from viewer.results import Heatmap, Layer, ResultKey
from viewer.study import Geometry, Slice, SliceHeader, Source, Window

WINDOW = Window(128, 256)


@dataclass(frozen=True)
class Look:
    visible: bool = True
    opacity: float = 0.5
    threshold: float = 0.15
    colormap: str = "inferno"


def slice_of(values: np.ndarray, **changes) -> Slice:
    header = SliceHeader(
        source=Source(path=None),  # type: ignore[arg-type]
        sop_instance_uid="1.2",
        frame=0,
        rows=values.shape[0],
        cols=values.shape[1],
        photometric="MONOCHROME2",
        samples_per_pixel=1,
        instance_number=1,
        geometry=Geometry(),
        unit="HU",
    )
    return Slice(header=header, values=values, **changes)


def heatmap_of(values: np.ndarray, empty: bool = False) -> Heatmap:
    key = ResultKey(("1.2", 0), "d", "mass")
    return Heatmap(key, Layer("l", "l", (2, 2), 1), values.astype(np.float32), (0.0, 1.0), empty)


def channels(pixels: np.ndarray) -> np.ndarray:
    return np.stack([pixels >> 16 & 255, pixels >> 8 & 255, pixels & 255], axis=-1).astype(int)


@pytest.fixture
def grey() -> np.ndarray:
    return np.arange(256, dtype=np.uint8).reshape(16, 16)


def test_evidence_is_placed_on_the_scale_and_clipped_beyond_it():
    values = np.array([[-1.0, 0.0, 1.0, 2.0, 3.0]], np.float32)
    assert heat_index(values, (0.0, 2.0)).tolist() == [[0, 0, 128, 255, 255]]
    assert heat_index(values, (1.0, 1.0)).tolist() == [[0, 0, 0, 0, 0]]


def test_the_placing_leaves_the_heatmap_as_it_was():
    values = np.full((2, 2), 0.7, np.float32)
    heat_index(values, (0.0, 1.0))
    assert (values == np.float32(0.7)).all()


@pytest.mark.parametrize("colormap", COLORMAPS)
@pytest.mark.parametrize("opacity", [0.0, 0.25, 0.5, 0.8, 1.0])
def test_the_table_blends_every_pixel_as_arithmetic_does(colormap, opacity):
    table = channels(blend_table(colormap, opacity, 0.0)).reshape(256, 256, 3)
    grey = np.arange(256)[:, None, None]
    expected = grey * (1 - opacity) + COLORMAPS[colormap][None] * opacity
    blended = composing.drawn(colormap, 0.0)
    assert np.abs(table - expected)[:, blended].max() <= 1.6
    assert (table[:, ~blended] == grey).all()


def test_opacity_one_is_the_colour_and_opacity_zero_the_slice(grey):
    heat = np.full_like(grey, 200)
    full = channels(compose(grey, heat, blend_table("viridis", 1.0, 0.1)))
    none = channels(compose(grey, heat, blend_table("viridis", 0.0, 0.1)))
    assert (full == COLORMAPS["viridis"][200]).all()
    assert (none == grey[..., None]).all()


def test_below_the_threshold_the_slice_is_untouched(grey):
    heat = np.tile(np.arange(16, dtype=np.uint8) * 16, (16, 1))
    picture = channels(compose(grey, heat, blend_table("inferno", 0.5, 0.5)))
    untouched = (picture == grey[..., None]).all(axis=-1)
    assert untouched[:, :8].all()
    assert not untouched[:, 8:].all()


def test_no_evidence_is_never_drawn_even_with_the_threshold_at_zero(grey):
    nothing = heat_index(np.zeros((16, 16), np.float32), (0.0, 4.0))
    assert (channels(compose(grey, nothing, blend_table("viridis", 0.9, 0.0))) == grey[..., None]).all()
    signed = heat_index(np.zeros((16, 16), np.float32), (-4.0, 4.0))
    assert (channels(compose(grey, signed, blend_table("diverging", 0.9, 0.0))) == grey[..., None]).all()


def test_a_signed_map_draws_evidence_against_in_its_own_colour():
    table = channels(blend_table("diverging", 1.0, 0.3)).reshape(256, 256, 3)
    against, favour = table[100, 0], table[100, 255]
    assert against[2] > against[0] and favour[0] > favour[2]
    assert (table[100, 128 - 30 : 128 + 30] == 100).all()


def test_every_pixel_is_opaque(grey):
    for picture in (
        compose(grey, None, None),
        compose(grey, grey, blend_table("inferno", 0.4, 0.2)),
        compose_color(np.repeat(grey[..., None], 3, 2), grey, "inferno", 0.4, 0.2),
        compose_color(np.repeat(grey[..., None], 3, 2), None, "inferno", 0.4, 0.2),
    ):
        assert picture.dtype == np.uint32 and (picture >> 24 == 255).all()


def test_the_picture_is_written_where_asked(grey):
    out = np.zeros((16, 16), np.uint32)
    assert compose(grey, grey, blend_table("inferno", 0.4, 0.2), out=out) is out
    assert out.any()


def test_a_grey_colour_slice_looks_like_the_grey_slice(grey):
    heat = np.tile(np.arange(16, dtype=np.uint8) * 16, (16, 1))
    rgb = np.repeat(grey[..., None], 3, axis=2)
    grey_picture = compose(grey, heat, blend_table("inferno", 0.6, 0.3))
    assert (compose_color(rgb, heat, "inferno", 0.6, 0.3) == grey_picture).all()


def test_a_rendered_slice_shows_window_then_overlay():
    values = np.tile(np.arange(0, 256, 4, dtype=np.int16), (64, 1))
    evidence = np.zeros((64, 64), np.float32)
    evidence[20:40, 20:40] = 2.0
    plain = render(slice_of(values), window=WINDOW)
    overlaid = render(
        slice_of(values),
        window=WINDOW,
        heatmap=heatmap_of(evidence),
        overlay=Look(opacity=1.0),
        heat_range=(0.0, 2.0),
    )
    changed = plain != overlaid
    assert changed[20:40, 20:40].all() and changed.sum() == 400
    assert (channels(overlaid)[30, 30] == COLORMAPS["inferno"][255]).all()
    assert (np.diff(channels(plain)[0, :, 0]) >= 0).all() and channels(plain)[0, -1, 0] > 240


def test_an_empty_heatmap_or_a_hidden_overlay_leaves_the_slice_alone():
    values = np.tile(np.arange(64, dtype=np.int16), (64, 1))
    plain = render(slice_of(values), window=WINDOW)
    strong = np.full((64, 64), 5.0)
    empty = render(slice_of(values), window=WINDOW, heatmap=heatmap_of(strong, True), overlay=Look())
    hidden = render(slice_of(values), window=WINDOW, heatmap=heatmap_of(strong), overlay=Look(visible=False))
    assert (empty == plain).all() and (hidden == plain).all()


def test_a_colour_slice_is_shown_as_it_is_and_inverted_when_asked():
    rgb = np.zeros((4, 4, 3), np.uint8)
    rgb[..., 0] = 200
    colored = slice_of(rgb)
    assert (channels(render(colored, window=None)) == (200, 0, 0)).all()
    assert (channels(render(colored, window=None, invert=True)) == (55, 255, 255)).all()


def test_composing_again_and_again_equals_composing_once():
    """The kept parts never outlive what they were made from."""
    rng = np.random.default_rng(3)
    slices = [slice_of(rng.integers(0, 255, (33, 47)).astype(np.int16)) for _ in range(2)]
    maps = [heatmap_of(rng.normal(size=(33, 47))) for _ in range(2)]
    composer = Composer()
    for turn in range(40):
        args = {
            "window": (WINDOW, Window(60, 90))[turn // 3 % 2],
            "invert": turn % 7 == 0,
            "heatmap": (maps[0], maps[1], None)[turn % 3],
            "overlay": Look(opacity=turn / 40, colormap=("inferno", "diverging")[turn // 5 % 2]),
            "heat_range": (0.0, 1.0 + turn // 8),
        }
        chosen = slices[turn // 2 % 2]
        assert (composer.render(chosen, **args) == render(chosen, **args)).all()


def test_a_reduced_picture_keeps_the_overlay_in_place():
    values = np.zeros((60, 90), np.int16)
    evidence = np.zeros((60, 90))
    evidence[30:60, 60:90] = 1.0
    picture = Composer().render(
        slice_of(values),
        window=WINDOW,
        heatmap=heatmap_of(evidence),
        overlay=Look(opacity=1.0),
        section=whole(60, 90, 3.0),
    )
    colored = (channels(picture) == COLORMAPS["inferno"][255]).all(axis=-1)
    assert picture.shape == (20, 30)
    assert colored[10:, 20:].all() and colored.sum() == 100
