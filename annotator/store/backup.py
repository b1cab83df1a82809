"""A copy of a SQLite database while it is in use, and whether a file is one of ours."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from sqlalchemy.engine import make_url

from annotator.errors import InvalidInput, StorageProblem
from annotator.store.database import SCHEMA

_PAGES = 256


def sqlite_path(url: str) -> Path:
    """The file of a SQLite database.

    Raises:
        InvalidInput: it is a database server, which has tools of its own for this.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite" or not parsed.database:
        raise InvalidInput("Only SQLite databases are backed up here; use your database server's own, e.g. pg_dump.")
    return Path(parsed.database)


def copy(source: Path, target: Path, progress: Callable[[int, int], None]) -> None:
    """Copy a database as it is at one moment, while others read and write it (SQLite's online backup).

    Raises:
        StorageProblem: it can't be read, or the copy not be written.
    """
    try:
        with closing(sqlite3.connect(source, timeout=10)) as reading, closing(sqlite3.connect(target)) as writing:
            reading.backup(writing, pages=_PAGES, progress=lambda _, left, all: progress(all - left, all))
            writing.execute("PRAGMA journal_mode=DELETE")  # one file, without a log beside it
    except sqlite3.Error as error:
        raise StorageProblem(f"The database can't be copied: {error}. Check the disk and try again.") from error


def require_sound(path: Path) -> str:
    """Check that a file is a whole database of annotator that this version can open. Returns its schema.

    Raises:
        InvalidInput: it is damaged, something else, or of a newer version.
    """
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            answer = connection.execute("PRAGMA integrity_check").fetchone()
            row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.Error as error:
        raise InvalidInput(f"The backup's database can't be read: {error}. Nothing was changed.") from error
    if answer != ("ok",) or row is None:
        raise InvalidInput(f"The backup's database is damaged ({answer[0]}). Nothing was changed.")
    schema = str(row[0])
    if schema > SCHEMA:
        raise InvalidInput(f"The backup was made by a newer version (schema {schema}); update first.")
    return schema
