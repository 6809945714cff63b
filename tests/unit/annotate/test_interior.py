"""Which pixels a region holds, and what it covers: against rules that share no code with ours."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from viewer.annotate import interior
from viewer.study import Box

RIGHT, DOWN = Fraction(1, 10**12), Fraction(1, 10**24)
"""A centre that lies on a border is looked at a trace further right, and by far less further down."""
PENTAGRAM = [(20 + 17 * math.sin(0.8 * math.pi * i), 20 - 17 * math.cos(0.8 * math.pi * i)) for i in range(5)]


def sides(corners, x, y):
    """(crossings to the left of a point, how often the corners go around it), in exact arithmetic."""
    px, py = Fraction(x) + RIGHT, Fraction(y) + DOWN
    crossings = winding = 0
    for (x0, y0), (x1, y1) in zip(corners, [*corners[1:], corners[0]], strict=True):
        x0, y0, x1, y1 = map(Fraction, (x0, y0, x1, y1))
        if (y0 > py) != (y1 > py) and x0 + (py - y0) * (x1 - x0) / (y1 - y0) < px:
            crossings += 1
            winding += 1 if y1 > y0 else -1
    return crossings, winding


def by_scalars(corners, shape, rule):
    return np.array(
        [[rule(*sides(corners, x + 0.5, y + 0.5)) for x in range(shape[1])] for y in range(shape[0])]
    )


def whole(kind, points, shape):
    """(rows, cols) bool: the pixels of a region."""
    starts, ends = interior.runs(kind, points, shape)
    assert (starts < ends).all() and (starts[1:] >= ends[:-1]).all()
    found = np.zeros(shape[0] * shape[1], bool)
    for start, end in zip(starts, ends, strict=True):
        found[start:end] = True
    return found.reshape(shape)


@pytest.mark.parametrize("seed", range(6))
def test_a_simple_polygon_holds_what_it_winds_around(seed):
    rng = np.random.default_rng(seed)
    turn = np.sort(rng.uniform(0, 2 * np.pi, 9))
    radius = rng.uniform(4, 16, 9)
    # On a grid of quarter pixels many centres lie on corners and edges.
    corners = np.round(4 * np.stack([15 + radius * np.cos(turn), 13 + radius * np.sin(turn)], 1)) / 4
    for one in (corners, corners[::-1]):
        expected = by_scalars(one.tolist(), (26, 30), lambda _, winding: winding != 0)
        assert np.array_equal(whole("polygon", one, (26, 30)), expected)


@pytest.mark.parametrize("seed", range(6))
def test_what_a_crossing_outline_goes_around_twice_is_outside(seed):
    corners = np.random.default_rng(seed).integers(-8, 60, (9, 2)) / 2
    expected = by_scalars(corners.tolist(), (24, 26), lambda crossings, _: crossings % 2 == 1)
    assert np.array_equal(whole("freehand", corners, (24, 26)), expected)


def test_polygons_are_filled_as_scikit_image_fills_them():
    measure = pytest.importorskip("skimage.measure")
    rng = np.random.default_rng(2)
    for _ in range(5):
        corners = rng.uniform(-3, 40, (7, 2))
        # scikit-image has (row, col), counts pixel centres from 0.
        expected = measure.grid_points_in_poly((32, 36), corners[:, ::-1] - 0.5)
        assert np.array_equal(whole("polygon", corners, (32, 36)), expected)


@pytest.mark.parametrize("seed", range(8))
def test_an_ellipse_holds_what_its_equation_holds(seed):
    rng = np.random.default_rng(seed)
    centre, u, v = rng.uniform(5, 25, 2), rng.uniform(-12, 12, 2), rng.uniform(-12, 12, 2)
    ends = np.stack([centre - u, centre + u, centre - v, centre + v])
    y, x = np.mgrid[:30, :34] + 0.5
    across = np.linalg.inv(np.stack([u, v], 1)) @ np.stack([x.ravel() - centre[0], y.ravel() - centre[1]])
    expected = ((across**2).sum(0) < 1).reshape(30, 34)
    assert np.array_equal(whole("ellipse", ends, (30, 34)), expected)


def test_the_border_of_an_ellipse_counts_on_its_left_and_not_on_its_right():
    ends = [(5.5, 10.5), (15.5, 10.5), (10.5, 5.5), (10.5, 15.5)]  # 3² + 4² = 5²: twelve centres lie on it
    y, x = np.mgrid[:21, :21] - 10
    on_it = x * x + y * y == 25
    assert on_it.sum() == 12
    assert np.array_equal(whole("ellipse", ends, (21, 21)), (x * x + y * y < 25) | (on_it & (x < 0)))


@pytest.mark.parametrize(
    "edges", [(2.5, 3.5, 9.5, 12.5), (2.4, 3.6, 9.4, 12.6), (-4, -4, 5, 50), (3, 4, 3.2, 4.4)]
)
def test_a_rectangle_holds_what_a_box_holds(edges):
    left, top, right, bottom = edges
    expected = np.zeros((16, 14), bool)
    expected[Box(top, left, bottom, right).pixels(16, 14)] = True
    corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
    assert np.array_equal(whole("rectangle", corners, (16, 14)), expected)


def test_regions_that_share_borders_share_no_pixel_and_lose_none():
    rng = np.random.default_rng(5)
    grid = np.round(4 * (np.mgrid[:6, :6].transpose(1, 2, 0) * 8 + rng.uniform(-2, 2, (6, 6, 2)))) / 4
    grid[[0, -1], :, 0], grid[:, [0, -1], 1] = [[0], [40]], [0, 40]
    counts = np.zeros((40, 40), int)
    for i in range(5):
        for j in range(5):
            a, b, c, d = grid[i, j], grid[i, j + 1], grid[i + 1, j + 1], grid[i + 1, j]
            for part in ([a, b, c], [c, d, a]):
                counts += whole("polygon", np.array(part)[:, ::-1], (40, 40))
    assert (counts == 1).all()


@pytest.mark.parametrize(
    ("kind", "points"),
    [
        ("polygon", [(3, 3), (9, 9), (6, 6)]),
        ("polygon", [(3, 3), (3, 3), (3, 3)]),
        ("polygon", [(2, 4.2), (9, 4.2), (5, 4.2)]),
        ("polygon", [(3, 3), (9, 9)]),
        ("polygon", []),
        ("ellipse", [(2, 2), (9, 9), (2, 9)]),
        ("rectangle", [(4.6, 4.6), (5.4, 4.6), (5.4, 5.4), (4.6, 5.4)]),
        ("rectangle", [(30, 30), (40, 30), (40, 40), (30, 40)]),
        ("ellipse", [(4, 4), (4, 4), (4, 4), (4, 4)]),
        ("ellipse", [(2, 5.5), (9, 5.5), (5.5, 5.5), (5.5, 5.5)]),
        ("ellipse", [(5.5, 2), (5.5, 9), (5.5, 2), (5.5, 9)]),
        ("ellipse", [(40, 45), (50, 45), (45, 40), (45, 50)]),
        ("freehand", [(0, 0), (1e300, 0), (0, 1e300)]),
        ("freehand", [(0, 0), (math.nan, 0), (0, 9)]),
    ],
)
def test_a_region_around_no_centre_of_a_pixel_holds_none(kind, points):
    assert not whole(kind, points, (12, 12)).any()
    assert list(interior.parts_inside(np.ones((12, 12)), interior.runs(kind, points, (12, 12)))) == []


@pytest.mark.parametrize("kind", ["rectangle", "ellipse"])
def test_a_region_far_larger_than_the_slice_holds_all_of_it(kind):
    far = 1e6
    box = [(-far, -far), (far, -far), (far, far), (-far, far)]
    ends = [(-far, 3), (far, 3), (3, -far), (3, far)]
    assert whole(kind, box if kind == "rectangle" else ends, (9, 7)).all()


def test_a_region_around_one_centre_holds_one_pixel():
    found = whole("polygon", [(4.4, 6.4), (4.6, 6.4), (4.5, 6.7)], (12, 12))
    assert np.argwhere(found).tolist() == [[6, 4]]


@pytest.mark.parametrize("kind", ["freehand", "ellipse"])
@pytest.mark.parametrize(
    ("name", "limit"), [("_PART", 1), ("_PART", 100), ("_PART", 1 << 18), ("_MANY_RUNS", 0)]
)
def test_the_values_inside_are_those_of_the_mask_in_whatever_parts(kind, name, limit, monkeypatch):
    rng = np.random.default_rng(3)
    values = rng.normal(size=(40, 50))
    points = rng.uniform(-5, 55, (4 if kind == "ellipse" else 60, 2))
    monkeypatch.setattr(interior, name, limit)
    parts = list(interior.parts_inside(values, interior.runs(kind, points, values.shape)))
    assert all(part.size for part in parts)
    assert np.array_equal(np.concatenate(parts), values[whole(kind, points, values.shape)])


# Areas and outlines.


@pytest.mark.parametrize("shift", [0.0, 1e5])
def test_areas_of_polygons_are_those_of_geometry(shift):
    corners = np.array([(0, 0), (10, 0), (10, 4), (4, 4), (4, 9), (0, 9)]) + shift  # an L
    assert interior.area("polygon", corners) == pytest.approx(60, rel=1e-9)
    assert interior.perimeter("polygon", corners) == pytest.approx(38, rel=1e-9)
    assert interior.area("polygon", corners[::-1]) == pytest.approx(60, rel=1e-9)


def test_the_area_of_an_outline_that_crosses_itself_leaves_out_what_it_goes_around_twice():
    assert interior.area("polygon", [(0, 0), (6, 6), (6, 0), (0, 6)]) == pytest.approx(18)  # a bow tie
    # A pentagram of radius R: ten triangles less the pentagon in its middle, which it goes around twice.
    inner = 17 * math.cos(math.radians(72)) / math.cos(math.radians(36))
    star = 10 * 0.5 * 17 * inner * math.sin(math.radians(36))
    middle = 5 * 0.5 * inner**2 * math.sin(math.radians(72))
    assert interior.area("polygon", PENTAGRAM) == pytest.approx(star - middle, rel=1e-9)
    twice = [(0, 0), (8, 0), (8, 8), (0, 8)] * 2
    assert interior.area("polygon", twice) == pytest.approx(0, abs=1e-9)


def test_areas_of_long_lines_are_exact_and_near_it_where_they_cross_themselves():
    turn = np.linspace(0, 2 * np.pi, 1000, endpoint=False)
    circle = np.stack([50 + 40 * np.cos(turn), 50 + 40 * np.sin(turn)], 1)
    of_chords = 1000 / 2 * 40**2 * math.sin(2 * math.pi / 1000)
    assert interior.area("freehand", circle) == pytest.approx(of_chords, rel=1e-12)
    eight = np.stack([30 * np.sin(2 * turn), 40 * np.sin(turn)], 1)
    lobes = 2 * 30 * 40 * 4 / 3  # of each the integral of 30 sin 2t · 40 cos t from 0 to π
    assert interior.area("freehand", eight) == pytest.approx(lobes, abs=60 * 80 / 1000)


def test_a_comb_of_many_teeth_is_measured_exactly():
    teeth = [(x + side, 0.0 if x % 2 else 3.0) for x in range(100) for side in (0, 1)]
    comb = [*teeth, (100, 10), (0, 10)]
    assert interior.area("polygon", comb) == pytest.approx(50 * 7 + 50 * 10, rel=1e-12)


@pytest.mark.parametrize(("a", "b"), [(5, 5), (9, 4), (20, 0.1), (7, 0)])
@pytest.mark.parametrize("angle", [0, 0.7])
def test_an_ellipse_is_as_large_and_as_long_around_as_calculus_says(a, b, angle):
    u, v = a * np.array([math.cos(angle), math.sin(angle)]), b * np.array([-math.sin(angle), math.cos(angle)])
    ends = np.stack([-u, u, -v, v]) + 30
    t = (np.arange(200_000) + 0.5) * 2 * np.pi / 200_000
    around = np.hypot(a * np.sin(t), b * np.cos(t)).mean() * 2 * np.pi
    assert interior.area("ellipse", ends) == pytest.approx(math.pi * a * b, abs=1e-9)
    assert interior.perimeter("ellipse", ends) == pytest.approx(around, rel=1e-7)


def test_the_ends_of_any_two_conjugate_diameters_describe_the_same_ellipse():
    u, v = np.array([9.0, 2.0]), np.array([-1.0, 5.0])
    other_u, other_v = math.cos(0.4) * u + math.sin(0.4) * v, -math.sin(0.4) * u + math.cos(0.4) * v
    one, other = (np.stack([-p, p, -q, q]) + 15.2 for p, q in ((u, v), (other_u, other_v)))
    assert interior.area("ellipse", one) == pytest.approx(interior.area("ellipse", other))
    assert interior.perimeter("ellipse", one) == pytest.approx(interior.perimeter("ellipse", other))
    assert np.array_equal(whole("ellipse", one, (30, 30)), whole("ellipse", other, (30, 30)))
