"""Annotations and images as curators look for them: filtered, sorted, counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, case, exists, func, or_, select

from annotator.domain.annotation import Annotation
from annotator.domain.project import Image
from annotator.domain.review import ImageOrder, ObjectFilter, ObjectOrder
from annotator.store import finding_rows
from annotator.store.annotation_rows import annotation_of
from annotator.store.image_rows import image_of, objects_of_image
from annotator.store.schema import annotations as table
from annotator.store.schema import categories, findings, images

_BATCH = 1000
_OF_IMAGE = (images.c.name.label("image_name"), images.c.state.label("image_state"))


@dataclass(frozen=True, slots=True)
class FoundObject:
    """An annotation and what a curator must know of its image."""

    annotation: Annotation
    image_name: str
    image_state: str


@dataclass(frozen=True, slots=True)
class FoundImage:
    """An image, how many of its objects are rejected, and when one was last changed (ISO 8601, UTC)."""

    image: Image
    rejected: int
    updated: str | None


@dataclass(frozen=True, slots=True)
class Facets:
    """How many objects have what; scores and areas from the least to the most, None without any."""

    categories: dict[int, int]
    authors: dict[str, int]
    reviews: dict[str, int]
    image_states: dict[str, int]
    score: tuple[float, float] | None
    area: tuple[int, int] | None
    rules: dict[str, int]


def objects(
    connection: Connection,
    project_id: str,
    *,
    where: ObjectFilter,
    order: ObjectOrder,
    descending: bool,
    limit: int,
    offset: int,
) -> tuple[list[FoundObject], int]:
    """A part of the objects that a filter leaves, and how many it leaves in all. Ties are broken by id."""
    joined = table.join(images, table.c.image_id == images.c.id)
    conditions = [images.c.project_id == project_id, *_about_image(where), *_about_object(where)]
    if where.query:
        conditions.append(or_(_says(images.c.name, where.query), _says(table.c.note, where.query)))
    total = connection.execute(select(func.count()).select_from(joined).where(*conditions)).scalar_one()
    query = select(table, *_OF_IMAGE).select_from(joined)
    if order == "category":
        names = and_(categories.c.project_id == project_id, categories.c.id == table.c.category_id)
        query = query.outerjoin(categories, names)
    rows = connection.execute(
        query.where(*conditions).order_by(*_object_order(order, descending)).limit(limit).offset(offset)
    )
    return [FoundObject(annotation_of(row), row.image_name, row.image_state) for row in rows], total


def named(connection: Connection, ids: Sequence[int]) -> list[FoundObject]:
    """These objects, in this order."""
    found: dict[int, FoundObject] = {}
    joined = table.join(images, table.c.image_id == images.c.id)
    for start in range(0, len(ids), _BATCH):
        wanted = table.c.id.in_(ids[start : start + _BATCH])
        for row in connection.execute(select(table, *_OF_IMAGE).select_from(joined).where(wanted)):
            found[row.id] = FoundObject(annotation_of(row), row.image_name, row.image_state)
    return [found[one] for one in ids if one in found]


def gallery(
    connection: Connection,
    project_id: str,
    *,
    where: ObjectFilter,
    order: ImageOrder,
    descending: bool,
    limit: int,
    offset: int,
) -> tuple[list[FoundImage], int]:
    """A part of the images that have an object which a filter leaves (any image, if it asks nothing of objects)."""
    conditions = [images.c.project_id == project_id, *_about_image(where)]
    if where.query:
        conditions.append(_says(images.c.name, where.query))
    if where.about_objects:
        conditions.append(exists().where(table.c.image_id == images.c.id, *_about_object(where)))
    total = connection.execute(select(func.count()).select_from(images).where(*conditions)).scalar_one()
    mine = table.c.image_id == images.c.id
    rejected = _scalar(select(func.count()).where(mine, table.c.review == "rejected"), "rejected")
    updated = _scalar(select(func.max(table.c.updated)).where(mine), "updated")
    keys = {"name": images.c.sort_key, "objects": objects_of_image, "updated": updated, "state": images.c.state}
    key = keys[order]
    rows = connection.execute(
        select(images, objects_of_image, rejected, updated)
        .where(*conditions)
        .order_by(key.desc() if descending else key.asc(), images.c.sort_key)
        .limit(limit)
        .offset(offset)
    )
    return [FoundImage(image_of(row), row.rejected, row.updated) for row in rows], total


def facets(connection: Connection, project_id: str) -> Facets:
    """How the objects of a project are spread."""
    joined = table.join(images, table.c.image_id == images.c.id)
    mine = images.c.project_id == project_id

    def counted(column: Any) -> dict[Any, int]:
        rows = connection.execute(select(column, func.count()).select_from(joined).where(mine).group_by(column))
        return {row[0]: row[1] for row in rows}

    states = select(images.c.state, func.count()).where(mine, images.c.problem.is_(None)).group_by(images.c.state)
    edge = (func.min(table.c.score), func.max(table.c.score))
    least = (func.min(table.c.area), func.max(table.c.area))
    row = connection.execute(select(*edge, *least).select_from(joined).where(mine)).one()
    return Facets(
        categories=counted(table.c.category_id),
        authors=counted(table.c.author),
        reviews=counted(table.c.review),
        image_states={row[0]: row[1] for row in connection.execute(states)},
        score=None if row[0] is None else (row[0], row[1]),
        area=None if row[2] is None else (row[2], row[3]),
        rules=finding_rows.objects_by_rule(connection, project_id),
    )


def _about_image(where: ObjectFilter) -> list[ColumnElement[bool]]:
    return [images.c.state.in_(where.image_states)] if where.image_states else []


def _says(column: Any, text: str) -> ColumnElement[bool]:
    found: ColumnElement[bool] = func.lower(column).contains(text.lower(), autoescape=True)
    return found


def _about_object(where: ObjectFilter) -> list[ColumnElement[bool]]:
    column = table.c
    chosen = ((column.category_id, where.categories), (column.review, where.reviews), (column.author, where.authors))
    found: list[ColumnElement[bool]] = [each.in_(values) for each, values in chosen if values]
    for each, (least, most) in ((column.score, where.score), (column.area, where.area)):
        if least is not None:
            found.append(each >= least)
        if most is not None:
            found.append(each <= most)
    if where.rules:
        found.append(exists().where(findings.c.annotation_id == column.id, findings.c.rule.in_(where.rules)))
    if where.since is not None:
        found.append(column.updated >= where.since)
    if where.latest is not None:
        found.append(column.updated <= where.latest)
    return found


def _object_order(order: ObjectOrder, descending: bool) -> list[ColumnElement[Any]]:
    keys: dict[str, ColumnElement[Any]] = {
        "image": images.c.sort_key,
        "category": func.lower(categories.c.name),
        "score": table.c.score,
        "area": table.c.area,
        "updated": table.c.updated,
        "created": table.c.created,
        "author": table.c.author,
    }
    key = keys[order]
    ordered = key.desc() if descending else key.asc()
    # What has no score comes last either way, in every database.
    return [case((key.is_(None), 1), else_=0), ordered, table.c.id.desc() if descending else table.c.id]


def _scalar(query: Select[Any], name: str) -> Any:
    return query.correlate(images).scalar_subquery().label(name)
