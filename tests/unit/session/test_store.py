"""The store: everything comes back, two windows lose nothing to each other, no disk stops a reader."""

import errno
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from viewer.annotate.mark import KINDS, KeyImage, Mark
from viewer.session import database
from viewer.session.kept import Kept, Place, Stamp, StoreError, joined, look_of
from viewer.session.running import Process, this_process
from viewer.session.state import Explanation, Overlay, Presentation, ViewerState
from viewer.session.store import DELETED_S, MOST_PLACES, UNFINISHED_S, Ask, Store
from viewer.study import Window

ROOT = Path(__file__).parents[3]


def mark(id: str, study: str = "1.2", **more) -> Mark:
    ends = ((1.0, 2.0, 3.0), (4.5, -6.0, 1 / 3))
    return Mark(id, "length", study, f"{study}.3#2", (f"{study}.3.4", 5), ends, **more)


def key(number: int) -> KeyImage:
    return KeyImage("1.2", "1.2.3", (f"1.2.3.{number}", number))


LOOK = look_of(
    ViewerState(
        window=Window(40, 400, "SIGMOID", "brain"),
        voi_lut=1,
        invert=True,
        graphics=False,
        shutter=False,
        presentation=Presentation(2.5, (10.25, 20.0), 3, flipped=True),
        overlay=Overlay(False, 0.3, 0.2, "viridis", "relative", "signed"),
        explanation=Explanation("tiny", "lesion", "block1", "hirescam", "cyst"),
    ),
    "1.2.3#2",
    ("1.2.3.4", 5),
    "00ff",
)


class Clock:
    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        self.now += 1
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def opened(tmp_path, clock):
    """Opens the database as another window would: `opened()`."""
    made = []

    def one() -> Store:
        made.append(Store(tmp_path / "data" / "glassbox.sqlite", clock=clock))
        return made[-1]

    yield one
    for store in made:
        store.close()


class Window_:
    """One window on one study: what it has, and what it believes the database to have."""

    def __init__(self, store: Store, study: str = "1.2") -> None:
        self.store = store
        self.has = self.base = Kept(study)
        self.stamp = Stamp()
        self.taken = None
        self.go()

    def go(self) -> None:
        """What the controller does twice a second."""
        sent = self.has
        (self.taken,) = self.store.exchange([Ask(self.base, sent, self.stamp)])
        self.has = joined(self.has, self.base, self.taken.theirs)
        self.base = joined(sent, self.base, self.taken.theirs)
        self.stamp = self.taken.stamp

    def ids(self) -> list[str]:
        return [one.id for one in self.has.marks]


@pytest.fixture
def window(opened):
    return lambda: Window_(opened())


def test_everything_comes_back_as_it_was(window, tmp_path):
    shapes = {
        kind: tuple((float(i), 1 / (i + 3), -0.1) for i in range(row.points or 70))
        for kind, row in KINDS.items()
    }
    marks = tuple(
        Mark(
            kind,
            kind,
            "1.2",
            "1.2.3",
            ("1.2.3.4", 0),
            points,
            "image",
            f"{kind} “ü”\n",
            "cyan",
            True,
            points[0],
        )
        for kind, points in shapes.items()
    )
    first = window()
    first.has = Kept("1.2", marks, (key(1), key(2)), "A comment,\nof two lines. 日本", LOOK)
    first.go()
    second = window()
    assert second.has == replace(first.has, look=None)
    assert second.taken.look == LOOK
    assert second.taken.left_at > 1_800_000_000
    assert Window_(second.store, "another study").has == Kept("another study")


def test_what_is_changed_and_deleted_comes_back_changed_and_stays_deleted(window):
    first = window()
    first.has = Kept("1.2", (mark("a"), mark("b"), mark("c")), (key(1), key(2)), "text")
    first.go()
    first.has = Kept("1.2", (mark("c"), mark("a", color="green")), (key(2),), "")
    first.go()
    second = window()
    assert second.has == Kept("1.2", (mark("a", color="green"), mark("c")), (key(2),), "")


def test_a_mark_that_undo_brought_back_is_there_again(window):
    first = window()
    first.has = Kept("1.2", (mark("a"),), (key(1),))
    first.go()
    kept, first.has = first.has, Kept("1.2")
    first.go()
    first.has = kept
    first.go()
    assert window().has == kept


def test_two_windows_on_one_study_lose_none_of_each_others_marks(window):
    one, other = window(), window()
    for number in range(5):
        one.has = replace(one.has, marks=(*one.has.marks, mark(f"one{number}")))
        other.has = replace(other.has, marks=(*other.has.marks, mark(f"other{number}")))
        one.go()
        other.go()
    one.go()
    assert sorted(one.ids()) == sorted(other.ids()) == sorted(window().ids())
    assert len(one.ids()) == 10


def test_a_mark_that_one_window_deleted_goes_from_the_other_and_does_not_come_back(window):
    one, other = window(), window()
    one.has = replace(one.has, marks=(mark("a"), mark("b")))
    one.go()
    other.go()
    other.has = replace(other.has, marks=(mark("b"), mark("c")))
    other.go()
    one.go()
    assert one.ids() == ["b", "c"] and window().ids() == ["b", "c"]
    one.has = replace(one.has, comment="seen")
    one.go()
    assert window().ids() == ["b", "c"]


def test_the_last_change_of_one_mark_holds_in_both_windows(window):
    one, other = window(), window()
    one.has = replace(one.has, marks=(mark("a"),))
    one.go()
    other.go()
    one.has = replace(one.has, marks=(mark("a", text="one"),))
    other.has = replace(other.has, marks=(mark("a", text="other"),))
    one.go()
    other.go()
    one.go()
    assert one.has.marks == other.has.marks == window().has.marks == (mark("a", text="other"),)


def test_neither_of_two_comments_written_at_once_is_lost(window):
    one, other = window(), window()
    one.has, other.has = replace(one.has, comment="mine"), replace(other.has, comment="yours")
    one.go()
    other.go()
    one.go()
    assert one.has.comment == other.has.comment == window().has.comment == "mine\nyours"


def test_a_window_that_waits_while_another_writes_gets_its_turn(opened):
    """Both write at the same time, each from a thread of its own."""
    windows = [Window_(opened()) for _ in range(2)]
    failed = []

    def draw(number: int) -> None:
        mine = windows[number]
        try:
            for count in range(25):
                mine.has = replace(mine.has, marks=(*mine.has.marks, mark(f"{number}.{count}")))
                mine.go()
        except StoreError as error:
            failed.append(error)

    threads = [threading.Thread(target=draw, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert len(Window_(opened()).ids()) == 50


def test_studies_are_kept_apart_and_exchanged_together(opened):
    store = opened()
    asks = [Ask(Kept(uid), Kept(uid, (mark(f"m{uid}", uid),), comment=uid)) for uid in ("1.2", "3.4")]
    store.exchange(asks)
    assert Window_(opened(), "3.4").has == Kept("3.4", (mark("m3.4", "3.4"),), comment="3.4")


def test_a_mark_of_a_later_version_is_not_shown_and_not_lost(window, tmp_path):
    first = window()
    first.has = replace(first.has, marks=(mark("a"), mark("b")))
    first.go()
    connection = sqlite3.connect(first.store.path)
    with connection:
        connection.execute(
            """UPDATE mark SET record = replace(record, '"length"', '"spline"') WHERE id = 'b'"""
        )
    second = window()
    assert second.ids() == ["a"]
    second.has = replace(second.has, marks=(*second.has.marks, mark("c")))
    second.go()
    assert connection.execute("SELECT gone, record LIKE '%spline%' FROM mark WHERE id = 'b'").fetchall() == [
        (0, 1)
    ]
    connection.close()


# When the disk does not play along


def test_a_database_that_is_deleted_or_damaged_under_a_window_is_written_anew_in_full(window, tmp_path):
    first = window()
    first.has = Kept("1.2", (mark("a"),), (key(1),), "text", LOOK)
    first.go()
    first.store.close()
    first.store.path.write_bytes(b"no database any more")
    first.go()
    assert "was damaged" in first.store.news() and first.store.news() == ""
    again = window()
    assert again.has == replace(first.has, look=None) and again.taken.look == LOOK


def test_damage_that_is_met_while_a_window_writes_is_an_error_once_and_then_a_new_database(
    window, monkeypatch
):
    first = window()
    first.has = Kept("1.2", (mark("a"),))
    first.go()
    first.store._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    error = sqlite3.DatabaseError("database disk image is malformed")
    error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT

    def meet(*_) -> None:
        first.store.path.write_bytes(b"damaged" * 1000)
        raise error

    first.has = Kept("1.2", (mark("a"), mark("b")))
    with monkeypatch.context() as bad:
        bad.setattr(first.store, "_write", meet)
        with pytest.raises(StoreError):
            first.go()
    first.go()
    assert "was damaged" in first.store.news() and window().ids() == ["a", "b"]


def test_two_windows_find_each_other_again_in_a_new_database(window):
    one, other = window(), window()
    for number in range(5):
        other.has = replace(other.has, marks=(*other.has.marks, mark(f"other{number}")))
        other.go()
    one.go()
    for each in (one, other):
        each.store.close()
    one.store.path.unlink()
    one.has = replace(one.has, marks=(*one.has.marks, mark("one")))
    one.go()
    other.go()
    one.go()
    assert sorted(one.ids()) == sorted(other.ids()) == sorted(window().ids())
    assert len(one.ids()) == 6


def test_a_full_disk_is_said_in_a_sentence_and_all_is_written_once_there_is_room(window, monkeypatch):
    first = window()
    pages = first.store._connection.execute("PRAGMA page_count").fetchone()[0]
    first.store._connection.execute(f"PRAGMA max_page_count = {pages}")
    first.has = Kept("1.2", tuple(mark(f"m{number}") for number in range(100)))
    with pytest.raises(StoreError, match="not saved: the disk is full"):
        first.go()
    assert window().ids() == []
    first.store._connection.execute("PRAGMA max_page_count = 1000000")
    first.go()
    assert len(window().ids()) == 100


def test_from_a_read_only_disk_marks_still_come_back(window, opened, monkeypatch):
    first = window()
    first.has = Kept("1.2", (mark("a"),), comment="text")
    first.go()
    first.store.end()

    def refuse(*args, **more):
        raise OSError(errno.EROFS, "Read-only file system")

    with monkeypatch.context() as disk:
        disk.setattr(database.os, "open", refuse)
        store = opened()
        start = store.begin(["/older"])
        assert "not saved: your data folder cannot be written" in str(start.problem)
        second = Window_(store)
        assert second.ids() == ["a"] and second.has.comment == "text"
        second.has = replace(second.has, marks=())
        with pytest.raises(StoreError, match="cannot be written"):
            second.go()
    second.go()
    assert window().ids() == []


def test_a_database_that_another_program_holds_is_said_to_be_and_written_later(window, monkeypatch):
    monkeypatch.setattr(database, "BUSY_S", 0.05)
    first = window()
    other = sqlite3.connect(first.store.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    first.has = replace(first.has, marks=(mark("a"),))
    with pytest.raises(StoreError, match="another program holds the database"):
        first.go()
    other.execute("ROLLBACK")
    other.close()
    first.go()
    assert window().ids() == ["a"]


def test_where_no_folder_can_be_made_there_is_a_sentence_and_nothing_else(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    store = Store(tmp_path / "file" / "glassbox.sqlite")
    start = store.begin()
    assert start.recent == () and start.unfinished is None
    assert isinstance(start.problem, StoreError) and start.problem.remedy
    with pytest.raises(StoreError):
        store.recent()
    store.end()


# Where studies were opened


def visit(store: Store, path: str, study: str = "1.2", words=("DOE JANE", "CT"), listed: bool = True) -> None:
    place = Place(path, listed, tuple(words))
    store.exchange([Ask(Kept(study), Kept(study), place=place)])


def test_recent_studies_come_newest_first_each_path_once_with_the_words_of_all_its_studies(opened):
    store = opened()
    visit(store, "/a")
    visit(store, "/b", "3.4", ("ROE RICHARD", "CT"))
    visit(store, "/a", "5.6", ("POE PAULA", "CT"))
    assert [(one.path, one.words) for one in store.recent()] == [
        ("/a", ("POE PAULA", "CT", "DOE JANE")),
        ("/b", ("ROE RICHARD", "CT")),
    ]
    visit(store, "/b", "3.4", ())
    assert [one.path for one in opened().recent()] == ["/b", "/a"]
    assert opened().recent()[0].words == ()  # identity is hidden now


def test_a_place_that_is_not_listed_is_found_all_the_same(opened):
    store = opened()
    visit(store, "/sample", listed=False)
    visit(store, "/copy")
    assert [one.path for one in store.recent()] == ["/copy"]
    assert store.places_of("1.2") == (Path("/copy"), Path("/sample"))
    assert store.places_of("unknown") == () and store.studies() == ("1.2",)


def test_recent_studies_of_older_settings_are_taken_over_once_and_known_better_when_opened(opened):
    store = opened()
    visit(store, "/new", "9.9")
    start = store.begin(["/newest", "/older"])
    assert [one.path for one in start.recent] == ["/new", "/newest", "/older"]
    visit(store, "/older")
    newest = store.recent()[0]
    assert (newest.path, newest.words) == ("/older", ("DOE JANE", "CT"))
    assert sorted(store.studies()) == ["1.2", "9.9"]


def test_clearing_recent_studies_leaves_no_name_and_no_path_in_the_files_and_every_mark(window, opened):
    first = window()
    first.has = replace(first.has, marks=(mark("a"),))
    first.go()
    first.store.begin()
    visit(first.store, "/home/doe_jane/study", words=("DOE JANE", "CT"))
    first.store.forget_recent()
    first.store.end()
    content = b"".join(file.read_bytes() for file in first.store.path.parent.iterdir())
    assert b"DOE JANE" not in content and b"doe_jane" not in content
    assert opened().recent() == () and window().ids() == ["a"]


def test_only_so_many_places_are_remembered(opened):
    store = opened()
    asks = [
        Ask(Kept(f"1.{number}"), Kept(f"1.{number}"), place=Place(f"/{number}"))
        for number in range(MOST_PLACES + 5)
    ]
    store.exchange(asks)
    start = store.begin()
    assert len(start.recent) == MOST_PLACES
    assert start.recent[0].path == f"/{MOST_PLACES + 4}"


# Which windows run


def crash(store: Store, path: str, pid: int | None = None) -> None:
    """The window of `store`, in which `path` was open, is no more."""
    store.begin()
    visit(store, path)
    with store._writing() as db:
        db.execute("UPDATE session SET pid = ? WHERE id = ?", (pid or ended_process(), store._window))
    store.close()


def ended_process() -> int:
    done = subprocess.Popen([sys.executable, "-c", ""])
    done.wait()
    return done.pid


def test_what_a_killed_window_had_open_is_offered_once(opened):
    crash(opened(), "/study")
    start = opened().begin()
    assert (start.unfinished.path, start.unfinished.words) == ("/study", ("DOE JANE", "CT"))
    assert opened().begin().unfinished is None


def test_an_offer_that_nobody_answered_before_the_next_crash_is_made_again(opened):
    crash(opened(), "/study")
    second = opened()
    second.begin()
    with second._writing() as db:
        db.execute("UPDATE session SET pid = ?", (ended_process(),))
    assert opened().begin().unfinished.path == "/study"


def test_a_window_that_was_closed_or_still_runs_or_had_nothing_open_is_not_offered(opened):
    closed, running, empty = opened(), opened(), opened()
    closed.begin()
    visit(closed, "/closed")
    closed.end()
    running.begin()
    visit(running, "/running")
    empty.begin()
    with empty._writing() as db:
        db.execute("UPDATE session SET pid = ? WHERE id = ?", (ended_process(), empty._window))
    assert opened().begin().unfinished is None


def test_of_two_killed_windows_the_last_one_is_offered_first(opened):
    first, second = opened(), opened()
    for store, path in ((first, "/first"), (second, "/second")):
        store.begin()
        visit(store, path)
    with first._writing() as db:
        db.execute("UPDATE session SET pid = ?", (ended_process(),))
    assert opened().begin().unfinished.path == "/second"
    assert opened().begin().unfinished.path == "/first"
    assert opened().begin().unfinished is None


def test_a_process_id_that_was_given_again_is_not_taken_for_the_killed_window(opened):
    store = opened()
    crash(store, "/study", pid=os.getpid())
    with store._writing() as db:
        db.execute("UPDATE session SET started = started - 1000")
    assert opened().begin().unfinished.path == "/study"


def test_nothing_is_said_of_windows_on_other_computers(opened, monkeypatch):
    store = opened()
    store._process = Process("elsewhere", 1, this_process().started)
    store.begin()
    visit(store, "/study")
    assert opened().begin().unfinished is None


def test_an_old_crash_is_offered_no_more_and_old_deletions_are_forgotten(opened, window, clock):
    crash(opened(), "/study")
    first = window()
    first.has = replace(first.has, marks=(mark("a"), mark("b")))
    first.go()
    first.has = replace(first.has, marks=(mark("a"),))
    first.go()
    clock.now += max(UNFINISHED_S, DELETED_S) + 10
    store = opened()
    assert store.begin().unfinished is None
    rows = store._connection.execute("SELECT id FROM mark").fetchall()
    assert rows == [("a",)]
    assert window().ids() == ["a"]


# Killed


DRAWING = """
import os, sys
from dataclasses import replace
from pathlib import Path
from tests.unit.session.test_store import Window_, mark
from viewer.session.store import Store

store = Store(Path(sys.argv[1]))
store.begin()
window = Window_(store)
for number in range(100_000):
    name = f"{sys.argv[2]}.{number}"
    window.has = replace(window.has, marks=(*window.has.marks[-20:], mark(name)))
    window.go()
    os.write(1, f"{name}\\n".encode())
"""


def test_killed_in_the_middle_of_writing_the_database_stays_whole_and_has_all_that_was_written(opened):
    path = opened().path
    for turn, after in enumerate((3, 11, 38)):
        command = [sys.executable, "-c", DRAWING, str(path), str(turn)]
        drawing = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT)
        written = [drawing.stdout.readline().decode().strip() for _ in range(after)]
        drawing.send_signal(signal.SIGKILL)
        written += drawing.stdout.read().decode().split("\n")[:-1]
        drawing.stdout.close()
        assert drawing.wait() == -signal.SIGKILL
        survivor = Window_(opened())
        assert set(written[-20:]) <= set(survivor.ids())
        assert survivor.store._connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert survivor.store.news() == ""
    assert opened().begin().unfinished is None  # nothing was open


def test_nothing_of_it_is_imported_or_opened_before_it_is_needed(tmp_path):
    code = (
        "import sys; from viewer.session.store import Store, default_path\n"
        "from pathlib import Path; Store(Path(sys.argv[1]))\n"
        "print({'sqlite3', 'psutil', 'platformdirs'} & set(sys.modules))"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "new" / "x.sqlite")]
    done = subprocess.run(command, capture_output=True, cwd=ROOT, text=True)
    assert done.stdout.strip() == "set()", done.stderr
    assert not (tmp_path / "new").exists()
