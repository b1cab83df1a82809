"""What exports read: the project as it is now, or a version of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection

from annotator.domain.annotation import Annotation
from annotator.domain.version import Version, annotation_of
from annotator.errors import ImageProblem
from annotator.exporters.base import ExportAnnotation, ExportCategory, ExportImage, Progress
from annotator.images.decode import decode, is_upright
from annotator.sessions.look_alikes import look_alikes
from annotator.store import annotation_rows, image_rows, project_rows, version_rows

_PAGE = 500


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

    @property
    def created(self) -> str | None:
        """None: an export of the project as it is now is made now."""
        return None

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
        return [export_annotation(row) for row in annotation_rows.of_image(self._connection, image_id)]


class VersionSource:
    """A version as a source of exports: the same each time, whatever has become of the project."""

    def __init__(self, connection: Connection, version: Version, *, folder: Path, project: str) -> None:
        self._connection = connection
        self._version = version
        self._folder = folder
        self._project = project

    @property
    def project_name(self) -> str:
        return self._project

    @property
    def model(self) -> str:
        return self._version.model

    @property
    def extra(self) -> dict[str, Any]:
        return self._version.extra

    @property
    def created(self) -> str | None:
        """When the version was made."""
        return self._version.created

    def categories(self) -> list[ExportCategory]:
        """All categories by id."""
        rows = version_rows.entries(self._connection, self._version.id, "category")
        return [
            ExportCategory(int(key), one["name"], one["supercategory"], one["colour"], one["extra"])
            for key, one in rows
        ]

    def images(self) -> Iterator[ExportImage]:
        """All images in natural order of names."""
        for key, one in version_rows.entries(self._connection, self._version.id, "image"):
            yield ExportImage(
                id=key,
                number=one["number"],
                name=one["name"],
                width=one["width"],
                height=one["height"],
                state=one["state"],
                problem=one["problem"],
                extra=one["extra"],
            )

    def annotations(self, image_id: str) -> list[ExportAnnotation]:
        """The annotations of an image by id."""
        rows = version_rows.entries(self._connection, self._version.id, "annotation", image_id=image_id)
        return [export_annotation(annotation_of(int(key), content)) for key, content in rows]

    def picture(self, image_id: str) -> npt.NDArray[np.uint8]:
        """The image as (H, W, 3) RGB in display orientation.

        Raises:
            ImageProblem: its file is not there any more, or another one.
        """
        return decode(self._path(image_id)).pixels

    def file(self, image_id: str) -> Path | None:
        """The original file, if every reader shows it in display orientation."""
        path = self._path(image_id)
        return path if is_upright(path) else None

    def look_alikes(self, progress: Progress) -> list[tuple[str, ...]]:
        """Ids of images whose pictures look the same, in groups."""
        return look_alikes(list(self.images()), self._folder, progress)

    def _path(self, image_id: str) -> Path:
        image = image_rows.get(self._connection, image_id)  # an image's id is made of its content
        if image.problem is not None:
            raise ImageProblem(f"“{image.name}” is not there as it was in “{self._version.name}”: {image.problem}")
        return self._folder / image.name


def export_annotation(row: Annotation) -> ExportAnnotation:
    """An annotation as exporters see it."""
    return ExportAnnotation(
        id=row.id,
        category_id=row.category_id,
        mask=row.mask,
        score=row.score,
        provenance={**row.provenance.to_json(), "author": row.author, "created": row.created},
        review=row.review,
        extra=row.extra,
    )
