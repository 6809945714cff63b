"""Where marks stand in the patient, and on which slices they show."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.support.mark_factory import header_of, make_mark, plane
from tests.support.slice_factory import make_series
from viewer.annotate.mark import IMAGE, PATIENT
from viewer.annotate.placing import on_this, reach, to_mark, to_view
from viewer.study import Geometry

ANGLES = [(0, 0, 0), (90, 0, 0), (0, 0, 30), (25, -40, 65)]
POINTS = ((0.5, 0.5), (40.25, 17.125), (-3.0, 70.0))


@pytest.mark.parametrize("angles", ANGLES)
def test_points_lie_where_the_standard_says(angles):
    place = plane(angles=angles)
    _, found = to_mark(POINTS, header_of(place))
    for (x, y), point in zip(POINTS, found, strict=True):
        # PS3.3 equation C.7.6.2.1-1, as a matrix.
        matrix = np.eye(4)
        matrix[:3, 0] = np.array(place.row_direction) * place.spacing[1]
        matrix[:3, 1] = np.array(place.col_direction) * place.spacing[0]
        matrix[:3, 3] = place.position
        assert point == pytest.approx((matrix @ [x - 0.5, y - 0.5, 0, 1])[:3], abs=1e-9)


@pytest.mark.parametrize("angles", ANGLES)
def test_a_mark_comes_back_to_the_very_point_it_was_drawn_at(angles):
    header = header_of(plane(angles=angles, spacing=(0.488281, 0.7123)))
    assert to_view(make_mark("angle", POINTS, header), header) == POINTS


def test_on_a_slice_that_tells_no_place_a_mark_is_bound_to_its_pixels():
    for place in (
        Geometry(spacing=(0.2, 0.2)),
        replace(plane(), spacing=None),
        replace(plane(), position=None),
    ):
        header = header_of(place)
        assert to_mark(POINTS, header) == (IMAGE, tuple((x - 0.5, y - 0.5, 0.0) for x, y in POINTS))
        mark = make_mark("angle", POINTS, header)
        assert to_view(mark, header) == POINTS
        assert to_view(mark, header_of(place, uid="1.2.4")) is None


def test_a_mark_of_the_patient_has_no_point_on_a_slice_without_place():
    mark = make_mark("angle", POINTS, header_of(plane()))
    assert mark.space == PATIENT and to_view(mark, header_of(Geometry(), uid="1.2.4")) is None


def test_a_mark_is_projected_along_the_normal_of_the_slice():
    home, angles = header_of(plane(angles=(25, -40, 65))), (25, -40, 65)
    mark = make_mark("length", POINTS[:2], home)
    assert to_view(mark, header_of(plane(angles=angles, z=3.0), uid="2")) == POINTS[:2]
    finer = header_of(plane(angles=angles, spacing=(0.35, 0.2), z=3.0), uid="2")
    assert to_view(mark, finer) == tuple((2 * x - 0.5, 2 * y - 0.5) for x, y in POINTS[:2])


# On which slices.


def stack(count, step, *, lean=0.0, **fields):
    """A series of slices `step` mm apart, each shifted by `lean` mm along its columns."""
    slices = []
    for i in range(count):
        place = plane(z=-i * step)
        x, y, z = place.position
        slices.append(header_of(replace(place, position=(x, y + i * lean, z)), uid=f"1.2.{i}"))
    return make_series(*slices, **fields)


def test_a_mark_shows_on_its_own_slice_alone_in_a_plain_stack():
    series = stack(5, 3.0)
    mark = make_mark("length", POINTS[:2], series.slices[2])
    assert [on_this(mark, series, header) for header in series.slices] == ["", "", "own", "", ""]


def test_another_frame_at_the_same_place_shows_it_faintly():
    series = stack(3, 3.0)
    mark = make_mark("length", POINTS[:2], series.slices[1])
    again = replace(series.slices[1], frame=7)
    assert on_this(mark, series, again) == "faint"
    assert on_this(replace(mark, study="2"), series, again) == ""


@pytest.mark.parametrize(
    ("off", "shown"), [(0.0, "faint"), (1.49, "faint"), (1.5, "faint"), (1.504, "faint"), (1.52, ""), (3, "")]
)
def test_in_another_series_of_its_frame_of_reference_it_shows_within_half_a_spacing(off, shown):
    home = make_series(
        header_of(plane(), uid="8"), uid="8#2", series_instance_uid="8", frame_of_reference="f"
    )
    mark = make_mark("length", POINTS[:2], home.slices[0], series="8#2")
    slices = [header_of(plane(z=off - 3.0 * i), uid=f"9.{i}") for i in range(4)]
    there = make_series(*slices, uid="9", series_instance_uid="9", frame_of_reference="f")
    assert on_this(mark, there, slices[0], home) == shown
    assert on_this(mark, replace(there, frame_of_reference="g"), slices[0], home) == ""
    assert (
        on_this(mark, replace(there, frame_of_reference=""), slices[0], replace(home, frame_of_reference=""))
        == ""
    )
    assert on_this(mark, there, slices[0]) == ""  # nothing is known of where it was drawn


def test_in_another_part_of_its_own_series_it_shows_without_a_frame_of_reference():
    home = stack(3, 3.0, uid="1.2#2")
    mark = make_mark("length", POINTS[:2], home.slices[1], series="1.2#2")
    echo = stack(3, 3.0, uid="1.2#3")
    there = replace(
        echo, slices=tuple(replace(one, sop_instance_uid=f"9.{i}") for i, one in enumerate(echo.slices))
    )
    assert [on_this(mark, there, header) for header in there.slices] == ["", "faint", ""]


def test_it_does_not_show_on_a_slice_that_crosses_its_own():
    home = make_series(header_of(plane(), uid="8"), uid="8", series_instance_uid="8", frame_of_reference="f")
    probe = make_mark("probe", [(0.5, 0.5)], home.slices[0], series="8")
    crossing = header_of(plane(angles=(90, 0, 0)), uid="9")
    there = make_series(crossing, uid="9", series_instance_uid="9", frame_of_reference="f")
    assert to_view(probe, crossing) == ((0.5, 0.5),) and on_this(probe, there, crossing, home) == ""
    turned = header_of(plane(angles=(0, 0, 40)), uid="9")  # within its plane
    assert on_this(probe, replace(there, slices=(turned,)), turned, home) == "faint"
    from_below = header_of(plane(angles=(180, 0, 0)), uid="9")
    assert on_this(probe, replace(there, slices=(from_below,)), from_below, home) == "faint"


def test_it_does_not_show_where_no_part_of_it_lies_within_the_picture():
    series = stack(3, 3.0)
    mark = make_mark("length", [(200.0, 5.0), (300.0, 5.0)], series.slices[1])
    assert on_this(mark, series, replace(series.slices[1], frame=7)) == ""
    assert on_this(mark, series, series.slices[1]) == "own"


def test_a_mark_that_leans_out_of_the_slab_does_not_show():
    series = stack(3, 3.0)
    mark = make_mark("length", POINTS[:2], series.slices[1])
    x, y, z = mark.points[1]
    leaning = replace(mark, points=(mark.points[0], (x, y, z + 2.0)))
    assert on_this(leaning, series, replace(series.slices[1], frame=7)) == ""


def test_on_a_tilted_gantry_a_mark_stands_where_it_stands_in_the_patient():
    series = stack(6, 3.0, lean=0.7)  # one row of 0.7 mm further on each slice
    mark = make_mark("probe", [(20.5, 30.5)], series.slices[2])
    assert [to_view(mark, header)[0] for header in series.slices] == [(20.5, 32.5 - i) for i in range(6)]
    assert reach(series) == pytest.approx(1.5, abs=0.01)


def test_bound_to_pixels_a_mark_shows_on_no_other_slice():
    header = header_of(Geometry())
    series = make_series(header, replace(header, frame=1))
    mark = make_mark("probe", [(2.0, 2.0)], header)
    assert [on_this(mark, series, one) for one in series.slices] == ["own", ""]


def test_half_the_spacing_is_that_of_the_series_not_of_its_gaps():
    plain, single = stack(6, 2.0), stack(1, 2.0)
    assert reach(plain) == pytest.approx(1.0, abs=0.01) and 0 < reach(single) < 1
    gap = make_series(*[one for i, one in enumerate(plain.slices) if i != 3])
    assert reach(gap) == pytest.approx(1.0, abs=0.01)
    uneven = make_series(*(header_of(plane(z=-z), uid=str(z)) for z in (0, 1, 4, 9)))
    assert reach(uneven) == pytest.approx(0.5, abs=0.01)
