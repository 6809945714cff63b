"""The database file: its schema, how older ones are brought up, and what becomes of one that cannot be used.

To change the schema: a script at the end of `MIGRATIONS`, and a file of the schema before it in
`tests/unit/session/test_database.py`.
"""

from __future__ import annotations

import errno
import os
import sqlite3
import time
from pathlib import Path

from viewer.session.kept import StoreError

APPLICATION = 0x474C4253
"""Of the file's header (PRAGMA application_id): tells our databases from others."""
_HEADER = b"SQLite format 3\0"
BUSY_S = 5.0
"""How long another window is waited for."""

_FIRST = (
    "CREATE TABLE clock (epoch TEXT NOT NULL, revision INTEGER NOT NULL)",
    "INSERT INTO clock VALUES (lower(hex(randomblob(16))), 1)",
    """CREATE TABLE study (
        uid TEXT PRIMARY KEY, comment TEXT NOT NULL DEFAULT '', revision INTEGER NOT NULL DEFAULT 0,
        writer TEXT NOT NULL DEFAULT '', look TEXT, left_at REAL NOT NULL DEFAULT 0)""",
    """CREATE TABLE mark (
        id TEXT PRIMARY KEY, study TEXT NOT NULL, record TEXT NOT NULL, gone INTEGER NOT NULL,
        revision INTEGER NOT NULL, writer TEXT NOT NULL, at REAL NOT NULL)""",
    "CREATE INDEX mark_of_study ON mark (study, revision)",
    """CREATE TABLE key_image (
        study TEXT NOT NULL, instance TEXT NOT NULL, frame INTEGER NOT NULL, series TEXT NOT NULL,
        gone INTEGER NOT NULL, revision INTEGER NOT NULL, writer TEXT NOT NULL, at REAL NOT NULL,
        PRIMARY KEY (study, instance, frame))""",
    """CREATE TABLE place (
        path TEXT NOT NULL, study TEXT NOT NULL, opened REAL NOT NULL, listed INTEGER NOT NULL,
        words TEXT NOT NULL, PRIMARY KEY (path, study))""",
    "CREATE INDEX place_of_study ON place (study)",
    """CREATE TABLE session (
        id TEXT PRIMARY KEY, host TEXT NOT NULL, pid INTEGER NOT NULL, started REAL NOT NULL,
        path TEXT NOT NULL, words TEXT NOT NULL, at REAL NOT NULL)""",
)

_LOOKS_WITH_BOXES = (
    """UPDATE study SET look = json_set(look, '$.occluder', json('null'), '$.region', json('null'),
        '$.only_key_images', json('false')) WHERE json_valid(look)""",
)

MIGRATIONS: list[tuple[str, ...]] = [_FIRST, _LOOKS_WITH_BOXES]
"""Statements n make a database of schema n one of schema n + 1; an empty file has schema 0."""


_WHY = {"damaged": "was damaged", "newer": "is of a newer Glassbox"}


class _Unusable(Exception):
    """A file that is no database of ours: `why` is a key of `_WHY`."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def open_database(path: Path) -> tuple[sqlite3.Connection, str]:
    """Open the database, make it, or bring it up to the schema of this version.

    A connection may be used on any thread, by one at a time. It commits each statement unless told to begin.

    Returns
    -------
    Connection, str
        And one sentence, if a file had to be set aside, else "".

    Raises
    ------
    sqlite3.Error, OSError
        Neither this file nor a new one can be used now.
    """
    _make_room(path)
    try:
        return _opened(path), ""
    except _Unusable as unusable:
        aside, said = _set_aside(path, unusable.why), _WHY[unusable.why]
    _make_room(path)
    return _opened(
        path
    ), f"The database of marks {said}, and a new one was begun; the old is kept as {aside}."


def open_to_read(path: Path) -> sqlite3.Connection:
    """Open a database that cannot be written: on a full or read-only disk what it holds is still of use.

    What another window has not yet moved from the log beside it is not seen. sqlite3.Error if it cannot be
    read.
    """
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=ro&immutable=1",
        uri=True,
        isolation_level=None,
        check_same_thread=False,
    )
    try:
        if _schema(connection) == len(MIGRATIONS):
            return connection
        raise sqlite3.DatabaseError("another schema")
    except _Unusable as unusable:
        connection.close()
        raise sqlite3.DatabaseError(unusable.why) from unusable
    except BaseException:
        connection.close()
        raise


def is_damage(error: BaseException) -> bool:
    """Whether the file itself is at fault, so that it is set aside when it is opened again."""
    codes = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
    return isinstance(error, sqlite3.Error) and _code(error) in codes


def store_error(error: sqlite3.Error | OSError) -> StoreError:
    """Why nothing is kept, in a sentence."""
    numbers = (errno.ENOSPC, errno.EDQUOT)
    if _code(error) == sqlite3.SQLITE_FULL or (isinstance(error, OSError) and error.errno in numbers):
        why, remedy = "the disk is full", "Make room on it; saving is tried again by itself."
    elif _code(error) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        why, remedy = "another program holds the database", "Saving is tried again by itself."
    else:
        why = "your data folder cannot be written"
        remedy = "See to it that it can; saving is tried again by itself."
    return StoreError(f"Marks, key images and comments are not saved: {why}.", remedy=remedy)


def _make_room(path: Path) -> None:
    """Folder and file, for nobody else to read."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))


def _opened(path: Path) -> sqlite3.Connection:
    with path.open("rb") as file:
        if file.read(len(_HEADER)) not in (b"", _HEADER):
            raise _Unusable("damaged")  # before SQLite throws away the log beside it
    connection = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
    try:
        schema = _schema(connection)
        if schema > len(MIGRATIONS):
            _require_unused(connection)
            raise _Unusable("newer")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA secure_delete = ON")  # names that were cleared are gone from the file
        if schema < len(MIGRATIONS):
            _bring_up(connection)
        return connection
    except sqlite3.Error as error:
        connection.close()
        if is_damage(error):
            raise _Unusable("damaged") from error
        raise
    except BaseException:
        connection.close()
        raise


def _schema(connection: sqlite3.Connection) -> int:
    """The schema of a whole database of ours; `_Unusable` or sqlite3.DatabaseError for any other file."""
    schema = int(connection.execute("PRAGMA user_version").fetchone()[0])
    application = int(connection.execute("PRAGMA application_id").fetchone()[0])
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if (schema or tables) and application != APPLICATION:
        raise _Unusable("damaged")
    if connection.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
        raise _Unusable("damaged")
    return schema


def _bring_up(connection: sqlite3.Connection) -> None:
    """All steps or none: a crash on the way leaves the database as it was."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        # Another window may have been quicker.
        schema = int(connection.execute("PRAGMA user_version").fetchone()[0])
        for statements in MIGRATIONS[schema:]:
            for statement in statements:
                connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION}")
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def _require_unused(connection: sqlite3.Connection) -> None:
    """SQLITE_BUSY if another process has the database open: a file in use is not moved away under it."""
    connection.execute("PRAGMA busy_timeout = 200")
    connection.execute("PRAGMA locking_mode = EXCLUSIVE")
    connection.execute("BEGIN EXCLUSIVE")
    connection.execute("ROLLBACK")


def _set_aside(path: Path, why: str) -> str:
    """Give the file, and the log that belongs to it, another name; that name."""
    stem = f"{path.stem}.{why}-{time.strftime('%Y%m%d-%H%M%S')}"
    names = (f"{stem}{'' if number == 1 else f'-{number}'}{path.suffix}" for number in range(1, 1000))
    aside = next(name for name in names if not path.with_name(name).exists())
    for ending in ("-wal", "-shm", ""):  # the log first: left behind, it would be taken for the new one's
        beside = path.with_name(path.name + ending)
        if beside.exists():
            beside.rename(path.with_name(aside + ending))
    return aside


def _code(error: BaseException) -> int:
    """The primary result code of SQLite; 0 for other errors."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF
