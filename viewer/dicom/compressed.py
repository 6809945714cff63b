"""Compressed pixel data: one frame's codestream, found in the file and decoded elsewhere (PS3.5 A.4)."""

from __future__ import annotations

import io
import zlib
from typing import BinaryIO

import numpy as np
from pydicom import encaps
from pydicom.uid import RLELossless

from viewer.dicom import dataset as tags
from viewer.dicom import processes
from viewer.dicom.dataset import Opened
from viewer.dicom.layout import COPY_AGAIN, Layout
from viewer.errors import PixelError


def read_frame(opened: Opened, shape: Layout, stream: BinaryIO, frame: int) -> bytes:
    """The codestream of a frame, and nothing else of the file; raises `PixelError` if it is not found."""
    offsets = tags.value(opened.dataset, "ExtendedOffsetTable")
    lengths = tags.value(opened.dataset, "ExtendedOffsetTableLengths")
    extended = (offsets, lengths) if offsets and lengths else None
    return codestream(stream, opened.pixel_offset, frame, shape.frames, extended)


def codestream(
    stream: BinaryIO, start: int, frame: int = 0, frames: int = 1, extended: tuple[bytes, bytes] | None = None
) -> bytes:
    """The codestream of a frame of the pixel data that begin at byte `start`; raises `PixelError`.

    Parameters
    ----------
    extended : the extended offset table and its lengths, where the file has them.
    """
    stream.seek(start)
    try:
        with tags.quiet():
            encoded = encaps.get_frame(stream, frame, number_of_frames=frames, extended_offsets=extended)
    except Exception as error:
        raise PixelError(
            f"Image {frame + 1} of {frames} cannot be found in the compressed pixel data.",
            remedy=COPY_AGAIN,
        ) from error
    # Decoders make half a picture of half a codestream, or (CharLS) take seconds to refuse it.
    stump = _cut_fragment(stream, start)
    if stump is not None and encoded.endswith(stump):
        raise PixelError(f"The file is cut off within image {frame + 1} of {frames}.", remedy=COPY_AGAIN)
    return encoded


def _cut_fragment(stream: BinaryIO, start: int) -> bytes | None:
    """What is left of the fragment within which a file ends; None if it ends where it should."""
    end = stream.seek(0, io.SEEK_END)
    position = stream.seek(start)
    while position + 8 <= end:
        item = stream.read(8)
        length = int.from_bytes(item[4:], "little")
        if item[:4] != b"\xfe\xff\x00\xe0":
            return None
        if position + 8 + length > end:
            return stream.read()
        position = stream.seek(position + 8 + length)
    return None


def inflated(encoded: bytes, shape: Layout) -> bytes:
    """The native bytes of a deflated frame, and no more of them than it can have."""
    try:
        return zlib.decompressobj(-zlib.MAX_WBITS).decompress(encoded, -(-shape.bits // 8) + 8)
    except zlib.error as error:
        raise PixelError("The deflated pixel data are damaged.", remedy=COPY_AGAIN) from error


def run_length_bits(encoded: bytes, shape: Layout) -> np.ndarray:
    """A 1-bit frame in RLE: the packed bytes are what was encoded, as one row of them (PS3.5 G)."""
    count = -(-shape.rows * shape.cols // 8)
    packed = Layout(1, count, 1, "MONOCHROME2", 8, 8, 7, False, False, 1)
    data = decoded(encoded, packed, str(RLELossless))
    bits = np.unpackbits(data.ravel(), bitorder="little")
    return bits[: shape.rows * shape.cols].reshape(shape.rows, shape.cols)


def decoded(encoded: bytes, shape: Layout, syntax: str) -> np.ndarray:
    """The samples of a codestream, colour as RGB, decoded in another process; see `processes`."""
    pixels = processes.POOL.decode(encoded, shape, syntax)
    if pixels is None:
        name = tags.syntax_name(syntax)
        raise PixelError(f"The pixel data ({name}) are damaged: no decoder reads them.", remedy=COPY_AGAIN)
    return pixels
