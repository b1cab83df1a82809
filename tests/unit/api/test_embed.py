"""Opening an image over HTTP: it is made ready, then what the client will open next."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
from fastapi.testclient import TestClient

from annotator.engine.fake import FakePredictor
from annotator.engine.predictor import Embedding, RGBArray
from annotator.sessions.service import Service
from tests.unit.api.test_routes import V1, assert_error


def embed(browser: TestClient, image: str, /, **body: Any) -> Any:
    return browser.post(f"{V1}/images/{image}/embed", json=body)


def until_encoded(predictor: FakePredictor, count: int) -> None:
    deadline = time.monotonic() + 20
    while predictor.encodes < count:
        assert time.monotonic() < deadline, f"only {predictor.encodes} of {count} images were encoded"
        time.sleep(0.005)


def test_the_open_image_first_then_what_comes_next(
    client: TestClient, images: list[str], predictor: FakePredictor
) -> None:
    first, second, third = images
    reply = embed(client, first, client="tab", ahead=[second, third])
    assert reply.status_code == 200
    assert (reply.json()["state"], reply.json()["encoded"]) == ("ready", True)
    until_encoded(predictor, 3)
    for image in images:
        answer = client.post(f"{V1}/images/{image}/predict", json={"points": [[40, 30, 1]]})
        assert answer.json()["timing_ms"]["encode"] == 0
    again = embed(client, second, client="tab", ahead=[first, third])
    assert again.json()["encoded"] is False
    assert predictor.encodes == 3


@pytest.mark.parametrize("body", [None, {}, {"model": None, "client": None, "ahead": []}, {"model": "fake"}])
def test_nothing_has_to_be_said(
    client: TestClient, images: list[str], predictor: FakePredictor, body: dict[str, Any] | None
) -> None:
    reply = client.post(f"{V1}/images/{images[0]}/embed", json=body)
    assert reply.json()["state"] == "ready"
    assert predictor.encodes == 1


def test_the_page_s_header_names_the_client(client: TestClient, images: list[str], service: Service) -> None:
    wished: list[str] = []
    wish = service._prefetcher.wish

    def noted(name: str, *arguments: Any, **options: Any) -> None:
        wished.append(name)
        wish(name, *arguments, **options)

    service._prefetcher.wish = noted  # type: ignore[method-assign]
    client.post(f"{V1}/images/{images[0]}/embed", json={"ahead": []}, headers={"X-Annotator-Client": "tab 1"})
    embed(client, images[0], client="tab 2")
    embed(client, images[0])
    assert wished[:2] == ["tab 1", "tab 2"]
    assert wished[2]


@pytest.mark.parametrize(
    ("body", "status", "code", "field"),
    [
        ({"ahead": ["nothing"]}, 404, "not_found", "ahead.0"),
        ({"ahead": ["x"] * 9}, 422, "invalid_input", "ahead"),
        ({"ahead": "abc"}, 422, "invalid_input", "ahead"),
        ({"ahead": [7]}, 422, "invalid_input", "ahead.0"),
        ({"ahead": ["x" * 65]}, 422, "invalid_input", "ahead.0"),
        ({"ahead": ["\x00"]}, 422, "invalid_input", "ahead.0"),
        ({"client": ""}, 422, "invalid_input", "client"),
        ({"model": "sam9"}, 404, "not_found", "model"),
        ({"next": []}, 422, "invalid_input", "next"),
    ],
)
def test_mistakes_are_named(
    client: TestClient, images: list[str], body: dict[str, Any], status: int, code: str, field: str
) -> None:
    assert_error(embed(client, images[0], **body), status, code, field)


def test_the_project_says_how_far_to_look_ahead(client: TestClient, service: Service) -> None:
    assert client.get(f"{V1}/projects").json()["items"][0]["prefetch"] == service.settings.prefetch == 2


def test_the_picture_s_address_is_known_before_the_image_is_opened(client: TestClient, images: list[str]) -> None:
    for image in images:
        assert client.get(f"{V1}/images/{image}").json()["pixels"]["url"] == f"{V1}/images/{image}/pixels"
        assert "immutable" in client.get(f"{V1}/images/{image}/pixels").headers["Cache-Control"]


def test_how_far_an_image_is_can_be_asked_without_waiting(
    client: TestClient, images: list[str], predictor: FakePredictor, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, third = images
    go = threading.Event()
    encode = predictor.encode

    def slow(image: RGBArray) -> Embedding:
        assert go.wait(20)
        return encode(image)

    def progress(image: str) -> tuple[str, int]:
        reply = client.get(f"{V1}/images/{image}/embed").json()
        return reply["state"], reply["ahead"]

    def until(image: str, wanted: tuple[str, int]) -> None:
        deadline = time.monotonic() + 20
        while progress(image) != wanted:
            assert time.monotonic() < deadline, f"{progress(image)} is not {wanted}"
            time.sleep(0.01)

    assert progress(first) == ("unknown", 0)
    monkeypatch.setattr(predictor, "encode", slow)
    waiting = []
    for image, wanted in ((first, ("encoding", 0)), (second, ("queued", 1)), (third, ("queued", 2))):
        waiting.append(threading.Thread(target=embed, args=(client, image), kwargs={"client": image}))
        waiting[-1].start()
        until(image, wanted)
    go.set()
    for thread in waiting:
        thread.join(20)
    assert progress(third) == ("ready", 0)
    assert_error(client.get(f"{V1}/images/nowhere/embed"), 404, "not_found")
