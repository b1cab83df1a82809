"""What can be watched: ids of requests, the log, figures, and whether people can work."""

from __future__ import annotations

import io
import json
import logging
import re
import sys
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from annotator.api.app import create_app
from annotator.errors import StorageProblem
from annotator.logs import configure
from annotator.sessions import readiness
from annotator.sessions.service import Service
from tests.unit.api.people import add_people, sign_in


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """What is logged, as lines of JSON."""
    root, own = logging.getLogger(), logging.getLogger("annotator")
    before = (root.handlers[:], root.level, own.level)
    written = io.StringIO()
    monkeypatch.setattr(sys, "stderr", written)
    configure(level="info", form="json")
    yield written
    root.handlers[:] = before[0]
    root.setLevel(before[1])
    own.setLevel(before[2])


def lines(log: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in log.getvalue().splitlines()]


def figures(client: TestClient) -> dict[str, float]:
    text = client.get("/metrics").text
    return {name: float(value) for name, value in re.findall(r"^([^#\s]+(?:\{[^}]*\})?) (\S+)$", text, re.M)}


def test_every_reply_names_its_request(client: TestClient) -> None:
    first, second = (client.get("/api/v1/projects").headers["x-request-id"] for _ in range(2))
    assert first != second
    assert client.get("/healthz", headers={"X-Request-Id": "proxy-17.a"}).headers["x-request-id"] == "proxy-17.a"
    assert client.get("/api/v1/images/none").headers["x-request-id"], "errors too"


@pytest.mark.parametrize("given", ["a b", "x" * 65, "<script>", 'a"b'])
def test_an_id_that_could_forge_the_log_is_not_taken_over(client: TestClient, given: str) -> None:
    assert client.get("/healthz", headers={"X-Request-Id": given}).headers["x-request-id"] != given


def test_the_log_has_a_line_for_each_request_and_no_contents(
    service: Service, log: io.StringIO, images: list[str]
) -> None:
    add_people(service.accounts)
    token = service.accounts.create_token("ann", label="x", by="test")
    with TestClient(create_app(service), base_url="http://127.0.0.1:7860") as client:
        headers = {"Authorization": f"Bearer {token}", "X-Request-Id": "abc"}
        client.post(f"/api/v1/images/{images[0]}/predict", json={"points": [[17, 23, 1]]}, headers=headers)
        sign_in(client, "ann")
    own = [one for one in lines(log) if one["logger"] == "annotator.requests"]
    assert [one["message"] for one in own] == ["POST /api/v1/images/{image}/predict", "POST /login"]
    first = own[0]
    assert (first["request"], first["status"], first["person"], first["level"]) == ("abc", 200, "ann", "info")
    assert token not in log.getvalue()
    assert "correct horse" not in log.getvalue()
    assert "[17, 23" not in log.getvalue()


def test_a_line_of_text_is_one_line(log: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", log)
    configure(level="info", form="text")
    logging.getLogger("annotator.x").warning("a name: %s", "evil\n12:00:00 info all is well\x1b[31m")
    assert len(log.getvalue().splitlines()) == 1
    assert "\x1b" not in log.getvalue()


def test_figures_follow_what_people_do(client: TestClient, images: list[str]) -> None:
    before = figures(client)
    assert before["annotator_objects"] == 0
    rle = {"size": [80, 120], "counts": [0, 80, 9520]}
    client.post(f"/api/v1/images/{images[0]}/annotations", json={"rle": rle, "category": "cat"})
    client.post(f"/api/v1/images/{images[0]}/predict", json={"points": [[17, 23, 1]]})
    client.post(f"/api/v1/images/{images[0]}/predict", json={"points": [[17, 23, 1]]})
    client.get("/api/v1/images/none")
    after = figures(client)
    assert after["annotator_objects"] == 1
    assert after['annotator_images{state="in_progress"}'] == 1
    assert after['annotator_embeddings_total{tier="encoded"}'] == 1
    assert after['annotator_embeddings_total{tier="memory"}'] >= 1
    route = 'method="POST",route="/api/v1/images/{image}/predict",status="2xx"'
    text = client.get("/metrics").text
    assert f"annotator_request_seconds_count{{{route}}} 2.0" in text
    assert 'route="/api/v1/images/{image}",status="4xx"} 1.0' in text
    assert "process_resident_memory_bytes" in text
    assert 'annotator_model_seconds_count{step="decode"} 2.0' in text


def test_what_strangers_ask_for_names_no_routes(client: TestClient) -> None:
    for number in range(20):
        client.get(f"/nothing/{number}")
        client.request("BREW", "/healthz")
    text = client.get("/metrics").text
    assert "/nothing" not in text
    assert "BREW" not in text


def test_figures_are_for_people_who_are_known(client: TestClient, service: Service) -> None:
    add_people(service.accounts)
    with TestClient(create_app(service), base_url="http://127.0.0.1:7860") as stranger:
        assert stranger.get("/metrics").status_code == 401
        assert stranger.get("/readyz").status_code in (200, 503)


@pytest.fixture
def looks_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readiness, "_LOOK_SECONDS", 0)


@pytest.mark.usefixtures("looks_each_time")
def test_it_is_ready_and_says_why_it_is_not(
    client: TestClient, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert client.get("/readyz").json() == {"status": "ready", "reasons": []}

    away = service.folder.with_name("away")
    service.folder.rename(away)
    unreadable = client.get("/readyz")
    away.rename(service.folder)
    assert unreadable.status_code == 503
    assert "The folder of images can't be read." in unreadable.json()["reasons"]
    assert str(service.folder) not in unreadable.text

    def full(*_: object) -> None:
        raise StorageProblem("database or disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(readiness.project_rows, "touch", full)
        assert client.get("/readyz").json()["reasons"] == ["The database can't be written."]
    with monkeypatch.context() as patched:
        patched.setattr(readiness, "LEAST_DISK_BYTES", 1 << 80)
        assert client.get("/readyz").status_code == 503
    assert client.get("/readyz").status_code == 200, "well again without a restart"


def test_while_it_goes_down_new_requests_are_asked_to_come_back(service: Service) -> None:
    app = create_app(service)
    with TestClient(app, base_url="http://127.0.0.1:7860") as client:
        assert client.get("/api/v1/projects").status_code == 200
        app.state.closing = lambda: True
        reply = client.get("/api/v1/projects")
    assert (reply.status_code, reply.json()["error"]["code"]) == (503, "busy")
    assert int(reply.headers["retry-after"]) > 0
