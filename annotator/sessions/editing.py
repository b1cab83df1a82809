"""The edits of annotations, undo and redo. Each is one transaction that writes its Change too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from annotator.domain import mask_edit
from annotator.domain.annotation import Annotation, Provenance
from annotator.domain.changes import Change, Edit
from annotator.domain.mask import Mask
from annotator.errors import Conflict, InvalidInput, NotFound
from annotator.sessions.changing import Recorder, made_from
from annotator.sessions.together import announce
from annotator.store import annotation_rows, history_rows, image_rows, project_rows


@dataclass(frozen=True, slots=True)
class History:
    """What undo and redo would do next on an image, by name."""

    undo: str | None
    redo: str | None


class Editor:
    """Writes what people do. Every verb names its author; a verb that returns has its effect on disk."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._database = recorder.database
        self._project_id = recorder.project_id

    def add(
        self,
        *,
        author: str,
        image_id: str,
        category: int | str,
        mask: Mask,
        score: float | None = None,
        key: str | None = None,
    ) -> Annotation:
        """Add a mask that was made elsewhere.

        Args:
            score: how sure whoever made it is, 0 to 1.
            key: made by the client; who asks twice with it (the first reply was lost) gets one object.

        Raises:
            BadMask: it has another size than the image.
            InvalidInput: it is empty, or the score is no share.
        """
        if score is not None and not 0 <= score <= 1:
            raise InvalidInput(f"The score is {score}; it must lie between 0 and 1.", field="score")
        with self._database.read() as connection:
            image = image_rows.get(connection, image_id)
            known = None if key is None else made_from(connection, image_id, key)
        return known or self._recorder.create(
            author=author,
            image=image,
            category=category,
            mask=Mask.from_rle(mask.to_rle(), height=image.height, width=image.width),
            score=score,
            provenance=Provenance(source="api", draft=key),
            also=(),
            label="add object",
        )

    def cleaned(
        self,
        *,
        image_id: str,
        mask: Mask,
        operation: str,
        up_to: int | None = None,
        strength: float = 2.0,
        others: Sequence[int] = (),
        besides: int | None = None,
    ) -> mask_edit.Edited:
        """What a clean-up makes of a mask; changes nothing.

        Args:
            operation: `fill_holes`, `remove_specks`, `keep_largest`, `smooth`, `no_overlap`, `merge`, `subtract` or
                `intersect`.
            up_to, strength: see `mask_edit.edited`.
            others: annotations to merge with, subtract or intersect; `no_overlap` takes all but `besides`.

        Raises:
            BadMask: the mask has another size than the image.
            NotFound: an annotation is not on the image.
        """
        with self._database.read() as connection:
            image = image_rows.get(connection, image_id)
            there = {one.id: one.mask for one in annotation_rows.of_image(connection, image_id)}
        mask = Mask.from_rle(mask.to_rle(), height=image.height, width=image.width)
        missing = [one for one in others if one not in there]
        if missing:
            raise NotFound(f"Object {missing[0]} is not on this image.", field="others")
        if operation == "no_overlap":
            operation, others = "subtract", [one for one in there if one != besides]
        chosen = [there[one] for one in others]
        return mask_edit.edited(operation, mask, up_to=up_to, strength=strength, others=chosen)

    def update(
        self,
        *,
        author: str,
        annotation_id: int,
        revision: int,
        category: int | str | None = None,
        mask: Mask | None = None,
        hidden: bool | None = None,
        locked: bool | None = None,
    ) -> Annotation:
        """Relabel, redraw, hide or lock an annotation. Hiding and locking are not part of the history.

        Raises:
            Conflict: somebody changed it since `revision`, or it is locked.
        """
        with self._database.write() as connection:
            annotation = self._current(connection, annotation_id, revision)
            if hidden is not None or locked is not None:
                annotation = replace(
                    annotation,
                    hidden=annotation.hidden if hidden is None else hidden,
                    locked=annotation.locked if locked is None else locked,
                    revision=annotation.revision + 1,
                    updated_by=author,
                )
                annotation_rows.save(connection, annotation)
                announce(connection, self._project_id, "image", image_id=annotation.image_id, author=author)
            content = annotation.content()
            if category is not None:
                content["category"] = project_rows.get_category(connection, self._project_id, category).id
            if mask is not None:
                content["rle"] = _fitting(mask, annotation).to_rle()
            if content != annotation.content():
                label = "relabel" if mask is None else "edit mask"
                edit = Edit("annotation", str(annotation_id), annotation.content(), content, annotation.revision)
                self._recorder.record(connection, author, annotation.image_id, Change(label, (edit,)))
            return annotation_rows.get(connection, annotation_id)

    def delete(self, *, author: str, annotation_id: int, revision: int) -> str:
        """Delete an annotation; undo brings it back under its id. Returns the image's id.

        Raises:
            Conflict: somebody changed it since `revision`, or it is locked.
        """
        with self._database.write() as connection:
            annotation = self._current(connection, annotation_id, revision)
            edit = Edit("annotation", str(annotation_id), annotation.content(), None, annotation.revision)
            self._recorder.record(connection, author, annotation.image_id, Change("delete", (edit,)))
        return annotation.image_id

    def undo(self, *, author: str, image_id: str) -> str | None:
        """Take back the person's newest change of an image. Returns its name; None when there is none.

        Raises:
            Conflict: somebody else has changed the same thing since.
        """
        return self._step(author=author, image_id=image_id, back=True)

    def redo(self, *, author: str, image_id: str) -> str | None:
        """Do again what was undone last. Returns its name; None when there is none.

        Raises:
            Conflict: somebody else has changed the same thing since.
        """
        return self._step(author=author, image_id=image_id, back=False)

    def history(self, *, author: str, image_id: str) -> History:
        """What undo and redo would do next."""
        with self._database.read() as connection:
            return read_history(connection, author=author, image_id=image_id)

    def _step(self, *, author: str, image_id: str, back: bool) -> str | None:
        edge = history_rows.next_undo if back else history_rows.next_redo
        with self._database.write() as connection:
            image_rows.get(connection, image_id)
            stored = edge(connection, image_id, author)
            if stored is None:
                return None
            change = stored.change.inverse() if back else stored.change
            self._recorder.write(connection, author, image_id, change)
            history_rows.mark(connection, stored.id, undone=back)
            return change.label

    def _current(self, connection: Connection, annotation_id: int, revision: int) -> Annotation:
        annotation = annotation_rows.get(connection, annotation_id)
        if annotation.revision != revision:
            raise Conflict(f"Object {annotation_id} was changed at {annotation.last_change}; it is shown as it is now.")
        return annotation


def read_history(connection: Connection, *, author: str, image_id: str) -> History:
    """What undo and redo would do next, inside a transaction of the caller's."""
    back = history_rows.next_undo(connection, image_id, author)
    forth = history_rows.next_redo(connection, image_id, author)
    return History(back.change.label if back else None, forth.change.label if forth else None)


def _fitting(mask: Mask, annotation: Annotation) -> Mask:
    fitting = Mask.from_rle(mask.to_rle(), height=annotation.mask.height, width=annotation.mask.width)
    if fitting.area == 0:
        raise InvalidInput("The mask is empty; delete the object instead.", field="rle")
    return fitting
