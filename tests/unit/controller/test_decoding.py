"""Decoding: the visible slice first, what was read is kept, a slice that fails says so."""

import threading

from tests.support.stand_ins import series_of
from viewer.study import ScanResult


def test_the_visible_slice_never_waits_for_the_scan(lab, desk, screen, qtbot, tmp_path):
    lab.scans["endless"] = [ScanResult((series_of("a", 40),)), threading.Event()]
    desk.open(tmp_path / "endless")
    qtbot.waitUntil(lambda: screen.view.slice is not None)
    desk.go_to(39)
    qtbot.waitUntil(lambda: screen.view.slice is not None and screen.view.index == 39)
    assert screen.scans[-1][1] is True


def test_scrolling_fast_decodes_the_last_slice_and_not_all_between(lab, desk, screen, qtbot, tmp_path):
    lab.scans["long"] = [ScanResult((series_of("a", 400),))]
    desk.open(tmp_path / "long")
    qtbot.waitUntil(lambda: screen.view.slice is not None)
    lab.decoding.clear()
    for i in range(100, 300):
        desk.go_to(i)
    before = len(lab.decoded)
    lab.decoding.set()
    qtbot.waitUntil(lambda: screen.view.slice is not None and screen.view.index == 299)
    visible = [uid for uid in lab.decoded[before:] if uid != "a.200"]  # the middle one is for the thumbnail
    assert visible.index("a.299") <= 1


def test_neighbours_are_ready_before_the_reader_comes(lab, opened, screen, qtbot):
    qtbot.waitUntil(lambda: len(opened._desk.slices) == 9)
    decoded = len(lab.decoded)
    opened.step(1)
    assert screen.view.slice is not None and screen.view.index == 1
    assert len(lab.decoded) == decoded


def test_no_slice_is_decoded_twice_while_it_is_cached(lab, opened, screen, qtbot):
    for _ in range(3):
        for i in range(9):
            opened.go_to(i)
            qtbot.waitUntil(lambda: screen.view.slice is not None)
    qtbot.waitUntil(lambda: not opened._decoding.runner.busy)
    for uid in {f"a.{i}" for i in range(9)} - {"a.4"}:  # a.4 is decoded for the thumbnail too
        assert lab.decoded.count(uid) == 1


def test_every_series_gets_its_thumbnail_once(lab, opened, screen, qtbot):
    qtbot.waitUntil(lambda: set(screen.thumbnails) == {"a", "b"})
    assert screen.thumbnails["a"].shape == (24, 32)


def test_a_slice_that_cannot_be_decoded_says_why_and_the_others_are_shown(lab, opened, screen, qtbot):
    lab.undecodable |= {"b.1"}
    opened.select_series("b")
    opened.go_to(1)
    qtbot.waitUntil(lambda: bool(screen.view.problem))
    assert "damaged" in screen.view.problem and "Ask for the file" in screen.view.problem
    assert screen.view.slice is None
    opened.step(1)
    qtbot.waitUntil(lambda: screen.view.slice is not None)


def test_a_bug_in_a_decoder_is_said_and_not_tried_for_ever(lab, opened, screen, qtbot):
    qtbot.waitUntil(lambda: not opened._decoding.runner.busy)
    lab.bugs |= {"b.0"}
    opened.select_series("b")
    qtbot.waitUntil(lambda: bool(screen.view.problem))
    qtbot.waitUntil(lambda: not opened._decoding.runner.busy)
    assert lab.decoded.count("b.0") == 1


def test_the_cache_stays_within_its_bound_and_reading_ahead_comes_to_rest(lab, desk, screen, qtbot, tmp_path):
    lab.scans["long"] = [ScanResult((series_of("a", 200),))]
    desk._desk.slices.limit = 12 * 24 * 32 * 2
    desk.open(tmp_path / "long")
    for i in (0, 50, 150, 20):
        qtbot.waitUntil(lambda: screen.view.slice is not None)
        desk.go_to(i)
    qtbot.waitUntil(lambda: screen.view.slice is not None and not desk._decoding.runner.busy)
    assert desk._desk.slices.nbytes <= desk._desk.slices.limit
    decoded = len(lab.decoded)
    qtbot.wait(50)
    assert len(lab.decoded) == decoded


def test_a_slice_asked_for_before_the_study_changed_is_not_shown_in_its_place(
    lab, opened, screen, qtbot, tmp_path
):
    lab.scans["other"] = [ScanResult((series_of("x", 1),))]
    lab.decoding.clear()
    opened.select_series("b")
    opened.open(tmp_path / "other")
    qtbot.waitUntil(lambda: screen.view.series.uid == "x")
    lab.decoding.set()
    qtbot.waitUntil(lambda: screen.view.slice is not None)
    assert screen.view.slice.header.key == ("x.0", 0)


def test_a_slice_passed_over_while_it_was_decoded_is_kept(lab, desk, screen, qtbot, tmp_path):
    lab.scans["long"] = [ScanResult((series_of("a", 400),))]
    desk.open(tmp_path / "long")
    qtbot.waitUntil(lambda: screen.view.slice is not None and not desk._decoding.runner.busy)
    lab.decoding.clear()
    desk.go_to(200)
    qtbot.waitUntil(lambda: lab.decoded[-1] == "a.200")
    desk.go_to(300)
    lab.decoding.set()
    qtbot.waitUntil(lambda: screen.view.slice is not None)
    assert screen.view.index == 300
    desk.go_to(200)
    assert screen.view.slice is not None


def test_the_slice_on_the_screen_stays_while_others_are_read(lab, desk, screen, qtbot, tmp_path):
    lab.scans["long"] = [ScanResult((series_of("a", 60),))]
    desk._desk.slices.limit = 1
    desk.open(tmp_path / "long")
    qtbot.waitUntil(lambda: screen.view.slice is not None)
    seen = screen.view.slice
    for header in screen.view.series.slices[1:]:
        desk._desk.slices.put(header.key, lab.load_slice(header))
    desk.toggle_invert()
    assert screen.view.slice is seen
