"""Accounts over time: sessions run out, waiting grows, and what was done is noted."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from annotator.domain.person import Role
from annotator.errors import Conflict, InvalidInput, NotFound, SignInFailed, TooMany
from annotator.sessions.accounts import Accounts
from annotator.store.database import Database

PASSWORD = "correct horse"


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = datetime(2026, 5, 4, 12, tzinfo=timezone.utc)

    def __call__(self) -> datetime:
        return self.now

    def move(self, **by: float) -> None:
        self.now += timedelta(**by)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def accounts(tmp_path: Path, clock: Clock) -> Iterator[Accounts]:
    database = Database(f"sqlite:///{tmp_path / 'a.db'}")
    made = Accounts(database=database, clock=clock)
    made.add("Ada", role=Role.ADMIN, password=PASSWORD, by="test")
    yield made
    database.close()


def test_a_name_is_taken_however_it_is_spelt(accounts: Accounts) -> None:
    with pytest.raises(Conflict, match="Ada"):
        accounts.add("ada", role=Role.VIEWER, password=PASSWORD, by="test")
    secret = accounts.sign_in("ADA", PASSWORD, address="")
    person = accounts.who(secret, kind="session")
    assert person is not None
    assert person.name == "Ada"


def test_a_session_lasts_while_it_is_used(accounts: Accounts, clock: Clock) -> None:
    secret = accounts.sign_in("Ada", PASSWORD, address="")
    for _ in range(5):
        clock.move(days=10)
        assert accounts.who(secret, kind="session") is not None
    clock.move(days=14, seconds=1)
    assert accounts.who(secret, kind="session") is None


def test_a_session_is_no_token_and_a_token_no_session(accounts: Accounts) -> None:
    session = accounts.sign_in("Ada", PASSWORD, address="")
    token = accounts.create_token("Ada", label="x", by="Ada")
    assert accounts.who(session, kind="token") is None
    assert accounts.who(token, kind="session") is None


def test_the_wait_doubles_and_ends(accounts: Accounts, clock: Clock) -> None:
    def fails() -> type[Exception]:
        with pytest.raises((SignInFailed, TooMany)) as refused:
            accounts.sign_in("Ada", "wrong password", address="10.0.0.1")
        return refused.type

    assert [fails() for _ in range(6)] == [SignInFailed] * 5 + [TooMany]
    clock.move(seconds=1.1)
    assert [fails(), fails()] == [SignInFailed, TooMany]
    clock.move(seconds=1.5)
    assert fails() is TooMany, "two seconds now"
    clock.move(seconds=0.6)
    accounts.sign_in("Ada", PASSWORD, address="10.0.0.1")


def test_somebody_elses_tries_slow_a_person_down_but_do_not_shut_them_out(accounts: Accounts, clock: Clock) -> None:
    for number in range(200):
        clock.move(seconds=1)
        with pytest.raises((SignInFailed, TooMany)):
            accounts.sign_in("Ada", "wrong password", address=f"10.0.{number}.1")
    clock.move(seconds=31)
    accounts.sign_in("Ada", PASSWORD, address="192.168.0.1")


def test_an_address_that_tries_many_names_waits(accounts: Accounts) -> None:
    outcomes = []
    for number in range(60):
        with pytest.raises((SignInFailed, TooMany)) as refused:
            accounts.sign_in(f"person {number}", PASSWORD, address="10.0.0.1")
        outcomes.append(refused.type)
    assert outcomes == [SignInFailed] * 50 + [TooMany] * 10


def test_another_role_holds_at_once_and_everything_is_noted(accounts: Accounts) -> None:
    secret = accounts.sign_in("Ada", PASSWORD, address="10.0.0.1")
    accounts.who(secret, kind="session")
    accounts.set_role("Ada", Role.VIEWER, by="Cora")
    person = accounts.who(secret, kind="session")
    assert person is not None
    assert person.role is Role.VIEWER
    accounts.remove("Ada", by="Cora")
    assert accounts.who(secret, kind="session") is None
    assert not accounts.exist
    assert [(one.person, one.what, one.about, one.address) for one in accounts.audit()] == [
        ("Cora", "account removed", "Ada", ""),
        ("Cora", "role changed", "Ada to viewer", ""),
        ("Ada", "signed in", "", "10.0.0.1"),
        ("test", "account added", "Ada as admin", ""),
    ]


def test_somebody_without_a_password_can_not_sign_in(accounts: Accounts) -> None:
    accounts.add("robot", role=Role.VIEWER, password=None, by="test")
    for password in ("", "None", PASSWORD):
        with pytest.raises(SignInFailed):
            accounts.sign_in("robot", password, address="")
    assert accounts.who(accounts.create_token("robot", label="x", by="test"), kind="token") is not None


@pytest.mark.parametrize("password", ["short", "Ada", "x" * 1001])
def test_a_password_that_is_no_good_changes_nothing(accounts: Accounts, password: str) -> None:
    with pytest.raises(InvalidInput):
        accounts.set_password("Ada", password, by="test")
    accounts.sign_in("Ada", PASSWORD, address="")


def test_nobody_unknown_can_be_changed(accounts: Accounts) -> None:
    with pytest.raises(NotFound, match="Bob"):
        accounts.set_role("Bob", Role.ADMIN, by="test")
    with pytest.raises(NotFound, match="token"):
        accounts.revoke_token("Ada", label="none", by="test")
