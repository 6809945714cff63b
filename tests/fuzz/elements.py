"""Where the elements of a DICOM file lie, read without pydicom: what mutations take aim with."""

from __future__ import annotations

import struct
from dataclasses import dataclass

LONG = {b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"}
"""Value representations whose length takes four bytes (PS3.5 7.1.2)."""
PIXEL_DATA, UNDEFINED = 0x7FE00010, 0xFFFFFFFF
_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
_IMPLICIT, _BIG, _DEFLATED = b"1.2.840.10008.1.2", b"1.2.840.10008.1.2.2", b"1.2.840.10008.1.2.1.99"
_MOST = 20_000


@dataclass(frozen=True, slots=True)
class Element:
    """One element: `start` of its tag, `value` of its value, and how many bytes it says it has."""

    tag: int
    vr: bytes
    start: int
    value: int
    length: int
    depth: int

    @property
    def end(self) -> int:
        """Where the next element starts; of a sequence, where its first item does."""
        inside = self.vr == b"SQ" or self.length == UNDEFINED or self.tag >> 16 == 0xFFFE
        return self.value if inside else self.value + self.length


@dataclass(frozen=True, slots=True)
class Anatomy:
    """A file taken apart as far as it goes: elements in file order, nested ones included.

    `pixels` is where the value of the pixel data starts, or the length of the file without any.
    """

    elements: tuple[Element, ...]
    implicit: bool
    big: bool
    pixels: int

    def top(self, tag: int) -> Element | None:
        """An element of the dataset itself."""
        return next((one for one in self.elements if one.tag == tag and not one.depth), None)

    def encoded(self, tag: int, vr: bytes, value: bytes, length: int | None = None) -> bytes:
        """An element as this file would write it; `length` may lie."""
        order = ">" if self.big and tag >> 16 != 2 else "<"
        length = len(value) if length is None else length
        head = struct.pack(f"{order}HH", tag >> 16, tag & 0xFFFF)
        if self.implicit and tag >> 16 != 2:
            return head + struct.pack(f"{order}I", length) + value
        if vr in LONG:
            return head + vr + b"\0\0" + struct.pack(f"{order}I", length) + value
        return head + vr + struct.pack(f"{order}H", length & 0xFFFF) + value


def anatomy(data: bytes) -> Anatomy:
    """Take a file apart up to its pixel data, or up to where it stops making sense."""
    position = 132 if data[128:132] == b"DICM" else 0
    found: list[Element] = []
    syntax, implicit, big = b"", position == 0 and not data[4:6].isalpha(), False
    open_ends: list[int] = []
    in_meta = position > 0
    while position + 8 <= len(data) and len(found) < _MOST:
        if in_meta and data[position : position + 2] != b"\2\0":
            in_meta = False
            implicit, big = syntax == _IMPLICIT, syntax == _BIG
            if syntax == _DEFLATED:
                break
        one = _element(data, position, implicit and not in_meta, big and not in_meta, len(open_ends))
        if one is None:
            break
        while open_ends and (open_ends[-1] <= position or one.tag == _SEQUENCE_END):
            open_ends.pop()
            if one.tag == _SEQUENCE_END:
                break
        found.append(one)
        if one.tag == 0x00020010:
            syntax = data[one.value : one.value + one.length].strip(b"\0 ")
        if one.tag == PIXEL_DATA and not one.depth:
            return Anatomy(tuple(found), implicit, big, one.value)
        if one.vr == b"SQ" or (one.length == UNDEFINED and one.tag >> 16 != 0xFFFE):
            open_ends.append(len(data) if one.length == UNDEFINED else one.value + one.length)
        position = one.end
    return Anatomy(tuple(found), implicit, big, len(data))


def _element(data: bytes, start: int, implicit: bool, big: bool, depth: int) -> Element | None:
    order = ">" if big else "<"
    group, element = struct.unpack_from(f"{order}HH", data, start)
    tag = group << 16 | element
    if group == 0xFFFE or implicit:
        (length,) = struct.unpack_from(f"{order}I", data, start + 4)
        nested = length == UNDEFINED or data[start + 8 : start + 12] == b"\xfe\xff\x00\xe0"
        vr = b"SQ" if nested and group != 0xFFFE else b""
        return Element(tag, vr, start, start + 8, length, depth)
    vr = data[start + 4 : start + 6]
    if not vr.isalpha():
        return None
    if vr not in LONG:
        (length,) = struct.unpack_from(f"{order}H", data, start + 6)
        return Element(tag, vr, start, start + 8, length, depth)
    if start + 12 > len(data):
        return None
    (length,) = struct.unpack_from(f"{order}I", data, start + 8)
    return Element(tag, vr, start, start + 12, length, depth)
