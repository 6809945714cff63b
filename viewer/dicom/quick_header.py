"""Where the wanted elements of a plain DICOM header lie, found without converting any (PS3.5 7.1).

A scan of many files spends its time in making Python objects of values that the files share. This walk
makes none: it reads the first bytes of a file, steps from element to element, and remembers where the
wanted ones are. Whatever is not plain (no preamble, big endian, deflated, an unknown VR, an element that
does not end where it says, a header of megabytes) it leaves to pydicom, which knows what to do about it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from struct import Struct
from struct import error as StructError

from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian, RLELossless
from pydicom.valuerep import EXPLICIT_VR_LENGTH_16, EXPLICIT_VR_LENGTH_32

from viewer.dicom.dataset import PIXEL_TAGS, UNDEFINED_LENGTH

_FIRST_READ, _LAST_READ = 8 << 10, 1 << 20
"""Bytes read at once, and where that does not reach the pixels; longer headers are not read here."""
_DEPTH = 16
"""Sequences within sequences that are followed."""

_IMPLICIT = Struct("<LL").unpack_from
_EXPLICIT = Struct("<L2sH").unpack_from
_LONG_LENGTH = Struct("<L").unpack_from
_SHORT_VRS = frozenset(str(vr).encode() for vr in EXPLICIT_VR_LENGTH_16)
_LONG_VRS = frozenset(str(vr).encode() for vr in EXPLICIT_VR_LENGTH_32)
_UPPER = re.compile(rb"[A-Z]{2}")
_UID = re.compile(rb"[0-9.]+")
_JPEG_FAMILY = "1.2.840.10008.1.2.4."


def _swapped(tag: int) -> int:
    """A tag as one little endian word holds it: element above group."""
    return (tag & 0xFFFF) << 16 | tag >> 16


_PIXELS = frozenset(_swapped(tag) for tag in PIXEL_TAGS)
_ITEM, _ITEM_END, _SEQUENCE_END = (_swapped(tag) for tag in (0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD))
_AT_TOP, _WITHIN_ITEM = _PIXELS | {_ITEM_END}, frozenset({_ITEM_END})
_META_SYNTAX, _META_CLASS = _swapped(0x00020010), _swapped(0x00020002)


class _NotPlain(Exception):
    """Something that pydicom has rules for."""


@dataclass(frozen=True, eq=False, slots=True)
class QuickHeader:
    """A header as bytes.

    Parameters
    ----------
    constant : all that is wanted of the header, but for the values of `values`: equal bytes mean equal
        meaning.
    values : keyword -> the bytes of a value, for the elements that were asked for one by one.
    pixel_offset : byte offset of the pixel data's value in the file.
    size, mtime_ns : of the file when it was read.
    """

    constant: bytes
    values: dict[str, bytes]
    pixel_offset: int
    size: int
    mtime_ns: int


class QuickReader:
    """Reads headers for one set of wanted elements.

    Parameters
    ----------
    wanted : keywords of all elements that mean something to the caller.
    apart : of those, the ones whose values are given one by one.
    without : a header that has one of these is not read here.
    """

    def __init__(self, wanted: Iterable[str], apart: Iterable[str], without: Iterable[str]) -> None:
        self._apart = {_tag(keyword): keyword for keyword in apart}
        self._vrs = {tag: dictionary_VR(_swapped(tag)).encode() for tag in self._apart}
        self._without = frozenset(_tag(keyword) for keyword in without)
        self._wanted = frozenset(_tag(keyword) for keyword in wanted) | self._apart.keys() | self._without

    def read(self, path: Path) -> QuickHeader | None:
        """The header of a file, of which no more is read than its start; None where it is not plain.

        Raises
        ------
        OSError
            The file cannot be read.
        """
        file = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
        try:
            status = os.fstat(file)
            data = os.read(file, _FIRST_READ)
            if data[128:132] != b"DICM":
                return None
            while True:
                try:
                    return self._header(data, status)
                except StructError:  # the header goes on past what was read, or the file ends within it
                    more = os.read(file, _LAST_READ - len(data))
                    if not more:
                        return None
                    data += more
                except _NotPlain:
                    return None
        finally:
            os.close(file)

    def _header(self, data: bytes, status: os.stat_result) -> QuickHeader | None:
        position, syntax, sop_class = _meta(data)
        implicit = syntax == ImplicitVRLittleEndian
        if not implicit and not _is_explicit(syntax):
            return None
        group = int.from_bytes(data[position : position + 2], "little")
        if group < 8 or (implicit and _UPPER.match(data, position + 4)):
            return None
        found: dict[int, tuple[int, int, int]] = {}
        position = _walk(
            data, position, len(data), implicit=implicit, ends=_AT_TOP, wanted=self._wanted, found=found
        )
        tag = _LONG_LENGTH(data, position)[0]
        long = not implicit and data[position + 4 : position + 6] in _LONG_VRS
        pixels = position + (12 if long else 8)
        if tag not in _PIXELS or pixels > len(data) or not self._without.isdisjoint(found):
            return None
        constant = [syntax.encode(), b"\0", len(sop_class).to_bytes(4, "little"), sop_class]
        values = {}
        for tag, (start, value, end) in found.items():
            if tag in self._apart:
                if not implicit and data[start + 4 : start + 6] != self._vrs[tag]:
                    return None
                values[self._apart[tag]] = data[value:end]
                constant.append(data[start : start + 4])
            else:
                constant.append(data[start:end])
        constant.append(data[position:pixels])
        return QuickHeader(b"".join(constant), values, pixels, status.st_size, status.st_mtime_ns)


def _tag(keyword: str) -> int:
    tag = tag_for_keyword(keyword)
    assert tag is not None
    return _swapped(tag)


def _is_explicit(syntax: str) -> bool:
    return syntax in (ExplicitVRLittleEndian, RLELossless) or syntax.startswith(_JPEG_FAMILY)


def _meta(data: bytes) -> tuple[int, str, bytes]:
    """Where the dataset starts, the transfer syntax, and the SOP class of the file meta (PS3.10 7.1)."""
    found: dict[int, bytes] = {}
    position = 132
    while data[position : position + 2] == b"\2\0":
        tag, vr, length = _EXPLICIT(data, position)
        position += 8
        if vr in _LONG_VRS:
            length = _LONG_LENGTH(data, position)[0]
            position += 4
        elif vr not in _SHORT_VRS:
            raise _NotPlain
        if length == UNDEFINED_LENGTH:
            raise _NotPlain
        found[tag] = data[position : position + length]
        position += length
    syntax = found.get(_META_SYNTAX, b"").rstrip(b"\0 ")
    if position + 8 > len(data):
        raise StructError
    if not _UID.fullmatch(syntax):
        raise _NotPlain
    return position, syntax.decode(), found.get(_META_CLASS, b"")


def _walk(
    data: bytes,
    position: int,
    stop: int,
    *,
    implicit: bool,
    ends: frozenset[int],
    wanted: frozenset[int] = frozenset(),
    found: dict[int, tuple[int, int, int]] | None = None,
    depth: int = 0,
) -> int:
    """Step over elements up to `stop` or one of `ends`; return where that element starts.

    Notes in `found` for each of `wanted` where the element and its value start, and where they end.
    """
    marked = wanted | ends
    while position < stop:
        if implicit:
            tag, length = _IMPLICIT(data, position)
            vr, value = b"", position + 8
        else:
            tag, vr, length = _EXPLICIT(data, position)
            value = position + 8
        if vr not in _SHORT_VRS and tag not in ends:
            if not implicit:
                if vr not in _LONG_VRS:
                    raise _NotPlain
                length = _LONG_LENGTH(data, value)[0]
                value += 4
            if length == UNDEFINED_LENGTH:
                if vr != b"SQ" and not (implicit and _is_sequence(tag)):
                    raise _NotPlain
                length = _past_items(data, value, implicit=implicit, depth=depth + 1) - value
        end = value + length
        if tag in marked:
            if tag in ends:
                return position
            if found is not None:
                found[tag] = position, value, end
        position = end
    return position


def _is_sequence(tag: int) -> bool:
    try:
        return dictionary_VR(_swapped(tag)) == "SQ"
    except KeyError:
        return False


def _past_items(data: bytes, position: int, *, implicit: bool, depth: int) -> int:
    """The end of a sequence of undefined length (PS3.5 7.5)."""
    if depth > _DEPTH:
        raise _NotPlain
    while True:
        tag, length = _IMPLICIT(data, position)
        position += 8
        if tag == _SEQUENCE_END:
            return position
        if tag != _ITEM:
            raise _NotPlain
        stop = len(data) if length == UNDEFINED_LENGTH else position + length
        position = _walk(data, position, stop, implicit=implicit, ends=_WITHIN_ITEM, depth=depth)
        if length == UNDEFINED_LENGTH:
            if _LONG_LENGTH(data, position)[0] != _ITEM_END:
                raise _NotPlain
            position += 8
        elif position != stop:
            raise _NotPlain
