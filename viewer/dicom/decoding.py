"""Stored values of one frame, however the file keeps them."""

from __future__ import annotations

from typing import BinaryIO

import numpy as np
from pydicom.uid import RLELossless

from viewer.dicom import compressed, native
from viewer.dicom import dataset as tags
from viewer.dicom.dataset import UNDEFINED_LENGTH, Opened
from viewer.dicom.layout import COPY_AGAIN, layout
from viewer.errors import PixelError

_DEFLATED_FRAMES = "1.2.840.10008.1.2.8.1"

_FRAME_LIMIT = 1 << 31
"""Bytes of one decoded frame: more than that is a damaged header."""


def decode(opened: Opened, stream: BinaryIO, frame: int) -> np.ndarray:
    """Stored values of one frame.

    Parameters
    ----------
    stream : the file that `opened` was read from.
    frame : 0-based.

    Returns
    -------
    (rows, cols), or (rows, cols, 3) for colour
        Native byte order; unused bits gone. YBR is given as RGB, being a way to store it.

    Raises
    ------
    PixelError
        No decoder reads this transfer syntax or these data, or the file ends too early.
    """
    shape = layout(opened)
    size = shape.rows * shape.cols * shape.samples * max(shape.bits_allocated, 8) // 8
    if not 0 < size <= _FRAME_LIMIT or shape.samples not in (1, 3):
        raise PixelError(
            f"An image of {shape.rows} × {shape.cols} pixels of {shape.samples} samples cannot be shown.",
            remedy=COPY_AGAIN,
        )
    encapsulated = opened.pixel_length == UNDEFINED_LENGTH
    if not encapsulated and opened.syntax in native.NATIVE_SYNTAXES | set(compressed.DECODERS):
        # Some files name a compressed syntax and hold native pixels: the defined length tells.
        return native.samples(native.read_frame(opened, shape, stream, frame), shape, opened, frame)
    if opened.syntax == _DEFLATED_FRAMES:
        encoded = compressed.read_frame(opened, shape, stream, frame)
        return native.samples(compressed.inflated(encoded, shape), shape, opened, 0)
    if opened.syntax not in compressed.DECODERS:
        raise PixelError(
            f"Images in {tags.syntax_name(opened.syntax)} cannot be decoded.",
            remedy="Export the study again in an uncompressed transfer syntax.",
        )
    encoded = compressed.read_frame(opened, shape, stream, frame)
    if shape.bits_allocated == 1 and opened.syntax == RLELossless:
        return compressed.run_length_bits(encoded, shape)
    return compressed.decoded(encoded, shape, opened.syntax)
