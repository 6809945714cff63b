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


def test_what_makes_a_series_no_volume_stands_in_the_corner():
    header = make_slice(np.zeros((4, 4), np.int16)).header
    series = make_series(header, notes=("a", "b", "c"), warnings=("Gantry tilt 12.5°", "d", "e"))
    what = captions.corners(
        series, header, 0, slice=None, window=None, voi_lut=None, inverted=False, deidentified=False
    )[1]
    assert what.splitlines()[-4:] == ["a", "b", "Gantry tilt 12.5°", "d"]


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
    detector = Geometry(spacing=(0.2, 0.2), calibration="ImagerPixelSpacing")
    text = captions.layer_text(LAYER, mapping(140, 140, 224), detector)
    assert text.endswith("one cell = 2 mm at the detector")
    assert captions.layer_text(LAYER) == "block 3 of 4 · 14×14"


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ((12345.0, "Bq/ml", True, 0.0001875), "SUV 2.31 · 12345 Bq/ml"),
        ((12345.678, "Bq/ml", False, 0.0001875), "SUV 2.31 · 12346 Bq/ml"),
        ((2.3149, "SUV", False, 1.0), "SUV 2.31"),
        ((-0.5, "SUV", False, 1.0), "SUV −0.50"),
        ((100.0, "counts", True, 0.0215), "SUV 2.15 · 100 counts"),
        ((12345.0, "Bq/ml", True, None), "12345 Bq/ml"),
        ((-12.0, "HU", True, None), "−12 HU"),
    ],
)
def test_uptake_is_read_as_suv_before_the_modality_value(arguments, text):
    assert captions.modality_text(*arguments) == text


def test_the_window_of_pet_is_told_in_suv_too_and_without_suv_the_reason_stands_there():
    pet = make_slice(np.zeros((4, 4), np.int16), suv=0.0002)
    assert captions.window_text(pet, Window(10000, 20000), None) == "W 20000 L 10000  SUV 0.00 to 4.00"
    none = make_slice(np.zeros((4, 4), np.int16), no_suv="no injected dose")
    assert corner_text(slice=none)[2] == "no SUV: no injected dose\nW 400 L 40"


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("Yamada^Tarou · 山田^太郎 · やまだ^たろう", "Yamada Tarou · 山田 太郎 · やまだ たろう"),
        ("Qabbani^Lnzar · قباني^لنزار", "Qabbani Lnzar · \u2068قباني لنزار\u2069"),
        ("שרון^דבורה", "\u2068שרון דבורה\u2069"),
        ("", ""),
    ],
)
def test_a_name_written_from_the_right_leaves_the_rest_of_its_line_in_order(name, line):
    assert captions.patient_name(Patient(name)) == line


def test_hidden_identity_hides_what_a_file_calls_its_windows_and_nothing_else():
    own = Window(40, 400, explanation="SMITH")
    shown = make_slice(np.zeros((4, 4), np.int16), windows=(own, Window(40, 80, explanation="BRAIN")))
    named = VoiLut(0, np.zeros(2, np.uint8), 8, "JONES")

    def look(**changes):
        return corner_text(slice=shown, **changes)[2]

    assert look(window=own) == "W 400 L 40  SMITH"
    assert look(window=own, deidentified=True) == "W 400 L 40"
    assert look(window=shown.windows[1], deidentified=True) == "W 80 L 40  BRAIN"
    assert look(window=Window(50, 350, explanation="1–99 percentile"), deidentified=True).endswith(
        "percentile"
    )
    with_lut = make_slice(np.zeros((4, 4), np.int16), luts=(named,))
    assert corner_text(slice=with_lut, window=None, voi_lut=0)[2] == "LUT JONES"
    assert corner_text(slice=with_lut, window=None, voi_lut=0, deidentified=True)[2] == "LUT 1"
