"""The inputs of a run: input number n of a seed is the same bytes on every machine with the same files."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from tests.fuzz.containers import CONTAINERS
from tests.fuzz.mutations import altered

KIB = 1024
_EVERY_CUT, _EVERY_CONTAINER = 3, 50
"""One input in so many is a file cut off at a kilobyte, or an archive, DICOMDIR or folder."""


def packaged_files() -> list[Path]:
    """The DICOM files that come with pydicom: nothing is fetched."""
    import pydicom.data

    folder = Path(pydicom.data.__file__).parent
    return sorted(path for name in ("test_files", "charset_files") for path in _files(folder / name))


def _files(folder: Path) -> list[Path]:
    return [
        path for path in folder.rglob("*") if path.is_file() and path.suffix not in (".py", ".csv", ".md")
    ]


def with_shared(shared: Path) -> list[Path]:
    """The files of pydicom and of a folder, each content once."""
    known: dict[bytes, Path] = {}
    for path in (*packaged_files(), *sorted(_files(shared))):
        known.setdefault(hashlib.sha256(path.read_bytes()).digest(), path)
    return list(known.values())


@dataclass(frozen=True)
class Inputs:
    """Number -> a file or folder to open, made of `files`."""

    files: Sequence[Path]
    seed: int

    @cached_property
    def cuts(self) -> list[tuple[int, int]]:
        """(file, kilobytes) of every truncation at a kilobyte, shuffled: a short run samples all files."""
        found = [
            (index, kib)
            for index, path in enumerate(self.files)
            for kib in range(-(-path.stat().st_size // KIB))
        ]
        random.Random(self.seed).shuffle(found)
        return found

    def make(self, number: int, folder: Path) -> tuple[str, Path]:
        """Write input `number` into an empty folder; its kind, and the path to open."""
        rng = random.Random(f"{self.seed}:{number}")
        if number % _EVERY_CUT == 0 and number // _EVERY_CUT < len(self.cuts):
            index, kib = self.cuts[number // _EVERY_CUT]
            return "cut at kilobyte", self._write(folder, self.files[index].read_bytes()[: kib * KIB])
        if number % _EVERY_CONTAINER == 1:
            name = rng.choice(list(CONTAINERS))
            chosen = [rng.choice(self.files).read_bytes() for _ in range(4)]
            return name, CONTAINERS[name](folder, chosen, rng)
        name, data = altered(rng.choice(self.files).read_bytes(), rng)
        return name, self._write(folder, data)

    @staticmethod
    def _write(folder: Path, data: bytes) -> Path:
        path = folder / "input.dcm"
        path.write_bytes(data)
        return path
