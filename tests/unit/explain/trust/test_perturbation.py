import numpy as np
import pytest
import torch

from tests.support.trust_networks import Detector, head_with_token, with_network
from viewer.explain.analyse import analyse_slice
from viewer.explain.trust.perturbation import STEPS, blurred, deletion, insertion
from viewer.explain.trust.shown import chances_of, shown_of


def go_on() -> None:
    pass


@pytest.fixture
def shown(tmp_path):
    loaded = with_network(tmp_path, Detector(gain=4000.0))
    result = analyse_slice(loaded, head_with_token(lesion=True, token=False), target="lesion")
    return shown_of(loaded, result, "detector")


def test_the_deletion_curve_is_the_papers_by_hand(shown):
    """Pixels are zeroed in the order of the map; the area is the trapezoid over 0, 1/n … 1."""
    from viewer.explain.trust.similarity import on_grid

    order = np.argsort(-on_grid(shown.cam, (64, 64)).ravel(), kind="stable")
    chances = []
    for step in range(STEPS + 1):
        image = shown.image.copy()
        image.reshape(-1)[order[: round(64 * 64 * step / STEPS)]] = 0
        with torch.no_grad():
            logits = shown.loaded.module(torch.from_numpy(image)[None])
        chances.append(float(logits.double().softmax(1)[0, 0]))
    expected = np.trapezoid(chances, dx=1 / STEPS)
    assert deletion(shown, go_on).shown == pytest.approx(expected, rel=1e-9)


def test_a_map_that_points_at_what_counts_beats_random_places_and_the_centre(shown):
    gone, back = deletion(shown, go_on), insertion(shown, go_on)
    assert gone.defined and gone.shown < gone.random - 0.1 and gone.shown < gone.centre
    assert back.defined and back.shown > back.random + 0.1 and back.shown > back.centre


def test_the_same_seed_gives_the_same_areas(shown):
    once, again = (deletion(shown, go_on, seed=3) for _ in range(2))
    assert once == again


def test_a_contrast_is_judged_by_the_first_label_against_the_second(shown):
    from dataclasses import replace

    pair = replace(shown, target=(0, 2))
    with torch.no_grad():
        logits = shown.loaded.module(torch.from_numpy(shown.image)[None])[0].double()
    assert chances_of(pair, shown.image[None], go_on)[0] == pytest.approx(
        float(torch.sigmoid(logits[0] - logits[2]))
    )


def test_where_the_baseline_scores_as_high_as_the_image_there_is_no_figure(tmp_path):
    """METHODS.md, trap 1: not 0, which would reward smooth maps."""
    loaded = with_network(tmp_path, Detector(gain=0.0))
    result = analyse_slice(loaded, head_with_token(lesion=True), target="lesion")
    shown = shown_of(loaded, result, "detector")
    assert not deletion(shown, go_on).defined and not insertion(shown, go_on).defined


def test_the_blur_keeps_the_mean_of_an_even_image_and_spreads_a_point():
    even = np.full((1, 64, 48), 0.3, np.float32)
    assert np.allclose(blurred(even), 0.3, atol=1e-6)
    point = np.zeros((1, 65, 65), np.float32)
    point[0, 32, 32] = 1
    spread = blurred(point)[0]
    assert spread.sum() == pytest.approx(1, rel=1e-3) and np.allclose(spread, spread.T, atol=1e-7)
    rows = np.arange(65) - 32
    assert np.sqrt((spread.sum(1) * rows**2).sum()) == pytest.approx(65 / 16, rel=0.02)
