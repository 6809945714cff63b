"""What cannot be decoded is called by its name, with a next step; encapsulated native pixels can be."""

from __future__ import annotations

import numpy as np
import pytest
from pydicom.encaps import encapsulate

from tests.support.dicom_factory import gradient, image, write
from viewer.dicom.pixels import load_slice, stored_values
from viewer.dicom.scan import headers
from viewer.errors import PixelError

JPEG = "1.2.840.10008.1.2.4."
ENCAPSULATED_NATIVE = "1.2.840.10008.1.2.1.98"


def encapsulated(syntax: str, frames: list[bytes], dataset):
    dataset.PixelData = encapsulate(frames)
    dataset["PixelData"].VR = "OB"
    dataset["PixelData"].is_undefined_length = True
    dataset.file_meta.TransferSyntaxUID = syntax
    return dataset


@pytest.mark.parametrize(
    ("syntax", "said", "next_step"),
    [
        (f"{JPEG}110", "JPEG XL Lossless", "uncompressed or as JPEG 2000"),
        (f"{JPEG}111", "JPEG XL JPEG Recompression", "uncompressed or as JPEG 2000"),
        (f"{JPEG}112", "JPEG XL", "uncompressed or as JPEG 2000"),
        (f"{JPEG}100", "video (MPEG2 Main Profile", "single images"),
        (f"{JPEG}101.1", "video (Fragmentable MPEG2", "single images"),
        (f"{JPEG}102", "video (MPEG-4 AVC/H.264", "single images"),
        (f"{JPEG}106", "video (MPEG-4 AVC/H.264 Stereo", "single images"),
        (f"{JPEG}107", "video (HEVC/H.265", "single images"),
        (f"{JPEG}94", "on a server", "archive"),
        (f"{JPEG}95", "on a server", "archive"),
        (f"{JPEG}204", "on a server", "archive"),
        (f"{JPEG}205", "on a server", "archive"),
        ("1.2.840.10008.1.2.7.1", "live video stream (SMPTE ST 2110-20", "program"),
        (f"{JPEG}58", "JPEG Lossless, Non-Hierarchical (Process 15)", "uncompressed"),
        (f"{JPEG}66", "JPEG Lossless, Hierarchical (Process 29)", "uncompressed"),
        (f"{JPEG}92", "JPEG 2000 Part 2", "uncompressed"),
        ("1.2.3.4", "transfer syntax 1.2.3.4", "uncompressed"),
    ],
)
def test_a_format_that_nothing_decodes_is_named_with_a_next_step(tmp_path, syntax, said, next_step):
    path = write(
        encapsulated(syntax, [b"\0" * 64], image(gradient(32, 32).astype("u1"))), tmp_path / "one.dcm"
    )
    (header,) = headers(path)
    assert header.rows == 32
    with pytest.raises(PixelError) as raised:
        load_slice(header)
    assert said in raised.value.what and "cannot be decoded" in raised.value.what
    assert next_step in raised.value.remedy


@pytest.mark.parametrize("dtype", ["u1", "i2"])
def test_native_frames_in_fragments_are_read(tmp_path, dtype):
    frames = np.stack([gradient(15, 13, high=250) + n for n in range(3)]).astype(dtype)
    dataset = image(frames, frames=True, modality="US")
    native = [frame.tobytes() for frame in frames]
    path = write(encapsulated(ENCAPSULATED_NATIVE, native, dataset), tmp_path / "one.dcm")
    assert np.array_equal([stored_values(header) for header in headers(path)], frames)


def test_one_bit_native_frames_in_fragments_each_start_at_a_byte(tmp_path):
    masks = np.random.default_rng(3).random((3, 5, 7)) > 0.5
    packed = [np.packbits(mask.ravel(), bitorder="little").tobytes() for mask in masks]
    dataset = encapsulated(ENCAPSULATED_NATIVE, packed, image(masks, frames=True, modality="OT"))
    assert np.array_equal([stored_values(h) for h in headers(write(dataset, tmp_path / "one.dcm"))], masks)


def test_a_native_fragment_that_is_too_short_is_said_to_be_cut_off(tmp_path):
    dataset = encapsulated(ENCAPSULATED_NATIVE, [b"\0" * 100], image(gradient(16, 16)))
    with pytest.raises(PixelError, match="cut off: 100 of 512 bytes"):
        load_slice(headers(write(dataset, tmp_path / "one.dcm"))[0])
