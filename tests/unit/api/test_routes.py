"""The HTTP API as a client sees it: the whole way from a click to a saved object, and every kind of bad input."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image

from annotator.domain.mask import Mask
from annotator.sessions.service import Service

V1 = "/api/v1"


def assert_error(response: Any, status: int, code: str, field: str | None = None) -> str:
    """Every error has the one shape; returns its sentence."""
    assert response.status_code == status, response.text
    body = response.json()
    assert set(body) == {"error"}
    assert set(body["error"]) == {"code", "message", "field"}
    assert body["error"]["code"] == code
    if field is not None:
        assert body["error"]["field"] == field
    assert body["error"]["message"].strip()
    return str(body["error"]["message"])


@pytest.fixture
def image(images: list[str]) -> str:
    return f"{V1}/images/{images[0]}"


def test_from_a_click_to_a_saved_object_and_back(client: TestClient, image: str) -> None:
    project = client.get(f"{V1}/projects").json()["items"][0]
    assert (project["name"], project["author"], project["counts"]["todo"]) == ("photos", "ann", 3)
    points = [[40, 30, 1]]
    seen = client.post(f"{image}/predict", json={"points": points, "seq": 7}).json()
    assert (seen["seq"], seen["model"], len(seen["candidates"])) == (7, "fake", 3)
    chosen = seen["candidates"][seen["chosen"]]
    assert chosen["rle"]["size"] == [80, 120]
    assert Mask.from_rle(chosen["rle"]).area == chosen["area"]
    assert all(candidate["score"] <= 1 for candidate in seen["candidates"])
    assert set(seen["timing_ms"]) == {"queue", "encode", "decode", "total"}

    draft = {"id": "d1", "points": points, "revision": None, "label": "point"}
    saved = client.put(f"{image}/draft", json=draft).json()
    assert saved["draft"]["revision"] == 1
    assert saved["history"] == {"undo": "point", "redo": None}
    assert saved["saved"].endswith("Z")

    reply = client.post(f"{image}/annotations", json={"category": "cat", "draft": "d1"})
    assert reply.status_code == 201
    annotation = reply.json()["annotation"]
    assert annotation["rle"] == chosen["rle"]

    view = client.get(image).json()
    assert (view["objects"], view["state"], view["draft"]) == (1, "in_progress", None)
    undone = client.post(f"{V1}/projects/{project['id']}/undo", json={"image": view["id"]}).json()
    assert undone["done"] == "accept"
    assert undone["image"]["annotations"] == []
    assert undone["image"]["draft"]["points"] == points
    redone = client.post(f"{V1}/projects/{project['id']}/redo", json={"image": view["id"]}).json()
    assert redone["image"]["annotations"][0]["id"] == annotation["id"]
    assert client.get(f"{V1}/projects").json()["items"][0]["last_image"] == view["id"]
    assert client.post(f"{V1}/projects/{project['id']}/undo").json()["done"] == "accept"
    assert client.post(f"{V1}/projects/{project['id']}/redo").json()["done"] == "accept"


def test_a_mask_can_be_the_prompt_by_id_or_as_rle(client: TestClient, image: str) -> None:
    rle = Mask.from_array(np.pad(np.ones((30, 40)), ((10, 40), (20, 60)))).to_rle()
    added = client.post(f"{image}/annotations", json={"category": 1, "rle": rle}).json()["annotation"]
    assert added["area"] == 1200
    assert added["bbox"] == [20, 10, 40, 30]
    by_id = client.post(f"{image}/predict", json={"mask": {"annotation": added["id"]}, "points": [[25, 15, 1]]})
    by_rle = client.post(f"{image}/predict", json={"mask": {"rle": rle}, "points": [[25, 15, 1]]})
    assert by_id.status_code == 200, by_id.text
    assert by_id.json()["candidates"] == by_rle.json()["candidates"]
    assert len(by_id.json()["candidates"]) == 1


def test_uncompressed_run_lengths_are_taken_too(client: TestClient, image: str) -> None:
    rle = {"size": [80, 120], "counts": [80, 40, 9480]}
    added = client.post(f"{image}/annotations", json={"category": "cat", "rle": rle})
    assert added.status_code == 201
    assert added.json()["annotation"]["area"] == 40


def test_objects_are_relabelled_hidden_locked_and_deleted(client: TestClient, image: str) -> None:
    rle = {"size": [80, 120], "counts": [80, 40, 9480]}
    one = client.post(f"{image}/annotations", json={"category": "cat", "rle": rle}).json()["annotation"]
    url = f"{V1}/annotations/{one['id']}"
    two = client.patch(url, json={"revision": 1, "category": "dog"}).json()["annotation"]
    assert (two["category"], two["revision"]) == (2, 2)
    assert "by ann" in assert_error(client.patch(url, json={"revision": 1, "category": "cat"}), 409, "conflict")
    three = client.patch(url, json={"revision": 2, "hidden": True, "locked": True}).json()["annotation"]
    assert (three["hidden"], three["locked"]) == (True, True)
    assert_error(client.request("DELETE", url, json={"revision": 3}), 409, "conflict")
    client.patch(url, json={"revision": 3, "locked": False})
    assert client.request("DELETE", url, json={"revision": 4}).status_code == 200
    assert_error(client.request("DELETE", url, json={"revision": 4}), 404, "not_found")


def test_categories_are_added_renamed_recoloured_and_removed_when_unused(client: TestClient, image: str) -> None:
    project = client.get(f"{V1}/projects").json()["items"][0]["id"]
    url = f"{V1}/projects/{project}/categories"
    bird = client.post(url, json={"name": "bird"}).json()
    assert bird["id"] == 3
    assert bird["colour"] not in {"#e69f00", "#56b4e9"}
    assert_error(client.post(url, json={"name": "cat"}), 409, "conflict")
    assert_error(client.post(url, json={"name": " cat "}), 422, "invalid_input")
    renamed = client.patch(f"{url}/3", json={"name": "eagle", "colour": "#ABCDEF"}).json()
    assert (renamed["name"], renamed["colour"]) == ("eagle", "#abcdef")
    assert_error(client.patch(f"{url}/3", json={"colour": "red"}), 422, "invalid_input")
    client.post(f"{image}/annotations", json={"category": 3, "rle": {"size": [80, 120], "counts": [80, 40, 9480]}})
    assert_error(client.delete(f"{url}/3"), 409, "conflict")
    assert client.delete(f"{url}/2").status_code == 204
    assert client.post(url, json={"name": "fish"}).json()["id"] == 4


def test_the_image_list_is_filtered_and_paged(client: TestClient, images: list[str]) -> None:
    project = client.get(f"{V1}/projects").json()["items"][0]["id"]
    url = f"{V1}/projects/{project}/images"
    assert [item["name"] for item in client.get(url).json()["items"]] == ["a.png", "b.png", "sub/a.png"]
    assert [item["name"] for item in client.get(url, params={"query": "A."}).json()["items"]] == ["a.png", "sub/a.png"]
    client.patch(f"{V1}/images/{images[1]}", json={"state": "empty"})
    assert [item["name"] for item in client.get(url, params={"status": "empty"}).json()["items"]] == ["b.png"]
    first = client.get(url, params={"limit": 2}).json()
    rest = client.get(url, params={"limit": 2, "cursor": first["cursor"]}).json()
    assert [len(first["items"]), len(rest["items"]), rest["cursor"]] == [2, 1, None]
    assert_error(client.get(url, params={"status": "lost"}), 422, "invalid_input", "status")
    assert_error(client.get(url, params={"limit": 0}), 422, "invalid_input", "limit")


def test_pictures_and_thumbnails_are_sent_in_display_orientation(client: TestClient, image: str) -> None:
    view = client.get(image).json()
    pixels = client.get(view["pixels"]["url"])
    assert pixels.headers["content-type"] == "image/png"
    assert "immutable" in pixels.headers["cache-control"]
    assert Image.open(io.BytesIO(pixels.content)).size == (view["pixels"]["width"], view["pixels"]["height"])
    thumbnail = client.get(view["thumbnail"])
    assert thumbnail.headers["content-type"] == "image/jpeg"


def test_an_upload_becomes_an_image_of_the_folder(client: TestClient, service: Service) -> None:
    project = client.get(f"{V1}/projects").json()["items"][0]["id"]
    picture = io.BytesIO()
    Image.new("RGB", (30, 20), "red").save(picture, "PNG")
    files = [("file", ("../../neu & süß.png", picture.getvalue())), ("file", ("b.png", picture.getvalue()))]
    reply = client.post(f"{V1}/projects/{project}/images", files=files)
    assert reply.status_code == 201, reply.text
    names = [item["name"] for item in reply.json()["items"]]
    assert names == ["neu & süß.png", "b (2).png"]
    assert (reply.json()["width"], reply.json()["height"]) == (30, 20)
    assert len({item["id"] for item in reply.json()["items"]}) == 2
    assert all((service.folder / name).is_file() for name in names)
    refused = client.post(f"{V1}/projects/{project}/images", files=[("file", ("c.png", b"not a picture"))])
    assert_error(refused, 422, "image_problem")
    assert not (service.folder / "c.png").exists()


def test_embedding_is_done_once(client: TestClient, image: str, predictor: Any) -> None:
    assert client.post(f"{image}/embed").json()["encoded"] is True
    assert client.post(f"{image}/embed", json={}).json()["encoded"] is False
    client.post(f"{image}/predict", json={"points": [[40, 30, 1]]})
    assert predictor.encodes == 1


def test_the_server_says_how_it_is(client: TestClient) -> None:
    health = client.get("/healthz").json()
    assert health["status"] == "ok"
    assert health["model"] == "fake"
    assert set(health["queue"]) == {"waiting", "running"}


BAD_PROMPTS: list[tuple[dict[str, Any], str, str | None]] = [
    ({}, "bad_prompt", "points"),
    ({"points": []}, "bad_prompt", "points"),
    ({"points": [[40, 30, 0]]}, "bad_prompt", "points"),
    ({"points": [[40, 30, 1], [41, 31, 1], [900, 30, 1]]}, "bad_prompt", "points.2"),
    ({"points": [[-0.1, 30, 1]]}, "bad_prompt", "points.0"),
    ({"points": [[40, 30, 2]]}, "bad_prompt", "points.0"),
    ({"points": [[40, 30]]}, "bad_prompt", None),
    ({"points": [[40, 30, 1, 1]]}, "bad_prompt", None),
    ({"points": [["40", None, 1]]}, "bad_prompt", None),
    ({"points": "here"}, "bad_prompt", "points"),
    ({"points": [[40, 30, 1]] * 101}, "bad_prompt", "points"),
    ({"points": [[40, 30, 1.5]]}, "bad_prompt", None),
    ({"points": [[10**400, 30, 1]]}, "bad_prompt", None),
    ({"box": [10, 10, 10, 20]}, "bad_prompt", "box"),
    ({"box": [20, 10, 10, 20]}, "bad_prompt", "box"),
    ({"box": [10, 10, 130, 20]}, "bad_prompt", "box"),
    ({"box": [10, 10, 20]}, "bad_prompt", None),
    ({"mask": {}}, "bad_prompt", "mask"),
    ({"mask": {"rle": {"size": [10, 10], "counts": [100]}}}, "bad_prompt", "mask"),
    ({"mask": {"rle": {"size": [80, 120], "counts": [100]}}}, "bad_mask", "rle.counts"),
    ({"mask": {"rle": {"size": [80, 120], "counts": "\x7f"}}}, "bad_mask", "rle.counts"),
    ({"mask": {"annotation": 12345}}, "not_found", None),
    ({"mask": {"annotation": 1, "rle": {"size": [80, 120], "counts": [9600]}}}, "bad_prompt", "mask"),
    ({"points": [[40, 30, 1]], "choice": 9}, "bad_prompt", "choice"),
    ({"points": [[40, 30, 1]], "crop": [0, 0, 300, 20]}, "bad_prompt", "crop"),
    ({"points": [[40, 30, 1]], "crop": "here"}, "invalid_input", None),
    ({"points": [[40, 30, 1]], "model": "sam9"}, "not_found", None),
    ({"points": [[40, 30, 1]], "multimask": "maybe"}, "invalid_input", None),
    ({"points": [[40, 30, 1]], "seq": -1}, "invalid_input", "seq"),
    ({"points": [[40, 30, 1]], "seq": 10**30}, "invalid_input", "seq"),
    ({"points": [[40, 30, 1]], "surprise": 1}, "invalid_input", "surprise"),
]


@pytest.mark.parametrize(("body", "code", "field"), BAD_PROMPTS, ids=[json.dumps(b)[:60] for b, _, _ in BAD_PROMPTS])
def test_bad_prompts_are_4xx_in_the_one_shape(
    client: TestClient, image: str, body: dict[str, Any], code: str, field: str | None
) -> None:
    assert_error(client.post(f"{image}/predict", json=body), 404 if code == "not_found" else 422, code, field)


@pytest.mark.parametrize("text", ['{"points": [[NaN, 30, 1]]}', '{"points": [[40, Infinity, 1]]}'])
def test_what_is_not_a_number_is_refused(client: TestClient, image: str, text: str) -> None:
    reply = client.post(f"{image}/predict", content=text, headers={"content-type": "application/json"})
    assert_error(reply, 422, "bad_prompt", "points.0")


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"points": ' + b"[" * 100_000])
def test_malformed_bodies_are_refused(client: TestClient, image: str, content: bytes) -> None:
    reply = client.post(f"{image}/predict", content=content, headers={"content-type": "application/json"})
    assert reply.status_code in (400, 422)
    assert_error(reply, reply.status_code, "malformed" if reply.status_code == 400 else "invalid_input")


def test_huge_bodies_are_refused_before_they_are_read(client: TestClient, image: str) -> None:
    body = b'{"points": [' + b" " * (17 << 20) + b"]}"
    assert_error(client.post(f"{image}/predict", content=body), 413, "too_large")

    def trickle() -> Any:
        for _ in range(17):
            yield b" " * (1 << 20)

    assert_error(client.post(f"{image}/predict", content=trickle()), 413, "too_large")


@pytest.mark.parametrize("text", ["\ud800", "a\x00b"])
def test_text_that_cannot_be_stored_is_refused(client: TestClient, image: str, text: str) -> None:
    body = json.dumps({"category": text, "draft": "d"})
    reply = client.post(f"{image}/annotations", content=body, headers={"content-type": "application/json"})
    assert_error(reply, 422, "invalid_input")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/images/nope"),
        ("GET", "/images/nope/pixels"),
        ("GET", "/images/nope/thumbnail"),
        ("GET", "/images/..%2F..%2Fetc%2Fpasswd/pixels"),
        ("POST", "/images/nope/embed"),
        ("GET", "/projects/nope"),
        ("GET", "/projects/nope/images"),
        ("GET", "/nothing/here"),
    ],
)
def test_what_does_not_exist_is_404(client: TestClient, method: str, path: str) -> None:
    assert_error(client.request(method, V1 + path), 404, "not_found")


def test_ids_beyond_any_database_are_refused(client: TestClient) -> None:
    assert_error(client.patch(f"{V1}/annotations/{10**30}", json={"revision": 1}), 422, "invalid_input")
    assert_error(client.patch(f"{V1}/annotations/1", json={"revision": 10**30}), 422, "invalid_input")


def test_a_page_of_another_origin_can_not_write(client: TestClient, image: str) -> None:
    body = {"points": [[40, 30, 1]]}
    reply = client.post(f"{image}/predict", json=body, headers={"origin": "http://evil.example"})
    assert_error(reply, 403, "wrong_origin")
    assert client.post(f"{image}/predict", json=body, headers={"origin": "http://127.0.0.1:7860"}).status_code == 200


def test_another_host_name_is_not_answered(client: TestClient) -> None:
    assert_error(client.get("/healthz", headers={"host": "evil.example"}), 421, "wrong_host")
    assert client.get("/healthz", headers={"host": "localhost:7860"}).status_code == 200


def test_a_broken_file_is_listed_with_its_reason_and_everything_else_goes_on(
    client: TestClient, service: Service, folder: Path
) -> None:
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 not much of a picture")
    service.library.scan()
    project = client.get(f"{V1}/projects").json()["items"][0]
    assert (project["counts"]["broken"], project["counts"]["todo"]) == (1, 3)
    url = f"{V1}/projects/{project['id']}/images"
    (broken,) = client.get(url, params={"status": "broken"}).json()["items"]
    assert "broken.jpg" in broken["problem"]
    assert client.get(f"{V1}/images/{broken['id']}").json()["problem"] == broken["problem"]
    assert client.get(f"{V1}/projects").json()["items"][0]["last_image"] is None
    for path in ("pixels", "thumbnail"):
        assert_error(client.get(f"{V1}/images/{broken['id']}/{path}"), 422, "image_problem")
    reply = client.post(f"{V1}/images/{broken['id']}/predict", json={"points": [[0, 0, 1]]})
    assert reply.status_code == 422


def test_every_route_is_described(client: TestClient) -> None:
    paths = client.get("/api/openapi.json").json()["paths"]
    assert len(paths) >= 14
    for path, methods in paths.items():
        for method, details in methods.items():
            assert details.get("description") or details.get("summary"), f"{method} {path}"
    reference = client.get("/api/docs")
    assert reference.status_code == 200
    assert all(path in reference.text for path in paths)
    assert "src=" not in reference.text, "the page needs nothing from elsewhere"
