"""Boxes on the slice: which tool is in hand, where the boxes are, and what the network says without one."""

import numpy as np
import pytest

from viewer.errors import ModelError
from viewer.study import Box

BOX = Box(2.0, 4.0, 10.0, 16.0)


@pytest.fixture
def analysed(opened, screen, qtbot):
    opened.analyse()
    qtbot.waitUntil(lambda: screen.view.ribbon is not None and bool(np.isfinite(screen.view.ribbon).all()))
    qtbot.waitUntil(lambda: not opened._analysis.runner.busy)
    return opened


def answered(screen, box):
    return screen.view.what_if is not None and screen.view.what_if.box == box


def test_the_network_is_asked_again_without_what_the_box_covers(analysed, lab, screen, qtbot):
    analysed.set_box("occluder", BOX)
    qtbot.waitUntil(lambda: answered(screen, BOX))
    before, after = screen.view.prediction, screen.view.what_if.prediction
    assert float(after.probabilities[0]) == pytest.approx(float(before.probabilities[0]) / 2)
    assert lab.covered == [("a.0", BOX)]


def test_of_a_fast_drag_the_first_answers_come_and_the_last_box_stays(analysed, lab, screen, qtbot):
    lab.covering.clear()
    boxes = [Box(0.0, 0.0, 8.0, 2.0 + n) for n in range(12)]
    analysed.set_box("occluder", boxes[0])
    qtbot.waitUntil(lambda: len(lab.covered) == 1)
    for box in boxes:
        analysed.set_box("occluder", box)
    lab.covering.set()
    qtbot.waitUntil(lambda: answered(screen, boxes[-1]))
    assert [box for _, box in lab.covered] == [boxes[0], boxes[-1]]
    shown = [view.what_if.box for view in screen.views if view.what_if is not None]
    assert boxes[0] in shown, "a drag that never rests must still see numbers move"


def test_the_answer_for_another_slice_is_never_shown_with_this_one(analysed, lab, screen, qtbot):
    analysed.set_box("occluder", BOX)
    qtbot.waitUntil(lambda: answered(screen, BOX))
    lab.covering.clear()
    analysed.go_to(4)
    qtbot.waitUntil(lambda: screen.view.slice is not None and len(lab.covered) == 2)
    assert screen.view.what_if is None
    lab.covering.set()
    qtbot.waitUntil(lambda: answered(screen, BOX))
    assert screen.view.what_if.slice == ("a.4", 0)


def test_without_an_analysis_nothing_is_asked(opened, lab, screen, qtbot):
    opened.set_box("occluder", BOX)
    qtbot.wait(50)
    assert lab.covered == [] and screen.view.what_if is None
    opened.analyse()
    qtbot.waitUntil(lambda: answered(screen, BOX))


def test_a_box_taken_away_takes_its_answer_with_it(analysed, screen, qtbot):
    analysed.set_box("occluder", BOX)
    qtbot.waitUntil(lambda: answered(screen, BOX))
    analysed.commands.run("mark.delete")
    assert screen.view.occluder is None and screen.view.what_if is None


def test_a_network_that_cannot_answer_says_so_once(analysed, lab, screen, qtbot):
    lab.hard["a.0"] = ModelError("The network broke.", remedy="Choose another model.")
    analysed.set_box("occluder", BOX)
    qtbot.waitUntil(lambda: screen.said("The network broke."))
    analysed.set_overlay(opacity=0.3)
    qtbot.wait(30)
    assert len(lab.covered) == 1


def test_the_boxes_are_cleared_on_another_series_and_stay_on_another_slice(analysed, screen):
    analysed.set_box("occluder", BOX)
    analysed.set_box("region", BOX)
    analysed.step(1)
    assert (screen.view.occluder, screen.view.region) == (BOX, BOX)
    analysed.select_series("b")
    assert (screen.view.occluder, screen.view.region) == (None, None)


def test_undo_brings_a_box_back_to_the_series_on_which_it_was_drawn(analysed, screen):
    analysed.set_box("region", BOX)
    analysed.set_box("region", None)
    analysed.select_series("b")
    analysed.undo()
    assert (screen.view.series.uid, screen.view.region) == ("a", BOX)


def test_a_box_that_covers_no_pixel_is_not_taken(analysed, screen):
    analysed.set_box("region", BOX)
    analysed.set_box("region", Box(3.1, 3.1, 3.3, 9.0))
    analysed.set_box("region", Box(50.0, 50.0, 60.0, 60.0))
    assert screen.view.region == BOX


def test_a_tool_stays_in_hand_until_it_is_put_away(analysed, lab, screen):
    analysed.commands.run("box.region")
    assert screen.view.tool == "region"
    analysed.set_box("region", BOX)
    assert screen.view.tool == "region"
    analysed.commands.run("box.occluder")
    assert screen.view.tool == "occluder"
    analysed.commands.run("analysis.cancel")
    assert screen.view.tool == ""


def test_esc_puts_the_tool_away_before_it_stops_an_analysis(opened, lab, screen, qtbot):
    lab.gate.clear()
    opened.analyse()
    opened.set_tool("occluder")
    opened.commands.run("analysis.cancel")
    assert screen.view.tool == "" and opened._analysis.runner.busy
    opened.commands.run("analysis.cancel")
    qtbot.waitUntil(lambda: not opened._analysis.runner.busy)


def test_where_the_heat_lies_is_looked_for_only_while_the_truth_view_is_open(analysed, screen, qtbot):
    qtbot.wait(30)
    assert screen.view.places == ()
    analysed.toggle_truth_view()
    qtbot.waitUntil(lambda: len(screen.view.places) == 3)
    assert [place.id for place in screen.view.places] == ["body", "border", "text"]
    analysed.set_layer("block1")
    qtbot.waitUntil(lambda: screen.view.heatmap.layer.name == "block1" and len(screen.view.places) == 3)
