"""From a file to modality values and colour, through every way to store them."""

from __future__ import annotations

import numpy as np
import pytest
from pydicom import uid as uids
from pydicom.encaps import encapsulate

from tests.support.dicom_factory import (
    compressed,
    enhanced,
    gradient,
    image,
    lut,
    palette_image,
    to_bytes,
    write,
    write_zip,
)
from viewer.dicom.pixels import load_slice, stored_values
from viewer.dicom.scan import headers, scan
from viewer.errors import PixelError
from viewer.imaging.window import to_grey
from viewer.study import Window


@pytest.fixture
def loaded(tmp_path):
    """A function from a dataset to its slices, through a file."""

    def run(dataset):
        path = write(dataset, tmp_path / "one.dcm")
        return [load_slice(header) for header in headers(path)]

    return run


LOSSLESS = [
    uids.ImplicitVRLittleEndian,
    uids.ExplicitVRLittleEndian,
    uids.ExplicitVRBigEndian,
    uids.DeflatedExplicitVRLittleEndian,
    uids.RLELossless,
    uids.JPEGLSLossless,
    uids.JPEG2000Lossless,
]


@pytest.mark.parametrize(
    ("syntax", "dtype"),
    [
        pytest.param(syntax, dtype, id=f"{syntax.name} {dtype}")
        for syntax in LOSSLESS
        for dtype in ("u1", "u2", "i2")
        if (syntax, dtype) != (uids.JPEGLSLossless, "i2")  # which the encoder does not write
    ],
)
def test_a_lossless_syntax_gives_the_stored_values_back(tmp_path, syntax, dtype):
    pixels = gradient(40, 36, low=-900 if dtype == "i2" else 0, high=255 if dtype == "u1" else 3000)
    path = write(compressed(image(pixels.astype(dtype)), syntax), tmp_path / "one.dcm")
    (header,) = headers(path)
    stored = stored_values(header)
    assert header.transfer_syntax == syntax
    assert stored.dtype.isnative
    assert np.array_equal(stored, pixels)
    assert np.array_equal(load_slice(header).values, pixels)


@pytest.mark.parametrize("syntax", LOSSLESS, ids=lambda syntax: syntax.name)
def test_each_frame_is_read_from_its_own_place(tmp_path, syntax):
    frames = np.stack([gradient(33, 35) + i * 100 for i in range(3)]).astype("u2")
    path = write(compressed(image(frames, frames=True, modality="US"), syntax), tmp_path / "clip.dcm")
    found = [stored_values(header) for header in headers(path)]
    assert np.array_equal(found, frames)


@pytest.mark.parametrize("planar", [0, 1])
@pytest.mark.parametrize("syntax", [uids.ExplicitVRLittleEndian, uids.ExplicitVRBigEndian])
def test_rgb_shows_its_colours_whatever_the_planes(loaded, planar, syntax):
    rgb = np.random.default_rng(1).integers(0, 256, (5, 7, 3)).astype("u1")
    dataset = image(rgb, modality="US", PlanarConfiguration=planar)
    data = (np.moveaxis(rgb, -1, 0) if planar else rgb).tobytes()
    dataset.PixelData = data + b"\0" * (len(data) % 2)
    dataset.file_meta.TransferSyntaxUID = syntax
    (view,) = loaded(dataset)
    assert view.is_color and np.array_equal(view.values, rgb)


def test_deep_colour_keeps_its_upper_bits(loaded):
    rgb = np.random.default_rng(1).integers(0, 4096, (5, 7, 3)).astype("u2")
    (view,) = loaded(image(rgb, modality="US", bits_stored=12))
    assert np.array_equal(view.values, (rgb >> 4).astype("u1"))


# YBR_FULL of pure red, green, blue, white and black, by the equations of PS3.3 C.7.6.3.1.2
YBR = {(76, 85, 255): (254, 0, 0), (150, 44, 21): (0, 255, 1), (29, 255, 107): (0, 0, 254),
       (255, 128, 128): (255, 255, 255), (0, 128, 128): (0, 0, 0)}  # fmt: skip


def test_ybr_full_becomes_rgb(loaded):
    ybr = np.array([list(YBR)], "u1")
    (view,) = loaded(image(ybr, modality="US", photometric="YBR_FULL"))
    assert np.abs(view.values[0].astype(int) - np.array(list(YBR.values()))).max() <= 1


def test_native_ybr_full_422_shares_its_chroma_between_two_pixels(loaded):
    dataset = image(np.zeros((1, 4, 3), "u1"), modality="US", photometric="YBR_FULL_422")
    dataset.PixelData = bytes([76, 76, 85, 255, 255, 0, 128, 128])
    (view,) = loaded(dataset)
    expected = [(254, 0, 0), (254, 0, 0), (255, 255, 255), (0, 0, 0)]
    assert np.abs(view.values[0].astype(int) - np.array(expected)).max() <= 1


def test_a_colour_jpeg_is_rgb_within_its_losses(loaded):
    rgb = np.zeros((32, 32, 3), "u1")
    rgb[:16, :, 0], rgb[16:, :, 2] = 200, 180
    (view,) = loaded(compressed(image(rgb, modality="US"), uids.JPEGBaseline8Bit))
    assert np.abs(view.values.astype(int) - rgb).max() <= 12
    assert view.values[0, 0].argmax() == 0 and view.values[-1, 0].argmax() == 2


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("first", [0, 10])
def test_a_palette_gives_its_colours_and_clamps_at_its_ends(loaded, bits, first):
    colors = np.random.default_rng(2).integers(0, 256, (20, 3)).astype("u1")
    indices = np.array([[0, 10, 15, 29, 30, 255]], "u1")
    (view,) = loaded(palette_image(indices, colors, first=first, bits=bits))
    assert np.array_equal(view.values[0], colors[np.clip(indices[0].astype(int) - first, 0, 19)])


def test_a_palette_that_says_16_bits_and_holds_8_is_not_black(loaded):
    colors = np.array([[10, 20, 30], [200, 210, 220]], "u1")
    dataset = palette_image(np.array([[0, 1]], "u1"), colors, bits=8)
    for name in ("Red", "Green", "Blue"):
        data = colors[:, ["Red", "Green", "Blue"].index(name)].astype("<u2").tobytes()
        setattr(dataset, f"{name}PaletteColorLookupTableDescriptor", [2, 0, 16])
        setattr(dataset, f"{name}PaletteColorLookupTableData", data)
    (view,) = loaded(dataset)
    assert np.array_equal(view.values[0], colors)


def test_a_segmented_palette_is_expanded(loaded):
    dataset = palette_image(np.array([[0, 1, 2, 3]], "u1"), np.zeros((4, 3), "u1"))
    for name in ("Red", "Green", "Blue"):
        delattr(dataset, f"{name}PaletteColorLookupTableData")
        # discrete segment: 1 entry (0); linear segment: 3 entries up to 0xff00
        data = np.array([0, 1, 0, 1, 3, 0xFF00], "<u2").tobytes()
        setattr(dataset, f"Segmented{name}PaletteColorLookupTableData", data)
    (view,) = loaded(dataset)
    assert view.values[0, :, 0].tolist() == [0, 85, 170, 255]


def test_a_palette_image_without_palette_says_so(tmp_path):
    path = write(image(np.zeros((3, 3), "u1"), photometric="PALETTE COLOR"), tmp_path / "one.dcm")
    with pytest.raises(PixelError, match="palette"):
        load_slice(headers(path)[0])


def test_bits_outside_the_stored_ones_are_ignored(loaded):
    values = np.array([[0, 1, 0x7FF, 0xFFF]], "u2")
    (view,) = loaded(image(values | 0xA000, bits_stored=12))
    assert np.array_equal(view.values, values)


def test_signed_values_in_twelve_bits_keep_their_sign(loaded):
    values = np.array([[-2048, -1, 0, 2047]], "i2")
    (view,) = loaded(image((values & 0x0FFF).astype("i2"), bits_stored=12))
    assert np.array_equal(view.values, values)


@pytest.mark.parametrize("signed", [False, True])
def test_a_high_bit_above_the_stored_bits_shifts(loaded, signed):
    values = np.array([[-2048, -1, 5, 2047]] if signed else [[0, 1, 5, 4095]], "i2")
    shifted = ((values & 0xFFF) << 4 | 0xF).astype("i2" if signed else "u2")
    (view,) = loaded(image(shifted, bits_stored=12, HighBit=15))
    assert np.array_equal(view.values, values)


def test_one_bit_frames_need_not_start_at_a_byte(loaded):
    masks = np.random.default_rng(3).random((4, 5, 7)) > 0.5
    views = loaded(image(masks, frames=True, modality="OT"))
    assert np.array_equal([view.values for view in views], masks)


@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_float_pixel_data_keep_their_values(loaded, dtype):
    values = np.array([[0.25, -1e6, 3.5]], dtype)
    (view,) = loaded(image(values, modality="OT"))
    assert view.values.dtype == np.float32 and np.array_equal(view.values, values)


# Modality values


def test_whole_rescales_stay_exact_integers(loaded):
    stored = np.array([[0, 1, 4095]], "u2")
    (view,) = loaded(image(stored, bits_stored=12, RescaleSlope=2, RescaleIntercept=-1024))
    assert view.values.dtype == np.int16
    assert view.values.tolist() == [[-1024, -1022, 7166]]
    assert view.header.unit == "HU"


def test_rescales_too_large_for_16_bits_take_32(loaded):
    (view,) = loaded(image(np.array([[0, 65535]], "u2"), RescaleSlope=3, RescaleIntercept=-1))
    assert view.values.dtype == np.int32 and view.values.tolist() == [[-1, 196604]]


def test_fractional_rescales_give_floats(loaded):
    (view,) = loaded(image(np.array([[0, 3]], "i2"), RescaleSlope=0.5, RescaleIntercept=0.25))
    assert view.values.dtype == np.float32 and view.values.tolist() == [[0.25, 1.75]]


def test_a_slope_of_zero_does_not_wipe_the_image_out(loaded):
    (view,) = loaded(image(np.array([[0, 3]], "i2"), RescaleSlope=0, RescaleIntercept=0))
    assert view.values.tolist() == [[0, 3]]


def test_a_modality_lut_comes_before_the_rescale(loaded):
    dataset = image(np.array([[-5, 0, 1, 2, 9]], "i2"), RescaleSlope=7)
    dataset.ModalityLUTSequence = lut(0, [100, 50, 3000], 16)
    dataset.ModalityLUTSequence[0].ModalityLUTType = "OD"
    (view,) = loaded(dataset)
    assert view.values.tolist() == [[100, 100, 50, 3000, 3000]]
    assert view.header.unit == "mOD"


def test_each_enhanced_frame_has_its_own_rescale_window_and_position(tmp_path):
    dataset = enhanced(
        np.stack([gradient(4, 4)] * 3), [(0, 0, 4), (0, 0, 0), (0, 0, 2)],
        rescales=[(1, 0), (2, 10), (0.5, 0)], windows=[(1, 10), (2, 20), (3, 30)],
    )  # fmt: skip
    (series,) = scan(write(dataset, tmp_path / "one.dcm")).series
    assert [h.frame for h in series.slices] == [0, 2, 1]
    views = [load_slice(h) for h in series.slices]
    assert [v.windows[0] for v in views] == [Window(1, 10), Window(3, 30), Window(2, 20)]
    stored = gradient(4, 4)
    assert np.array_equal(views[0].values, stored)
    assert np.array_equal(views[1].values, stored * 0.5)
    assert np.array_equal(views[2].values, stored * 2 + 10)


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({"PixelPaddingValue": -2000}, (-3024, -3024)),
        ({"PixelPaddingValue": -2000, "PixelPaddingRangeLimit": -1990}, (-3024, -3014)),
        ({"PixelPaddingValue": -1990, "PixelPaddingRangeLimit": -2000}, (-3024, -3014)),
        ({}, None),
    ],
)
def test_padding_is_told_in_modality_values(loaded, attributes, expected):
    dataset = image(np.array([[-2000, 0]], "i2"), RescaleSlope=1, RescaleIntercept=-1024, **attributes)
    (view,) = loaded(dataset)
    assert view.padding == expected


def test_padding_written_unsigned_in_a_signed_image_is_found(loaded):
    dataset = image(np.array([[-2000, 0]], "i2"))
    dataset.add_new("PixelPaddingValue", "US", 65536 - 2000)
    (view,) = loaded(dataset)
    assert view.padding == (-2000, -2000)
    assert to_grey(view, Window(-2000, 10))[0, 0] == 0


def test_padding_beyond_the_stored_bits_is_found_in_the_bits_that_are_used(loaded):
    (view,) = loaded(image(np.array([[0xF830, 5]], "u2"), bits_stored=12, PixelPaddingValue=0xF830))
    assert view.values.tolist() == [[0x830, 5]]
    assert view.padding == (0x830, 0x830)


# VOI


def test_the_voi_choices_of_the_file_come_in_its_order(loaded):
    dataset = image(
        WindowCenter=[40, -600], WindowWidth=[400, 1500], WindowCenterWidthExplanation=["SOFT", "LUNG"],
        VOILUTFunction="SIGMOID", VOILUTSequence=lut(-5, [0, 2048, 4095], 12, "NORMAL"),
        RescaleIntercept=-1024,
    )  # fmt: skip
    (view,) = loaded(dataset)
    assert view.windows == (Window(40, 400, "SIGMOID", "SOFT"), Window(-600, 1500, "SIGMOID", "LUNG"))
    (table,) = view.luts
    assert (table.first, table.bits, table.explanation) == (-5, 12, "NORMAL")
    assert table.table.tolist() == [0, 2048, 4095]
    assert view.header.windows == view.windows


def test_a_first_value_written_unsigned_is_signed_where_the_values_are(loaded):
    dataset = image(np.array([[-5, -4]], "i2"), VOILUTSequence=lut(0, [1, 2], 8))
    dataset.VOILUTSequence[0].LUTDescriptor = [2, 65536 - 5, 8]
    (view,) = loaded(dataset)
    assert view.luts[0].first == -5


@pytest.mark.parametrize("bits", [8, 16])
def test_a_lut_of_65536_entries_writes_its_count_as_zero(loaded, bits):
    entries = np.arange(65536) % 256 if bits == 8 else np.arange(65536)
    (view,) = loaded(image(np.zeros((2, 2), "u2"), VOILUTSequence=lut(0, entries, bits)))
    assert len(view.luts[0].table) == 65536


def test_a_malformed_lut_is_left_out(loaded):
    dataset = image(VOILUTSequence=lut(0, [1, 2], 8), WindowCenter=1, WindowWidth=2)
    del dataset.VOILUTSequence[0].LUTData
    (view,) = loaded(dataset)
    assert view.luts == () and view.windows == (Window(1, 2),)


@pytest.mark.parametrize(("width", "kept"), [(0, 0), (-5, 0), (1, 1), (400, 1)])
def test_windows_that_no_function_allows_are_left_out(loaded, width, kept):
    (view,) = loaded(image(WindowCenter=0, WindowWidth=width))
    assert len(view.windows) == kept


def test_a_narrow_window_of_a_parametric_map_is_exact(loaded):
    (view,) = loaded(image(np.array([[0, 1]], "f4"), modality="OT", WindowCenter=0.5, WindowWidth=0.8))
    assert view.windows == (Window(0.5, 0.8, "LINEAR_EXACT"),)


@pytest.mark.parametrize(
    ("attributes", "inverted"),
    [
        ({"photometric": "MONOCHROME1"}, True),
        ({"photometric": "MONOCHROME1", "PresentationLUTShape": "INVERSE"}, True),
        ({"PresentationLUTShape": "IDENTITY"}, False),
        ({"PresentationLUTShape": "INVERSE"}, True),
        ({}, False),
    ],
)
def test_monochrome1_is_not_inverted_in_the_values_but_told(loaded, attributes, inverted):
    (view,) = loaded(image(modality="DX", **attributes))
    assert view.inverted is inverted
    assert np.array_equal(view.values, gradient())


# What cannot be shown


def reason(path) -> str:
    with pytest.raises(PixelError) as raised:
        load_slice(headers(path)[0])
    assert raised.value.remedy
    return raised.value.what


def test_a_file_cut_off_within_its_pixels_is_said_to_be(tmp_path):
    path = tmp_path / "cut.dcm"
    path.write_bytes(to_bytes(image(gradient(16, 16)))[:-100])
    assert "cut off: 412 of 512 bytes" in reason(path)


@pytest.mark.parametrize("syntax", [uids.JPEGLSLossless, uids.JPEG2000Lossless, uids.RLELossless])
def test_half_a_codestream_is_not_shown_as_half_a_picture(tmp_path, syntax):
    frames = np.random.default_rng(4).integers(0, 4096, (2, 64, 64)).astype("u2")
    data = to_bytes(compressed(image(frames, frames=True, modality="US"), syntax))
    path = tmp_path / "cut.dcm"
    path.write_bytes(data[: -len(data) // 4])
    whole, cut = headers(path)
    assert np.array_equal(stored_values(whole), frames[0])
    with pytest.raises(PixelError, match="cut off within image 2 of 2"):
        load_slice(cut)


def test_the_whole_frames_of_a_cut_clip_still_show(tmp_path):
    path = tmp_path / "cut.dcm"
    frames = np.stack([gradient(16, 16)] * 3)
    path.write_bytes(to_bytes(image(frames, frames=True, modality="US"))[:-100])
    found = headers(path)
    assert np.array_equal(load_slice(found[1]).values, gradient(16, 16))
    with pytest.raises(PixelError, match="cut off"):
        load_slice(found[2])


@pytest.mark.parametrize(
    ("syntax", "name"),
    [
        ("1.2.840.10008.1.2.4.110", "JPEG XL Lossless"),
        ("1.2.840.10008.1.2.4.102", "MPEG-4 AVC/H.264 High Profile"),
        ("1.2.3.4", "transfer syntax 1.2.3.4"),
    ],
)
def test_a_syntax_nobody_decodes_is_named_and_still_listed(tmp_path, syntax, name):
    dataset = compressed(image(gradient(32, 32).astype("u1")), uids.JPEGBaseline8Bit)
    dataset.file_meta.TransferSyntaxUID = syntax
    path = write(dataset, tmp_path / "one.dcm")
    assert headers(path)[0].rows == 32
    what = reason(path)
    assert "cannot be decoded" in what and name in what


@pytest.mark.parametrize("syntax", [uids.JPEGBaseline8Bit, uids.JPEG2000Lossless, uids.RLELossless])
def test_rubbish_in_place_of_a_codestream_is_said_to_be_damaged(tmp_path, syntax):
    dataset = image(gradient(32, 32).astype("u2"))
    dataset.PixelData = encapsulate([b"\x12\x34" * 50])
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset["PixelData"].is_undefined_length = True
    assert "damaged" in reason(write(dataset, tmp_path / "one.dcm"))


def test_a_size_beyond_all_measure_is_refused_before_it_is_allocated(tmp_path):
    dataset = compressed(image(np.zeros((32, 32, 3), "u1"), modality="US"), uids.JPEGBaseline8Bit)
    dataset.Rows = dataset.Columns = 65535
    assert "65535 × 65535" in reason(write(dataset, tmp_path / "one.dcm"))


def test_a_frame_that_is_not_there_is_said_to_be_missing(tmp_path):
    dataset = compressed(
        image(gradient(32, 32)[None].astype("u2"), frames=True, modality="US"), uids.RLELossless
    )
    dataset.NumberOfFrames = 2
    path = write(dataset, tmp_path / "one.dcm")
    with pytest.raises(PixelError, match="Image 2 of 2"):
        load_slice(headers(path)[1])


def test_a_file_that_went_away_is_said_to_be_gone(tmp_path):
    path = write(image(), tmp_path / "one.dcm")
    (header,) = headers(path)
    path.unlink()
    with pytest.raises(PixelError, match="gone"):
        load_slice(header)


def test_a_file_that_was_replaced_is_read_anew(tmp_path):
    path = write(image(RescaleIntercept=0), tmp_path / "one.dcm")
    (header,) = headers(path)
    before = load_slice(header).values
    write(image(RescaleIntercept=-1024, StudyDescription="another length"), path)
    assert np.array_equal(load_slice(header).values, before - 1024)


def test_slices_of_an_archive_are_those_of_the_files(tmp_path):
    datasets = [image(gradient() + i, position=(0, 0, i), instance=i) for i in range(3)]
    datasets.append(
        compressed(image(gradient(), series="z", SeriesNumber=2), uids.DeflatedExplicitVRLittleEndian)
    )
    archive = write_zip(tmp_path / "s.zip", [(f"a/{i}.dcm", to_bytes(d)) for i, d in enumerate(datasets)])
    series = scan(archive).series
    assert np.array_equal(load_slice(series[0].slices[0]).values, gradient() + 2)
    assert np.array_equal(load_slice(series[1].slices[0]).values, gradient())


def test_nobody_can_write_to_a_slice_that_is_shared(loaded):
    (view,) = loaded(image())
    with pytest.raises(ValueError, match="read-only"):
        view.values[0, 0] = 1


@pytest.mark.parametrize("slope", [1e19, 1e300])
def test_a_slope_past_every_integer_still_gives_numbers(slope):
    from viewer.dicom.grayscale import ModalityTransform

    stored = np.array([[0, 0]], np.uint16)
    assert ModalityTransform(slope, 0.0).apply(stored).tolist() == [[0.0, 0.0]]
