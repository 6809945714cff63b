"""Grey frames by their place in the file: found once by the scan, read without another look at the header."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import BinaryIO

import numpy as np
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from viewer.dicom import compressed, limits
from viewer.dicom.codecs import DECODERS
from viewer.dicom.dataset import UNDEFINED_LENGTH, Opened
from viewer.dicom.grayscale import modality_transform
from viewer.dicom.layout import COPY_AGAIN, Layout
from viewer.errors import PixelError
from viewer.study import StoredPixels

_SYNTAXES = {str(ImplicitVRLittleEndian), str(ExplicitVRLittleEndian), str(ExplicitVRBigEndian)}
_DTYPES: dict[tuple[bool, str], np.dtype] = {
    (False, "1"): np.dtype(np.uint8),
    (False, "2"): np.dtype(np.uint16),
    (True, "1"): np.dtype(np.int8),
    (True, "2"): np.dtype(np.int16),
}
_PHOTOMETRIC = ("MONOCHROME1", "MONOCHROME2")


def locate(opened: Opened, shape: Layout, frame: int, status: os.stat_result) -> StoredPixels | None:
    """Where the samples of a frame lie; None where reading them takes more than a linear rescale.

    Parameters
    ----------
    opened : the header of a plain file, not of a member of an archive.
    status : of that file, taken before its header was read.
    """
    big = opened.syntax == ExplicitVRBigEndian
    size = shape.bits // 8
    if shape.samples != 1 or shape.photometric not in _PHOTOMETRIC or shape.bits_allocated not in (8, 16):
        return None
    if opened.pixel_keyword != "PixelData" or not 0 < size <= limits.FRAME_LIMIT:
        return None
    codec = opened.syntax if opened.pixel_length == UNDEFINED_LENGTH else ""
    if codec:
        if codec not in DECODERS or shape.frames != 1:
            return None
    elif opened.syntax not in _SYNTAXES or (frame + 1) * size > opened.pixel_length:
        return None
    if big and shape.bits_allocated == 8 and opened.pixel_words:
        return None  # pairs of samples change places
    transform = modality_transform(opened.dataset, frame)
    if transform.table is not None:
        return None
    word = "u1" if shape.bits_allocated == 8 else (">u2" if big else "<u2")
    return StoredPixels(
        offset=opened.pixel_offset + (0 if codec else frame * size),
        dtype=word,
        bits_stored=shape.bits_stored,
        high_bit=shape.high_bit,
        signed=shape.signed,
        slope=transform.slope,
        intercept=transform.intercept,
        file_size=status.st_size,
        file_mtime_ns=status.st_mtime_ns,
        codec=codec,
    )


def stored_dtype(where: StoredPixels) -> np.dtype:
    """The dtype of the stored values once they are read: 8 or 16 bits, native byte order."""
    return _DTYPES[where.signed, where.dtype[-1]]


def value_range(where: StoredPixels) -> tuple[float, float]:
    """The least and the greatest modality value that the bits stored can hold."""
    low = -(1 << where.bits_stored - 1) if where.signed else 0
    high = low + (1 << where.bits_stored) - 1
    ends = [low * where.slope + where.intercept, high * where.slope + where.intercept]
    return min(ends), max(ends)


def read_stored(where: StoredPixels, path: Path, out: np.ndarray) -> None:
    """Read the stored values of a frame.

    Parameters
    ----------
    out : (rows, cols) of `stored_dtype`, C-contiguous; filled.

    Raises
    ------
    PixelError
        The file is not the one that was scanned, or is cut off.
    OSError
        The file cannot be read.
    """
    with open(path, "rb", buffering=-1 if where.codec else 0) as stream:
        status = os.fstat(stream.fileno())
        if (status.st_size, status.st_mtime_ns) != (where.file_size, where.file_mtime_ns):
            raise PixelError("The file of this image has changed.", remedy="Open the folder again.")
        if where.codec:
            _decode(stream, where, out)
            return
        stream.seek(where.offset)
        _fill(stream, out.data.cast("B"))
    _keep_used_bits(out, where)


def _decode(stream: BinaryIO, where: StoredPixels, out: np.ndarray) -> None:
    rows, cols = out.shape
    shape = Layout(
        rows=rows,
        cols=cols,
        samples=1,
        photometric="MONOCHROME2",
        bits_allocated=out.dtype.itemsize * 8,
        bits_stored=where.bits_stored,
        high_bit=where.high_bit,
        signed=where.signed,
        planar=False,
        frames=1,
    )
    encoded = compressed.codestream(stream, where.offset)
    limits.require_held(shape, len(encoded), where.codec)
    out[...] = compressed.decoded(encoded, shape, where.codec)


def _fill(stream: BinaryIO, left: memoryview) -> None:
    wanted = len(left)
    while left:
        count = stream.readinto(left)  # type: ignore[attr-defined]
        if not count:
            have = wanted - len(left)
            raise PixelError(
                f"The file is cut off: {have} of {wanted} bytes of this image are there.", remedy=COPY_AGAIN
            )
        left = left[count:]


def _keep_used_bits(values: np.ndarray, where: StoredPixels) -> None:
    """As `native.samples`, in place: other bits than those stored hold overlays or rubbish (PS3.5 8.1.1)."""
    allocated = values.dtype.itemsize * 8
    if allocated > 8 and (where.dtype[0] == ">") != (sys.byteorder == "big"):
        values.byteswap(inplace=True)
    if where.bits_stored == allocated:
        return
    words = values.view(_DTYPES[False, where.dtype[-1]])
    if not where.signed and where.high_bit == where.bits_stored - 1:
        words &= words.dtype.type((1 << where.bits_stored) - 1)
        return
    words <<= words.dtype.type(allocated - where.high_bit - 1)
    values >>= values.dtype.type(allocated - where.bits_stored)
