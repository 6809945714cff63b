"""The scale bar: a round length that fits, and words that say what it is a length of."""

import pytest

from viewer.imaging.scale_bar import length_text, round_length


@pytest.mark.parametrize(
    ("longest", "length"),
    [(0.13, 0.1), (0.7, 0.5), (1.0, 1.0), (1.9, 1.0), (9.9, 5.0), (37.0, 20.0), (50.0, 50.0), (740.0, 500.0)],
)
def test_the_scale_bar_has_a_round_length(longest, length):
    assert round_length(longest) == pytest.approx(length)


@pytest.mark.parametrize(
    ("calibration", "words"),
    [
        ("PixelSpacing", "50 mm · PixelSpacing"),
        ("PixelSpacing (fiducial)", "50 mm · PixelSpacing (fiducial)"),
        ("ImagerPixelSpacing / magnification 1.1", "50 mm · ImagerPixelSpacing / magnification 1.1"),
        ("ultrasound region", "50 mm · ultrasound region"),
        ("ImagerPixelSpacing", "50 mm at the detector · ImagerPixelSpacing"),
        ("", "50 mm"),
    ],
)
def test_a_length_says_where_its_scale_comes_from(calibration, words):
    assert length_text(50.0, known=True, calibration=calibration) == words


def test_a_length_without_spacing_is_in_pixels():
    assert length_text(0.5, known=False, calibration="") == "0.5 px"
