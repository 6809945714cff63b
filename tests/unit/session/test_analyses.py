"""Analyses: an answer is found by its question only, bounded in bytes."""

import numpy as np
import pytest

from tests.support.stand_ins import Lab, bundle_of, series_of
from viewer.session.analyses import Analyses
from viewer.session.state import Explanation

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


def wanted(analyses, slice_key=("a.2", 0), layer="", digest=BUNDLE.digest, **asked):
    return analyses.wanted_key(slice_key, digest, Explanation(**asked), BUNDLE.card, layer)


def test_an_answer_is_found_by_its_question_only(analyses):
    result = result_of(2)
    analyses.put(result)
    assert analyses.result(wanted(analyses)) is result
    assert wanted(analyses, ("a.3", 0)) is None
    for other in (("a.3", 0), ("a.2", 1)):
        assert analyses.result(wanted(analyses, other, target="lesion")) is None
    assert analyses.result(wanted(analyses, digest="other", target="lesion")) is None
    assert analyses.result(wanted(analyses, target="cyst")) is None


def test_method_layer_and_contrast_are_part_of_the_question(analyses):
    analyses.put(result_of(2))
    assert analyses.has(wanted(analyses))
    assert not analyses.has(wanted(analyses, method="layer-cam"))
    assert not analyses.has(wanted(analyses, against="nothing"))
    # One pass gives all layers, or each layer is asked about.
    assert wanted(analyses, layer="a", method="layer-cam") == wanted(analyses, layer="b", method="layer-cam")
    assert wanted(analyses, layer="a", method="score-cam") != wanted(analyses, layer="b", method="score-cam")
    assert wanted(analyses, method="unheard of") == wanted(analyses, against="unheard of") == wanted(analyses)


def test_a_target_is_held_against_another_label_only(analyses):
    analyses.put(result_of(2))
    itself = wanted(analyses, target="cyst", against="cyst")
    assert (itself.target, itself.against) == ("cyst", "")
    # The most probable finding is the lesion; held against it, the next one is explained.
    next_one = wanted(analyses, against="lesion")
    assert (next_one.target, next_one.against) == ("cyst", "lesion")


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
    assert wanted(analyses, ("a.1", 0)) is None
    assert analyses.layers(BUNDLE.digest)


def test_without_background_the_ribbon_holds_the_most_probable_label():
    bundle = bundle_of("two", labels=["left", "right", "none"], background="", activation="sigmoid")
    analyses = Analyses(1 << 20)
    lab = Lab(findings={"a.0": 0.8})
    loaded = lab.load_model(bundle)
    analyses.put(lab.analyse_slice(loaded, lab.load_slice(SERIES.slices[0]), target=None, check=lambda: None))
    assert analyses.ribbon(SERIES, bundle.digest, None, bundle.card)[0] == pytest.approx(0.8)
