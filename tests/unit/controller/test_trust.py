"""What is known of the map on the screen: by itself once it rests, the costly lines when asked for."""

import pytest

from viewer.explain.trust.verdict import COSTLY
from viewer.imaging.colormap import GREY
from viewer.study import Box


def ids(screen):
    return [line.id for line in screen.view.trust]


@pytest.fixture
def explained(lab, opened, screen, qtbot):
    """The first slice is analysed, and its map looked into."""
    lab.findings = {f"a.{i}": 0.9 for i in range(9)}
    opened.analyse()
    qtbot.waitUntil(lambda: "weights" in ids(screen))
    return opened


def test_a_map_that_rests_on_the_screen_is_looked_into_by_itself(lab, explained, screen):
    assert ids(screen) == ["weights", "layers", "methods"] and not screen.view.trust_checked
    assert lab.trusted[0] == ("a.0", "block2")


def test_maps_that_are_only_scrolled_past_are_not_looked_into(lab, explained, screen, qtbot):
    qtbot.waitUntil(lambda: len(lab.analysed) == 9)
    for index in (1, 2, 3, 4):
        explained.go_to(index)
    qtbot.waitUntil(lambda: len(lab.trusted) == 2)
    qtbot.waitUntil(lambda: ids(screen) != [])
    assert [slice for slice, _layer in lab.trusted] == ["a.0", "a.4"]


def test_every_layer_has_lines_of_its_own_and_they_are_kept(lab, explained, screen, qtbot):
    lines = screen.view.trust
    explained.set_layer("block1")
    assert screen.view.trust == ()
    qtbot.waitUntil(lambda: ids(screen) != [])
    explained.set_layer("block2")
    assert screen.view.trust is lines and len(lab.trusted) == 2


def test_the_costly_lines_come_one_by_one_when_asked_for(lab, explained, screen, qtbot):
    lab.checking.clear()
    explained.check_map()
    qtbot.waitUntil(lambda: "randomisation" in ids(screen))
    assert "noise" not in ids(screen) and not screen.view.trust_checked
    qtbot.waitUntil(lambda: any(lane == "trust" for lane, *_rest in screen.progress))
    lab.checking.set()
    qtbot.waitUntil(lambda: screen.view.trust_checked)
    assert ids(screen)[-len(COSTLY) :] == list(COSTLY)
    qtbot.waitUntil(lambda: "trust" in screen.hidden)


@pytest.fixture
def sent_ahead(lab, explained, screen, qtbot):
    """Of another method the map on the screen is there, those of the other layers are on their way."""
    qtbot.waitUntil(lambda: len(lab.analysed) == 9)
    lab.gate_behind.clear()
    explained.set_method("hires-cam")
    qtbot.waitUntil(lambda: screen.view.heatmap is not None and screen.view.heatmap.key.method == "hires-cam")
    assert not screen.view.result.complete
    return explained


def test_a_check_asked_for_while_the_other_layers_are_on_their_way_starts_when_they_are_there(
    lab, sent_ahead, screen, qtbot
):
    sent_ahead.check_map()
    lab.gate_behind.set()
    qtbot.waitUntil(lambda: screen.view.trust_checked)


def test_a_check_asked_for_too_early_is_not_made_of_another_map(lab, sent_ahead, screen, qtbot):
    sent_ahead.check_map()
    sent_ahead.go_to(3)
    lab.gate_behind.set()
    for index in (3, 0):
        sent_ahead.go_to(index)
        qtbot.waitUntil(lambda: bool(screen.view.trust))
        assert not sent_ahead._trust.runner.busy and not screen.view.trust_checked


def test_a_check_is_stopped_and_what_was_found_stays(lab, explained, screen, qtbot):
    lab.checking.clear()
    explained.check_map()
    qtbot.waitUntil(lambda: "randomisation" in ids(screen))
    explained.cancel("trust")
    qtbot.waitUntil(lambda: not explained._trust.runner.busy)
    assert "randomisation" in ids(screen) and not screen.view.trust_checked and not screen.notices
    lab.checking.set()
    explained.check_map()
    qtbot.waitUntil(lambda: screen.view.trust_checked)


def test_the_lines_of_a_map_that_was_left_meanwhile_wait_for_it(lab, explained, screen, qtbot):
    qtbot.waitUntil(lambda: len(lab.analysed) == 9)
    lab.checking.clear()
    explained.check_map()
    qtbot.waitUntil(lambda: "randomisation" in ids(screen))
    explained.go_to(5)
    lab.checking.set()
    qtbot.waitUntil(lambda: not explained._trust.runner.busy)
    assert not screen.view.trust_checked
    explained.go_to(0)
    assert screen.view.trust_checked


@pytest.mark.parametrize("level", ["amber", "red"])
def test_the_overlay_is_grey_until_the_reader_looks(lab, opened, screen, qtbot, level):
    lab.findings, lab.trust = {f"a.{i}": 0.9 for i in range(9)}, {"methods": level}
    opened.analyse()
    qtbot.waitUntil(lambda: [line.id for line in screen.view.unread] == ["methods"])
    assert screen.view.overlay.colormap == GREY and "Grey until you look" in screen.view.overlay_note
    assert opened.state.overlay.colormap == "inferno"
    opened.look_at("weights", True)
    assert screen.view.overlay.colormap == GREY
    opened.look_at("methods", True)
    assert screen.view.overlay.colormap == "inferno" and "Grey" not in screen.view.overlay_note
    opened.look_at("methods", False)
    assert screen.view.overlay.colormap == "inferno" and screen.view.trust_opened == {"weights"}


def test_another_map_is_grey_again_unless_its_sentence_is_on_show(lab, opened, screen, qtbot):
    lab.findings, lab.trust = {f"a.{i}": 0.9 for i in range(9)}, {"methods": "red"}
    opened.analyse()
    qtbot.waitUntil(lambda: bool(screen.view.unread))
    opened.look_at("methods", True)
    opened.go_to(1)
    qtbot.waitUntil(lambda: bool(screen.view.trust))
    assert not screen.view.unread and screen.view.overlay.colormap == "inferno"
    opened.close_trust()  # it was looked at for this map
    assert not screen.view.unread and not screen.view.trust_opened
    opened.go_to(2)
    qtbot.waitUntil(lambda: bool(screen.view.trust))
    assert screen.view.unread and screen.view.overlay.colormap == GREY


@pytest.mark.parametrize("level", ["green", "undefined"])
def test_green_and_undefined_lines_grey_nothing(lab, opened, screen, qtbot, level):
    lab.findings, lab.trust = {"a.0": 0.9}, {"methods": level, "layers": level, "weights": level}
    opened.analyse()
    qtbot.waitUntil(lambda: bool(screen.view.trust))
    assert not screen.view.unread and screen.view.overlay.colormap == "inferno"


def test_of_a_constant_network_every_line_is_undefined(lab, opened, screen, qtbot):
    lab.findings, lab.constant = {"a.0": 0.9}, True
    opened.analyse()
    qtbot.waitUntil(lambda: bool(screen.view.trust))
    opened.check_map()
    qtbot.waitUntil(lambda: screen.view.trust_checked)
    assert {(line.level, line.value) for line in screen.view.trust} == {("undefined", None)}


def test_a_drawn_region_brings_its_lines_and_takes_them_along(explained, screen, qtbot):
    explained.set_box("region", Box(2, 3, 10, 12))
    qtbot.waitUntil(lambda: "region-energy" in ids(screen))
    explained.set_box("region", None)
    assert "region-energy" not in ids(screen) and "weights" in ids(screen)


def test_another_study_forgets_what_was_known_and_looked_at(lab, explained, screen, qtbot, tmp_path):
    explained.look_at("methods", True)
    explained.open(tmp_path / "study")
    qtbot.waitUntil(lambda: not screen.view.trust)
    assert not explained.state.looked and not explained.state.trust_opened
