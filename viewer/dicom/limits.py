"""What a file may claim: weighed against its bytes before memory or time is spent on the claim."""

from __future__ import annotations

import io
from typing import BinaryIO

from viewer.dicom.dataset import UNDEFINED_LENGTH, Opened, open_source
from viewer.dicom.layout import COPY_AGAIN, Layout
from viewer.errors import PixelError
from viewer.study import Source

FRAMES_UNASKED = 256
"""So many frames are listed whatever the file holds: of a copy that is cut off, one sees what is missing."""
_LEAST_FRAME = 64
"""Bits of the least frame that counts: each costs as much time to list as a larger one."""
FRAME_LIMIT = 1 << 29
"""Bytes of one decoded frame, a square of 16,000 pixels of 16 bits: more is a damaged header."""
_EXPANSION = {
    "1.2.840.10008.1.2.5": 64,  # RLE: two bytes give 128
    "1.2.840.10008.1.2.4.50": 4096,  # JPEG: a block takes two bits, and chroma may be shared by 16 pixels
    "1.2.840.10008.1.2.4.51": 4096,
    "1.2.840.10008.1.2.4.57": 16,  # lossless: a sample takes a bit
    "1.2.840.10008.1.2.4.70": 16,
}
"""How many times its own bytes a codestream gives at most. Of an empty image the others hold as good as
nothing: for them there are the limits of the decoder process."""


def frames(opened: Opened, source: Source, declared: int, bits: int) -> int:
    """As many of the declared frames as the pixel data of a file can hold, or `FRAMES_UNASKED`.

    Parameters
    ----------
    bits : of one native frame.
    """
    if declared <= FRAMES_UNASKED:
        return declared
    with open_source(source) as stream:
        if opened.pixel_length == UNDEFINED_LENGTH:
            held = _fragments(stream, opened.pixel_offset, declared)
        else:
            there = 8 * max(stream.seek(0, io.SEEK_END) - opened.pixel_offset, 0)
            held = there // max(bits, _LEAST_FRAME)
    return min(declared, max(held, FRAMES_UNASKED))


def _fragments(stream: BinaryIO, start: int, most: int) -> int:
    """How many fragments lie in encapsulated pixel data, without the offset table (PS3.5 A.4)."""
    end, position, count = stream.seek(0, io.SEEK_END), start, -1
    while position + 8 <= end and count < most:
        stream.seek(position)
        item = stream.read(8)
        if item[:4] != b"\xfe\xff\x00\xe0":
            break
        position += 8 + int.from_bytes(item[4:], "little")
        count += 1
    return max(count, 0)


def require_shown(shape: Layout) -> None:
    """Raise `PixelError` for a frame of no size, of an absurd one, or of samples that are no colour."""
    size = _decoded_bytes(shape)
    if not 0 < size <= FRAME_LIMIT or shape.samples not in (1, 3):
        raise PixelError(
            f"An image of {shape.rows} × {shape.cols} pixels of {shape.samples} samples cannot be shown.",
            remedy=COPY_AGAIN,
        )


def require_held(shape: Layout, encoded: int, syntax: str) -> None:
    """Raise `PixelError` for a codestream of `encoded` bytes that cannot hold so large a frame."""
    most = _EXPANSION.get(syntax)
    coded = -(-shape.rows * shape.cols * shape.samples * shape.bits_allocated // 8)  # 1-bit pixels are packed
    if most is not None and coded > most * max(encoded, 1 << 10):
        raise PixelError(
            f"An image of {shape.rows} × {shape.cols} pixels does not fit into {encoded} bytes.",
            remedy=COPY_AGAIN,
        )


def _decoded_bytes(shape: Layout) -> int:
    return shape.rows * shape.cols * shape.samples * max(shape.bits_allocated, 8) // 8
