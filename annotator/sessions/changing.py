"""Applying and recording Changes. The pure rule (`domain.changes.apply`) decides whether a change fits the rows."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import Connection

from annotator.domain.annotation import Annotation, Draft, Provenance, Replaces
from annotator.domain.changes import Change, Content, Edit, Key, apply
from annotator.domain.mask import Mask
from annotator.domain.project import Image
from annotator.domain.prompt import Prompt
from annotator.errors import Conflict, InvalidInput
from annotator.sessions.allowance import Allowance
from annotator.sessions.together import announce
from annotator.store import annotation_rows, history_rows, image_rows, project_rows
from annotator.store.database import Database, now

_NOT_JUDGED = {"review": "unreviewed", "note": ""}


class Recorder:
    """Writes changes into a person's history; what all editors share."""

    def __init__(self, *, database: Database, project_id: str, allowance: Allowance | None = None) -> None:
        self.database = database
        self.project_id = project_id
        self._allowance = allowance

    def record(self, connection: Connection, author: str, image_id: str, change: Change) -> None:
        """Apply a change and remember it for undo, inside a transaction of the caller's; see `write_change`.

        An object that looks different or is called something else has to be reviewed again.
        """
        change = Change(change.label, tuple(_to_review(edit) for edit in change.edits))
        self.write(connection, author, image_id, change)
        history_rows.record(connection, image_id, author, change)

    def write(self, connection: Connection, author: str, image_id: str, change: Change) -> None:
        """Apply a change within what may be used up; see `write_change`.

        Raises:
            NotAllowed: there would be more objects than a visitor may have.
        """
        write_change(connection, self.project_id, author=author, image_id=image_id, change=change)
        if self._allowance is not None and any(
            edit.kind == "annotation" and edit.before is None for edit in change.edits
        ):
            self._allowance.require_room(image_rows.counts(connection, self.project_id, author=author).objects)

    def create(
        self,
        *,
        author: str,
        image: Image,
        category: int | str,
        mask: Mask,
        score: float | None,
        provenance: Provenance,
        also: tuple[Edit, ...],
        label: str,
    ) -> Annotation:
        """A new annotation, with other edits in the same change.

        Raises:
            InvalidInput: the mask is empty.
            NotFound: the category is unknown.
        """
        if mask.area == 0:
            raise InvalidInput("The mask is empty: nothing would be saved. Add a foreground point on the object.")
        with self.database.write() as connection:
            known = project_rows.get_category(connection, self.project_id, category)
            annotation_id = annotation_rows.reserve_id(connection, image.id)
            annotation = Annotation(annotation_id, image.id, known.id, mask, author, now(), now(), score, provenance)
            create = Edit("annotation", str(annotation_id), None, annotation.content())
            self.record(connection, author, image.id, Change(label, (*also, create)))
            return annotation_rows.get(connection, annotation_id)


def _to_review(edit: Edit) -> Edit:
    before, after = edit.before, edit.after
    if edit.kind != "annotation" or before is None or after is None or before["review"] != after["review"]:
        return edit
    same = before["rle"] == after["rle"] and before["category"] == after["category"]
    return edit if same else replace(edit, after={**after, "review": "unreviewed"})


def _only_judges(edit: Edit) -> bool:
    """Whether only the review of an object changes: a lock protects what it looks like."""
    if edit.before is None or edit.after is None:
        return False
    return {**edit.before, **_NOT_JUDGED} == {**edit.after, **_NOT_JUDGED}


def made_from(connection: Connection, image_id: str, key: str) -> Annotation | None:
    """The annotation that came of a draft or of a request with this key."""
    return next((one for one in annotation_rows.of_image(connection, image_id) if one.provenance.draft == key), None)


def write_change(connection: Connection, project_id: str, *, author: str, image_id: str, change: Change) -> None:
    """Apply a change inside a transaction of the caller's.

    Raises:
        Conflict: what it is about was changed since, or is locked.
        NotFound: a category it needs is gone.
    """
    ids = [int(edit.id) for edit in change.edits if edit.kind == "annotation"]
    rows = annotation_rows.find_all(connection, ids)
    draft = history_rows.draft(connection, image_id, author) if len(ids) < len(change.edits) else None
    contents: dict[Key, Content] = {("annotation", str(key)): row.content() for key, row in rows.items()}
    contents |= {edit.key: draft.content() for edit in change.edits if edit.kind == "draft" and draft is not None}
    for edit in change.edits:
        if edit.kind == "annotation" and int(edit.id) in rows and not _only_judges(edit):
            _require_unlocked(rows[int(edit.id)])
    after = apply(change, contents)
    saved = []
    for edit in change.edits:
        content = after.get(edit.key)
        if edit.kind == "draft":
            _write_draft(connection, author, image_id, content)
        elif content is None:
            annotation_rows.delete(connection, int(edit.id))
        else:
            saved.append(_annotation(author, image_id, edit, rows.get(int(edit.id)), content))
    for category in {annotation.category_id for annotation in saved}:
        project_rows.get_category(connection, project_id, category)
    annotation_rows.save_all(connection, saved)
    if any(annotation.id not in rows for annotation in saved):
        image_rows.touch_state(connection, image_id)
    if ids:
        announce(connection, project_id, "image", image_id=image_id, author=author)


def _write_draft(connection: Connection, author: str, image_id: str, content: Content | None) -> None:
    if content is None:
        history_rows.delete_draft(connection, image_id, author)
        return
    before = history_rows.draft(connection, image_id, author)
    draft = Draft(
        id=content["id"],
        image_id=image_id,
        author=author,
        prompt=Prompt.from_json(content["prompt"]),
        category_id=content["category"],
        started=content["started"],
        updated=now(),
        revision=before.revision + 1 if before else 1,
        replaces=Replaces(**content["replaces"]) if content.get("replaces") else None,
    )
    history_rows.save_draft(connection, draft)


def _annotation(author: str, image_id: str, edit: Edit, row: Annotation | None, content: Content) -> Annotation:
    return Annotation(
        id=int(edit.id),
        image_id=image_id,
        category_id=content["category"],
        mask=Mask.from_rle(content["rle"]),
        author=content["author"],
        created=row.created if row else now(),
        updated=now(),
        score=content["score"],
        provenance=Provenance(**content["provenance"]),
        review=content["review"],
        note=content["note"],
        hidden=row.hidden if row else False,
        locked=row.locked if row else False,
        revision=(row.revision if row else edit.revision) + 1,
        extra=content.get("extra"),
        updated_by=author,
    )


def _require_unlocked(annotation: Annotation) -> None:
    if annotation.locked:
        raise Conflict(f"Object {annotation.id} is locked; unlock it first.")
