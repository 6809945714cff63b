"""Marks, key images and the comment, without a window."""

from dataclasses import replace

import pytest

from viewer.annotate.mark import KINDS
from viewer.study import Window

POINTS = {
    "length": [(2.0, 2.0), (6.0, 5.0)],
    "angle": [(2.0, 2.0), (4.0, 4.0), (6.0, 2.0)],
    "cobb": [(1.0, 1.0), (6.0, 1.0), (1.0, 6.0), (6.0, 5.0)],
    "bidirectional": [(1.0, 4.0), (7.0, 4.0), (4.0, 2.0), (4.0, 6.0)],
    "ellipse": [(1.0, 4.0), (7.0, 4.0), (4.0, 2.0), (4.0, 6.0)],
    "rectangle": [(1.0, 1.0), (6.0, 1.0), (6.0, 5.0), (1.0, 5.0)],
    "polygon": [(1.0, 1.0), (6.0, 1.0), (3.0, 6.0)],
    "freehand": [(1.0, 1.0), (6.0, 1.0), (6.0, 4.0), (3.0, 6.0)],
    "probe": [(3.5, 3.5)],
    "arrow": [(3.0, 3.0), (6.0, 6.0)],
    "text": [(3.0, 3.0)],
}


def points_of(screen, mark_id):
    shown = next(one for one in screen.view.marks if one.mark.id == mark_id)
    return [pytest.approx(point) for point in shown.points]


def test_every_mark_intent_is_harmless_on_an_empty_viewer(desk, screen):
    assert desk.marks.add("length", POINTS["length"]) == ""
    desk.marks.set_points("x", POINTS["length"])
    desk.marks.move("x", 1, 1)
    desk.marks.change("x", text="y")
    desk.marks.set_label("x", (1, 1))
    desk.marks.choose("x")
    desk.marks.choose_next(1)
    desk.marks.delete()
    desk.marks.copy()
    desk.marks.paste()
    desk.marks.go_to("x")
    desk.marks.toggle()
    desk.marks.end_gesture()
    desk.key_images.toggle()
    desk.key_images.toggle_only()
    desk.key_images.step(1)
    desk.key_images.set_comment("text")
    desk.undo()
    desk.redo()
    assert screen.view.series is None and desk.state.marks == () and desk.state.comments == ()


@pytest.mark.parametrize("kind", KINDS)
def test_a_mark_stands_where_it_was_drawn_and_only_on_its_slice(opened, screen, kind):
    drawn = opened.marks.add(kind, POINTS[kind], "a note")
    assert points_of(screen, drawn) == POINTS[kind]
    assert (screen.view.chosen_mark, screen.view.undo) == (drawn, f"Draw {KINDS[kind].title}")
    opened.step(1)
    assert [one.mark.id for one in screen.view.marks if not one.faint] == []
    assert [mark.id for mark in screen.view.all_marks] == [drawn]
    opened.marks.go_to(drawn)
    assert screen.view.index == 0 and points_of(screen, drawn) == POINTS[kind]


def test_a_kind_that_there_is_not_is_not_drawn(opened, screen):
    assert opened.marks.add("circle", [(1, 1), (2, 2)]) == ""
    assert opened.marks.add("length", []) == opened.marks.add("length", [(1, 1)]) == ""
    assert opened.marks.add("ellipse", POINTS["length"]) == ""
    assert screen.view.marks == ()


def test_moving_is_one_step_and_comes_back(opened, screen):
    drawn = opened.marks.add("length", POINTS["length"])
    for _ in range(4):
        opened.marks.move(drawn, 0.25, 0.5)
    assert points_of(screen, drawn) == [(3, 4), (7, 7)]
    opened.undo()
    assert points_of(screen, drawn) == POINTS["length"]
    opened.undo()
    assert screen.view.marks == () and screen.view.redo == "Draw Length"
    opened.redo()
    opened.redo()
    assert points_of(screen, drawn) == [(3, 4), (7, 7)]


def test_a_dragged_label_goes_with_its_mark(opened, screen):
    drawn = opened.marks.add("length", POINTS["length"])
    opened.marks.set_label(drawn, (5, 6))
    opened.marks.move(drawn, 1, 1)
    assert screen.view.marks[0].label == pytest.approx((6, 7))
    opened.marks.set_label(drawn, None)
    assert screen.view.marks[0].label is None


def test_a_locked_mark_stays_as_it_is_and_says_so(opened, screen):
    drawn = opened.marks.add("ellipse", POINTS["ellipse"])
    opened.commands.run("mark.lock")
    before = screen.view.all_marks
    opened.marks.move(drawn, 1, 1)
    opened.marks.set_points(drawn, POINTS["ellipse"][::-1])
    opened.marks.change(drawn, color="cyan")
    opened.marks.delete(drawn)
    assert screen.view.all_marks == before
    assert screen.said("ellipse is locked", "Unlock it")
    opened.commands.run("mark.lock")
    opened.commands.run("mark.delete")
    assert screen.view.all_marks == ()


def test_a_copy_stands_at_the_same_place_of_another_slice_and_beside_on_its_own(opened, screen):
    first = opened.marks.add("rectangle", POINTS["rectangle"])
    opened.marks.change(first, color="magenta")
    opened.commands.run("mark.copy")
    opened.step(3)
    opened.commands.run("mark.paste")
    (pasted,) = screen.view.marks
    assert pasted.mark.id != first and pasted.mark.color == "magenta"
    assert [pytest.approx(point) for point in pasted.points] == POINTS["rectangle"]
    opened.step(-3)
    opened.commands.run("mark.paste")
    beside = screen.view.marks[1]
    assert beside.points[0][0] > POINTS["rectangle"][0][0]


def test_copied_marks_do_not_come_along_to_another_study(opened, screen, lab, qtbot, tmp_path):
    opened.marks.add("length", POINTS["length"])
    opened.marks.copy()
    opened.open(tmp_path / "study")
    qtbot.waitUntil(lambda: screen.view.all_marks == ())
    qtbot.waitUntil(lambda: screen.view.slice is not None)
    opened.marks.paste()
    assert screen.view.all_marks == () and screen.view.undo == ""


def test_hidden_marks_come_back_when_one_is_drawn(opened, screen):
    opened.marks.add("probe", POINTS["probe"])
    opened.commands.run("marks.toggle")
    assert screen.view.marks == () and len(screen.view.all_marks) == 1
    opened.marks.add("probe", POINTS["probe"])
    assert len(screen.view.marks) == 2


def test_the_figures_of_a_region_follow_in_the_background(opened, screen, qtbot):
    drawn = opened.marks.add("rectangle", POINTS["rectangle"])
    qtbot.waitUntil(lambda: screen.view.marks[0].statistics is not None)
    opened.marks.move(drawn, 1, 0)
    assert screen.view.marks[0].statistics is None, "figures of where it stood before"
    qtbot.waitUntil(lambda: screen.view.marks[0].statistics is not None)
    first = screen.view.marks[0]
    opened.set_overlay(opacity=0.3)
    assert screen.view.marks[0] is first


def test_what_did_not_change_is_the_same_object(opened, screen):
    one = opened.marks.add("length", POINTS["length"])
    opened.marks.add("probe", POINTS["probe"])
    before = {shown.mark.id: shown for shown in screen.view.marks}
    opened.marks.move(one, 1, 1)
    after = {shown.mark.id: shown for shown in screen.view.marks}
    assert [after[id] is before[id] for id in before] == [False, True]


def test_the_next_mark_is_chosen_in_turn(opened, screen):
    ids = [opened.marks.add("probe", POINTS["probe"]) for _ in range(3)]
    for wanted in (ids[0], ids[1]):
        opened.commands.run("mark.next")
        assert screen.view.chosen_mark == wanted
    opened.commands.run("mark.previous")
    opened.commands.run("mark.previous")
    assert screen.view.chosen_mark == ids[2]


def test_delete_takes_the_chosen_mark_before_a_box(opened, screen):
    from viewer.study import Box

    opened.set_box("region", Box(1, 1, 4, 4))
    opened.marks.add("length", POINTS["length"])
    opened.commands.run("mark.delete")
    assert screen.view.all_marks == () and screen.view.region is not None
    opened.commands.run("mark.delete")
    assert screen.view.region is None
    opened.undo()
    assert screen.view.region == Box(1, 1, 4, 4)


def test_undo_brings_back_window_overlay_and_view(opened, screen):
    window = screen.view.window
    opened.set_window(Window(5, 6))
    opened.set_overlay(opacity=0.2)
    opened.rotate(1)
    for _ in range(3):
        opened.commands.run("edit.undo")
    assert (screen.view.window, screen.view.overlay.opacity) == (window, 0.5)
    assert screen.view.presentation.quarter_turns == 0
    for _ in range(3):
        opened.commands.run("edit.redo")
    assert screen.view.window == Window(5, 6) and screen.view.presentation.quarter_turns == 1


def test_peeking_is_no_step(opened, screen):
    opened.peek(True)
    opened.peek(False)
    assert screen.view.undo == ""


def test_key_images_are_stepped_through_across_series(opened, screen):
    for index in (2, 5):
        opened.go_to(index)
        opened.commands.run("key_image.toggle")
    opened.step_series(1)
    opened.go_to(1)
    opened.commands.run("key_image.toggle")
    opened.step_series(-1)
    opened.go_to(0)
    assert not screen.view.is_key_image
    opened.commands.run("key_image.only")
    seen = [(screen.view.series.uid, screen.view.index)]
    for _ in range(3):
        opened.step(1)
        seen.append((screen.view.series.uid, screen.view.index))
    assert seen == [("a", 2), ("a", 5), ("b", 1), ("b", 1)]
    opened.step(-10)
    assert (screen.view.series.uid, screen.view.index) == ("a", 2) and screen.view.is_key_image


def test_without_key_images_the_filter_is_refused_in_words(opened, screen):
    opened.commands.run("key_image.only")
    assert not screen.view.only_key_images and screen.said("no key image", "K")


def test_taking_the_last_key_image_away_ends_the_filter(opened, screen):
    opened.commands.run("key_image.toggle")
    opened.commands.run("key_image.only")
    opened.commands.run("key_image.toggle")
    assert not screen.view.only_key_images and screen.view.key_images == ()
    opened.undo()
    assert screen.view.is_key_image


def test_the_comment_is_of_the_study_and_typing_is_one_step(opened, screen):
    for text in ("n", "no", "nodule"):
        opened.key_images.set_comment(text)
    assert screen.view.comment == "nodule"
    opened.undo()
    assert screen.view.comment == "" and opened.state.comments == ()


def test_a_mark_on_a_slice_that_is_not_open_is_not_gone_to(opened, screen):
    drawn = opened.marks.add("probe", POINTS["probe"])
    strange = replace(opened.state.marks[0], instance=("nowhere", 0))
    opened._desk.model.update(marks=(strange,))
    opened.marks.go_to(drawn)
    assert screen.said("not among the files that are open")


def test_points_that_make_no_mark_are_not_taken(opened, screen):
    drawn = opened.marks.add("length", POINTS["length"])
    opened.marks.set_points(drawn, POINTS["angle"])
    opened.marks.set_points(drawn, [(2.0, float("nan")), (3.0, 3.0)])
    assert points_of(screen, drawn) == POINTS["length"]


def test_changes_that_are_none_of_a_mark_are_left(opened, screen):
    drawn = opened.marks.add("text", POINTS["text"], "x" * 5000)
    assert len(screen.view.all_marks[0].text) == 500
    opened.marks.change(drawn, color="no colour")
    assert screen.view.all_marks[0].color == "yellow"


def test_a_region_is_measured_again_when_its_study_is_opened_again(opened, screen, qtbot, tmp_path):
    opened.marks.add("rectangle", POINTS["rectangle"])
    qtbot.waitUntil(lambda: screen.view.marks[0].statistics is not None)
    kept = opened.state.marks
    opened.open(tmp_path / "study")
    qtbot.waitUntil(lambda: not opened.state.marks and screen.view.slice is not None)
    opened._desk.model.update(marks=kept)  # as what was kept of the study is brought back
    assert screen.view.marks[0].statistics is None
    qtbot.waitUntil(lambda: screen.view.marks[0].statistics is not None)
