"""Whether a JPEG codestream is worth a decoder: its markers, checked before GDCM sees them.

GDCM ends the decoder process on a JPEG whose header contradicts itself, and a new one takes half a second.
"""

from __future__ import annotations

_FRAME_HEADERS = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_TABLES, _SCAN, _START, _END, _QUANTISATION = 0xC4, 0xDA, 0xD8, 0xD9, 0xDB
_COMMENTS = {*range(0xE0, 0xF0), 0xFE}
_RESTART = 0xDD


def is_plausible(stream: bytes, *, rows: int, cols: int, samples: int, bits: int) -> bool:
    """Whether the segments up to the first scan are well formed and agree with the DICOM header.

    Parameters
    ----------
    stream : one frame, from Start Of Image on (ITU-T T.81 annex B).
    bits : allocated per sample: the precision of the stream must fit.
    """
    if stream[:2] != bytes([0xFF, _START]):
        return False
    position, framed, tables = 2, False, False
    while position + 4 <= len(stream):
        if stream[position] != 0xFF:
            return False
        marker = stream[position + 1]
        if marker == 0xFF:  # fill bytes may stand before a marker
            position += 1
            continue
        length = int.from_bytes(stream[position + 2 : position + 4], "big")
        body = stream[position + 4 : position + 2 + length]
        if length < 2 or len(body) != length - 2:
            return False
        if marker == _SCAN:
            return framed and tables and len(body) == 2 * body[0] + 4 if body else False
        if marker in _FRAME_HEADERS:
            if framed or not _frame_fits(body, rows, cols, samples, bits):
                return False
            framed = True
        elif marker == _TABLES:
            if not _tables_fit(body):
                return False
            tables = True
        elif marker not in _COMMENTS and marker not in (_QUANTISATION, _RESTART):
            return False
        position += 2 + length
    return False


def _frame_fits(body: bytes, rows: int, cols: int, samples: int, bits: int) -> bool:
    if len(body) < 6 or len(body) != 6 + 3 * body[5]:
        return False
    height, width = int.from_bytes(body[1:3], "big"), int.from_bytes(body[3:5], "big")
    sampling = all(1 <= factor >> 4 <= 4 and 1 <= factor & 15 <= 4 for factor in body[7::3])
    return (height, width, body[5]) == (rows, cols, samples) and 2 <= body[0] <= bits and sampling


def _tables_fit(body: bytes) -> bool:
    """Huffman tables: class and number, 16 counts, as many values."""
    position = 0
    while position < len(body):
        counts = body[position + 1 : position + 17]
        if body[position] >> 4 > 1 or body[position] & 15 > 3 or len(counts) < 16 or sum(counts) > 256:
            return False
        code = 0
        for bits_of_code, count in enumerate(counts, start=1):
            code = (code << 1) + count
            if code > 1 << bits_of_code:
                return False  # more codes than this length has
        position += 17 + sum(counts)
    return position == len(body)
