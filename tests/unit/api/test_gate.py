"""Nobody unknown gets past the gate, and nobody does what their role does not allow: walked over every route."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from starlette.routing import BaseRoute, Mount

from annotator.api import roles
from annotator.api.app import create_app
from annotator.api.security import SAFE
from annotator.domain.person import Role
from annotator.sessions.service import Service
from annotator.ui.app import mount
from tests.unit.api.people import add_people, sign_in

ADDRESS = "http://127.0.0.1:7860"


def mounted(service: Service) -> FastAPI:
    async def build() -> FastAPI:
        return mount(create_app(service), service)

    return asyncio.run(build())


@pytest.fixture
def app(service: Service) -> FastAPI:
    """The whole app with its page, and people in it."""
    add_people(service.accounts)
    return mounted(service)


@pytest.fixture
def stranger(app: FastAPI) -> Iterator[TestClient]:
    with TestClient(app, base_url=ADDRESS, follow_redirects=False) as client:
        yield client


def routes_of(routes: list[BaseRoute], prefix: str = "") -> Iterator[tuple[str, str]]:
    """(method, path) of every route, of mounted applications and included routers too."""
    for route in routes:
        if isinstance(route, Mount):
            inner = getattr(route.app, "routes", None)
            if inner:
                yield from routes_of(inner, prefix + route.path)
            else:
                yield "GET", f"{prefix}{route.path}/app.js"
        elif hasattr(route, "effective_candidates"):
            yield from routes_of(route.effective_candidates(), prefix)
        elif getattr(route, "methods", None):
            yield from ((method, prefix + route.path) for method in route.methods)  # type: ignore[attr-defined]
        else:
            yield "GET", prefix + getattr(route, "path", "")


def filled(path: str) -> str:
    """A path with something in the place of its parameters."""
    path = re.sub(r"\{(image|project|model|version|path|path_or_url|url_path)(:path)?\}", "x", path)
    return re.sub(r"\{[^}]*\}", "1", path)


def every_route(app: FastAPI) -> list[tuple[str, str]]:
    found = sorted({(method, path) for method, path in routes_of(app.routes) if method != "OPTIONS"})
    assert len(found) > 120, "Gradio's routes are among them"
    assert ("PUT", "/api/v1/images/{image}/draft") in found
    assert ("POST", "/gradio_api/queue/join") in found
    return found


def test_without_signing_in_nothing_is_answered(app: FastAPI, stranger: TestClient) -> None:
    answered = []
    for method, path in every_route(app):
        status = stranger.request(method, filled(path)).status_code
        if filled(path) in roles.OPEN or filled(path).startswith(roles.CLOSED):
            continue
        if status != 401:
            answered.append(f"{method} {path}: {status}")
    assert answered == []


def test_a_closed_path_is_closed_for_an_admin_too(stranger: TestClient) -> None:
    assert sign_in(stranger, "ada") == 303
    for path in roles.CLOSED:
        assert stranger.get(path + "x").status_code == 404


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "Bearer annotator_wrong"},
        {"Authorization": "Basic YWRhOmFkYQ=="},
        {"Cookie": "annotator-photos=wrong"},
        {"Cookie": "annotator-photos=" + "x" * 5000},
        {"X-Forwarded-User": "ada"},
        {"X-Forwarded-For": "127.0.0.1", "X-Forwarded-User": "ada"},
    ],
)
def test_wrong_credentials_are_none(app: FastAPI, stranger: TestClient, headers: dict[str, str]) -> None:
    for method, path in (("GET", "/api/v1/projects"), ("GET", "/"), ("GET", "/config"), ("POST", "/gradio_api/upload")):
        assert stranger.request(method, path, headers=headers).status_code == 401, path


def test_every_route_that_changes_something_names_its_role(app: FastAPI) -> None:
    ours = [(m, p) for m, p in every_route(app) if m not in SAFE and p.startswith(("/api/", "/log", "/account"))]
    unnamed = [f"{m} {p}" for m, p in ours if p not in roles.OPEN and roles.named(m, filled(p)) is None]
    assert unnamed == ["POST /login/"], "Gradio's own, which is for admins and leads nowhere"
    known = {(method, re.sub(r"\{\w+\}", "{}", path)) for method, path in every_route(app)}
    gone = [
        (method, path)
        for listed in roles._NEEDED.values()
        for method, path in listed
        if (method, re.sub(r"\{\w+\}", "{}", path)) not in known
    ]
    assert gone == [], "the table names routes that are there"


def test_a_lesser_role_is_refused_everywhere(app: FastAPI, stranger: TestClient) -> None:
    wrong = []
    for name, role in (("vera", Role.VIEWER), ("ann", Role.ANNOTATOR), ("cora", Role.CURATOR), ("ada", Role.ADMIN)):
        assert sign_in(stranger, name) == 303
        for method, path in every_route(app):
            place = filled(path)
            own = place in roles.OPEN or place.startswith(roles.CLOSED) or place in ("/logout", "/account")
            if method in SAFE or own:
                continue
            refused = stranger.request(method, place, json={}).status_code == 403
            if refused == role.allows(roles.needed(method, place)):
                wrong.append(f"{method} {path} as {name}")
    assert wrong == []


def test_a_refusal_says_why(stranger: TestClient) -> None:
    sign_in(stranger, "vera")
    reply = stranger.post("/api/v1/projects/photos/undo", json={})
    assert reply.status_code == 403
    message = reply.json()["error"]["message"]
    assert "vera" in message
    assert "role viewer" in message
    assert "role annotator" in message


def test_what_is_made_has_the_name_of_who_signed_in(stranger: TestClient, service: Service, images: list[str]) -> None:
    sign_in(stranger, "cora")
    rle = {"size": [80, 120], "counts": [0, 80, 9520]}
    made = stranger.post(f"/api/v1/images/{images[0]}/annotations", json={"rle": rle, "category": "cat"})
    assert made.status_code == 201
    assert made.json()["annotation"]["author"] == "cora"
    me = stranger.get("/api/v1/me").json()
    assert me.pop("since"), "when the project was made"
    assert me == {"name": "cora", "role": "curator", "accounts": True, "project": "photos"}


def test_a_page_of_one_person_does_not_write_as_another(stranger: TestClient) -> None:
    sign_in(stranger, "ann")
    reply = stranger.post("/api/v1/projects/photos/undo", json={}, headers={"X-Annotator-Person": "cora"})
    assert reply.status_code == 401
    assert reply.json()["error"]["code"] == "other_person"
    assert stranger.get("/api/v1/me", headers={"X-Annotator-Person": "ann"}).status_code == 200


def test_without_accounts_everybody_at_this_computer_may_do_everything(client: TestClient) -> None:
    me = client.get("/api/v1/me").json()
    assert (me["name"], me["role"], me["accounts"], me["project"]) == ("ann", "admin", False, "photos")
    assert client.get("/login", follow_redirects=False).headers["location"] == "/"


def test_the_first_account_closes_the_door(
    client: TestClient, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("annotator.api.gate._LOOK_SECONDS", 0)
    assert client.get("/api/v1/projects").status_code == 200
    add_people(service.accounts)
    assert client.get("/api/v1/projects").status_code == 401


class Behind:
    """The app as a proxy's peers reach it."""

    def __init__(self, app: Any, peer: str) -> None:
        self.app, self.peer = app, peer

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "lifespan":
            scope = {**scope, "client": (self.peer, 4242)}
        await self.app(scope, receive, send)


@pytest.mark.parametrize(
    ("peer", "named", "status", "role"),
    [
        ("10.0.0.7", "ann", 200, "annotator"),
        ("10.0.0.7", "Zoe", 200, "viewer"),
        ("10.0.0.7", None, 401, None),
        ("10.0.0.7", "", 401, None),
        ("10.0.1.7", "ann", 401, None),
        ("testclient", "ann", 401, None),
    ],
)
def test_only_a_trusted_proxy_names_people(
    service: Service, monkeypatch: pytest.MonkeyPatch, peer: str, named: str | None, status: int, role: str | None
) -> None:
    add_people(service.accounts)
    told = {"user_header": "X-User", "user_header_role": "viewer", "trusted_proxies": ["10.0.0.0/24"]}
    service.settings = service.settings.model_copy(update=told)
    headers = {} if named is None else {"X-User": named, "X-Forwarded-For": "10.0.0.7"}
    with TestClient(Behind(create_app(service), peer), base_url=ADDRESS) as client:  # type: ignore[arg-type]
        reply = client.get("/api/v1/me", headers=headers)
        assert reply.status_code == status
        assert role is None or reply.json()["role"] == role


def test_who_the_proxy_names_and_nobody_knows_may_be_kept_out(service: Service) -> None:
    told = {"user_header": "X-User", "user_header_role": "none"}
    service.settings = service.settings.model_copy(update=told)
    with TestClient(Behind(create_app(service), "127.0.0.1"), base_url=ADDRESS) as client:  # type: ignore[arg-type]
        assert client.get("/api/v1/me", headers={"X-User": "zoe"}).status_code == 401


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_page_of_another_site_writes_nothing(stranger: TestClient, site: str) -> None:
    sign_in(stranger, "ann")
    reply = stranger.post("/api/v1/projects/photos/undo", json={}, headers={"Sec-Fetch-Site": site})
    assert (reply.status_code, reply.json()["error"]["code"]) == (403, "wrong_origin")
    reply = stranger.post("/api/v1/projects/photos/undo", json={}, headers={"Origin": "http://evil.example"})
    assert reply.status_code == 403
