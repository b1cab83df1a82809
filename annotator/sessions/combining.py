"""Objects made of objects: several become one, one loses what others have, one becomes several. One Change each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from annotator.domain import mask_edit
from annotator.domain.annotation import Annotation, Provenance
from annotator.domain.changes import Change, Edit
from annotator.domain.mask import Mask
from annotator.errors import Conflict, InvalidInput, NotFound
from annotator.sessions.changing import Recorder
from annotator.store import annotation_rows
from annotator.store.database import now

OPERATIONS = ("merge", "subtract", "intersect", "split")


@dataclass(frozen=True, slots=True)
class Seen:
    """An annotation as somebody saw it."""

    id: int
    revision: int


class Combiner:
    """Combines accepted objects of an image."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._database = recorder.database

    def combine(self, *, author: str, image_id: str, operation: str, objects: Sequence[Seen]) -> int:
        """Do an operation on objects, the first of which keeps its id and its category.

        Args:
            operation: `merge` (the others become part of the first and are gone), `subtract` (the first loses what the
                others have), `intersect` (it keeps only what they have too), `split` (each of its parts becomes one;
                the largest stays the first).
            objects: the first, then the others; `split` takes one.

        Returns:
            How many objects the first is now: 1, or the number of parts.

        Raises:
            Conflict: one was changed since it was seen, or is locked.
            InvalidInput: nothing would be left, nothing would change, or the number of objects doesn't fit.
            NotFound: one is not on the image.
        """
        if operation not in OPERATIONS:
            raise InvalidInput(f"There is no operation {operation!r}; use {', '.join(OPERATIONS)}.", field="operation")
        if (operation == "split") != (len(objects) == 1) or len({one.id for one in objects}) != len(objects):
            wanted = "one object" if operation == "split" else "two or more different objects"
            raise InvalidInput(f"{operation} takes {wanted}.", field="objects")
        with self._database.write() as connection:
            first, *others = [_current(connection, image_id, one) for one in objects]
            if operation == "split":
                edits = self._split(connection, author, first)
            else:
                edits = _combined(operation, first, others)
            self._recorder.record(connection, author, image_id, Change(operation, edits))
        return len(edits) if operation == "split" else 1

    def _split(self, connection: Connection, author: str, first: Annotation) -> tuple[Edit, ...]:
        parts = sorted(mask_edit.split(first.mask), key=lambda part: -part.area)
        if len(parts) < 2:
            raise InvalidInput("The object has one part only; there is nothing to split.", field="objects")
        edits = [_changed(first, parts[0])]
        for part in parts[1:]:
            number = annotation_rows.reserve_id(connection, first.image_id)
            made = Annotation(
                number, first.image_id, first.category_id, part, author, now(), now(), provenance=Provenance("hand")
            )
            edits.append(Edit("annotation", str(number), None, made.content()))
        return tuple(edits)


def _combined(operation: str, first: Annotation, others: list[Annotation]) -> tuple[Edit, ...]:
    edited = mask_edit.edited(operation, first.mask, others=[one.mask for one in others])
    if edited.mask.area == 0:
        raise InvalidInput("Nothing would be left of the object; delete it instead.", field="objects")
    if operation == "merge":
        gone = [Edit("annotation", str(one.id), one.content(), None, one.revision) for one in others]
        return (_changed(first, edited.mask), *gone)
    if edited.added + edited.removed == 0:
        raise InvalidInput("The objects don't overlap in a way that would change anything.", field="objects")
    return (_changed(first, edited.mask),)


def _changed(before: Annotation, mask: Mask) -> Edit:
    """Another mask in the annotation's place: a person decided on it, no model is sure of it."""
    after = replace(before, mask=mask, score=None, provenance=replace(before.provenance, source="hand"))
    return Edit("annotation", str(before.id), before.content(), after.content(), before.revision)


def _current(connection: Connection, image_id: str, seen: Seen) -> Annotation:
    annotation = annotation_rows.get(connection, seen.id)
    if annotation.image_id != image_id:
        raise NotFound(f"Object {seen.id} is not on this image.", field="objects")
    if annotation.revision != seen.revision:
        raise Conflict(f"Object {seen.id} was changed at {annotation.last_change}; it is shown as it is now.")
    return annotation
