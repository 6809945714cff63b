"""What two windows changed comes together, and none loses what it made."""

from dataclasses import replace

import pytest

from viewer.annotate.mark import KeyImage, Mark
from viewer.session.kept import Change, Kept, change_of, joined, joined_text, look_of
from viewer.session.state import ViewerState


def mark(id: str, text: str = "") -> Mark:
    return Mark(id, "arrow", "study", "series", ("1.2", 0), ((1.0, 2.0, 3.0), (4.5, -6.0, 7.25)), text=text)


def key(number: int) -> KeyImage:
    return KeyImage("study", "series", (f"1.{number}", 0))


BASE = Kept("study", (mark("a"), mark("b"), mark("c")), (key(1), key(2)), "base")


def test_a_change_holds_what_is_new_changed_and_gone_and_nothing_else():
    look = look_of(ViewerState(), "series", ("1.2", 0), "")
    now = Kept("study", (mark("a"), mark("c", "text"), mark("d")), (key(2), key(3)), "new", look)
    assert change_of(BASE, now) == Change(
        (mark("c", "text"), mark("d")), ("b",), (key(3),), (("1.1", 0),), "new", look
    )
    assert not change_of(BASE, BASE)
    assert not change_of(BASE, replace(BASE, marks=(mark("c"), mark("b"), mark("a"))))
    assert change_of(BASE, Kept("study")).comment == ""


def test_what_both_windows_made_is_there_and_what_either_deleted_is_gone():
    mine = replace(BASE, marks=(mark("a"), mark("c"), mark("mine")), key_images=(key(1), key(2), key(4)))
    theirs = Change((mark("theirs"),), ("a",), (key(3),), (("1.1", 0),))
    together = joined(mine, BASE, theirs)
    assert together.marks == (mark("c"), mark("mine"), mark("theirs"))
    assert together.key_images == (key(2), key(4), key(3))


def test_what_the_reader_has_changed_meanwhile_stays_as_it_is_here():
    mine = replace(BASE, marks=(mark("a", "mine"), mark("c")))
    theirs = Change((mark("a", "theirs"), mark("b", "theirs"), mark("c", "theirs")), ())
    assert joined(mine, BASE, theirs).marks == (mark("a", "mine"), mark("c", "theirs"))
    assert joined(mine, BASE, Change(gone_marks=("a", "c"))).marks == (mark("a", "mine"),)


def test_a_change_of_the_other_window_leaves_the_look_alone():
    look = look_of(ViewerState(), "series", ("1.2", 0), "")
    assert joined(replace(BASE, look=look), BASE, Change((mark("d"),))).look == look


@pytest.mark.parametrize(
    ("now", "base", "theirs", "together"),
    [
        ("mine", "base", None, "mine"),
        ("base", "base", "theirs", "theirs"),
        ("mine", "base", "theirs", "theirs\nmine"),
        ("mine and more", "mine", "mine", "mine and more"),
        ("mine", "", "mine and more", "mine and more"),
        ("mine", "base", "", "mine"),
        ("", "base", "theirs", "theirs"),
    ],
)
def test_of_two_comments_no_word_is_lost(now, base, theirs, together):
    assert joined_text(now, base, theirs) == together
