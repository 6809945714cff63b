"""Turning and mirroring: the letters follow in every plane; held against the patient's own millimetres."""

from dataclasses import replace

import numpy as np
import pytest

from tests.support.slice_factory import make_series, make_slice
from viewer.dicom.geometry import directions_from_letters, to_patient
from viewer.session.analyses import Analyses
from viewer.session.moves import fitted, mirrored, rotated, zoomed
from viewer.session.resolve import resolve
from viewer.session.resolved_view import Known
from viewer.session.state import Presentation, ViewerState
from viewer.study import Geometry

PLANES = {
    "axial": ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0)),
    "axial feet first": ((-1.0, 0.0, 0.0), (0.0, 1.0, 0.0)),
    "coronal": ((1.0, 0.0, 0.0), (0.0, 0.0, -1.0)),
    "sagittal": ((0.0, 1.0, 0.0), (0.0, 0.0, -1.0)),
    "oblique": ((1.0, 0.0, 0.0), (0.0, 0.8, -0.6)),
    "twice oblique": ((0.8, 0.36, -0.48), (0.0, 0.8, 0.6)),
}
PRESSES = ["", "r", "rr", "l", "h", "v", "hr", "rh", "vl", "hv", "rrh", "lvr"]
"""Keys pressed one after another: rotate right or left, flip horizontally or vertically."""
ON_SCREEN = {
    "r": lambda picture: np.rot90(picture, -1),
    "l": np.rot90,
    "h": np.fliplr,
    "v": np.flipud,
}
IN_STATE = {
    "r": lambda look: rotated(look, 1),
    "l": lambda look: rotated(look, -1),
    "h": mirrored,
    "v": lambda look: mirrored(look, vertically=True),
}


def letters_shown(geometry: Geometry, presses: str) -> tuple[str, str, str, str]:
    """What the viewer writes at the left, right, top and bottom edge after some keys."""
    look = Presentation()
    for key in presses:
        look = IN_STATE[key](look)
    shown = make_slice(np.zeros((6, 8), np.int16), geometry=geometry)
    series = make_series(shown.header, uid="1")
    known = Known({"1": series}, lambda key: shown, {}, (), Analyses(1 << 20))
    return resolve(ViewerState(series="1", presentation=look), known).letters


def named(way: np.ndarray) -> str:
    """The letters of a way through the patient (PS3.3 C.7.6.1.1.1): strongest first, no small parts."""
    parts = way / np.linalg.norm(way)
    order = sorted(range(3), key=lambda axis: -abs(round(parts[axis], 9)))
    names = ("RL", "AP", "FH")
    return "".join(names[axis][int(parts[axis] > 0)] for axis in order if abs(parts[axis]) > 0.1)


@pytest.mark.parametrize("presses", PRESSES)
@pytest.mark.parametrize("plane", PLANES)
def test_the_letters_name_where_in_the_patient_the_edges_lie(plane, presses):
    row, col = PLANES[plane]
    geometry = Geometry((12.0, -40.0, 33.0), row, col, (2.0, 0.5), "PixelSpacing")
    points = np.array([[to_patient(geometry, r, c) for c in range(8)] for r in range(6)])
    for key in presses:
        points = ON_SCREEN[key](points)
    left, right, top, bottom = letters_shown(geometry, presses)
    middle_row, middle_col = points.shape[0] // 2, points.shape[1] // 2
    across = points[middle_row, -1] - points[middle_row, 0]
    down = points[-1, middle_col] - points[0, middle_col]
    assert (left, right) == (named(-across), named(across))
    assert (top, bottom) == (named(-down), named(down))


@pytest.mark.parametrize(
    ("presses", "expected"),
    [
        ("", ("R", "L", "H", "F")),
        ("r", ("F", "H", "R", "L")),
        ("rr", ("L", "R", "F", "H")),
        ("l", ("H", "F", "L", "R")),
        ("h", ("L", "R", "H", "F")),
        ("v", ("R", "L", "F", "H")),
        ("hr", ("F", "H", "L", "R")),
        ("rh", ("H", "F", "R", "L")),
    ],
)
def test_a_radiograph_that_names_its_sides_only_has_letters_when_turned_too(presses, expected):
    row, col = directions_from_letters("L", "F")
    assert letters_shown(Geometry(row_direction=row, col_direction=col), presses) == expected


@pytest.mark.parametrize("presses", PRESSES)
def test_where_nothing_is_known_no_letter_is_made_up(presses):
    assert letters_shown(Geometry(spacing=(1.0, 1.0)), presses) == ("", "", "", "")


def test_turning_leaves_zoom_and_place_and_fitting_leaves_the_turn():
    look = Presentation(3.0, (7.0, 9.0))
    turned = mirrored(rotated(look, 1))
    assert (turned.zoom, turned.pan) == (3.0, (7.0, 9.0))
    assert zoomed(turned, 2.0, 7.0, 9.0, rows=20, cols=20) == replace(turned, zoom=6.0)
    assert fitted(turned) == replace(turned, zoom=1.0, pan=None)
    assert rotated(rotated(look, 1), -1) == rotated(rotated(look, 3), 1) == look
    assert mirrored(mirrored(look)) == mirrored(mirrored(look, vertically=True), vertically=True) == look
