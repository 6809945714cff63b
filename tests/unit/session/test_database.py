"""The database file: older ones are brought up, damaged and newer ones set aside, never overwritten."""

import sqlite3
import stat

import pytest

from viewer.session import database
from viewer.session.database import MIGRATIONS, open_database
from viewer.session.store import Ask, Kept, Store

SCHEMA_1 = """
CREATE TABLE clock (epoch TEXT NOT NULL, revision INTEGER NOT NULL);
INSERT INTO clock VALUES ('0123456789abcdef0123456789abcdef', 7);
CREATE TABLE study (uid TEXT PRIMARY KEY, comment TEXT NOT NULL DEFAULT '',
    revision INTEGER NOT NULL DEFAULT 0, writer TEXT NOT NULL DEFAULT '', look TEXT,
    left_at REAL NOT NULL DEFAULT 0);
INSERT INTO study VALUES ('1.2.3', 'No change.', 5, 'w', '{"series": "1.2.3.4#2",
    "instance": ["1.2.3.4.5", 6],
    "window": {"center": 40.0, "width": 400.0, "function": "LINEAR", "explanation": ""}, "voi_lut": null,
    "invert": true, "graphics": true, "shutter": false, "presentation": {"zoom": 2.0, "pan": [10.5, 20.0],
    "quarter_turns": 1, "flipped": true}, "overlay": {"visible": true, "opacity": 0.6, "threshold": 0.15,
    "colormap": "inferno", "scale": "absolute", "evidence": "signed"}, "explanation": {"model": "tiny",
    "target": "lesion", "layer": "block1", "method": "grad-cam", "against": ""}, "digest": "00ff"}',
    1800000000.5);
CREATE TABLE mark (id TEXT PRIMARY KEY, study TEXT NOT NULL, record TEXT NOT NULL, gone INTEGER NOT NULL,
    revision INTEGER NOT NULL, writer TEXT NOT NULL, at REAL NOT NULL);
INSERT INTO mark VALUES ('aa', '1.2.3', '{"id": "aa", "kind": "length", "study": "1.2.3",
    "series": "1.2.3.4#2", "instance": ["1.2.3.4.5", 6], "points": [[1.5, 2.0, -3.0], [4.0, 5.0, -3.0]],
    "space": "patient",
    "text": "", "color": "yellow", "locked": false, "label": null}', 0, 2, 'w', 1800000000.0);
INSERT INTO mark VALUES ('bb', '1.2.3', '{"id": "bb", "kind": "text", "study": "1.2.3",
    "series": "1.2.3.4#2", "instance": ["1.2.3.4.5", 6], "points": [[1, 2, 0]], "space": "image",
    "text": "Grenzfall, ⌀ 3 mm", "color": "cyan", "locked": true,
    "label": [7.0, 8.0, 0.0]}', 0, 3, 'w', 1.8e9);
INSERT INTO mark VALUES ('cc', '1.2.3', '{}', 1, 4, 'w', 1800000000.0);
INSERT INTO mark VALUES ('dd', '1.2.3', '{"id": "dd", "kind": "spline"}', 0, 4, 'later', 1800000000.0);
CREATE INDEX mark_of_study ON mark (study, revision);
CREATE TABLE key_image (study TEXT NOT NULL, instance TEXT NOT NULL, frame INTEGER NOT NULL,
    series TEXT NOT NULL, gone INTEGER NOT NULL, revision INTEGER NOT NULL, writer TEXT NOT NULL,
    at REAL NOT NULL,
    PRIMARY KEY (study, instance, frame));
INSERT INTO key_image VALUES ('1.2.3', '1.2.3.4.5', 6, '1.2.3.4#2', 0, 6, 'w', 1800000000.0);
CREATE TABLE place (path TEXT NOT NULL, study TEXT NOT NULL, opened REAL NOT NULL, listed INTEGER NOT NULL,
    words TEXT NOT NULL, PRIMARY KEY (path, study));
INSERT INTO place VALUES ('/studies/one', '1.2.3', 1800000000.0, 1, '["DOE JANE", "CT"]');
CREATE INDEX place_of_study ON place (study);
CREATE TABLE session (id TEXT PRIMARY KEY, host TEXT NOT NULL, pid INTEGER NOT NULL, started REAL NOT NULL,
    path TEXT NOT NULL, words TEXT NOT NULL, at REAL NOT NULL);
PRAGMA application_id = 1196180051;
PRAGMA user_version = 1;
"""
"""A database as the first schema was written, by hand. It stays as it is, whatever the schema becomes."""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "data" / "glassbox.sqlite"


def write(path, script: str) -> bytes:
    """Make a database by hand; its bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path)
    connection.executescript(script)
    connection.close()
    return path.read_bytes()


def all_of(path, study: str = "1.2.3"):
    """What a window is told of a study when it opens it."""
    store = Store(path)
    (taken,) = store.exchange([Ask(Kept(study), Kept(study))])
    said = store.news()
    store.close()
    return taken, said


def tables(connection) -> set[str]:
    """The statements that made them, without the blanks."""
    rows = connection.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
    return {"".join(sql.split()) for (sql,) in rows}


def test_a_database_of_the_first_schema_is_read_in_full(path):
    write(path, SCHEMA_1)
    taken, said = all_of(path)
    assert said == ""
    length, text = taken.theirs.marks
    assert (length.id, length.kind, length.points) == ("aa", "length", ((1.5, 2.0, -3.0), (4.0, 5.0, -3.0)))
    assert (length.instance, length.series) == (("1.2.3.4.5", 6), "1.2.3.4#2")
    assert (text.text, text.color, text.locked, text.label) == (
        "Grenzfall, ⌀ 3 mm", "cyan", True, (7.0, 8.0, 0.0),
    )  # fmt: skip
    assert taken.theirs.gone_marks == ("cc",)
    assert taken.theirs.comment == "No change."
    assert [one.instance for one in taken.theirs.key_images] == [("1.2.3.4.5", 6)]
    look = taken.look
    assert (look.window.center, look.window.width, look.invert, look.shutter) == (40, 400, True, False)
    assert (look.presentation.pan, look.presentation.quarter_turns) == ((10.5, 20.0), 1)
    assert (look.overlay.evidence, look.explanation.target, look.digest) == ("signed", "lesion", "00ff")
    assert (look.occluder, look.region, look.only_key_images) == (None, None, False)
    assert taken.left_at == 1800000000.5
    store = Store(path)
    assert [(one.path, one.words) for one in store.recent()] == [("/studies/one", ("DOE JANE", "CT"))]
    store.close()


def test_an_older_database_has_the_same_tables_as_a_new_one_once_it_is_brought_up(path, tmp_path):
    write(path, SCHEMA_1)
    old, _ = open_database(path)
    new, _ = open_database(tmp_path / "new.sqlite")
    try:
        assert tables(old) == tables(new)
        for pragma in ("user_version", "application_id", "journal_mode"):
            assert len({one.execute(f"PRAGMA {pragma}").fetchone() for one in (old, new)}) == 1
        assert new.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert new.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS),)
    finally:
        old.close()
        new.close()


@pytest.mark.parametrize("script", ["", "PRAGMA application_id = 1196180051;"])
def test_an_empty_file_becomes_a_database(path, script):
    write(path, script)
    taken, said = all_of(path)
    assert taken.theirs.marks == () and said == ""


def test_a_migration_keeps_what_was_there(path, monkeypatch):
    write(path, SCHEMA_1)
    monkeypatch.setattr(
        database,
        "MIGRATIONS",
        [*MIGRATIONS, ("ALTER TABLE study ADD COLUMN read INTEGER NOT NULL DEFAULT 0",)],
    )
    connection, said = open_database(path)
    assert connection.execute("SELECT comment, read FROM study").fetchall() == [("No change.", 0)]
    assert connection.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS) + 1,)
    assert connection.execute("SELECT count(*) FROM mark").fetchone() == (4,)
    connection.close()
    assert said == ""


def test_a_migration_that_fails_leaves_the_database_as_it_was(path, monkeypatch):
    write(path, SCHEMA_1)
    steps = ("CREATE TABLE more (x)", "UPDATE clock SET revision = 99", "no statement at all")
    monkeypatch.setattr(database, "MIGRATIONS", [*MIGRATIONS, steps])
    with pytest.raises(sqlite3.OperationalError):
        open_database(path)
    monkeypatch.undo()
    connection, _ = open_database(path)
    assert connection.execute("SELECT revision FROM clock").fetchone() == (7,)
    assert connection.execute("SELECT * FROM sqlite_master WHERE name = 'more'").fetchall() == []
    connection.close()


FOREIGN = "CREATE TABLE mine (x); INSERT INTO mine VALUES ('not yours');"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: b"no database",
        lambda data: data[:100] + b"\xff" * (len(data) - 100),
        lambda data: data[: len(data) // 2],
        lambda data: b"SQLite format 3\x00" + bytes(100),
        lambda data: data[:5000] + bytes(len(data) - 5000),
    ],
    ids=["text", "garbage", "cut off", "header alone", "zeros"],
)
def test_a_damaged_database_is_kept_under_a_name_that_is_said_and_a_new_one_begun(path, spoil):
    bad = spoil(write(path, SCHEMA_1))
    path.write_bytes(bad)
    taken, said = all_of(path)
    assert taken.theirs.marks == ()
    (aside,) = [one for one in path.parent.iterdir() if "damaged" in one.name]
    assert aside.name in said and "was damaged" in said
    assert aside.read_bytes() == bad
    assert all_of(path)[1] == ""  # said once


def test_a_database_of_another_program_is_set_aside_whole(path):
    theirs = write(path, FOREIGN)
    said = all_of(path)[1]
    (aside,) = [one for one in path.parent.iterdir() if "damaged" in one.name]
    assert aside.read_bytes() == theirs and aside.name in said


def test_a_newer_database_is_kept_under_a_name_that_is_said_and_works_again_under_its_own(path):
    write(path, SCHEMA_1 + "PRAGMA user_version = 999; CREATE TABLE later (x);")
    taken, said = all_of(path)
    assert taken.theirs.marks == ()
    (aside,) = [one for one in path.parent.iterdir() if "newer" in one.name]
    assert aside.name in said and "of a newer Glassbox" in said
    connection = sqlite3.connect(aside)
    assert connection.execute("PRAGMA user_version").fetchone() == (999,)
    assert connection.execute("SELECT count(*) FROM mark").fetchone() == (4,)
    connection.close()


def test_a_newer_database_that_a_newer_window_uses_is_left_where_it_is(path):
    write(path, SCHEMA_1 + "PRAGMA user_version = 999; PRAGMA journal_mode = WAL;")
    running = sqlite3.connect(path)
    running.execute("SELECT count(*) FROM mark").fetchone()
    try:
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            open_database(path)
    finally:
        running.close()
    assert not [one for one in path.parent.iterdir() if "newer" in one.name]


def test_what_is_set_aside_never_overwrites_what_was_set_aside_before(path, monkeypatch):
    monkeypatch.setattr(database.time, "strftime", lambda form: "20261121-120000")
    for content in (b"one", b"two", b"three"):
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        connection, _ = open_database(path)
        connection.close()
        path.unlink()
    kept = {one.name: one.read_bytes() for one in path.parent.iterdir() if "damaged" in one.name}
    assert sorted(kept.values()) == [b"one", b"three", b"two"]


def test_the_log_beside_a_damaged_database_goes_with_it(path):
    path.parent.mkdir()
    path.write_bytes(b"no database")
    path.with_name(f"{path.name}-wal").write_bytes(b"its log")
    open_database(path)[0].close()
    (log,) = [one for one in path.parent.iterdir() if one.name.endswith("-wal")]
    assert "damaged" in log.name and log.read_bytes() == b"its log"


def test_nobody_else_may_read_the_database(path):
    connection, _ = open_database(path)
    connection.execute("CREATE TABLE x (y)")
    names = [one.name for one in path.parent.iterdir()]
    modes = {stat.S_IMODE(one.stat().st_mode) for one in path.parent.iterdir()}
    connection.close()
    assert f"{path.name}-wal" in names and modes == {0o600}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
