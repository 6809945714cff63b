"""The three demands: a constant classifier is undefined, random weights come out red, a token is caught."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.support.bundle_factory import make_bundle
from tests.support.trust_networks import Constant, Detector, head_with_token, with_network
from viewer.errors import Cancelled
from viewer.explain.analyse import analyse_slice
from viewer.explain.heatmap import make_heatmap
from viewer.explain.trust.check import all_lines, costly_lines, quick_lines
from viewer.explain.trust.constancy import is_constant
from viewer.explain.trust.live import live_lines, region_lines
from viewer.explain.trust.shown import shown_of
from viewer.explain.trust.verdict import COSTLY, REGION_SCORES, worst
from viewer.inference.bundle import load_bundle
from viewer.inference.loading import load_model
from viewer.study import Box


def go_on() -> None:
    pass


def judged(loaded, slice, layer="detector"):
    """All lines about the map of the first label, by id."""
    shown = shown_of(loaded, analyse_slice(loaded, slice, target="lesion"), layer)
    return {line.id: line for line in all_lines(shown, slice)}


def random_network(folder, seed=0):
    return load_model(load_bundle(make_bundle(folder, seed=seed)), "cpu")


def test_a_constant_classifier_is_undefined_and_shows_no_number(tmp_path):
    """Its gradient pretends otherwise, so that there is a map, and figures could be made of it."""
    loaded, slice = with_network(tmp_path, Constant()), head_with_token(lesion=True)
    result = analyse_slice(loaded, slice, target="lesion")
    assert result.cams["detector"].max() > 0 and is_constant(shown_of(loaded, result, "detector"), go_on)
    lines = judged(loaded, slice)
    assert set(COSTLY) < set(lines)
    for line in lines.values():
        assert (line.level, line.value, line.chance) == ("undefined", None, None)
        assert not any(letter.isdigit() for letter in line.figure + line.control)
        assert "same answer" in line.sentence


def test_a_classifier_that_weighs_nothing_is_undefined_too(tmp_path):
    lines = judged(with_network(tmp_path, Detector(gain=0.0)), head_with_token(lesion=True))
    assert {line.level for line in lines.values()} == {"undefined"}


@pytest.mark.parametrize("seed", range(3))
def test_a_network_with_random_weights_comes_out_red(tmp_path, seed):
    lines = judged(random_network(tmp_path, seed), head_with_token(lesion=True), layer="block4")
    assert lines["weights"].level == "red" and worst(list(lines.values())) == "red"
    assert lines["weights"].value == pytest.approx(1, abs=0.05) and lines["weights"].chance == 1


def test_a_model_that_looks_at_a_planted_corner_token_is_caught(tmp_path):
    lines = judged(with_network(tmp_path, Detector()), head_with_token(lesion=False, token=True))
    assert lines["body"].level == "red" and lines["body"].value > 0.9
    assert lines["border"].level == "red"


def test_the_same_model_that_looks_at_a_lesion_is_not(tmp_path):
    lines = judged(with_network(tmp_path, Detector()), head_with_token(lesion=True, token=False))
    assert lines["body"].level == "green" and lines["border"].level == "green"
    for id in ("noise", "shift", "flip", "insertion", "methods"):
        assert lines[id].level == "green", lines[id]
    assert lines["deletion"].value < 0.5 * lines["deletion"].chance


def test_a_detector_that_ignores_its_head_is_caught_by_random_weights(tmp_path):
    """A map that does not ask what was learned: the energy of the image, whatever the weights."""
    loaded, slice = with_network(tmp_path, Detector(size=2, threshold=-0.1)), head_with_token(lesion=True)
    result = analyse_slice(loaded, slice, target="lesion", method="energy")
    lines = list(costly_lines(shown_of(loaded, result, "detector"), lambda *_: None, go_on))
    assert lines[0].id == "randomisation" and lines[0].value is not None


def test_the_lines_come_one_by_one_with_progress_to_the_end(tmp_path):
    loaded, slice = random_network(tmp_path), head_with_token(lesion=True)
    shown = shown_of(loaded, analyse_slice(loaded, slice, target="cyst"), "block4")
    steps = []
    lines = [line.id for line in costly_lines(shown, lambda done, total: steps.append((done, total)), go_on)]
    assert lines == list(COSTLY)
    total = steps[0][1]
    assert steps == [(done, total) for done in range(total + 1)]


def test_a_check_stops_where_nobody_waits_and_leaves_the_network_as_it_was(tmp_path):
    loaded, slice = random_network(tmp_path), head_with_token(lesion=True)
    shown = shown_of(loaded, analyse_slice(loaded, slice, target="cyst"), "block4")
    before = {name: value.clone() for name, value in loaded.module.state_dict().items()}
    for limit in (5, 300, 900):
        calls = 0

        def stop(limit=limit):
            nonlocal calls
            calls += 1
            if calls > limit:
                raise Cancelled

        with pytest.raises(Cancelled):
            list(costly_lines(shown, lambda _done, _total: None, stop))
    now = loaded.module.state_dict()
    assert all(torch.equal(value, now[name]) for name, value in before.items())
    assert not any(module._forward_hooks or module.training for module in loaded.module.modules())
    assert all(parameter.grad is None for parameter in loaded.module.parameters())


def test_the_same_map_gets_the_same_lines_twice(tmp_path):
    loaded, slice = random_network(tmp_path), head_with_token(lesion=True)
    shown = shown_of(loaded, analyse_slice(loaded, slice, target="cyst"), "block4")
    assert all_lines(shown, slice) == all_lines(shown, slice)


def test_a_contrast_is_judged_as_it_was_asked(tmp_path):
    loaded, slice = random_network(tmp_path), head_with_token(lesion=True)
    result = analyse_slice(loaded, slice, target="cyst", against="lesion")
    shown = shown_of(loaded, result, "block4")
    assert shown.target == (1, 0)
    assert len(list(costly_lines(shown, lambda _done, _total: None, go_on))) == len(COSTLY)


def test_a_map_without_evidence_has_no_figures_where_it_is_compared(tmp_path):
    loaded, slice = random_network(tmp_path), head_with_token(lesion=True)
    result = analyse_slice(loaded, slice, target="cyst")
    empty = replace(result, cams={name: np.zeros_like(cam) for name, cam in result.cams.items()})
    live = {line.id: line for line in live_lines(empty, "block4", slice)}
    assert {live[id].level for id in ("layers", "body", "border")} == {"undefined"}
    quick = quick_lines(shown_of(loaded, empty, "block4"), go_on)
    assert quick.lines[1].level == "undefined" and quick.lines[1].value is None


def test_a_region_brings_its_scores_each_with_its_chance(tmp_path):
    loaded, slice = with_network(tmp_path, Detector()), head_with_token(lesion=True, token=False)
    heatmap = make_heatmap(analyse_slice(loaded, slice, target="lesion"), "detector")
    hit = region_lines(heatmap, Box(24, 36, 32, 44))
    assert [line.id for line in hit] == [f"region-{id}" for id in REGION_SCORES]
    assert all(line.level == "green" and line.chance < 0.2 < line.value for line in hit)
    missed = region_lines(heatmap, Box(40, 10, 50, 20))
    assert all(line.level == "red" for line in missed)
    nothing = region_lines(heatmap, Box(0, 0, 0.2, 0.2))
    assert all(line.level == "undefined" and line.value is None for line in nothing)


def test_the_weights_of_a_network_are_looked_at_once(tmp_path):
    loaded, slice = random_network(tmp_path), head_with_token(lesion=True)
    shown = shown_of(loaded, analyse_slice(loaded, slice, target="cyst"), "block4")
    known = quick_lines(shown, go_on).lines[0]
    assert quick_lines(shown, go_on, weights_known=known).lines[0] is known
