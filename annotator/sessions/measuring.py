"""Statistics of a project, counted in a process of its own."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from annotator.errors import StorageProblem
from annotator.quality.figures import Statistics
from annotator.quality.statistics import collect
from annotator.sessions.processes import run_in_process
from annotator.sessions.sources import StoreSource
from annotator.store.database import Database

Steps = Callable[[int, int], None]


def measure(url: str, *, project_id: str, name: str, folder: Path, progress: Steps) -> Statistics:
    """Count, so that nobody's clicks wait.

    Raises:
        StorageProblem: the database can't be read.
    """
    ended = StorageProblem("The counting ended early. Free memory and try again.")
    return run_in_process(partial(_measure_at, url, project_id, name, folder), progress, ended=ended)


def _measure_at(url: str, project_id: str, name: str, folder: Path, progress: Steps) -> Statistics:
    database = Database(url)
    try:
        with database.read() as connection:
            source = StoreSource(connection, folder=folder, project_id=project_id, name=name, model="")
            return collect(source, progress)
    finally:
        database.close()
