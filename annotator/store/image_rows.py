"""Rows of images: the list a project shows, in natural order of names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, exists, func, insert, or_, select, update

from annotator.domain.project import Image, ProjectCounts, natural_key
from annotator.errors import NotFound
from annotator.store.schema import annotations as annotations_table
from annotator.store.schema import images, projects

objects_of_image = (
    select(func.count())
    .where(annotations_table.c.image_id == images.c.id)
    .correlate(images)
    .scalar_subquery()
    .label("objects")
)


@dataclass(frozen=True, slots=True)
class FileRow:
    """What was last seen of an image's file: enough to know without reading it whether it changed."""

    id: str
    name: str
    source_hash: str
    bytes: int
    modified_ns: int
    verified: bool
    problem: str | None


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a list and where the next part starts."""

    items: list[Image]
    cursor: str | None


def get(connection: Connection, image_id: str) -> Image:
    """One image.

    Raises:
        NotFound: there is none with this id.
    """
    row = connection.execute(select(images, objects_of_image).where(images.c.id == image_id)).one_or_none()
    if row is None:
        raise NotFound(f"There is no image {image_id!r}; it may have been removed from the folder. Reload the list.")
    return image_of(row)


def find(connection: Connection, project_id: str, name: str | None) -> str | None:
    """The id of the image with this name, when there is one."""
    return connection.execute(
        select(images.c.id).where(images.c.project_id == project_id, images.c.name == name)
    ).scalar()


def page(
    connection: Connection,
    project_id: str,
    *,
    status: str | None,
    query: str | None,
    limit: int,
    cursor: str | None,
    author: str | None = None,
) -> Page:
    """Images in natural order of names.

    Args:
        status: a state of images, `broken`, `returned` (with rejected objects of `author`), or None for all.
        query: part of the name, any case.
        limit: number of images at most.
        cursor: what the page before returned.
    """
    where = [images.c.project_id == project_id]
    if status == "broken":
        where.append(images.c.problem.is_not(None))
    elif status == "returned":
        where.append(_returned_to(author))
    elif status:
        where += [images.c.problem.is_(None), images.c.state == status]
    if query:
        where.append(func.lower(images.c.name).contains(query.lower(), autoescape=True))
    if cursor:
        where.append(images.c.sort_key > cursor)
    rows = connection.execute(
        select(images, objects_of_image).where(*where).order_by(images.c.sort_key).limit(limit + 1)
    ).all()
    more = len(rows) > limit
    return Page([image_of(row) for row in rows[:limit]], rows[limit - 1].sort_key if more else None)


def _returned_to(author: str | None) -> ColumnElement[bool]:
    """Images with objects of a person that were rejected."""
    mine = (annotations_table.c.image_id == images.c.id, annotations_table.c.author == author)
    return exists().where(*mine, annotations_table.c.review == "rejected")


def counts(connection: Connection, project_id: str, *, author: str | None = None) -> ProjectCounts:
    """How many images are in which state, how many objects there are, and how many images came back to `author`."""
    rows = connection.execute(
        select(images.c.problem.is_not(None).label("broken"), images.c.state, func.count().label("images"))
        .where(images.c.project_id == project_id)
        .group_by(images.c.problem.is_not(None), images.c.state)
    ).all()
    objects = connection.execute(
        select(func.count()).select_from(annotations_table.join(images)).where(images.c.project_id == project_id)
    ).scalar_one()
    returned = connection.execute(
        select(func.count()).select_from(images).where(images.c.project_id == project_id, _returned_to(author))
    ).scalar_one()
    by_state = {row.state: row.images for row in rows if not row.broken}
    return ProjectCounts(
        total=sum(row.images for row in rows),
        broken=sum(row.images for row in rows if row.broken),
        objects=objects,
        returned=returned,
        **by_state,
    )


def files(connection: Connection, project_id: str) -> list[FileRow]:
    """What is known of every image's file."""
    columns = (images.c[name] for name in FileRow.__slots__)
    return [
        FileRow(*row) for row in connection.execute(select(*columns).where(images.c.project_id == project_id)).all()
    ]


def file_of(connection: Connection, image_id: str) -> tuple[int, int]:
    """Size in bytes and time of change of an image's file when it was listed."""
    row = connection.execute(select(images.c.bytes, images.c.modified_ns).where(images.c.id == image_id)).one()
    return row.bytes, row.modified_ns


def save_file(connection: Connection, project_id: str, image: Image, *, bytes: int, modified_ns: int) -> None:
    """Insert an image or update what is known of its file; its state and objects stay."""
    values: dict[str, Any] = {
        "name": image.name,
        # The id makes it unique: a vanished image keeps its name when another file takes it.
        "sort_key": f"{natural_key(image.name)}\x01{image.id}",
        "source_hash": image.source_hash,
        "bytes": bytes,
        "modified_ns": modified_ns,
        "width": image.width,
        "height": image.height,
        "problem": image.problem,
        "note": image.note,
        "verified": False,
    }
    if not connection.execute(update(images).where(images.c.id == image.id).values(values)).rowcount:
        project = projects.c.id == project_id
        number = connection.execute(select(projects.c.next_image).where(project)).scalar_one()
        connection.execute(update(projects).where(project).values(next_image=number + 1))
        new = {"id": image.id, "project_id": project_id, "number": number, "state": image.state}
        connection.execute(insert(images).values(**new, **values))


def everything(connection: Connection, project_id: str, *, broken: bool = False) -> list[Image]:
    """All images that can be shown, and with `broken` the others, in natural order; their objects are not counted."""
    shown = select(images).where(images.c.project_id == project_id)
    if not broken:
        shown = shown.where(images.c.problem.is_(None))
    return [image_of(row, objects=0) for row in connection.execute(shown.order_by(images.c.sort_key))]


def renumber(connection: Connection, project_id: str, numbers: dict[str, int]) -> None:
    """Give images other numbers, by their ids; the others keep theirs.

    Raises:
        sqlalchemy.exc.IntegrityError: two would have the same.
    """
    for sign in (-1, 1):  # by way of numbers that nothing has: two may change places
        for image_id, number in numbers.items():
            connection.execute(update(images).where(images.c.id == image_id).values(number=sign * number))
    highest = connection.execute(select(func.max(images.c.number)).where(images.c.project_id == project_id)).scalar()
    connection.execute(update(projects).where(projects.c.id == project_id).values(next_image=(highest or 0) + 1))


def set_extra(connection: Connection, image_id: str, extra: dict[str, Any]) -> None:
    """Keep what an imported dataset says of an image."""
    connection.execute(update(images).where(images.c.id == image_id).values(extra=extra))


def set_problem(connection: Connection, image_id: str, problem: str | None) -> None:
    """Say why an image can't be shown, or that it can."""
    connection.execute(update(images).where(images.c.id == image_id).values(problem=problem, verified=True))


def set_verified(connection: Connection, image_id: str) -> None:
    """Note that an image's file has been decoded whole."""
    connection.execute(update(images).where(images.c.id == image_id).values(verified=True))


def set_state(connection: Connection, image_id: str, state: str) -> None:
    """Write an image's state."""
    connection.execute(update(images).where(images.c.id == image_id).values(state=state))


def touch_state(connection: Connection, image_id: str) -> None:
    """An object was added: an image that was to do, or said to be empty, is in progress."""
    connection.execute(
        update(images)
        .where(and_(images.c.id == image_id, or_(images.c.state == "todo", images.c.state == "empty")))
        .values(state="in_progress")
    )


def reopen(connection: Connection, image_id: str) -> None:
    """An object was sent back: an image that was finished is in progress again."""
    finished = images.c.state.in_(("done", "empty"))
    connection.execute(update(images).where(images.c.id == image_id, finished).values(state="in_progress"))


def image_of(row: Row[Any], *, objects: int | None = None) -> Image:
    """The image of a row that has all columns of the table, and `objects` unless it is given."""
    return Image(
        id=row.id,
        number=row.number,
        name=row.name,
        source_hash=row.source_hash,
        width=row.width,
        height=row.height,
        state=row.state,
        objects=row.objects if objects is None else objects,
        problem=row.problem,
        note=row.note,
        extra=row.extra,
        assignee=row.assignee,
    )
