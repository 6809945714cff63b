"""Opening: the first image before the scan ends, and the reader's choice is never stolen."""

import threading

import pytest

from tests.support.stand_ins import series_of
from viewer.errors import StudyError
from viewer.study import ScanResult, Series, Skipped, Window


def grown(series: Series, extra: Series) -> Series:
    """`series` after the scan found slices that lie before it."""
    from dataclasses import replace

    return replace(series, slices=(*extra.slices, *series.slices))


def test_the_first_image_is_shown_before_the_scan_ends(lab, desk, screen, qtbot, tmp_path):
    gate = threading.Event()
    lab.scans["slow"] = [
        ScanResult((series_of("a", 4),)),
        gate,
        ScanResult((series_of("a", 4), series_of("b", 2))),
    ]
    desk.open(tmp_path / "slow")
    qtbot.waitUntil(lambda: screen.view.slice is not None)
    assert screen.scans[-1][1] is True
    gate.set()
    qtbot.waitUntil(lambda: screen.scanned is not None)
    assert len(screen.scanned.series) == 2


def test_the_reader_keeps_the_slice_while_the_series_grows(lab, desk, screen, qtbot, tmp_path):
    gate = threading.Event()
    first = series_of("a", 4)
    lab.scans["slow"] = [
        ScanResult((first,)),
        gate,
        ScanResult((grown(first, series_of("z", 5)), series_of("b", 2))),
    ]
    desk.open(tmp_path / "slow")
    qtbot.waitUntil(lambda: screen.view.slice is not None)
    desk.go_to(2)
    qtbot.waitUntil(lambda: screen.view.slice is not None and screen.view.index == 2)
    seen = screen.view.slice
    gate.set()
    qtbot.waitUntil(lambda: screen.scanned is not None)
    assert screen.view.index == 7
    assert screen.view.slice is seen
    assert screen.view.series.uid == "a"


def test_until_the_reader_moves_the_first_slice_is_shown_although_it_was_not_the_first_found(
    lab, desk, screen, qtbot, tmp_path
):
    gate = threading.Event()
    first = series_of("a", 4)
    lab.scans["slow"] = [ScanResult((first,)), gate, ScanResult((grown(first, series_of("z", 5)),))]
    desk.open(tmp_path / "slow")
    qtbot.waitUntil(lambda: screen.view.slice is not None)
    gate.set()
    qtbot.waitUntil(lambda: screen.scanned is not None and screen.view.slice is not None)
    assert screen.view.index == 0
    assert screen.view.header.sop_instance_uid == "z.0"


def test_a_slice_that_the_reader_windowed_or_zoomed_stays_while_the_series_grows(
    lab, desk, screen, qtbot, tmp_path
):
    gate = threading.Event()
    first = series_of("a", 4)
    lab.scans["slow"] = [ScanResult((first,)), gate, ScanResult((grown(first, series_of("z", 5)),))]
    desk.open(tmp_path / "slow")
    qtbot.waitUntil(lambda: screen.view.slice is not None)
    desk.zoom_at(2.0, 3, 3)
    gate.set()
    qtbot.waitUntil(lambda: screen.scanned is not None)
    assert screen.view.header.sop_instance_uid == "a.0" and screen.view.index == 5


def test_the_reader_keeps_the_series_when_others_load_later(lab, desk, screen, qtbot, tmp_path):
    gate = threading.Event()
    b = series_of("b", 3)
    lab.scans["slow"] = [ScanResult((b,)), gate, ScanResult((series_of("a", 4), b, series_of("c", 2)))]
    desk.open(tmp_path / "slow")
    qtbot.waitUntil(lambda: screen.view.slice is not None)
    gate.set()
    qtbot.waitUntil(lambda: screen.scanned is not None)
    assert screen.view.series is b


def test_a_path_that_cannot_be_opened_leaves_the_open_study_alone(lab, opened, screen, qtbot, tmp_path):
    seen = screen.view
    opened.open(tmp_path / "missing")
    qtbot.waitUntil(lambda: screen.said("nothing at this path", "Open another"))
    assert screen.view.slice is seen.slice
    assert screen.notices[-1].kind == "error"


def test_a_bug_in_the_scan_becomes_a_notice_and_the_next_scan_works(lab, desk, screen, qtbot, tmp_path):
    lab.scans["bad"] = [ZeroDivisionError("x")]
    desk.open(tmp_path / "bad")
    qtbot.waitUntil(lambda: screen.said("Something went wrong"))
    desk.open(tmp_path / "study")
    qtbot.waitUntil(lambda: screen.view.slice is not None)


def test_skipped_files_are_counted_with_their_reasons(lab, desk, screen, qtbot, tmp_path):
    lab.scans["mixed"] = [ScanResult((series_of("a", 2),), (Skipped("notes.txt", "Not DICOM"),))]
    desk.open(tmp_path / "mixed")
    qtbot.waitUntil(lambda: screen.said("1 file is not shown"))
    assert screen.notices[-1].details == (("notes.txt", "Not DICOM"),)


def test_another_study_starts_from_the_files_own_look(lab, opened, screen, qtbot, tmp_path):
    opened.set_window(Window(1, 2))
    opened.toggle_invert()
    opened.go_to(5)
    lab.scans["other"] = [ScanResult((series_of("x", 2),))]
    opened.open(tmp_path / "other")
    qtbot.waitUntil(lambda: screen.view.series is not None and screen.view.series.uid == "x")
    assert (screen.view.index, screen.view.invert) == (0, False)
    qtbot.waitUntil(lambda: screen.view.slice is not None)
    assert screen.view.window != Window(1, 2)


def test_a_cancelled_scan_keeps_what_it_found_and_says_that_it_is_incomplete(
    lab, desk, screen, qtbot, tmp_path
):
    lab.scans["slow"] = [ScanResult((series_of("a", 4),)), threading.Event(), ScanResult()]
    desk.open(tmp_path / "slow")
    qtbot.waitUntil(lambda: screen.view.slice is not None)
    desk.cancel("dicom")
    assert screen.scans[-1][1] is False
    qtbot.waitUntil(lambda: not desk._opening.runner.busy)
    assert screen.view.slice is not None
    assert screen.said("may be incomplete", "Open the study again")


def test_a_scan_cancelled_before_it_found_anything_says_nothing(lab, opened, screen, qtbot, tmp_path):
    lab.scans["slow"] = [threading.Event()]
    opened.open(tmp_path / "slow")
    opened.cancel("dicom")
    qtbot.waitUntil(lambda: not opened._opening.runner.busy)
    assert screen.notices == []


def test_opening_another_path_stops_the_first_scan(lab, desk, screen, qtbot, tmp_path):
    lab.scans["slow"] = [ScanResult((series_of("slow", 4),)), threading.Event()]
    desk.open(tmp_path / "slow")
    qtbot.waitUntil(lambda: screen.view.slice is not None)
    desk.open(tmp_path / "study")
    qtbot.waitUntil(lambda: screen.scanned is not None)
    assert [series.uid for series in screen.scanned.series] == ["a", "b"]
    assert screen.view.series.uid == "a"


def test_each_series_is_found_again_where_it_was_left(opened, screen, qtbot):
    opened.go_to(5)
    opened.step_series(1)
    assert screen.view.series.uid == "b" and screen.view.index == 0
    opened.step_series(5)
    assert screen.view.series.uid == "b"
    opened.select_series("a")
    assert screen.view.index == 5
    opened.select_series("no such series")
    assert screen.view.series.uid == "a"


def test_a_long_scan_shows_progress_and_a_short_one_none(lab, opened, screen, qtbot, tmp_path):
    assert screen.progress == []
    gate = threading.Event()
    lab.scans["slow"] = [gate, ScanResult((series_of("a", 1),))]
    opened.open(tmp_path / "slow")
    qtbot.waitUntil(lambda: bool(screen.progress))
    assert screen.progress[0][:2] == ("dicom", "Reading files")
    gate.set()
    qtbot.waitUntil(lambda: "dicom" in screen.hidden)


@pytest.mark.parametrize("error", [StudyError("A sentence.", "A step.")])
def test_an_error_after_the_first_image_leaves_what_was_found(lab, desk, screen, qtbot, tmp_path, error):
    lab.scans["half"] = [ScanResult((series_of("a", 2),)), error]
    desk.open(tmp_path / "half")
    qtbot.waitUntil(lambda: screen.said("A sentence.", "A step."))
    qtbot.waitUntil(lambda: screen.view.slice is not None)


def test_a_slice_whose_file_gave_way_to_a_whole_copy_is_tried_again(lab, desk, screen, qtbot, tmp_path):
    rest = threading.Event()
    cut_off, whole = series_of("a", 3), series_of("a", 3)
    lab.scans["copies"] = [ScanResult((cut_off,)), rest, ScanResult((whole,))]
    lab.undecodable.add("a.0")
    desk.open(tmp_path / "copies")
    qtbot.waitUntil(lambda: bool(screen.view.problem))
    lab.undecodable.clear()
    rest.set()
    qtbot.waitUntil(lambda: screen.view.slice is not None)
    assert screen.view.problem == ""
