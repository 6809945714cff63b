"""A whole series as one array of modality values, with its place in the patient."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from viewer.dicom import stacking
from viewer.errors import PixelError, StudyError
from viewer.study import Series, SliceHeader, StoredPixels, Vector

_AT_ONCE = 4 << 20
"""Bytes of slices that a thread reads before it reports; a smaller volume is not worth a second thread."""
_MOST_THREADS = 8
_READY = 2
_INT16 = np.iinfo(np.int16)


@dataclass(frozen=True, eq=False, slots=True)
class Volume:
    """Modality values of a series and where they lie in the patient (mm, LPS).

    Parameters
    ----------
    values : (slices, rows, cols), C-contiguous, in scroll order, native byte order; the stored dtype
        where there is no rescale, else the smallest that holds exactly what `load_slice` gives for
        every slice: int16 for CT, float32 for PET.
    unit : of the values: "HU", "Bq/ml", …; "" if arbitrary.
    spacing : (slice, row, column) mm between neighbours along each index, the first one along the
        normal; None where it is unknown, the first one also where slices are not equally spaced.
    origin : (x, y, z) of the centre of voxel (0, 0, 0); None if unknown.
    direction : (3, 3), its columns the unit vectors of growing slice, row and column index; the first
        is the normal of the slices, also where the gantry was tilted. None if unknown.
    step : (x, y, z) mm from every slice to the next one; with a tilted gantry it leans against the
        normal. None for one slice, and where there is no such step: unequal spacing, missing slices.
    problems : what makes it no plain volume, a sentence each.
    """

    values: np.ndarray
    unit: str
    spacing: tuple[float | None, float | None, float | None]
    origin: Vector | None
    direction: np.ndarray | None
    step: Vector | None
    problems: tuple[str, ...]

    @property
    def affine(self) -> np.ndarray | None:
        """(4, 4): patient (x, y, z, 1) = affine @ (slice, row, column, 1); None where there is none.

        PS3.3 equation C.7.6.2.1-1 with the slice as third index; the lean of a tilted gantry is in it.
        """
        _, row, col = self.spacing
        if self.step is None or self.direction is None or self.origin is None or row is None or col is None:
            return None
        made = np.eye(4)
        made[:3, 0] = self.step
        made[:3, 1:3] = self.direction[:, 1:] * (row, col)
        made[:3, 3] = self.origin
        return made


class Progress(Protocol):
    """Told how many slices are read; may raise (`Cancelled`) to stop."""

    def __call__(self, done: int, total: int) -> None: ...


def read_volume(
    series: Series, *, progress: Progress | None = None, available: Callable[[], int] | None = None
) -> Volume:
    """Read all slices of a series.

    Uncompressed slices, of which the scan knows where they lie, are read straight into the array and
    rescaled there; the others are decoded one by one. Both on all cores.

    Parameters
    ----------
    available : bytes of memory that may be taken; by default what the machine has left.

    Raises
    ------
    StudyError
        The series is in colour, its slices differ in size, or it does not fit into memory.
    PixelError
        A slice cannot be read: which, and why.
    """
    headers = series.slices
    if any(header.samples_per_pixel > 1 or header.photometric == "PALETTE COLOR" for header in headers):
        raise StudyError("A series in colour is no volume of values.", remedy="Choose another series.")
    if len({(header.rows, header.cols) for header in headers}) > 1:
        raise StudyError("The slices of this series differ in size.", remedy="Choose another series.")
    report, free = progress or _silent, available or _available
    values = _read_in_place(headers, report, free)
    if values is None:
        values = _Growing(headers, free).filled(report)
    return _placed(series, values)


class _TooWide(Exception):
    """A modality value that int16 does not hold."""


def _read_in_place(
    headers: Sequence[SliceHeader], report: Progress, available: Callable[[], int]
) -> np.ndarray | None:
    """All slices, none of which was ever anywhere but in its place; None where that cannot be."""
    from viewer.dicom import in_place

    places = [header.stored for header in headers if header.stored is not None]
    if len(places) < len(headers):
        return None
    stored = {in_place.stored_dtype(where) for where in places}
    plain = all(where.slope == 1 and where.intercept == 0 for where in places)
    whole = all(where.slope % 1 == 0 and where.intercept % 1 == 0 for where in places)
    if plain and len(stored) == 1:
        dtype = stored.pop()
    elif whole and all(kind.itemsize == 2 for kind in stored):
        dtype = np.dtype(np.int16)
    else:
        return None
    values = _allocated(headers, dtype, available)

    def read(index: int) -> None:
        where = places[index]
        out = values[index].view(in_place.stored_dtype(where))
        in_place.read_stored(where, headers[index].source.path, out)
        if not plain:
            _rescale_in_place(out, where)

    try:
        _on_all_cores(read, headers, report)
    except _TooWide:
        return None
    return values


def _rescale_in_place(stored: np.ndarray, where: StoredPixels) -> None:
    """Turn 16-bit stored values into int16 modality values where they are; raises `_TooWide`.

    Computing modulo 65536 is exact wherever the result fits, whatever the sign of what goes in.
    """
    from viewer.dicom import in_place

    slope, intercept = int(where.slope), int(where.intercept)
    ends = in_place.value_range(where)
    if not _INT16.min <= ends[0] <= ends[1] <= _INT16.max:
        ends = int(stored.min()) * slope + intercept, int(stored.max()) * slope + intercept
        if not _INT16.min <= min(ends) <= max(ends) <= _INT16.max:
            raise _TooWide
    words = stored.view(np.uint16)
    if slope != 1:
        words *= np.uint16(slope % 65536)
    if intercept:
        words += np.uint16(intercept % 65536)


class _Growing:
    """All slices, decoded one by one, in an array whose dtype widens where one needs it."""

    def __init__(self, headers: Sequence[SliceHeader], available: Callable[[], int]) -> None:
        self._headers = headers
        self._available = available
        self._lock = threading.Lock()
        self._values = np.empty((0, 0, 0), np.uint8)

    def filled(self, report: Progress) -> np.ndarray:
        _require_room(self._headers, np.dtype(np.uint8), self._available)
        _on_all_cores(self._read, self._headers, report)
        return self._values

    def _read(self, index: int) -> None:
        values = _modality_values(self._headers[index])
        with self._lock:
            if not self._values.size:
                self._values = _allocated(self._headers, values.dtype, self._available)
            wanted = np.result_type(self._values.dtype, values.dtype)
            if wanted != self._values.dtype:
                _require_room(self._headers, wanted, self._available)
                self._values = self._values.astype(wanted)
            self._values[index] = values


def _modality_values(header: SliceHeader) -> np.ndarray:
    from viewer.dicom import in_place
    from viewer.dicom.grayscale import ModalityTransform
    from viewer.dicom.pixels import load_slice

    if header.stored is None:
        return load_slice(header).values
    stored = np.empty((header.rows, header.cols), in_place.stored_dtype(header.stored))
    in_place.read_stored(header.stored, header.source.path, stored)
    return ModalityTransform(header.stored.slope, header.stored.intercept).apply(stored)


def _on_all_cores(read: Callable[[int], None], headers: Sequence[SliceHeader], report: Progress) -> None:
    """Call `read` with every index; the first error ends it, with the number of the slice in its words."""
    total = len(headers)
    size = 2 * headers[0].rows * headers[0].cols
    decoding = any(header.stored is None or header.stored.codec for header in headers)
    at_once = 1 if decoding else max(1, _AT_ONCE // size)
    # Decoding happens in other processes: threads more have the next codestreams ready meanwhile.
    count = min(os.cpu_count() or 1, _MOST_THREADS) + (_READY if decoding else 0)
    stopped = threading.Event()

    def some(start: int) -> None:
        for index in range(start, min(start + at_once, total)):
            if stopped.is_set():
                return
            try:
                read(index)
            except PixelError as error:
                raise PixelError(f"Slice {index + 1} of {total}: {error.what}", error.remedy) from error
            except OSError as error:
                reason = (error.strerror or "input error").lower()
                raise PixelError(
                    f"Slice {index + 1} of {total} cannot be read ({reason}).",
                    remedy="Open the folder again.",
                ) from error

    if total <= at_once:
        some(0)
        report(total, total)
        return
    with ThreadPoolExecutor(count, "volume") as threads:
        try:
            for number, _ in enumerate(threads.map(some, range(0, total, at_once)), 1):
                report(min(number * at_once, total), total)
        finally:
            stopped.set()


def _allocated(headers: Sequence[SliceHeader], dtype: np.dtype, available: Callable[[], int]) -> np.ndarray:
    _require_room(headers, dtype, available)
    return np.empty((len(headers), headers[0].rows, headers[0].cols), dtype)


def _require_room(headers: Sequence[SliceHeader], dtype: np.dtype, available: Callable[[], int]) -> None:
    wanted = len(headers) * headers[0].rows * headers[0].cols * dtype.itemsize
    free = available()
    if wanted > free:
        raise StudyError(
            f"This volume takes {wanted / 2**30:.1f} GiB of memory, and {free / 2**30:.1f} GiB are free.",
            remedy="Close other programs, or choose a smaller series.",
        )


def _available() -> int:
    import psutil

    return int(psutil.virtual_memory().available)


def _placed(series: Series, values: np.ndarray) -> Volume:
    """The volume of values read: its place from the positions of its slices."""
    headers = series.slices
    first = headers[0].geometry
    found = stacking.stacking(headers)
    problems = [f"{warning}." for warning in series.warnings]
    spacing, step = (found.spacing, found.step) if found is not None else (None, None)
    if found is None and len(headers) > 1:
        problems.append("Where the slices lie is not known.")
    if found is not None and (found.gaps or found.shared > 1):
        step = None
    if found is not None and found.shared > 1:
        problems.append(f"Up to {found.shared} slices lie at one place.")
    in_plane = {header.geometry.spacing for header in headers}
    row, col = first.spacing if first.spacing is not None and len(in_plane) == 1 else (None, None)
    if row is None:
        problems.append("Pixel spacing is not known." if len(in_plane) == 1 else "Pixel spacing varies.")
    units = {header.unit for header in headers}
    if len(units) > 1:
        problems.append("The unit of the values varies.")
    return Volume(
        values=values,
        unit=headers[0].unit if len(units) == 1 else "",
        spacing=(spacing, row, col),
        origin=first.position,
        direction=_direction(headers),
        step=step,
        problems=tuple(problems),
    )


def _direction(headers: Sequence[SliceHeader]) -> np.ndarray | None:
    first, last = headers[0].geometry, headers[-1].geometry
    if first.normal is None:
        return None
    normal = np.array(first.normal)
    if first.position is not None and last.position is not None:
        onwards = float(np.subtract(last.position, first.position) @ normal)
        normal = -normal if onwards < 0 else normal
    return np.stack([normal, np.array(first.col_direction), np.array(first.row_direction)], axis=1)


def _silent(done: int, total: int) -> None:
    """Progress for nobody."""
