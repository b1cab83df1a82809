"""A project in PostgreSQL, served by two processes: nothing is lost or doubled, and each sees what the other does."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from annotator.domain.person import Role
from annotator.errors import StorageProblem
from annotator.sessions.accounts import Accounts
from annotator.store.database import Database
from tests.conftest import photo
from tests.e2e.app import App
from tests.postgresql import Server

PEOPLE = 8
EACH = 10


@pytest.fixture
def url(postgresql: Server, monkeypatch: pytest.MonkeyPatch) -> str:
    made = postgresql.database()
    monkeypatch.setenv("ANNOTATOR_DATABASE_URL", made)
    return made


@pytest.fixture
def apps(url: str, tmp_path: Path) -> Iterator[list[App]]:
    """Two servers of one folder, started at the same moment on an empty database."""
    folder = tmp_path / "photos"
    for number in range(24):
        photo(folder / f"{number:02}.png", seed=number)
    made = [App(folder, ["serve", str(folder), "--model", "fake", "--categories", "cat"]) for _ in range(2)]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(App.start, made))
    yield made
    for app in made:
        app.stop()


def api(app: App) -> httpx.Client:
    return httpx.Client(base_url=f"{app.url}api/v1/", timeout=30)


def listed(app: App) -> list[dict[str, Any]]:
    with api(app) as client:
        while client.get("projects").raise_for_status().json()["items"][0]["scan"]["state"] != "ready":
            pass
        items: list[dict[str, Any]] = client.get("projects/photos/images").json()["items"]
        return items


def test_two_servers_lose_and_double_nothing(apps: list[App]) -> None:
    items = listed(apps[0])
    assert [one["name"] for one in items] == [one["name"] for one in listed(apps[1])]
    assert len(items) == 24, "two servers that looked through the folder at once list each file once"
    image = items[0]["id"]

    def work(person: int) -> list[int]:
        made = []
        with api(apps[person % 2]) as client:
            for number in range(EACH):
                body = {"rle": {"size": [80, 120], "counts": [80 * person + number, 5, 9595 - 80 * person - number]}}
                reply = client.post(f"images/{image}/annotations", json={**body, "category": "cat"})
                assert reply.status_code == 201, reply.text
                made.append(reply.json()["annotation"]["id"])
        return made

    with ThreadPoolExecutor(PEOPLE) as pool:
        ids = [one for made in pool.map(work, range(PEOPLE)) for one in made]
    assert len(set(ids)) == PEOPLE * EACH
    for app in apps:
        with api(app) as client:
            shown = client.get(f"images/{image}").json()["annotations"]
        assert sorted(one["id"] for one in shown) == sorted(ids)


def test_who_changes_an_object_second_is_told_on_either_server(apps: list[App]) -> None:
    image = listed(apps[0])[0]["id"]
    with api(apps[0]) as one, api(apps[1]) as two:
        rle = {"size": [80, 120], "counts": [0, 80, 9520]}
        made = one.post(f"images/{image}/annotations", json={"rle": rle, "category": "cat"}).json()["annotation"]
        path, body = f"annotations/{made['id']}", {"revision": made["revision"]}
        rle_of = [{"size": [80, 120], "counts": [0, 80 + size, 9520 - size]} for size in (1, 2)]
        with ThreadPoolExecutor(2) as pool:
            sent = [pool.submit(one.patch, path, json={**body, "rle": rle_of[0]})]
            sent.append(pool.submit(two.patch, path, json={**body, "rle": rle_of[1]}))
        assert sorted(reply.result().status_code for reply in sent) == [200, 409]


def test_next_for_me_hands_out_each_image_once(apps: list[App], url: str) -> None:
    listed(apps[0])
    with closing(Database(url)) as database:
        accounts = Accounts(database=database)
        tokens = []
        for number in range(20):
            accounts.add(f"person {number}", role=Role.ANNOTATOR, password=None, by="test")
            tokens.append(accounts.create_token(f"person {number}", label="test", by="test"))
    for app in apps:  # until each server knows that people sign in from now on
        with api(app) as client:
            while client.get("projects").status_code != 401:
                pass

    def ask(number: int) -> str:
        with api(apps[number % 2]) as client:
            headers = {"Authorization": f"Bearer {tokens[number]}"}
            asked = client.post("projects/photos/next", json={"client": f"tab {number}"}, headers=headers)
            return str(asked.raise_for_status().json()["id"])

    with ThreadPoolExecutor(10) as pool:
        handed = list(pool.map(ask, range(20)))
    assert len(set(handed)) == 20


def test_what_one_server_does_the_other_tells(apps: list[App]) -> None:
    image = listed(apps[0])[0]["id"]
    heard: list[str] = []
    ready = threading.Event()
    told = threading.Event()

    def listen() -> None:
        with api(apps[1]) as client, client.stream("GET", "projects/photos/events") as stream:
            kind = ""
            for line in stream.iter_lines():
                if line.startswith("event: "):
                    kind = line.removeprefix("event: ")
                    ready.set()
                elif line.startswith("data: ") and kind == "image":
                    heard.append(json.loads(line.removeprefix("data: "))["image"])
                    told.set()
                    return

    thread = threading.Thread(target=listen, daemon=True)
    thread.start()
    assert ready.wait(20)
    with api(apps[0]) as client:
        rle = {"size": [80, 120], "counts": [0, 80, 9520]}
        client.post(f"images/{image}/annotations", json={"rle": rle, "category": "cat"}).raise_for_status()
    assert told.wait(20)
    assert heard == [image]


def test_a_server_that_is_killed_leaves_the_other_everything_it_acknowledged(apps: list[App]) -> None:
    image = listed(apps[0])[0]["id"]
    with api(apps[0]) as client:
        rle = {"size": [80, 120], "counts": [0, 80, 9520]}
        made = client.post(f"images/{image}/annotations", json={"rle": rle, "category": "cat"}).json()["annotation"]
    assert apps[0].process is not None
    os.kill(apps[0].process.pid, signal.SIGKILL)
    with api(apps[1]) as client:
        assert [one["id"] for one in client.get(f"images/{image}").json()["annotations"]] == [made["id"]]


def test_ids_that_came_from_outside_are_never_handed_out(apps: list[App], tmp_path: Path) -> None:
    image = listed(apps[0])[0]
    data = {
        "images": [{"id": 1, "file_name": image["name"], "width": 120, "height": 80}],
        "categories": [{"id": 1, "name": "cat"}],
        "annotations": [
            {"id": 2**40, "image_id": 1, "category_id": 1, "segmentation": [[0, 0, 9, 0, 9, 9]], "iscrowd": 0}
        ],
    }
    place = tmp_path / "data.json"
    place.write_text(json.dumps(data))
    from typer.testing import CliRunner

    from annotator.cli import app as command

    result = CliRunner().invoke(command, ["import", str(apps[0].folder), str(place)])
    assert result.exit_code == 0, result.output
    with api(apps[0]) as client:
        rle = {"size": [80, 120], "counts": [0, 80, 9520]}
        made = client.post(f"images/{image['id']}/annotations", json={"rle": rle, "category": "cat"}).json()
    assert made["annotation"]["id"] == 2**40 + 1


def test_a_password_in_the_address_is_not_said(postgresql: Server) -> None:
    with pytest.raises(StorageProblem) as refused:
        Database("postgresql+psycopg://ann:geheim@127.0.0.1:1/none")
    assert "geheim" not in refused.value.message
    assert "server runs" in refused.value.message
