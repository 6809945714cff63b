"""Folders, ZIP archives and DICOMDIRs that nobody should make: traversal, bombs, loops, lies."""

from __future__ import annotations

import os
import random
import struct
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.fuzz.elements import anatomy
from tests.fuzz.mutations import altered

Made = Callable[[Path, list[bytes], random.Random], Path]
"""Writes something into an empty folder, and gives the path to open."""


def zip_of_altered(folder: Path, files: list[bytes], rng: random.Random) -> Path:
    """Some good members, some altered ones, names in every encoding."""
    names = ["im1.dcm", "im2", "sub/im3.dcm", "ä/日本.dcm", "a\nb.dcm", "x" * 200, "DICOMDIR"]
    members = [(name, altered(data, rng)[1]) for name, data in zip(names, files * 2, strict=False)]
    return _zip(folder / "study.zip", members)


def zip_with_traversal(folder: Path, files: list[bytes], rng: random.Random) -> Path:
    names = [
        "../../../tmp/out.dcm",
        "/etc/out.dcm",
        "C:\\out.dcm",
        "..\\out.dcm",
        "a/../../out.dcm",
        "ok.dcm",
        ".",
    ]
    return _zip(folder / "study.zip", [(name, files[0]) for name in rng.sample(names, 4)])


def zip_bomb(folder: Path, files: list[bytes], rng: random.Random) -> Path:
    """A member that expands a thousandfold; sometimes with a directory that denies it."""
    path = _zip(folder / "study.zip", [("ok.dcm", files[0]), ("bomb.dcm", files[0] + bytes(80 << 20))])
    if rng.random() < 0.5:
        data = bytearray(path.read_bytes())
        central = data.rfind(b"PK\1\2")
        data[central + 24 : central + 28] = struct.pack("<I", len(files[0]))
        path.write_bytes(data)
    return path


def zip_damaged(folder: Path, files: list[bytes], rng: random.Random) -> Path:
    """Bits and lengths of the archive itself, or its end cut off."""
    path = _zip(folder / "study.zip", [(f"{n}.dcm", data[:20_000]) for n, data in enumerate(files)])
    data = bytearray(path.read_bytes())
    ends = [at for at in (data.find(b"PK\3\4"), data.find(b"PK\1\2"), data.rfind(b"PK\5\6")) if at >= 0]
    for _ in range(rng.choice((1, 2, 8))):
        at = min(rng.choice(ends) + rng.randrange(46), len(data) - 1)
        data[at] = rng.choice((0, 1, 255, rng.randrange(256)))
    path.write_bytes(data[: rng.randrange(len(data))] if rng.random() < 0.2 else data)
    return path


def zip_in_zip(folder: Path, files: list[bytes], rng: random.Random) -> Path:
    """An archive in an archive, members without a name, a link as a member, hundreds of empty ones."""
    inner = _zip(folder / "inner.zip", [("a.dcm", files[0])]).read_bytes()
    (folder / "inner.zip").unlink()
    link = zipfile.ZipInfo("link.dcm")
    link.external_attr = 0o120777 << 16
    path = folder / "study.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("inner.zip", inner)
        archive.writestr(link, "/etc/passwd")
        for number in range(rng.choice((1, 500))):
            archive.writestr(f"empty{number}", b"")
        archive.writestr("ok.dcm", files[0])
    return path


def directory(folder: Path, files: list[bytes], rng: random.Random) -> Path:
    """A DICOMDIR that lists what is there, what is not, and what lies outside; sometimes altered."""
    for number, data in enumerate(files[:3]):
        (folder / f"IM{number}").write_bytes(data)
    ids = [
        b"IM0",
        b"IM1",
        b"IM2",
        b"..\\..\\X",
        b"DICOMDIR",
        b"/ETC\\PASSWD",
        b"IM0",
        b"\xff\xfe",
        b"A\\B\\C",
        b"\\\\",
        b"IM0\\IM1",
        b"." * 60,
        b"C:\\X",
        b"",
    ]
    made = directory_of(rng.choices(ids, k=rng.choice((0, 1, 5, 2000))), rng.choice((0, 8, 400, 0xFFFFFFFF)))
    if rng.random() < 0.5:
        made = altered(made, rng)[1]
    (folder / "DICOMDIR").write_bytes(made)
    return folder / "DICOMDIR"


def directory_of(file_ids: Sequence[bytes], offset: int = 0) -> bytes:
    """A DICOMDIR with an image record for each file id; `offset` of the next record may lead in circles."""
    records = b""
    for file_id in file_ids:
        inner = _element(0x00041400, b"UL", struct.pack("<I", offset))
        inner += _element(0x00041420, b"UL", struct.pack("<I", offset))
        inner += _element(0x00041430, b"CS", b"IMAGE")
        inner += _element(0x00041500, b"CS", file_id)
        records += struct.pack("<HHI", 0xFFFE, 0xE000, len(inner)) + inner
    meta = _element(0x00020002, b"UI", b"1.2.840.10008.1.3.10\0")
    meta += _element(0x00020010, b"UI", b"1.2.840.10008.1.2.1\0")
    length = _element(0x00020000, b"UL", struct.pack("<I", len(meta)))
    sequence = struct.pack("<HH2sHI", 0x0004, 0x1220, b"SQ", 0, len(records)) + records
    return bytes(128) + b"DICM" + length + meta + sequence


def folder_with_links(folder: Path, files: list[bytes], rng: random.Random) -> Path:
    """Links in circles, a pipe, a device, names that are no text, a folder 60 deep."""
    study = folder / "study"
    deep = study.joinpath(*["d"] * 60)
    deep.mkdir(parents=True)
    (deep / "im.dcm").write_bytes(files[0])
    (study / "loop").symlink_to(study)
    (study / "other").symlink_to(study / "loop" / "other")
    (study / "zero").symlink_to("/dev/zero")
    (deep / "up").symlink_to(study)
    os.mkfifo(study / "pipe")
    for number, data in enumerate(files):
        name = os.fsdecode(rng.choice((b"\xff\xfe%d", b"a\nb%d", "é%d".encode(), b"%d.dcm")) % number)
        (study / name).write_bytes(altered(data, rng)[1])
    return study


def many_slices(folder: Path, files: list[bytes], rng: random.Random) -> Path:
    """One image several times over, each a little altered: copies, splits, orders that contradict."""
    study = folder / "study"
    study.mkdir()
    for number in range(rng.choice((3, 12))):
        (study / f"{number}.dcm").write_bytes(altered(files[0], rng)[1])
    return study


def _zip(path: Path, members: list[tuple[str, bytes]]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return path


def _element(tag: int, vr: bytes, value: bytes) -> bytes:
    return anatomy(b"").encoded(tag, vr, value + b" " * (len(value) % 2))


CONTAINERS: dict[str, Made] = {
    "zip of altered": zip_of_altered,
    "zip traversal": zip_with_traversal,
    "zip bomb": zip_bomb,
    "zip damaged": zip_damaged,
    "zip in zip": zip_in_zip,
    "dicomdir": directory,
    "links": folder_with_links,
    "many slices": many_slices,
}
