"""Scores of a map against a region: by hand, against sklearn and scikit-image, and against their chance."""

import numpy as np
import pytest

from viewer.explain.trust.regions import (
    ALL_PIXELS,
    FLAT,
    NO_EVIDENCE,
    NO_NUMBER,
    NO_PIXEL,
    TITLES,
    box_mask,
    centre_blob,
    effective_heat_ratio,
    interval,
    otsu,
    overlap,
    scores,
)

HEAT = np.array([[1.0, 0.5, 0.0, 0.0], [0.5, 0.25, 0.0, 0.0], [0.0, 0.0, 0.0, -3.0]])
REGION = np.array([[1, 1, 0, 0], [0, 0, 0, 0], [0, 0, 0, 1]], bool)


def by_id(values, region):
    return {score.id: score for score in scores(values, region)}


def rough_map(seed=0, shape=(24, 32)):
    return np.random.default_rng(seed).normal(size=shape).round(1)


def test_scores_of_a_map_small_enough_to_score_by_hand():
    found = {id: score.value for id, score in by_id(HEAT, REGION).items()}
    assert list(found) == list(TITLES)
    assert found["pointing"] == 1
    assert found["energy"] == pytest.approx(1.5 / 2.25)
    # At half of the maximum three pixels are kept, two of the region's three among them.
    assert found["iou-fixed"] == pytest.approx(2 / 4) and found["dice-fixed"] == pytest.approx(4 / 6)
    # Keeping the first alone: 1 of 3; the first three: 2 of 4; all four that are warm: 2 of 5.
    assert found["iou-best"] == pytest.approx(2 / 4) and found["dice-best"] == pytest.approx(4 / 6)
    assert found["in-out"] == pytest.approx(1.5 / 3 - 0.75 / 9)
    # Ranked: 1 (hit), two of 0.5 (one hit), 0.25, seven of 0, -3 (hit).
    assert found["auprc"] == pytest.approx((1 / 3) * 1 + (1 / 3) * (2 / 3) + (1 / 3) * (3 / 12))


def test_a_maximum_on_the_edge_of_the_region_counts_by_its_share():
    heat = np.array([[2.0, 2.0, 0.0, 2.0]])
    assert by_id(heat, np.array([[True, False, False, False]]))["pointing"].value == pytest.approx(1 / 3)


def test_the_effective_heat_ratio_follows_its_eleven_steps():
    heat = np.array([[1.0, 0.8, 0.4, 0.05], [0.6, 0.2, 0.0, 0.0]])
    region = np.array([[True, False, True, True], [False, False, False, False]])
    # Five pixels are at least 0.1. Their quantiles are 0.2, 0.28, 0.36, 0.44 … 1.0, cut off at 0.99; from 0.2
    # on five pixels are kept with 1.4 of heat inside, from 0.44 on only 1.0 of it.
    inside = [1.4, 1.4, 1.4, *[1.0] * 8]
    kept = [5, 4, 4, 3, 3, 3, 2, 2, 1, 1, 1]
    ratios = [heat / count for heat, count in zip(inside, kept, strict=True)]
    by_hand = 0.1 * (sum(ratios) - (ratios[0] + ratios[-1]) / 2)
    assert effective_heat_ratio(heat, region)[0] == pytest.approx(by_hand)


def test_the_last_step_of_the_effective_heat_ratio_keeps_all_that_is_nearly_the_maximum():
    heat, region = np.array([[1.0, 0.995, 0.5]]), np.array([[False, True, False]])
    ratios = [0.995 / 3, *[0.995 / 2] * 10]
    by_hand = 0.1 * (sum(ratios) - (ratios[0] + ratios[-1]) / 2)
    assert effective_heat_ratio(heat, region)[0] == pytest.approx(by_hand)


@pytest.mark.parametrize("seed", range(4))
def test_auprc_is_the_average_precision_of_sklearn(seed):
    metrics = pytest.importorskip("sklearn.metrics")
    values, region = rough_map(seed), rough_map(seed + 50) > 0.8
    expected = metrics.average_precision_score(region.ravel(), values.ravel())
    assert by_id(values, region)["auprc"].value == pytest.approx(expected)


@pytest.mark.parametrize("seed", range(4))
def test_iou_and_dice_are_those_of_sklearn_at_every_threshold(seed):
    metrics = pytest.importorskip("sklearn.metrics")
    region = rough_map(seed + 50) > 0.8
    for cut in (-0.5, 0.3, 1.2):
        kept = rough_map(seed) > cut
        iou, dice = overlap(kept, region)
        assert iou[0] == pytest.approx(metrics.jaccard_score(region.ravel(), kept.ravel()))
        assert dice[0] == pytest.approx(metrics.f1_score(region.ravel(), kept.ravel()))


def test_the_best_threshold_is_better_than_every_threshold_tried():
    metrics = pytest.importorskip("sklearn.metrics")
    values = rough_map(3) + 4
    region = (rough_map(3) + rough_map(9)) > 1
    tried = [metrics.jaccard_score(region.ravel(), (values >= cut).ravel()) for cut in np.unique(values)]
    assert by_id(values, region)["iou-best"].value == pytest.approx(max(tried))


def test_otsu_parts_a_map_where_scikit_image_does():
    filters = pytest.importorskip("skimage.filters")
    for heat in (centre_blob((40, 50)), np.abs(rough_map(5)), np.maximum(rough_map(6), 0)):
        scaled = (heat / heat.max()).astype(np.float64)
        assert otsu(scaled) == pytest.approx(filters.threshold_otsu(scaled))


def test_the_chance_level_is_what_the_same_values_reach_dealt_out_at_random():
    rng = np.random.default_rng(1)
    values, region = rng.gamma(0.5, size=(30, 30)), box_mask((30, 30), top=3, left=4, bottom=13, right=19)
    reached = {id: [] for id in TITLES}
    for _ in range(400):
        for score in scores(rng.permutation(values.ravel()).reshape(30, 30), region):
            reached[score.id].append(score.value)
    expected = by_id(values, region)
    for id, got in reached.items():
        # The best of all thresholds is picked after the fact, which chance level does not credit.
        slack = 0.02 if id.endswith("best") else 0.004
        spread = 4 * np.std(got) / np.sqrt(len(got))
        assert np.mean(got) == pytest.approx(expected[id].chance, abs=spread + slack), id


def test_a_map_that_is_the_region_scores_full_marks_and_its_opposite_none():
    region = box_mask((20, 20), top=2, left=5, bottom=9, right=11)
    full = by_id(region.astype(np.float32), region)
    for id in (
        "pointing",
        "energy",
        "iou-fixed",
        "dice-fixed",
        "iou-otsu",
        "iou-best",
        "auprc",
        "in-out",
        "ehr",
    ):
        assert full[id].value == pytest.approx(1), id
    opposite = by_id((~region).astype(np.float32), region)
    for id in ("pointing", "energy", "iou-fixed", "dice-otsu", "iou-best", "ehr"):
        assert opposite[id].value == 0, id
    assert opposite["in-out"].value == -1


@pytest.mark.parametrize(
    ("values", "region", "why"),
    [
        (np.zeros((4, 4)), np.eye(4, dtype=bool), NO_EVIDENCE),
        (-np.ones((4, 4)), np.eye(4, dtype=bool), NO_EVIDENCE),
        (np.full((4, 4), 2.0), np.eye(4, dtype=bool), FLAT),
        (np.full((4, 4), np.nan), np.eye(4, dtype=bool), NO_NUMBER),
        (np.eye(4), np.ones((4, 4), bool), ALL_PIXELS),
        (np.eye(4), np.zeros((4, 4), bool), NO_PIXEL),
    ],
)
def test_where_nothing_can_be_said_the_reason_is_said_and_no_number(values, region, why):
    for score in scores(values, region):
        assert (score.value, score.chance, score.undefined) == (None, None, why)


def test_scores_do_not_depend_on_the_unit_of_the_map():
    region = box_mask((24, 32), top=2, left=5, bottom=9, right=11)
    one, other = (by_id(rough_map() * factor, region) for factor in (1.0, 1e-6))
    assert all(one[id].value == pytest.approx(other[id].value) for id in TITLES)


def test_a_map_and_a_region_of_different_slices_do_not_meet():
    with pytest.raises(ValueError, match="region"):
        scores(np.ones((4, 5)), np.ones((5, 4), bool))


def test_a_box_holds_the_pixels_whose_centre_lies_in_it():
    mask = box_mask((4, 6), top=0.6, left=1.5, bottom=3.5, right=4.4)
    assert np.argwhere(mask).min(0).tolist() == [1, 1] and np.argwhere(mask).max(0).tolist() == [2, 3]


def test_the_interval_of_many_values_is_that_of_the_normal_law():
    values = np.random.default_rng(0).normal(3.0, 2.0, 2000)
    low, high = interval(values)
    half = 1.96 * values.std() / np.sqrt(2000)
    assert low == pytest.approx(values.mean() - half, abs=0.01)
    assert high == pytest.approx(values.mean() + half, abs=0.01)


def test_slices_of_one_patient_are_drawn_together():
    values = np.repeat(np.random.default_rng(0).normal(size=20), 50)
    patients = np.repeat(np.arange(20), 50)
    slices, whole = interval(values), interval(values, groups=patients)
    assert (whole[1] - whole[0]) > 5 * (slices[1] - slices[0])


def test_undefined_slices_are_left_out_of_the_interval():
    values = np.array([1.0, np.nan, 1.0, 1.0])
    assert interval(values) == (1.0, 1.0)
    assert np.isnan(interval(np.array([np.nan, np.nan]))).all()
