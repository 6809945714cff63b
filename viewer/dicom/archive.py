"""Members of ZIP archives. An archive's directory is read once: `zipfile` would read it for every member."""

from __future__ import annotations

import struct
import zipfile
from contextlib import ExitStack
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO, cast

_LOCAL_HEADER = struct.Struct("<4s22xHH")
_END, _END_64, _LOCATOR_64 = b"PK\5\6", b"PK\6\6", b"PK\6\7"
_LONGEST_END = (1 << 16) + 22 + 20
_DIRECTORY_LIMIT = 16 << 20
"""Bytes of an archive's directory, some 150,000 names: each costs ten times its bytes once it is read."""


class Overfull(zipfile.BadZipFile):
    """An archive that claims more than it can hold, or more than anybody reads."""


def members(path: Path) -> tuple[zipfile.ZipInfo, ...]:
    """What an archive lists, in its own order.

    Raises
    ------
    zipfile.BadZipFile
        It is damaged; `Overfull` where its directory is absurd.
    OSError
        It cannot be read.
    """
    return _directory(*_identity(path))[0]


def member(path: Path, name: str) -> zipfile.ZipInfo:
    """The first member of a name; raises `KeyError` without one, and as `members` does."""
    return _directory(*_identity(path))[1][name]


def open_member(path: Path, name: str) -> BinaryIO:
    """The bytes of a member, seekable; raises as `member` does, and RuntimeError if it is encrypted."""
    info = member(path, name)
    if info.flag_bits & 0x1:
        raise RuntimeError("encrypted")
    with ExitStack() as kept:
        stream = kept.enter_context(open(path, "rb"))
        stream.seek(info.header_offset)
        head = stream.read(_LOCAL_HEADER.size)
        if len(head) < _LOCAL_HEADER.size or not head.startswith(b"PK\3\4"):
            raise zipfile.BadZipFile("no member where the directory says")
        _, name_length, extra_length = _LOCAL_HEADER.unpack(head)
        stream.seek(name_length + extra_length, 1)
        opened = zipfile.ZipExtFile(stream, "r", info, close_fileobj=True)
        kept.pop_all()
        return cast(BinaryIO, opened)


def _identity(path: Path) -> tuple[Path, int, int]:
    status = path.stat()  # an archive that was replaced has another directory
    return path, status.st_mtime_ns, status.st_size


@lru_cache(maxsize=1)
def _directory(
    path: Path, mtime_ns: int, size: int
) -> tuple[tuple[zipfile.ZipInfo, ...], MappingProxyType[str, zipfile.ZipInfo]]:
    if _directory_size(path, size) > _DIRECTORY_LIMIT:
        raise Overfull("directory too large")
    with zipfile.ZipFile(path) as archive:
        listed = tuple(archive.infolist())
    # Members that share their bytes are how a small archive holds petabytes.
    if sum(info.compress_size for info in listed) > size:
        raise Overfull("members overlap")
    return listed, MappingProxyType({info.filename: info for info in reversed(listed)})


def _directory_size(path: Path, size: int) -> int:
    """Bytes that the directory says it has, from the record at the archive's end (APPNOTE 4.3.16)."""
    with open(path, "rb") as stream:
        start = max(size - _LONGEST_END, 0)
        stream.seek(start)
        tail = stream.read(_LONGEST_END)
        at = tail.rfind(_END)
        if at < 0 or len(tail) < at + 22:
            return 0  # no archive: `zipfile` says so
        locator = tail[max(at - 20, 0) : at]
        if locator.startswith(_LOCATOR_64):
            stream.seek(min(int.from_bytes(locator[8:16], "little"), size))
            record = stream.read(56)
            if record.startswith(_END_64):
                return int.from_bytes(record[40:48], "little")
        return int.from_bytes(tail[at + 12 : at + 16], "little")
