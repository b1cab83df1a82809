"""Projects of earlier versions open with everything in them.

`old/` holds databases as each version of the schema left them, written by the program of that time: two pictures, two
objects of two people on the first one, one of them relabelled, and a draft on the second.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from annotator.config import Settings
from annotator.domain.prompt import Point
from annotator.engine import Engine
from annotator.engine.fake import FakePredictor
from annotator.sessions.service import Service
from annotator.store.database import SCHEMA

pytestmark = pytest.mark.sqlite

OLD = sorted((Path(__file__).parent / "old").glob("*.sql"))


@pytest.fixture(params=OLD, ids=lambda path: path.stem)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """An old project's database in its folder."""
    path = tmp_path / "photos" / ".annotator" / "annotator.db"
    path.parent.mkdir(parents=True)
    with sqlite3.connect(path) as connection:
        connection.executescript(request.param.read_text())
    connection.close()
    return path


@pytest.fixture
def project(database: Path) -> Iterator[Service]:
    opened = Service.open(database.parent.parent, Settings.load(author="ann"), engine=Engine(predictor=FakePredictor()))
    yield opened
    opened.close()


def test_there_is_a_database_of_every_schema_but_the_newest() -> None:
    assert [path.stem for path in OLD] == [f"{number:04}" for number in range(1, int(SCHEMA))]


def test_everything_is_there_and_can_be_worked_with(project: Service) -> None:
    first, second = project.list_images(status=None, query=None, limit=10, cursor=None).items
    view = project.image(author="ann", image_id=first.id)
    assert [(one.category_id, one.author, one.mask.area, one.mask.bbox) for one in view.annotations] == [
        (2, "ann", 200, (10, 5, 20, 10)),
        (2, "ben", 200, (30, 20, 20, 10)),
    ]
    draft = project.image(author="ann", image_id=second.id).draft
    assert draft is not None
    assert draft.prompt.points == (Point(20, 10),)
    assert project.editor.undo(author="ben", image_id=first.id) == "relabel"
    assert project.image(author="ann", image_id=first.id).annotations[0].category_id == 1
    assert project.editor.undo(author="ann", image_id=second.id) == "point", "what was done before is undone"
    assert project.reviewer.facets().area == (200, 200)
    project.versions.create(author="ann", name="v1")
    assert project.versions.diff("v1") == []


def test_the_database_is_brought_to_the_newest_schema_once(project: Service, database: Path) -> None:
    with sqlite3.connect(database) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchone() == (SCHEMA,)
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()


def test_an_old_database_ends_up_with_the_tables_of_a_new_one(project: Service, database: Path, tmp_path: Path) -> None:
    from annotator.store.database import Database

    Database(f"sqlite:///{tmp_path / 'new.db'}").close()

    def columns(path: Path) -> dict[str, list[str]]:
        with sqlite3.connect(path) as connection:
            tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
            found = {
                table: sorted(row[1] for row in connection.execute(f"PRAGMA table_info({table})"))
                for (table,) in tables
                if not table.startswith("sqlite_")
            }
        connection.close()
        return found

    assert columns(database) == columns(tmp_path / "new.db")
