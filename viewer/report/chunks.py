"""The text chunks of a PNG that anybody may have made: read within bounds, without an image library.

A reader of images would decode pixels nobody asked for, and inflate a text to whatever size it claims.
"""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import BinaryIO

from viewer.errors import ReportError

SIGNATURE = b"\x89PNG\r\n\x1a\n"
MAX_TEXT = 16 << 20
"""Bytes of a text, unpacked: marks drawn by hand have many points, but not so many."""
_MAX_CHUNKS = 100_000
_REMEDY = "Choose a PNG that Glassbox exported."
_DAMAGED = "This PNG is damaged or cut off."


def is_png(path: Path) -> bool:
    """Whether a file begins as a PNG does; False for what cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(len(SIGNATURE)) == SIGNATURE
    except OSError:
        return False


def text_of(path: Path, keyword: str) -> str | None:
    """The text that a PNG holds under `keyword` (PNG 3rd edition, 11.3.3); None if it holds none.

    Raises ReportError, one sentence each, for what is no PNG, is damaged, holds two such texts or one
    that is too large, and for a file that cannot be read.
    """
    try:
        with path.open("rb") as file:
            texts = _texts(file, keyword.encode("latin-1"))
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise ReportError(f"'{path.name}' cannot be read: {why}.", remedy="Choose another file.") from error
    if len(texts) > 1:
        raise ReportError("This PNG holds more than one report, so it was altered.", remedy=_REMEDY)
    return texts[0] if texts else None


def _texts(file: BinaryIO, keyword: bytes) -> list[str]:
    """Every text under the keyword, up to the end mark; pixel data are passed over unread."""
    if file.read(len(SIGNATURE)) != SIGNATURE:
        raise ReportError("This is no PNG.", remedy=_REMEDY)
    found: list[str] = []
    for _ in range(_MAX_CHUNKS):
        head = file.read(8)
        if len(head) < 8:
            break
        length, kind = struct.unpack(">I4s", head)
        if kind == b"IEND":
            return found
        if kind not in (b"tEXt", b"zTXt", b"iTXt"):
            file.seek(length + 4, 1)
            continue
        if length > MAX_TEXT:
            raise _too_large()
        data, check = file.read(length), file.read(4)
        if len(data) < length or check != struct.pack(">I", zlib.crc32(kind + data)):
            break
        name, zero, rest = data.partition(b"\0")
        if zero and name == keyword:
            found.append(_text(kind, rest))
    raise ReportError(_DAMAGED, remedy=_REMEDY)


def _text(kind: bytes, rest: bytes) -> str:
    """What follows the keyword -> its text."""
    try:
        if kind == b"tEXt":
            return rest.decode("latin-1")
        if kind == b"zTXt":
            return _unpacked(rest[1:]).decode("latin-1")
        packed, (_language, _translated, text) = rest[0], rest[2:].split(b"\0", 2)
        return (_unpacked(text) if packed else text).decode("utf-8")
    except (ValueError, IndexError, zlib.error) as error:
        raise ReportError(_DAMAGED, remedy=_REMEDY) from error


def _unpacked(data: bytes) -> bytes:
    inflate = zlib.decompressobj()
    text = inflate.decompress(data, MAX_TEXT)
    if inflate.unconsumed_tail:
        raise _too_large()
    if not inflate.eof:
        raise ValueError("cut off")
    return text


def _too_large() -> ReportError:
    return ReportError("The report in this PNG is too large to be one of Glassbox's.", remedy=_REMEDY)
