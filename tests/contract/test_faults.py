"""The server is killed at any moment while people work: what it has acknowledged is there, once, and nothing is broken.

`ANNOTATOR_TEST_KILLS` says how often (`make faults`: 200 times).
"""

from __future__ import annotations

import json
import os
import random
import sqlite3
import subprocess
import sys
import threading
import time
import uuid
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image

from annotator.domain.mask import Mask
from annotator.store.database import SCHEMA
from tests.conftest import photo
from tests.e2e.app import App

KILLS = int(os.environ.get("ANNOTATOR_TEST_KILLS", "15"))
WIDTH, HEIGHT = 120, 80

pytestmark = pytest.mark.timeout(60 + 15 * KILLS)


def some_mask(random: random.Random) -> dict[str, Any]:
    """A rectangle that hardly any other is like."""
    left, top = random.randrange(WIDTH - 20), random.randrange(HEIGHT - 20)
    pixels = np.zeros((HEIGHT, WIDTH), bool)
    pixels[top : top + random.randrange(3, 20), left : left + random.randrange(3, 20)] = True
    return Mask.from_array(pixels).to_rle()


@dataclass
class Hand:
    """Somebody who works on one image, and knows what the server has said is saved.

    Attributes:
        past, future: states of the image before and after; a state is the masks by object, as far as they are known.
        begun: what was asked and not answered: the states that the image can be in.
    """

    image: str
    random: random.Random
    now: dict[int, str] = field(default_factory=dict)
    past: list[dict[int, str]] = field(default_factory=list)
    future: list[dict[int, str]] = field(default_factory=list)
    revisions: dict[int, int] = field(default_factory=dict)
    begun: tuple[str, Any] | None = None
    acknowledged: int = 0

    def work(self, client: httpx.Client) -> None:
        """Do one thing; raises when the server is not there any more."""
        verbs = ["add"] * 4 + (["edit", "delete"] * 2 if self.now else [])
        verbs += ["undo"] * 2 if self.past else []
        verbs += ["redo"] * 2 if self.future else []
        verb = self.random.choice(verbs)
        if verb == "add":
            self.add(client, {"rle": some_mask(self.random), "category": "cat", "key": uuid.uuid4().hex})
        elif verb in ("undo", "redo"):
            self.step(client, verb)
        else:
            self.change(client, verb, self.random.choice(sorted(self.now)))

    def add(self, client: httpx.Client, body: dict[str, Any]) -> None:
        self.begun = ("add", body)
        reply = client.post(f"images/{self.image}/annotations", json=body)
        assert reply.status_code == 201, reply.text
        made = reply.json()["annotation"]
        self.done({**self.now, made["id"]: made["rle"]["counts"]})
        self.revisions[made["id"]] = made["revision"]

    def change(self, client: httpx.Client, verb: str, object: int) -> None:
        revision = self.revisions[object]
        if verb == "delete":
            after = {key: value for key, value in self.now.items() if key != object}
            self.begun = ("state", after)
            reply = client.request("DELETE", f"annotations/{object}", json={"revision": revision})
            assert reply.status_code == 200, reply.text
        else:
            mask = some_mask(self.random)
            after = {**self.now, object: mask["counts"]}
            self.begun = ("state", after)
            reply = client.patch(f"annotations/{object}", json={"rle": mask, "revision": revision})
            assert reply.status_code == 200, reply.text
            self.revisions[object] = reply.json()["annotation"]["revision"]
        self.done(after)

    def step(self, client: httpx.Client, verb: str) -> None:
        after = (self.past if verb == "undo" else self.future)[-1]
        self.begun = ("step", (verb, after))
        reply = client.post("projects/photos/" + verb, json={"image": self.image})
        assert reply.status_code == 200, reply.text
        self.stepped(verb)
        self.know(reply.json()["image"])

    def stepped(self, verb: str) -> None:
        source, target = (self.past, self.future) if verb == "undo" else (self.future, self.past)
        target.append(self.now)
        self.now = source.pop()
        self.begun = None
        self.acknowledged += 1

    def done(self, after: dict[int, str]) -> None:
        self.past.append(self.now)
        self.future.clear()
        self.now = after
        self.begun = None
        self.acknowledged += 1

    def know(self, image: dict[str, Any]) -> None:
        self.revisions = {one["id"]: one["revision"] for one in image["annotations"]}

    def look_after_the_fault(self, client: httpx.Client) -> None:
        """Everything acknowledged is there; what was under way is there whole or not at all, and is sent again."""
        image = client.get(f"images/{self.image}").raise_for_status().json()
        found = {one["id"]: one["rle"]["counts"] for one in image["annotations"]}
        self.know(image)
        if self.begun is None:
            assert found == self.now
            return
        kind, what = self.begun
        if kind == "add":
            more = Counter(found.values()) - Counter(self.now.values())
            assert {key: found.get(key) for key in self.now} == self.now
            assert sum(more.values()) <= 1
            self.add(client, what)  # the first reply was lost: with the same key it is not added twice
            again = client.get(f"images/{self.image}").raise_for_status().json()
            assert {one["id"]: one["rle"]["counts"] for one in again["annotations"]} == self.now
            return
        after = what if kind == "state" else what[1]
        assert found in (self.now, after)
        if found == after and found != self.now:
            if kind == "step":
                self.stepped(what[0])
            else:
                self.done(after)
        self.begun = None


class Curator:
    """Somebody who imports and exports on the command line all the time, and is killed too."""

    def __init__(self, folder: Path, out: Path, seed: random.Random) -> None:
        self.folder, self.out, self.random = folder, out, seed
        self.process: subprocess.Popen[str] | None = None
        self.imported: Counter[str] = Counter()
        self.rounds = 0

    def run(self, over: threading.Event) -> None:
        while not over.is_set():
            self.rounds += 1
            if self.random.random() < 0.5:
                words = ["export", "coco", str(self.folder), "--out", str(self.out)]
            else:
                words = ["import", str(self.folder), str(self.dataset())]
            command = [sys.executable, "-m", "annotator", *words]
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            self.process.communicate()
            if words[0] == "import" and self.process.returncode == 0:
                self.imported[words[2]] += 1

    def dataset(self) -> Path:
        """Ten objects for the image that nobody else works on; importing one twice changes nothing."""
        name = self.out.parent / f"dataset-{self.random.randrange(5)}.json"
        if not name.exists():
            masks = [some_mask(self.random) for _ in range(10)]
            annotations = [
                {"id": 900_000 + index, "image_id": 1, "category_id": 1, "segmentation": mask, "iscrowd": 0}
                for index, mask in enumerate(masks)
            ]
            content = {
                "images": [{"id": 1, "file_name": "import.png", "width": WIDTH, "height": HEIGHT}],
                "categories": [{"id": 1, "name": name.stem}],
                "annotations": annotations,
            }
            name.write_text(json.dumps(content))
        return name

    def kill(self) -> None:
        process = self.process
        if process is not None and process.poll() is None:
            process.kill()


def check_the_database(folder: Path) -> None:
    with sqlite3.connect(folder / ".annotator" / "annotator.db") as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        assert connection.execute("SELECT version_num FROM alembic_version").fetchone() == (SCHEMA,)
    connection.close()


def check_what_was_written(folder: Path, out: Path) -> None:
    """An export is whole or not there, and every cached picture can be read to its end."""
    for path in out.rglob("*.json"):
        if not path.parent.name.startswith("."):
            json.loads(path.read_text())
    for path in (folder / ".annotator" / "cache").rglob("*.jp*g"):
        if not path.name.startswith("."):
            with Image.open(path) as picture:
                picture.load()


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    for seed, name in enumerate(("a.png", "b.png", "c.png", "import.png")):
        photo(folder / name, width=WIDTH, height=HEIGHT, seed=seed)
    return folder


def test_nothing_acknowledged_is_lost_or_doubled_however_often_the_server_is_killed(
    photos: Path, tmp_path: Path
) -> None:
    seed = random.Random(6)
    app = App(photos, ["serve", str(photos), "--model", "fake", "--categories", "cat"])
    hands: list[Hand] = []
    curator = Curator(photos, tmp_path / "out", seed)
    for _ in range(KILLS + 1):
        app.start()
        check_the_database(photos)
        check_what_was_written(photos, curator.out)
        with httpx.Client(base_url=f"{app.url}api/v1/", timeout=30) as client:
            while (scan := client.get("projects").json()["items"][0])["scan"]["state"] != "ready":
                time.sleep(0.05)
            if not hands:
                listed = client.get(f"projects/{scan['id']}/images").json()["items"]
                hands = [Hand(one["id"], random.Random(one["name"])) for one in listed if one["name"] != "import.png"]
            for hand in hands:
                hand.look_after_the_fault(client)
        work_until_killed(app, hands, curator, seed.uniform(0.02, 1.2))
    app.start()
    with httpx.Client(base_url=f"{app.url}api/v1/", timeout=30) as client:
        for hand in hands:
            hand.look_after_the_fault(client)
    app.stop()
    check_the_database(photos)
    assert sum(hand.acknowledged for hand in hands) > KILLS, "something was done in between"
    finish(photos, curator)


def work_until_killed(app: App, hands: list[Hand], curator: Curator, seconds: float) -> None:
    """Everybody works; after some time the server and the command line are killed in the middle of it."""
    over = threading.Event()
    wrong: list[BaseException] = []

    def work(hand: Hand) -> None:
        with httpx.Client(base_url=f"{app.url}api/v1/", timeout=30) as client:
            try:
                while not over.is_set():
                    hand.work(client)
            except httpx.TransportError:
                return
            except BaseException as error:
                wrong.append(error)

    threads = [threading.Thread(target=work, args=(hand,)) for hand in hands]
    threads.append(threading.Thread(target=curator.run, args=(over,)))
    for thread in threads:
        thread.start()
    time.sleep(seconds)
    app.kill()
    over.set()
    curator.kill()
    for thread in threads:
        thread.join()
    assert not wrong, wrong


def finish(folder: Path, curator: Curator) -> None:
    """What was imported came in whole and once, and an export still agrees with the store."""
    datasets = sorted(curator.out.parent.glob("dataset-*.json"))
    for path in datasets:
        command = [sys.executable, "-m", "annotator", "import", str(folder), str(path)]
        subprocess.run(command, check=True, capture_output=True)
    with sqlite3.connect(folder / ".annotator" / "annotator.db") as connection:
        rows = connection.execute(
            "SELECT c.name, count(*) FROM annotations a JOIN categories c ON c.id = a.category_id"
            " WHERE c.name LIKE 'dataset-%' GROUP BY c.name"
        ).fetchall()
    connection.close()
    assert dict(rows) == {path.stem: 10 for path in datasets}
    command = [sys.executable, "-m", "annotator", "export", "coco", str(folder), "--out", str(curator.out)]
    subprocess.run(command, check=True, capture_output=True)
    [written] = [path for path in curator.out.rglob("*.json") if not path.parent.name.startswith(".")]
    assert json.loads(written.read_text())["annotations"]


def test_at_sigterm_what_is_under_way_is_finished(photos: Path) -> None:
    """An orderly stop: nobody who was answered loses anything, and the server is gone soon."""
    app = App(photos, ["serve", str(photos), "--model", "fake", "--categories", "cat"]).start()
    with httpx.Client(base_url=f"{app.url}api/v1/", timeout=30) as client:
        while client.get("projects").json()["items"][0]["scan"]["state"] != "ready":
            time.sleep(0.05)
        listed = client.get("projects/photos/images").json()["items"]
    hands = [Hand(one["id"], random.Random(one["name"])) for one in listed]
    assert app.process is not None
    statuses: set[int] = set()
    broken = 0

    def work(hand: Hand) -> None:
        nonlocal broken
        with httpx.Client(base_url=f"{app.url}api/v1/", timeout=30) as client:
            while True:
                body = {"rle": some_mask(hand.random), "category": "cat", "key": uuid.uuid4().hex}
                hand.begun = ("add", body)
                try:
                    reply = client.post(f"images/{hand.image}/annotations", json=body)
                except httpx.ConnectError:
                    return
                except httpx.TransportError:
                    broken += 1
                    return
                statuses.add(reply.status_code)
                if reply.status_code != 201:
                    return
                made = reply.json()["annotation"]
                hand.done({**hand.now, made["id"]: made["rle"]["counts"]})

    threads = [threading.Thread(target=work, args=(hand,)) for hand in hands]
    for thread in threads:
        thread.start()
    time.sleep(1)
    app.process.terminate()
    for thread in threads:
        thread.join()
    app.process.wait(timeout=20)
    assert statuses <= {201, 503}
    with sqlite3.connect(photos / ".annotator" / "annotator.db") as connection:
        stored = {row[0] for row in connection.execute("SELECT id FROM annotations")}
    connection.close()
    acknowledged = {object for hand in hands for object in hand.now}
    assert acknowledged <= stored
    assert len(stored) - len(acknowledged) <= broken, "a request that was begun is answered"
    app.stop()
