import numpy as np
import pytest
import torch

from tests.support.trust_networks import Detector, head_with_token, with_network
from viewer.explain.analyse import analyse_slice
from viewer.explain.trust import repeatability
from viewer.explain.trust.shown import map_of, shown_of


def go_on() -> None:
    pass


def shown_by(folder, network):
    loaded = with_network(folder, network)
    result = analyse_slice(loaded, head_with_token(lesion=True), target="lesion")
    return shown_of(loaded, result, "detector")


class Corner(Detector):
    """Sees a pattern of its own and hardly the image: what it shows stays when the image moves."""

    def forward(self, images):
        pattern = torch.zeros(64, 64)
        pattern[4:20, 4:20] = 1.0
        return super().forward(images * 0.01 + pattern)


def test_a_network_that_follows_the_image_repeats_its_map(tmp_path):
    """Two cells of comparison are 4 pixels, one cell of the detector: the same map, moved."""
    shown = shown_by(tmp_path, Detector())
    for found in (*repeatability.shift(shown, go_on), *repeatability.flip(shown, go_on)):
        assert (found.ssim, found.rank) == (pytest.approx(1, abs=1e-3), pytest.approx(1, abs=1e-3))


def test_a_network_that_looks_at_a_place_does_not(tmp_path):
    shown = shown_by(tmp_path, Corner())
    (mirrored,) = repeatability.flip(shown, go_on)
    assert mirrored.rank < 0.3
    assert all(found.rank < 0.9 for found in repeatability.shift(shown, go_on))


def test_the_map_of_the_same_image_is_the_map_that_is_shown(tmp_path):
    shown = shown_by(tmp_path, Detector())
    assert np.array_equal(map_of(shown, shown.image, go_on), shown.cam)


def test_noise_is_seeded_and_leaves_the_global_generators_alone(tmp_path):
    shown = shown_by(tmp_path, Detector(threshold=0.3))
    np.random.seed(3)
    before = np.random.get_state()[1].copy()
    once, again = (list(repeatability.noise(shown, go_on, 5)) for _ in range(2))
    assert once == again and len(once) == repeatability.noise_repeats(shown)
    assert np.array_equal(np.random.get_state()[1], before)
