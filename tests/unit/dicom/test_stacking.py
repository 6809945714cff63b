"""Spacing, gantry tilt, missing slices: cases whose answer follows from geometry alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from viewer.dicom import geometry
from viewer.dicom.stacking import Gap, stacking, warnings
from viewer.study import Geometry, SliceHeader, Source

ROW = (1.0, 0.0, 0.0)


def header(position, row=ROW, col=(0.0, 1.0, 0.0), uid="1") -> SliceHeader:
    place = Geometry(tuple(map(float, position)), row, col, (1.0, 1.0), "PixelSpacing")
    return SliceHeader(Source(Path(uid)), uid, 0, 4, 4, "MONOCHROME2", 1, 1, place, "")


def axial(places, **directions) -> list[SliceHeader]:
    """Slices at z = `places`, in scroll order: head first."""
    slices = [header((0, 0, z), uid=str(i), **directions) for i, z in enumerate(places)]
    return [slices[i] for i in geometry.order(slices)]


def tilted(degrees: float, count: int = 20, table_feed: float = 5.0) -> list[SliceHeader]:
    """What a CT with a tilted gantry writes: turned directions, and positions that move along z only."""
    angle = np.radians(degrees)
    col = (0.0, float(np.cos(angle)), float(np.sin(angle)))
    slices = [header((0, 0, -table_feed * i), col=col, uid=str(i)) for i in range(count)]
    return [slices[i] for i in geometry.order(slices)]


def test_a_plain_stack_has_one_spacing_and_nothing_to_warn_of():
    found = stacking(axial(np.arange(30) * 2.5))
    assert found is not None and found.spacing == pytest.approx(2.5) and found.places == 30
    assert found.step == pytest.approx((0, 0, -2.5)), "one goes from head to feet"
    assert (found.tilt, found.sideways, found.gaps, found.shared, found.unequal) == (0, 0, (), 1, False)
    assert warnings(axial(np.arange(30) * 2.5)) == ()


@pytest.mark.parametrize("places", [[], [3.0]])
def test_a_single_slice_has_no_spacing_and_warns_of_nothing(places):
    found = stacking(axial(places))
    assert found is None or (found.places, found.spacing, found.step, found.unequal) == (1, None, None, False)
    assert warnings(axial(places)) == ()


@pytest.mark.parametrize("degrees", [-25.0, -12.5, 1.0, 12.5, 30.0])
def test_the_tilt_of_the_gantry_is_the_angle_between_table_and_normal(degrees):
    found = stacking(tilted(degrees))
    assert found is not None and found.tilt == pytest.approx(abs(degrees), abs=1e-6)
    assert found.step == pytest.approx((0, 0, -5))
    assert found.spacing == pytest.approx(5 * np.cos(np.radians(degrees)))
    (said,) = warnings(tilted(degrees))
    assert said.startswith(f"Gantry tilt {abs(degrees):.1f}°")


def test_an_oblique_stack_along_its_own_normal_is_not_tilted():
    angle = np.radians(20)
    col = np.array([0, np.cos(angle), np.sin(angle)])
    normal = np.cross(ROW, col)
    slices = [header(normal * 3 * i, col=tuple(col), uid=str(i)) for i in range(12)]
    ordered = [slices[i] for i in geometry.order(slices)]
    found = stacking(ordered)
    assert found is not None and (found.tilt, found.sideways) == (0, 0)
    assert found.spacing == pytest.approx(3) and warnings(ordered) == ()


def test_a_tilt_of_a_rounding_error_is_none():
    slices = [header((0.004 * (i % 3), 0.0001 * i, -2 * i), uid=str(i)) for i in range(40)]
    assert warnings(slices) == ()


def test_slices_shifted_within_their_planes_are_said_to_be_without_calling_it_a_tilt():
    slices = [header((12.0 * (i == 4), 0, -2 * i), uid=str(i)) for i in range(9)]
    (said,) = warnings(slices)
    assert said.startswith("Slices are shifted against each other") and "tilt" not in said


@pytest.mark.parametrize(
    ("places", "gaps", "said"),
    [
        ([0, 2, 4, 8, 10], (Gap(1, 1),), "Gap after slice 2: 1 slice missing"),
        ([0, 2, 4, 6, 8, 10, 16, 18, 20], (Gap(2, 2),), "Gap after slice 3: 2 slices missing"),
        ([*range(0, 20, 2), *range(24, 40, 2), 46, 48], None, "Gaps after slices 2, 10: 5 slices missing"),
        ([0, 1.25, 2.5, 205], None, "Gap after slice 1: 201 mm missing"),
    ],
)
def test_missing_slices_are_counted_where_they_are_missing(places, gaps, said):
    found = stacking(axial(places))
    assert found is not None and not found.unequal
    assert gaps is None or found.gaps == gaps
    assert warnings(axial(places)) == (said,)
    assert warnings(axial(places), sparse=True) == ()


def test_a_missing_slice_leaves_spacing_and_step_what_they_are():
    found = stacking(axial([0, 2, 4, 8, 10]))
    assert found is not None
    assert found.spacing == pytest.approx(2) and found.step == pytest.approx((0, 0, -2))


@pytest.mark.parametrize(
    "places",
    [
        [*np.arange(10) * 2.5, *(22.5 + 5 * np.arange(1, 11))],  # thin below, thick above
        [*np.arange(20) * 2.5, *(47.5 + 5 * np.arange(1, 5))],
        [0, 2, 5, 6, 10, 13],
        [0, 3, 5],
        np.cumsum(np.linspace(1, 2, 20)),
    ],
)
def test_unequal_spacing_is_not_taken_for_missing_slices(places):
    found = stacking(axial(places))
    steps = np.diff(places)
    assert found is not None and found.unequal and found.gaps == () and found.step is None
    assert found.steps == pytest.approx((steps.min(), steps.max()))
    (said,) = warnings(axial(places))
    assert said == f"Slices are not equally spaced ({steps.min():.3g} to {steps.max():.3g} mm)"


@pytest.mark.parametrize("spacing", [0.625, 1.5, 3.3])
def test_positions_rounded_to_a_tenth_of_a_millimetre_are_equally_spaced(spacing):
    slices = axial(np.round(np.arange(300) * spacing, 1))
    found = stacking(slices)
    assert found is not None and found.spacing == pytest.approx(spacing, rel=1e-3)
    assert warnings(slices) == ()


def test_a_slow_drift_of_the_spacing_is_not_taken_for_rounding():
    assert stacking(axial(np.cumsum(np.linspace(2.0, 2.15, 60)))).unequal


def test_several_images_at_a_place_are_counted_and_are_no_step():
    found = stacking(axial([0, 0, 2, 4, 4, 4, 8, 10, 12]))
    assert found is not None and (found.places, found.shared) == (6, 3)
    assert found.spacing == pytest.approx(2) and found.gaps == (Gap(2, 1),)


def test_a_projection_that_turns_is_no_volume_and_says_so():
    turning = [
        header((0, 0, 0), (float(np.cos(a)), float(np.sin(a)), 0.0), (0.0, 0.0, -1.0), str(a))
        for a in np.radians([0, 15, 30, 45])
    ]
    assert stacking(turning) is None
    assert warnings(turning) == ("Each image has a direction of its own",)


@pytest.mark.parametrize("place", [Geometry(), Geometry((0.0, 0.0, 1.0))])
def test_without_position_or_orientation_nothing_is_claimed(place):
    slices = [SliceHeader(Source(Path("1")), "1", i, 4, 4, "MONOCHROME2", 1, 1, place, "") for i in range(3)]
    assert stacking(slices) is None and warnings(slices) == ()
