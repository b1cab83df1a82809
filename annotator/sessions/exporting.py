"""Exports: the store as a source of what exporters write."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from annotator.config import Settings
from annotator.errors import ExportFailed, NotFound
from annotator.exporters import get_exporter
from annotator.exporters.base import ExportReport, ExportSource
from annotator.sessions.allowance import Allowance
from annotator.sessions.folders import data_folder, database_url
from annotator.sessions.processes import run_in_process
from annotator.sessions.sources import StoreSource, VersionSource
from annotator.store import project_rows, version_rows
from annotator.store.database import Database


@dataclass(frozen=True, slots=True)
class ExportJob:
    """Everything an export needs, as values that can be sent to another process."""

    database_url: str
    folder: Path
    project_id: str
    project_name: str
    model: str
    format: str
    target: Path
    options: dict[str, Any]
    version: str | None = None


def run(job: ExportJob, progress: Callable[[int, int], None]) -> ExportReport:
    """Export in this process, from one read transaction.

    Raises:
        InvalidInput: the format or an option is unknown, or there is nothing to export.
        ExportFailed: the written file did not agree with the store; it was removed.
    """
    exporter = get_exporter(job.format)
    database = Database(job.database_url)
    try:
        with database.read() as connection:
            source = source_of(
                connection,
                folder=job.folder,
                project_id=job.project_id,
                name=job.project_name,
                model=job.model,
                version=job.version,
            )
            return exporter.export(source, job.target, job.options, progress)
    finally:
        database.close()


def run_elsewhere(job: ExportJob, progress: Callable[[int, int], None], allowance: Allowance | None) -> ExportReport:
    """Export in a process of its own.

    Args:
        allowance: of the visitor who asks; None: somebody who is known.

    Raises:
        NotAllowed, Busy: a visitor asks for more than they may have, or it is another's turn.
        InvalidInput, ExportFailed: as `run`.
    """
    ended = ExportFailed("The export ended early; nothing was written. Free memory or disk space and try again.")
    with nullcontext() if allowance is None else allowance.exporting(job.format):
        return run_in_process(partial(run, job), progress, ended=ended)


def export_folder(
    folder: Path,
    settings: Settings,
    *,
    format: str,
    out: Path,
    options: dict[str, Any],
    progress: Callable[[int, int], None],
    version: str | None = None,
) -> ExportReport:
    """Export the project of a folder without opening it for annotation: no model is loaded, no image is read.

    Raises:
        NotFound: the folder is not a project yet.
        InvalidInput, ExportFailed: as `run`.
    """
    with project_of(folder, settings, version=version) as source:
        return get_exporter(format).export(source, out / source.project_name / format, options, progress)


@contextmanager
def project_of(folder: Path, settings: Settings, *, version: str | None = None) -> Iterator[ExportSource]:
    """One consistent view of the project of a folder, or of a version of it; no model is loaded, no image is read.

    Raises:
        NotFound: the folder is not a project yet, or there is no such version.
    """
    with opened_project(folder, settings) as (database, project_id), database.read() as connection:
        name = folder.resolve().name or "project"
        yield source_of(
            connection, folder=folder, project_id=project_id, name=name, model=settings.model, version=version
        )


@contextmanager
def opened_project(folder: Path, settings: Settings) -> Iterator[tuple[Database, str]]:
    """The database of a folder that is a project, and the project's id.

    Raises:
        NotFound: the folder is not a project yet.
    """
    if settings.database_url is None and not (data_folder(folder, settings) / "annotator.db").is_file():
        raise NotFound(f"{str(folder)!r} is not a project yet; open it with `annotator serve` and annotate something.")
    database = Database(database_url(folder, settings))
    try:
        with database.read() as connection:
            project_id = project_rows.first_id(connection)
        if project_id is None:
            raise NotFound(f"{str(folder)!r} holds no project; open it with `annotator serve` first.")
        yield database, project_id
    finally:
        database.close()


def source_of(
    connection: Connection, *, folder: Path, project_id: str, name: str, model: str, version: str | None
) -> ExportSource:
    """The project as it is now, or a version of it.

    Raises:
        NotFound: there is no such version.
    """
    if version is None:
        return StoreSource(connection, folder=folder, project_id=project_id, name=name, model=model)
    found = version_rows.get(connection, project_id, version)
    return VersionSource(connection, found, folder=folder, project=name)
