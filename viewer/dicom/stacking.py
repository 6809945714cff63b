"""How slices lie upon one another: spacing, gantry tilt, missing slices; what a volume must know of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from viewer.dicom import geometry
from viewer.study import SliceHeader, Vector

_SAME_PLACE = 0.01
"""mm: positions nearer than this are one place; files round to 0.001 and coarser."""

_JITTER = 0.1
"""Share of the spacing by which a slice may miss its place: positions rounded to 0.1 mm do so."""

_TILT_FROM = 0.5
"""Degrees: less is rounding of positions and direction cosines."""

_SHIFT_FROM = 0.5
"""mm by which slices must be shifted against each other over the whole stack to be worth a word."""

_FEW_GAPS = 0.34
_GAPS_IN_A_ROW = 2
"""More gaps than this share of all steps, or more in a row, are no missing slices but another spacing."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Missing slices: so many, after the slice of this 0-based index in scroll order."""

    after: int
    missing: int


@dataclass(frozen=True, slots=True)
class Stacking:
    """How the slices of one display group lie upon one another, in scroll order.

    Parameters
    ----------
    places : number of different places along the normal.
    spacing : mm along the normal from a place to the next, where all steps but gaps are equal; None
        for a single place and for unequal steps.
    step : (x, y, z) mm, LPS, from a slice to the next one, which is `spacing` along the normal plus
        the shift of a tilted gantry; None where `spacing` is None.
    steps : smallest and largest distance of neighbours, mm; None for a single place.
    tilt : degrees between the stacking direction and the normal; 0.0 where they agree.
    sideways : mm by which slices are shifted within their planes in a way that no tilt explains.
    gaps : missing slices; empty where steps are unequal.
    shared : the largest number of slices at one place.
    """

    places: int
    spacing: float | None = None
    step: Vector | None = None
    steps: tuple[float, float] | None = None
    tilt: float = 0.0
    sideways: float = 0.0
    gaps: tuple[Gap, ...] = ()
    shared: int = 1

    @property
    def unequal(self) -> bool:
        """Whether neighbours lie at different distances although no slice is missing."""
        return self.steps is not None and self.spacing is None


def stacking(headers: Sequence[SliceHeader]) -> Stacking | None:
    """How slices in scroll order lie upon one another.

    The tilt follows from the positions: Gantry/Detector Tilt (0018,1120) is nominal and "not intended
    for mathematical computations" (PS3.3 C.8.2.1).

    Returns
    -------
    None without positions and orientation, or where the slices are not parallel.
    """
    along = geometry.distances(headers)
    if along is None or headers[0].geometry.normal is None or not geometry.all_parallel(headers):
        return None
    positions = np.array([header.geometry.position for header in headers], float)
    fresh = np.concatenate([[True], np.abs(np.diff(along)) > _SAME_PLACE])
    shared = int(np.max(np.diff(np.append(np.flatnonzero(fresh), len(headers)))))
    first = np.flatnonzero(fresh)
    if len(first) < 2:
        return Stacking(1, shared=shared)
    places, points = along[first], positions[first]
    tilt, sideways, lean = _tilt(places, points)
    moves = np.abs(np.diff(places))
    steps = float(moves.min()), float(moves.max())
    found = _even(places)
    if found is None:
        return Stacking(len(first), None, None, steps, tilt, sideways, (), shared)
    spacing, numbers = found
    last = np.append(first[1:], len(headers)) - 1  # the last slice at each place
    missing = np.diff(numbers) - 1
    gaps = tuple(Gap(int(last[i]), int(missing[i])) for i in np.flatnonzero(missing))
    step = float(lean[0] * spacing), float(lean[1] * spacing), float(lean[2] * spacing)
    return Stacking(len(first), spacing, step, steps, tilt, sideways, gaps, shared)


def warnings(headers: Sequence[SliceHeader], *, sparse: bool = False) -> tuple[str, ...]:
    """What makes these slices, in scroll order, no plain volume: one short sentence each.

    Parameters
    ----------
    sparse : slices are left out on purpose (segmentations store no empty ones): gaps are no news.
    """
    found = stacking(headers)
    if found is None:
        known = len(headers) > 1 and headers[0].geometry.normal is not None
        turned = known and not geometry.all_parallel(headers)
        return ("Each image has a direction of its own",) if turned else ()
    said = []
    if found.gaps and found.spacing is not None and not sparse:
        said.append(_gaps_text(found.gaps, found.spacing, len(headers)))
    if found.unequal and found.steps is not None and not sparse:
        low, high = found.steps
        said.append(f"Slices are not equally spaced ({low:.3g} to {high:.3g} mm)")
    if found.tilt:
        said.append(f"Gantry tilt {found.tilt:.1f}°: slices are shifted against each other")
    elif found.sideways:
        said.append(f"Slices are shifted against each other by up to {found.sideways:.3g} mm")
    return tuple(said)


def _gaps_text(gaps: Sequence[Gap], spacing: float, slices: int) -> str:
    missing = sum(gap.missing for gap in gaps)
    after = ", ".join(str(gap.after + 1) for gap in gaps[:5]) + (", …" if len(gaps) > 5 else "")
    where = f"Gap after slice {after}" if len(gaps) == 1 else f"Gaps after slices {after}"
    if missing >= slices:  # another part of the body, most likely
        return f"{where}: {missing * spacing:.0f} mm missing"
    return f"{where}: {missing} {'slice' if missing == 1 else 'slices'} missing"


def _tilt(places: np.ndarray, points: np.ndarray) -> tuple[float, float, np.ndarray]:
    """Degrees of tilt, the shift in mm that it leaves unexplained, and the way taken for each mm along.

    Parameters
    ----------
    places : (n,) mm along the normal; two at least differ.
    points : (n, 3) mm, LPS.
    """
    centred = places - places.mean()
    lean = centred @ (points - points.mean(axis=0)) / (centred @ centred)
    left = np.linalg.norm(points - points.mean(axis=0) - centred[:, None] * lean, axis=1)
    length = float(np.linalg.norm(lean))
    degrees = float(np.degrees(np.arccos(min(1.0, 1 / length)))) if length else 0.0
    shift = float(np.sqrt(max(length**2 - 1, 0.0)) * np.ptp(places))
    tilted = degrees >= _TILT_FROM and shift >= _SHIFT_FROM
    loose = float(left.max())
    return degrees if tilted else 0.0, loose if loose >= _SHIFT_FROM else 0.0, lean


def _even(places: np.ndarray) -> tuple[float, np.ndarray] | None:
    """The common spacing in mm and the number of each place on that grid, or None if there is no grid.

    Rounding makes steps differ but does not add up: places are compared with the grid, not steps with
    one another.
    """
    moves = np.abs(np.diff(places))
    usual = float(np.sort(moves)[len(moves) // 2])
    counts = np.maximum(np.round(moves / usual), 1).astype(int)
    wide = counts > 1
    if wide.any():
        in_a_row = max(len(run) for run in "".join("x" if one else " " for one in wide).split())
        if len(moves) < 3 or wide.mean() > _FEW_GAPS or in_a_row > _GAPS_IN_A_ROW:
            return None
    numbers = np.concatenate([[0], np.cumsum(counts)])
    centred, apart = numbers - numbers.mean(), places - places.mean()
    spacing = float(centred @ apart / (centred @ centred))
    off = np.abs(apart - spacing * centred)
    return (abs(spacing), numbers) if off.max() <= _JITTER * abs(spacing) else None
