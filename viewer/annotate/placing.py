"""Where marks stand: from the slice to the patient and back, and on which slices a mark shows."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from viewer.annotate.mark import IMAGE, PATIENT, Mark
from viewer.dicom import geometry
from viewer.dicom.stacking import stacking
from viewer.study import Geometry, Series, SliceHeader, Vector

Point = tuple[float, float]

_GRID = 6
"""Decimals of a pixel that are kept: on the way to the patient and back rounding moves a point by less, and
a point drawn on the centre of a pixel comes back to it."""
_ONE_PLANE = 0.5
"""mm: how far from a slice that has no neighbours its plane is taken to reach."""
_ROUNDING = 0.005
"""mm: positions of slices are rounded when files are written."""
_PARALLEL = 0.999
"""Cosine above which two directions count as one, as for slices that are scrolled together."""


def to_mark(points: Sequence[Point], header: SliceHeader) -> tuple[str, tuple[Vector, ...]]:
    """(space, points) of a mark drawn at (x, y) slice pixels: in the patient where the slice has a place."""
    place = header.geometry
    if not _has_place(place):
        return IMAGE, tuple((x - 0.5, y - 0.5, 0.0) for x, y in points)
    origin, across, down = _frame(place)
    at = np.asarray(points, float).reshape(-1, 2) - 0.5
    return PATIENT, _vectors(origin + at[:, :1] * across + at[:, 1:] * down)


def to_view(mark: Mark, header: SliceHeader) -> tuple[Point, ...] | None:
    """The (x, y) slice pixels of a mark's points, projected onto a slice along its normal.

    None where the slice has no such place: it tells none, or the mark is bound to the pixels of another.
    """
    points = np.array(mark.points, float).reshape(-1, 3)
    if mark.space == IMAGE:
        if header.key != mark.instance:
            return None
        at = points[:, :2]
    else:
        place = header.geometry
        if not _has_place(place):
            return None
        origin, across, down = _frame(place)
        steps = np.stack([across / (across @ across), down / (down @ down)], axis=1)
        at = (points - origin) @ steps
    seen = np.round(at + 0.5, _GRID) + 0.0  # no negative zero
    return tuple((x, y) for x, y in seen.tolist())


def on_this(mark: Mark, series: Series, header: SliceHeader, home: Series | None = None) -> str:
    """How a mark shows on a slice: "own", "faint" or "" for not at all.

    Faint where it was drawn on another slice of the same frame of reference (PS3.3 C.7.4.1), parallel to
    this one and no more than half the distance of `series`' slices away, and some of it lies within this
    slice.

    Parameters
    ----------
    series, header : what is on the screen.
    home : the series in which the mark was drawn, if it is open; without it a mark shows faintly only in
        the series of its own Series Instance UID.
    """
    if header.key == mark.instance:
        return "own"
    if mark.space == IMAGE or mark.study != series.study_instance_uid:
        return ""
    if not _is_near(mark, header.geometry, reach(series)):
        return ""
    if mark.series.partition("#")[0] != series.series_instance_uid:
        frame = home.frame_of_reference if home is not None else ""
        if not frame or frame != series.frame_of_reference:
            return ""
    drawn_on = _drawn_on(mark, home or series)
    if drawn_on is not None and not _parallel(drawn_on, header.geometry):
        return ""
    points = to_view(mark, header) or ()
    return "faint" if any(0 <= x <= header.cols and 0 <= y <= header.rows for x, y in points) else ""


def _is_near(mark: Mark, place: Geometry, near: float) -> bool:
    """Whether all points of a mark lie within `near` mm of a plane."""
    normal, position = place.normal, place.position
    if normal is None or position is None:
        return False
    a, b, c = normal
    level = a * position[0] + b * position[1] + c * position[2]
    return all(-near <= a * x + b * y + c * z - level <= near for x, y, z in mark.points)


def _drawn_on(mark: Mark, series: Series) -> Geometry | None:
    """The place of the slice a mark was drawn on; None if it is not in the series."""
    return next((one.geometry for one in series.slices if one.key == mark.instance), None)


def _parallel(one: Geometry, other: Geometry) -> bool:
    """Whether two planes are parallel, however each is turned within itself, and from whichever side."""
    if one.normal is None or other.normal is None:
        return False
    return abs(sum(a * b for a, b in zip(one.normal, other.normal, strict=True))) > _PARALLEL


@lru_cache(maxsize=32)
def reach(series: Series) -> float:
    """How far from a slice marks still show on it: half the distance of neighbouring slices, mm; where that
    varies, half the smallest."""
    found = stacking(series.slices)
    if found is None or found.steps is None:
        return _ONE_PLANE + _ROUNDING
    return (found.spacing if found.spacing is not None else found.steps[0]) / 2 + _ROUNDING


def _has_place(place: Geometry) -> bool:
    return place.spacing is not None and place.position is not None and place.normal is not None


def _frame(place: Geometry) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The first pixel's centre and the ways to the next column and to the next row, mm."""
    origin = geometry.to_patient(place, 0, 0)
    assert origin is not None and place.spacing is not None
    row_spacing, col_spacing = place.spacing
    across = np.array(place.row_direction, float) * col_spacing
    return np.array(origin), across, np.array(place.col_direction, float) * row_spacing


def _vectors(points: np.ndarray) -> tuple[Vector, ...]:
    return tuple((x, y, z) for x, y, z in points.tolist())
