"""Where slices lie in the patient: order, millimetres, orientation letters (PS3.3 C.7.6.2)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from viewer.study import Geometry, SliceHeader, Vector

AXIAL, CORONAL, SAGITTAL, OBLIQUE = "axial", "coronal", "sagittal", "oblique"

_NAMES = (SAGITTAL, CORONAL, AXIAL)
"""The plane whose normal lies along x, y, z."""

_SCROLL = (1.0, 1.0, -1.0)
"""Wheel-down goes right to left, anterior to posterior, head to feet (x, y, z of LPS)."""

_LETTERS = (("R", "L"), ("A", "P"), ("F", "H"))
"""Towards the negative and the positive end of x, y, z of LPS."""

_LETTER_FROM = 0.1
"""Share of a direction that earns a letter: about 6 degrees."""

_NAMED_FROM = 0.8
"""How far a normal must lie along an axis for the plane to have that axis' name."""

_PARALLEL = 0.999
"""Cosine above which two directions count as one: 2.6 degrees."""


def to_patient(geometry: Geometry, row: float, col: float) -> Vector | None:
    """The point of the patient at a pixel, PS3.3 equation C.7.6.2.1-1.

    Parameters
    ----------
    row, col : index of the pixel, 0-based; fractions are allowed, (0, 0) is the first pixel's centre.

    Returns
    -------
    (x, y, z) mm, LPS; None where position, orientation or spacing is unknown.
    """
    if geometry.position is None or geometry.spacing is None:
        return None
    if geometry.row_direction is None or geometry.col_direction is None:
        return None
    row_spacing, col_spacing = geometry.spacing
    point = (
        np.array(geometry.position)
        + np.array(geometry.row_direction) * col_spacing * col
        + np.array(geometry.col_direction) * row_spacing * row
    )
    return _vector(point)


def from_patient(geometry: Geometry, point: Vector) -> tuple[float, float, float] | None:
    """The (row, col) of a point projected onto the slice, and its signed distance from it in mm.

    The inverse of `to_patient`; None where that is None.
    """
    if geometry.position is None or geometry.spacing is None or geometry.normal is None:
        return None
    offset = np.array(point) - np.array(geometry.position)
    row = offset @ np.array(geometry.col_direction) / geometry.spacing[0]
    col = offset @ np.array(geometry.row_direction) / geometry.spacing[1]
    return float(row), float(col), float(offset @ np.array(geometry.normal))


class Length(NamedTuple):
    """A length with its unit and, in millimetres, where its scale comes from."""

    value: float
    unit: str
    """"mm" or "px"."""
    source: str


def spacing_at(header: SliceHeader, row: float, col: float) -> tuple[tuple[float, float] | None, str]:
    """(row spacing, column spacing) in mm at a point and its calibration; (None, "") where it has none.

    In ultrasound that of the region which holds the point: where regions overlap, of the one on top
    (PS3.3 C.8.5.5.1.3), and of none if two on top disagree.
    """
    if not header.regions:
        return header.geometry.spacing, header.geometry.calibration
    here = [region for region in header.regions if region.holds(row, col)]
    on_top = [region for region in here if not region.low_priority] or here
    found = {region.spacing for region in on_top}
    spacing = found.pop() if len(found) == 1 else None
    return (spacing, "ultrasound region") if spacing is not None else (None, "")


def length_mm(header: SliceHeader, start: tuple[float, float], end: tuple[float, float]) -> Length:
    """How far two points of a slice lie apart, in mm where one calibration holds for both of them.

    Parameters
    ----------
    start, end : (row, col), 0-based, fractions allowed.

    Returns
    -------
    In ultrasound, mm only between points of one region; else, and without calibration, "px": widths
    of a pixel.
    """
    down, across = end[0] - start[0], end[1] - start[1]
    spacing, source = spacing_at(header, *start)
    if header.regions:
        both = [region for region in header.regions if region.holds(*start) and region.holds(*end)]
        shared = any(region.spacing == spacing for region in both)
        if not shared or spacing_at(header, *end)[0] != spacing:
            spacing = None
    if spacing is None:
        return Length(float(np.hypot(down * header.geometry.aspect, across)), "px", "")
    return Length(float(np.hypot(down * spacing[0], across * spacing[1])), "mm", source)


def orientation_name(geometry: Geometry) -> str:
    """ "axial", "coronal", "sagittal" or "oblique" by the axis nearest the normal; "" if unknown."""
    normal = geometry.normal
    if normal is None:
        return ""
    shares = np.abs(normal)
    axis = int(np.argmax(shares))
    return _NAMES[axis] if shares[axis] >= _NAMED_FROM else OBLIQUE


def orientation_letters(geometry: Geometry) -> tuple[str, str, str, str]:
    """What stands at the (left, right, top, bottom) edge: L R A P H F, the strongest first.

    An oblique direction has up to three letters (PS3.3 C.7.6.1.1.1). Four empty strings if unknown.
    """
    if geometry.row_direction is None or geometry.col_direction is None:
        return "", "", "", ""
    row, col = np.asarray(geometry.row_direction), np.asarray(geometry.col_direction)
    return direction_letters(-row), direction_letters(row), direction_letters(-col), direction_letters(col)


def direction_letters(direction: Sequence[float] | np.ndarray) -> str:
    """The letters of a direction in the patient, e.g. "L", or "PF" for backwards and a little down."""
    parts = np.asarray(direction)
    strongest_first = np.argsort(-np.abs(parts), kind="stable")
    return "".join(
        _LETTERS[axis][int(parts[axis] > 0)] for axis in strongest_first if abs(parts[axis]) > _LETTER_FROM
    )


def directions_from_letters(row: str, col: str) -> tuple[Vector, Vector] | None:
    """Row and column direction from Patient Orientation (0020,0020), e.g. ("L", "F") on a radiograph.

    None where the letters make no sense, or not two perpendicular directions.
    """
    found = []
    for letters in (row, col):
        direction = np.zeros(3)
        for strength, letter in enumerate(letters.strip().upper()):
            for axis, (negative, positive) in enumerate(_LETTERS):
                if letter in (negative, positive):
                    direction[axis] += (1 if letter == positive else -1) * 0.5**strength
        found.append(direction)
    return unit_directions(found[0], found[1], tolerance=0.6)


def unit_directions(
    row: Sequence[float] | np.ndarray, col: Sequence[float] | np.ndarray, *, tolerance: float = 0.02
) -> tuple[Vector, Vector] | None:
    """Two directions made exactly perpendicular and of length 1; None where they are not near it.

    Files round direction cosines, some to three digits: `tolerance` is the cosine by which they may
    miss the right angle.
    """
    a, b = np.asarray(row, float), np.asarray(col, float)
    if a.shape != (3,) or b.shape != (3,) or not (np.isfinite(a).all() and np.isfinite(b).all()):
        return None
    with np.errstate(over="ignore"):
        lengths = float(np.linalg.norm(a)), float(np.linalg.norm(b))
    if not 0.1 <= min(lengths) <= max(lengths) <= 10:
        return None
    a, b = a / lengths[0], b / lengths[1]
    if abs(a @ b) > tolerance:
        return None
    b = b - (a @ b) * a
    return _vector(a), _vector(b / np.linalg.norm(b))


def parallel_groups(headers: Sequence[SliceHeader]) -> list[list[int]]:
    """Indices of slices with the same row and column direction, within 2.6 degrees of their first one.

    Slices without orientation are parallel to each other and to nothing else. Groups come in the order
    of their first slices.
    """
    directions = _directions(headers)
    found, left = [], np.arange(len(headers))
    while left.size:
        same = _alike(directions[left], directions[left[0]])
        same[0] = True  # whatever it is like, it is like itself
        found.append(left[same].tolist())
        left = left[~same]
    return found


def all_parallel(headers: Sequence[SliceHeader]) -> bool:
    """Whether all slices are parallel to the first one."""
    places = [header.geometry for header in headers]
    if len({(place.row_direction, place.col_direction) for place in places}) <= 1:
        return True  # as nearly always: written by one scanner
    directions = _directions(headers)
    return bool(_alike(directions, directions[0]).all())


def all_differ(headers: Sequence[SliceHeader]) -> bool:
    """Whether each slice has a direction of its own, be it only a fraction of a degree off."""
    return len({row.tobytes() for row in np.round(_directions(headers), 3) + 0.0}) == len(headers)


def _directions(headers: Sequence[SliceHeader]) -> np.ndarray:
    """(n, 6) row and column direction of each slice; NaN where unknown."""
    unknown = (np.nan,) * 3
    places = [header.geometry for header in headers]
    return np.array(
        [(*(one.row_direction or unknown), *(one.col_direction or unknown)) for one in places], float
    ).reshape(-1, 6)


def _alike(directions: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """(n,) bool: which of (n, 6) directions are parallel to (6,) `reference`; unknown ones to unknown."""
    if np.isnan(reference).any():
        return np.isnan(directions).any(axis=1)
    rows, cols = directions[:, :3] @ reference[:3], directions[:, 3:] @ reference[3:]
    return (rows > _PARALLEL) & (cols > _PARALLEL)  # NaN is above nothing


def distances(headers: Sequence[SliceHeader]) -> np.ndarray | None:
    """(n,) mm: how far each slice lies along the direction in which one scrolls.

    That is position · normal, growing head to feet, anterior to posterior or right to left, whichever
    is nearest. Positions without orientation are taken along the line on which they lie. None where a
    position is missing, the slices are not parallel, or several positions lie on no line.
    """
    if not headers or any(header.geometry.position is None for header in headers):
        return None
    if not all_parallel(headers):
        return None
    positions = np.array([header.geometry.position for header in headers], float)
    normal = headers[0].geometry.normal
    direction = np.array(normal) if normal is not None else _line(positions)
    if direction is None:
        return None
    axis = int(np.argmax(np.abs(direction)))
    return positions @ (direction * np.sign(direction[axis]) * _SCROLL[axis])


def order(headers: Sequence[SliceHeader], ties: Sequence[Any] | None = None) -> list[int]:
    """In which order one scrolls through slices of one orientation.

    By distance along the normal; slices at the same place, and slices without position, by `ties`
    (times, say), instance number, frame, and SOP Instance UID, so that the order never depends on
    that of the files.

    Parameters
    ----------
    ties : one sortable value a slice.

    Returns
    -------
    Indices into `headers`: the slice to show first comes first; head first for axial ones.
    """
    along = distances(headers)
    places = np.zeros(len(headers)) if along is None else np.round(along, 3)  # 1 µm: rounding noise

    def key(index: int) -> tuple[Any, ...]:
        header = headers[index]
        number = header.instance_number
        return (
            places[index],
            ties[index] if ties is not None else 0,
            number is None,
            number or 0,
            header.sop_instance_uid if number is None else "",
            header.frame,
            header.sop_instance_uid,
        )

    return sorted(range(len(headers)), key=key)


def _line(positions: np.ndarray) -> np.ndarray | None:
    """Unit vector along which the positions lie, or None if they do not lie on one line."""
    centred = positions - positions.mean(axis=0)
    _, strengths, axes = np.linalg.svd(centred, full_matrices=False)
    if strengths[0] < 1e-3:
        return None
    return axes[0] if len(strengths) < 2 or strengths[1] < 0.05 * strengths[0] else None


def _vector(point: np.ndarray) -> Vector:
    x, y, z = point
    return float(x), float(y), float(z)
