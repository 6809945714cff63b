"""Marks, and slices that lie anywhere in the patient, as plain values."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from tests.support.slice_factory import make_slice
from viewer.annotate.mark import Mark
from viewer.annotate.placing import to_mark
from viewer.study import Geometry, SliceHeader


def plane(
    *,
    spacing: tuple[float, float] = (0.7, 0.4),
    angles: tuple[float, float, float] = (0, 0, 0),
    z: float = 0.0,
) -> Geometry:
    """A slice turned by angles (degrees) about x, y and z, moved `z` mm along its normal."""
    turn = np.eye(3)
    for axis, degrees in enumerate(angles):
        c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
        one = np.eye(3)
        i, j = [(1, 2), (0, 2), (0, 1)][axis]
        one[[i, i, j, j], [i, j, i, j]] = c, -s, s, c
        turn = one @ turn
    row, col, normal = turn[:, 0], turn[:, 1], np.cross(turn[:, 0], turn[:, 1])
    origin = np.array([-80.5, 31.25, 412.75]) + z * normal
    return Geometry(tuple(origin.tolist()), tuple(row.tolist()), tuple(col.tolist()), spacing, "PixelSpacing")


def header_of(
    geometry: Geometry, *, uid: str = "1.2.3", shape: tuple[int, int] = (60, 80), **fields: Any
) -> SliceHeader:
    """The header of a slice that lies there."""
    return replace(make_slice(np.zeros(shape, np.int16), geometry=geometry, uid=uid).header, **fields)


def make_mark(kind: str, points: Any, header: SliceHeader, **fields: Any) -> Mark:
    """A mark drawn at (x, y) slice pixels of a slice, changed by `fields`."""
    space, placed = to_mark(points, header)
    plain = {"id": "m", "study": "1", "series": "1.2", "instance": header.key, "space": space}
    return Mark(**{**plain, "kind": kind, "points": placed, **fields})
