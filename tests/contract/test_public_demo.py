"""A public demo as a running server: what it writes is gone when it is, and the project is as it was."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from annotator.config import Settings
from annotator.domain.mask import Mask
from annotator.engine import Engine
from annotator.engine.fake import FakePredictor
from annotator.public import SCRATCH
from annotator.sessions.service import Service
from tests.conftest import photo
from tests.e2e.app import App
from tests.unit.api.visiting import PAGE, SQUARE, tree

pytestmark = pytest.mark.sqlite


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where servers that are started have their temporary files."""
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setenv("TMPDIR", str(place))
    return place


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with an object, as a server left it that was killed: what was done last is in the database's log."""
    folder = tmp_path / "photos"
    photo(folder / "a.png")
    service = Service.open(folder, Settings.load(author="ann"), engine=Engine(predictor=FakePredictor()))
    service.categories.ensure(["cat"])
    service.library.scan()
    (image,) = service.list_images(status=None, query=None, limit=2, cursor=None).items
    service.editor.add(author="ann", image_id=image.id, category="cat", mask=Mask.from_rle(SQUARE))
    data = folder / ".annotator"
    left = {name: (data / name).read_bytes() for name in ("annotator.db", "annotator.db-wal")}
    service.close()
    for name, content in left.items():
        (data / name).write_bytes(content)
    assert left["annotator.db-wal"]
    return folder


@pytest.fixture
def app(project: Path, temporary: Path) -> Iterator[App]:
    running = App(project, ["demo", "--public", "--folder", str(project)])
    yield running.start()
    running.stop()


def left_in(temporary: Path) -> list[Path]:
    """The folders of demos among the temporary files; libraries have theirs there too."""
    return list(temporary.glob(f"{SCRATCH}*"))


def annotate(app: App) -> None:
    """Come in, see the object that is there, ask for a mask and add one."""
    with httpx.Client(base_url=app.url, follow_redirects=True, timeout=60) as visitor:
        assert visitor.get("/", headers=PAGE).status_code == 200
        (item,) = visitor.get("/api/v1/projects/photos/images").json()["items"]
        image = f"/api/v1/images/{item['id']}"
        assert len(visitor.get(image).json()["annotations"]) == 1
        assert visitor.post(f"{image}/predict", json={"points": [[60, 40, 1]]}).status_code == 200
        assert visitor.post(f"{image}/annotations", json={"rle": SQUARE, "category": "cat"}).status_code == 201
        assert visitor.get(f"{image}/thumbnail").status_code == 200


def test_stopped_it_leaves_nothing(app: App, project: Path, temporary: Path) -> None:
    before = tree(project)
    annotate(app)
    assert "Nothing is kept" in app.log[-1]
    assert tree(project) == before
    assert len(left_in(temporary)) == 1
    app.stop()
    assert tree(project) == before
    assert left_in(temporary) == []


def test_killed_it_leaves_what_the_next_one_sweeps(app: App, project: Path, temporary: Path) -> None:
    before = tree(project)
    annotate(app)
    app.kill()
    assert tree(project) == before
    (left,) = left_in(temporary)
    long_ago = time.time() - 3600
    os.utime(left, (long_ago, long_ago))
    app.start()
    assert not left.exists()
    assert len(left_in(temporary)) == 1, "its own"
    annotate(app)
    assert tree(project) == before


def test_several_demos_do_not_sweep_each_other(app: App, project: Path, temporary: Path) -> None:
    (own,) = left_in(temporary)
    os.utime(own, (0, 0))
    other = App(project, ["demo", "--public", "--folder", str(project)]).start()
    try:
        annotate(app)
        annotate(other)
        assert len(left_in(temporary)) == 2
    finally:
        other.stop()
