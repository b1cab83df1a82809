"""The categories of a project."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from annotator.domain.project import Category, next_colour
from annotator.errors import Conflict
from annotator.sessions.together import announce
from annotator.store import project_rows
from annotator.store.database import Database


class Categories:
    """Adds, changes and removes the categories of `project_id`."""

    def __init__(self, *, database: Database, project_id: str) -> None:
        self._database = database
        self._project_id = project_id

    def add(self, *, name: str, supercategory: str = "", colour: str | None = None) -> Category:
        """Add a category; without a colour it gets the one least used.

        Raises:
            Conflict: the name is taken.
        """
        with self._database.write() as connection:
            self._announce(connection)
            taken = [category.colour for category in project_rows.list_categories(connection, self._project_id)]
            return project_rows.add_category(
                connection,
                self._project_id,
                name=name,
                supercategory=supercategory,
                colour=(colour or next_colour(taken)).lower(),
            )

    def ensure(self, names: list[str]) -> None:
        """Add those of the names that the project lacks, in order."""
        with self._database.read() as connection:
            known = {category.name for category in project_rows.list_categories(connection, self._project_id)}
        for name in dict.fromkeys(name.strip() for name in names):
            if name and name not in known:
                with suppress(Conflict):  # another server has just added it
                    self.add(name=name)

    def update(self, category_id: int, **changes: Any) -> Category:
        """Rename, recolour or regroup a category; `changes` are fields of `Category`, None leaves one as it is."""
        wanted = {field: value for field, value in changes.items() if value is not None}
        if "colour" in wanted:
            wanted["colour"] = wanted["colour"].lower()
        with self._database.write() as connection:
            category = project_rows.get_category(connection, self._project_id, category_id)
            self._announce(connection)
            project_rows.update_category(connection, self._project_id, replace(category, **wanted))
            known = project_rows.list_categories(connection, self._project_id)
            return next(category for category in known if category.id == category_id)

    def delete(self, category_id: int) -> None:
        """Remove a category that no object uses.

        Raises:
            Conflict: objects use it.
        """
        with self._database.write() as connection:
            category = project_rows.get_category(connection, self._project_id, category_id)
            project_rows.delete_category(connection, self._project_id, category)
            self._announce(connection)

    def _announce(self, connection: Connection) -> None:
        announce(connection, self._project_id, "categories", image_id=None, author="")
