import pytest

from viewer.ui.placement import place


@pytest.mark.parametrize("aspect", [0.5, 1.0, 3.0])
def test_a_slice_at_zoom_one_just_fits_and_is_centred(aspect):
    placed = place(800, 600, rows=40, cols=60, aspect=aspect)
    left, top = placed.to_screen(0, 0)
    right, bottom = placed.to_screen(60, 40)
    assert min(left, top) == pytest.approx(0, abs=1e-9)
    assert (left + right, top + bottom) == (pytest.approx(800), pytest.approx(600))
    assert placed.scale_y / placed.scale_x == pytest.approx(aspect)


def test_screen_and_slice_are_inverse():
    placed = place(801, 455, rows=40, cols=60, aspect=1.7, zoom=2.3, pan=(12.0, 31.0))
    assert placed.to_slice(*placed.to_screen(3.25, 17.5)) == (pytest.approx(3.25), pytest.approx(17.5))
    assert placed.to_screen(12.0, 31.0) == (pytest.approx(400.5), pytest.approx(227.5))
