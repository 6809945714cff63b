"""The figures that follow from a mark's geometry: lengths, angles, areas; and the value under a probe."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from viewer.annotate import interior, shape
from viewer.annotate.mark import KINDS, Figure, Mark
from viewer.dicom.geometry import length_mm, spacing_at
from viewer.study import Slice, SliceHeader

Point = tuple[float, float]

LENGTH, LONG, SHORT, ANGLE, COBB = "Length", "Long axis", "Short axis", "Angle", "Cobb angle"
AREA, PERIMETER, VALUE, SUV = "Area", "Perimeter", "Value", "SUV"
COLORS = "Red", "Green", "Blue"


def figures(
    mark: Mark, points: Sequence[Point], header: SliceHeader, slice: Slice | None = None
) -> tuple[Figure, ...]:
    """What can be measured of a mark without looking at the pixels of a region.

    Parameters
    ----------
    points : of the mark on the slice of `header`, (x, y) in slice pixels.
    slice : the decoded slice, for the value under a probe.

    Returns
    -------
    Lengths in mm with the source of their scale, else in "px", widths of a pixel; areas likewise. In
    ultrasound only what lies within one calibrated region has mm. Angles are those on the patient: where
    pixels are not square, that counts. Empty where nothing can be measured: a figure is always finite.
    """
    if not shape.is_complete(mark.kind, points):
        return ()
    if KINDS[mark.kind].region:
        found = _region(mark.kind, points, header)
    elif mark.kind == "probe":
        found = probe(points[0], slice) if slice is not None else ()
    elif mark.kind in _OF_LINES:
        found = _OF_LINES[mark.kind](points, header)
    else:
        found = ()
    return tuple(one for one in found if math.isfinite(one.value))


def probe(point: Point, slice: Slice) -> tuple[Figure, ...]:
    """The modality value of the pixel that holds a point, and its SUV where that is known; of a colour image
    red, green and blue, 0 to 255. Empty outside the slice."""
    col, row = math.floor(point[0]), math.floor(point[1])
    if not (0 <= row < slice.values.shape[0] and 0 <= col < slice.values.shape[1]):
        return ()
    value = slice.values[row, col]
    if slice.is_color:
        return tuple(Figure(name, float(one)) for name, one in zip(COLORS, value, strict=True))
    unit = slice.header.unit
    plain = Figure(SUV if unit == "SUV" else VALUE, float(value), unit)
    if slice.suv is None or unit == "SUV":
        return (plain,)
    return Figure(SUV, float(value) * slice.suv, "SUV"), plain


def _length(points: Sequence[Point], header: SliceHeader, name: str = LENGTH) -> tuple[Figure, ...]:
    (x0, y0), (x1, y1) = points
    found = length_mm(header, (y0 - 0.5, x0 - 0.5), (y1 - 0.5, x1 - 0.5))
    return (Figure(name, found.value, found.unit, found.source),)


def _bidirectional(points: Sequence[Point], header: SliceHeader) -> tuple[Figure, ...]:
    """The longer of the two is the long axis, whichever was drawn first (RECIST 1.1)."""
    one, other = _length(points[:2], header, LONG)[0], _length(points[2:], header, SHORT)[0]
    if one.unit == other.unit and other.value > one.value:
        one, other = _length(points[2:], header, LONG)[0], _length(points[:2], header, SHORT)[0]
    return one, other


def _angle(points: Sequence[Point], header: SliceHeader) -> tuple[Figure, ...]:
    """At the vertex between the two arms, 0 to 180°."""
    one, vertex, other = _scaled(points, header)[0]
    return _between(one - vertex, other - vertex, ANGLE)


def _cobb(points: Sequence[Point], header: SliceHeader) -> tuple[Figure, ...]:
    """The angle at which two lines meet: at most 90°, as lines have no direction (Cobb 1948: between the end
    plates of the end vertebrae, or what is the same between the perpendiculars to them)."""
    a, b, c, d = _scaled(points, header)[0]
    return tuple(
        Figure(COBB, min(one.value, 180 - one.value), one.unit) for one in _between(b - a, d - c, COBB)
    )


_OF_LINES: dict[str, Callable[[Sequence[Point], SliceHeader], tuple[Figure, ...]]] = {
    "length": _length,
    "bidirectional": _bidirectional,
    "angle": _angle,
    "cobb": _cobb,
}


def _between(one: np.ndarray, other: np.ndarray, name: str) -> tuple[Figure, ...]:
    """The angle of two directions in degrees; none where one of them has no length."""
    if not one.any() or not other.any():
        return ()
    cross = float(one[0] * other[1] - one[1] * other[0])
    return (Figure(name, math.degrees(math.atan2(abs(cross), float(one @ other))), "°"),)


def _region(kind: str, points: Sequence[Point], header: SliceHeader) -> tuple[Figure, ...]:
    scaled, unit, source = _scaled(points, header)
    return (
        Figure(AREA, interior.area(kind, scaled), f"{unit}²", source),
        Figure(PERIMETER, interior.perimeter(kind, scaled), unit, source),
    )


def _scaled(points: Sequence[Point], header: SliceHeader) -> tuple[np.ndarray, str, str]:
    """(n, 2) points in "mm" with the source of the scale, or in "px", widths of a pixel, where no one scale
    holds for all of them."""
    at = np.asarray(points, float)
    (left, top), (right, bottom) = at.min(axis=0) - 0.5, at.max(axis=0) - 0.5
    # Regions of an ultrasound image are rectangles: what holds two corners of a box holds all of it.
    whole = length_mm(header, (top, left), (bottom, right))
    spacing = spacing_at(header, top, left)[0] if whole.unit == "mm" else None
    if spacing is None:
        return at * (1.0, header.geometry.aspect), "px", ""
    return at * (spacing[1], spacing[0]), "mm", whole.source
