import numpy as np
import pytest

from viewer.imaging.colormap import COLORMAPS, DEFAULT, SIGNED, scale_range


def luminance(table: np.ndarray) -> np.ndarray:
    linear = (table / 255.0) ** 2.2
    return linear @ np.array([0.2126, 0.7152, 0.0722])


def test_every_colour_map_has_256_read_only_colours():
    for table in COLORMAPS.values():
        assert table.shape == (256, 3) and table.dtype == np.uint8
        with pytest.raises(ValueError, match="read-only"):
            table[0, 0] = 1


@pytest.mark.parametrize("name", ["inferno", "viridis", "cividis"])
def test_more_evidence_is_never_drawn_darker(name):
    assert (np.diff(luminance(COLORMAPS[name])) > -0.003).all()


def test_the_misleading_map_says_so_and_is_not_the_default():
    assert DEFAULT == "inferno"
    jet = [name for name in COLORMAPS if "jet" in name]
    assert jet == ["jet (misleading)"]
    assert (np.diff(luminance(COLORMAPS[jet[0]])) < -0.003).any()


@pytest.mark.parametrize(
    ("name", "index", "color"),
    [("inferno", 0, (0, 0, 4)), ("inferno", 128, (188, 55, 84)), ("inferno", 255, (252, 255, 164)),
     ("viridis", 0, (68, 1, 84)), ("viridis", 255, (253, 231, 37)), ("jet (misleading)", 0, (0, 0, 128)),
     ("jet (misleading)", 255, (128, 0, 0))],
)  # fmt: skip
def test_known_colours_are_where_matplotlib_has_them(name, index, color):
    assert np.abs(COLORMAPS[name][index].astype(int) - color).max() <= 1


def test_a_signed_map_has_a_scale_symmetric_about_zero():
    for name in COLORMAPS:
        expected = (-3.0, 3.0) if name in SIGNED else (0.0, 3.0)
        assert scale_range(name, (0.0, 3.0)) == expected
