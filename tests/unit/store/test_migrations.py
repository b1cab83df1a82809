"""Projects of earlier versions open with everything in them."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from annotator.config import Settings
from annotator.domain.prompt import Point, Prompt
from annotator.engine import Engine
from annotator.engine.fake import FakePredictor
from annotator.sessions.service import Service
from annotator.store.database import SCHEMA


def opened(folder: Path) -> Service:
    return Service.open(folder, Settings.load(author="ann"), engine=Engine(predictor=FakePredictor()))


def test_a_project_from_before_objects_could_be_refined(service: Service, images: list[str], folder: Path) -> None:
    points = (Point(40, 30), Point(60, 40))
    for revision, count in ((None, 1), (1, 2)):
        service.drafts.save(
            author="ann",
            image_id=images[0],
            draft_id="d",
            prompt=Prompt(points=points[:count]),
            category_id=None,
            revision=revision,
            label="point",
        )
    service.close()
    (path,) = folder.rglob("annotator.db")
    with sqlite3.connect(path) as database:  # as the first version left it
        database.execute("ALTER TABLE drafts DROP COLUMN replaces")
        for table in ("projects", "categories", "images", "annotations"):
            database.execute(f"ALTER TABLE {table} DROP COLUMN extra")
        for table in ("findings", "events", "leases", "version_entries", "version_contents", "versions"):
            database.execute(f"DROP TABLE {table}")
        database.execute("ALTER TABLE images DROP COLUMN assignee")
        database.execute("ALTER TABLE projects DROP COLUMN settings")
        database.execute("ALTER TABLE annotations DROP COLUMN updated_by")
        for index in ("ix_annotations_category", "ix_annotations_review"):
            database.execute(f"DROP INDEX {index}")
        database.execute("ALTER TABLE annotations DROP COLUMN area")
        database.execute("UPDATE alembic_version SET version_num = '0001'")
    database.close()

    again = opened(folder)
    try:
        draft = again.image(author="ann", image_id=images[0]).draft
        assert draft is not None
        assert (draft.prompt.points, draft.replaces) == (points, None)
        assert again.editor.undo(author="ann", image_id=images[0]) == "point"
        accepted = again.drafts.accept(author="ann", image_id=images[0], draft_id="d", category="cat")
        assert accepted.provenance.clicks == 1
    finally:
        again.close()
    with sqlite3.connect(path) as database:
        assert database.execute("SELECT version_num FROM alembic_version").fetchone() == (SCHEMA,)
    database.close()
