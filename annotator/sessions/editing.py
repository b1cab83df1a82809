"""The edits of a project: drafts, annotations, undo and redo. Each is one transaction that writes its Change too."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from annotator.domain.annotation import Annotation, Draft, Provenance, Replaces
from annotator.domain.changes import Change, Edit
from annotator.domain.mask import Mask
from annotator.domain.project import Image
from annotator.domain.prompt import Prompt
from annotator.engine import Engine, ScoredMask
from annotator.errors import Conflict, InvalidInput, NotFound
from annotator.sessions.changing import write_change
from annotator.sessions.library import Library
from annotator.store import annotation_rows, history_rows, image_rows, project_rows
from annotator.store.database import Database, now


@dataclass(frozen=True, slots=True)
class History:
    """What undo and redo would do next on an image, by name."""

    undo: str | None
    redo: str | None


class Editor:
    """Writes what people do. Every verb names its author; a verb that returns has its effect on disk."""

    def __init__(self, *, database: Database, engine: Engine, library: Library, project_id: str) -> None:
        self._database = database
        self._engine = engine
        self._library = library
        self._project_id = project_id

    def save_draft(
        self,
        *,
        author: str,
        image_id: str,
        draft_id: str,
        prompt: Prompt,
        category_id: int | None,
        revision: int | None,
        label: str,
        replaces: int | None = None,
    ) -> Draft:
        """Keep what a person is making on an image.

        Args:
            revision: that of the draft that was there before; None when there was none.
            replaces: annotation whose place the draft takes when it is accepted.

        Raises:
            Conflict: the draft is another one by now (a second tab), or the annotation is locked.
            BadPrompt: the prompt does not fit the image.
            NotFound: the annotation is not on this image.
        """
        with self._database.write() as connection:
            image = image_rows.get(connection, image_id)
            prompt.require_inside(width=image.width, height=image.height)
            if category_id is not None:
                project_rows.get_category(connection, self._project_id, category_id)
            before = history_rows.draft(connection, image_id, author)
            started = before.started if before and before.id == draft_id else now()
            known = before.replaces if before and before.id == draft_id else None
            if known is None and replaces is not None:
                known = _replaced(connection, image_id, replaces)
            draft = Draft(draft_id, image_id, author, prompt, category_id, started, now(), replaces=known)
            if before is not None and before.content() == draft.content():
                return before  # asked again because the first reply was lost
            if (before.revision if before else None) != revision:
                raise Conflict("The draft was changed in another tab; the image is shown as it is now.")
            edit = Edit("draft", image_id, before.content() if before else None, draft.content(), revision or 0)
            self._record(connection, author, image_id, Change(label, (edit,)))
            saved = history_rows.draft(connection, image_id, author)
            assert saved is not None
            return saved

    def drop_draft(self, *, author: str, image_id: str, revision: int) -> None:
        """Give up the draft; undo brings it back.

        Raises:
            Conflict: the draft is another one by now.
        """
        with self._database.write() as connection:
            before = history_rows.draft(connection, image_id, author)
            if before is None:
                return
            if before.revision != revision:
                raise Conflict("The draft was changed in another tab; the image is shown as it is now.")
            edit = Edit("draft", image_id, before.content(), None, before.revision)
            self._record(connection, author, image_id, Change("discard draft", (edit,)))

    def accept(
        self,
        *,
        author: str,
        image_id: str,
        draft_id: str,
        category: int | str,
        candidate: int | None = None,
        model: str | None = None,
    ) -> Annotation:
        """Turn the draft into an annotation, or let it take the place of the one it refines, in one change.

        Args:
            model: the one that showed the mask; None: the default one.

        Raises:
            Conflict: there is no such draft (any more), or the annotation it refines was changed since.
            InvalidInput: the mask is empty.
            NotFound: the category is unknown.
        """
        with self._database.read() as connection:
            image = image_rows.get(connection, image_id)
            draft = history_rows.draft(connection, image_id, author)
            if draft is None or draft.id != draft_id:
                known = _made_from(connection, image_id, draft_id)
                if known is not None:
                    return known
        if draft is None or draft.id != draft_id:
            raise Conflict("This draft is not there any more; it was accepted or dropped in another tab.")
        prompt = draft.prompt if candidate is None else replace(draft.prompt, choice=candidate)
        prompt.require_answerable(width=image.width, height=image.height)
        scored = self._engine.mask(self._library.source(image), prompt, model=model)
        provenance = Provenance(
            source="model",
            prompt=prompt.to_json(),
            model=model or self._engine.model,
            clicks=prompt.clicks,
            seconds=_seconds(draft.started, now()),
            draft=draft_id,
        )
        drop = Edit("draft", image_id, draft.content(), None, draft.revision)
        if draft.replaces is not None:
            return self._replace(
                author=author, draft=draft, category=category, scored=scored, provenance=provenance, drop=drop
            )
        return self._create(
            author=author,
            image=image,
            category=category,
            mask=scored.mask,
            score=scored.score,
            provenance=provenance,
            also=(drop,),
            label="accept",
        )

    def add(
        self, *, author: str, image_id: str, category: int | str, mask: Mask, key: str | None = None
    ) -> Annotation:
        """Add a mask that was made elsewhere.

        Args:
            key: made by the client; who asks twice with it (the first reply was lost) gets one object.

        Raises:
            BadMask: it has another size than the image.
            InvalidInput: it is empty.
        """
        with self._database.read() as connection:
            image = image_rows.get(connection, image_id)
            known = None if key is None else _made_from(connection, image_id, key)
        return known or self._create(
            author=author,
            image=image,
            category=category,
            mask=Mask.from_rle(mask.to_rle(), height=image.height, width=image.width),
            score=None,
            provenance=Provenance(source="api", draft=key),
            also=(),
            label="add object",
        )

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
                )
                annotation_rows.save(connection, annotation)
            content = annotation.content()
            if category is not None:
                content["category"] = project_rows.get_category(connection, self._project_id, category).id
            if mask is not None:
                content["rle"] = _fitting(mask, annotation).to_rle()
            if content != annotation.content():
                label = "relabel" if mask is None else "edit mask"
                edit = Edit("annotation", str(annotation_id), annotation.content(), content, annotation.revision)
                self._record(connection, author, annotation.image_id, Change(label, (edit,)))
            return annotation_rows.get(connection, annotation_id)

    def delete(self, *, author: str, annotation_id: int, revision: int) -> str:
        """Delete an annotation; undo brings it back under its id. Returns the image's id.

        Raises:
            Conflict: somebody changed it since `revision`, or it is locked.
        """
        with self._database.write() as connection:
            annotation = self._current(connection, annotation_id, revision)
            edit = Edit("annotation", str(annotation_id), annotation.content(), None, annotation.revision)
            self._record(connection, author, annotation.image_id, Change("delete", (edit,)))
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
            write_change(connection, self._project_id, author=author, image_id=image_id, change=change)
            history_rows.mark(connection, stored.id, undone=back)
            return change.label

    def _create(
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
        if mask.area == 0:
            raise InvalidInput("The mask is empty: nothing would be saved. Add a foreground point on the object.")
        with self._database.write() as connection:
            known = project_rows.get_category(connection, self._project_id, category)
            annotation_id = annotation_rows.reserve_id(connection, image.id)
            annotation = Annotation(annotation_id, image.id, known.id, mask, author, now(), now(), score, provenance)
            create = Edit("annotation", str(annotation_id), None, annotation.content())
            self._record(connection, author, image.id, Change(label, (*also, create)))
            return annotation_rows.get(connection, annotation_id)

    def _replace(
        self,
        *,
        author: str,
        draft: Draft,
        category: int | str,
        scored: ScoredMask,
        provenance: Provenance,
        drop: Edit,
    ) -> Annotation:
        """The refined mask in the place of the one it was made from; what the object took before counts on."""
        assert draft.replaces is not None
        if scored.mask.area == 0:
            raise InvalidInput("The mask is empty; delete the object instead.")
        with self._database.write() as connection:
            annotation = _unchanged(connection, draft)
            before = annotation.provenance
            refined = replace(
                annotation,
                category_id=project_rows.get_category(connection, self._project_id, category).id,
                mask=scored.mask,
                score=scored.score,
                provenance=replace(
                    provenance,
                    clicks=before.clicks + provenance.clicks,
                    seconds=round((before.seconds or 0.0) + (provenance.seconds or 0.0), 3),
                ),
            )
            edit = Edit("annotation", str(annotation.id), annotation.content(), refined.content(), annotation.revision)
            self._record(connection, author, draft.image_id, Change("refine", (drop, edit)))
            return annotation_rows.get(connection, annotation.id)

    def _record(self, connection: Connection, author: str, image_id: str, change: Change) -> None:
        write_change(connection, self._project_id, author=author, image_id=image_id, change=change)
        history_rows.record(connection, image_id, author, change)

    def _current(self, connection: Connection, annotation_id: int, revision: int) -> Annotation:
        annotation = annotation_rows.get(connection, annotation_id)
        if annotation.revision != revision:
            raise Conflict(
                f"Object {annotation_id} was changed at {annotation.updated} (by {annotation.author});"
                " it is shown as it is now."
            )
        return annotation


def read_history(connection: Connection, *, author: str, image_id: str) -> History:
    """What undo and redo would do next, inside a transaction of the caller's."""
    back = history_rows.next_undo(connection, image_id, author)
    forth = history_rows.next_redo(connection, image_id, author)
    return History(back.change.label if back else None, forth.change.label if forth else None)


def _made_from(connection: Connection, image_id: str, key: str) -> Annotation | None:
    """The annotation that came of a draft or of a request with this key."""
    return next(
        (one for one in annotation_rows.of_image(connection, image_id) if one.provenance.draft == key), None
    )


def _replaced(connection: Connection, image_id: str, annotation_id: int) -> Replaces:
    annotation = annotation_rows.get(connection, annotation_id)
    if annotation.image_id != image_id:
        raise NotFound(f"Object {annotation_id} is not on this image.", field="replaces")
    if annotation.locked:
        raise Conflict(f"Object {annotation_id} is locked; unlock it first.")
    return Replaces(annotation_id, _hash(annotation.mask))


def _unchanged(connection: Connection, draft: Draft) -> Annotation:
    """The annotation that a draft refines, if it still is what the draft was begun from."""
    assert draft.replaces is not None
    try:
        annotation = annotation_rows.get(connection, draft.replaces.annotation)
    except NotFound:
        raise Conflict("The object was deleted while you refined it; drop the draft, or undo the deletion.") from None
    if _hash(annotation.mask) != draft.replaces.mask:
        raise Conflict(
            f"The mask of object {annotation.id} was changed at {annotation.updated} (by {annotation.author}) while you"
            " refined it; drop the draft and refine the new mask."
        )
    return annotation


def _hash(mask: Mask) -> str:
    return hashlib.sha256(str(mask.to_rle()["counts"]).encode()).hexdigest()[:32]


def _fitting(mask: Mask, annotation: Annotation) -> Mask:
    fitting = Mask.from_rle(mask.to_rle(), height=annotation.mask.height, width=annotation.mask.width)
    if fitting.area == 0:
        raise InvalidInput("The mask is empty; delete the object instead.", field="rle")
    return fitting


def _seconds(start: str, end: str) -> float:
    first, last = (datetime.fromisoformat(text.replace("Z", "+00:00")) for text in (start, end))
    return round(max(0.0, (last - first).total_seconds()), 3)
