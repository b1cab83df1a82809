"""A full disk, a locked or read-only database, images gone, a wrong clock: said, survived, and gone with its cause."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import event

from annotator.api.app import create_app
from annotator.config import Settings
from annotator.engine import Engine
from annotator.engine.fake import FakePredictor
from annotator.sessions import together
from annotator.sessions.service import Service
from annotator.store import database
from tests.conftest import photo

RLE = {"size": [80, 120], "counts": [0, 80, 9520]}


def accept(client: TestClient, image: str, key: str) -> Any:
    return client.post(f"/api/v1/images/{image}/annotations", json={"rle": RLE, "category": "cat", "key": key})


def objects(client: TestClient, image: str) -> int:
    return len(client.get(f"/api/v1/images/{image}").json()["annotations"])


def assert_trouble(reply: Any) -> str:
    """The one sentence that the page shows; what the page does with it is to try again."""
    assert reply.status_code == 503
    error = reply.json()["error"]
    assert error["code"] == "storage_problem"
    message: str = error["message"]
    assert message.endswith(".")
    return message


def test_a_database_that_is_full_refuses_and_goes_on_when_there_is_room(
    client: TestClient, service: Service, images: list[str]
) -> None:
    assert accept(client, images[0], "before").status_code == 201
    pages: list[Any] = []

    def keep_small(connection: Any, _record: Any, _proxy: Any) -> None:
        [used] = connection.execute("PRAGMA page_count").fetchone()
        pages.append(connection.execute(f"PRAGMA max_page_count={used}").fetchone())

    engine = service._database._engine
    event.listen(engine, "checkout", keep_small)
    added = 1
    for number in range(2000):
        reply = accept(client, images[0], f"k{number}")
        if reply.status_code != 201:
            break
        added += 1
    assert "full" in assert_trouble(reply)
    assert objects(client, images[0]) == added, "nothing of what was refused is there"
    event.remove(engine, "checkout", keep_small)
    with service._database.read() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count=1073741823")
    engine.dispose()
    assert accept(client, images[0], f"k{number}").status_code == 201
    assert objects(client, images[0]) == added + 1


@contextmanager
def small_disk(folder: Path, *, mebibytes: int) -> Iterator[None]:
    folder.mkdir(parents=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={mebibytes}m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or shutil.which("mount") is None or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("a small disk can't be mounted here: that takes root and the right to mount")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(path: Path) -> None:
    """Write until there is no room for another page."""
    with path.open("wb", buffering=0) as stream, suppress(OSError):
        while stream.write(b"x" * 4096):
            pass


def test_a_disk_that_is_full_refuses_and_goes_on_when_there_is_room(tmp_path: Path) -> None:
    for seed, name in enumerate(("a.png", "b.png")):
        photo(tmp_path / "photos" / name, seed=seed)
    data = tmp_path / "data"
    with small_disk(data, mebibytes=6):
        settings = Settings.load(author="ann", data_dir=data)
        service = Service.open(tmp_path / "photos", settings, engine=Engine(predictor=FakePredictor()))
        with closing(service), TestClient(create_app(service), base_url="http://127.0.0.1:7860") as client:
            service.categories.ensure(["cat"])
            service.library.scan()
            image, other = (one["id"] for one in client.get("/api/v1/projects/photos/images").json()["items"])
            assert accept(client, image, "first").status_code == 201
            filler = data / "filler"
            fill(filler)
            refused = 0
            for number in range(50):
                reply = accept(client, image, f"k{number}")
                if reply.status_code == 503:
                    refused += 1
                    assert_trouble(reply)
            assert refused
            kept = objects(client, image)
            assert kept == 1 + 50 - refused
            # The picture of the other image was never made; it can't be kept, and the page is told.
            assert client.get(f"/api/v1/images/{other}/thumbnail").status_code in (200, 503)
            filler.unlink()
            for number in range(50):
                assert accept(client, image, f"k{number}").status_code == 201
            assert objects(client, image) == 51, "what was refused came in, what was there was not doubled"
            assert client.get(f"/api/v1/images/{other}/thumbnail").status_code == 200
        with sqlite3.connect(data / "annotator.db") as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        connection.close()


def test_a_database_that_became_read_only_refuses_and_goes_on(
    client: TestClient, service: Service, images: list[str]
) -> None:
    def only_read(connection: Any, _record: Any, _proxy: Any) -> None:
        connection.execute("PRAGMA query_only=ON")

    event.listen(service._database._engine, "checkout", only_read)
    assert "readonly" in assert_trouble(accept(client, images[0], "x"))
    # Who only looks goes on looking.
    assert objects(client, images[0]) == 0
    event.remove(service._database._engine, "checkout", only_read)
    service._database._engine.dispose()
    assert accept(client, images[0], "x").status_code == 201


def test_a_locked_database_is_waited_for_and_then_refuses(
    client: TestClient, service: Service, images: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = service.folder / ".annotator" / "annotator.db"
    holder = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    holder.execute("BEGIN IMMEDIATE")
    release = threading.Timer(0.5, lambda: holder.execute("ROLLBACK"))
    release.start()
    assert accept(client, images[0], "waits").status_code == 201
    release.join()

    def impatient(connection: Any, _record: Any, _proxy: Any) -> None:
        connection.execute("PRAGMA busy_timeout=50")

    event.listen(service._database._engine, "checkout", impatient)
    holder.execute("BEGIN IMMEDIATE")
    assert "locked" in assert_trouble(accept(client, images[0], "refused"))
    assert objects(client, images[0]) == 1, "reading goes on"
    holder.execute("ROLLBACK")
    holder.close()
    assert accept(client, images[0], "refused").status_code == 201
    assert objects(client, images[0]) == 2


def test_images_that_are_away_are_said_to_be_and_objects_are_kept(
    client: TestClient, service: Service, images: list[str]
) -> None:
    assert accept(client, images[0], "x").status_code == 201
    away = service.folder.with_name("unmounted")
    data = service.folder / ".annotator"
    service.folder.rename(away)
    service.folder.mkdir()
    data.symlink_to(away / ".annotator")  # where the project's data is kept elsewhere it stays when the images go
    reply = client.post(f"/api/v1/images/{images[1]}/predict", json={"points": [[5, 5, 1]]})
    assert reply.status_code == 422
    assert "b.png" in reply.json()["error"]["message"]
    shown = client.get(f"/api/v1/images/{images[1]}").json()
    assert "put it back" in shown["problem"]
    assert objects(client, images[0]) == 1
    assert accept(client, images[0], "y").status_code == 201, "what is on the screen can be saved"
    data.unlink()
    service.folder.rmdir()
    away.rename(service.folder)
    reply = client.post(f"/api/v1/images/{images[1]}/predict", json={"points": [[5, 5, 1]]})
    assert reply.status_code == 200, reply.text
    assert objects(client, images[0]) == 2


def test_a_clock_that_is_set_back_keeps_nobody_from_anything(
    client: TestClient, service: Service, images: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert accept(client, images[0], "x").status_code == 201
    service.together.arrive(author="ben", client="closed tab", image_id=images[1])

    class Earlier(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return datetime.now(tz) - timedelta(days=2)

    monkeypatch.setattr(database, "datetime", Earlier)
    monkeypatch.setattr(together, "datetime", Earlier)
    assert database.now() < datetime.now(timezone.utc).isoformat()
    assert accept(client, images[0], "y").status_code == 201
    undone = client.post("/api/v1/projects/photos/undo", json={"image": images[0]}).json()
    assert (undone["done"], len(undone["image"]["annotations"])) == ("add object", 1), (
        "what was done last is undone first"
    )
    handed = client.post("/api/v1/projects/photos/next", json={"client": "a", "after": images[0]}).json()
    assert handed["id"] == images[1], "a tab that was closed in the future holds nothing"
