"""Rows of projects, their categories, and where each person left off."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, func, insert, select, update
from sqlalchemy import delete as sql_delete

from annotator.domain.project import Category
from annotator.errors import Conflict, InvalidInput, NotFound
from annotator.store.database import now
from annotator.store.schema import annotations as annotations_table
from annotator.store.schema import categories, images, places, projects


def ensure(connection: Connection, *, project_id: str, name: str, anew: bool = False) -> str:
    """Create the project unless it exists; an existing one takes the new name (its folder was renamed).

    Args:
        anew: whether it is a copy, which counts as created now.

    Returns:
        When it was created.
    """
    found = connection.execute(select(projects.c.name, projects.c.created).where(projects.c.id == project_id)).first()
    if found is None:
        created = now()
        connection.execute(
            insert(projects).values(id=project_id, name=name, created=created, next_category=1, next_image=1)
        )
        return created
    created = now() if anew else str(found.created)
    if (found.name, found.created) != (name, created):
        connection.execute(update(projects).where(projects.c.id == project_id).values(name=name, created=created))
    return created


def first_id(connection: Connection) -> str | None:
    """The id of the only project of a folder's database; None in a new one."""
    return connection.execute(select(projects.c.id).order_by(projects.c.created).limit(1)).scalar()


def touch(connection: Connection, project_id: str) -> None:
    """Write what is there already: to know whether anything can be written."""
    connection.execute(update(projects).where(projects.c.id == project_id).values(name=projects.c.name))


def list_categories(connection: Connection, project_id: str) -> list[Category]:
    """All categories by id, with the number of objects each has."""
    used = (
        select(annotations_table.c.category_id, func.count().label("objects"))
        .join(images, images.c.id == annotations_table.c.image_id)
        .where(images.c.project_id == project_id)
        .group_by(annotations_table.c.category_id)
        .subquery()
    )
    rows = connection.execute(
        select(categories, func.coalesce(used.c.objects, 0).label("objects"))
        .outerjoin(used, used.c.category_id == categories.c.id)
        .where(categories.c.project_id == project_id)
        .order_by(categories.c.id)
    )
    return [Category(row.id, row.name, row.supercategory, row.colour, row.objects, row.extra) for row in rows]


def colours(connection: Connection, project_id: str) -> dict[int, str]:
    """The colours of the categories by id; objects are not counted."""
    rows = connection.execute(select(categories.c.id, categories.c.colour).where(categories.c.project_id == project_id))
    return {row.id: row.colour for row in rows}


def get_category(connection: Connection, project_id: str, category: int | str) -> Category:
    """A category by id or name, its objects not counted.

    Raises:
        NotFound: the project has no such category.
    """
    column = categories.c.id if isinstance(category, int) else categories.c.name
    row = connection.execute(
        select(categories).where(categories.c.project_id == project_id, column == category)
    ).one_or_none()
    if row is None:
        raise NotFound(f"There is no category {category!r} in this project; add it first.", field="category")
    return Category(row.id, row.name, row.supercategory, row.colour, extra=row.extra)


def import_category(connection: Connection, project_id: str, category: Category) -> None:
    """Add a category under the id that it has, which no category has had before.

    Raises:
        Conflict: the name is taken.
    """
    _require_free_name(connection, project_id, category.name, but=None)
    project = projects.c.id == project_id
    number = connection.execute(select(projects.c.next_category).where(project)).scalar_one()
    connection.execute(update(projects).where(project).values(next_category=max(number, category.id + 1)))
    connection.execute(
        insert(categories).values(
            project_id=project_id,
            id=category.id,
            name=category.name,
            supercategory=category.supercategory,
            colour=category.colour,
            extra=category.extra,
        )
    )


def next_category(connection: Connection, project_id: str) -> int:
    """The smallest id that no category of the project has had."""
    number: int = connection.execute(select(projects.c.next_category).where(projects.c.id == project_id)).scalar_one()
    return number


def extra(connection: Connection, project_id: str) -> dict[str, Any]:
    """What imported datasets say of the project as a whole that nothing here knows."""
    found = connection.execute(select(projects.c.extra).where(projects.c.id == project_id)).scalar()
    return dict(found or {})


def set_extra(connection: Connection, project_id: str, values: dict[str, Any]) -> None:
    """Write what imported datasets say of the project as a whole."""
    connection.execute(update(projects).where(projects.c.id == project_id).values(extra=values or None))


def add_category(connection: Connection, project_id: str, *, name: str, supercategory: str, colour: str) -> Category:
    """Add a category under the next id that was never used.

    Raises:
        Conflict: the name is taken.
        InvalidInput: name, supercategory or colour is not usable.
    """
    _require_free_name(connection, project_id, name, but=None)
    project = projects.c.id == project_id
    number = connection.execute(select(projects.c.next_category).where(project)).scalar_one()
    category = Category(number, name, supercategory, colour)
    connection.execute(update(projects).where(project).values(next_category=number + 1))
    connection.execute(
        insert(categories).values(
            project_id=project_id, id=category.id, name=name, supercategory=supercategory, colour=colour
        )
    )
    return category


def update_category(connection: Connection, project_id: str, category: Category) -> None:
    """Write a category's name, supercategory and colour.

    Raises:
        Conflict: another category has the name.
    """
    _require_free_name(connection, project_id, category.name, but=category.id)
    connection.execute(
        update(categories)
        .where(categories.c.project_id == project_id, categories.c.id == category.id)
        .values(name=category.name, supercategory=category.supercategory, colour=category.colour)
    )


def delete_category(connection: Connection, project_id: str, category: Category) -> None:
    """Remove a category without objects.

    Raises:
        Conflict: objects use it, or it is the project's last.
    """
    objects = next(known.objects for known in list_categories(connection, project_id) if known.id == category.id)
    if objects:
        raise Conflict(f"“{category.name}” is used by {objects} objects; relabel or delete them first, then remove it.")
    connection.execute(
        sql_delete(categories).where(categories.c.project_id == project_id, categories.c.id == category.id)
    )


def place(connection: Connection, project_id: str, author: str) -> str | None:
    """The image the person had open last."""
    return connection.execute(
        select(places.c.image_id).where(places.c.project_id == project_id, places.c.author == author)
    ).scalar()


def set_place(connection: Connection, project_id: str, author: str, image_id: str) -> None:
    """Remember the image the person has open."""
    where = (places.c.project_id == project_id, places.c.author == author)
    if not connection.execute(update(places).where(*where).values(image_id=image_id)).rowcount:
        connection.execute(insert(places).values(project_id=project_id, author=author, image_id=image_id))


def _require_free_name(connection: Connection, project_id: str, name: str, *, but: int | None) -> None:
    if not name:
        raise InvalidInput("A category needs a name.", field="name")
    taken = connection.execute(
        select(categories.c.id).where(categories.c.project_id == project_id, categories.c.name == name)
    ).scalar()
    if taken is not None and taken != but:
        raise Conflict(f"There is a category “{name}” already; choose another name.", field="name")
