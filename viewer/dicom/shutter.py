"""Display shutters: what a file asks to be covered, outside the collimators most often (PS3.3 C.7.6.11, .15).

A shutter covers the picture and nothing else: the modality values under it stay readable, and a network
is given them as its card says.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from pydicom.dataset import Dataset

from viewer.dicom import dataset as tags
from viewer.study import Shutter

_WHITE = 65535
"""Of the P-values in which a shutter's presentation value is given."""
_MAX_VERTICES = 4096
_FAR = 1e6
"""Pixels from the image at which no shutter ends."""
_ON_EDGE = 1e-9
"""Of a pixel: what rounding may do to a centre that lies on an edge."""


def bitmap_group(dataset: Dataset) -> int | None:
    """The overlay group that is a shutter and not a graphic; None without a bitmap shutter."""
    return tags.integer(dataset, "ShutterOverlayGroup") if "BITMAP" in _shapes(dataset) else None


def shutter(
    dataset: Dataset,
    shape: tuple[int, int],
    *,
    aspect: float = 1.0,
    bitmap: Callable[[], np.ndarray | None] = lambda: None,
) -> Shutter | None:
    """The display shutter of an image; None if it has none, or one that hides nothing.

    Several shapes show what lies within all of them. A shape whose attributes are missing or malformed,
    and a shutter that would hide every pixel, are left out: a picture is not lost to a typing error.

    Parameters
    ----------
    shape : (rows, cols) of the image.
    aspect : height of a pixel divided by its width: a circle is round on the patient, its radius counted
        in columns.
    bitmap : gives the plane of `bitmap_group`, (rows, cols) bool, True where the picture is covered.

    Returns
    -------
    Shutter
        `grey` from Shutter Presentation Value, a P-value; black where there is none, or a colour (CIELab).
    """
    hidden = np.zeros(shape, bool)
    for name in _shapes(dataset):
        if name == "BITMAP":
            covered = bitmap()
        elif name in _INSIDE:
            inside = _INSIDE[name](dataset, shape, aspect)
            covered = ~inside if inside is not None else None
        else:
            covered = None
        if covered is not None:
            hidden |= covered
    if not hidden.any() or hidden.all():
        return None
    hidden.setflags(write=False)
    value = tags.integer(dataset, "ShutterPresentationValue") or 0
    return Shutter(hidden, round(min(max(value, 0), _WHITE) * 255 / _WHITE))


def _shapes(dataset: Dataset) -> list[str]:
    return [name.strip().upper() for name in tags.text(dataset, "ShutterShape").split("\\") if name.strip()]


def _rectangle(dataset: Dataset, shape: tuple[int, int], _aspect: float) -> np.ndarray | None:
    """Between its edges, these included; an edge that is missing is that of the image."""
    words = ("UpperHorizontal", "LowerHorizontal", "LeftVertical", "RightVertical")
    edges = [tags.integer(dataset, f"Shutter{word}Edge") for word in words]
    if all(edge is None for edge in edges):
        return None
    ends = (1, shape[0], 1, shape[1])
    top, bottom, left, right = (end if e is None else e for e, end in zip(edges, ends, strict=True))
    inside = np.zeros(shape, bool)
    inside[max(top - 1, 0) : max(bottom, 0), max(left - 1, 0) : max(right, 0)] = True
    return inside


def _circle(dataset: Dataset, shape: tuple[int, int], aspect: float) -> np.ndarray | None:
    center = tags.numbers(dataset, "CenterOfCircularShutter")
    radius = tags.number(dataset, "RadiusOfCircularShutter")
    if len(center) != 2 or radius is None or radius <= 0 or max(map(abs, (*center, radius))) > _FAR:
        return None
    down = (np.arange(shape[0]) + 1 - center[0]) * aspect
    across = np.arange(shape[1]) + 1 - center[1]
    return np.add.outer(down**2, across**2) <= radius**2


def _polygon(dataset: Dataset, shape: tuple[int, int], _aspect: float) -> np.ndarray | None:
    found = tags.numbers(dataset, "VerticesOfThePolygonalShutter")
    if len(found) < 6 or len(found) % 2 or len(found) > 2 * _MAX_VERTICES or max(map(abs, found)) > _FAR:
        return None
    rows, cols = np.array(found[::2]) - 1, np.array(found[1::2]) - 1
    return polygon(rows, cols, shape)


_INSIDE: dict[str, Callable[[Dataset, tuple[int, int], float], np.ndarray | None]] = {
    "RECTANGULAR": _rectangle,
    "CIRCULAR": _circle,
    "POLYGONAL": _polygon,
}


def polygon(
    rows: Sequence[float] | np.ndarray, cols: Sequence[float] | np.ndarray, shape: tuple[int, int]
) -> np.ndarray:
    """(rows, cols) bool: pixels whose centre lies in a polygon or on its edge, by the even-odd rule.

    Parameters
    ----------
    rows, cols : 0-based vertices; the last is joined to the first.
    """
    inside = np.zeros(shape, bool)
    row0, col0 = np.asarray(rows, float), np.asarray(cols, float)
    row1, col1 = np.roll(row0, -1), np.roll(col0, -1)
    low, high = np.minimum(row0, row1), np.maximum(row0, row1)
    first = max(int(np.ceil(low.min())), 0)
    for row in range(first, min(int(np.floor(high.max())) + 1, shape[0])):
        # Each edge without its lower end, then each without its upper: both rows of vertices are filled.
        for crossed in ((low <= row) & (row < high), (low < row) & (row <= high)):
            share = (row - row0[crossed]) / (row1[crossed] - row0[crossed])
            at = np.sort(col0[crossed] + share * (col1[crossed] - col0[crossed]))
            starts = np.clip(np.ceil(at[::2] - _ON_EDGE), 0, shape[1]).astype(int)
            ends = np.clip(np.floor(at[1::2] + _ON_EDGE) + 1, 0, shape[1]).astype(int)
            for start, end in zip(starts, ends, strict=True):
                inside[row, start:end] = True
    return inside
