"""Rows of events: what happened lately, for those who look on. Every process of the app writes and reads them."""

from __future__ import annotations

from sqlalchemy import Connection, delete, func, insert, select

from annotator.domain.together import Event, EventKind
from annotator.store.database import now
from annotator.store.image_rows import image_of, objects_of_image
from annotator.store.schema import events, images

KEPT = 2000
"""Events kept; who has been away for longer than that reads everything anew."""
_TIDY_EVERY = 200


def add(
    connection: Connection, project_id: str, *, kind: EventKind, image_id: str | None, author: str, client: str | None
) -> None:
    """Note an event, inside the transaction that makes it true."""
    row = {"kind": kind, "image_id": image_id, "author": author, "client": client, "at": now()}
    result = connection.execute(insert(events).values(project_id=project_id, **row)).inserted_primary_key
    assert result is not None
    if int(result[0]) % _TIDY_EVERY == 0:
        connection.execute(delete(events).where(events.c.id <= int(result[0]) - KEPT))


def newest(connection: Connection) -> int:
    """The id of the last event; 0 before the first."""
    return connection.execute(select(func.max(events.c.id))).scalar() or 0


def since(connection: Connection, project_id: str, event_id: int) -> list[Event]:
    """The events after one, oldest first."""
    rows = connection.execute(
        select(events).where(events.c.project_id == project_id, events.c.id > event_id).order_by(events.c.id)
    ).all()
    named = {row.image_id for row in rows if row.kind == "image"}
    known = connection.execute(select(images, objects_of_image).where(images.c.id.in_(named))) if named else ()
    as_it_is = {row.id: image_of(row) for row in known}
    return [Event(row.id, row.kind, row.image_id, row.author, row.client, as_it_is.get(row.image_id)) for row in rows]
