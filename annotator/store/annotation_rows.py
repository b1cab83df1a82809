"""Rows of table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, bindparam, insert, select, update
from sqlalchemy import delete as sql_delete
from sqlalchemy import text as sql_text

from annotator.domain.annotation import Annotation, Provenance
from annotator.domain.mask import Mask
from annotator.errors import NotFound
from annotator.store.schema import annotations as table

_BATCH = 1000
_EVERY_COLUMN: dict[str, Any] = {column.name: bindparam(column.name) for column in table.columns if column.name != "id"}


def get(connection: Connection, annotation_id: int) -> Annotation:
    """One annotation.

    Raises:
        NotFound: there is none with this id.
    """
    row = connection.execute(select(table).where(table.c.id == annotation_id)).one_or_none()
    if row is None:
        raise NotFound(f"There is no object {annotation_id}; it may have been deleted. Reload the image.")
    return annotation_of(row)


def of_image(connection: Connection, image_id: str) -> Iterator[Annotation]:
    """The annotations of an image by id."""
    rows = connection.execute(select(table).where(table.c.image_id == image_id).order_by(table.c.id))
    return (annotation_of(row) for row in rows)


def find_all(connection: Connection, ids: Sequence[int]) -> dict[int, Annotation]:
    """Those annotations that exist, by id."""
    found: dict[int, Annotation] = {}
    for start in range(0, len(ids), _BATCH):
        rows = connection.execute(select(table).where(table.c.id.in_(ids[start : start + _BATCH])))
        found.update((row.id, annotation_of(row)) for row in rows)
    return found


def reserve_id(connection: Connection, image_id: str) -> int:
    """An id for a new annotation that nothing has had before: what the next insert would get."""
    probe = insert(table).values(
        image_id=image_id,
        category_id=0,
        height=1,
        width=1,
        counts=b"1",
        area=0,
        provenance={},
        review="unreviewed",
        note="",
        hidden=False,
        locked=False,
        author="",
        revision=0,
        created="",
        updated="",
        updated_by="",
    )
    result = connection.execute(probe).inserted_primary_key
    assert result is not None
    annotation_id = int(result[0])
    delete(connection, annotation_id)
    return annotation_id


def save(connection: Connection, annotation: Annotation) -> None:
    """Insert an annotation under its id, or replace the one that has it."""
    values = _values(annotation)
    if not connection.execute(update(table).where(table.c.id == annotation.id).values(values)).rowcount:
        connection.execute(insert(table).values(id=annotation.id, **values))
        _never_again(connection, annotation.id)


def save_all(connection: Connection, annotations: Sequence[Annotation]) -> None:
    """`save` many at once."""
    there = find_all(connection, [one.id for one in annotations])
    known = [{"known": one.id, **_values(one)} for one in annotations if one.id in there]
    if known:
        connection.execute(update(table).where(table.c.id == bindparam("known")).values(_EVERY_COLUMN), known)
    add_all(connection, [one for one in annotations if one.id not in there])


def add_all(connection: Connection, annotations: Sequence[Annotation]) -> None:
    """Insert many new annotations under their ids."""
    for start in range(0, len(annotations), _BATCH):
        rows = [{"id": one.id, **_values(one)} for one in annotations[start : start + _BATCH]]
        connection.execute(insert(table), rows)
    if annotations:
        _never_again(connection, max(one.id for one in annotations))


def _never_again(connection: Connection, annotation_id: int) -> None:
    """Ids that came from outside are never handed out here; SQLite sees to that by itself."""
    if connection.dialect.name == "postgresql":
        connection.execute(
            sql_text(
                "SELECT setval('annotations_id_seq', greatest((SELECT last_value FROM annotations_id_seq), :given))"
            ),
            {"given": annotation_id},
        )


def _values(annotation: Annotation) -> dict[str, Any]:
    return {
        "image_id": annotation.image_id,
        "category_id": annotation.category_id,
        "height": annotation.mask.height,
        "width": annotation.mask.width,
        "counts": annotation.mask.counts,
        "area": annotation.mask.area,
        "score": annotation.score,
        "provenance": annotation.provenance.to_json(),
        "review": annotation.review,
        "note": annotation.note,
        "hidden": annotation.hidden,
        "locked": annotation.locked,
        "author": annotation.author,
        "revision": annotation.revision,
        "created": annotation.created,
        "updated": annotation.updated,
        "updated_by": annotation.updated_by,
        "extra": annotation.extra,
    }


def set_created(connection: Connection, times: Mapping[int, str]) -> None:
    """Say when annotations were made, by their ids."""
    for annotation_id, created in times.items():
        connection.execute(update(table).where(table.c.id == annotation_id).values(created=created))


def delete(connection: Connection, annotation_id: int) -> None:
    """Remove an annotation."""
    connection.execute(sql_delete(table).where(table.c.id == annotation_id))


def annotation_of(row: Row[Any]) -> Annotation:
    """The annotation of a row that has all columns of the table."""
    return Annotation(
        id=row.id,
        image_id=row.image_id,
        category_id=row.category_id,
        mask=Mask(row.height, row.width, bytes(row.counts)),
        author=row.author,
        created=row.created,
        updated=row.updated,
        updated_by=row.updated_by,
        score=row.score,
        provenance=Provenance(**row.provenance),
        review=row.review,
        note=row.note,
        hidden=row.hidden,
        locked=row.locked,
        revision=row.revision,
        extra=row.extra,
    )
