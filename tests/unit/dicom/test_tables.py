"""Lookup tables as files keep them: packed, segmented, big endian, cut off, longer than they say."""

from __future__ import annotations

import numpy as np
import pytest
from pydicom import dcmread
from pydicom import uid as uids
from pydicom.pixels.processing import apply_color_lut, apply_modality_lut, apply_voi_lut

from tests.support.dicom_factory import compressed, gradient, image, item, lut, palette_image, write
from tests.support.shared_data import shared_data
from viewer.dicom.pixels import load_slice
from viewer.dicom.scan import headers
from viewer.dicom.segmented import expanded
from viewer.errors import PixelError
from viewer.imaging.window import to_grey

CHANNELS = ("Red", "Green", "Blue")


@pytest.fixture
def loaded(tmp_path):
    def run(dataset):
        return load_slice(headers(write(dataset, tmp_path / "one.dcm"))[0])

    return run


def big_endian_tables(dataset):
    """The same tables in the words of a big endian file."""
    for name in CHANNELS:
        for keyword in (f"{name}PaletteColorLookupTableData", f"Segmented{name}PaletteColorLookupTableData"):
            if keyword in dataset:
                words = np.frombuffer(dataset[keyword].value, "<u2")
                dataset[keyword].value = words.astype(">u2").tobytes()
    return compressed(dataset, uids.ExplicitVRBigEndian)


# Palettes


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("kind", ["u1", "u2"])
def test_a_palette_of_a_big_endian_file_gives_the_same_colours(loaded, bits, kind):
    colors = np.random.default_rng(1).integers(0, 256, (200, 3), np.uint8)
    indices = (np.arange(192).reshape(16, 12) + 5).astype(kind)
    dataset = palette_image(indices, colors, bits=bits)
    if kind == "u1":
        dataset["PixelData"].VR = "OB"
        for name in CHANNELS:
            keyword = f"{name}PaletteColorLookupTableData"
            dataset[keyword].value = np.frombuffer(dataset[keyword].value, "<u2").astype(">u2").tobytes()
        dataset.file_meta.TransferSyntaxUID = uids.ExplicitVRBigEndian
    else:
        dataset = big_endian_tables(dataset)
    assert np.array_equal(loaded(dataset).values, colors[indices])


def test_a_dark_channel_of_a_16_bit_palette_is_not_taken_for_8_bits(loaded):
    colors = np.zeros((4, 3), np.uint8)
    dataset = palette_image(np.array([[0, 1, 2, 3]], np.uint8), colors)
    dataset.RedPaletteColorLookupTableData = np.array([0, 0x4000, 0x8000, 0xFFFF], "<u2").tobytes()
    dataset.BluePaletteColorLookupTableData = np.array([0, 50, 100, 200], "<u2").tobytes()
    view = loaded(dataset)
    assert view.values[..., 0].tolist() == [[0, 0x40, 0x80, 0xFF]]
    assert view.values[..., 2].tolist() == [[0, 0, 0, 0]]


def test_a_signed_palette_index_takes_the_colour_of_its_sign(loaded):
    colors = np.random.default_rng(2).integers(0, 256, (100, 3), np.uint8)
    indices = np.arange(-50, 50, dtype=np.int16).reshape(10, 10)
    dataset = palette_image(indices, colors, first=-50)
    assert np.array_equal(loaded(dataset).values, colors[indices + 50])


def test_a_palette_shorter_than_it_says_ends_in_its_last_colour(loaded):
    colors = np.random.default_rng(3).integers(0, 256, (256, 3), np.uint8)
    dataset = palette_image(np.arange(256, dtype=np.uint8).reshape(16, 16), colors)
    for name in CHANNELS:
        keyword = f"{name}PaletteColorLookupTableData"
        setattr(dataset, keyword, getattr(dataset, keyword)[:400])
    shown = loaded(dataset).values.reshape(-1, 3)
    assert np.array_equal(shown[:200], colors[:200]) and (shown[200:] == colors[199]).all()


def test_a_grey_image_with_a_supplemental_palette_is_shown_in_grey(loaded):
    grey = gradient().astype("u2")
    dataset = palette_image(grey, np.zeros((4, 3), np.uint8), PixelPresentation="COLOR")
    dataset.PhotometricInterpretation = "MONOCHROME2"
    view = loaded(dataset)
    assert not view.is_color and np.array_equal(view.values, grey)


# Segmented palettes (PS3.3 C.7.9.2)


def words(*entries: int) -> bytes:
    return np.array(entries, "<u2").tobytes()


@pytest.mark.parametrize("little", [True, False])
def test_discrete_linear_and_indirect_segments_expand_as_the_standard_says(little):
    # two entries as they are; a ramp to 100 in four steps; both again from their byte offset
    data = words(0, 2, 10, 20, 1, 4, 100, 2, 2, 0, 0)
    data = data if little else np.frombuffer(data, "<u2").astype(">u2").tobytes()
    found = expanded(data, bits=16, little=little, limit=64)
    assert found.tolist() == [10, 20, 40, 60, 80, 100] * 2


def test_an_indirect_offset_counts_bytes():
    data = words(0, 1, 7, 0, 2, 10, 20, 2, 1, 6, 0)  # the second segment begins at byte 6
    assert expanded(data, bits=16, little=True, limit=64).tolist() == [7, 10, 20, 10, 20]


def test_a_ramp_that_begins_a_repeat_starts_where_the_last_segment_ended():
    data = words(0, 1, 0, 1, 2, 10, 0, 1, 50, 2, 1, 6, 0)
    assert expanded(data, bits=16, little=True, limit=64).tolist() == [0, 5, 10, 50, 30, 10]


def test_segments_of_8_bits_are_packed_two_to_a_word():
    data = bytes([0, 3, 1, 2, 3, 1, 2, 9, 2, 1, 0, 0, 0, 0])
    assert expanded(data, bits=8, little=True, limit=64).tolist() == [1, 2, 3, 6, 9, 1, 2, 3]
    swapped = np.frombuffer(data, "<u2").astype(">u2").tobytes()
    assert expanded(swapped, bits=8, little=False, limit=64).tolist() == [1, 2, 3, 6, 9, 1, 2, 3]


def test_segments_give_no_more_entries_than_the_descriptor_counts():
    bomb = words(0, 1, 0) + words(1, 65535, 9) * 1000 + words(2, 65535, 0, 0) * 1000
    assert len(expanded(bomb, bits=16, little=True, limit=4096)) == 4096


@pytest.mark.parametrize(
    "data",
    [
        b"",
        words(1, 4, 100),  # a ramp from nowhere
        words(2, 1, 0, 0),  # a repeat that repeats itself
        words(0, 1, 5, 2, 1, 6, 0),
        words(0, 1, 5, 2, 9, 60, 0),  # from beyond the data
        words(3, 1, 1),
        words(0, 1, 5, 1, 0, 9),  # an empty segment
        words(0, 1, 5, 1, 4),
    ],
)
def test_segments_that_break_the_rules_give_no_table(data):
    assert expanded(data, bits=16, little=True, limit=256) is None


def test_a_broken_segmented_palette_says_so(tmp_path):
    dataset = palette_image(np.zeros((4, 4), np.uint8), np.zeros((4, 3), np.uint8))
    for name in CHANNELS:
        delattr(dataset, f"{name}PaletteColorLookupTableData")
        setattr(dataset, f"Segmented{name}PaletteColorLookupTableData", words(1, 4, 100))
    (header,) = headers(write(dataset, tmp_path / "one.dcm"))
    with pytest.raises(PixelError, match="palette"):
        load_slice(header)


@pytest.mark.shared_data
@pytest.mark.parametrize("name", ["spring", "summer", "fall", "winter"])
def test_the_segmented_palettes_of_the_standard_are_those_of_pydicom(loaded, name):
    folder = shared_data("dicom", "pydicom/src/pydicom/data/palettes")
    standard = dcmread(folder / f"{name}.dcm")
    indices = np.arange(256, dtype=np.uint8).reshape(16, 16)
    dataset = image(indices, modality="US", photometric="PALETTE COLOR")
    for channel in CHANNELS:
        for keyword in (
            f"{channel}PaletteColorLookupTableDescriptor",
            f"Segmented{channel}PaletteColorLookupTableData",
        ):
            setattr(dataset, keyword, standard[keyword].value)
    assert np.array_equal(loaded(dataset).values, apply_color_lut(indices, standard))


@pytest.mark.shared_data
def test_palettes_of_real_files_are_those_of_pydicom_whatever_their_byte_order():
    folder = shared_data("dicom", "pydicom-data/data_store/data")
    for little, big in (
        ("gdcm-US-ALOKA-16.dcm", "gdcm-US-ALOKA-16_big.dcm"),
        ("OBXXXX1A.dcm", "OBXXXX1A_expb.dcm"),  # whose big endian palette pydicom 3.0.2 scrambles
    ):
        dataset = dcmread(folder / little)
        expected = apply_color_lut(dataset.pixel_array, dataset) >> 8
        for name in (little, big):
            assert np.array_equal(load_slice(headers(folder / name)[0]).values, expected), name


# Modality and VOI LUTs


def test_an_8_bit_lut_may_be_packed_two_entries_to_a_word(loaded):
    table = np.arange(0, 200, dtype=np.uint8)
    sequence = lut(0, [0], 8)
    sequence[0].LUTDescriptor = [200, 0, 8]
    sequence[0].LUTData = table.tobytes()
    (shown,) = loaded(image(gradient().astype("u2"), VOILUTSequence=sequence)).luts
    assert (shown.bits, shown.table.tolist()) == (8, table.tolist())
    numbers = lut(0, [0], 8)
    numbers[0].LUTDescriptor = [200, 0, 8]
    numbers[0].add_new("LUTData", "US", np.frombuffer(table.tobytes(), "<u2").tolist())
    (shown,) = loaded(image(gradient().astype("u2"), VOILUTSequence=numbers)).luts
    assert shown.table.tolist() == table.tolist()


@pytest.mark.parametrize("vr", ["US", "OW"])
def test_luts_of_a_big_endian_file_are_the_same(loaded, vr):
    entries = np.arange(0, 4000, 4).astype("u2")
    sequence = lut(0, entries, 12)
    data = entries.tolist() if vr == "US" else entries.astype(">u2").tobytes()
    sequence[0].add_new("LUTData", vr, data)
    dataset = compressed(image(gradient().astype("u2"), VOILUTSequence=sequence), uids.ExplicitVRBigEndian)
    (shown,) = loaded(dataset).luts
    assert shown.table.tolist() == entries.tolist()


def test_a_lut_shorter_than_its_descriptor_has_the_entries_it_has(loaded):
    sequence = lut(10, np.arange(300) * 10, 12)
    sequence[0].LUTDescriptor = [4096, 10, 12]
    view = loaded(image(gradient().astype("u2"), VOILUTSequence=sequence))
    assert view.luts[0].table.tolist() == list(range(0, 3000, 10))
    assert to_grey(view).max() == round(2990 * 255 / 4095)


def test_a_lut_longer_than_its_descriptor_is_cut(loaded):
    sequence = lut(0, np.arange(1000), 12)
    sequence[0].LUTDescriptor = [100, 0, 12]
    assert len(loaded(image(VOILUTSequence=sequence)).luts[0].table) == 100


@pytest.mark.parametrize(
    ("values", "attributes", "written", "meant"),
    [
        (gradient(low=-900), {}, -500, -500),
        (gradient(low=-900), {}, 65036, -500),
        (gradient().astype("u2"), {"RescaleIntercept": -1024}, 65036, -500),
        (gradient().astype("u2"), {"RescaleIntercept": -1024}, 40000, 40000),
        (gradient().astype("u2"), {"RescaleSlope": -1}, 65036, -500),
        (gradient().astype("u2"), {}, 65036, 65036),
        (gradient(low=-900), {"RescaleIntercept": 32768}, 40000, 40000),
    ],
)
@pytest.mark.parametrize("syntax", [uids.ImplicitVRLittleEndian, uids.ExplicitVRLittleEndian])
def test_the_first_value_mapped_has_the_sign_that_the_values_can_have(
    loaded, values, attributes, written, meant, syntax
):
    sequence = lut(written, np.arange(1000), 12)
    dataset = image(values, VOILUTSequence=sequence, **attributes)
    assert loaded(compressed(dataset, syntax)).luts[0].first == meant


@pytest.mark.shared_data
def test_luts_of_real_files_are_those_of_pydicom():
    folder = shared_data("dicom", "pydicom-data/data_store/data")
    path = folder / "mlut_18.dcm"
    dataset = dcmread(path)
    expected = apply_modality_lut(dataset.pixel_array, dataset)
    assert np.array_equal(load_slice(headers(path)[0]).values, expected)
    path = folder / "vlut_04.dcm"
    dataset = dcmread(path)
    expected = apply_voi_lut(dataset.pixel_array, dataset).astype(float) * 255 / 65535
    assert np.abs(to_grey(load_slice(headers(path)[0])) - expected).max() <= 0.502


# Colour samples


@pytest.mark.parametrize("photometric", ["YBR_RCT", "YBR_ICT", "RGB"])
def test_native_samples_that_still_bear_the_name_of_a_codestreams_colours_are_rgb(loaded, photometric):
    pixels = np.random.default_rng(4).integers(0, 256, (16, 12, 3), np.uint8)
    view = loaded(image(pixels, modality="US", photometric=photometric))
    assert np.array_equal(view.values, pixels)


def test_a_file_that_says_422_and_holds_every_sample_is_not_scrambled(loaded):
    pixels = np.random.default_rng(5).integers(0, 256, (16, 12, 3), np.uint8)
    full = loaded(image(pixels, modality="US", photometric="YBR_FULL")).values
    assert np.array_equal(loaded(image(pixels, modality="US", photometric="YBR_FULL_422")).values, full)


@pytest.mark.parametrize("count", [1, 3, 30])
def test_every_frame_of_a_native_422_clip_is_there(tmp_path, count):
    """Its frames have two samples a pixel, although Samples per Pixel says three."""
    dataset = image(
        np.zeros((count, 4, 4, 3), np.uint8), frames=True, modality="US", photometric="YBR_FULL_422"
    )
    dataset.PixelData = np.arange(32 * count).astype(np.uint8).tobytes()
    planes = headers(write(dataset, tmp_path / "clip.dcm"))
    assert len(planes) == count
    shown = [load_slice(header).values for header in planes]
    dataset.NumberOfFrames = 1
    for number in (0, count - 1):
        dataset.PixelData = np.arange(32 * number, 32 * (number + 1)).astype(np.uint8).tobytes()
        (alone,) = headers(write(dataset, tmp_path / "one.dcm"))
        assert np.array_equal(shown[number], load_slice(alone).values)


def test_partial_range_luma_is_stretched(loaded):
    # Y = 16 is black and 235 white, both without chroma: Y0 Y1 Cb Cr (PS3.3 C.7.6.3.1.2)
    samples = np.tile(np.array([16, 235, 128, 128], np.uint8), 8).reshape(4, 8)
    dataset = image(np.zeros((4, 4, 3), np.uint8), modality="US", photometric="YBR_PARTIAL_422")
    dataset.PixelData = samples.tobytes()
    values = loaded(dataset).values
    assert (values[:, ::2] == 0).all() and (values[:, 1::2] == 255).all()


def test_ybr_of_16_bits_is_the_colour_of_8(loaded):
    pixels = np.random.default_rng(6).integers(0, 256, (16, 12, 3), np.uint8)
    shallow = loaded(image(pixels, modality="US", photometric="YBR_FULL")).values
    deep = loaded(image(pixels.astype("u2") << 8, modality="US", photometric="YBR_FULL")).values
    assert np.abs(shallow.astype(int) - deep).max() <= 1


@pytest.mark.parametrize("planar", [0, 1])
def test_planes_do_not_matter_to_run_length(loaded, planar):
    pixels = np.random.default_rng(7).integers(0, 256, (16, 12, 3), np.uint8)
    dataset = compressed(image(pixels, modality="US"), uids.RLELossless)
    dataset.PlanarConfiguration = planar
    assert np.array_equal(loaded(dataset).values, pixels)


@pytest.mark.parametrize("photometric", ["RGB", "YBR_FULL"])
def test_planes_of_ybr_are_put_together_before_they_become_rgb(loaded, photometric):
    pixels = np.random.default_rng(8).integers(0, 256, (16, 12, 3), np.uint8)
    together = loaded(image(pixels, modality="US", photometric=photometric)).values
    apart = image(pixels, modality="US", photometric=photometric, PlanarConfiguration=1)
    apart.PixelData = np.ascontiguousarray(np.moveaxis(pixels, -1, 0)).tobytes()
    assert np.array_equal(loaded(apart).values, together)


# Presentation LUT shape


@pytest.mark.parametrize(
    ("photometric", "shape", "inverted"),
    [
        ("MONOCHROME2", "IDENTITY", False),
        ("MONOCHROME1", "INVERSE", True),
        ("MONOCHROME1", None, True),
        ("MONOCHROME2", "INVERSE", True),
        ("MONOCHROME1", "IDENTITY", False),  # which the standard forbids; DCMTK 3.6.7 shows it so too
    ],
)
def test_the_presentation_lut_shape_inverts_once_at_most(loaded, photometric, shape, inverted):
    dataset = image(photometric=photometric, modality="DX", PresentationLUTShape=shape)
    assert loaded(dataset).inverted is inverted


def test_padding_of_a_range_is_black_on_a_negative_too(loaded):
    values = gradient().astype("u2")
    dataset = image(
        values, photometric="MONOCHROME1", modality="CR", PixelPaddingValue=0, PixelPaddingRangeLimit=100,
        WindowCenter=500, WindowWidth=1000,
    )  # fmt: skip
    grey = to_grey(loaded(dataset))
    assert (grey[values <= 100] == 0).all() and grey[values == values[values > 100].min()].item() > 200


def test_a_sequence_of_voi_luts_keeps_every_choice_by_its_explanation(loaded):
    both = lut(0, np.arange(1000), 12, "NORMAL")
    both.append(lut(0, np.arange(1000)[::-1].copy(), 12, "HARDER")[0])
    view = loaded(
        image(gradient().astype("u2"), VOILUTSequence=both, WindowCenter=[5, 6], WindowWidth=[10, 12])
    )
    assert [one.explanation for one in view.luts] == ["NORMAL", "HARDER"]
    assert [window.center for window in view.windows] == [5, 6]
    assert not np.array_equal(to_grey(view, voi_lut=0), to_grey(view, voi_lut=1))
    assert np.array_equal(to_grey(view), to_grey(view, voi_lut=0))


def test_a_modality_lut_works_on_signed_stored_values(loaded):
    values = np.arange(-96, 96, dtype=np.int16).reshape(16, 12)
    sequence = item(ModalityLUTType="US")
    sequence[0].add_new("LUTDescriptor", "SS", [100, -50, 16])
    sequence[0].add_new("LUTData", "OW", (np.arange(100, dtype="<u2") * 3).tobytes())
    view = loaded(image(values, modality="DX", ModalityLUTSequence=sequence))
    assert np.array_equal(view.values, np.clip(values + 50, 0, 99) * 3)
