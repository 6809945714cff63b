"""Analyses: an answer is found by its question only, bounded in bytes."""

import numpy as np
import pytest

from tests.support.stand_ins import Lab, bundle_of, series_of
from viewer.results import Prediction
from viewer.session.analyses import Analyses, default_target

BUNDLE = bundle_of()
SERIES = series_of("a", 5)


def result_of(index, target=None, lesion=0.7):
    lab = Lab()
    uid = f"a.{index}"
    lab.findings[uid] = lesion
    loaded = lab.load_model(BUNDLE)
    return lab.analyse_slice(loaded, lab.load_slice(SERIES.slices[index]), target=target, check=lambda: None)


@pytest.fixture
def analyses():
    return Analyses(1 << 20)


def prediction(labels, chances):
    return Prediction(labels, np.log(np.array(chances, np.float32)), np.array(chances, np.float32))


def test_the_default_target_is_the_most_probable_finding():
    assert default_target(prediction(("a", "b", "none"), [0.1, 0.2, 0.7]), "none") == "b"
    assert default_target(prediction(("a", "b"), [0.9, 0.1]), "") == "a"
    assert default_target(prediction(("none",), [0.9]), "none") == "none"


def test_the_default_target_is_right_where_probabilities_saturate():
    saturated = Prediction(("a", "b"), np.array([90.0, 95.0], np.float32), np.array([1.0, 1.0], np.float32))
    assert default_target(saturated, "") == "b"


def test_an_answer_is_found_by_its_question_only(analyses):
    result = result_of(2)
    analyses.put(result)
    wanted = analyses.wanted_key(("a.2", 0), BUNDLE.digest, None, BUNDLE.card)
    assert analyses.result(wanted) is result
    assert analyses.wanted_key(("a.3", 0), BUNDLE.digest, None, BUNDLE.card) is None
    for other in (("a.3", 0), ("a.2", 1)):
        assert analyses.result(analyses.wanted_key(other, BUNDLE.digest, "lesion", BUNDLE.card)) is None
    assert analyses.result(analyses.wanted_key(("a.2", 0), "other", "lesion", BUNDLE.card)) is None
    assert analyses.result(analyses.wanted_key(("a.2", 0), BUNDLE.digest, "cyst", BUNDLE.card)) is None


def test_a_heatmap_is_made_once_and_is_the_same_object(analyses):
    result = result_of(2)
    analyses.put(result)
    first = analyses.heatmap(result, result.layers[0])
    assert analyses.heatmap(result, result.layers[0]) is first
    assert analyses.heatmap(result, result.layers[1]) is not first
    assert first.values.shape == (24, 32)


def test_the_ribbon_holds_the_target_or_any_finding(analyses):
    assert analyses.ribbon(SERIES, BUNDLE.digest, None, BUNDLE.card) is None
    analyses.put(result_of(1, lesion=0.6))
    any_finding = analyses.ribbon(SERIES, BUNDLE.digest, None, BUNDLE.card)
    assert any_finding[1] == pytest.approx(0.7)  # all but "nothing", which has 3/4 of 0.4
    assert np.isnan(any_finding[[0, 2, 3, 4]]).all()
    assert analyses.ribbon(SERIES, BUNDLE.digest, "lesion", BUNDLE.card)[1] == pytest.approx(0.6)


def test_the_ribbon_is_the_same_object_until_something_new_is_known(analyses):
    analyses.put(result_of(1))
    first = analyses.ribbon(SERIES, BUNDLE.digest, None, BUNDLE.card)
    assert analyses.ribbon(SERIES, BUNDLE.digest, None, BUNDLE.card) is first
    analyses.put(result_of(2))
    assert analyses.ribbon(SERIES, BUNDLE.digest, None, BUNDLE.card) is not first


def test_results_stay_within_their_bound_and_probabilities_stay_all():
    analyses = Analyses(2 * 30_000)
    for i in range(5):
        analyses.put(result_of(i))
    assert analyses._results.nbytes <= 30_000
    assert np.isfinite(analyses.ribbon(SERIES, BUNDLE.digest, None, BUNDLE.card)).all()


def test_of_another_study_nothing_of_the_last_is_known(analyses):
    analyses.put(result_of(1))
    analyses.forget()
    assert analyses.ribbon(SERIES, BUNDLE.digest, None, BUNDLE.card) is None
    assert analyses.wanted_key(("a.1", 0), BUNDLE.digest, None, BUNDLE.card) is None
    assert analyses.layers(BUNDLE.digest)


def test_without_background_the_ribbon_holds_the_most_probable_label():
    bundle = bundle_of("two", labels=["left", "right", "none"], background="", activation="sigmoid")
    analyses = Analyses(1 << 20)
    lab = Lab(findings={"a.0": 0.8})
    loaded = lab.load_model(bundle)
    analyses.put(lab.analyse_slice(loaded, lab.load_slice(SERIES.slices[0]), target=None, check=lambda: None))
    assert analyses.ribbon(SERIES, bundle.digest, None, bundle.card)[0] == pytest.approx(0.8)
