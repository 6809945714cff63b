"""Where DICOM files lie: folders, DICOMDIR, ZIP archives. Finds files; reads none but the directory."""

from __future__ import annotations

import os
import re
import stat
import struct
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath

from viewer.dicom import archive
from viewer.errors import StudyError
from viewer.study import Skipped, Source

_MEMBER_LIMIT = 1 << 30
"""Bytes a ZIP member may expand to; no image that this viewer can show is larger."""
_RATIO_LIMIT, _RATIO_FROM = 200, 64 << 20
"""A member past 64 MiB that expands more than 200-fold is a bomb: empty slices reach 1000-fold, but small."""

_RECORD_LIMIT = 50_000
"""Records of a DICOMDIR: each costs kilobytes and a tenth of a millisecond before the first image shows,
and the folder tells as much."""


def find(path: Path, check: Callable[[], object]) -> tuple[list[Source], list[Skipped]]:
    """Everything under a path that may be a DICOM file, in natural order of names.

    Parameters
    ----------
    path : a folder, a DICOM file, a DICOMDIR or a ZIP archive.
    check : called once a folder; may raise to stop.

    Raises
    ------
    StudyError
        The path does not exist, or cannot be read.
    """
    try:
        if path.is_dir():
            return _in_folder(path, check)
        if not path.exists():
            raise StudyError("There is no file or folder at this path.", remedy="Check path and drive.")
        if not path.is_file():
            raise StudyError("This is neither a file nor a folder.", remedy="Open a folder with DICOM files.")
        if zipfile.is_zipfile(path) and not _has_preamble(path):
            return _in_archive(path)
        if is_dicomdir(path):
            return _in_directory(path)
    except OSError as error:
        reason = (error.strerror or "read error").lower()
        raise StudyError(
            f"This path cannot be read ({reason}).", remedy="Check its permissions, or copy it to this disk."
        ) from error
    return [Source(path)], []


def is_dicomdir(path: Path) -> bool:
    """Whether a file is the directory of a DICOM medium, by its name (PS3.10 8.6)."""
    return path.name.upper().startswith("DICOMDIR")


def natural(name: str) -> list[tuple[int, int, str]]:
    """A sort key that puts "im2" before "im10"."""
    parts = re.split(r"(\d+)", name.lower())
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts if part]


def _has_preamble(path: Path) -> bool:
    with open(path, "rb") as stream:
        return stream.read(132)[128:] == b"DICM"


def _in_folder(root: Path, check: Callable[[], object]) -> tuple[list[Source], list[Skipped]]:
    sources: list[Source] = []
    skipped: list[Skipped] = []
    seen: set[tuple[int, int]] = set()
    waiting = [root]
    while waiting:
        check()
        folder = waiting.pop()
        try:
            status = folder.stat()
            if (status.st_dev, status.st_ino) in seen and status.st_ino:
                continue  # a symbolic link back to a folder already walked
            seen.add((status.st_dev, status.st_ino))
            entries = sorted(os.scandir(folder), key=lambda entry: natural(entry.name))
        except OSError as error:
            skipped.append(Skipped(str(folder), f"Folder cannot be read ({(error.strerror or '').lower()})"))
            continue
        below = []
        for entry in entries:
            try:
                mode = entry.stat().st_mode
            except OSError:
                skipped.append(Skipped(entry.path, "Broken link, or file that cannot be read"))
                continue
            if stat.S_ISDIR(mode):
                below.append(Path(entry.path))
            elif stat.S_ISREG(mode):
                sources.append(Source(Path(entry.path)))
            else:
                skipped.append(Skipped(entry.path, "Not a file (device, pipe or socket)"))
        waiting += reversed(below)
    return sources, skipped


def _in_archive(path: Path) -> tuple[list[Source], list[Skipped]]:
    sources: list[Source] = []
    skipped: list[Skipped] = []
    try:
        members = sorted(archive.members(path), key=lambda member: natural(member.filename))
    except archive.Overfull as error:
        raise StudyError(
            "This ZIP archive claims to hold more than it can: refused.",
            remedy="Unpack it with another program if you trust its source, and open the folder.",
        ) from error
    except (zipfile.BadZipFile, NotImplementedError, ValueError, struct.error) as error:
        raise StudyError("This ZIP archive is damaged.", remedy="Copy it from its source again.") from error
    names: set[str] = set()
    for member in members:
        if member.is_dir():
            continue
        reason = _refused(member)
        if member.filename in names:
            reason = "Second member of the same name in the archive"
        names.add(member.filename)
        if reason:
            skipped.append(Skipped(f"{path}/{member.filename}", reason))
        else:
            sources.append(Source(path, member.filename))
    return sources, skipped


def _refused(member: zipfile.ZipInfo) -> str:
    """Why a ZIP member is not read, or "". Members are never written to disk; a name that tries is a fake."""
    parts = PurePosixPath(member.filename.replace("\\", "/")).parts
    if ".." in parts or member.filename.startswith(("/", "\\")) or ":" in (parts[0] if parts else ""):
        return "Name points outside the archive"
    if member.flag_bits & 0x1:
        return "Encrypted: unpack the archive first"
    ratio = member.file_size / max(member.compress_size, 1)
    if member.file_size > _MEMBER_LIMIT or (member.file_size > _RATIO_FROM and ratio > _RATIO_LIMIT):
        return f"Would expand {ratio:.0f}-fold to {member.file_size / 2**20:.0f} MiB: refused"
    return ""


def _in_directory(path: Path) -> tuple[list[Source], list[Skipped]]:
    from viewer.dicom import dataset as tags

    if _items(path) > _RECORD_LIMIT:
        raise StudyError(
            f"This DICOMDIR has more than {_RECORD_LIMIT:,} records: refused.",
            remedy="Open the folder it lies in instead.",
        )
    try:
        with tags.open_source(Source(path)) as stream, tags.quiet():
            directory = tags.read(stream).dataset
            records = tags.items(directory, "DirectoryRecordSequence")
            ids = [tags.text(record, "ReferencedFileID") for record in records]
    except tags.Unreadable as error:
        raise StudyError(
            "This DICOMDIR cannot be read.", remedy="Open the folder it lies in instead."
        ) from error
    sources: list[Source] = []
    skipped: list[Skipped] = []
    folders: dict[Path, dict[str, Path]] = {}
    for file_id in dict.fromkeys(file_id for file_id in ids if file_id):
        shown = f"{path}: {file_id}"
        parts = [part for part in re.split(r"[\\/]", file_id) if part]
        if ".." in parts or file_id.startswith("/") or any(":" in part for part in parts):
            skipped.append(Skipped(shown, "DICOMDIR points outside its folder"))
            continue
        found = _referenced(path.parent, parts, folders)
        if found is None:
            skipped.append(Skipped(shown, "Listed in the DICOMDIR, but not there"))
        elif not found.resolve().is_relative_to(path.parent.resolve()):
            skipped.append(Skipped(shown, "DICOMDIR points outside its folder"))
        else:
            sources.append(Source(found))
    if not sources:
        raise StudyError(
            f"This DICOMDIR lists {len(skipped)} files, and none of them is there.",
            remedy="Open the folder that holds the images instead.",
        )
    return sources, skipped


def _items(path: Path) -> int:
    """How often the tag of an item stands in a file (PS3.5 7.5): at least once for every record."""
    count, tail = 0, b""
    with open(path, "rb") as stream:
        while count <= _RECORD_LIMIT and (piece := stream.read(1 << 20)):
            count += (tail + piece).count(b"\xfe\xff\x00\xe0")
            tail = piece[-3:]
    return count


def _referenced(folder: Path, parts: list[str], folders: dict[Path, dict[str, Path]]) -> Path | None:
    """The file of a File ID, in any case and with or without the ";1" of ISO 9660."""
    for part in parts:
        if folder not in folders:
            folders[folder] = {_plain(entry.name): entry for entry in _entries(folder)}
        match = folders[folder].get(_plain(part))
        if match is None:
            return None
        folder = match
    return folder if folder.is_file() else None


def _plain(name: str) -> str:
    return name.upper().split(";")[0].rstrip(".")


def _entries(folder: Path) -> Iterator[Path]:
    try:
        yield from sorted(folder.iterdir())
    except OSError:
        return
