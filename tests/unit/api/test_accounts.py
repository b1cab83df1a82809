"""Signing in and out in a browser, tokens of scripts, and the account's own page."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from annotator.api.account_routes import local_path
from annotator.api.app import create_app
from annotator.sessions.service import Service
from tests.unit.api.people import PASSWORD, add_people, sign_in

ADDRESS = "http://127.0.0.1:7860"


@pytest.fixture
def browser(service: Service) -> Iterator[TestClient]:
    add_people(service.accounts)
    with TestClient(create_app(service), base_url=ADDRESS, follow_redirects=False) as client:
        yield client


def test_a_page_leads_to_the_form_and_back(browser: TestClient) -> None:
    asked = browser.get("/api/docs/../../?image=1", headers={"Accept": "text/html"})
    assert asked.status_code == 303
    assert asked.headers["location"] == "/login?next=%2F%3Fimage%3D1"
    form = browser.get(asked.headers["location"])
    action = re.findall(r'action="([^"]*)"', form.text)[0]
    reply = browser.post(action, data={"name": "ann", "password": PASSWORD})
    assert (reply.status_code, reply.headers["location"]) == (303, "/?image=1")
    assert browser.get("/api/v1/projects").json()["items"][0]["author"] == "ann"


def test_the_cookie_is_nothing_for_scripts_or_other_sites(browser: TestClient) -> None:
    reply = browser.post("/login", data={"name": "ann", "password": PASSWORD})
    cookie = reply.headers["set-cookie"].lower()
    assert cookie.startswith("annotator-photos=")
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert "secure" not in cookie
    with TestClient(browser.app, base_url="https://127.0.0.1", follow_redirects=False) as secure:
        reply = secure.post("/login", data={"name": "ann", "password": PASSWORD})
        assert "secure" in reply.headers["set-cookie"].lower()


@pytest.mark.sqlite
def test_each_sign_in_has_a_secret_of_its_own_that_is_nowhere_kept(browser: TestClient, service: Service) -> None:
    secrets = []
    for _ in range(2):
        sign_in(browser, "ann")
        secrets.append(browser.cookies["annotator-photos"])
    assert len(set(secrets)) == 2
    database = (service.folder / ".annotator" / "annotator.db").read_bytes()
    wal = (service.folder / ".annotator" / "annotator.db-wal").read_bytes()
    assert not any(secret.encode() in database + wal for secret in secrets)
    assert PASSWORD.encode() not in database + wal


@pytest.mark.parametrize(("name", "password"), [("ann", "wrong password"), ("nobody", PASSWORD), ("", ""), ("ann", "")])
def test_a_wrong_password_says_no_more_than_that(browser: TestClient, name: str, password: str) -> None:
    reply = browser.post("/login", data={"name": name, "password": password})
    assert reply.status_code == 401
    assert "The name or the password is wrong." in reply.text
    assert "set-cookie" not in reply.headers


def test_what_is_typed_is_not_html(browser: TestClient) -> None:
    reply = browser.post("/login?next=/%22%3E%3Cb%3E", data={"name": '"><script>x</script>', "password": "y"})
    assert "<script" not in reply.text
    assert "<b>" not in reply.text
    assert "default-src 'none'" in reply.headers["content-security-policy"]


@pytest.mark.parametrize(
    ("path", "goes"),
    [
        ("/#image=3", "/#image=3"),
        ("//evil.example", "/"),
        ("https://evil.example/", "/"),
        ("/\\evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("/a\r\nSet-Cookie: x=1", "/"),
        ("", "/"),
    ],
)
def test_signing_in_leads_nowhere_else(path: str, goes: str) -> None:
    assert local_path(path) == goes


def test_too_many_tries_have_to_wait(browser: TestClient) -> None:
    statuses = [sign_in(browser, "ann", f"wrong {number}") for number in range(6)]
    assert statuses == [401] * 5 + [429]
    reply = browser.post("/login", data={"name": "ann", "password": PASSWORD})
    assert reply.status_code == 429, "the right password has to wait too"
    assert int(reply.headers["retry-after"]) >= 1
    assert sign_in(browser, "cora") == 303, "others do not wait"


def test_signing_out_ends_this_session_only(browser: TestClient, service: Service) -> None:
    sign_in(browser, "ann")
    other = service.accounts.sign_in("ann", PASSWORD, address="")
    assert browser.post("/logout").status_code == 303
    assert browser.get("/api/v1/projects").status_code == 401
    assert service.accounts.who(other, kind="session") is not None


def test_signing_out_everywhere_ends_all(browser: TestClient, service: Service) -> None:
    sign_in(browser, "ann")
    other = service.accounts.sign_in("ann", PASSWORD, address="")
    browser.post("/logout?everywhere=true")
    assert service.accounts.who(other, kind="session") is None
    assert sign_in(browser, "ann") == 303


def test_a_script_has_a_token_until_it_is_revoked(browser: TestClient) -> None:
    sign_in(browser, "ann")
    page = browser.post("/account", data={"action": "token", "label": "nightly"})
    token = re.findall(r"data-token>([^<]+)<", page.text)[0]
    assert "nightly" in browser.get("/account").text
    assert token not in browser.get("/account").text, "it is shown once"
    with TestClient(browser.app, base_url=ADDRESS) as script:
        headers = {"Authorization": f"Bearer {token}"}
        assert script.get("/api/v1/me", headers=headers).json()["name"] == "ann"
        assert browser.post("/account", data={"action": "revoke", "label": "nightly"}).status_code == 200
        assert script.get("/api/v1/me", headers=headers).status_code == 401


def test_a_new_password_needs_the_old_one_and_signs_out(browser: TestClient) -> None:
    sign_in(browser, "ann")
    reply = browser.post("/account", data={"action": "password", "old": "wrong", "password": "another horse"})
    assert reply.status_code == 401
    reply = browser.post("/account", data={"action": "password", "old": PASSWORD, "password": "short"})
    assert (reply.status_code, "at least 10" in reply.text) == (422, True)
    reply = browser.post("/account", data={"action": "password", "old": PASSWORD, "password": "another horse"})
    assert reply.status_code == 303
    assert browser.get("/api/v1/me").status_code == 401
    assert sign_in(browser, "ann") == 401
    assert sign_in(browser, "ann", "another horse") == 303
