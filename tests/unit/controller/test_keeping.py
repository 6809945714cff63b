"""What a reader makes is saved as it is made, and comes back with its study."""

from __future__ import annotations

import errno
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.headless_view import HeadlessView
from tests.support.stand_ins import bundle_of, series_of
from viewer.controller import Controller
from viewer.controller import keeping as module
from viewer.session import database
from viewer.session.kept import Kept, Recent
from viewer.session.state import Presentation
from viewer.session.store import Ask, Store
from viewer.settings import Settings
from viewer.study import Box, Patient, ScanResult, Window


class Reader:
    """A window on the database, and who sits before it."""

    def __init__(self, path, qtbot, **settings) -> None:
        self.qtbot, self.kept = qtbot, []
        self.screen = HeadlessView()
        self.store = Store(path)
        self.controller = Controller(Settings(**settings), keep=self.kept.append, store=self.store)
        self.controller.attach(self.screen)
        self.controller.start()
        self.rest()
        self.closed = False

    def open(self, path) -> None:
        before = len(self.screen.scans)
        self.controller.open(path)
        self.wait(lambda: len(self.screen.scans) > before and self.screen.scanned is not None)
        self.wait(lambda: self.screen.view.slice is not None)
        self.rest()

    def wait(self, ready) -> None:
        self.qtbot.waitUntil(ready, timeout=10_000)

    def rest(self) -> None:
        """Until the store has nothing to do."""
        keeping = self.controller.keeping
        self.wait(lambda: not keeping.runner.busy and not keeping._errands)

    def save(self) -> None:
        """The next exchange, without waiting for the clock."""
        self.rest()
        self.controller.keeping._exchange()
        self.rest()

    def draw(self, x: float = 3.0) -> str:
        return self.controller.marks.add("length", [(x, 2.0), (x + 5, 8.0)])

    @property
    def ids(self) -> list[str]:
        return [one.id for one in self.controller.state.marks]

    def close(self) -> None:
        if not self.closed:
            self.closed = True
            assert self.controller.shutdown(20_000)

    def kill(self) -> None:
        """End as by `kill -9`: nothing is written any more."""
        self.closed = True
        self.controller.keeping.close = self.controller.keeping.runner.shutdown
        assert self.controller.shutdown(20_000)
        with self.store._writing() as db:
            db.execute("UPDATE session SET started = started - 1000 WHERE id = ?", (self.store._window,))
        self.store.close()


@pytest.fixture
def database_path(tmp_path):
    return tmp_path / "data" / "glassbox.sqlite"


@pytest.fixture
def sit_down(lab, qtbot, database_path):
    """Starts Glassbox: `sit_down()`."""
    readers = []

    def start(**settings) -> Reader:
        readers.append(Reader(database_path, qtbot, **settings))
        return readers[-1]

    yield start
    for reader in readers:
        reader.close()


@pytest.fixture
def study(tmp_path):
    return tmp_path / "study"


def test_everything_comes_back_with_the_study(lab, sit_down, study):
    first = sit_down()
    first.open(study)
    desk = first.controller
    desk.select_series("b")
    desk.go_to(2)
    first.wait(lambda: first.screen.view.slice is not None and first.screen.view.index == 2)
    mark = first.draw()
    desk.marks.change(mark, text="a text", color="cyan")
    desk.key_images.toggle()
    desk.key_images.set_comment("A comment.")
    desk.set_window(Window(40, 80, "SIGMOID"))
    desk.toggle_invert()
    desk.rotate(1)
    desk.set_overlay(opacity=0.7, evidence="signed")
    desk.set_model("tiny")
    desk.set_target("cyst")
    desk.set_box("occluder", Box(1.0, 1.0, 4.0, 5.0))
    desk.set_box("region", Box(2.0, 3.0, 6.0, 7.5))
    desk.key_images.toggle_only()
    state = desk.state
    first.close()
    second = sit_down()
    second.open(study)
    back = second.controller.state
    for name in (
        "marks", "key_images", "comments", "series", "slice", "window", "invert", "presentation",
        "overlay", "explanation", "occluder", "region", "only_key_images",
    ):  # fmt: skip
        assert getattr(back, name) == getattr(state, name), name
    assert back.occluder and back.region and back.only_key_images
    assert back.explanation.target == "cyst" and back.presentation.quarter_turns == 1
    assert (second.screen.view.undo, second.screen.notices) == ("", [])
    second.wait(lambda: bool(second.screen.view.marks))
    assert second.screen.view.is_key_image


def test_what_was_done_is_saved_within_two_seconds_without_anybody_closing_anything(
    sit_down, study, database_path
):
    reader = sit_down()
    reader.open(study)
    assert module.SAVE_MS <= 500
    mark = reader.draw()
    other = Store(database_path)

    def saved() -> bool:
        (taken,) = other.exchange([Ask(Kept("1"), Kept("1"))])
        return [one.id for one in taken.theirs.marks] == [mark]

    reader.qtbot.waitUntil(saved, timeout=2000)
    other.close()


def test_a_drag_that_does_not_end_is_saved_on_the_way(sit_down, study, monkeypatch):
    monkeypatch.setattr(module, "SAVE_MS", 40)
    reader = sit_down()
    reader.open(study)
    reader.draw()
    sizes = []
    exchange = reader.store.exchange
    monkeypatch.setattr(reader.store, "exchange", lambda asks: sizes.append(len(asks)) or exchange(asks))
    for _ in range(40):  # 400 ms without a pause as long as the time after which it is saved
        reader.controller.drag_window(1, 1)
        reader.qtbot.wait(10)
    assert len(sizes) >= 3


def test_two_windows_on_one_study_show_each_others_marks(sit_down, study):
    one, other = sit_down(), sit_down()
    one.open(study)
    other.open(study)
    mine, yours = one.draw(1), other.draw(2)
    one.save()
    other.save()
    one.save()
    assert one.ids == [mine, yours] and other.ids == [yours, mine]
    other.controller.marks.delete(mine)
    other.save()
    one.save()
    assert one.ids == [yours]
    third = sit_down()
    third.open(study)
    assert third.ids == [yours]


def test_the_other_windows_marks_are_seen_without_a_change_here(sit_down, study, monkeypatch):
    monkeypatch.setattr(module, "LOOK_MS", 30)
    one, other = sit_down(), sit_down()
    one.open(study)
    other.open(study)
    mark = other.draw()
    one.wait(lambda: one.ids == [mark])
    seen = len(one.screen.views)
    one.qtbot.wait(150)
    assert len(one.screen.views) == seen  # looking costs the picture nothing


def test_undo_takes_back_what_this_reader_did_and_leaves_the_other_windows_marks(sit_down, study):
    one, other = sit_down(), sit_down()
    one.open(study)
    other.open(study)
    first = one.draw(1)
    yours = other.draw(2)
    other.save()
    one.save()
    second = one.draw(3)
    assert one.ids == [first, yours, second]
    one.controller.undo()
    one.controller.undo()
    assert one.ids == [yours] and one.screen.view.undo == ""
    one.controller.redo()
    assert sorted(one.ids) == sorted([first, yours])
    one.save()
    other.save()
    assert sorted(other.ids) == sorted([first, yours])


def test_a_mark_is_not_lost_when_another_study_is_opened_at_once(lab, sit_down, study, tmp_path):
    lab.scans["other"] = [ScanResult((series_of("x", 2, study_instance_uid="2"),))]
    reader = sit_down()
    reader.open(study)
    mark = reader.draw()
    reader.open(tmp_path / "other")
    assert reader.ids == []
    reader.save()
    reader.kill()
    again = sit_down()
    again.open(study)
    assert again.ids == [mark]


def test_the_studies_of_one_folder_are_kept_apart(lab, sit_down, study, tmp_path):
    both = (series_of("a", 3), series_of("x", 2, study_instance_uid="2"))
    lab.scans["both"], lab.scans["one"] = [ScanResult(both)], [ScanResult(both[1:])]
    reader = sit_down()
    reader.open(tmp_path / "both")
    mine = reader.draw()
    reader.controller.select_series("x")
    reader.wait(lambda: reader.screen.view.slice is not None)
    yours = reader.draw()
    reader.close()
    second = sit_down()
    second.open(tmp_path / "one")
    assert second.ids == [yours]
    second.open(tmp_path / "both")
    assert sorted(second.ids) == sorted([mine, yours])
    assert second.controller.state.series == "x"  # where it was left last


def test_a_look_at_a_study_changes_nothing_of_how_it_was_left(sit_down, study):
    first = sit_down()
    first.open(study)
    first.controller.go_to(4)
    first.close()
    second = sit_down()
    second.open(study)
    assert second.controller.state.slice == 4
    left_at = stamp_of(second.store)
    second.close()
    third = sit_down()
    third.open(study)
    assert third.controller.state.slice == 4 and stamp_of(third.store) == left_at


def test_a_study_that_was_only_opened_has_no_look_to_come_back_to(sit_down, study):
    reader = sit_down()
    reader.open(study)
    reader.save()
    reader.close()
    connection = sqlite3.connect(reader.store.path)
    assert connection.execute("SELECT count(*) FROM study WHERE look IS NOT NULL").fetchone() == (0,)
    connection.close()


def stamp_of(store: Store) -> float:
    with store._reading() as db:
        return db.execute("SELECT left_at FROM study").fetchone()[0]


def test_a_study_that_still_arrives_is_shown_where_it_was_left_as_soon_as_that_is_there(
    lab, sit_down, study, tmp_path
):
    import threading

    first = sit_down()
    first.open(study)
    first.controller.go_to(7)
    first.controller.zoom_at(3.0, 4, 4)
    first.close()
    whole = series_of("a", 9)
    gates = [threading.Event(), threading.Event()]
    lab.scans["slow"] = [
        ScanResult((replace(whole, slices=whole.slices[:3]),)), gates[0],
        ScanResult((replace(whole, slices=whole.slices[2:8]),)), gates[1],
        ScanResult((whole,)),
    ]  # fmt: skip
    second = sit_down()
    second.controller.open(tmp_path / "slow")
    second.wait(lambda: second.screen.view.slice is not None)
    second.rest()
    assert second.screen.view.header.sop_instance_uid == "a.0"
    gates[0].set()
    second.wait(lambda: second.screen.view.header.sop_instance_uid == "a.7")
    assert second.screen.view.presentation.zoom == 3.0
    gates[1].set()
    second.wait(lambda: second.screen.scanned is not None)
    assert (second.screen.view.header.sop_instance_uid, second.screen.view.index) == ("a.7", 7)


def test_a_reader_who_has_moved_on_is_not_taken_back(lab, sit_down, study, tmp_path):
    import threading

    first = sit_down()
    first.open(study)
    first.controller.go_to(7)
    first.draw()
    first.close()
    whole = series_of("a", 9)
    gate = threading.Event()
    lab.scans["slow"] = [ScanResult((replace(whole, slices=whole.slices[:5]),)), gate, ScanResult((whole,))]
    second = sit_down()
    second.controller.open(tmp_path / "slow")
    second.wait(lambda: second.screen.view.slice is not None)
    second.controller.step(2)
    gate.set()
    second.wait(lambda: second.screen.scanned is not None)
    second.rest()
    assert second.screen.view.index == 2 and second.ids == first.ids


def test_a_slice_that_is_gone_leaves_the_study_as_its_files_have_it(lab, sit_down, study, tmp_path):
    first = sit_down()
    first.open(study)
    first.controller.go_to(8)
    first.close()
    lab.scans["part"] = [ScanResult((replace(series_of("a", 9), slices=series_of("a", 9).slices[:4]),))]
    second = sit_down()
    second.open(tmp_path / "part")
    assert (second.controller.state.slice, second.controller.state.presentation) == (0, Presentation())


def test_of_several_studies_the_one_left_last_that_is_still_there_is_shown(lab, sit_down, tmp_path):
    first, second = series_of("a", 4), series_of("x", 4, study_instance_uid="2")
    lab.scans["both"] = [ScanResult((first, second))]
    reader = sit_down()
    reader.open(tmp_path / "both")
    reader.controller.go_to(2)
    reader.save()
    reader.controller.select_series("x")
    reader.controller.go_to(3)
    reader.close()
    lab.scans["part"] = [ScanResult((first, replace(second, slices=second.slices[:2])))]
    again = sit_down()
    again.open(tmp_path / "part")
    assert (again.controller.state.series, again.controller.state.slice) == ("a", 2)


def test_another_network_under_the_same_name_is_said(lab, sit_down, study):
    first = sit_down()
    first.open(study)
    first.controller.set_model("tiny")
    first.controller.step(1)
    first.close()
    lab.bundles = [bundle_of("tiny", version="9.9")]
    second = sit_down()
    second.open(study)
    assert second.screen.said("The model is not the one with which this study was last read")
    assert second.controller.state.explanation.model == "tiny"
    lab.bundles = [bundle_of("other")]
    third = sit_down()
    third.open(study)
    assert third.screen.said("The model is not the one") and third.controller.state.explanation.model is None


def test_a_controller_without_a_store_keeps_nothing_and_starts_no_thread(opened, screen):
    opened.marks.add("probe", [(3, 3)])
    opened.keeping.forget_recent()
    opened.keeping.go_on()
    assert screen.recents == () and not opened.keeping.runner._thread.isRunning()
    assert opened.keeping.restored("1") and not opened.keeping.can_go_on


def test_what_is_kept_of_a_study_is_known_to_be_there(sit_down, study):
    reader = sit_down()
    assert not reader.controller.keeping.restored("1")
    reader.open(study)
    assert reader.controller.keeping.restored("1") and reader.controller.keeping.restored("")


# After a crash


def test_after_a_crash_it_is_offered_to_go_on_and_nothing_is_opened_unasked(sit_down, study):
    first = sit_down()
    first.open(study)
    first.controller.go_to(6)
    mark = first.draw()
    first.save()
    first.draw(9)  # less than a moment before the crash
    first.kill()
    second = sit_down()
    assert second.screen.unfinished.path == str(study)
    assert second.screen.scans == [] and second.screen.view.series is None
    assert second.controller.commands["study.go_on"].enabled()
    second.controller.commands.run("study.go_on")
    second.wait(lambda: second.screen.view.slice is not None and second.screen.view.index == 6)
    assert second.ids == [mark]
    assert second.screen.unfinished is None
    assert not second.controller.commands["study.go_on"].enabled()


def test_an_offer_that_is_not_taken_is_gone_once_something_else_was_opened_and_closed(
    lab, sit_down, study, tmp_path
):
    lab.scans["other"] = [ScanResult((series_of("x", 2, study_instance_uid="2"),))]
    first = sit_down()
    first.open(study)
    first.kill()
    second = sit_down()
    second.open(tmp_path / "other")
    assert second.screen.unfinished is None and not second.controller.keeping.can_go_on
    second.close()
    assert sit_down().screen.unfinished is None


def test_after_an_ordinary_end_nothing_is_offered(sit_down, study):
    first = sit_down()
    first.open(study)
    first.close()
    second = sit_down()
    assert second.screen.unfinished is None and second.screen.notices == []


def test_a_window_that_runs_is_not_offered_to_a_second_one(sit_down, study):
    first = sit_down()
    first.open(study)
    assert sit_down().screen.unfinished is None


def test_a_study_named_on_the_command_line_is_opened_and_nothing_else_offered(lab, qtbot, sit_down, study):
    first = sit_down()
    first.open(study)
    first.kill()
    screen, store = HeadlessView(), Store(first.store.path)
    controller = Controller(Settings(), store=store)
    controller.attach(screen)
    controller.start()
    controller.open(study)
    qtbot.waitUntil(lambda: screen.view.slice is not None)
    qtbot.waitUntil(lambda: controller.keeping.restored("1"))
    assert screen.notices == [] and screen.unfinished is None
    assert controller.shutdown(20_000)


# When the disk does not play along


def test_a_read_only_disk_is_said_once_and_the_reader_works_on(sit_down, study, monkeypatch, tmp_path):
    def refuse(*args, **more):
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(module, "RETRY_MS", 30)
    with monkeypatch.context() as disk:
        disk.setattr(database.os, "open", refuse)
        reader = sit_down()
        reader.open(study)
        mark = reader.draw()
        reader.save()
        reader.draw(9)
        reader.qtbot.wait(200)
        (said,) = reader.screen.notices
        assert "not saved: your data folder cannot be written" in said.text and said.remedy
        assert len(reader.ids) == 2 and reader.controller.keeping.restored("1")
    reader.wait(lambda: reader.screen.said("saved again"))
    assert len(reader.screen.notices) == 2
    reader.kill()
    second = sit_down()
    second.open(study)
    assert second.ids[0] == mark and len(second.ids) == 2


def test_from_a_read_only_disk_marks_come_back_at_once(lab, qtbot, sit_down, study, monkeypatch):
    def refuse(*args, **more):
        raise OSError(errno.EROFS, "Read-only file system")

    first = sit_down()
    first.open(study)
    mark = first.draw()
    first.close()
    monkeypatch.setattr(database.os, "open", refuse)
    screen = HeadlessView()
    controller = Controller(Settings(), store=Store(first.store.path))
    controller.attach(screen)
    controller.start()
    controller.open(study)  # before the database was opened
    qtbot.waitUntil(lambda: [one.id for one in controller.state.marks] == [mark])
    assert screen.said("not saved") and module.RETRY_MS > 5000
    assert controller.shutdown(20_000)


def test_a_database_that_cannot_be_read_keeps_nobody_waiting(lab, qtbot, study, tmp_path):
    (tmp_path / "file").write_bytes(b"")
    screen = HeadlessView()
    controller = Controller(Settings(), store=Store(tmp_path / "file" / "glassbox.sqlite"))
    controller.attach(screen)
    controller.start()
    controller.open(study)
    qtbot.waitUntil(lambda: controller.keeping.restored("1"))
    assert len(screen.notices) == 1
    assert controller.shutdown(20_000)


def test_a_full_disk_is_said_once_and_the_reader_works_on(sit_down, study, monkeypatch):
    monkeypatch.setattr(module, "RETRY_MS", 30)
    reader = sit_down()
    reader.open(study)
    pages = reader.store._connection.execute("PRAGMA page_count").fetchone()[0]
    reader.store._connection.execute(f"PRAGMA max_page_count = {pages}")
    for number in range(60):
        reader.draw(number / 10)
    reader.save()
    reader.qtbot.wait(200)
    (said,) = reader.screen.notices
    assert "not saved: the disk is full" in said.text
    reader.store._connection.execute("PRAGMA max_page_count = 1000000")
    reader.wait(lambda: reader.screen.said("saved again"))
    assert len(reader.screen.notices) == 2


@pytest.mark.parametrize("bad", [b"no database", b"SQLite format 3\x00 and then nonsense" * 300])
def test_a_damaged_database_is_set_aside_with_its_name_said_and_nothing_else_happens(
    sit_down, study, database_path, bad
):
    database_path.parent.mkdir()
    database_path.write_bytes(bad)
    reader = sit_down()
    (said,) = reader.screen.notices
    (aside,) = [one for one in database_path.parent.iterdir() if "damaged" in one.name]
    assert aside.name in said.text and aside.read_bytes() == bad and said.kind == "warning"
    reader.open(study)
    mark = reader.draw()
    reader.close()
    again = sit_down()
    again.open(study)
    assert again.ids == [mark] and again.screen.notices == []


# Recent studies


def test_recent_studies_are_remembered_newest_first_from_wherever_they_were_opened(
    lab, sit_down, study, tmp_path, monkeypatch
):
    lab.scans["other"] = [ScanResult((series_of("x", 1, study_instance_uid="2"),))]
    monkeypatch.chdir(tmp_path)
    reader = sit_down()
    reader.open(Path("study"))
    reader.open(tmp_path / "other")
    assert reader.screen.recent == (str(tmp_path / "other"), str(study))
    reader.controller.open(tmp_path / "missing")
    reader.wait(lambda: reader.screen.said("nothing at this path"))
    reader.rest()
    reader.open(study)
    assert reader.screen.recent == (str(study), str(tmp_path / "other"))


def test_a_study_is_listed_with_what_it_is_called(lab, sit_down, tmp_path):
    named = replace(
        series_of("a", 2), patient=Patient(name="DOE^JANE"), study_description="CHEST", study_date="20260112"
    )
    lab.scans["named"] = [ScanResult((named, series_of("b", 2, modality="SR")))]
    reader = sit_down()
    reader.open(tmp_path / "named")
    (recent,) = reader.screen.recents
    assert recent.path == str(tmp_path / "named")
    assert recent.words == ("DOE JANE", "CHEST", "2026-01-12", "CT, SR")


def test_what_a_scan_finds_later_is_in_the_list_when_it_ends(lab, sit_down, tmp_path):
    import threading

    gate = threading.Event()
    first, later = series_of("a", 2), series_of("b", 2, modality="SR")
    lab.scans["slow"] = [ScanResult((first,)), gate, ScanResult((first, later))]
    reader = sit_down()
    reader.controller.open(tmp_path / "slow")
    reader.wait(lambda: reader.screen.recents != ())
    assert reader.screen.recents[0].words == ("CT",)
    gate.set()
    reader.wait(lambda: reader.screen.recents[0].words == ("CT, SR",))
    asks = reader.controller.keeping._asks()
    assert [ask.place for ask in asks] == [None]  # and then no more


def test_while_identity_is_hidden_no_word_about_a_study_is_stored(lab, sit_down, tmp_path, database_path):
    named = replace(series_of("a", 2), patient=Patient(name="DOE^JANE"), study_description="CHEST")
    lab.scans["named"] = [ScanResult((named,))]
    reader = sit_down(deidentified=True)
    reader.open(tmp_path / "named")
    assert reader.screen.recents[0].words == ()
    reader.close()
    assert all(b"DOE" not in file.read_bytes() for file in database_path.parent.iterdir())


def test_the_list_of_the_settings_is_taken_over(sit_down, study):
    reader = sit_down(recent=("/newest", "/older"))
    assert reader.screen.recent == ("/newest", "/older")
    assert reader.kept[-1].recent == ()
    reader.open(study)
    assert reader.screen.recent == (str(study), "/newest", "/older")
    assert sit_down().screen.recent == (str(study), "/newest", "/older")


def test_recent_studies_are_cleared_also_if_the_window_is_closed_at_once(sit_down, study):
    first = sit_down()
    first.open(study)
    first.controller.commands.run("study.forget_recent")
    assert first.screen.recents == ()
    first.close()
    assert sit_down().screen.recents == ()


def test_the_sample_study_is_not_listed_and_found_again_after_a_crash(lab, sit_down, monkeypatch, study):
    from viewer import resources

    monkeypatch.setattr(resources, "sample_study", lambda: study)
    first = sit_down()
    first.controller.open_sample()
    first.wait(lambda: first.screen.view.slice is not None)
    first.rest()
    assert first.screen.recents == ()
    first.kill()
    second = sit_down()
    assert second.screen.unfinished == replace(second.screen.unfinished, path=str(study))
    second.controller.keeping.go_on()
    second.wait(lambda: second.screen.view.slice is not None)
    second.rest()
    assert second.screen.recents == ()


def test_an_offer_has_the_words_of_its_study(sit_down, study):
    first = sit_down()
    first.open(study)
    first.kill()
    offered = sit_down().screen.unfinished
    assert offered == Recent(str(study), offered.opened, ("CT",)) and offered.opened > 0
