"""Stored values of one frame, however the file keeps them."""

from __future__ import annotations

from typing import BinaryIO

import numpy as np
from pydicom.uid import RLELossless

from viewer.dicom import compressed, limits, native, site_codecs, unsupported
from viewer.dicom.codecs import DECODERS
from viewer.dicom.dataset import UNDEFINED_LENGTH, Opened
from viewer.dicom.layout import COPY_AGAIN, Layout, layout
from viewer.errors import PixelError

_DEFLATED_FRAMES = "1.2.840.10008.1.2.8.1"
_FRAGMENTS_OF_NATIVE = "1.2.840.10008.1.2.1.98"
"""Encapsulated Uncompressed Explicit VR Little Endian: each frame in fragments of its own, as it is."""
_READ = {*native.NATIVE_SYNTAXES, *DECODERS, _DEFLATED_FRAMES, _FRAGMENTS_OF_NATIVE}


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
    limits.require_shown(shape)
    encapsulated = opened.pixel_length == UNDEFINED_LENGTH
    read = opened.syntax in _READ or site_codecs.decoder(opened.syntax) is not None
    if not encapsulated and read:
        # Some files name a compressed syntax and hold native pixels: the defined length tells.
        return native.samples(native.read_frame(opened, shape, stream, frame), shape, opened, frame)
    if not read or opened.syntax in native.NATIVE_SYNTAXES:
        raise unsupported.refusal(opened.syntax)
    encoded = compressed.read_frame(opened, shape, stream, frame)
    limits.require_held(shape, len(encoded), opened.syntax)
    if opened.syntax == _DEFLATED_FRAMES:
        encoded = compressed.inflated(encoded, shape)
    if opened.syntax in (_DEFLATED_FRAMES, _FRAGMENTS_OF_NATIVE):
        return native.samples(_whole(encoded, shape), shape, opened, 0)
    if shape.bits_allocated == 1 and opened.syntax == RLELossless:
        return compressed.run_length_bits(encoded, shape)
    return compressed.decoded(encoded, shape, opened.syntax)


def _whole(data: bytes, shape: Layout) -> bytes:
    """The bytes of a native frame without padding."""
    wanted = -(-shape.bits // 8)
    if len(data) < wanted:
        raise PixelError(
            f"The pixel data are cut off: {len(data)} of {wanted} bytes of this image are there.",
            remedy=COPY_AGAIN,
        )
    return data[:wanted]
