"""Order, millimetres and letters, against cases whose answer follows from geometry alone."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.support.dicom_factory import AXIAL, CORONAL, OBLIQUE, ORIENTATIONS, SAGITTAL
from viewer.dicom import geometry
from viewer.study import Geometry, SliceHeader, Source


def plane(cosines=AXIAL, position=(0.0, 0.0, 0.0), spacing=(1.0, 1.0)) -> Geometry:
    if cosines is None:
        return Geometry(position=position, spacing=spacing)
    return Geometry(position, tuple(cosines[:3]), tuple(cosines[3:]), spacing)


def header(place: Geometry, number: int | None = None, uid: str = "1", frame: int = 0) -> SliceHeader:
    return SliceHeader(Source(Path(uid)), uid, frame, 4, 4, "MONOCHROME2", 1, number, place, "")


def stack(cosines, places, numbers=None) -> list[SliceHeader]:
    """Slices at distances `places` along row × column."""
    normal = np.cross(cosines[:3], cosines[3:])
    return [
        header(plane(cosines, tuple(normal * place)), number, str(index))
        for index, (place, number) in enumerate(zip(places, numbers or [1] * len(places), strict=True))
    ]


def test_axial_slices_go_from_head_to_feet():
    slices = stack(AXIAL, [0, 10, 5, 20])
    z = [slices[i].geometry.position[2] for i in geometry.order(slices)]
    assert z == [20, 10, 5, 0]


def test_axial_slices_go_from_head_to_feet_although_the_normal_points_down():
    flipped = (1.0, 0.0, 0.0, 0.0, -1.0, 0.0)
    slices = stack(flipped, [0, 10, 5, 20])
    z = [slices[i].geometry.position[2] for i in geometry.order(slices)]
    assert z == [0, -5, -10, -20]


def test_coronal_slices_go_from_front_to_back():
    slices = stack(CORONAL, [0, 10, 5])
    y = [slices[i].geometry.position[1] for i in geometry.order(slices)]
    assert y == sorted(y)


def test_sagittal_slices_go_from_right_to_left():
    slices = stack(SAGITTAL, [0, 10, 5])
    x = [slices[i].geometry.position[0] for i in geometry.order(slices)]
    assert x == sorted(x)


@pytest.mark.parametrize("name", ORIENTATIONS)
@pytest.mark.parametrize("seed", range(3))
def test_order_is_that_of_space_whatever_that_of_the_files(name, seed):
    slices = stack(ORIENTATIONS[name], np.arange(20) * 2.5)
    shuffled = [slices[i] for i in np.random.default_rng(seed).permutation(20)]
    there = [slices[i].sop_instance_uid for i in geometry.order(slices)]
    assert [shuffled[i].sop_instance_uid for i in geometry.order(shuffled)] == there
    assert there in ([str(i) for i in range(20)], [str(i) for i in reversed(range(20))])


def test_equal_instance_numbers_do_not_matter():
    assert geometry.order(stack(AXIAL, [0, 3, 1, 2], [7, 7, 7, 7])) == [1, 3, 2, 0]


def test_reversed_instance_numbers_do_not_matter():
    assert geometry.order(stack(AXIAL, [0, 1, 2], [1, 2, 3])) == [2, 1, 0]
    assert geometry.order(stack(AXIAL, [0, 1, 2], [3, 2, 1])) == [2, 1, 0]


def test_slices_at_one_place_go_by_time_then_instance_number():
    same = [header(plane(), number, str(number)) for number in (3, 1, 2)]
    assert geometry.order(same) == [1, 2, 0]
    assert geometry.order(same, [0.0, 2.0, 1.0]) == [0, 2, 1]


def test_slices_without_positions_go_by_instance_number_then_frame():
    lost = [header(Geometry(), number, str(number)) for number in (10, 9, None, 2)]
    assert geometry.order(lost) == [3, 1, 0, 2]
    frames = [header(Geometry(), 1, "1", frame) for frame in (2, 0, 1)]
    assert geometry.order(frames) == [1, 2, 0]


def test_positions_without_orientation_order_along_their_line():
    lost = [header(plane(None, (0, 0, z)), 1, str(z)) for z in (0, 20, 10)]
    assert geometry.order(lost) == [1, 2, 0]


def test_a_single_slice_has_an_order():
    assert geometry.order([header(plane())]) == [0]
    assert geometry.order([]) == []


def test_rounding_noise_in_positions_does_not_decide():
    noisy = [header(plane(position=(0, 0, z)), number, str(number)) for z, number in ((1e-7, 2), (0, 1))]
    assert geometry.order(noisy) == [1, 0]


def test_a_tilted_gantry_is_ordered_along_the_normal_not_along_z():
    # The table moves along z, the normal is tilted by 37 degrees: order is the same, spacing is not.
    tilted = [header(plane(OBLIQUE, (0, 0, z)), 1, str(z)) for z in (0, 10, 5)]
    assert geometry.order(tilted) == [1, 2, 0]
    steps = np.abs(np.diff(sorted(geometry.distances(tilted))))
    assert steps == pytest.approx([4, 4])  # 5 mm × cos


# Letters


@pytest.mark.parametrize(
    ("name", "letters"),
    [("axial", ("R", "L", "A", "P")), ("coronal", ("R", "L", "H", "F")), ("sagittal", ("A", "P", "H", "F"))],
)
def test_letters_of_the_three_planes(name, letters):
    assert geometry.orientation_letters(plane(ORIENTATIONS[name])) == letters
    assert geometry.orientation_name(plane(ORIENTATIONS[name])) == name


def test_letters_of_a_feet_first_mirrored_slice():
    assert geometry.orientation_letters(plane((-1, 0, 0, 0, -1, 0))) == ("L", "R", "P", "A")


def test_an_oblique_direction_has_two_letters_the_stronger_first():
    assert geometry.orientation_letters(plane(OBLIQUE)) == ("R", "L", "AH", "PF")
    assert geometry.orientation_name(plane((1, 0, 0, 0, 0.7071, -0.7071))) == "oblique"


def test_a_slightly_tilted_slice_keeps_its_name_and_letters():
    tilt = np.radians(4)
    slightly = plane((1, 0, 0, 0, np.cos(tilt), -np.sin(tilt)))
    assert geometry.orientation_letters(slightly) == ("R", "L", "A", "P")
    assert geometry.orientation_name(slightly) == "axial"


def test_without_orientation_there_are_no_letters():
    assert geometry.orientation_letters(Geometry()) == ("", "", "", "")
    assert geometry.orientation_name(Geometry()) == ""


@pytest.mark.parametrize("seed", range(20))
def test_letters_agree_with_the_direction_they_name(seed):
    random = np.random.default_rng(seed)
    direction = random.normal(size=3)
    direction /= np.linalg.norm(direction)
    towards = {
        "L": (1, 0, 0),
        "R": (-1, 0, 0),
        "P": (0, 1, 0),
        "A": (0, -1, 0),
        "H": (0, 0, 1),
        "F": (0, 0, -1),
    }
    shares = [np.dot(direction, towards[letter]) for letter in geometry.direction_letters(direction)]
    assert shares == sorted(shares, reverse=True) and shares[-1] > 0
    assert shares[0] == pytest.approx(np.abs(direction).max())


@pytest.mark.parametrize(
    ("row", "col", "letters"),
    [("L", "F", ("R", "L", "H", "F")), ("P", "F", ("A", "P", "H", "F")), ("R", "F", ("L", "R", "H", "F"))],
)
def test_patient_orientation_gives_the_letters_of_a_radiograph(row, col, letters):
    directions = geometry.directions_from_letters(row, col)
    assert directions is not None
    assert geometry.orientation_letters(Geometry(None, *directions)) == letters


@pytest.mark.parametrize(("row", "col"), [("L", "L"), ("", "F"), ("X", "Y"), ("L", "R")])
def test_senseless_patient_orientation_gives_none(row, col):
    assert geometry.directions_from_letters(row, col) is None


def test_direction_cosines_are_made_perpendicular_units():
    row, col = geometry.unit_directions((0.9999, 0.0, 0.0), (0.005, 0.9998, 0.0))
    assert np.dot(row, col) == pytest.approx(0, abs=1e-12)
    assert np.linalg.norm(row) == pytest.approx(1) and np.linalg.norm(col) == pytest.approx(1)


@pytest.mark.parametrize(
    ("row", "col"),
    [((0, 0, 0), (0, 1, 0)), ((1, 0, 0), (1, 0, 0)), ((1, 0), (0, 1, 0)), ((np.nan, 0, 0), (0, 1, 0))],
)
def test_impossible_direction_cosines_are_refused(row, col):
    assert geometry.unit_directions(row, col) is None


def letters_by_hand(row, col):
    """Another way to the letters: follow each edge out of the body and see which side it nears most."""
    sides = {
        "L": (1, 0, 0), "R": (-1, 0, 0), "P": (0, 1, 0), "A": (0, -1, 0), "H": (0, 0, 1), "F": (0, 0, -1),
    }  # fmt: skip
    edges = []
    for direction in ([-x for x in row], row, [-x for x in col], col):
        angles = {
            letter: math.degrees(math.acos(max(-1, min(1, sum(a * b for a, b in zip(direction, side))))))  # noqa: B905
            for letter, side in sides.items()
        }
        near = sorted((angle, letter) for letter, angle in angles.items() if angle < 90 - 5.739)
        edges.append("".join(letter for _, letter in near))
    return tuple(edges)


@pytest.mark.parametrize("seed", range(60))
def test_the_letters_equal_those_of_an_independent_computation(seed):
    random = np.random.default_rng(seed)
    row = random.normal(size=3)
    row /= np.linalg.norm(row)
    col = np.cross(random.normal(size=3), row)
    col /= np.linalg.norm(col)
    if seed % 3 == 0:  # nearly along the axes, as most scans are
        row, col = np.eye(3)[seed % 2] + row * 0.08, np.eye(3)[2] + col * 0.08
    directions = geometry.unit_directions(row, col, tolerance=1)
    assert directions is not None
    place = Geometry(None, *directions)
    assert geometry.orientation_letters(place) == letters_by_hand(*directions)


@pytest.mark.parametrize(
    ("degrees", "letters"), [(5.6, "L"), (5.9, "LP"), (44, "LP"), (46, "PL"), (84.4, "P")]
)
def test_a_second_letter_stands_from_six_degrees_on(degrees, letters):
    angle = math.radians(degrees)
    assert geometry.direction_letters((math.cos(angle), math.sin(angle), 0)) == letters


# Millimetres


def test_anisotropic_pixels_take_row_spacing_down_and_column_spacing_across():
    place = plane(AXIAL, (-100.0, -50.0, 7.0), (2.0, 0.5))
    assert geometry.to_patient(place, row=10, col=0) == pytest.approx((-100, -30, 7))
    assert geometry.to_patient(place, row=0, col=10) == pytest.approx((-95, -50, 7))
    assert place.aspect == 4


def test_an_oblique_pixel_lies_where_the_equation_says():
    place = plane(OBLIQUE, (10.0, 20.0, 30.0), (2.0, 3.0))
    # S + row direction · 3 mm · col + column direction · 2 mm · row
    assert geometry.to_patient(place, row=5, col=4) == pytest.approx((10 + 12, 20 + 8, 30 - 6))


@pytest.mark.parametrize("name", ORIENTATIONS)
def test_from_patient_undoes_to_patient(name):
    place = plane(ORIENTATIONS[name], (3.0, -4.0, 5.0), (0.7, 1.9))
    point = geometry.to_patient(place, 12.5, 3.25)
    assert geometry.from_patient(place, point) == pytest.approx((12.5, 3.25, 0))
    above = tuple(np.array(point) + 6 * np.array(place.normal))
    assert geometry.from_patient(place, above) == pytest.approx((12.5, 3.25, 6))


@pytest.mark.parametrize("missing", ["position", "row_direction", "col_direction", "spacing"])
def test_without_full_geometry_there_are_no_millimetres(missing):
    place = replace(plane(), **{missing: None})
    assert geometry.to_patient(place, 0, 0) is None
    assert geometry.from_patient(place, (0.0, 0.0, 0.0)) is None


def test_parallel_means_within_a_few_degrees():
    tilt = np.radians(10)
    tilted = plane((1, 0, 0, 0, np.cos(tilt), np.sin(tilt)))
    noise = plane((1, 0.001, 0, -0.001, 1, 0))
    turned = plane((-1, 0, 0, 0, -1, 0))
    places = [plane(), noise, tilted, turned, Geometry(), plane(), tilted, Geometry((1.0, 2.0, 3.0))]
    headers = [header(place) for place in places]
    assert geometry.parallel_groups(headers) == [[0, 1, 5], [2, 6], [3], [4, 7]]
    assert geometry.all_parallel(headers[:2]) and geometry.all_parallel([headers[4], headers[7]])
    assert not any(geometry.all_parallel([headers[0], headers[i]]) for i in (2, 3, 4))
    assert not geometry.all_parallel([headers[4], headers[0]])
    assert geometry.all_parallel([]) and geometry.parallel_groups([]) == []


@pytest.mark.parametrize("length", [1e-9, 50.0, 1e200, 1e308])
def test_directions_that_are_no_directions_end_no_scan(length):
    row, col = (length, 0.0, 0.0), (0.0, length, 0.0)
    assert geometry.unit_directions(row, col) is None
    nowhere = Geometry((0.0, 0.0, 0.0), row_direction=(0.0, 0.0, 0.0), col_direction=(0.0, 0.0, 0.0))
    groups = geometry.parallel_groups([header(nowhere) for _ in range(3)])
    assert sorted(index for members in groups for index in members) == [0, 1, 2]
