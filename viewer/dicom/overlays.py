"""Overlay planes (groups 60xx): the graphics and regions a file keeps beside its pixels (PS3.3 C.9.2)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from pydicom.dataset import Dataset
from pydicom.tag import Tag

from viewer.dicom import dataset as tags
from viewer.study import Graphic

GROUPS = tuple(range(0x6000, 0x6020, 2))
"""The sixteen repeating groups (PS3.5 7.6)."""

_ROWS, _COLUMNS, _FRAMES, _DESCRIPTION, _TYPE = 0x0010, 0x0011, 0x0015, 0x0022, 0x0040
_SUBTYPE, _ORIGIN, _FIRST_FRAME, _POSITION, _LABEL, _DATA = 0x0045, 0x0050, 0x0051, 0x0102, 0x1500, 0x3000
_LIMIT = 1 << 28
"""Pixels of a plane: four times the largest image."""


def graphics(
    dataset: Dataset,
    frame: int,
    shape: tuple[int, int],
    *,
    words: Callable[[], np.ndarray | None],
    big_endian: bool = False,
    without: int | None = None,
) -> tuple[Graphic, ...]:
    """The overlay planes of a frame in the order of their groups, clipped to the image.

    Parameters
    ----------
    frame : 0-based.
    shape : (rows, cols) of the image.
    words : gives the frame's pixel words with all the bits allocated, (rows, cols) unsigned, for planes
        that lie in bits which the pixels do not use (retired, PS3.3-2004 C.9.2); None if there are none.
    big_endian : whether Overlay Data of VR OW is.
    without : a group to leave out, because it is a bitmap shutter.

    Returns
    -------
    tuple of Graphic
        Planes that are empty within the image, or cut off or malformed in the file, are left out.
    """
    found = []
    for group in GROUPS:
        if group == without or not _has_plane(dataset, group):
            continue
        mask = plane(dataset, group, frame, shape, words=words, big_endian=big_endian)
        if mask is not None and mask.any():
            kind = "region" if _text(dataset, group, _TYPE).upper() == "R" else "graphics"
            found.append(Graphic(mask, _title(dataset, group), kind))
    return tuple(found)


def plane(
    dataset: Dataset,
    group: int,
    frame: int,
    shape: tuple[int, int],
    *,
    words: Callable[[], np.ndarray | None],
    big_endian: bool = False,
) -> np.ndarray | None:
    """(rows, cols) bool, read-only: one plane on the image's grid; None if it has none for this frame."""
    own = _own_bits(dataset, group, frame, big_endian)
    if own is None and (group, _DATA) not in dataset:
        own = _embedded_bits(dataset, group, words)
    if own is None:
        return None
    row, col = _origin(dataset, group)
    mask = np.zeros(shape, bool)
    height, width = own.shape
    top, left = max(row, 0), max(col, 0)
    bottom, right = min(row + height, shape[0]), min(col + width, shape[1])
    if top < bottom and left < right:
        mask[top:bottom, left:right] = own[top - row : bottom - row, left - col : right - col]
    mask.setflags(write=False)
    return mask


def _own_bits(dataset: Dataset, group: int, frame: int, big_endian: bool) -> np.ndarray | None:
    """(rows, cols) bool of Overlay Data, one bit a pixel, the first in the lowest bit (PS3.5 8.1.2)."""
    data = _element(dataset, group, _DATA)
    rows, cols = _integer(dataset, group, _ROWS), _integer(dataset, group, _COLUMNS)
    if not isinstance(data, bytes) or not rows or not cols or not 0 < rows * cols <= _LIMIT:
        return None
    number = _frame_of_plane(dataset, group, frame)
    if number is None:
        return None
    size = rows * cols
    first, skipped = divmod(number * size, 8)
    if big_endian and dataset[group, _DATA].VR == "OW":
        data = np.frombuffer(data[: len(data) // 2 * 2], ">u2").astype("<u2").tobytes()
    packed = np.frombuffer(data, np.uint8)[first : first + -(-(skipped + size) // 8)]
    if packed.size * 8 < skipped + size:
        return None
    bits = np.unpackbits(packed, bitorder="little")[skipped : skipped + size]
    return bits.view(bool).reshape(rows, cols)


def _embedded_bits(dataset: Dataset, group: int, words: Callable[[], np.ndarray | None]) -> np.ndarray | None:
    """(rows, cols) bool from a bit of the pixel words that holds no pixel value."""
    position = _integer(dataset, group, _POSITION)
    stored = tags.integer(dataset, "BitsStored") or 16
    high = tags.integer(dataset, "HighBit")
    high = stored - 1 if high is None else high
    if position is None or high - stored < position <= high:
        return None
    pixels = words()
    if pixels is None or not 0 <= position < pixels.dtype.itemsize * 8:
        return None
    return (pixels >> pixels.dtype.type(position) & pixels.dtype.type(1)).astype(bool)


def _frame_of_plane(dataset: Dataset, group: int, frame: int) -> int | None:
    """Which of a plane's frames belongs to the image's (PS3.3 C.9.3); None if none does.

    A plane that does not count its frames belongs to all of the image's.
    """
    count = _integer(dataset, group, _FRAMES)
    if count is None:
        return 0
    first = _integer(dataset, group, _FIRST_FRAME)
    number = frame - ((1 if first is None else first) - 1)
    return number if 0 <= number < max(count, 1) else None


def _origin(dataset: Dataset, group: int) -> tuple[int, int]:
    """0-based (row, column) of the plane's first pixel in the image; may lie outside."""
    found = _element(dataset, group, _ORIGIN)
    try:
        row, col = (int(entry) for entry in found)
    except (TypeError, ValueError):
        return 0, 0
    return row - 1, col - 1


def _title(dataset: Dataset, group: int) -> str:
    words = (_text(dataset, group, number) for number in (_LABEL, _DESCRIPTION, _SUBTYPE))
    return " · ".join(dict.fromkeys(word[:64] for word in words if word))


def _has_plane(dataset: Dataset, group: int) -> bool:
    return any((group, number) in dataset for number in (_DATA, _POSITION))


def _element(dataset: Dataset, group: int, number: int) -> Any:
    try:
        element = dataset.get(Tag(group, number))
    except Exception:  # pydicom converts here, and its converters raise whatever the bytes lead them to
        return None
    return element.value if element is not None else None


def _integer(dataset: Dataset, group: int, number: int) -> int | None:
    try:
        return int(_element(dataset, group, number))
    except (TypeError, ValueError, OverflowError):
        return None


def _text(dataset: Dataset, group: int, number: int) -> str:
    found = _element(dataset, group, number)
    return "".join(char for char in found if char.isprintable()).strip() if isinstance(found, str) else ""
