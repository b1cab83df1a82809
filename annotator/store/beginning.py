"""A copy of a project's database for strangers to begin with: its images, categories and objects, nobody's own things.

The files are copied as they are. Even a connection that only reads may write beside a database (its `-shm` file), and
the project has to stay as it is, byte for byte.
"""

from __future__ import annotations

import shutil
import sqlite3
import time
from contextlib import closing
from pathlib import Path

from sqlalchemy import Connection, delete, update

from annotator.errors import StorageProblem
from annotator.store import schema
from annotator.store.database import Database

SOMEBODY = "the team"
"""Stands in the place of everybody's name."""
_TRIES = 10
_PAUSE_SECONDS = 0.2
# In an order that no row is left behind whose other end is gone.
_OWN = (
    schema.credentials,
    schema.people,
    schema.audit,
    schema.leases,
    schema.drafts,
    schema.changes,
    schema.places,
    schema.events,
    schema.findings,
    schema.version_entries,
    schema.version_contents,
    schema.versions,
)


def begin_from(source: Path, target: Path) -> None:
    """Write a copy of the database `source` to `target`, of the newest schema, without what belongs to people.

    Accounts and what proves a sign-in, the audit, drafts, histories, assignments, notes and versions are left out, and
    names stand nowhere.

    Raises:
        StorageProblem: it can't be read, is written all the time, or is damaged.
    """
    _copied(source, target)
    database = Database(f"sqlite:///{target}")
    try:
        with database.write() as connection:
            _strip(connection)
    finally:
        database.close()
    with closing(sqlite3.connect(target)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")
        connection.execute("VACUUM")  # what was removed is in the file until then


def _strip(connection: Connection) -> None:
    for table in _OWN:
        connection.execute(delete(table))
    connection.execute(update(schema.images).values(assignee=None, note=None))
    connection.execute(update(schema.annotations).values(author=SOMEBODY, updated_by=SOMEBODY, note=""))


def _copied(source: Path, target: Path) -> None:
    """Copy a database and its log while nobody writes them, and see that the copy is whole."""
    parts = [(_beside(source, ending), _beside(target, ending)) for ending in ("", "-wal")]
    for attempt in range(_TRIES):
        if attempt:
            time.sleep(_PAUSE_SECONDS)
        before = [_stamp(there) for there, _ in parts]
        try:
            for there, here in parts:
                here.unlink(missing_ok=True)
                if there.exists():
                    shutil.copyfile(there, here)
        except OSError as error:
            raise StorageProblem(f"The project can't be copied: {error.strerror}. Make room or rights.") from error
        if before == [_stamp(there) for there, _ in parts] and _is_whole(target):
            return
    raise StorageProblem(
        f"The database {str(source)!r} can't be copied: it is damaged or written all the time. Stop what writes it and"
        " try again."
    )


def _beside(path: Path, ending: str) -> Path:
    return path.with_name(path.name + ending)


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_size, found.st_mtime_ns


def _is_whole(path: Path) -> bool:
    try:
        with closing(sqlite3.connect(path)) as connection:
            return bool(connection.execute("PRAGMA quick_check").fetchone() == ("ok",))
    except sqlite3.DatabaseError:
        return False
