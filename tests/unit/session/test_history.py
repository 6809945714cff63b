"""Undo and redo by value."""

from dataclasses import replace

import pytest

from viewer.annotate.mark import Mark, new_id
from viewer.session.history import History
from viewer.session.state import Overlay, Presentation, ViewerState
from viewer.study import Window


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def history(clock):
    return History(clock)


def change(history, state, gesture="", **changes):
    new = replace(state, **changes)
    history.record(state, new, gesture)
    return new


def mark(kind="length", slice=0, x=0.0):
    return Mark(new_id(), kind, "1", "a", (f"a.{slice}", 0), ((x, 0.0, 0.0), (x + 1.0, 0.0, 0.0)))


START = ViewerState(series="a")


def test_every_change_is_taken_back_and_done_again_in_turn(history):
    states = [START]
    for changes in (
        {"window": Window(1, 2)},
        {"marks": (mark(),)},
        {"overlay": Overlay(opacity=0.9)},
        {"presentation": Presentation(zoom=2)},
        {"key_images": (mark(),)},
        {"comments": (("1", "nodule"),)},
        {"invert": True},
    ):
        states.append(change(history, states[-1], **changes))
    now = states[-1]
    for earlier in reversed(states[:-1]):
        now = replace(now, **history.undo(now))
        assert now == earlier
    assert history.undo(now) == {} and history.undo_title == ""
    for later in states[1:]:
        now = replace(now, **history.redo(now))
        assert now == later
    assert history.redo(now) == {}


def test_a_change_after_an_undo_forgets_what_was_undone(history):
    one = change(history, START, invert=True)
    now = replace(one, **history.undo(one))
    change(history, now, graphics=False)
    assert history.redo_title == ""
    assert history.undo_title == "File Graphics"


def test_a_drag_is_one_step_and_the_next_drag_another(history, clock):
    now = START
    for width in (10, 20, 30):
        clock.now += 0.1
        now = change(history, now, "window", window=Window(0, width))
    clock.now += 5
    now = change(history, now, "window", window=Window(0, 40))
    now = replace(now, **history.undo(now))
    assert now.window == Window(0, 30)
    assert replace(now, **history.undo(now)).window is None


def test_letting_the_mouse_go_ends_the_step_without_waiting(history):
    one = change(history, START, "window", window=Window(0, 1))
    history.end_gesture()
    two = change(history, one, "window", window=Window(0, 2))
    assert replace(two, **history.undo(two)).window == Window(0, 1)


def test_two_marks_drawn_at_once_are_two_steps(history):
    one = change(history, START, marks=(mark(),))
    two = change(history, one, marks=(*one.marks, mark("angle")))
    assert history.undo_title == "Draw Angle"
    assert replace(two, **history.undo(two)).marks == one.marks


def test_a_drag_that_ends_where_it_began_is_no_step(history):
    one = change(history, START, "zoom", presentation=Presentation(zoom=2))
    change(history, one, "zoom", presentation=Presentation())
    assert history.undo_title == ""


def test_scrolling_is_no_step_and_a_window_comes_back_on_the_slice_one_looks_at(history):
    now = change(history, START, window=Window(1, 2))
    now = change(history, now, slice=7)
    assert history.undo_title == "Window"
    now = replace(now, **history.undo(now))
    assert (now.window, now.slice) == (None, 7)


def test_a_mark_comes_back_with_its_slice(history):
    drawn = mark()
    now = change(history, replace(START, slice=3), marks=(drawn,), chosen_mark=drawn.id)
    now = replace(now, slice=9, series="b")
    now = replace(now, **history.undo(now))
    assert (now.series, now.slice, now.marks, now.chosen_mark) == ("a", 3, (), "")
    now = replace(now, series="b", slice=1)
    now = replace(now, **history.redo(now))
    assert (now.series, now.slice, now.marks) == ("a", 3, (drawn,))


def test_what_goes_with_another_series_is_no_step(history):
    now = change(history, START, window=Window(1, 2))
    now = change(history, now, series="b", window=None, slice=0)
    assert history.undo_title == "Window"
    now = replace(now, **history.undo(now))
    assert (now.series, now.window) == ("a", None)


def test_the_menu_says_what_is_taken_back(history):
    one, two = mark(), mark("ellipse")
    now = change(history, START, marks=(one,))
    assert history.undo_title == "Draw Length"
    now = change(history, now, marks=(replace(one, color="cyan"),))
    assert history.undo_title == "Change Length"
    now = change(history, now, marks=())
    assert history.undo_title == "Delete Length"
    change(history, now, marks=(one, two))
    assert history.undo_title == "Draw 2 Marks"
    history.undo(now)
    assert (history.undo_title, history.redo_title) == ("Delete Length", "Draw 2 Marks")


def test_what_comes_from_another_window_is_not_taken_away_by_undo(history):
    mine, theirs = mark(), mark("probe")
    now = change(history, START, marks=(mine,))

    def with_theirs(state):
        return replace(state, marks=(*state.marks, theirs))

    now = with_theirs(now)
    history.rebase(with_theirs)
    now = replace(now, **history.undo(now))
    assert now.marks == (theirs,)
    assert set(replace(now, **history.redo(now)).marks) == {mine, theirs}
