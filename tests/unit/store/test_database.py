"""The database: its schema, its transactions, and what it says when it can't be used."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

import annotator.store
from annotator.domain.project import Image
from annotator.errors import Conflict, InvalidInput, NotFound, StorageProblem
from annotator.store import image_rows, project_rows
from annotator.store.database import SCHEMA, Database
from annotator.store.schema import metadata


@pytest.fixture
def database(tmp_path: Path) -> Database:
    opened = Database(f"sqlite:///{tmp_path / 'annotator.db'}")
    with opened.write() as connection:
        project_rows.ensure(connection, project_id="p", name="p")
    return opened


def test_the_migrations_give_the_tables_that_the_code_expects(database: Database) -> None:
    with database.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_the_newest_migration_is_the_one_the_code_asks_for() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(annotator.store.__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    assert ScriptDirectory.from_config(config).get_current_head() == SCHEMA


def test_a_transaction_that_fails_leaves_nothing(database: Database) -> None:
    def fail_halfway() -> None:
        with database.write() as connection:
            project_rows.add_category(connection, "p", name="cat", supercategory="", colour="#ffffff")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_halfway()
    with database.read() as connection:
        assert project_rows.list_categories(connection, "p") == []


def test_a_reader_sees_one_moment_while_somebody_writes(database: Database) -> None:
    with database.read() as reader:
        assert image_rows.counts(reader, "p").total == 0
        with database.write() as writer:
            image_rows.save_file(writer, "p", Image("i", "a.png", "h", 1, 1), bytes=1, modified_ns=1)
        assert image_rows.counts(reader, "p").total == 0
    with database.read() as reader:
        assert image_rows.counts(reader, "p").total == 1


def test_the_write_ahead_log_and_full_synchronisation_are_on(database: Database) -> None:
    with database.read() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1


def test_a_database_that_cannot_be_opened_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(StorageProblem, match=r"can't be used: .* Check that its folder exists"):
        Database(f"sqlite:///{tmp_path / 'no' / 'such' / 'annotator.db'}")


def test_category_ids_start_at_one_and_are_never_used_twice(database: Database) -> None:
    with database.write() as connection:
        ids = []
        for name in ("a", "b", "c"):
            category = project_rows.add_category(connection, "p", name=name, supercategory="", colour="#ffffff")
            ids.append(category.id)
            project_rows.delete_category(connection, "p", category)
        assert ids == [1, 2, 3]
        with pytest.raises(NotFound):
            project_rows.get_category(connection, "p", 1)


def test_two_categories_cannot_share_a_name_and_none_is_nameless(database: Database) -> None:
    with database.write() as connection:
        project_rows.add_category(connection, "p", name="a", supercategory="", colour="#ffffff")
        with pytest.raises(Conflict, match="“a” already"):
            project_rows.add_category(connection, "p", name="a", supercategory="", colour="#ffffff")
        with pytest.raises(InvalidInput):
            project_rows.add_category(connection, "p", name="", supercategory="", colour="#ffffff")


def test_paging_shows_every_image_once_in_natural_order(database: Database) -> None:
    names = [f"{folder}img{number}.png" for folder in ("", "b/", "B-2/", "b10/") for number in (1, 2, 10, 20)]
    with database.write() as connection:
        for number, name in enumerate(names):
            image_rows.save_file(connection, "p", Image(f"i{number}", name, "h", 1, 1), bytes=1, modified_ns=1)
    seen: list[str] = []
    cursor = None
    with database.read() as connection:
        while True:
            page = image_rows.page(connection, "p", status=None, query=None, limit=3, cursor=cursor)
            seen += [image.name for image in page.items]
            cursor = page.cursor
            if cursor is None:
                break
    assert sorted(seen) == sorted(names)
    first = [name for name in seen if name.startswith("b/")]
    assert first == ["b/img1.png", "b/img2.png", "b/img10.png", "b/img20.png"]
    assert seen.index("b/img1.png") < seen.index("b10/img1.png")


def test_a_query_is_text_and_not_a_pattern(database: Database) -> None:
    with database.write() as connection:
        for name in ("100%.png", "100x.png", "a_b.png", "axb.png"):
            image_rows.save_file(connection, "p", Image(name, name, "h", 1, 1), bytes=1, modified_ns=1)

    def found(query: str) -> list[str]:
        with database.read() as connection:
            page = image_rows.page(connection, "p", status=None, query=query, limit=9, cursor=None)
            return [image.name for image in page.items]

    assert found("%") == ["100%.png"]
    assert found("A_B") == ["a_b.png"]
