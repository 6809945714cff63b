"""Two files of one image: whether the second is whole where the first is cut off."""

from __future__ import annotations

import io
import zipfile
import zlib

from viewer.dicom import archive
from viewer.dicom import dataset as tags
from viewer.dicom.dataset import UNDEFINED_LENGTH, Unreadable
from viewer.study import Source

_ITEM, _END = b"\xfe\xff\x00\xe0", b"\xfe\xff\xdd\xe0"
"""Item and sequence delimitation item: between them lie compressed frames (PS3.5 A.4)."""


def replaces(new: Source, first: Source) -> bool:
    """Whether `first` ends before its pixel data do, and `new` does not. Quick where `new` is no longer."""
    try:
        return _size(new) > _size(first) and _is_cut_off(first) and not _is_cut_off(new)
    except OSError:
        return False


def _size(source: Source) -> int:
    """Bytes of the file, or of the ZIP member once it is unpacked."""
    if source.member is None:
        return source.path.stat().st_size
    try:
        return archive.member(source.path, source.member).file_size
    except (zipfile.BadZipFile, KeyError):
        return 0


def _is_cut_off(source: Source) -> bool:
    try:
        with tags.open_source(source) as stream:
            opened = tags.read(stream, only=("TransferSyntaxUID",))
            end = stream.seek(0, io.SEEK_END)
            position = opened.pixel_offset
            if opened.pixel_length != UNDEFINED_LENGTH:
                return end < position + opened.pixel_length
            while position + 8 <= end:
                stream.seek(position)
                item = stream.read(8)
                if item[:4] != _ITEM:
                    return item[:4] != _END
                position += 8 + int.from_bytes(item[4:], "little")
            return True
    except (OSError, EOFError, Unreadable, zipfile.BadZipFile, zlib.error):
        return True
