"""Exports: the store as a source of what exporters write."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection

from annotator.config import Settings
from annotator.errors import NotFound
from annotator.exporters import get_exporter
from annotator.exporters.base import ExportAnnotation, ExportCategory, ExportImage, ExportReport, Progress
from annotator.images.decode import decode, is_upright
from annotator.sessions.folders import data_folder, database_url
from annotator.sessions.look_alikes import look_alikes
from annotator.store import annotation_rows, image_rows, project_rows
from annotator.store.database import Database

_PAGE = 500


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


class StoreSource:
    """One consistent view of a project in the store, read in constant memory."""

    def __init__(self, connection: Connection, *, folder: Path, project_id: str, name: str, model: str) -> None:
        self._connection = connection
        self._folder = folder
        self._project_id = project_id
        self._name = name
        self._model = model

    @property
    def project_name(self) -> str:
        return self._name

    @property
    def model(self) -> str:
        return self._model

    @property
    def extra(self) -> dict[str, Any]:
        return project_rows.extra(self._connection, self._project_id)

    def picture(self, image_id: str) -> npt.NDArray[np.uint8]:
        """The image as (H, W, 3) RGB in display orientation."""
        return decode(self._path(image_id)).pixels

    def file(self, image_id: str) -> Path | None:
        """The original file, if every reader shows it in display orientation."""
        path = self._path(image_id)
        return path if is_upright(path) else None

    def look_alikes(self, progress: Progress) -> list[tuple[str, ...]]:
        """Ids of images whose pictures look the same, in groups."""
        return look_alikes(list(self.images()), self._folder, progress)

    def _path(self, image_id: str) -> Path:
        return self._folder / image_rows.get(self._connection, image_id).name

    def categories(self) -> list[ExportCategory]:
        """All categories by id."""
        return [
            ExportCategory(
                id=row.id, name=row.name, supercategory=row.supercategory, colour=row.colour, extra=row.extra
            )
            for row in project_rows.list_categories(self._connection, self._project_id)
        ]

    def images(self) -> Iterator[ExportImage]:
        """All images in natural order of names."""
        cursor: str | None = None
        while True:
            page = image_rows.page(
                self._connection, self._project_id, status=None, query=None, limit=_PAGE, cursor=cursor
            )
            for row in page.items:
                yield ExportImage(
                    id=row.id,
                    number=row.number,
                    name=row.name,
                    width=row.width,
                    height=row.height,
                    state=row.state,
                    problem=row.problem,
                    extra=row.extra,
                )
            cursor = page.cursor
            if cursor is None:
                return

    def annotations(self, image_id: str) -> list[ExportAnnotation]:
        """The annotations of an image by id."""
        return [
            ExportAnnotation(
                id=row.id,
                category_id=row.category_id,
                mask=row.mask,
                score=row.score,
                provenance={**row.provenance.to_json(), "author": row.author, "created": row.created},
                review=row.review,
                extra=row.extra,
            )
            for row in annotation_rows.of_image(self._connection, image_id)
        ]


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
            source = StoreSource(
                connection, folder=job.folder, project_id=job.project_id, name=job.project_name, model=job.model
            )
            return exporter.export(source, job.target, job.options, progress)
    finally:
        database.close()


def export_folder(
    folder: Path,
    settings: Settings,
    *,
    format: str,
    out: Path,
    options: dict[str, Any],
    progress: Callable[[int, int], None],
) -> ExportReport:
    """Export the project of a folder without opening it for annotation: no model is loaded, no image is read.

    Raises:
        NotFound: the folder is not a project yet.
        InvalidInput, ExportFailed: as `run`.
    """
    with project_of(folder, settings) as source:
        return get_exporter(format).export(source, out / source.project_name / format, options, progress)


@contextmanager
def project_of(folder: Path, settings: Settings) -> Iterator[StoreSource]:
    """One consistent view of the project of a folder; no model is loaded, no image is read.

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
            name = folder.resolve().name or "project"
            yield StoreSource(connection, folder=folder, project_id=project_id, name=name, model=settings.model)
    finally:
        database.close()
