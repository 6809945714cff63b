"""Uncompressed pixel data: one frame's bytes, and the samples in them (PS3.5 8)."""

from __future__ import annotations

import io
from typing import BinaryIO

import numpy as np
from pydicom.pixels.processing import convert_color_space
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from viewer.dicom import dataset as tags
from viewer.dicom.dataset import Opened
from viewer.dicom.layout import COPY_AGAIN, Layout
from viewer.errors import PixelError
from viewer.study import SliceHeader

NATIVE_SYNTAXES = {
    str(syntax)
    for syntax in (
        ImplicitVRLittleEndian,
        ExplicitVRLittleEndian,
        ExplicitVRBigEndian,
        DeflatedExplicitVRLittleEndian,
        "1.2.840.113619.5.2",  # GE's implicit VR with big endian pixels
    )
}
BIG_ENDIAN = {str(ExplicitVRBigEndian), "1.2.840.113619.5.2"}


_ASKED_FROM = 32 << 20
"""Bytes of a frame from which the file is asked first whether it holds them."""


def read_frame(opened: Opened, shape: Layout, stream: BinaryIO, frame: int) -> bytes:
    """The bytes of a frame, and nothing else of the file; raises `PixelError` where it ends too early."""
    start, end = frame * shape.bits // 8, -(-(frame + 1) * shape.bits // 8)
    if opened.syntax in BIG_ENDIAN and opened.pixel_words and shape.bits_allocated == 8:
        start, end = start // 2 * 2, -(-end // 2) * 2
    stream.seek(opened.pixel_offset + start)
    wanted = max(min(end, opened.pixel_length) - start, 0)
    if wanted > _ASKED_FROM:  # room is made for all that is asked for, be it there or not
        there = stream.seek(0, io.SEEK_END) - opened.pixel_offset - start
        stream.seek(opened.pixel_offset + start)
        wanted = max(min(wanted, there), 0)
    data = stream.read(wanted)
    short = -(-shape.bits // 8)
    if len(data) < min(end - start, short):
        have = min(opened.pixel_offset + start + len(data), opened.pixel_offset + opened.pixel_length)
        raise PixelError(
            f"The file is cut off: {have - opened.pixel_offset} of {end} bytes of its pixels are there.",
            remedy=COPY_AGAIN,
        )
    return data


def samples(data: bytes, shape: Layout, opened: Opened, frame: int) -> np.ndarray:
    """Samples of a frame from its native bytes; `frame` tells at which bit a 1-bit frame starts."""
    count = shape.rows * shape.cols
    if shape.bits_allocated == 1:
        bits = np.unpackbits(np.frombuffer(data, np.uint8), bitorder="little")
        first = frame * shape.bits % 8
        return bits[first : first + count].reshape(shape.rows, shape.cols)
    if shape.bits_allocated not in (8, 16, 32, 64):
        raise PixelError(
            f"Pixels of {shape.bits_allocated} bits cannot be shown.",
            remedy="Export the study again with 8 or 16 bits allocated.",
        )
    order = ">" if opened.syntax in BIG_ENDIAN else "<"
    if opened.pixel_keyword != "PixelData":
        values = np.frombuffer(data, f"{order}f{shape.bits_allocated // 8}", count)
        return values.astype(values.dtype.newbyteorder("=")).reshape(shape.rows, shape.cols)
    stored = _used_bits(_words(data, shape, opened, frame), shape)
    if shape.samples == 1:
        return stored.reshape(shape.rows, shape.cols)
    if shape.subsampled:
        pairs = stored.reshape(count // 2, 4)
        pixels = pairs[:, [0, 2, 3, 1, 2, 3]].reshape(shape.rows, shape.cols, 3)
    elif shape.planar:
        pixels = np.moveaxis(stored.reshape(3, shape.rows, shape.cols), 0, -1)
    else:
        pixels = stored.reshape(shape.rows, shape.cols, 3)
    return _rgb(np.ascontiguousarray(pixels), shape)


def words(opened: Opened, shape: Layout, header: SliceHeader) -> np.ndarray | None:
    """(rows, cols) unsigned: a grey frame with all the bits allocated, overlays in unused ones among them.

    None where the frame is compressed (PS3.5 8.1.2 forbids overlays there), or gone by now.
    """
    known = opened.syntax in NATIVE_SYNTAXES and opened.pixel_keyword == "PixelData"
    if not known or shape.samples != 1 or shape.bits_allocated not in (8, 16, 32, 64):
        return None
    try:
        with tags.open_source(header.source) as stream:
            data = read_frame(opened, shape, stream, header.frame)
    except (OSError, PixelError):  # gone since the pixels themselves were read
        return None
    return _words(data, shape, opened, header.frame).reshape(shape.rows, shape.cols)


def _words(data: bytes, shape: Layout, opened: Opened, frame: int) -> np.ndarray:
    """The samples of a frame in file order, unsigned, in native byte order."""
    order = ">" if opened.syntax in BIG_ENDIAN else "<"
    if order == ">" and opened.pixel_words and shape.bits_allocated == 8:
        swapped = np.frombuffer(data, ">u2").astype("<u2").tobytes()
        first = frame * shape.bits // 8 % 2
        data = swapped[first : first + shape.bits // 8]
    stored = np.frombuffer(data, f"{order}u{shape.bits_allocated // 8}", shape.bits // shape.bits_allocated)
    return stored.astype(stored.dtype.newbyteorder("="))


def _used_bits(stored: np.ndarray, shape: Layout) -> np.ndarray:
    """Values from the bits that hold them; above and below may lie overlays or rubbish (PS3.5 8.1.1)."""
    signed = stored.dtype.str.replace("u", "i")
    if shape.bits_stored == shape.bits_allocated:
        return stored.view(signed) if shape.signed else stored
    up = shape.bits_allocated - shape.high_bit - 1
    stored = stored << np.array(up, stored.dtype) if up else stored
    down = shape.bits_allocated - shape.bits_stored
    if shape.signed:
        stored = stored.view(signed)
    return stored >> np.array(down, stored.dtype)


def _rgb(pixels: np.ndarray, shape: Layout) -> np.ndarray:
    """(rows, cols, 3) samples of a native colour image as RGB (PS3.3 C.7.6.3.1.2).

    YBR_ICT, YBR_RCT and YBR_PARTIAL_420 are ways of coding within a codestream: native samples that are
    called so have been decoded to RGB by a program that left the name.
    """
    if shape.photometric not in ("YBR_FULL", "YBR_FULL_422", "YBR_PARTIAL_422"):
        return pixels
    if shape.photometric != "YBR_PARTIAL_422" and pixels.dtype == np.uint8:
        return convert_color_space(pixels, "YBR_FULL", "RGB")
    one = 2.0 ** (shape.bits_stored - 8)
    luma, blue, red = (pixels[..., i] - (0, 128, 128)[i] * one for i in range(3))
    matrix = np.array([[1, 0, 1.402], [1, -0.114 * 1.772 / 0.587, -0.299 * 1.402 / 0.587], [1, 1.772, 0]])
    if shape.photometric == "YBR_PARTIAL_422":
        luma = luma - 16 * one
        matrix = np.array([[1.1644, 0, 1.5960], [1.1644, -0.3917, -0.8130], [1.1644, 2.0173, 0]])
    colors = np.stack([luma, blue, red], -1) @ matrix.T
    return np.clip(np.floor(colors + 0.5), 0, 256 * one - 1).astype(pixels.dtype)
