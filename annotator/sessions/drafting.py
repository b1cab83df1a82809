"""Drafts: what a person is making on an image, until it is accepted or dropped."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from annotator.domain import mask_edit
from annotator.domain.annotation import Annotation, Draft, Provenance, Replaces
from annotator.domain.changes import Change, Edit
from annotator.domain.mask import Mask
from annotator.domain.project import Image
from annotator.domain.prompt import Prompt
from annotator.engine import Engine, ScoredMask
from annotator.errors import Conflict, InvalidInput, NotFound
from annotator.sessions.changing import Recorder, made_from
from annotator.sessions.library import Library
from annotator.store import annotation_rows, history_rows, image_rows, project_rows
from annotator.store.database import now

_SOME_OTHER_MASK = "unknown"
"""In place of the hash of a mask that was seen and is not there any more: accepting finds the conflict."""


class Drafts:
    """Writes drafts. Every verb names its author; a verb that returns has its effect on disk."""

    def __init__(self, *, recorder: Recorder, engine: Engine, library: Library) -> None:
        self._recorder = recorder
        self._database = recorder.database
        self._project_id = recorder.project_id
        self._engine = engine
        self._library = library

    def save(
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
        replaces_revision: int | None = None,
    ) -> Draft:
        """Keep what a person is making on an image.

        Args:
            revision: that of the draft that was there before; None when there was none.
            replaces: annotation whose place the draft takes when it is accepted.
            replaces_revision: that of the annotation when the draft was begun, which may be long ago: whoever was cut
                off from the server has not seen what others made of it. None: as it is now.

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
                known = _replaced(connection, image_id, replaces, replaces_revision)
            draft = Draft(draft_id, image_id, author, prompt, category_id, started, now(), replaces=known)
            if before is not None and before.content() == draft.content():
                return before  # asked again because the first reply was lost
            if (before.revision if before else None) != revision:
                raise Conflict("The draft was changed in another tab; the image is shown as it is now.")
            edit = Edit("draft", image_id, before.content() if before else None, draft.content(), revision or 0)
            self._recorder.record(connection, author, image_id, Change(label, (edit,)))
            saved = history_rows.draft(connection, image_id, author)
            assert saved is not None
            return saved

    def drop(self, *, author: str, image_id: str, revision: int) -> None:
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
            self._recorder.record(connection, author, image_id, Change("discard draft", (edit,)))

    def accept(
        self,
        *,
        author: str,
        image_id: str,
        draft_id: str,
        category: int | str,
        candidate: int | None = None,
        model: str | None = None,
        closer: bool = True,
        no_overlap: bool = False,
    ) -> Annotation:
        """Turn the draft into an annotation, or let it take the place of the one it refines, in one change.

        Args:
            model: the one that showed the mask; None: the default one.
            closer: False: the closer look that the draft asks for was not on the screen yet; what was is accepted.
            no_overlap: pixels that belong to other objects stay theirs; the provenance says how many.

        Raises:
            Conflict: there is no such draft (any more), or the annotation it refines was changed since.
            InvalidInput: the mask is empty.
            NotFound: the category is unknown.
        """
        with self._database.read() as connection:
            image = image_rows.get(connection, image_id)
            draft = history_rows.draft(connection, image_id, author)
            if draft is None or draft.id != draft_id:
                known = made_from(connection, image_id, draft_id)
                if known is not None:
                    return known
        if draft is None or draft.id != draft_id:
            raise Conflict("This draft is not there any more; it was accepted or dropped in another tab.")
        prompt = draft.prompt if candidate is None else replace(draft.prompt, choice=candidate)
        prompt = prompt if closer else replace(prompt, crop=None)
        scored, provenance = self._made(draft, image, prompt, model=model, no_overlap=no_overlap)
        drop = Edit("draft", image_id, draft.content(), None, draft.revision)
        if draft.replaces is not None:
            return self._replace(
                author=author, draft=draft, category=category, scored=scored, provenance=provenance, drop=drop
            )
        return self._recorder.create(
            author=author,
            image=image,
            category=category,
            mask=scored.mask,
            score=None if provenance.source == "hand" else scored.score,
            provenance=provenance,
            also=(drop,),
            label="accept",
        )

    def _made(
        self, draft: Draft, image: Image, prompt: Prompt, *, model: str | None, no_overlap: bool
    ) -> tuple[ScoredMask, Provenance]:
        """The mask that a draft stands for, and how it came to be."""
        prompt.require_answerable(width=image.width, height=image.height)
        scored = self._engine.mask(self._library.source(image), prompt, model=model, person=draft.author)
        scored, cut = self._apart(draft, scored) if no_overlap else (scored, 0)
        drawn = prompt.mask is not None and not prompt.points and prompt.box is None
        return scored, Provenance(
            source="hand" if drawn else "model",
            prompt=prompt.to_json(),
            model=None if drawn else model or self._engine.model,
            clicks=prompt.clicks,
            seconds=_seconds(draft.started, now()),
            draft=draft.id,
            cut=cut,
        )

    def _apart(self, draft: Draft, scored: ScoredMask) -> tuple[ScoredMask, int]:
        """The mask without what belongs to other objects, and how many pixels that is."""
        besides = draft.replaces.annotation if draft.replaces else None
        with self._database.read() as connection:
            others = [one.mask for one in annotation_rows.of_image(connection, draft.image_id) if one.id != besides]
        left = mask_edit.subtract(scored.mask, others)
        if left.mask.area == 0 < scored.mask.area:
            raise InvalidInput("All of the mask belongs to other objects; turn “No overlap” off to keep it.")
        return replace(scored, mask=left.mask), left.removed

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
                score=None if provenance.source == "hand" else scored.score,
                provenance=replace(
                    provenance,
                    clicks=before.clicks + provenance.clicks,
                    seconds=round((before.seconds or 0.0) + (provenance.seconds or 0.0), 3),
                ),
            )
            edit = Edit("annotation", str(annotation.id), annotation.content(), refined.content(), annotation.revision)
            self._recorder.record(connection, author, draft.image_id, Change("refine", (drop, edit)))
            return annotation_rows.get(connection, annotation.id)


def _replaced(connection: Connection, image_id: str, annotation_id: int, revision: int | None) -> Replaces:
    annotation = annotation_rows.get(connection, annotation_id)
    if annotation.image_id != image_id:
        raise NotFound(f"Object {annotation_id} is not on this image.", field="replaces")
    if annotation.locked:
        raise Conflict(f"Object {annotation_id} is locked; unlock it first.")
    changed = revision is not None and revision != annotation.revision
    return Replaces(annotation_id, _SOME_OTHER_MASK if changed else _hash(annotation.mask))


def _unchanged(connection: Connection, draft: Draft) -> Annotation:
    """The annotation that a draft refines, if it still is what the draft was begun from."""
    assert draft.replaces is not None
    try:
        annotation = annotation_rows.get(connection, draft.replaces.annotation)
    except NotFound:
        raise Conflict("The object was deleted while you refined it; drop the draft, or undo the deletion.") from None
    if _hash(annotation.mask) != draft.replaces.mask:
        raise Conflict(
            f"The mask of object {annotation.id} was changed at {annotation.last_change} while you"
            " refined it; drop the draft and refine the new mask."
        )
    return annotation


def _hash(mask: Mask) -> str:
    return hashlib.sha256(str(mask.to_rle()["counts"]).encode()).hexdigest()[:32]


def _seconds(start: str, end: str) -> float:
    first, last = (datetime.fromisoformat(text.replace("Z", "+00:00")) for text in (start, end))
    return round(max(0.0, (last - first).total_seconds()), 3)
