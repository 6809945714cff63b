"""Colour as 8-bit RGB: three samples of any depth, and palettes (PS3.3 C.7.6.3, C.7.9)."""

from __future__ import annotations

import numpy as np
from pydicom.dataset import Dataset
from pydicom.pixels.processing import apply_color_lut

from viewer.dicom import dataset as tags
from viewer.dicom.grayscale import lookup_table
from viewer.errors import PixelError

_CHANNELS = ("Red", "Green", "Blue")


def to_rgb8(pixels: np.ndarray, bits_stored: int) -> np.ndarray:
    """RGB of any depth in 8 bits.

    Parameters
    ----------
    pixels : (rows, cols, 3), any integer dtype, `bits_stored` of whose bits are used.

    Returns
    -------
    (rows, cols, 3) uint8
        The most significant 8 bits; fewer are stretched to 0 … 255.
    """
    if bits_stored == 8 and pixels.dtype == np.uint8:
        return pixels
    if bits_stored > 8:
        return (np.clip(pixels, 0, 2**bits_stored - 1) >> (bits_stored - 8)).astype(np.uint8)
    top = 2**bits_stored - 1
    return np.rint(np.clip(pixels, 0, top) * (255 / top)).astype(np.uint8)


def apply_palette(indices: np.ndarray, dataset: Dataset) -> np.ndarray:
    """The colours of palette indices.

    Parameters
    ----------
    indices : (rows, cols) stored values.

    Returns
    -------
    (rows, cols, 3) uint8
        Indices outside the palette take its first or last colour.

    Raises
    ------
    PixelError
        The palette is missing or malformed.
    """
    if "SegmentedRedPaletteColorLookupTableData" in dataset:
        return _segmented(indices, dataset)
    signed = indices.dtype.kind == "i"
    channels = []
    for name in _CHANNELS:
        read = lookup_table(dataset, signed=signed, prefix=f"{name}PaletteColorLookupTable")
        if read is None:
            raise PixelError("This image has colours by palette, and its palette is missing or damaged.")
        first, table, bits = read
        if bits > 8 and table.max() > 255:  # some files say 16 bits and write 8
            table = table >> (bits - 8)
        index = np.clip(indices.astype(np.int64) - first, 0, len(table) - 1)
        channels.append(table.astype(np.uint8)[index])
    return np.stack(channels, axis=-1)


def _segmented(indices: np.ndarray, dataset: Dataset) -> np.ndarray:
    try:
        with tags.quiet():
            colors = apply_color_lut(indices, dataset)
    except Exception as error:
        raise PixelError("This image has colours by palette, and its palette is damaged.") from error
    return colors if colors.dtype == np.uint8 else (colors >> 8).astype(np.uint8)
