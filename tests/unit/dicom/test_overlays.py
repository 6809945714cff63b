"""Overlay planes: every way a file keeps them, on the grid of its image."""

from __future__ import annotations

import numpy as np
import pytest
from pydicom import dcmread
from pydicom import uid as uids

from tests.support.dicom_factory import add_overlay, compressed, gradient, image, palette_image, write
from tests.support.shared_data import shared_data
from viewer.dicom.pixels import load_slice
from viewer.dicom.scan import headers

ROWS, COLS = 16, 12


def drawing(rows: int = ROWS, cols: int = COLS, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).random((rows, cols)) < 0.3


@pytest.fixture
def loaded(tmp_path):
    def run(dataset):
        return [load_slice(header) for header in headers(write(dataset, tmp_path / "one.dcm"))]

    return run


@pytest.mark.parametrize(
    "syntax",
    [
        uids.ImplicitVRLittleEndian,
        uids.ExplicitVRLittleEndian,
        uids.DeflatedExplicitVRLittleEndian,
        uids.RLELossless,
    ],
    ids=lambda syntax: syntax.name,
)
def test_a_plane_is_what_was_drawn_and_what_pydicom_reads(loaded, tmp_path, syntax):
    dataset, mask = image(gradient().astype("u2")), drawing()
    add_overlay(dataset, mask, label="ruler", description="made by hand")
    (view,) = loaded(compressed(dataset, syntax))
    (graphic,) = view.graphics
    assert np.array_equal(graphic.mask, mask)
    assert np.array_equal(graphic.mask, dcmread(tmp_path / "one.dcm").overlay_array(0x6000))
    assert (graphic.label, graphic.kind) == ("ruler · made by hand", "graphics")
    assert np.array_equal(view.values, gradient())
    assert not graphic.mask.flags.writeable


def test_a_plane_of_big_endian_words_is_not_scrambled(loaded):
    dataset, mask = image(gradient().astype("u2")), drawing()
    add_overlay(dataset, mask)
    data = np.frombuffer(dataset[0x6000, 0x3000].value, "<u2").astype(">u2").tobytes()
    dataset[0x6000, 0x3000].value = data
    (view,) = loaded(compressed(dataset, uids.ExplicitVRBigEndian))
    assert np.array_equal(view.graphics[0].mask, mask)


def test_all_sixteen_groups_are_read_in_their_order_and_regions_are_told_from_graphics(loaded):
    dataset = image()
    masks = [drawing(seed=n) for n in range(16)]
    for n, mask in reversed(list(enumerate(masks))):
        add_overlay(dataset, mask, group=0x6000 + 2 * n, kind="R" if n == 15 else "G")
    add_overlay(dataset, drawing(), group=0x6020)
    (view,) = loaded(dataset)
    assert np.array_equal([graphic.mask for graphic in view.graphics], masks)
    assert [graphic.kind for graphic in view.graphics] == ["graphics"] * 15 + ["region"]


@pytest.mark.parametrize("origin", [(1, 1), (4, 3), (-2, -3), (0, 5), (10, 9), None])
def test_a_plane_begins_at_its_origin_and_is_clipped_to_the_image(loaded, origin):
    dataset, mask = image(), drawing(20, 15)
    add_overlay(dataset, mask, origin=origin)
    row, col = origin or (1, 1)
    expected = np.zeros((ROWS, COLS), bool)
    for r, c in zip(*np.nonzero(mask), strict=True):
        at = r + row - 1, c + col - 1
        if 0 <= at[0] < ROWS and 0 <= at[1] < COLS:
            expected[at] = True
    (view,) = loaded(dataset)
    assert np.array_equal(view.graphics[0].mask, expected) and expected.any()


@pytest.mark.parametrize("origin", [(100, 1), (1, -40), (32767, 32767)])
def test_a_plane_outside_the_image_is_no_graphic(loaded, origin):
    dataset = image()
    add_overlay(dataset, drawing(), origin=origin)
    assert loaded(dataset)[0].graphics == ()


def test_frames_of_a_plane_belong_to_the_frames_from_its_first_one_on(loaded):
    clip = np.stack([gradient(5, 5) + n for n in range(4)]).astype("u2")
    dataset = image(clip, frames=True, modality="US")
    masks = np.stack([drawing(5, 5, seed=n) for n in range(2)])  # 25 bits: the second starts within a byte
    add_overlay(dataset, masks, first_frame=2)
    add_overlay(dataset, drawing(5, 5, seed=9), group=0x6002)
    views = loaded(dataset)
    own = [view.graphics[:-1] for view in views]
    assert [len(graphics) for graphics in own] == [0, 1, 1, 0]
    assert np.array_equal([own[1][0].mask, own[2][0].mask], masks)
    for view in views:  # a plane that counts no frames lies on all of them
        assert np.array_equal(view.graphics[-1].mask, drawing(5, 5, seed=9))


@pytest.mark.parametrize("syntax", [uids.ExplicitVRLittleEndian, uids.ExplicitVRBigEndian])
@pytest.mark.parametrize(("position", "high_bit"), [(15, 11), (12, 11), (0, 15)])
def test_a_plane_in_unused_bits_is_found_and_is_not_in_the_values(loaded, syntax, position, high_bit):
    values, mask = gradient(high=4000).astype("u2"), drawing()
    words = (values << (high_bit - 11)) | (mask.astype("u2") << position)
    dataset = image(words, bits_stored=12, HighBit=high_bit)
    for number, vr, value in (
        (0x0010, "US", ROWS),
        (0x0011, "US", COLS),
        (0x0040, "CS", "G"),
        (0x0050, "SS", [1, 1]),
        (0x0100, "US", 16),
        (0x0102, "US", position),
    ):
        dataset.add_new((0x6000, number), vr, value)
    (view,) = loaded(compressed(dataset, syntax))
    assert np.array_equal(view.graphics[0].mask, mask)
    assert np.array_equal(view.values, values)


def test_a_bit_that_holds_pixel_values_is_no_plane(loaded):
    dataset = image(gradient(high=4000).astype("u2"), bits_stored=12)
    dataset.add_new((0x6000, 0x0102), "US", 11)
    assert loaded(dataset)[0].graphics == ()


@pytest.mark.parametrize(
    "damage",
    [
        {0x3000: ("OW", b"\1\0")},
        {0x3000: ("OW", b"")},
        {0x0010: ("US", 0)},
        {0x0010: ("US", 65535), 0x0011: ("US", 65535)},
        {0x0010: ("LO", "many")},
        {0x0015: ("IS", "7"), 0x0051: ("US", 65535)},
    ],
)
def test_a_plane_that_is_cut_off_or_absurd_is_left_out(loaded, damage):
    dataset = image()
    add_overlay(dataset, drawing())
    for number, (vr, value) in damage.items():
        dataset.add_new((0x6000, number), vr, value)
    (view,) = loaded(dataset)
    assert view.graphics == () and np.array_equal(view.values, gradient())


@pytest.mark.parametrize("origin", [[1, 2, 3], [1], "x"])
def test_a_malformed_origin_is_the_first_pixel(loaded, origin):
    dataset = image()
    add_overlay(dataset, drawing(), origin=None)
    dataset.add_new((0x6000, 0x0050), "LO" if origin == "x" else "SS", origin)
    assert np.array_equal(loaded(dataset)[0].graphics[0].mask, drawing())


def test_colour_and_palette_images_have_their_planes_too(loaded):
    colored = image(np.zeros((ROWS, COLS, 3), "u1"), modality="US")
    mapped = palette_image(np.zeros((ROWS, COLS), "u1"), np.zeros((4, 3), "u1"))
    for dataset in (colored, mapped):
        add_overlay(dataset, drawing())
        (view,) = loaded(dataset)
        assert view.is_color and np.array_equal(view.graphics[0].mask, drawing())


def test_masks_count_as_memory_of_a_slice(loaded):
    dataset = image()
    plain = loaded(dataset)[0].nbytes
    add_overlay(dataset, drawing())
    assert loaded(dataset)[0].nbytes == plain + ROWS * COLS


@pytest.mark.shared_data
@pytest.mark.parametrize(
    ("name", "groups"),
    [
        ("pydicom/src/pydicom/data/test_files/examples_overlay.dcm", [0x6000]),
        ("pydicom-data/data_store/data/MR-SIEMENS-DICOM-WithOverlays.dcm", [0x6000]),
        (
            "weasis-dicom-tools/weasis-dicom-tools/src/test/resources/org/dcm4che3/img/overlay.dcm",
            [15, 14, 0x6004, 0x6006],  # the first two lie in unused bits of the pixels
        ),
    ],
)
def test_planes_of_real_files_are_those_of_pydicom_and_of_their_bits(name, groups):
    path = shared_data("dicom", name)
    dataset, view = dcmread(path), load_slice(headers(path)[0])
    words = np.frombuffer(dataset.PixelData, "<u2").reshape(dataset.Rows, dataset.Columns)
    expected = [dataset.overlay_array(group) if group >= 0x6000 else words >> group & 1 for group in groups]
    assert np.array_equal([graphic.mask for graphic in view.graphics], expected)
    assert all(graphic.mask.sum() > 200 for graphic in view.graphics)
    assert view.values.max() < 4096
