"""People who sign in, for the tests of accounts."""

from __future__ import annotations

from fastapi.testclient import TestClient

from annotator.domain.person import Role
from annotator.sessions.accounts import Accounts

PASSWORD = "correct horse"


def add_people(accounts: Accounts) -> None:
    """One of each role: vera, ann, cora and ada."""
    for name, role in (("vera", Role.VIEWER), ("ann", Role.ANNOTATOR), ("cora", Role.CURATOR), ("ada", Role.ADMIN)):
        accounts.add(name, role=role, password=PASSWORD, by="test")


def sign_in(client: TestClient, name: str, password: str = PASSWORD) -> int:
    """Fill the form in and send it. Returns the status."""
    reply = client.post("/login", data={"name": name, "password": password}, follow_redirects=False)
    return reply.status_code
