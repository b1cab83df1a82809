"""Working together over HTTP: events as they happen, who is where, the next free image."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from fastapi.testclient import TestClient

from annotator.api.live_routes import _stream
from annotator.sessions.service import Service
from tests.unit.api.test_routes import assert_error

V1 = "/api/v1"


@pytest.fixture
def project(service: Service, images: list[str]) -> str:
    return f"{V1}/projects/{service.project_id}"


class Listener:
    """A tab that listens; `gone` says when it hangs up."""

    gone = False

    async def is_disconnected(self) -> bool:
        return self.gone


def parsed(text: str) -> dict[str, str]:
    return dict(line.split(": ", 1) for line in text.strip().splitlines())


async def follow(service: Service, acts: Any, *, client: str | None, count: int) -> list[dict[str, str]]:
    listener = Listener()
    found = []
    async for text in _stream(service.together, listener, client=client, after=None):  # type: ignore[arg-type]
        found.append(parsed(text))
        if len(found) == 1:
            await asyncio.to_thread(acts)
        if len(found) == count:
            listener.gone = True
    return found


def test_a_tab_hears_what_others_do_and_not_what_it_does_itself(
    client: TestClient, service: Service, project: str, images: list[str]
) -> None:
    def acts() -> None:
        for tab in ("mine", "other"):
            reply = client.patch(
                f"{V1}/images/{images[0]}", json={"state": "done"}, headers={"X-Annotator-Client": tab}
            )
            assert reply.status_code == 200

    hello, event = asyncio.run(asyncio.wait_for(follow(service, acts, client="mine", count=2), 10))
    assert hello["event"] == "hello"
    data = json.loads(event["data"])
    assert (event["event"], data["image"], data["author"]) == ("image", images[0], "ann")
    assert (data["item"]["name"], data["item"]["state"]) == ("a.png", "done"), "lists need not ask"
    assert int(event["id"]) > int(hello["id"])


def test_listeners_hang_up_when_the_server_goes_down(service: Service, images: list[str]) -> None:
    async def listen() -> int:
        count = 0
        async for _ in _stream(service.together, Listener(), client=None, after=None):  # type: ignore[arg-type]
            count += 1
            service.together.feed.close()
        return count

    assert asyncio.run(asyncio.wait_for(listen(), 10)) == 1


def test_presence_next_and_assignment(client: TestClient, project: str, images: list[str]) -> None:
    body = {"client": "tab", "image": images[0]}
    present = client.put(f"{project}/presence", json=body).json()
    assert present == {"items": [{"client": "tab", "author": "ann", "image": images[0]}]}
    assert client.get(f"{project}/presence").json() == present
    assert client.post(f"{project}/next", json={"client": "tab", "after": images[0]}).json()["id"] == images[1]
    assert client.put(f"{project}/presence", json={"client": "tab"}).json() == {"items": []}
    assert client.post(f"{project}/assign", json={"images": images, "assignee": "ben"}).json() == {"images": 3}
    assert_error(client.post(f"{project}/next", json={"client": "tab"}), 404, "not_found")
    listed = client.get(f"{project}/images").json()["items"]
    assert [one["assignee"] for one in listed] == ["ben"] * 3
    assert_error(client.put(f"{project}/presence", json={"client": ""}), 422, "invalid_input")
    assert_error(client.post(f"{project}/assign", json={"images": []}), 422, "invalid_input")
