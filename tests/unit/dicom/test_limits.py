"""What a file claims is weighed against its bytes before memory or time is spent on the claim."""

from __future__ import annotations

import time
import tracemalloc
from contextlib import contextmanager

import numpy as np
import pytest

from tests.fuzz.elements import anatomy
from tests.fuzz.mutations import nested
from tests.support.dicom_factory import (
    compressed,
    enhanced,
    gradient,
    image,
    lut,
    palette_image,
    to_bytes,
    write,
)
from tests.support.shared_data import shared_data
from viewer.dicom import limits
from viewer.dicom.pixels import load_slice
from viewer.dicom.scan import NothingToShow, headers, scan
from viewer.dicom.tag_table import read_tags
from viewer.errors import PixelError, StudyError
from viewer.study import Source

RLE, JPEG, JPEG_LS, J2K = (f"1.2.840.10008.1.2.{end}" for end in ("5", "4.50", "4.80", "4.90"))


@contextmanager
def few_bytes(most: int = 64 << 20):
    """Fails if Python and NumPy held more than so many bytes at a time."""
    tracemalloc.start()
    try:
        yield
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < most


def replaced(data: bytes, tag: int, vr: bytes, value: bytes) -> bytes:
    """A file with another value of an element of its dataset; the element is added if it is not there."""
    parts = anatomy(data)
    made, one = parts.encoded(tag, vr, value), parts.top(tag)
    if one is not None:
        return data[: one.start] + made + data[one.value + one.length :]
    after = next(one for one in parts.elements if one.tag > tag and not one.depth)
    return data[: after.start] + made + data[after.start :]


def shown(path):
    """Every frame's picture or sentence."""
    return [loaded(header) for header in headers(path)]


def loaded(header) -> str:
    try:
        load_slice(header)
    except PixelError as error:
        return str(error)
    return ""


# Rows × Columns


@pytest.mark.parametrize("syntax", ["1.2.840.10008.1.2.1", RLE, JPEG, JPEG_LS, J2K])
def test_a_frame_of_gigabytes_in_a_small_file_is_refused_at_once(tmp_path, syntax):
    data = to_bytes(compressed(image(gradient(32, 32).astype("u1"), bits_stored=8), syntax))
    for tag in (0x00280010, 0x00280011):
        data = replaced(data, tag, b"US", b"\xff\xff")
    path = tmp_path / "large.dcm"
    path.write_bytes(data)
    with few_bytes():
        (sentence,) = shown(path)
    assert "65535 × 65535" in sentence and "Copy the file" in sentence


@pytest.mark.parametrize("syntax", [RLE, JPEG])
def test_a_frame_that_its_codestream_cannot_hold_never_reaches_a_decoder(tmp_path, monkeypatch, syntax):
    from viewer.dicom import processes

    def decoder(*args):
        raise AssertionError("a decoder was asked")

    monkeypatch.setattr(processes.POOL, "decode", decoder)
    data = to_bytes(compressed(image(gradient(32, 32).astype("u1"), bits_stored=8), syntax))
    for tag in (0x00280010, 0x00280011):
        data = replaced(data, tag, b"US", (20_000).to_bytes(2, "little"))
    path = tmp_path / "large.dcm"
    path.write_bytes(data)
    assert "does not fit into" in shown(path)[0]


@pytest.mark.parametrize("syntax", [RLE, JPEG])
def test_an_empty_image_that_packs_well_fits(syntax, tmp_path):
    path = write(compressed(image(np.zeros((512, 512), "u1"), bits_stored=8), syntax), tmp_path / "empty.dcm")
    assert shown(path) == [""]


def test_native_pixels_that_are_not_there_cost_no_memory(tmp_path):
    data = to_bytes(image(gradient(32, 32)))
    for tag in (0x00280010, 0x00280011):
        data = replaced(data, tag, b"US", (16_000).to_bytes(2, "little"))
    parts = anatomy(data)
    pixels = parts.elements[-1]
    lying = parts.encoded(pixels.tag, pixels.vr, b"", 0x7FFFFFFE)
    path = tmp_path / "large.dcm"
    path.write_bytes(data[: pixels.start] + lying + data[pixels.value :])
    with few_bytes():
        assert "cut off" in shown(path)[0]


# Number of Frames


@pytest.mark.parametrize("count", ["199999", "1000000000", "9" * 30])
@pytest.mark.parametrize("syntax", ["1.2.840.10008.1.2.1", RLE])
def test_frames_that_a_file_cannot_hold_are_not_listed(tmp_path, count, syntax):
    data = to_bytes(compressed(image(np.stack([gradient(32, 32)] * 3), frames=True), syntax))
    path = tmp_path / "many.dcm"
    path.write_bytes(replaced(data, 0x00280008, b"IS", count.encode() + b" " * (len(count) % 2)))
    if int(count) > 200_000 and syntax != RLE:
        assert len(headers(path)) == 3
    elif int(count) > 200_000:
        with pytest.raises(StudyError, match="frames"):
            headers(path)
    else:
        assert 3 <= len(headers(path)) <= limits.FRAMES_UNASKED


def test_a_long_loop_that_is_there_is_listed_whole(tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "FRAMES_UNASKED", 5)
    frames = np.zeros((9, 8, 8), "u1")
    for syntax in ("1.2.840.10008.1.2.1", RLE):
        path = write(
            compressed(image(frames, frames=True, bits_stored=8), syntax), tmp_path / f"{syntax}.dcm"
        )
        assert len(headers(path)) == len(frames)


def test_frames_missing_at_the_end_of_a_copy_are_listed_and_said(tmp_path):
    data = to_bytes(image(np.stack([gradient(32, 32)] * 4), frames=True))
    path = tmp_path / "cut.dcm"
    path.write_bytes(data[:-2048])
    sentences = shown(path)
    assert sentences[:3] == ["", "", ""] and "cut off" in sentences[3]


# Tables, overlays, sequences, texts


@pytest.mark.parametrize("count", [0, 1, 65535])
def test_tables_of_any_declared_length_are_read_as_far_as_they_go(tmp_path, count):
    made = image(gradient(), VOILUTSequence=lut(0, range(16), 16))
    made.VOILUTSequence[0].LUTDescriptor = [count, 0, 16]
    (header,) = headers(write(made, tmp_path / "lut.dcm"))
    with few_bytes():
        assert all(table.table.size <= 65536 for table in load_slice(header).luts)


def test_a_palette_shorter_than_it_says_is_a_picture_or_a_sentence(tmp_path):
    made = palette_image(gradient(high=255).astype("u1"), np.zeros((4, 3), "u1"))
    for name in ("Red", "Green", "Blue"):
        setattr(made, f"{name}PaletteColorLookupTableDescriptor", [65535, 0, 16])
    assert len(shown(write(made, tmp_path / "palette.dcm"))) == 1


def test_an_overlay_larger_than_its_data_is_left_out(tmp_path):
    data = to_bytes(image(gradient()))
    for tag, value in ((0x60000010, b"\xff\xff"), (0x60000011, b"\xff\xff"), (0x60000050, b"\1\0\1\0")):
        data = replaced(data, tag, b"US", value)
    path = tmp_path / "overlay.dcm"
    path.write_bytes(replaced(data, 0x60003000, b"OW", b"\xff" * 64))
    with few_bytes():
        assert load_slice(headers(path)[0]).graphics == ()


@pytest.mark.parametrize("kind", ["defined", "undefined", "cut"])
@pytest.mark.parametrize("tag", [0x00081140, 0x52009230])
def test_sequences_ten_thousand_deep_cost_their_file_at_most(tmp_path, kind, tag):
    data = to_bytes(image(gradient()))
    path = tmp_path / "deep.dcm"
    path.write_bytes(replaced(data, tag, b"SQ", nested(10_000, tag, anatomy(data), kind)))
    write(image(gradient(), instance=2, position=(0, 0, 2)), tmp_path / "good.dcm")
    result = scan(tmp_path)
    assert sum(len(one.slices) for one in result.series) + len(result.skipped) == 2
    assert sum(not loaded(one) for series in result.series for one in series.slices) >= 1
    assert read_tags(Source(path))


def test_functional_groups_need_not_be_as_many_as_frames(tmp_path):
    made = enhanced(np.stack([gradient()] * 2), [(0, 0, z) for z in range(2)])
    made.PerFrameFunctionalGroupsSequence = made.PerFrameFunctionalGroupsSequence[:1]
    assert shown(write(made, tmp_path / "few.dcm")) == ["", ""]


def test_a_name_of_megabytes_is_cut(tmp_path):
    path = write(image(gradient(), SeriesDescription="x" * 60_000), tmp_path / "long.dcm")
    data = path.read_bytes()
    element = anatomy(data).top(0x00100010)
    made = anatomy(data).encoded(0x00100010, b"UN", b"A^" * (5 << 20))
    path.write_bytes(data[: element.start] + made + data[element.value + element.length :])
    (series,) = scan(path).series
    assert len(series.patient.name) < 5000 and len(series.description) < 5000


@pytest.mark.parametrize(("count", "spacing"), [(2, (1.0, 1.0)), (4 << 20, None)])
def test_a_list_of_millions_of_numbers_is_taken_for_damaged(tmp_path, count, spacing):
    data = to_bytes(compressed(image(gradient()), "1.2.840.10008.1.2"))
    path = tmp_path / "list.dcm"
    path.write_bytes(replaced(data, 0x00280030, b"DS", b"\\".join([b"1"] * count) + b" "))
    assert headers(path)[0].geometry.spacing == spacing


@pytest.mark.parametrize("spacing", ["1e308\\1e-308", "1e-30\\1e-30", "1\\5000", "1e30\\1e30"])
def test_a_spacing_that_nobody_can_mean_is_none(tmp_path, spacing):
    from viewer.session.thumbnail import thumbnail

    data = replaced(to_bytes(image(gradient())), 0x00280030, b"DS", spacing.encode().ljust(14))
    path = tmp_path / "spacing.dcm"
    path.write_bytes(data)
    (header,) = headers(path)
    assert header.geometry.spacing is None and header.geometry.aspect == 1
    assert max(thumbnail(load_slice(header), "CT").shape) <= 96


def test_a_private_element_of_gigabytes_is_not_read(tmp_path):
    data = to_bytes(image(gradient()))
    parts = anatomy(data)
    at = next(one for one in parts.elements if one.tag > 0x00090010 and not one.depth).start
    path = tmp_path / "private.dcm"
    with open(path, "wb") as stream:  # a sparse file: it takes no room on the disk
        stream.write(data[:at] + parts.encoded(0x00091001, b"OB", b"", 0x60000000))
        stream.seek(0x60000000, 1)
        stream.write(data[at:])
    with few_bytes():
        assert shown(path) == [""]


def test_words_of_a_damaged_header_do_not_pass_for_its_kind(tmp_path):
    made = image()
    made.Modality = "Doe^Jane, born 1950"
    del made.PixelData, made.Rows, made.SOPClassUID
    with pytest.raises(NothingToShow) as said:
        scan(write(made, tmp_path / "odd.dcm"))
    assert said.value.skipped[0].reason == "DICOM without an image"


def test_an_icon_with_pixels_of_its_own_is_not_the_image(tmp_path):
    data = to_bytes(image(gradient()))
    parts = anatomy(data)
    size = b"".join(parts.encoded(tag, b"US", b"\xff\xff") for tag in (0x00280010, 0x00280011))
    icon = size + parts.encoded(0x7FE00010, b"OW", b"\0" * 8)
    item = b"\xfe\xff\x00\xe0" + len(icon).to_bytes(4, "little") + icon
    path = tmp_path / "icon.dcm"
    path.write_bytes(replaced(data, 0x00880200, b"SQ", item))
    (header,) = headers(path)
    assert (header.rows, header.cols) == gradient().shape and not loaded(header)


# Files that change while they are read


def test_a_file_that_shrinks_grows_or_vanishes_after_the_scan_is_a_sentence(tmp_path):
    for number in range(4):
        write(image(gradient(64, 64), instance=number, position=(0, 0, number)), tmp_path / f"{number}.dcm")
    (series,) = scan(tmp_path).series
    by_name = {header.source.path.name: header for header in series.slices}
    whole = (tmp_path / "0.dcm").read_bytes()
    (tmp_path / "0.dcm").write_bytes(whole[:3000])
    (tmp_path / "1.dcm").write_bytes(b"")
    (tmp_path / "2.dcm").unlink()
    (tmp_path / "3.dcm").write_bytes(whole + bytes(5000))
    assert "cut off" in loaded(by_name["0.dcm"])
    assert "mpty" in loaded(by_name["1.dcm"])
    assert "gone" in loaded(by_name["2.dcm"])
    assert not loaded(by_name["3.dcm"])
    time.sleep(0.01)
    assert "gone" in loaded(by_name["2.dcm"])


@pytest.mark.shared_data
def test_a_whole_file_of_many_tiny_frames_keeps_them_all():
    path = shared_data("dicom", "highdicom/data/test_files/seg_image_sm_dots_tiled_full.dcm")
    assert len(headers(path)) == 1250
