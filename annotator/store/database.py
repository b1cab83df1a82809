"""Connections and transactions: many readers, one writer at a time, on disk before the reply is sent."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, create_engine, event, exc, inspect, text
from sqlalchemy.engine import make_url

from annotator.errors import Busy, InvalidInput, StorageProblem

_MIGRATIONS = Path(__file__).parent / "migrations"

SCHEMA = "0009"
"""The newest migration; a test compares it with the files."""

_WRITERS = 0x616E6E6F7461746F
"""Name of the lock that writers take on PostgreSQL."""


def now() -> str:
    """The time as ISO 8601 text in UTC, to the millisecond."""
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Database:
    """A database with annotator's tables, brought to the newest schema when opened.

    Args:
        url: any SQLAlchemy URL; `sqlite:///…` by default elsewhere.
        kept: connections that stay open when nobody uses them.

    Raises:
        StorageProblem: it can't be opened or written.
    """

    def __init__(self, url: str, *, kept: int = 16) -> None:
        self.url = url
        self._writer = threading.Lock()
        self._sqlite = make_url(url).get_backend_name() == "sqlite"
        # As many connections as requests may wait in threads: one that waits for a connection must not fail for it.
        pool: dict[str, Any] = {"pool_size": kept, "max_overflow": 144 - kept, "pool_timeout": 10}
        if self._sqlite:
            pool["connect_args"] = {"timeout": 10}
        else:
            pool["pool_pre_ping"] = True  # the server may have been restarted
        try:
            self._engine = create_engine(url, **pool)
        except ModuleNotFoundError as error:
            raise StorageProblem(
                f"The database needs the package {error.name}; install it (for PostgreSQL: pip install"
                " 'annotator[postgresql]') or leave the setting database_url away."
            ) from error
        if self._sqlite:
            event.listen(self._engine, "connect", _prepare_sqlite)
            # The driver must not begin transactions by itself: a writer begins with IMMEDIATE, see `write`.
            event.listen(self._engine, "begin", _begin)
        with self._sentences():
            self._migrate()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One consistent view of the database; nothing is written."""
        with self._sentences(), self._engine.connect() as connection:
            if not self._sqlite:
                connection = connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            yield connection
            connection.rollback()

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One transaction; everything in it happens or nothing does. It is on disk when the block is left."""
        with self._sentences(), self._writer, self._engine.connect() as connection:
            connection = connection.execution_options(annotator_write=True)
            with connection.begin():
                if not self._sqlite:
                    # What BEGIN IMMEDIATE does for SQLite: one writer at a time, of all processes.
                    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _WRITERS})
                yield connection

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    def _migrate(self) -> None:
        with self._engine.connect() as connection:
            known = inspect(connection).has_table("alembic_version")
            current = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar() if known else None
        if current == SCHEMA:
            return
        # Imported here because it takes longer than everything else at a start that needs no migration.
        from alembic import command
        from alembic.config import Config

        config = Config()
        config.set_main_option("script_location", str(_MIGRATIONS))
        config.set_main_option("path_separator", "os")
        with self.write() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, SCHEMA)

    @contextmanager
    def _sentences(self) -> Iterator[None]:
        try:
            yield
        except exc.DataError as error:
            raise InvalidInput(f"The database can't keep this: {error.orig}. Change what was sent.") from error
        except exc.TimeoutError as error:
            raise Busy("The database answers too many at once; try again in a moment.", retry_after=2) from error
        except (exc.OperationalError, exc.InternalError, exc.InterfaceError) as error:
            raise StorageProblem(
                f"The database {make_url(self.url).render_as_string()} can't be used: {_first_line(error.orig)}. Check"
                f" that {'its folder exists and can be written' if self._sqlite else 'its server runs'} and that the"
                " disk has room; nothing was changed."
            ) from error


def _first_line(problem: object) -> str:
    return str(problem).strip().splitlines()[0].rstrip(".") if str(problem).strip() else "it does not answer"


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=10000"):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    write = connection.get_execution_options().get("annotator_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
