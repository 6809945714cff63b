"""Choosing a method: those of one pass for the whole series, the others for the slice that is looked at."""

import numpy as np
import pytest

from tests.support.stand_ins import bundle_of
from viewer.errors import ModelError

COSTLY = "score-cam"


@pytest.fixture
def analysed(opened, screen, qtbot):
    opened.analyse()
    qtbot.waitUntil(lambda: screen.view.ribbon is not None and bool(np.isfinite(screen.view.ribbon).all()))
    qtbot.waitUntil(lambda: not opened._analysis.runner.busy)
    return opened


def explained(opened, screen, method):
    view = screen.view
    return view.heatmap is not None and view.heatmap.key.method == method


def test_another_method_of_the_family_is_shown_for_every_slice(analysed, lab, screen, qtbot):
    analysed.set_method("layer-cam")
    qtbot.waitUntil(lambda: explained(analysed, screen, "layer-cam"))
    qtbot.waitUntil(lambda: not analysed._analysis.runner.busy)
    assert "LayerCAM" in screen.view.caption
    assert len(lab.analysed) == 2 * 9
    analysed.go_to(5)
    qtbot.waitUntil(lambda: explained(analysed, screen, "layer-cam"))
    assert len(lab.analysed) == 2 * 9


def test_the_map_on_the_screen_comes_before_those_of_the_other_layers(analysed, lab, screen, qtbot):
    analysed.set_layer("block1")
    lab.gate_behind.clear()
    analysed.set_method("hires-cam")
    qtbot.waitUntil(lambda: explained(analysed, screen, "hires-cam"))
    assert lab.ahead[-1] == ("a.0", "block1") and set(screen.view.cams) == {"block1"}
    analysed.set_layer("block2")
    assert screen.view.heatmap is None  # on its way
    analysed.cancel("inference")
    qtbot.waitUntil(lambda: not analysed._analysis.runner.busy)
    lab.gate_behind.set()
    analysed.analyse()  # what was sent ahead alone is still missing
    qtbot.waitUntil(lambda: explained(analysed, screen, "hires-cam"))
    assert set(screen.view.cams) == {"block1", "block2"}


def test_a_method_without_a_unit_is_shown_on_a_relative_scale_that_says_so(analysed, screen, qtbot):
    assert screen.view.overlay.scale == "absolute"
    analysed.set_method("eigen-cam")
    qtbot.waitUntil(lambda: explained(analysed, screen, "eigen-cam"))
    assert screen.view.overlay.scale == "relative"
    assert "relative scale" in screen.view.caption
    assert screen.view.heatmap.unit == "a.u."
    assert analysed.state.overlay.scale == "absolute"  # the reader's wish is kept for the next method


def test_the_methods_of_one_pass_are_walked_with_two_keys(analysed, screen):
    analysed.step_method(1)
    assert screen.view.method.id == "grad-cam++"
    analysed.step_method(-1)
    analysed.step_method(-1)
    assert screen.view.method.id == "grad-cam"


def test_a_contrast_says_what_is_held_against_what(analysed, screen, qtbot):
    analysed.set_target("lesion")
    analysed.set_against("cyst")
    qtbot.waitUntil(lambda: screen.view.heatmap is not None and screen.view.heatmap.key.against == "cyst")
    assert "Grad-CAM, lesion minus cyst" in screen.view.caption
    analysed.set_against("")
    qtbot.waitUntil(lambda: screen.view.heatmap is not None and screen.view.heatmap.key.against == "")


def test_a_method_with_passes_of_its_own_is_asked_for_the_slice_on_the_screen_alone(
    analysed, lab, screen, qtbot
):
    analysed.set_method(COSTLY)
    assert "there is no map of this slice yet" in screen.view.overlay_note
    assert screen.view.heatmap is None
    qtbot.waitUntil(lambda: explained(analysed, screen, COSTLY))
    assert lab.explained == [("a.0", COSTLY)]
    assert "A note of the method." in screen.view.overlay_note
    assert len(lab.analysed) == 9
    analysed.set_method("grad-cam")
    assert explained(analysed, screen, "grad-cam")
    analysed.set_method(COSTLY)
    assert explained(analysed, screen, COSTLY)
    assert len(lab.explained) == 1


def test_slices_that_are_only_scrolled_past_are_not_asked_about(analysed, lab, screen, qtbot):
    analysed.set_method(COSTLY)
    for index in (1, 2, 3, 4):
        analysed.go_to(index)
    qtbot.waitUntil(lambda: explained(analysed, screen, COSTLY))
    assert lab.explained == [("a.4", COSTLY)]


def test_each_layer_is_a_question_of_its_own(analysed, lab, screen, qtbot):
    analysed.set_method(COSTLY)
    qtbot.waitUntil(lambda: explained(analysed, screen, COSTLY))
    assert screen.view.heatmap.layer.name == "block2"
    analysed.set_layer("block1")
    assert screen.view.heatmap is None
    qtbot.waitUntil(lambda: explained(analysed, screen, COSTLY))
    assert screen.view.heatmap.layer.name == "block1"
    assert len(lab.explained) == 2


def test_an_explanation_can_be_stopped_and_is_not_begun_again_by_itself(analysed, lab, screen, qtbot):
    lab.gate.clear()
    analysed.set_method(COSTLY)
    qtbot.waitUntil(lambda: len(lab.explained) == 1)
    analysed.cancel("explanation")
    qtbot.waitUntil(lambda: not analysed._on_demand.runner.busy)
    lab.gate.set()
    analysed.set_overlay(opacity=0.3)
    qtbot.wait(400)
    assert len(lab.explained) == 1
    analysed.go_to(1)
    qtbot.waitUntil(lambda: explained(analysed, screen, COSTLY))
    analysed.go_to(0)
    qtbot.waitUntil(lambda: explained(analysed, screen, COSTLY))


def test_a_method_that_does_not_fit_the_network_says_so_once(analysed, lab, screen, qtbot):
    lab.explaining_fails = ModelError("This network has no attention.", remedy="Choose another method.")
    analysed.set_method(COSTLY)
    qtbot.waitUntil(lambda: any("no attention" in notice.text for notice in screen.notices))
    analysed.set_overlay(opacity=0.3)
    qtbot.wait(400)
    assert len(lab.explained) == 1


def test_a_method_that_is_known_not_to_fit_is_not_taken(analysed, lab, screen):
    analysed._desk.analyses.put_unfit(lab.bundles[0].digest, {COSTLY: "It has no attention."})
    analysed.set_overlay(opacity=0.3)
    assert screen.view.unfit == {COSTLY: "It has no attention."}
    analysed.set_method(COSTLY)
    assert screen.view.method.id == "grad-cam"


def test_a_card_with_a_method_nobody_knows_is_said_and_grad_cam_shown(lab, opened, screen, qtbot):
    lab.bundles[:] = [bundle_of("later", explain={"method": "of-a-later-version"})]
    opened._models.find()
    qtbot.waitUntil(lambda: screen.view.card is not None and screen.view.card.name == "later")
    opened.analyse()
    qtbot.waitUntil(lambda: explained(opened, screen, "grad-cam"))
    assert any("'of-a-later-version'" in notice.text for notice in screen.notices)


def test_nothing_is_explained_before_the_series_is_analysed(opened, lab, qtbot):
    opened.set_method(COSTLY)
    qtbot.wait(400)
    assert lab.explained == []


def test_an_unheard_of_method_changes_nothing(analysed, screen):
    analysed.set_method("tea leaves")
    assert screen.view.method.id == "grad-cam"
