"""Rows of leases: which tab has which image open, for as long as it says so."""

from __future__ import annotations

from sqlalchemy import Connection, and_, exists, or_, select, update
from sqlalchemy import delete as sql_delete
from sqlalchemy.dialects import postgresql, sqlite

from annotator.domain.project import Image
from annotator.domain.together import Presence
from annotator.store.image_rows import image_of, objects_of_image
from annotator.store.schema import images, leases


def take(connection: Connection, project_id: str, presence: Presence, *, expires: str) -> bool:
    """Say that a tab has an image open until `expires` (ISO 8601, UTC). Returns whether that is news."""
    before = connection.execute(
        select(leases.c.image_id, leases.c.author).where(leases.c.client == presence.client)
    ).one_or_none()
    values = {
        "project_id": project_id,
        "image_id": presence.image_id,
        "author": presence.author,
        "expires": expires,
    }
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    row = dialect.insert(leases).values(client=presence.client, **values)
    connection.execute(row.on_conflict_do_update(index_elements=[leases.c.client], set_=values))
    return before is None or (before.image_id, before.author) != (presence.image_id, presence.author)


def release(connection: Connection, client: str) -> bool:
    """A tab has no image open any more. Returns whether it had one."""
    return bool(connection.execute(sql_delete(leases).where(leases.c.client == client)).rowcount)


def forget(connection: Connection, *, at: str, beyond: str) -> bool:
    """Remove leases that have run out, or last until after `beyond`: the clock was set back since they were given.

    Returns whether there were any.
    """
    over = or_(leases.c.expires <= at, leases.c.expires > beyond)
    return bool(connection.execute(sql_delete(leases).where(over)).rowcount)


def present(connection: Connection, project_id: str, *, at: str) -> list[Presence]:
    """Who has what open."""
    rows = connection.execute(
        select(leases).where(leases.c.project_id == project_id, leases.c.expires > at).order_by(leases.c.author)
    )
    return [Presence(row.client, row.author, row.image_id) for row in rows]


def next_free(connection: Connection, project_id: str, *, author: str, after: str | None, at: str) -> Image | None:
    """The image to work on next: one that is not finished, that nobody else has open, and that nobody else is to do.

    What is assigned to the person comes first, then what is begun or to do, in the list's order from `after` on (an
    image's id) and around.
    """
    somebody_else = exists().where(leases.c.image_id == images.c.id, leases.c.author != author, leases.c.expires > at)
    place = "" if after is None else connection.execute(select(images.c.sort_key).where(images.c.id == after)).scalar()
    row = connection.execute(
        select(images, objects_of_image)
        .where(
            images.c.project_id == project_id,
            images.c.problem.is_(None),
            images.c.state.in_(("todo", "in_progress")),
            or_(images.c.assignee.is_(None), images.c.assignee == author),
            images.c.id != (after or ""),
            ~somebody_else,
        )
        .order_by(
            images.c.assignee.is_(None),
            images.c.state != "todo",
            images.c.sort_key <= (place or ""),
            images.c.sort_key,
        )
        .limit(1)
    ).one_or_none()
    return None if row is None else image_of(row)


def assign(connection: Connection, project_id: str, image_ids: list[str], assignee: str | None) -> int:
    """Say who is to do images; None: whoever comes. Returns how many there are."""
    mine = and_(images.c.project_id == project_id, images.c.id.in_(image_ids))
    return connection.execute(update(images).where(mine).values(assignee=assignee)).rowcount
