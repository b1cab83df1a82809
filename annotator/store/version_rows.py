"""Rows of versions. Contents are named by their hash: what is the same in several versions is there once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Row, insert, select

from annotator.domain.version import Content, Key, Version, hash_of
from annotator.errors import Conflict, NotFound
from annotator.store.schema import version_contents, version_entries, versions

_BATCH = 500


def add(connection: Connection, project_id: str, version: Version) -> Version:
    """Insert a version under an id of its own; its entries are added after.

    Raises:
        Conflict: the name is taken: versions never change.
    """
    taken = select(versions.c.id).where(versions.c.project_id == project_id, versions.c.name == version.name)
    if connection.execute(taken).scalar() is not None:
        raise Conflict(f"There is a version “{version.name}” already, and versions never change; choose another name.")
    values = {name: getattr(version, name) for name in Version.__slots__ if name != "id"}
    made = connection.execute(insert(versions).values(project_id=project_id, **values)).inserted_primary_key
    assert made is not None
    return get(connection, project_id, version.name)


def add_entries(connection: Connection, version_id: int, entries: Iterable[tuple[Key, str, Content]]) -> None:
    """Add what a version holds: key, image (empty for what is on none) and content of each, in the order of exports."""
    source = enumerate(entries)
    while batch := list(islice(source, _BATCH)):
        rows, contents = [], {}
        for place, ((kind, key), image_id, content) in batch:
            name = hash_of(content)
            contents[name] = content
            row = {"version_id": version_id, "kind": kind, "key": key, "image_id": image_id, "place": place}
            rows.append({**row, "hash": name})
        known = connection.execute(select(version_contents.c.hash).where(version_contents.c.hash.in_(contents)))
        for name in known.scalars().all():
            del contents[name]
        if contents:
            new = [{"hash": name, "content": content} for name, content in contents.items()]
            connection.execute(insert(version_contents), new)
        connection.execute(insert(version_entries), rows)


def get(connection: Connection, project_id: str, name: str) -> Version:
    """A version by its name.

    Raises:
        NotFound: there is none.
    """
    row = connection.execute(
        select(versions).where(versions.c.project_id == project_id, versions.c.name == name)
    ).one_or_none()
    if row is None:
        known = ", ".join(version.name for version in of_project(connection, project_id)) or "there are none yet"
        raise NotFound(f"There is no version “{name}” ({known}); `annotator version list` shows them.")
    return _version(row)


def of_project(connection: Connection, project_id: str) -> list[Version]:
    """All versions, the newest first."""
    rows = connection.execute(
        select(versions).where(versions.c.project_id == project_id).order_by(versions.c.id.desc())
    )
    return [_version(row) for row in rows]


def hashes(connection: Connection, version_id: int) -> dict[Key, str]:
    """What a version holds, by key."""
    rows = connection.execute(
        select(version_entries.c.kind, version_entries.c.key, version_entries.c.hash).where(
            version_entries.c.version_id == version_id
        )
    )
    return {(row.kind, row.key): row.hash for row in rows}


def contents(connection: Connection, names: Sequence[str]) -> dict[str, Content]:
    """Contents by their hashes."""
    found: dict[str, Content] = {}
    for start in range(0, len(names), _BATCH):
        part = names[start : start + _BATCH]
        rows = connection.execute(select(version_contents).where(version_contents.c.hash.in_(part)))
        found.update((row.hash, row.content) for row in rows)
    return found


def entries(
    connection: Connection, version_id: int, kind: str, *, image_id: str | None = None
) -> Iterator[tuple[str, Content]]:
    """Key and content of a version's categories, images or annotations, in the order of exports.

    Args:
        image_id: only annotations of this image.
    """
    where = [version_entries.c.version_id == version_id, version_entries.c.kind == kind]
    if image_id is not None:
        where.append(version_entries.c.image_id == image_id)
    rows = connection.execute(
        select(version_entries.c.key, version_contents.c.content)
        .join(version_contents, version_contents.c.hash == version_entries.c.hash)
        .where(*where)
        .order_by(version_entries.c.place)
        .execution_options(yield_per=_BATCH)
    )
    return ((row.key, row.content) for row in rows)


def _version(row: Row[Any]) -> Version:
    return Version(**{name: getattr(row, name) for name in Version.__slots__})
