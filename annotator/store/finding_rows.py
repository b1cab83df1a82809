"""Rows of findings: what the quality rules said when they ran last."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from sqlalchemy import Connection, delete, func, insert, or_, select, update

from annotator.store.schema import annotations as objects
from annotator.store.schema import findings, projects

_BATCH = 1000


@dataclass(frozen=True, slots=True)
class StoredFinding:
    """A finding and what became of it.

    Attributes:
        details: the finding as JSON.
        stale: its object was changed or deleted since.
    """

    id: int
    rule: str
    image_id: str | None
    annotation_id: int | None
    revision: int | None
    details: dict[str, Any]
    made: str
    stale: bool


def replace(connection: Connection, project_id: str, found: Iterable[Mapping[str, Any]], *, made: str) -> int:
    """Put these findings in the place of those of the run before; each has `rule`, `severity`, ids and `details`."""
    connection.execute(delete(findings).where(findings.c.project_id == project_id))
    source = iter(found)
    count = 0
    while batch := list(islice(source, _BATCH)):
        connection.execute(insert(findings), [{**one, "project_id": project_id, "made": made} for one in batch])
        count += len(batch)
    return count


def counts(connection: Connection, project_id: str) -> dict[str, int]:
    """How many there are of each rule."""
    rows = connection.execute(
        select(findings.c.rule, func.count()).where(findings.c.project_id == project_id).group_by(findings.c.rule)
    )
    return {row[0]: row[1] for row in rows}


def objects_by_rule(connection: Connection, project_id: str) -> dict[str, int]:
    """How many objects that are still there each rule found something about."""
    rows = connection.execute(
        select(findings.c.rule, func.count(findings.c.annotation_id.distinct()))
        .join(objects, objects.c.id == findings.c.annotation_id)
        .where(findings.c.project_id == project_id)
        .group_by(findings.c.rule)
    )
    return {row[0]: row[1] for row in rows}


def page(connection: Connection, project_id: str, *, rule: str, limit: int, offset: int) -> list[StoredFinding]:
    """Findings of a rule in the order in which they were found."""
    where = (findings.c.project_id == project_id, findings.c.rule == rule)
    return _found(connection, *where, limit=limit, offset=offset)


def get_all(connection: Connection, project_id: str, ids: Sequence[int]) -> list[StoredFinding]:
    """These findings, as far as they are still there."""
    return _found(connection, findings.c.project_id == project_id, findings.c.id.in_(ids), limit=len(ids), offset=0)


def _found(connection: Connection, *where: Any, limit: int, offset: int) -> list[StoredFinding]:
    rows = connection.execute(
        select(findings, objects.c.revision, objects.c.updated)
        .outerjoin(objects, objects.c.id == findings.c.annotation_id)
        .where(*where)
        .order_by(findings.c.id)
        .limit(limit)
        .offset(offset)
    )
    return [
        StoredFinding(
            row.id,
            row.rule,
            row.image_id,
            row.annotation_id,
            row.revision,
            row.details,
            row.made,
            stale=row.annotation_id is not None and (row.updated is None or row.updated > row.made),
        )
        for row in rows
    ]


def drop(connection: Connection, ids: Sequence[int], annotation_ids: Sequence[int]) -> None:
    """Remove findings that were taken care of, and all about objects that are deleted."""
    about = or_(findings.c.id.in_(ids), findings.c.annotation_id.in_(annotation_ids))
    connection.execute(delete(findings).where(about))


def made(connection: Connection, project_id: str) -> str | None:
    """When the rules ran last; ISO 8601, UTC."""
    settings = project_settings(connection, project_id)
    return settings.get("checked")


def project_settings(connection: Connection, project_id: str) -> dict[str, Any]:
    """What a project keeps about itself."""
    return connection.execute(select(projects.c.settings).where(projects.c.id == project_id)).scalar() or {}


def change_settings(connection: Connection, project_id: str, changes: Mapping[str, Any]) -> None:
    """Keep something about a project; None forgets it."""
    merged = {**project_settings(connection, project_id), **changes}
    kept = {name: value for name, value in merged.items() if value is not None}
    connection.execute(update(projects).where(projects.c.id == project_id).values(settings=kept))
