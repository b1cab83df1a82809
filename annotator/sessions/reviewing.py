"""The curator's verbs: finding objects and images, judging and relabelling many at once, and pictures of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from annotator.domain.annotation import REVIEW_STATES, Annotation
from annotator.domain.changes import Change, Edit
from annotator.domain.review import ImageOrder, ObjectFilter, ObjectOrder
from annotator.errors import InvalidInput
from annotator.images.crops import Shelf, object_picture, overview_picture
from annotator.sessions.changing import Recorder
from annotator.sessions.combining import Seen
from annotator.sessions.library import Library
from annotator.store import annotation_rows, image_rows, project_rows, review_rows
from annotator.store.review_rows import Facets, FoundImage, FoundObject

MAX_OBJECTS = 5000
"""Objects that one judgement can be about."""
OVERVIEW_LONGEST = 384
_LABELS = {"approved": "approve", "rejected": "reject", "unreviewed": "take back the review"}
_PLAIN = "#cccccc"


@dataclass(frozen=True, slots=True)
class Refused:
    """An object that was left as it is, and why."""

    id: int
    message: str


@dataclass(frozen=True, slots=True)
class Judged:
    """What became of a judgement: the objects as they are now, those left out, and the images that changed."""

    objects: list[FoundObject]
    refused: list[Refused]
    images: list[str]


class Reviewer:
    """Finds and judges the objects of a project."""

    def __init__(self, *, recorder: Recorder, library: Library) -> None:
        self._recorder = recorder
        self._database = recorder.database
        self._project_id = recorder.project_id
        self._library = library
        self._shelf = Shelf()

    def objects(
        self, *, where: ObjectFilter, order: ObjectOrder, descending: bool, limit: int, offset: int
    ) -> tuple[list[FoundObject], int]:
        """A part of the objects that a filter leaves, and how many it leaves in all."""
        with self._database.read() as connection:
            return review_rows.objects(
                connection,
                self._project_id,
                where=where,
                order=order,
                descending=descending,
                limit=limit,
                offset=offset,
            )

    def images(
        self, *, where: ObjectFilter, order: ImageOrder, descending: bool, limit: int, offset: int
    ) -> tuple[list[FoundImage], int]:
        """A part of the images that have an object which a filter leaves, and how many there are."""
        with self._database.read() as connection:
            return review_rows.gallery(
                connection,
                self._project_id,
                where=where,
                order=order,
                descending=descending,
                limit=limit,
                offset=offset,
            )

    def facets(self) -> Facets:
        """How the objects of the project are spread."""
        with self._database.read() as connection:
            return review_rows.facets(connection, self._project_id)

    def judge(self, *, author: str, objects: Sequence[Seen], review: str, note: str = "") -> Judged:
        """Approve or reject objects, or take a review back; one step of undo for each image.

        A locked object can be judged: the lock protects what it looks like. An image that has a rejected object is in
        progress again.

        Args:
            note: why, for the person who made it.

        Raises:
            InvalidInput: the review state is unknown, or there are too many objects.
        """
        if review not in REVIEW_STATES:
            raise InvalidInput(f"Review state {review!r} is unknown; use {', '.join(REVIEW_STATES)}.", field="review")
        return self._change(author, objects, _LABELS[review], {"review": review, "note": note})

    def relabel(self, *, author: str, objects: Sequence[Seen], category: int | str) -> Judged:
        """Give objects another category; one step of undo for each image.

        Raises:
            InvalidInput: there are too many objects.
            NotFound: the category is unknown.
        """
        with self._database.read() as connection:
            known = project_rows.get_category(connection, self._project_id, category).id
        return self._change(author, objects, "relabel", {"category": known})

    def _change(self, author: str, objects: Sequence[Seen], label: str, parts: dict[str, object]) -> Judged:
        if len(objects) > MAX_OBJECTS:
            raise InvalidInput(f"{len(objects)} objects are too many at once; send {MAX_OBJECTS}.", field="objects")
        wanted = {one.id: one for one in objects}
        with self._database.read() as connection:
            image_of = {one.id: one.image_id for one in annotation_rows.find_all(connection, list(wanted)).values()}
        by_image: dict[str, list[Seen]] = {}
        for one in wanted.values():
            by_image.setdefault(image_of.get(one.id, ""), []).append(one)
        judged = Judged([], [], [])
        for image_id, seen in by_image.items():
            self._change_image(author, image_id, seen, Change(label, ()), parts, judged)
        left = {one.id for one in judged.refused}
        with self._database.read() as connection:
            judged.objects.extend(review_rows.named(connection, [one.id for one in objects if one.id not in left]))
        return judged

    def _change_image(
        self, author: str, image_id: str, objects: list[Seen], change: Change, parts: dict[str, object], judged: Judged
    ) -> None:
        """Change objects of one image: a transaction for each, or people's clicks would wait for the whole project."""
        with self._database.write() as connection:
            found = annotation_rows.find_all(connection, [one.id for one in objects])
            fitting = []
            for seen in objects:
                annotation = found.get(seen.id)
                if annotation is None or annotation.revision != seen.revision:
                    judged.refused.append(Refused(seen.id, _stale(seen.id, annotation)))
                elif annotation.locked and "category" in parts:
                    judged.refused.append(Refused(seen.id, f"Object {seen.id} is locked; unlock it first."))
                else:
                    fitting.append(annotation)
            edits = _edits(fitting, parts)
            if edits:
                self._recorder.record(connection, author, image_id, replace(change, edits=edits))
                judged.images.append(image_id)
            if edits and parts.get("review") == "rejected":
                image_rows.reopen(connection, image_id)

    def picture(self, *, annotation_id: int, size: int) -> bytes:
        """WebP of an object with its surroundings, its longer side `size` pixels.

        Raises:
            NotFound: there is no such object.
            ImageProblem: its image can't be shown.
        """
        with self._database.read() as connection:
            annotation = annotation_rows.get(connection, annotation_id)
            image = image_rows.get(connection, annotation.image_id)
            colour = project_rows.colours(connection, self._project_id).get(annotation.category_id, _PLAIN)
        self._library.source(image)  # says why, where it can't be shown
        return object_picture(self._shelf, self._library.path(image), annotation.mask, colour=colour, size=size)

    def overview(self, *, image_id: str) -> bytes:
        """WebP of a small image with its masks painted over it.

        Raises:
            NotFound: there is no such image.
            ImageProblem: it can't be shown.
        """
        with self._database.read() as connection:
            image_rows.get(connection, image_id)
            colours = project_rows.colours(connection, self._project_id)
            found = annotation_rows.of_image(connection, image_id)
            masks = [(one.mask, colours.get(one.category_id, _PLAIN)) for one in found]
        path = self._library.thumbnail(image_id, longest=OVERVIEW_LONGEST)
        largest_first = sorted(masks, key=lambda pair: -pair[0].area)
        return overview_picture(path, largest_first)


def _edits(annotations: Sequence[Annotation], parts: dict[str, object]) -> tuple[Edit, ...]:
    edits = []
    for one in annotations:
        before = one.content()
        after = {**before, **parts}
        if after != before:
            edits.append(Edit("annotation", str(one.id), before, after, one.revision))
    return tuple(edits)


def _stale(annotation_id: int, annotation: Annotation | None) -> str:
    if annotation is None:
        return f"Object {annotation_id} is not there any more; it was deleted."
    return f"Object {annotation_id} was changed at {annotation.last_change}; look at it again."
