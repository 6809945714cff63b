"""Heat where no finding can be: outside the body, on the border of the input, on burned-in text."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from tests.support.shared_data import shared_data
from tests.support.slice_factory import make_slice
from viewer import resources
from viewer.explain.trust.blobs import grown, label, shrunk
from viewer.explain.trust.body import body_mask
from viewer.explain.trust.lettering import text_mask
from viewer.explain.trust.outside import places
from viewer.inference.card import CardInput
from viewer.inference.preprocess import fit_mapping
from viewer.results import AxisMapping, InputMapping

SIDE = 256


def disc(row, col, radius, shape=(SIDE, SIDE)):
    rows, cols = np.ogrid[: shape[0], : shape[1]]
    return (rows + 0.5 - row) ** 2 + (cols + 0.5 - col) ** 2 < radius**2


def phantom():
    """A CT: air, a body with lungs, a couch, noise."""
    rng = np.random.default_rng(0)
    values = np.full((SIDE, SIDE), -1000.0)
    body = disc(120, 128, 80)
    values[body] = 40
    values[disc(110, 95, 25) | disc(110, 160, 25)] = -850
    values[212:215, 30:226] = 100
    return make_slice((values + rng.normal(0, 15, values.shape)).astype(np.int16)), body


def overlap(found, wanted):
    return (found & wanted).sum() / (found | wanted).sum()


def straight(slice):
    rows, cols = slice.values.shape[:2]
    return InputMapping(AxisMapping(rows, 64, 64 / rows, 0.0), AxisMapping(cols, 64, 64 / cols, 0.0))


def spot(row, col, grid=16):
    """A map with all its heat in one cell; row and col are shares of the input."""
    cam = np.zeros((grid, grid), np.float32)
    cam[int(row * grid), int(col * grid)] = 2.0
    return cam


def found(slice, cam, mapping=None, evidence="positive"):
    return {place.id: place for place in places(cam, mapping or straight(slice), slice, evidence)}


def test_parts_are_those_that_a_flood_fill_finds():
    skimage = pytest.importorskip("skimage.measure")
    rng = np.random.default_rng(1)
    for density in (0.1, 0.4, 0.6, 0.95):
        mask = rng.random((37, 53)) < density
        labels, count = label(mask)
        wanted, number = skimage.label(mask, connectivity=2, return_num=True)
        assert count == number
        assert len(np.unique(labels * 10_000 + wanted)) == len(np.unique(wanted))
    assert label(np.zeros((4, 4), bool))[1] == 0


@pytest.mark.parametrize("radius", [0, 1, 2, 3, 5])
def test_growing_and_shrinking_are_the_extremes_of_the_square_around(radius):
    values = np.random.default_rng(2).normal(size=(15, 19)).astype(np.float32)
    padded = np.pad(values, radius, mode="edge")
    squares = np.lib.stride_tricks.sliding_window_view(padded, (2 * radius + 1,) * 2)
    assert np.array_equal(grown(values, radius), squares.max(axis=(2, 3)))
    assert np.array_equal(shrunk(values, radius), squares.min(axis=(2, 3)))


def test_the_body_of_a_ct_holds_its_lungs_and_not_the_couch():
    slice, body = phantom()
    mask = body_mask(slice)
    assert overlap(mask, body) > 0.96
    assert mask[110, 95] and not mask[213, 128]


def test_the_body_is_found_in_noise_and_in_a_negative():
    rng = np.random.default_rng(3)
    body = disc(120, 128, 80)
    noise = np.hypot(rng.normal(0, 30, body.shape), rng.normal(0, 30, body.shape))
    head = make_slice(np.where(body, 500 + noise, noise).astype(np.uint16))
    head = replace(head, header=replace(head.header, unit=""))
    assert overlap(body_mask(head), body) > 0.96
    negative = replace(make_slice((1023 - head.values.clip(0, 1023)).astype(np.uint16)), inverted=True)
    negative = replace(negative, header=replace(negative.header, unit=""))
    assert overlap(body_mask(negative), body) > 0.96


@pytest.mark.parametrize(
    "values",
    [
        np.zeros((64, 64), np.int16),
        np.random.default_rng(4).integers(0, 1000, (64, 64)).astype(np.int16),
        np.full((64, 64), 40, np.int16),
        np.random.default_rng(5).integers(0, 255, (64, 64, 3)).astype(np.uint8),
        np.full((64, 64), np.nan, np.float32),
    ],
)
def test_where_no_body_can_be_told_the_figure_is_undefined_and_says_so(values):
    slice = make_slice(values)
    slice = replace(slice, header=replace(slice.header, unit=""))
    place = found(slice, spot(0.5, 0.5))["body"]
    assert (place.level, place.share, place.alarm) == ("undefined", None, False)
    assert "No body can be told" in place.sentence


def test_heat_beside_the_patient_raises_the_alarm_and_heat_in_the_patient_does_not():
    slice, body = phantom()
    inside = found(slice, spot(0.45, 0.5))["body"]
    assert (inside.level, inside.peak) == ("green", False) and inside.share == pytest.approx(0, abs=0.01)
    beside = found(slice, spot(0.1, 0.1))["body"]
    assert beside.alarm and beside.peak and beside.share == pytest.approx(1, abs=0.01)
    assert beside.chance == pytest.approx(1 - body.mean(), abs=0.02)
    assert beside.sentence.startswith("100 % of the heat lies outside the body")


def test_the_share_outside_is_that_of_the_map_on_the_slice_counted_by_hand():
    slice, _ = phantom()
    outside = ~body_mask(slice)
    cam = np.random.default_rng(6).normal(size=(64, 64)).astype(np.float32)
    heat = np.maximum(cam, 0).repeat(4, axis=0).repeat(4, axis=1)
    place = found(slice, cam)["body"]
    assert place.share == pytest.approx(heat[outside].sum() / heat.sum(), abs=0.01)
    against = found(slice, -cam, evidence="negative")["body"]
    assert against.share == pytest.approx(place.share, rel=1e-6)


def test_evidence_of_the_other_sign_does_not_count():
    slice, _ = phantom()
    cam = spot(0.45, 0.5) - 3 * spot(0.05, 0.05)
    assert found(slice, cam)["body"].level == "green"
    assert found(slice, cam, evidence="negative")["body"].alarm
    assert found(slice, cam, evidence="signed")["body"].share == pytest.approx(0.75, abs=0.06)


def test_a_map_without_evidence_has_no_figures():
    slice, _ = phantom()
    for cam in (np.zeros((8, 8), np.float32), np.full((8, 8), np.nan, np.float32), -spot(0.5, 0.5)):
        levels = {place.level for place in found(slice, cam).values() if place.id != "text"}
        assert levels == {"undefined"}


def test_heat_on_the_rim_of_the_input_raises_the_alarm_and_an_even_map_does_not():
    slice, _ = phantom()
    corner = found(slice, spot(0.0, 0.0))["border"]
    assert corner.alarm and corner.peak and "padding" in corner.sentence
    even = found(slice, np.ones((16, 16), np.float32))["border"]
    assert even.share == pytest.approx(even.chance, abs=1e-4) and even.level == "green"
    assert even.chance == pytest.approx(1 - (56 / 64) ** 2)


def test_heat_in_the_black_border_beside_the_slice_is_told_apart():
    slice = make_slice(phantom()[0].values[64:192])
    mapping = fit_mapping(128, 256, 1.0, CardInput(size=(64, 64)))
    place = found(slice, spot(0.1, 0.5), mapping)["border"]
    assert place.alarm and place.peak and "in the black border beside the slice" in place.sentence
    assert place.share == pytest.approx(1, abs=0.05)
    assert found(slice, spot(0.5, 0.5), mapping)["border"].level == "green"


def written(values, text, at, size, grey):
    """`values` with text drawn into them."""
    picture = Image.fromarray(np.zeros(values.shape, np.uint8))
    font = ImageFont.truetype(str(resources.root() / "fonts" / "DejaVuSans.ttf"), size)
    ImageDraw.Draw(picture).text(at, text, fill=255, font=font)
    ink = np.asarray(picture) / 255
    return (values * (1 - ink) + grey * ink).astype(values.dtype), ink > 0.5


@pytest.mark.parametrize("size", [14, 22])
@pytest.mark.parametrize("at", [(12, 10), (300, 10), (12, 470), (300, 470)])
def test_burned_in_text_in_any_corner_is_found_and_little_else(size, at):
    rng = np.random.default_rng(7)
    tissue = np.where(disc(256, 256, 200, (512, 512)), 400, 20) + rng.normal(0, 20, (512, 512))
    values, ink = written(tissue.astype(np.int16), "DOE JOHN 1961", at, size, 1000)
    mask = text_mask(make_slice(values))
    assert mask is not None and mask[ink].mean() > 0.8
    assert mask.sum() < 8 * ink.sum()
    assert text_mask(make_slice(tissue.astype(np.int16))) is None


def test_heat_on_burned_in_text_raises_the_alarm():
    tissue = np.where(disc(256, 256, 200, (512, 512)), 400, 20).astype(np.int16)
    slice = make_slice(written(tissue, "PORTABLE AP", (20, 20), 24, 1000)[0])
    place = found(slice, spot(0.07, 0.15, 32))["text"]
    assert place.alarm and place.peak and "reading" in place.sentence
    away = found(slice, spot(0.5, 0.5, 32))["text"]
    assert away.level == "green" and away.share == 0
    none = found(make_slice(tissue), spot(0.07, 0.15, 32))["text"]
    assert (none.level, none.share) == ("green", 0.0) and "No burned-in text" in none.sentence


def loaded(*parts, number=0):
    from viewer.dicom.pixels import load_slice
    from viewer.dicom.scan import scan

    series = scan(shared_data("dicom", *parts)).series[0]
    return load_slice(series.slices[number])


@pytest.mark.shared_data
def test_on_a_real_chest_ct_the_lungs_are_body_and_the_couch_is_not():
    slice = loaded("dash-vtk", "demos", "data", "ct_lung", number=14)
    mask = body_mask(slice)
    lung = (slice.values < -700) & mask
    assert 0.5 < mask.mean() < 0.62 and 0.08 < lung.mean() < 0.3
    assert not mask[:40].any() and not mask[-20:].any()


@pytest.mark.shared_data
@pytest.mark.parametrize(
    ("parts", "number", "low", "high"),
    [
        (("slicer",), 46, 0.25, 0.6),
        (("nih_cxr", "00000129_000.dcm"), 0, 0.7, 0.98),
        (("dcm_qa_nih",), 8, 0.15, 0.5),
    ],
)
def test_on_real_heads_and_chests_the_body_is_one_piece_of_the_right_size(parts, number, low, high):
    mask = body_mask(loaded(*parts, number=number))
    assert mask is not None and low < mask.mean() < high


@pytest.mark.shared_data
def test_on_real_ultrasound_the_text_is_found_and_no_body_is_claimed():
    slice = loaded("pydicom-data", "data_store", "data", "US1_UNCI.dcm")
    mask = text_mask(slice)
    assert mask is not None and 0.01 < mask.mean() < 0.2
    assert body_mask(slice) is None


@pytest.mark.shared_data
def test_on_a_real_chest_ct_there_is_no_text():
    assert text_mask(loaded("dash-vtk", "demos", "data", "ct_lung", number=14)) is None
