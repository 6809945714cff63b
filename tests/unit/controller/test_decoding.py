"""Decoding: the visible slice first, what was read is kept, a slice that fails says so."""

import threading
from dataclasses import replace

from tests.support.stand_ins import series_of
from viewer.study import ScanResult, Window


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
    for i in range(100, 290):
        desk.go_to(i)
    before = len(lab.decoded)
    lab.decoding.set()
    qtbot.waitUntil(lambda: screen.view.slice is not None and screen.view.index == 289)
    visible = [uid for uid in lab.decoded[before:] if uid != "a.200"]  # the middle one is for the thumbnail
    assert visible.index("a.289") <= 1


def test_neighbours_are_ready_before_the_reader_comes(lab, opened, screen, qtbot):
    qtbot.waitUntil(lambda: len(opened._desk.slices) == 9 and not opened._decoding.busy)
    decoded = len(lab.decoded)
    opened.step(1)
    assert screen.view.slice is not None and screen.view.index == 1
    assert len(lab.decoded) == decoded


def test_no_slice_is_decoded_twice_while_it_is_cached(lab, opened, screen, qtbot):
    for _ in range(3):
        for i in range(9):
            opened.go_to(i)
            qtbot.waitUntil(lambda: screen.view.slice is not None)
    qtbot.waitUntil(lambda: not opened._decoding.busy)
    for uid in {f"a.{i}" for i in range(9)} - {"a.4"}:  # a.4 is decoded for the thumbnail too
        assert lab.decoded.count(uid) == 1


def test_every_series_gets_its_thumbnail_once(lab, opened, screen, qtbot):
    qtbot.waitUntil(lambda: set(screen.thumbnails) == {"a", "b"})
    assert screen.thumbnails["a"].shape == (24, 32)


def test_a_series_that_cannot_be_decoded_says_why_in_the_place_of_its_thumbnail(
    lab, desk, screen, qtbot, tmp_path
):
    lab.undecodable |= {"b.1"}  # its middle slice
    desk.open(tmp_path / "study")
    qtbot.waitUntil(lambda: bool(screen.thumbnails) and bool(screen.without_thumbnail))
    assert set(screen.thumbnails) == {"a"}
    assert "damaged" in screen.without_thumbnail["b"]


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
    qtbot.waitUntil(lambda: not opened._decoding.busy)
    lab.bugs |= {"b.0"}
    opened.select_series("b")
    qtbot.waitUntil(lambda: bool(screen.view.problem))
    qtbot.waitUntil(lambda: not opened._decoding.busy)
    assert lab.decoded.count("b.0") == 1


def test_the_cache_stays_within_its_bound_and_reading_ahead_comes_to_rest(lab, desk, screen, qtbot, tmp_path):
    lab.scans["long"] = [ScanResult((series_of("a", 200),))]
    desk._desk.slices.budget = lambda held: 12 * 24 * 32 * 2
    desk.open(tmp_path / "long")
    for i in (0, 50, 150, 20):
        qtbot.waitUntil(lambda: screen.view.slice is not None)
        desk.go_to(i)
    qtbot.waitUntil(lambda: screen.view.slice is not None and not desk._decoding.busy)
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
    qtbot.waitUntil(lambda: screen.view.slice is not None and not desk._decoding.busy)
    lab.decoding.clear()
    desk.go_to(150)
    qtbot.waitUntil(lambda: lab.decoded[-1] == "a.150")
    desk.go_to(250)
    lab.decoding.set()
    qtbot.waitUntil(lambda: screen.view.slice is not None)
    assert screen.view.index == 250
    desk.go_to(150)
    assert screen.view.slice is not None


def test_the_slice_on_the_screen_stays_while_others_are_read(lab, desk, screen, qtbot, tmp_path):
    lab.scans["long"] = [ScanResult((series_of("a", 60),))]
    desk._desk.slices.budget = lambda held: 1
    desk.open(tmp_path / "long")
    qtbot.waitUntil(lambda: screen.view.slice is not None)
    seen = screen.view.slice
    for header in screen.view.series.slices[1:]:
        desk._desk.slices.put(header.key, lab.load_slice(header))
    desk.toggle_invert()
    assert screen.view.slice is seen


def of_the_series(screen):
    window = screen.view.window
    return window is not None and window.explanation.endswith("of the series")


def test_scrolling_does_not_change_the_window_of_a_series_without_one(lab, opened, screen, qtbot):
    qtbot.waitUntil(lambda: of_the_series(screen))
    seen = set()
    for i in range(9):
        opened.go_to(i)
        qtbot.waitUntil(lambda: screen.view.slice is not None)
        seen.add(screen.view.window)
    assert len(seen) == 1
    opened.select_series("b")
    qtbot.waitUntil(lambda: screen.view.slice is not None and of_the_series(screen))
    assert screen.view.window not in seen
    decoded = len(lab.decoded)
    opened.select_series("a")
    qtbot.waitUntil(lambda: screen.view.slice is not None)
    assert screen.view.window in seen
    assert "a.0" not in lab.decoded[decoded:]


def test_while_files_arrive_the_brightness_stays_and_then_changes_once(lab, desk, screen, qtbot, tmp_path):
    more, rest = threading.Event(), threading.Event()
    lab.scans["slow"] = [
        *(ScanResult((series_of("a", 3),)), more, ScanResult((series_of("a", 6),)), rest),
        ScanResult((series_of("a", 9),)),
    ]
    desk.open(tmp_path / "slow")
    qtbot.waitUntil(lambda: screen.view.slice is not None)
    first = screen.view.window
    more.set()
    qtbot.waitUntil(lambda: len(screen.view.series.slices) == 6 and not desk._decoding.busy)
    assert screen.view.window == first and not of_the_series(screen)
    rest.set()
    qtbot.waitUntil(lambda: of_the_series(screen) and not desk._decoding.busy)
    windows = [view.window for view in screen.views if view.slice is not None]
    assert len(dict.fromkeys(windows)) == 2


def test_a_scan_that_is_stopped_has_ended_too(lab, desk, screen, qtbot, tmp_path):
    lab.scans["endless"] = [ScanResult((series_of("a", 9),)), threading.Event()]
    desk.open(tmp_path / "endless")
    qtbot.waitUntil(lambda: screen.view.slice is not None)
    desk.cancel("dicom")
    qtbot.waitUntil(lambda: of_the_series(screen))


def test_the_visible_slice_comes_before_the_window_of_its_series(lab, desk, screen, qtbot, tmp_path):
    study, rest = ScanResult((series_of("a", 400),)), threading.Event()
    lab.scans["long"] = [study, rest, study]
    desk.open(tmp_path / "long")
    qtbot.waitUntil(lambda: screen.view.slice is not None and not desk._decoding.busy)
    lab.decoding.clear()
    rest.set()
    qtbot.waitUntil(lambda: lab.decoded[-1] == "a.100")  # the first sample that is not there yet
    desk.go_to(50)
    lab.decoding.set()
    qtbot.waitUntil(lambda: screen.view.slice is not None and screen.view.index == 50)
    assert lab.decoded.index("a.50") == lab.decoded.index("a.100") + 1
    qtbot.waitUntil(lambda: of_the_series(screen))


def test_a_series_with_windows_of_its_own_is_not_measured(lab, desk, screen, qtbot, tmp_path):
    series = series_of("a", 200)
    headers = tuple(replace(header, windows=(Window(5, 6),)) for header in series.slices)
    lab.scans["ct"] = [ScanResult((replace(series, slices=headers),))]
    desk.open(tmp_path / "ct")
    qtbot.waitUntil(lambda: screen.view.slice is not None and not desk._decoding.busy)
    assert "a.199" not in lab.decoded


def test_the_same_study_opened_again_is_measured_again(lab, opened, screen, qtbot, tmp_path):
    qtbot.waitUntil(lambda: of_the_series(screen))
    before = screen.view.window
    lab.scans["again"] = [ScanResult((series_of("a", 2),))]
    opened.open(tmp_path / "again")
    qtbot.waitUntil(lambda: len(screen.view.series.slices) == 2 and of_the_series(screen))
    assert screen.view.window != before
