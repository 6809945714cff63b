"""What outlives the program: marks, key images, comments and looks by study, and where studies were opened.

One SQLite file in the user's data folder, never in a study's. Several windows may use it at once: each mark
is a row of its own, a deleted one stays as a row that says so, and each row tells by its revision whether it
is news to a window.
"""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from viewer.annotate.mark import KeyImage, Mark, is_sound
from viewer.plain import from_plain, to_json
from viewer.session.kept import (
    NEVER,
    Change,
    Kept,
    Look,
    Place,
    Recent,
    Stamp,
    Start,
    StoreError,
    Taken,
    change_of,
    joined_text,
)
from viewer.session.running import Process, this_process, was_killed

if TYPE_CHECKING:
    from sqlite3 import Connection

MOST_PLACES = 500
"""Paths that are remembered; those opened longest ago go first."""
DELETED_S = 90 * 86400.0
"""How long a deleted mark is known as such: no window stays open longer without looking."""
UNFINISHED_S = 14 * 86400.0
"""How long after a crash it is offered to go on."""


def default_path() -> Path:
    """Where the database of this user lies."""
    import platformdirs

    return Path(platformdirs.user_data_path("glassbox", appauthor=False)) / "glassbox.sqlite"


@dataclass(frozen=True, slots=True)
class Ask:
    """What a window says of one study, and how much it knows of the others' changes.

    Parameters
    ----------
    base, now : as the database had it at `stamp`, and as it is to be.
    place : where it was opened; to be noted. None: it was noted before.
    """

    base: Kept
    now: Kept
    stamp: Stamp = NEVER
    place: Place | None = None


class Store:
    """The database of one window. Every method may take as long as a disk, and raise `StoreError`.

    From any thread, one at a time. Nothing is opened before the first call.
    """

    def __init__(self, path: Path, *, clock: Callable[[], float] = time.time) -> None:
        self.path = path
        self._clock = clock
        self._lock = threading.Lock()
        self._connection: Connection | None = None
        self._writable = False
        self._said = ""
        self._seen = -1
        """What PRAGMA data_version said last: it changes with what others write."""
        self._process: Process | None = None
        self._window = uuid.uuid4().hex

    def begin(self, inbox: Sequence[str] = ()) -> Start:
        """Enter this window among those that run.

        Parameters
        ----------
        inbox : paths of studies, newest first, that the settings of older versions remembered.
        """
        problem = None
        unfinished = None
        try:
            with self._writing() as db:
                self._tidy(db)
                rows = [(path, "", -float(number), 1, "[]") for number, path in enumerate(inbox)]
                db.executemany("INSERT OR IGNORE INTO place VALUES (?, ?, ?, ?, ?)", rows)
                unfinished = self._claim(db)
                self._enter(db, unfinished)
        except StoreError as error:
            problem = error
        try:
            recent = self.recent()
        except StoreError:
            recent = ()
        return Start(recent, unfinished, problem)

    def end(self) -> None:
        """This window ends as it should; the database is closed."""
        with suppress(StoreError), self._writing() as db:
            db.execute("DELETE FROM session WHERE id = ?", (self._window,))
        self.close()

    def close(self) -> None:
        """Close the file, and leave what it says of this window."""
        with self._lock:
            self._close()

    def news(self) -> str:
        """One sentence about a database that was set aside, told once; "" where there is none."""
        said, self._said = self._said, ""
        return said

    def exchange(self, asks: Sequence[Ask]) -> tuple[Taken, ...]:
        """Write what this window changed, and take what others did, study by study: all of it or nothing."""
        if any(ask.place is not None for ask in asks):
            with suppress(StoreError), self._writing() as db:  # for marks it is said, if it goes on
                self._note(db, asks)
        if not any(change_of(ask.base, ask.now) for ask in asks):
            with self._reading() as db:
                version = int(db.execute("PRAGMA data_version").fetchone()[0])
                if version == self._seen and all(ask.stamp.revision for ask in asks):
                    return tuple(Taken(Change(), ask.stamp) for ask in asks)
                epoch = db.execute("SELECT epoch FROM clock").fetchone()[0]
                if all(ask.stamp.epoch in (epoch, "") for ask in asks):
                    self._seen = version
                    return tuple(self._exchanged(db, ask) for ask in asks)
        with self._writing() as db:
            return tuple(self._exchanged(db, ask) for ask in asks)

    def recent(self) -> tuple[Recent, ...]:
        """Studies opened lately, newest first; each path once."""
        with self._reading() as db:
            rows = db.execute(
                "SELECT path, opened, words FROM place WHERE listed ORDER BY opened DESC, rowid"
            ).fetchall()
        found: dict[str, Recent] = {}
        for path, opened, words in rows:
            one = found.get(path, Recent(path, opened))
            more = (word for word in _words(words) if word not in one.words)
            found[path] = Recent(path, one.opened, (*one.words, *more))
        return tuple(found.values())

    def forget_recent(self) -> None:
        """Forget where studies were opened, and what they are called; marks stay."""
        with self._writing() as db:
            db.execute("DELETE FROM place")
            db.execute("UPDATE session SET words = '[]'")

    def places_of(self, study: str) -> tuple[Path, ...]:
        """Where a study was opened, the newest first; it need not be there any more."""
        with self._reading() as db:
            query = "SELECT path FROM place WHERE study = ? ORDER BY opened DESC"
            return tuple(Path(path) for (path,) in db.execute(query, (study,)).fetchall())

    def studies(self) -> tuple[str, ...]:
        """Study Instance UIDs of all studies whose place is known."""
        with self._reading() as db:
            rows = db.execute("SELECT DISTINCT study FROM place WHERE study <> ''").fetchall()
        return tuple(study for (study,) in rows)

    # One study

    def _exchanged(self, db: Connection, ask: Ask) -> Taken:
        epoch, revision = db.execute("SELECT epoch, revision FROM clock").fetchone()
        known = ask.stamp if ask.stamp.epoch == epoch else Stamp(epoch)
        base = ask.base if ask.stamp.epoch in (epoch, "") else Kept(ask.base.study)
        theirs = self._theirs(db, ask.now.study, known.revision)
        look, left_at = None, 0.0
        if not known.revision:
            row = db.execute("SELECT look, left_at FROM study WHERE uid = ?", (ask.now.study,)).fetchone()
            look, left_at = (_look(row[0]), row[1]) if row is not None else (None, 0.0)
        now = ask.now
        if now.comment != base.comment:
            now = replace(now, comment=joined_text(now.comment, base.comment, theirs.comment))
        if change := change_of(base, now):
            revision += 1
            db.execute("UPDATE clock SET revision = ?", (revision,))
            self._write(db, ask.now.study, change, revision)
        return Taken(theirs, Stamp(epoch, revision), look, left_at)

    def _theirs(self, db: Connection, study: str, since: int) -> Change:
        """What other windows wrote after a revision; everything, after none."""
        news = "revision > ? AND (writer <> ? OR ? = 0) ORDER BY rowid"
        about = (study, since, self._window, since)
        marks = db.execute(f"SELECT id, record, gone FROM mark WHERE study = ? AND {news}", about).fetchall()
        keys = db.execute(
            f"SELECT instance, frame, series, gone FROM key_image WHERE study = ? AND {news}", about
        ).fetchall()
        text = db.execute(f"SELECT comment FROM study WHERE uid = ? AND {news}", about).fetchone()
        read = [_mark(record) for _, record, gone in marks if not gone]
        return Change(
            tuple(mark for mark in read if mark is not None),
            tuple(id for id, _, gone in marks if gone),
            tuple(KeyImage(study, series, (uid, frame)) for uid, frame, series, gone in keys if not gone),
            tuple((uid, frame) for uid, frame, _, gone in keys if gone),
            text[0] if text is not None else None,
        )

    def _write(self, db: Connection, study: str, change: Change, revision: int) -> None:
        by = (revision, self._window, self._clock())
        for mark in change.marks:
            db.execute(
                "INSERT INTO mark VALUES (?, ?, ?, 0, ?, ?, ?) ON CONFLICT (id) DO UPDATE"
                " SET record = excluded.record, gone = 0, revision = excluded.revision,"
                " writer = excluded.writer, at = excluded.at",
                (mark.id, study, to_json(mark), *by),
            )
        for id in change.gone_marks:
            db.execute("UPDATE mark SET gone = 1, revision = ?, writer = ?, at = ? WHERE id = ?", (*by, id))
        for one in change.key_images:
            db.execute(
                "INSERT INTO key_image VALUES (?, ?, ?, ?, 0, ?, ?, ?)"
                " ON CONFLICT (study, instance, frame) DO UPDATE SET series = excluded.series, gone = 0,"
                " revision = excluded.revision, writer = excluded.writer, at = excluded.at",
                (study, *one.instance, one.series, *by),
            )
        for instance in change.gone_key_images:
            db.execute(
                "UPDATE key_image SET gone = 1, revision = ?, writer = ?, at = ?"
                " WHERE study = ? AND instance = ? AND frame = ?",
                (*by, study, *instance),
            )
        db.execute("INSERT OR IGNORE INTO study (uid) VALUES (?)", (study,))
        if change.comment is not None:
            values = (change.comment, *by[:2], study)
            db.execute("UPDATE study SET comment = ?, revision = ?, writer = ? WHERE uid = ?", values)
        if change.look is not None:
            record = to_json(change.look)
            db.execute("UPDATE study SET look = ?, left_at = ? WHERE uid = ?", (record, by[2], study))

    # Places and windows

    def _note(self, db: Connection, asks: Sequence[Ask]) -> None:
        """Where studies were opened, and that this window has them open now."""
        for ask in asks:
            place, now = ask.place, self._clock()
            if place is None:
                continue
            row = (place.path, ask.now.study, now, place.listed, json.dumps(place.words))
            db.execute("INSERT OR REPLACE INTO place VALUES (?, ?, ?, ?, ?)", row)
            db.execute("DELETE FROM place WHERE path = ? AND study = ''", (place.path,))
            self._enter(db, Recent(place.path, now, place.words))

    def _enter(self, db: Connection, opened: Recent | None) -> None:
        """This window runs, and has this open."""
        own = self._process = self._process or this_process()
        path, words = (opened.path, opened.words) if opened is not None else ("", ())
        row = (self._window, own.host, own.pid, own.started, path, json.dumps(words), self._clock())
        db.execute("INSERT OR REPLACE INTO session VALUES (?, ?, ?, ?, ?, ?, ?)", row)

    def _claim(self, db: Connection) -> Recent | None:
        """What the window had open that was killed last; it is then this window's alone to offer."""
        own = self._process = self._process or this_process()
        query = "SELECT id, host, pid, started, path, words, at FROM session ORDER BY at DESC"
        for id, host, pid, started, path, words, at in db.execute(query).fetchall():
            if was_killed(Process(host, pid, started), own.host):
                db.execute("DELETE FROM session WHERE id = ?", (id,))
                if path:
                    return Recent(path, at, _words(words))
        return None

    def _tidy(self, db: Connection) -> None:
        now = self._clock()
        db.execute("DELETE FROM session WHERE at < ?", (now - UNFINISHED_S,))
        for table in ("mark", "key_image"):
            db.execute(f"DELETE FROM {table} WHERE gone AND at < ?", (now - DELETED_S,))
        db.execute(
            "DELETE FROM place WHERE path NOT IN"
            " (SELECT path FROM place GROUP BY path ORDER BY max(opened) DESC LIMIT ?)",
            (MOST_PLACES,),
        )

    # The file

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with self._lock, self._in_words():
            yield self._open()

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        from sqlite3 import Error

        with self._lock, self._in_words():
            if not self._writable:
                self._close()
            db = self._open(to_write=True)
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
                db.execute("COMMIT")
            except BaseException:
                with suppress(Error):
                    db.execute("ROLLBACK")
                raise

    @contextmanager
    def _in_words(self) -> Iterator[None]:
        """What SQLite and the disk have against it, as a `StoreError`."""
        import sqlite3

        from viewer.session.database import is_damage, store_error

        try:
            yield
        except (sqlite3.Error, OSError) as error:
            if is_damage(error):
                self._close()  # and set aside when it is opened again
            raise store_error(error) from error

    def _open(self, *, to_write: bool = False) -> Connection:
        import sqlite3

        from viewer.session.database import open_database, open_to_read

        if self._connection is None:
            try:
                self._connection, said = open_database(self.path)
                self._said = said or self._said
                self._writable = True
            except (sqlite3.Error, OSError):
                if to_write or not self.path.exists():
                    raise
                self._connection = open_to_read(self.path)
        return self._connection

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection, self._writable, self._seen = None, False, -1


def _words(text: str) -> tuple[str, ...]:
    return tuple(str(word) for word in json.loads(text))


def _mark(record: str) -> Mark | None:
    """The mark; None for what a later version wrote and this one cannot draw: its row stays."""
    try:
        mark = from_plain(Mark, json.loads(record))
    except (ValueError, RecursionError):
        return None
    return mark if isinstance(mark, Mark) and is_sound(mark) else None


def _look(record: str | None) -> Look | None:
    """The look; None where there is none, or one that this version cannot read."""
    try:
        look = from_plain(Look, json.loads(record)) if record else None
    except (ValueError, RecursionError):
        return None
    return look if isinstance(look, Look) else None
