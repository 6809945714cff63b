"""The words in and around the picture."""

import numpy as np
import pytest

from tests.support.slice_factory import make_series, make_slice
from viewer.results import AxisMapping, InputMapping, Layer
from viewer.session import captions
from viewer.study import Geometry, Patient, VoiLut, Window

LAYER = Layer("layer3", "block 3 of 4", (14, 14), 256)


def corner_text(**changes):
    shown = make_slice(
        np.zeros((4, 4), np.int16), geometry=Geometry((0, 0, -12), (1, 0, 0), (0, 1, 0), (1, 1))
    )
    series = make_series(
        shown.header,
        patient=Patient("DOE^JANE", "42", "19650101", "F", "061Y"),
        description="CHEST",
        study_date="20260112",
        notes=("localizer",),
    )
    look = {
        "slice": shown,
        "window": Window(40, 400),
        "voi_lut": None,
        "inverted": False,
        "deidentified": False,
    }
    return captions.corners(series, shown.header, 0, **(look | changes))


def test_the_corners_say_who_what_how_and_where():
    who, what, look, where = corner_text()
    assert who == "DOE JANE\nF 61 y\nID 42\n2026-01-12"
    assert what == "CT  CHEST\nSe 1  Im 1/1\nlocalizer"
    assert look == "W 400 L 40"
    assert where == "axial\n−12.0 mm"


def test_nothing_that_identifies_stands_in_the_corners_of_a_deidentified_screen():
    text = " ".join(corner_text(deidentified=True))
    for word in ("DOE", "JANE", "42", "61", "2026", "CHEST"):
        assert word not in text
    assert "De-identified" in text and "Im 1/1" in text


def test_the_window_text_names_luts_and_inversion():
    lut = VoiLut(0, np.zeros(4, np.uint8), 8, "bone")
    shown = make_slice(np.zeros((4, 4), np.int16), luts=(lut,))
    assert corner_text(slice=shown, window=None, voi_lut=0, inverted=True)[2] == "LUT bone\ninverted"
    assert corner_text(slice=None, window=None)[2] == ""


@pytest.mark.parametrize(("text", "shown"), [("061Y", "61 y"), ("003M", "3 m"), ("", ""), ("old", "old")])
def test_ages_are_written_for_people(text, shown):
    assert captions.age(text) == shown


def test_a_date_that_is_none_is_left_as_it_is():
    assert captions.date("2026") == "2026"


def mapping(rows, cols, size):
    return InputMapping(
        AxisMapping(rows, size, size / rows, 0.0), AxisMapping(cols, size, -size / cols, size)
    )


def test_a_layer_says_its_grid_and_how_much_a_cell_covers():
    half_mm = Geometry(spacing=(0.5, 0.5))
    text = captions.layer_text(LAYER, mapping(308, 308, 224), half_mm)
    assert text == "block 3 of 4 · 14×14 · one cell = 11 mm"


def test_cells_of_anisotropic_pixels_have_two_sides_and_unknown_spacing_is_in_pixels():
    assert captions.layer_text(LAYER, mapping(140, 140, 224), Geometry(spacing=(2.0, 1.0))).endswith(
        "20×10 mm"
    )
    assert captions.layer_text(LAYER, mapping(140, 140, 224), Geometry()).endswith("one cell = 10 px")
    assert captions.layer_text(LAYER) == "block 3 of 4 · 14×14"
