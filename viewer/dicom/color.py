"""Colour as 8-bit RGB: three samples of any depth, and palettes (PS3.3 C.7.6.3, C.7.9)."""

from __future__ import annotations

import numpy as np
from pydicom.dataset import Dataset

from viewer.dicom import dataset as tags
from viewer.dicom.grayscale import descriptor, first_mapped, lookup_table
from viewer.dicom.segmented import expanded
from viewer.errors import PixelError

_CHANNELS = ("Red", "Green", "Blue")
_DAMAGED = "This image has colours by palette, and its palette is missing or damaged."
_REMEDY = "Export the study again with RGB colours."


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
    span = int(np.iinfo(indices.dtype).min), int(np.iinfo(indices.dtype).max)
    tables = [_table(dataset, name, span) for name in _CHANNELS]
    # Some files say 16 bits and write 8: that shows in all three channels together or in none.
    deep = max(int(table.max()) for _, table, _ in tables) > 255
    channels = []
    for first, table, bits in tables:
        if bits > 8 and deep:
            table = table >> (bits - 8)
        index = np.clip(indices.astype(np.int64) - first, 0, len(table) - 1)
        channels.append(np.minimum(table, 255).astype(np.uint8)[index])
    return np.stack(channels, axis=-1)


def _table(dataset: Dataset, name: str, span: tuple[int, int]) -> tuple[int, np.ndarray, int]:
    """(first index mapped, (n,) uint16 entries, bits per entry) of a channel; raises `PixelError`."""
    prefix = f"{name}PaletteColorLookupTable"
    read = lookup_table(dataset, span=span, prefix=prefix)
    if read is None:
        read = _segmented(dataset, prefix, span)
    if read is None:
        raise PixelError(_DAMAGED, remedy=_REMEDY)
    return read


def _segmented(dataset: Dataset, prefix: str, span: tuple[int, int]) -> tuple[int, np.ndarray, int] | None:
    """The same from a Segmented Palette Color Lookup Table (PS3.3 C.7.9)."""
    read, data = descriptor(dataset, prefix), tags.value(dataset, f"Segmented{prefix}Data")
    if read is None or not isinstance(data, bytes):
        return None
    count, first, bits = read
    table = expanded(data, bits=bits, little=dataset.original_encoding[1] is not False, limit=count)
    return None if table is None else (first_mapped(first, len(table), span), table, 8 if bits <= 8 else 16)
