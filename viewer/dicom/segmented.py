"""Segmented palettes: colour tables written as runs, ramps and repeats (PS3.3 C.7.9.2)."""

from __future__ import annotations

import numpy as np

_DISCRETE, _LINEAR, _INDIRECT = range(3)


def expanded(data: bytes, *, bits: int, little: bool, limit: int) -> np.ndarray | None:
    """The entries of a segmented table.

    Parameters
    ----------
    data : Segmented … Palette Color Lookup Table Data, VR OW.
    bits : per entry, from the descriptor; up to 8 are packed two to a word.
    little : whether the words are little endian.
    limit : entries as the descriptor counts them; segments that would give more are cut, so that a few
        bytes cannot ask for gigabytes.

    Returns
    -------
    (n,) uint16, n from 1 to `limit`; None where the data do not follow the rules.
    """
    words = np.frombuffer(data[: len(data) // 2 * 2], "<u2" if little else ">u2").astype("<u2")
    units = np.frombuffer(words.tobytes(), np.uint8) if bits <= 8 else words
    found: list[int] = []
    try:
        _expand(units.tolist(), 0, None, found, limit, size=1 if bits <= 8 else 2)
    except (IndexError, ValueError):
        return None
    return np.array(found, np.uint16) if found else None


def _expand(
    data: list[int], at: int, segments: int | None, found: list[int], limit: int, *, size: int
) -> None:
    """Append what `segments` segments from unit `at` give; None: all of them, but for a padding byte."""
    while len(found) < limit and (at + 1 < len(data) if segments is None else segments > 0):
        code, length = data[at], data[at + 1]
        at += 2
        if length == 0:
            raise ValueError("an empty segment")
        if code == _DISCRETE:
            found += data[at : at + min(length, limit - len(found))]
            at += length
        elif code == _LINEAR:
            start, end = found[-1], data[at]
            ramp = np.around(start + (end - start) / length * np.arange(1, length + 1))
            found += ramp[: limit - len(found)].astype(int).tolist()
            at += 1
        elif code == _INDIRECT and segments is None:
            parts = 4 // size
            offset = sum(data[at + part] << (8 * size * part) for part in range(parts))
            _expand(data, offset // size, length, found, limit, size=size)
            at += parts
        else:
            raise ValueError("no such segment")
        if segments is not None:
            segments -= 1
