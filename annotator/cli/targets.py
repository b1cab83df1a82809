"""What `annotator check` and `annotator report` look at: the project of a folder, or a COCO file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from annotator.errors import NotFound

if TYPE_CHECKING:
    from annotator.config import Settings
    from annotator.exporters.base import ExportSource


def require_target(target: Path) -> None:
    """Check that there is something of that name.

    Raises:
        NotFound: there is nothing.
    """
    if not target.exists():
        raise NotFound(f"There is no {str(target)!r}; name the folder of a project or a COCO file.")


@contextmanager
def project_source(folder: Path, settings: Settings) -> Iterator[ExportSource]:
    """One consistent view of the project of a folder; no model is loaded.

    Raises:
        NotFound: the folder is not a project yet.
    """
    from annotator.sessions.exporting import ExportJob, StoreSource
    from annotator.sessions.folders import data_folder, database_url
    from annotator.store import project_rows
    from annotator.store.database import Database

    if settings.database_url is None and not (data_folder(folder, settings) / "annotator.db").is_file():
        raise NotFound(f"{str(folder)!r} is not a project yet; open it with `annotator serve` and annotate something.")
    url = database_url(folder, settings)
    database = Database(url)
    try:
        with database.read() as connection:
            project_id = project_rows.first_id(connection)
            if project_id is None:
                raise NotFound(f"{str(folder)!r} holds no project; open it with `annotator serve` first.")
            name = folder.resolve().name or "project"
            yield StoreSource(connection, ExportJob(url, project_id, name, settings.model, "", folder, {}))
    finally:
        database.close()
