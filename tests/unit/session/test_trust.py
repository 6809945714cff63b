"""What is known of maps, kept by map and in the order in which it is shown."""

from viewer.explain.trust.verdict import COSTLY, QUICK, TrustLine
from viewer.results import ResultKey
from viewer.session import trust
from viewer.session.trust import TrustKept, unread
from viewer.study import Box

MAP = (ResultKey(("1", 0), "digest", "lesion"), "block4")
OTHER = (MAP[0], "block3")
BOX = Box(1, 1, 4, 4)


def line(id, level="green"):
    return TrustLine(id, id, level, "0.90", "chance 0.10", "Why.", 0.9, 0.1)


def test_lines_stand_in_one_order_however_they_came():
    kept = TrustKept()
    kept.put(MAP, [line(id) for id in reversed(COSTLY)])
    kept.put(MAP, [line("methods"), line("body"), line("weights")])
    assert [one.id for one in kept.lines(MAP)] == ["weights", "body", "methods", *COSTLY]
    assert kept.lines(OTHER) == ()


def test_the_same_lines_are_the_same_object_until_more_is_known():
    kept = TrustKept()
    kept.put(MAP, [line("weights")])
    before = kept.lines(MAP)
    assert kept.lines(MAP) is before
    kept.put(MAP, [line("noise")])
    assert kept.lines(MAP) is not before


def test_a_newer_figure_takes_the_place_of_the_older():
    kept = TrustKept()
    kept.put(MAP, [line("noise", "red")])
    kept.put(MAP, [line("noise", "green")])
    assert [one.level for one in kept.lines(MAP)] == ["green"]


def test_a_regions_lines_are_shown_with_that_region_alone():
    kept = TrustKept()
    kept.put(MAP, [line("weights")])
    kept.put_region(MAP, BOX, [line("region-energy")])
    assert [one.id for one in kept.lines(MAP, BOX)] == ["weights", "region-energy"]
    assert [one.id for one in kept.lines(MAP)] == ["weights"]
    assert [one.id for one in kept.lines(MAP, Box(0, 0, 2, 2))] == ["weights"]
    assert not kept.lacks_region(MAP, BOX) and kept.lacks_region(OTHER, BOX)


def test_what_is_missing_is_known():
    kept = TrustKept()
    assert kept.lacks(MAP, QUICK) and not kept.checked(MAP)
    kept.put(MAP, [line(id) for id in QUICK])
    assert not kept.lacks(MAP, QUICK)
    kept.put(MAP, [line(id) for id in COSTLY[:-1]])
    assert not kept.checked(MAP)
    kept.put(MAP, [line(COSTLY[-1])])
    assert kept.checked(MAP)


def test_of_a_constant_network_no_line_keeps_its_number_whenever_it_comes():
    kept = TrustKept()
    kept.put(MAP, [line("body", "red")])
    kept.put(MAP, [line("weights")], constant=True)
    kept.put_region(MAP, BOX, [line("region-energy")])
    assert {(one.level, one.value) for one in kept.lines(MAP, BOX)} == {("undefined", None)}


def test_maps_looked_at_long_ago_go(monkeypatch):
    monkeypatch.setattr(trust, "KEPT", 2)
    kept = TrustKept()
    for layer in ("a", "b", "c"):
        kept.put((MAP[0], layer), [line("weights")])
    assert kept.lines((MAP[0], "a")) == () and kept.lines((MAP[0], "c")) != ()


def test_amber_and_red_are_unread_until_open_now_or_once_for_this_map():
    lines = (line("a", "green"), line("b", "amber"), line("c", "red"), line("d", "undefined"))
    assert unread(lines, (), (), MAP) == lines[1:3]
    assert unread(lines, {"b"}, (), MAP) == lines[2:3]
    assert unread(lines, (), {(MAP, "b"), (OTHER, "c")}, MAP) == lines[2:3]
