from dataclasses import dataclass

import numpy as np
import pytest

from viewer.imaging import compose as composing
from viewer.imaging.colormap import COLORMAPS, EVIDENCE, GREY, color_table, scale_of
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
    evidence: str = "positive"


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
    raw_range = float(values.min()), float(values.max())
    against = not values.min() < 0
    layer = Layer("l", "l", (2, 2), 1)
    return Heatmap(key, layer, values.astype(np.float32), raw_range, empty, nothing_against=against)


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


def test_evidence_against_is_placed_by_its_magnitude():
    values = np.array([[1.0, 0.0, -1.0, -2.0, -3.0]], np.float32)
    assert heat_index(values, scale_of("negative", 2.0)).tolist() == [[0, 0, 128, 255, 255]]


def test_evidence_for_and_against_lie_equally_far_from_zero():
    values = np.linspace(0, 3, 5001, dtype=np.float32)
    steps = 127 * values / 2
    values = values[np.abs(steps % 1 - 0.5) > 1e-3]  # half a step has no nearest one
    below, above = (heat_index(side * values[None], (-2.0, 2.0)).astype(int) for side in (-1, 1))
    assert above[0, 0] == below[0, 0] == 128 and above.max() == 255
    assert (np.maximum(below, 1) + above == 256).all()


@pytest.mark.parametrize("evidence", EVIDENCE)
@pytest.mark.parametrize("colormap", COLORMAPS)
@pytest.mark.parametrize("opacity", [0.0, 0.25, 0.5, 0.8, 1.0])
def test_the_table_blends_every_pixel_as_arithmetic_does(colormap, opacity, evidence):
    table = channels(blend_table(colormap, opacity, 0.0, evidence)).reshape(256, 256, 3)
    grey = np.arange(256)[:, None, None]
    expected = grey * (1 - opacity) + color_table(colormap, evidence)[None] * opacity
    blended = composing.drawn(evidence, 0.0)
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
    assert (
        channels(compose(grey, signed, blend_table("inferno", 0.9, 0.0, "signed"))) == grey[..., None]
    ).all()


def test_a_signed_map_draws_evidence_against_in_its_own_colour():
    table = channels(blend_table("inferno", 1.0, 0.3, "signed")).reshape(256, 256, 3)
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
            "overlay": Look(
                opacity=turn / 40,
                colormap=("inferno", "viridis")[turn // 5 % 2],
                evidence=EVIDENCE[turn // 4 % 3],
            ),
            "heat_range": (0.0, 1.0 + turn // 8),
        }
        chosen = slices[turn // 2 % 2]
        assert (composer.render(chosen, **args) == render(chosen, **args)).all()


def test_going_to_and_fro_between_slices_shows_what_composing_them_shows(monkeypatch):
    """More slices than pictures are kept, each seen again in the look it had and in another one."""
    monkeypatch.setattr(composing, "_PICTURES_KEPT", 4)
    rng = np.random.default_rng(8)
    slices = [slice_of(rng.integers(0, 255, (20 + n % 2, 31)).astype(np.int16)) for n in range(7)]
    maps = [heatmap_of(rng.normal(size=one.values.shape)) for one in slices]
    composer = Composer()
    for _ in range(200):
        n = int(rng.integers(len(slices)))
        look = Look(opacity=rng.integers(1, 3) / 3, visible=bool(rng.integers(2)))
        args = {"window": WINDOW, "heatmap": maps[n], "overlay": look, "invert": bool(rng.integers(2))}
        assert (composer.render(slices[n], **args) == render(slices[n], **args)).all()
        assert len(composer._pictures) <= 4


def test_a_slice_seen_again_is_not_composed_again(monkeypatch):
    composed, to_grey = [], composing.to_grey
    monkeypatch.setattr(composing, "to_grey", lambda *a, **k: composed.append(a) or to_grey(*a, **k))
    composer = Composer()
    slices = [slice_of(np.full((20, 30), grey, np.int16)) for grey in (10, 90)]
    for one in slices * 3:
        composer.render(one, window=WINDOW)
    assert len(composed) == 2
    composer.render(slices[0], window=WINDOW, invert=True)
    assert len(composed) == 3


def test_large_pictures_do_not_pile_up(monkeypatch):
    monkeypatch.setattr(composing, "_PICTURES_BYTES", 3 * 20 * 30 * 4)
    composer = Composer()
    for grey in range(9):
        composer.render(slice_of(np.full((20, 30), grey, np.int16)), window=WINDOW)
    assert sum(picture.nbytes for _, picture in composer._pictures.values()) <= 3 * 20 * 30 * 4


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


def picture_of(values: np.ndarray, scale: tuple[float, float], **look) -> tuple[np.ndarray, np.ndarray]:
    """The slice alone, and with an opaque overlay: (rows, cols, 3) each."""
    shown = slice_of(np.full(values.shape, 90, np.int16))
    overlay = Look(**({"opacity": 1.0} | look))
    with_map = render(shown, window=WINDOW, heatmap=heatmap_of(values), overlay=overlay, heat_range=scale)
    return channels(render(shown, window=WINDOW)), channels(with_map)


RAMP = np.tile(np.linspace(-2, 2, 401), (4, 1))


def test_each_sign_draws_its_own_side_of_the_evidence_and_no_other():
    for evidence, drawn in (("positive", RAMP > 0.3), ("negative", RAMP < -0.3), ("signed", abs(RAMP) > 0.3)):
        plain, picture = picture_of(RAMP, scale_of(evidence, 2.0), evidence=evidence)
        changed = (plain != picture).any(axis=-1)
        near = np.abs(np.abs(RAMP) - 0.3) < 0.02  # a step of the scale
        assert (changed == drawn)[~near].all()


def test_zero_is_transparent_whatever_the_sign_and_the_threshold():
    for evidence in EVIDENCE:
        for threshold in (0.0, 0.5):
            plain, picture = picture_of(
                np.where(np.abs(RAMP) < 1, 0, RAMP),
                scale_of(evidence, 2.0),
                evidence=evidence,
                threshold=threshold,
            )
            assert (plain == picture)[np.abs(RAMP) < 1].all()


def test_the_signed_picture_of_the_opposite_evidence_is_the_mirrored_one():
    _, one = picture_of(RAMP, (-2.0, 2.0), evidence="signed", threshold=0.2)
    _, other = picture_of(-RAMP, (-2.0, 2.0), evidence="signed", threshold=0.2)
    assert (one == other[:, ::-1]).all()


def test_evidence_a_million_times_weaker_looks_weak_on_the_absolute_scale():
    """And like the strong one on the relative scale, which is why that one is marked."""
    for evidence in EVIDENCE:
        plain, strong = picture_of(RAMP, scale_of(evidence, 2.0), evidence=evidence, threshold=0.0)
        _, weak = picture_of(RAMP * 1e-6, scale_of(evidence, 2.0), evidence=evidence, threshold=0.0)
        _, stretched = picture_of(RAMP * 1e-6, scale_of(evidence, 2e-6), evidence=evidence, threshold=0.0)
        assert (weak == plain).all() and (strong != plain).any()
        assert np.abs(stretched - strong).max() <= 4  # one step of the scale


def test_a_change_of_sign_costs_no_new_table_and_no_new_indices_once_seen(monkeypatch):
    composer, placed = Composer(), []
    monkeypatch.setattr(composing, "heat_index", lambda *a: placed.append(a[1]) or heat_index(*a))
    shown, heatmap = slice_of(np.full(RAMP.shape, 90, np.int16)), heatmap_of(RAMP)
    blend_table.cache_clear()
    for evidence in EVIDENCE * 3:
        composer.render(
            shown,
            window=WINDOW,
            heatmap=heatmap,
            overlay=Look(evidence=evidence),
            heat_range=scale_of(evidence, 2.0),
        )
    assert len(placed) == 3 and blend_table.cache_info().misses == 3


def test_a_map_without_the_evidence_asked_for_leaves_the_slice_alone():
    for evidence, values in (("positive", -np.abs(RAMP)), ("negative", np.abs(RAMP)), ("signed", RAMP * 0)):
        heatmap = heatmap_of(values, empty=not values.max() > 0)
        assert heatmap.lacks(evidence)
        assert composing.nothing_drawn(heatmap, Look(evidence=evidence), scale_of(evidence, 2.0))
    for evidence in EVIDENCE:
        assert not heatmap_of(RAMP).lacks(evidence)
        assert not composing.nothing_drawn(heatmap_of(RAMP), Look(evidence=evidence), scale_of(evidence, 2.0))


@pytest.mark.parametrize("evidence", EVIDENCE)
def test_a_map_that_is_greyed_has_no_colour_in_the_picture(evidence):
    shown = heatmap_of(np.linspace(-2, 2, 256).reshape(16, 16))
    picture = composing.render(
        slice_of(np.zeros((16, 16), np.int16)),
        window=WINDOW,
        heatmap=shown,
        overlay=Look(colormap=GREY, opacity=1.0, evidence=evidence),
        heat_range=scale_of(evidence, 2.0),
    )
    red, green, blue = np.moveaxis(channels(picture), -1, 0)
    assert picture.max() > picture.min() and max(np.abs(red - green).max(), np.abs(green - blue).max()) <= 40
