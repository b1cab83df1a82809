"""What strangers begin with: a project without anything that is somebody's own, copied without touching it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from annotator.domain.mask import Mask
from annotator.domain.person import Role
from annotator.errors import StorageProblem
from annotator.sessions.service import Service
from annotator.store.beginning import SOMEBODY, begin_from

pytestmark = pytest.mark.sqlite
SQUARE = {"size": [80, 120], "counts": [0, 80, 9520]}
KEPT = {"alembic_version", "sqlite_sequence", "projects", "categories", "images", "annotations"}


def test_what_belongs_to_people_stays_behind(service: Service, images: list[str], folder: Path, tmp_path: Path) -> None:
    service.accounts.add("Ada", role=Role.ADMIN, password="correct horse", by="test")
    service.accounts.create_token("Ada", label="script", by="test")
    service.editor.add(author="Ada", image_id=images[0], category="cat", mask=Mask.from_rle(SQUARE))
    service.together.assign(author="Ada", image_ids=images, assignee="Ada")
    service.together.arrive(author="Ada", client="tab", image_id=images[0])
    service.open_image(author="Ada", image_id=images[0])
    service.versions.create(author="Ada", name="v1", message="by Ada", model="fake")
    copy = tmp_path / "copy.db"
    begin_from(folder / ".annotator" / "annotator.db", copy)  # while the project is open
    with closing(sqlite3.connect(copy)) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        counts = {name: connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in tables}
        assert {name for name, count in counts.items() if count} == KEPT
        assert connection.execute("SELECT author, updated_by FROM annotations").fetchall() == [(SOMEBODY, SOMEBODY)]
    assert b"Ada" not in copy.read_bytes(), "nor in what was freed"
    assert not list(tmp_path.glob("copy.db-*")), "one file"


def test_a_damaged_project_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("annotator.store.beginning._PAUSE_SECONDS", 0.0)
    damaged = tmp_path / "annotator.db"
    damaged.write_bytes(b"SQLite format 3\0" + bytes(5000))
    with pytest.raises(StorageProblem, match="can't be copied"):
        begin_from(damaged, tmp_path / "copy.db")
