"""Damaged and malicious files: taken or refused with a sentence; no crash, no hang, no byte where none belongs."""

from __future__ import annotations

import io
import json
import random
import resource
import time
import zipfile
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image

from annotator.errors import AnnotatorError
from annotator.sessions.import_rows import import_dataset
from annotator.sessions.import_sources import import_path
from annotator.sessions.service import Service

HANG_SECONDS = 10.0
"""What counts as hanging, for one file."""
MOST_GROWTH = 400 << 20
IMAGES = 1000
DATASETS = 1500
ARCHIVES = 300


def pictures() -> dict[str, bytes]:
    """A small picture of each kind that people have."""
    pixels = np.random.default_rng(1).integers(0, 255, (48, 64, 3), dtype=np.uint8)
    picture = Image.fromarray(pixels)
    exif = Image.Exif()
    exif[0x0112] = 6
    made = {}
    for name, how in {
        "a.jpg": {"format": "JPEG", "exif": exif},
        "b.jpg": {"format": "JPEG", "progressive": True},
        "c.png": {"format": "PNG"},
        "d.tif": {"format": "TIFF", "compression": "tiff_lzw"},
        "e.gif": {"format": "GIF"},
        "f.webp": {"format": "WEBP"},
        "g.bmp": {"format": "BMP"},
        "h.png": {"format": "PNG", "mode": "I;16"},
    }.items():
        shown = picture if how.pop("mode", None) is None else Image.fromarray(pixels[..., 0].astype(np.uint16) * 257)
        stream = io.BytesIO()
        shown.save(stream, **how)
        made[name] = stream.getvalue()
    return made


EXTREMES = (b"\xff\xff\xff\xff", b"\x00" * 4, b"\x7f\xff\xff\xff", b"\x00\x00\x00\x01")


def mutated(content: bytes, chance: random.Random) -> bytes:
    """Bytes changed, cut off, doubled, filled with extremes: what a broken disk or a clever person makes of a file."""
    data = bytearray(content)
    for _ in range(chance.choice((1, 1, 2, 4, 16))):
        place = chance.randrange(len(data))
        kind = chance.randrange(6)
        if kind == 0:
            data[place] ^= 1 << chance.randrange(8)
        elif kind == 1:
            data[place : place + 4] = chance.choice(
                (b"\xff\xff\xff\xff", b"\x00" * 4, b"\x7f\xff\xff\xff", b"\x00\x00\x00\x01")
            )
        elif kind == 2:
            del data[place : place + chance.choice((1, 16, 1000))]
        elif kind == 3:
            data[place:place] = data[max(0, place - 64) : place]
        elif kind == 4:
            data = data[: max(1, place)]
        else:
            data[place] = chance.randrange(256)
        if not data:
            return b""
    return bytes(data)


def assert_sentences(said: list[str]) -> None:
    assert not [message for message in said if not message.endswith((".", ".”", ")"))]


class Watch:
    """Each step in time, and all together in memory."""

    def __init__(self) -> None:
        self._before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        self.slowest = 0.0

    def timed(self, act: Callable[[], Any]) -> Any:
        began = time.monotonic()
        try:
            return act()
        finally:
            self.slowest = max(self.slowest, time.monotonic() - began)

    def check(self) -> None:
        assert self.slowest < HANG_SECONDS
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - self._before < MOST_GROWTH


@pytest.mark.filterwarnings("ignore")
def test_damaged_pictures_are_shown_or_refused_with_a_sentence(client: TestClient, service: Service) -> None:
    chance, watch, seeds = random.Random(5), Watch(), list(pictures().items())
    outcomes: Counter[int] = Counter()
    before = {path.name for path in service.folder.iterdir()}
    taken = 0
    for number in range(IMAGES):
        name, content = seeds[number % len(seeds)]
        files = {"file": (f"{number}-{name}", mutated(content, chance))}
        reply = watch.timed(lambda files=files: client.post("/api/v1/projects/photos/images", files=files))
        outcomes[reply.status_code] += 1
        if reply.status_code == 201:
            taken += 1
            image = reply.json()["id"]
            for what in ("pixels", "thumbnail", "pixels?size=full"):
                shown = watch.timed(lambda what=what, image=image: client.get(f"/api/v1/images/{image}/{what}"))
                assert shown.status_code in (200, 422), shown.text
            predicted = client.post(f"/api/v1/images/{image}/predict", json={"points": [[1, 1, 1]]})
            assert predicted.status_code in (200, 422), predicted.text
        else:
            assert reply.json()["error"]["message"].endswith("."), reply.text
    assert set(outcomes) <= {201, 422}, outcomes
    assert min(outcomes[201], outcomes[422]) > IMAGES / 10, f"both happen: {outcomes}"
    left = {path.name for path in service.folder.iterdir()} - before
    assert len(left) <= taken, "what was refused is not kept"
    watch.check()


JUNK: tuple[Any, ...] = (
    None, True, -1, 0, 1e308, -1e308, 2**63, 2**53 + 1, 0.1, "", "x" * 10_000, "\x00", "\ud800", "../../../etc/passwd",
    "<script>alert(1)</script>", "'; DROP TABLE annotations; --", [], {}, [[]], [[[[]]]], [1e308] * 8, [0] * 1000,
    {"size": [1e9, 1e9], "counts": "x"}, {"size": [80, 120], "counts": [2**62]},
    {"size": [80, 120], "counts": "Z" * 5000},
    {"size": [2**31, 2**31], "counts": [0]}, [["a", "b"]], [[1, 2, 3]], "１２", "١", {"": {"": {"": None}}},
)  # fmt: skip


def dataset(service: Service) -> dict[str, Any]:
    names = [one.name for one in service.list_images(status=None, query=None, limit=10, cursor=None).items]
    return {
        "info": {"year": 2026},
        "images": [
            {"id": number, "file_name": name, "width": 120, "height": 80} for number, name in enumerate(names, 1)
        ],
        "categories": [{"id": 1, "name": "cat"}, {"id": 7, "name": "hund", "supercategory": "tier"}],
        "annotations": [
            {"id": 1, "image_id": 1, "category_id": 1, "segmentation": [[1, 1, 30, 1, 30, 30]], "iscrowd": 0,
             "bbox": [1, 1, 29, 29], "area": 435.0},
            {"id": 2, "image_id": 2, "category_id": 7, "iscrowd": 1,
             "segmentation": {"size": [80, 120], "counts": [100, 50, 9450]}},
            {"id": 3, "image_id": 1, "category_id": 7, "bbox": [5, 5, 10, 10], "score": 0.5},
        ],
    }  # fmt: skip


def with_junk(node: Any, chance: random.Random) -> Any:
    """The same document with something else somewhere in it."""
    if isinstance(node, dict) and node and chance.random() < 0.9:
        key = chance.choice(sorted(node))
        if chance.random() < 0.1:
            return {name: value for name, value in node.items() if name != key}
        return {**node, key: with_junk(node[key], chance)}
    if isinstance(node, list) and node and chance.random() < 0.9:
        index = chance.randrange(len(node))
        changed = [*node[:index], with_junk(node[index], chance), *node[index + 1 :]]
        return [*changed, changed[index]] if chance.random() < 0.1 else changed
    return chance.choice(JUNK)


def test_damaged_datasets_come_in_or_are_refused_with_a_sentence(service: Service, tmp_path: Path) -> None:
    chance, watch, whole = random.Random(6), Watch(), dataset(service)
    outcomes: Counter[str] = Counter()
    said: list[str] = []
    place = tmp_path / "dataset.json"

    def take(dry: bool) -> Any:
        return import_dataset(service._database, service.project_id, place, author="ann", format="auto", dry=dry)

    for number in range(DATASETS):
        if number % 3 == 2:
            place.write_bytes(mutated(json.dumps(whole).encode(), chance))
        else:
            broken = whole
            for _ in range(chance.choice((1, 1, 2, 5))):
                broken = with_junk(broken, chance)
            place.write_bytes(json.dumps(broken).encode())
        try:
            dry = number % 2 == 0
            report = watch.timed(partial(take, dry=dry))
            outcomes["came in"] += 1
            assert all(problem.message.endswith(".") for problem in report.problems), report.problems
        except AnnotatorError as refused:
            outcomes["refused"] += 1
            said.append(refused.message)
    assert_sentences(said)
    assert min(outcomes.values()) > DATASETS / 20, outcomes
    for image in service.list_images(status=None, query=None, limit=10, cursor=None).items:
        for one in service.image(author="ann", image_id=image.id).annotations:
            assert one.mask.to_array().shape == (image.height, image.width)
    watch.check()


def test_damaged_archives_are_read_or_refused_and_leave_nothing(service: Service, tmp_path: Path) -> None:
    chance, watch = random.Random(7), Watch()
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("annotations/instances.json", json.dumps(dataset(service)))
        archive.writestr("../../outside.txt", "x")
    good = io.BytesIO()
    with zipfile.ZipFile(good, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("annotations/instances.json", json.dumps(dataset(service)))
    said: list[str] = []
    place = tmp_path / "inner" / "dataset.zip"
    place.parent.mkdir()
    for number in range(ARCHIVES):
        place.write_bytes(mutated((good if number % 4 else stream).getvalue(), chance))
        try:
            watch.timed(lambda: import_path(service, place, author="ann", dry=True))
        except AnnotatorError as refused:
            said.append(refused.message)
    assert_sentences(said)
    names = {path.name for path in tmp_path.rglob("*")}
    assert "outside.txt" not in names
    assert not [name for name in names if name.startswith(".import-")]
    watch.check()


@pytest.mark.parametrize(
    "name",
    ["../../evil.png", "/etc/evil.png", "..\\..\\evil.png", "evil\x00.png", ".annotator/evil.png",
     "a\r\nSet-Cookie: x=1.png",
     "<img src=x onerror=alert(1)>.png", "-rf.png", "x" * 300 + ".png", "evil.png\u202egnp.exe", "CON.png",
     "....//evil.png"],
)  # fmt: skip
def test_a_files_name_leads_nowhere(client: TestClient, service: Service, name: str) -> None:
    content = pictures()["c.png"]
    before = {path for path in service.folder.parent.rglob("*") if ".annotator" not in path.parts}
    reply = client.post("/api/v1/projects/photos/images", files={"file": (name, content)})
    assert reply.status_code in (201, 422)
    new = {path for path in service.folder.parent.rglob("*") if ".annotator" not in path.parts} - before
    assert all(path.parent == service.folder for path in new)
    assert len(new) == (1 if reply.status_code == 201 else 0)
    assert "set-cookie" not in reply.headers


def test_a_link_that_leads_out_of_the_folder_is_not_followed(
    client: TestClient, service: Service, tmp_path: Path
) -> None:
    secret = tmp_path / "secret.png"
    secret.write_bytes(pictures()["c.png"])
    (service.folder / "link.png").symlink_to(secret)
    service.library.scan()
    items = client.get("/api/v1/projects/photos/images").json()["items"]
    for item in items:
        if item["name"] == "link.png":
            assert client.get(f"/api/v1/images/{item['id']}/pixels").status_code in (404, 422)
    image = next(one for one in items if one["name"] == "a.png")
    (service.folder / "a.png").unlink()
    (service.folder / "a.png").symlink_to(secret)
    reply = client.get(f"/api/v1/images/{image['id']}/pixels?size=full")
    assert reply.status_code in (404, 422)


@pytest.mark.parametrize(
    "path",
    ["/annotator/static/../../../etc/passwd", "/annotator/static/%2e%2e/%2e%2e/pyproject.toml",
     "/annotator/static//etc/passwd",
     "/api/v1/images/..%2f..%2fetc%2fpasswd/pixels", "/api/v1/images/%00/pixels"],
)  # fmt: skip
def test_a_path_leads_nowhere(client: TestClient, path: str) -> None:
    reply = client.get(path)
    assert reply.status_code in (400, 404, 422)
    assert "root:" not in reply.text


def test_what_one_may_see_is_kept_for_nobody_else(client: TestClient, images: list[str]) -> None:
    for path in ("/api/v1/projects", f"/api/v1/images/{images[0]}", f"/api/v1/images/{images[0]}/pixels", "/api/v1/me"):
        kept = client.get(path).headers["cache-control"]
        assert "private" in kept, path
        assert "public" not in kept, path


def test_a_body_over_its_limit_is_refused_while_it_comes(client: TestClient, service: Service) -> None:
    def endless() -> Any:
        for _ in range(40):
            yield b" " * (1 << 20)

    reply = client.post("/api/v1/projects/photos/undo", content=endless(), headers={"Content-Type": "application/json"})
    assert reply.status_code == 413
    assert "16 MiB" in reply.json()["error"]["message"]
