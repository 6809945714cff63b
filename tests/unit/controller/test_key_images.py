"""Key images: scrolling through them alone, and how that ends. Series a has 9 slices, series b 3."""

from dataclasses import replace

import pytest

from viewer.annotate.mark import KeyImage


def choose(opened, *indices: int) -> None:
    for index in indices:
        opened.go_to(index)
        opened.key_images.toggle()


def at(screen) -> tuple[str, int]:
    return screen.view.series.uid, screen.view.index


def test_a_key_image_is_one_until_it_is_chosen_again_and_that_can_be_undone(opened, screen):
    choose(opened, 3)
    assert screen.view.is_key_image and screen.view.undo == "Key Image"
    opened.key_images.toggle()
    assert not screen.view.is_key_image
    opened.undo()
    assert screen.view.is_key_image


@pytest.mark.parametrize(
    ("start", "n", "reached"),
    [
        (0, 1, 2),
        (2, 1, 5),
        (3, 1, 5),
        (5, 1, 5),
        (8, 1, 5),
        (8, -1, 5),
        (3, -1, 2),
        (2, -1, 2),
        (0, -1, 2),
        (0, 2, 5),
    ],
)
def test_stepping_goes_from_key_image_to_key_image_and_stops_at_the_ends(opened, screen, start, n, reached):
    choose(opened, 5, 2)
    opened.go_to(start)
    opened.key_images.step(n)
    assert at(screen) == ("a", reached)


def test_with_the_filter_the_wheel_and_the_ribbon_reach_key_images_alone(opened, screen):
    choose(opened, 2, 5)
    opened.key_images.toggle_only()
    seen = set()
    for move in (1, -1, 10, -10, 1):
        opened.step(move)
        seen.add(screen.view.index)
    for index in (0, 3, 4, -1, 7):
        opened.go_to(index)
        seen.add(screen.view.index)
    assert seen == {2, 5}
    opened.go_to(0)
    assert at(screen) == ("a", 2)
    opened.key_images.toggle_only()
    opened.go_to(0)
    assert at(screen) == ("a", 0)


def test_the_filter_begins_at_the_nearest_key_image(opened, screen):
    choose(opened, 1, 7)
    opened.go_to(5)
    opened.key_images.toggle_only()
    assert at(screen) == ("a", 7)


def test_from_a_series_without_key_images_the_filter_goes_to_one_that_has_some(opened, screen):
    choose(opened, 4)
    opened.step_series(1)
    opened.key_images.toggle_only()
    assert at(screen) == ("a", 4)


def test_the_filter_is_refused_in_words_where_there_is_no_key_image(opened, screen):
    opened.key_images.toggle_only()
    assert not screen.view.only_key_images and screen.said("no key image", "K")


def test_the_filter_ends_in_words_with_the_last_key_image(opened, screen):
    choose(opened, 4)
    opened.key_images.toggle_only()
    opened.key_images.toggle()
    assert not screen.view.only_key_images and screen.said("no key image any more")
    opened.step(1)
    assert at(screen) == ("a", 5)


def test_the_filter_ends_in_words_where_undo_took_the_last_key_image_away(opened, screen):
    choose(opened, 4)
    opened.key_images.toggle_only()
    opened.undo()
    assert screen.view.key_images == ()
    opened.step(1)
    assert not screen.view.only_key_images and screen.said("no key image any more")
    opened.step(1)
    assert at(screen) == ("a", 5)


def test_key_images_of_another_study_keep_no_filter_alive(opened, screen):
    other = KeyImage("another study", "x", ("1.2.3", 0))
    opened._desk.model.update(key_images=(other,))
    choose(opened, 4)
    opened.key_images.toggle_only()
    opened.key_images.toggle()
    assert not screen.view.only_key_images
    assert opened.state.key_images == (other,)


def test_a_key_image_is_found_by_its_instance_whatever_group_it_was_in(opened, screen):
    choose(opened, 4)
    (kept,) = opened.state.key_images
    opened._desk.model.update(key_images=(replace(kept, series="a#2"),))
    opened.go_to(0)
    opened.key_images.step(1)
    assert at(screen) == ("a", 4) and screen.view.is_key_image


def test_a_key_image_that_is_not_among_the_open_files_is_passed_over(opened, screen):
    choose(opened, 4)
    kept = opened.state.key_images
    lost = replace(kept[0], instance=("nowhere", 0))
    opened._desk.model.update(key_images=(lost, *kept))
    opened.key_images.step(1)
    assert at(screen) == ("a", 4)
    opened._desk.model.update(key_images=(lost,))
    opened.key_images.toggle_only()
    assert not screen.view.only_key_images and screen.said("no key image")
