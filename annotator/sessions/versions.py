"""Versions of a project: making, comparing, exporting and restoring them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sqlalchemy import Connection

from annotator.domain import version as domain
from annotator.domain.annotation import Annotation
from annotator.domain.changes import Change, Edit
from annotator.domain.project import Category
from annotator.domain.version import Content, Difference, Key, Version
from annotator.errors import Conflict
from annotator.sessions.changing import write_change
from annotator.sessions.together import announce
from annotator.store import annotation_rows, history_rows, image_rows, project_rows, version_rows
from annotator.store.database import Database, now

Steps = Callable[[int, int], None]


def _silent(done: int, total: int) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Restored:
    """What restoring a version did, or would do.

    Attributes:
        kept: name of the version that the project was kept as before; empty when nothing was changed.
        vanished: names of images whose files are not there any more; their objects are back all the same.
    """

    differences: list[Difference]
    images: int
    kept: str
    vanished: list[str]


class Versions:
    """The versions of one project."""

    def __init__(self, *, database: Database, project_id: str) -> None:
        self._database = database
        self._project_id = project_id

    def all(self) -> list[Version]:
        """All versions, the newest first."""
        with self._database.read() as connection:
            return version_rows.of_project(connection, self._project_id)

    def create(
        self, *, author: str, name: str, message: str = "", model: str = "", progress: Steps = _silent
    ) -> Version:
        """Keep the project as it is now under a name, for ever.

        Raises:
            Conflict: the name is taken.
            InvalidInput: the name can't be one.
        """
        with self._database.write() as connection:
            return self._create(connection, author=author, name=name, message=message, model=model, progress=progress)

    def _create(
        self, connection: Connection, *, author: str, name: str, message: str, model: str, progress: Steps
    ) -> Version:
        counts = image_rows.counts(connection, self._project_id)
        categories = project_rows.list_categories(connection, self._project_id)
        extra = project_rows.extra(connection, self._project_id)
        sizes = (counts.total, counts.objects, len(categories))
        version = version_rows.add(
            connection, self._project_id, Version(0, name, message, author, now(), model, *sizes, extra)
        )
        version_rows.add_entries(connection, version.id, _contents(connection, self._project_id, progress))
        return version

    def diff(self, before: str, after: str | None = None) -> list[Difference]:
        """What is not the same in two versions; `after` None: the project as it is now.

        Raises:
            NotFound: there is no such version.
        """
        with self._database.read() as connection:
            return self._diff(connection, before, after)

    def _diff(self, connection: Connection, before: str, after: str | None) -> list[Difference]:
        old = version_rows.hashes(connection, version_rows.get(connection, self._project_id, before).id)
        fresh: dict[str, Content] = {}
        if after is None:
            new, fresh = _now(connection, self._project_id, known=set(old.values()))
        else:
            new = version_rows.hashes(connection, version_rows.get(connection, self._project_id, after).id)
        changed = [key for key in {**old, **new} if old.get(key) != new.get(key)]
        named = {key: name for key, name in {**old, **new}.items() if key[0] != "annotation"}
        wanted = [side[key] for key in changed for side in (old, new) if key in side]
        contents = fresh | version_rows.contents(connection, [*wanted, *named.values()])
        names = {key: str(contents[name]["name"]) for key, name in named.items()}
        found = []
        for key in sorted(changed, key=_order):
            sides = [contents[side[key]] if key in side else None for side in (old, new)]
            one = domain.difference(key, *sides, names=names)
            if one is not None:
                found.append(one)
        return found

    def restore(self, *, author: str, name: str, dry: bool = False, model: str = "") -> Restored:
        """Make categories, objects and states of images what they were in a version; each image is one step of undo.

        What is there now is kept as a version first, so that nothing is lost.

        Args:
            dry: only say what would be done.

        Raises:
            Conflict: objects that would change are locked.
            NotFound: there is no such version.
        """
        with self._database.write() as connection:
            version = version_rows.get(connection, self._project_id, name)
            differences = [_reversed(one) for one in self._diff(connection, name, None)]
            vanished = _vanished(connection, version)
            if dry or not differences:
                return Restored(differences, len({one.image for one in differences if one.image}), "", vanished)
            kept = self._create(
                connection,
                author=author,
                name=_free_name(connection, self._project_id, name),
                message=f"As it was before {name} was restored.",
                model=model,
                progress=_silent,
            )
            images = _Restorer(connection, self._project_id, version, author).run()
            announce(connection, self._project_id, "images", image_id=None, author=author)
            announce(connection, self._project_id, "categories", image_id=None, author=author)
        return Restored(differences, images, kept.name, vanished)


class _Restorer:
    """One restoring, inside a transaction."""

    def __init__(self, connection: Connection, project_id: str, version: Version, author: str) -> None:
        self._connection = connection
        self._project_id = project_id
        self._version = version
        self._author = author
        # Above every revision that an object can have had: whoever saw it before must not take it for the same.
        self._revision = int(time.time())

    def run(self) -> int:
        """Returns how many images changed."""
        self._categories()
        count = 0
        states = dict(version_rows.entries(self._connection, self._version.id, "image"))
        for image in image_rows.everything(self._connection, self._project_id, broken=True):
            changed = self._objects(image.id)
            state = states[image.id]["state"] if image.id in states else "todo"
            if image_rows.get(self._connection, image.id).state != state:
                image_rows.set_state(self._connection, image.id, state)
                changed = True
            count += changed
        return count

    def _categories(self) -> None:
        wanted = {int(key): content for key, content in self._entries("category")}
        known = {one.id: one for one in project_rows.list_categories(self._connection, self._project_id)}
        taken = {content["name"] for content in wanted.values()}
        for one in known.values():
            if one.id not in wanted and one.name in taken:
                renamed = Category(one.id, f"{one.name} (later)"[:100], one.supercategory, one.colour, extra=one.extra)
                project_rows.update_category(self._connection, self._project_id, renamed)
        # By way of names that nothing has: two may have changed places.
        for final in (False, True):
            for key, content in wanted.items():
                name = content["name"] if final else f"restoring {key}"
                category = Category(key, name, content["supercategory"], content["colour"], extra=content["extra"])
                if key in known:
                    project_rows.update_category(self._connection, self._project_id, category)
                elif final:
                    project_rows.import_category(self._connection, self._project_id, category)

    def _objects(self, image_id: str) -> bool:
        wanted = dict(self._entries("annotation", image_id=image_id))
        there = {str(one.id): one for one in annotation_rows.of_image(self._connection, image_id)}
        edits = []
        revived: dict[int, str] = {}
        for key in sorted({*wanted, *there}, key=int):
            before = there[key].content() if key in there else None
            after = domain.change_content(wanted[key]) if key in wanted else None
            if key in wanted and (before is None or there[key].created != wanted[key]["created"]):
                revived[int(key)] = wanted[key]["created"]
            if before == after:
                continue
            _require_unlocked(there.get(key))
            revision = there[key].revision if key in there else self._revision
            edits.append(Edit("annotation", key, before, after, revision))
        if not edits:
            annotation_rows.set_created(self._connection, revived)
            return bool(revived)
        change = Change(f"restore {self._version.name}", tuple(edits))
        write_change(self._connection, self._project_id, author=self._author, image_id=image_id, change=change)
        history_rows.record(self._connection, image_id, self._author, change)
        annotation_rows.set_created(self._connection, revived)
        return True

    def _entries(self, kind: str, *, image_id: str | None = None) -> Iterator[tuple[str, Content]]:
        return version_rows.entries(self._connection, self._version.id, kind, image_id=image_id)


def _contents(connection: Connection, project_id: str, progress: Steps) -> Iterator[tuple[Key, str, Content]]:
    """The project as it is now: key, image and content of everything, in the order of exports."""
    for category in project_rows.list_categories(connection, project_id):
        yield ("category", str(category.id)), "", domain.category_content(category)
    images = image_rows.everything(connection, project_id, broken=True)
    for done, image in enumerate(images, 1):
        yield ("image", image.id), "", domain.image_content(image)
        for annotation in annotation_rows.of_image(connection, image.id):
            yield ("annotation", str(annotation.id)), image.id, domain.annotation_content(annotation)
        progress(done, len(images))


def _now(connection: Connection, project_id: str, *, known: set[str]) -> tuple[dict[Key, str], dict[str, Content]]:
    """Hashes of the project as it is now, and the contents that are not among the known ones."""
    found: dict[Key, str] = {}
    fresh: dict[str, Content] = {}
    for key, _, content in _contents(connection, project_id, _silent):
        found[key] = domain.hash_of(content)
        if found[key] not in known:
            fresh[found[key]] = content
    return found, fresh


def _order(key: Key) -> tuple[int, int, str]:
    kind, name = key
    return ("category", "image", "annotation").index(kind), int(name) if name.isdigit() else 0, name


def _reversed(one: Difference) -> Difference:
    change = {"added": "removed", "removed": "added"}.get(one.change, "changed")
    turned = tuple(" → ".join(reversed(detail.split(" → "))) if " → " in detail else detail for detail in one.details)
    return Difference(one.kind, one.id, change, one.name, one.image, one.iou, turned)  # type: ignore[arg-type]


def _vanished(connection: Connection, version: Version) -> list[str]:
    rows = version_rows.entries(connection, version.id, "image")
    problems = [(content["name"], image_rows.get(connection, key).problem, content["problem"]) for key, content in rows]
    return [name for name, problem_now, problem_then in problems if problem_now is not None and problem_then is None]


def _free_name(connection: Connection, project_id: str, name: str) -> str:
    taken = {version.name for version in version_rows.of_project(connection, project_id)}
    number = 1
    while f"before-{name}-{number}"[:64] in taken:
        number += 1
    return f"before-{name}-{number}"[:64]


def _require_unlocked(annotation: Annotation | None) -> None:
    if annotation is not None and annotation.locked:
        raise Conflict(f"Object {annotation.id} is locked and would change; unlock it first. Nothing was changed.")
