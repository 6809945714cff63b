"""NumPy files: arrays by name, written one after the other so that heatmaps need not all be in memory."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from viewer.errors import ReportError
from viewer.report import saving

_MAGIC = {".npy": b"\x93NUMPY", ".npz": b"PK"}


@dataclass(frozen=True, eq=False, slots=True)
class Stack:
    """An array that is made part by part: its shape, dtype and the parts along its first axis."""

    shape: tuple[int, ...]
    dtype: np.dtype
    parts: Iterable[np.ndarray]


def write_npy(path: Path, array: np.ndarray) -> None:
    """Write one array; replaces an .npy file, nothing else."""
    # Not numpy.save: its tofile() says of a full disk only how many bytes it wrote.
    whole = Stack(array.shape, array.dtype, [array])
    saving.write(path, lambda file: _write(file, whole), overwrite=_replaceable(path))


def write_npz(path: Path, arrays: Mapping[str, np.ndarray | Stack]) -> None:
    """Write arrays as `numpy.savez` does; replaces an .npz file, nothing else."""

    def fill(file: BinaryIO) -> None:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
            for name, array in arrays.items():
                # A fixed time: the same arrays give the same file.
                entry = zipfile.ZipInfo(f"{name}.npy", (1980, 1, 1, 0, 0, 0))
                with archive.open(entry, "w", force_zip64=True) as member:
                    _write(member, array)  # type: ignore[arg-type]

    saving.write(path, fill, overwrite=_replaceable(path))


def _write(member: BinaryIO, array: np.ndarray | Stack) -> None:
    if isinstance(array, np.ndarray):
        np.lib.format.write_array(member, array, allow_pickle=False)
        return
    header = {
        "shape": array.shape,
        "fortran_order": False,
        "descr": np.lib.format.dtype_to_descr(array.dtype),
    }
    np.lib.format.write_array_header_1_0(member, header)
    for part in array.parts:
        member.write(np.ascontiguousarray(part, array.dtype).tobytes())


def check(path: Path, suffix: str) -> None:
    """Refuse early a place where the file could not be written at the end of a long computation."""
    if path.suffix.lower() != suffix:
        raise ReportError(
            f"'{path.name}' does not end in {suffix}.", remedy=f"Give --out a name in {suffix}."
        )
    if not os.path.isdir(path.parent):
        raise ReportError(f"There is no folder '{path.parent}'.", remedy="Make it, or choose another.")
    if saving.exists(path) and not _replaceable(path):
        raise ReportError(f"'{path.name}' exists and is no NumPy file.", remedy="Choose another name.")


def _replaceable(path: Path) -> bool:
    """Whether `path` is a NumPy file, as far as its name and first bytes tell: as numpy.save, these are
    replaced. Anything else that happens to be there is not."""
    magic = _MAGIC.get(path.suffix.lower())
    if magic is None or not os.path.isfile(path):
        return False
    with path.open("rb") as file:
        start = file.read(len(magic))
    return start in (magic, b"")
