"""Rows of accounts: people, what proves that somebody is signed in, and who did what."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, delete, func, insert, or_, select, update

from annotator.domain.person import Person, Role, folded
from annotator.store.database import now
from annotator.store.schema import audit, credentials, people


@dataclass(frozen=True, slots=True)
class Account:
    """A person with what the database keeps about them; `password` is a hash, None where there is none."""

    id: int
    person: Person
    password: str | None
    created: str


@dataclass(frozen=True, slots=True)
class Noted:
    """Something that somebody did: a sign-in, a change of accounts, an import."""

    at: str
    person: str
    what: str
    about: str
    address: str


def any_people(connection: Connection) -> bool:
    """Whether there is an account at all."""
    return connection.execute(select(people.c.id).limit(1)).first() is not None


def find(connection: Connection, name: str) -> Account | None:
    """The account of a name, however it is spelt."""
    row = connection.execute(select(people).where(people.c.folded == folded(name))).one_or_none()
    return None if row is None else Account(row.id, Person(row.name, Role(row.role)), row.password, row.created)


def all_people(connection: Connection) -> list[Account]:
    """Every account, by name."""
    rows = connection.execute(select(people).order_by(people.c.folded))
    return [Account(row.id, Person(row.name, Role(row.role)), row.password, row.created) for row in rows]


def add(connection: Connection, person: Person, *, password: str | None) -> None:
    """Add an account that is not there yet; `password`: its hash."""
    row = {"name": person.name, "folded": folded(person.name), "role": person.role.value, "password": password}
    connection.execute(insert(people).values(**row, created=now()))


def change(connection: Connection, account_id: int, *, role: Role | None = None, password: str | None = None) -> None:
    """Give an account another role or password hash."""
    values = {"role": role.value if role else None, "password": password}
    given = {name: value for name, value in values.items() if value is not None}
    if given:
        connection.execute(update(people).where(people.c.id == account_id).values(**given))


def remove(connection: Connection, account_id: int) -> None:
    """Remove an account and whatever proves that it is signed in."""
    sign_out(connection, account_id, tokens=True)
    connection.execute(delete(people).where(people.c.id == account_id))


def add_credential(
    connection: Connection, account_id: int, *, hash: str, kind: str, label: str, expires: str | None
) -> None:
    """Keep what proves a sign-in, and forget what has run out."""
    connection.execute(delete(credentials).where(credentials.c.expires < now()))
    row = {"hash": hash, "person_id": account_id, "kind": kind, "label": label, "expires": expires}
    connection.execute(insert(credentials).values(**row, created=now()))


def holder(connection: Connection, hash: str, *, kind: str, at: str) -> tuple[Person, str | None] | None:
    """Whose credential it is, and until when it holds; None if it is not known or has run out."""
    row = connection.execute(
        select(people.c.name, people.c.role, credentials.c.expires)
        .join(people, people.c.id == credentials.c.person_id)
        .where(
            credentials.c.hash == hash,
            credentials.c.kind == kind,
            or_(credentials.c.expires.is_(None), credentials.c.expires > at),
        )
    ).one_or_none()
    return None if row is None else (Person(row.name, Role(row.role)), row.expires)


def prolong(connection: Connection, hash: str, *, expires: str) -> None:
    """Let a sign-in hold for longer."""
    connection.execute(update(credentials).where(credentials.c.hash == hash).values(expires=expires))


def forget(connection: Connection, hash: str) -> None:
    """One sign-in ends."""
    connection.execute(delete(credentials).where(credentials.c.hash == hash))


def sign_out(connection: Connection, account_id: int, *, tokens: bool = False, label: str | None = None) -> int:
    """End all sign-ins of an account, its tokens too if asked, or only the token of a label. Returns how many."""
    chosen = [credentials.c.person_id == account_id]
    if label is not None:
        chosen += [credentials.c.kind == "token", credentials.c.label == label]
    elif not tokens:
        chosen.append(credentials.c.kind == "session")
    return connection.execute(delete(credentials).where(*chosen)).rowcount


def tokens(connection: Connection, account_id: int) -> list[tuple[str, str]]:
    """The tokens of an account: label and when it was made."""
    rows = connection.execute(
        select(credentials.c.label, credentials.c.created)
        .where(credentials.c.person_id == account_id, credentials.c.kind == "token")
        .order_by(credentials.c.created)
    )
    return [(row.label, row.created) for row in rows]


def note(connection: Connection, noted: Noted) -> None:
    """Keep what somebody did."""
    connection.execute(
        insert(audit).values(
            at=noted.at, person=noted.person, what=noted.what, about=noted.about, address=noted.address
        )
    )


def noted(connection: Connection, *, limit: int) -> list[Noted]:
    """What was done last, the newest first."""
    rows = connection.execute(select(audit).order_by(audit.c.id.desc()).limit(limit))
    return [Noted(row.at, row.person, row.what, row.about, row.address) for row in rows]


def failures(
    connection: Connection, *, since: str, person: str | None = None, address: str | None = None
) -> tuple[int, str]:
    """How many tries to sign in failed since then, of a person or an address or both, and when the last one was."""
    chosen = [audit.c.what == "sign-in failed", audit.c.at > since]
    if person is not None:
        chosen.append(audit.c.person == person)
    if address is not None:
        chosen.append(audit.c.address == address)
    count, last = connection.execute(select(func.count(), func.max(audit.c.at)).where(*chosen)).one()
    return int(count), last or ""
