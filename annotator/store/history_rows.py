"""Rows of drafts and of changes: what each person is making on an image and has done to it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update
from sqlalchemy import delete as sql_delete

from annotator.domain.annotation import Draft, Provenance, Replaces
from annotator.domain.changes import Change, Content, Edit
from annotator.domain.prompt import Prompt
from annotator.store.database import now
from annotator.store.schema import changes, drafts

MAX_CHANGES = 2000
"""Changes kept for each person and image; older ones can't be undone any more."""


@dataclass(frozen=True, slots=True)
class StoredChange:
    """A change and its row."""

    id: int
    change: Change


def draft(connection: Connection, image_id: str, author: str) -> Draft | None:
    """The person's draft on an image."""
    row = connection.execute(
        select(drafts).where(drafts.c.image_id == image_id, drafts.c.author == author)
    ).one_or_none()
    return None if row is None else _draft(row)


def save_draft(connection: Connection, draft: Draft) -> None:
    """Insert a person's draft on an image, or replace it."""
    where = (drafts.c.image_id == draft.image_id, drafts.c.author == draft.author)
    values = {
        "id": draft.id,
        "prompt": draft.prompt.to_json(),
        "category_id": draft.category_id,
        "replaces": None if draft.replaces is None else asdict(draft.replaces),
        "revision": draft.revision,
        "started": draft.started,
        "updated": draft.updated,
    }
    if not connection.execute(update(drafts).where(*where).values(values)).rowcount:
        connection.execute(insert(drafts).values(image_id=draft.image_id, author=draft.author, **values))


def delete_draft(connection: Connection, image_id: str, author: str) -> None:
    """Remove a person's draft from an image."""
    connection.execute(sql_delete(drafts).where(drafts.c.image_id == image_id, drafts.c.author == author))


def record(connection: Connection, image_id: str, author: str, change: Change) -> None:
    """Add a change to the person's history of an image; what was undone before can't be redone any more."""
    mine = (changes.c.image_id == image_id, changes.c.author == author)
    connection.execute(sql_delete(changes).where(*mine, changes.c.undone.is_(True)))
    result = connection.execute(
        insert(changes).values(
            image_id=image_id,
            author=author,
            label=change.label,
            edits=[edit.to_json() for edit in change.edits],
            undone=False,
            created=now(),
        )
    )
    newest = result.inserted_primary_key
    assert newest is not None
    if int(newest[0]) % 100 == 0:
        keep = select(changes.c.id).where(*mine).order_by(changes.c.id.desc()).limit(MAX_CHANGES)
        connection.execute(sql_delete(changes).where(*mine, changes.c.id.not_in(keep)))


def next_undo(connection: Connection, image_id: str, author: str) -> StoredChange | None:
    """The person's newest change of an image that stands."""
    return _edge(connection, image_id, author, undone=False)


def next_redo(connection: Connection, image_id: str, author: str) -> StoredChange | None:
    """The person's oldest change of an image that was undone."""
    return _edge(connection, image_id, author, undone=True)


def mark(connection: Connection, change_id: int, *, undone: bool) -> None:
    """Note that a change was undone or done again."""
    connection.execute(update(changes).where(changes.c.id == change_id).values(undone=undone))


def _edge(connection: Connection, image_id: str, author: str, *, undone: bool) -> StoredChange | None:
    edge = func.min if undone else func.max
    wanted = (
        select(edge(changes.c.id))
        .where(changes.c.image_id == image_id, changes.c.author == author, changes.c.undone.is_(undone))
        .scalar_subquery()
    )
    row = connection.execute(select(changes).where(changes.c.id == wanted)).one_or_none()
    if row is None:
        return None
    return StoredChange(row.id, Change(row.label, tuple(_edit(edit) for edit in row.edits)))


def _edit(stored: dict[str, Any]) -> Edit:
    edit = Edit(**stored)
    return replace(edit, before=_as_today(edit.before), after=_as_today(edit.after))


def _as_today(content: Content | None) -> Content | None:
    """A content with the fields that were added since it was written, or nothing from before could be undone."""
    if content is None:
        return None
    known = dict(content)
    if "provenance" in known:
        known["provenance"] = Provenance(**known["provenance"]).to_json()
    if "prompt" in known:
        known["prompt"] = Prompt.from_json(known["prompt"]).to_json()
    return known


def _draft(row: Row[Any]) -> Draft:
    return Draft(
        id=row.id,
        image_id=row.image_id,
        author=row.author,
        prompt=Prompt.from_json(row.prompt),
        category_id=row.category_id,
        replaces=None if row.replaces is None else Replaces(**row.replaces),
        started=row.started,
        updated=row.updated,
        revision=row.revision,
    )
