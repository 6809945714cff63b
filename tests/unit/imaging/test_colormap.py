import numpy as np
import pytest

from viewer.imaging.colormap import (
    COLORMAPS,
    DEFAULT,
    EVIDENCE,
    GREY,
    ZERO,
    bar_words,
    color_table,
    map_in_force,
    scale_of,
)

# Machado, Oliveira and Fernandes 2009, severity 1, on linear RGB.
BLINDNESS = {
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
SRGB_TO_XYZ = [
    [0.4124564, 0.3575761, 0.1804375],
    [0.2126729, 0.7151522, 0.0721750],
    [0.0193339, 0.1191920, 0.9503041],
]


def linear(table: np.ndarray) -> np.ndarray:
    share = table / 255.0
    return np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)


def lab(light: np.ndarray) -> np.ndarray:
    """Linear RGB -> CIELAB under D65."""
    xyz = light @ np.array(SRGB_TO_XYZ).T / (0.95047, 1.0, 1.08883)
    f = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    return np.stack([116 * f[:, 1] - 16, 500 * (f[:, 0] - f[:, 1]), 200 * (f[:, 1] - f[:, 2])], axis=1)


def lightness(table: np.ndarray) -> np.ndarray:
    return lab(linear(table))[:, 0]


@pytest.mark.parametrize("evidence", EVIDENCE)
@pytest.mark.parametrize("name", COLORMAPS)
def test_every_colour_map_has_256_read_only_colours(name, evidence):
    table = color_table(name, evidence)
    assert table.shape == (256, 3) and table.dtype == np.uint8
    with pytest.raises(ValueError, match="read-only"):
        table[0, 0] = 1


@pytest.mark.parametrize(
    ("name", "evidence"),
    [("inferno", "positive"), ("viridis", "positive"), ("cividis", "positive"), ("inferno", "negative")],
)
def test_more_evidence_is_never_drawn_darker(name, evidence):
    assert (np.diff(lightness(color_table(name, evidence))) > -0.5).all()


def test_the_misleading_map_says_so_and_is_not_the_default():
    assert DEFAULT == "inferno"
    jet = [name for name in COLORMAPS if "jet" in name]
    assert jet == ["jet (misleading)"]
    assert (np.diff(lightness(COLORMAPS[jet[0]])) < -0.5).any()


@pytest.mark.parametrize(
    ("name", "index", "color"),
    [("inferno", 0, (0, 0, 4)), ("inferno", 128, (188, 55, 84)), ("inferno", 255, (252, 255, 164)),
     ("viridis", 0, (68, 1, 84)), ("viridis", 255, (253, 231, 37)), ("jet (misleading)", 0, (0, 0, 128)),
     ("jet (misleading)", 255, (128, 0, 0))],
)  # fmt: skip
def test_known_colours_are_where_matplotlib_has_them(name, index, color):
    assert np.abs(COLORMAPS[name][index].astype(int) - color).max() <= 1


def test_the_chosen_map_is_for_evidence_for_alone():
    for name in COLORMAPS:
        assert map_in_force(name, "positive") == name
        assert (color_table(name, "negative") == color_table(DEFAULT, "negative")).all()
        assert (color_table(name, "signed") == color_table(DEFAULT, "signed")).all()
        assert map_in_force(name, "negative") not in COLORMAPS
        assert map_in_force(name, "signed") not in COLORMAPS


@pytest.mark.parametrize("evidence", EVIDENCE)
def test_the_name_of_a_map_in_force_names_itself(evidence):
    for name in (*COLORMAPS, GREY):
        in_force = map_in_force(name, evidence)
        assert map_in_force(in_force, evidence) == map_in_force(in_force, "positive") == in_force
        assert (color_table(in_force, evidence) == color_table(name, evidence)).all()


def test_as_much_evidence_for_as_against_is_as_light_and_more_is_lighter():
    light = lightness(color_table(DEFAULT, "signed"))
    steps = np.arange(1, 128)
    favour, against = light[ZERO + steps], light[ZERO - steps]
    assert np.abs(favour - against).max() < 1.5
    assert (np.diff(favour) > -0.3).all() and (np.diff(against) > -0.3).all()
    assert light[ZERO] == light.min() and favour[-1] - light[ZERO] > 60


def test_equal_steps_of_signed_evidence_look_alike():
    colors = lab(linear(color_table(DEFAULT, "signed")))
    for side in (-1, 1):
        arm = colors[ZERO + side * np.arange(0, 128, 8)]
        step = np.linalg.norm(np.diff(arm, axis=0), axis=1)
        assert step.max() / step.min() < 3


@pytest.mark.parametrize("vision", [None, *BLINDNESS])
def test_for_and_against_are_told_apart_with_any_colour_vision(vision):
    light = linear(color_table(DEFAULT, "signed"))
    if vision:
        light = np.clip(light @ np.array(BLINDNESS[vision]).T, 0, 1)
    colors = lab(light)
    steps = np.arange(16, 128)  # beyond an eighth of the scale; 10 is a difference seen at a glance
    apart = np.linalg.norm(colors[ZERO + steps] - colors[ZERO - steps], axis=1)
    assert apart.min() > 20 and apart[48:].min() > 40


def test_the_map_of_evidence_against_is_taken_for_no_map_of_evidence_for():
    against = lab(linear(color_table(DEFAULT, "negative")))
    for table in COLORMAPS.values():
        apart = np.linalg.norm(against - lab(linear(table)), axis=1)
        assert np.mean(apart[128:]) > 40


@pytest.mark.parametrize(
    ("evidence", "scale", "words"),
    [
        ("positive", (0.0, 3.2), ("0", "1.6", "3.2")),
        ("negative", (0.0, -3.2), ("0", "−1.6", "−3.2")),
        ("signed", (-3.2, 3.2), ("−3.2", "0", "+3.2")),
    ],
)
def test_the_scale_runs_from_no_evidence_on_or_is_symmetric_about_zero(evidence, scale, words):
    assert scale_of(evidence, 3.2) == scale
    assert bar_words(evidence, scale) == words


def test_a_scale_of_nothing_has_no_sign():
    assert bar_words("negative", scale_of("negative", 0.0)) == ("0", "0", "0")
