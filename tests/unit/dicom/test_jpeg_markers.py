"""What GDCM never gets to see, because it would end the decoder process."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image
from pydicom import uid as uids
from pydicom.encaps import encapsulate

from tests.support.dicom_factory import gradient, image, write
from viewer.dicom.jpeg_markers import is_plausible
from viewer.dicom.pixels import load_slice
from viewer.dicom.scan import headers
from viewer.errors import PixelError

FITS = {"rows": 24, "cols": 32, "samples": 1, "bits": 8}


def jpeg(**options) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(np.arange(24 * 32, dtype=np.uint16).astype(np.uint8).reshape(24, 32)).save(
        stream, "JPEG", **options
    )
    return stream.getvalue()


def marker(stream: bytes, kind: int) -> int:
    """Where the body of the first segment of this kind starts, after its length."""
    return stream.index(bytes([0xFF, kind])) + 4


def changed(stream: bytes, position: int, value: int) -> bytes:
    return stream[:position] + bytes([value]) + stream[position + 1 :]


@pytest.mark.parametrize(
    "options", [{}, {"progressive": True}, {"comment": b"hello"}, {"restart_marker_rows": 1}]
)
def test_a_good_codestream_passes(options):
    assert is_plausible(jpeg(**options), **FITS)


@pytest.mark.parametrize("differs", [{"rows": 23}, {"cols": 33}, {"samples": 3}, {"bits": 7}])
def test_a_frame_that_is_not_the_one_of_the_header_is_refused(differs):
    assert not is_plausible(jpeg(), **(FITS | differs))


def test_a_damaged_header_is_refused():
    good = jpeg()
    frame, table, scan = (marker(good, kind) for kind in (0xC0, 0xC4, 0xDA))
    damaged = {
        "no start": b"\0" + good[1:],
        "precision": changed(good, frame, 0x30),
        "sampling": changed(good, frame + 7, 0),
        "table number": changed(good, table, 0x77),
        "table counts": changed(good, table + 1, 255),
        "scan components": changed(good, scan, 9),
        "segment length": changed(good, frame - 1, 200),
        "marker": changed(good, frame - 3, 0x02),
        "no marker": changed(good, frame - 4, 0x00),
    }
    assert [name for name, stream in damaged.items() if is_plausible(stream, **FITS)] == []


def test_every_stump_of_a_header_is_refused():
    good = jpeg()
    scan = marker(good, 0xDA)
    assert not any(is_plausible(good[:end], **FITS) for end in range(scan + 1))


@pytest.mark.parametrize("syntax", [uids.JPEGLossless, uids.JPEGLosslessSV1, uids.JPEGExtended12Bit])
def test_a_damaged_lossless_jpeg_costs_a_message_and_not_the_process(tmp_path, syntax):
    dataset = image(gradient(24, 32).astype("u2"), bits_stored=12)
    dataset.PixelData = encapsulate([changed(jpeg(), marker(jpeg(), 0xC0), 0x30)])
    dataset["PixelData"].is_undefined_length = True
    dataset.file_meta.TransferSyntaxUID = syntax
    with pytest.raises(PixelError, match="damaged"):
        load_slice(headers(write(dataset, tmp_path / "one.dcm"))[0])
