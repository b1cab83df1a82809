"""Importing: what a dataset holds is matched with the project's images and written in one transaction.

Ids survive where they are free: those of categories and objects that nothing here has had before, and those of images
while the project has no object. What is there already, mask for mask, is not added again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from annotator.domain.annotation import REVIEW_STATES, Annotation, Provenance
from annotator.domain.project import IMAGE_STATES, MAX_NAME, Category, Image, next_colour
from annotator.importers import format_of, get_importer
from annotator.importers.base import BadRecord, KnownImage, Project
from annotator.importers.coco_records import NAMESPACE
from annotator.sessions.import_reading import Dataset, FoundObject, MaskOfBox, matched, with_masks
from annotator.sessions.together import announce
from annotator.store import annotation_rows, image_rows, project_rows
from annotator.store.database import Database, now

_RECORD: dict[str, type | tuple[type, ...]] = {
    "source": str,
    "prompt": dict,
    "model": str,
    "clicks": int,
    "seconds": (int, float),
    "draft": str,
    "cut": int,
}
"""Fields of a `Provenance` and what they can be."""


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did, or would do.

    Attributes:
        images: images of the project that the dataset knows.
        added: objects that are new; `masked` of them were boxes that a model made masks of.
        already: objects that were there before.
        renumbered: objects that could not keep their ids.
        problems: what was left out or mended, with its place in the dataset.
    """

    images: int
    added: int
    already: int
    categories: int
    masked: int
    renumbered: int
    problems: tuple[BadRecord, ...]
    seconds: float
    dry: bool


class _DryRun(Exception):
    """Undoes the transaction of an import that only says what it would do."""


def import_at(
    database_url: str,
    project_id: str,
    path: Path,
    progress: Callable[[int, int], None],
    *,
    author: str,
    format: str,
    dry: bool,
    mask_of: MaskOfBox | None = None,
) -> ImportReport:
    """`import_dataset` with a connection of its own, for work in another process."""
    database = Database(database_url)
    try:
        return import_dataset(
            database,
            project_id,
            path,
            author=author,
            format=format,
            dry=dry,
            mask_of=mask_of,
            progress=progress,
        )
    finally:
        database.close()


def import_dataset(
    database: Database,
    project_id: str,
    path: Path,
    *,
    author: str,
    format: str = "auto",
    dry: bool = False,
    mask_of: MaskOfBox | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> ImportReport:
    """Add the objects of a dataset to a project whose images are known.

    Args:
        format: an importer's name; `auto` looks into the file or folder.
        dry: only say what would be done.
        mask_of: makes masks of boxes; None: objects that have only a box are left out, and that is said.
        progress: of reading the dataset.

    Raises:
        InvalidInput: the file is not of the format; nothing was changed.
        OSError: it can't be read.
    """
    began = time.monotonic()
    with database.read() as connection:
        images = image_rows.everything(connection, project_id)
        categories = project_rows.list_categories(connection, project_id)
    project = Project(
        tuple(KnownImage(one.number, one.name, one.width, one.height) for one in images),
        {one.id: one.name for one in categories},
    )
    read = Dataset()
    importer = get_importer(format_of(path) if format == "auto" else format)
    for found in importer.read(path, project=project, progress=progress):
        read.take(found)
    places = matched(read, images)
    objects = with_masks(read, places, mask_of)
    report = None
    with suppress(_DryRun), database.write() as connection:
        report = _Writer(connection, project_id, author, read, places).write(objects, dry=dry)
        if dry:
            raise _DryRun
    assert report is not None
    return replace(report, seconds=time.monotonic() - began)


class _Writer:
    """Writes what was read, in a transaction of the caller's."""

    def __init__(
        self, connection: Connection, project_id: str, author: str, read: Dataset, places: Mapping[int, Image]
    ) -> None:
        self._connection = connection
        self._project_id = project_id
        self._author = author
        self._read = read
        self._places = places

    def write(self, objects: list[FoundObject], *, dry: bool) -> ImportReport:
        numbers, added = self._categories()
        there = self._there()
        new = []
        for one in objects:
            category = numbers.get(one.found.category)
            if category is None:
                text = f"There is no category {one.found.category}; it is left out."
                self._read.problems.append(BadRecord(one.found.where, text))
            elif (one.image.id, category, one.mask.counts) not in there:
                new.append((one, category))
        annotations = self._annotations(new)
        annotation_rows.add_all(self._connection, annotations)
        announce(self._connection, self._project_id, "images", image_id=None, author=self._author)
        self._images(fresh=not there, touched={annotation.image_id for annotation in annotations})
        if self._read.notes:
            kept = project_rows.extra(self._connection, self._project_id)
            project_rows.set_extra(self._connection, self._project_id, {**kept, **self._read.notes})
        ids = zip(new, annotations, strict=True)
        return ImportReport(
            images=len(self._places),
            added=len(annotations),
            already=len(objects) - len(new),
            categories=added,
            masked=sum(one.made is not None for one, _ in new),
            renumbered=sum(one.found.number not in (None, made.id) for (one, _), made in ids),
            problems=tuple(self._read.problems),
            seconds=0.0,
            dry=dry,
        )

    def _categories(self) -> tuple[dict[int, int], int]:
        """The project's category ids by the dataset's; new ones are added, under their ids where these are free."""
        known = project_rows.list_categories(self._connection, self._project_id)
        ids = {category.name: category.id for category in known}
        colours = [category.colour for category in known]
        if not self._read.categories:
            return {category.id: category.id for category in known}, 0
        numbers: dict[int, int] = {}
        added = 0
        if not known and all("own" not in found.extra for found in self._read.categories):
            self._read.notes[NAMESPACE] = {"category_ids": "keep"}
        for found in sorted(self._read.categories, key=lambda one: one.number):
            name = found.name[:MAX_NAME]
            if name not in ids:
                extra = dict(found.extra)
                wanted = extra.pop("own", found.number)
                free = project_rows.next_category(self._connection, self._project_id)
                colour = found.colour or next_colour(colours)
                number = max(wanted, free)
                category = Category(number, name, found.supercategory[:MAX_NAME], colour, extra=extra or None)
                project_rows.import_category(self._connection, self._project_id, category)
                ids[name] = number
                colours.append(colour)
                added += 1
            numbers[found.number] = ids[name]
        return numbers, added

    def _there(self) -> set[tuple[str, int, bytes]]:
        """The objects that the project's images have already."""
        return {
            (image.id, one.category_id, one.mask.counts)
            for image in self._places.values()
            for one in annotation_rows.of_image(self._connection, image.id)
        }

    def _annotations(self, new: list[tuple[FoundObject, int]]) -> list[Annotation]:
        """The new objects, under their ids where nothing has had these before."""
        if not new:
            return []
        free = annotation_rows.reserve_id(self._connection, new[0][0].image.id)
        taken: set[int] = set()
        highest = max(free - 1, max(one.found.number or 0 for one, _ in new))
        annotations = []
        for one, category in new:
            number = one.found.number
            if number is None or number < free or number in taken:
                number = highest = highest + 1
            taken.add(number)
            annotations.append(self._annotation(number, one, category))
        return annotations

    def _annotation(self, number: int, one: FoundObject, category: int) -> Annotation:
        record = one.found.record
        score = one.found.score
        provenance = _provenance(record)
        if one.made is not None:
            prompt, score, model = one.made
            provenance = Provenance(source="model", prompt=prompt.to_json(), model=model)
        review = record.get("review")
        return Annotation(
            id=number,
            image_id=one.image.id,
            category_id=category,
            mask=one.mask,
            author=str(record.get("author") or self._author),
            created=_time(record.get("created")) or now(),
            updated=now(),
            score=score,
            provenance=provenance,
            review=review if review in REVIEW_STATES else "unreviewed",
            extra=dict(one.found.extra) or None,
        )

    def _images(self, *, fresh: bool, touched: set[str]) -> None:
        """Numbers, states and unknown fields of the images."""
        wanted = {self._places[one.number].id: one for one in self._read.images if one.number in self._places}
        if fresh and wanted:
            self._renumber({image_id: one.number for image_id, one in wanted.items()})
        for image_id in touched:
            image_rows.touch_state(self._connection, image_id)
        for image_id, one in wanted.items():
            if one.extra:
                image_rows.set_extra(self._connection, image_id, dict(one.extra))
            if fresh and one.state in IMAGE_STATES:
                image_rows.set_state(self._connection, image_id, one.state)

    def _renumber(self, wanted: dict[str, int]) -> None:
        """The dataset's numbers for its images; others that have one of these move behind them."""
        if len(set(wanted.values())) != len(wanted) or min(wanted.values()) < 1:
            return
        every = image_rows.everything(self._connection, self._project_id)
        taken = set(wanted.values())
        highest = max(*taken, *(image.number for image in every), 0)
        numbers = dict(wanted)
        for image in every:
            if image.id not in wanted and image.number in taken:
                numbers[image.id] = highest = highest + 1
        image_rows.renumber(self._connection, self._project_id, numbers)


def _provenance(record: Mapping[str, Any]) -> Provenance:
    """How the object was made, as our own export says it; of anything else that it was imported."""
    kept = {name: record[name] for name, type_ in _RECORD.items() if isinstance(record.get(name), type_)}
    return Provenance(**kept) if "source" in kept else Provenance(source="import")


def _time(text: Any) -> str | None:
    """An ISO 8601 time, or None."""
    if not isinstance(text, str) or len(text) > 32:
        return None
    try:
        datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return None
    return text
