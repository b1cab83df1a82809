"""Accounts: who may sign in, what proves that somebody has, how often may be tried, and who did what."""

from __future__ import annotations

import hashlib
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from annotator.config import Settings
from annotator.domain.person import Person, Role, check_password, folded, wait_after
from annotator.errors import Conflict, InvalidInput, NotFound, SignInFailed, TooMany
from annotator.sessions.folders import database_url, make_data_folder
from annotator.store import account_rows
from annotator.store.account_rows import Account, Noted
from annotator.store.database import Database

if TYPE_CHECKING:
    from argon2 import PasswordHasher

SESSION = timedelta(days=14)
"""How long somebody stays signed in who does not come back."""
_PROLONG_AFTER = timedelta(days=1)
_WINDOW = timedelta(minutes=15)
"""Failed tries are counted for this long."""
_REMEMBERED_SECONDS = 1.0
"""A page asks for a hundred files at once; a sign-out elsewhere may take this long to be noticed."""
_MAX_REMEMBERED = 4096
_MAX_SECRET = 200
_MAX_LABEL = 100
MAX_PASSWORD = 1000
_WRONG = "The name or the password is wrong."


def _utc() -> datetime:
    return datetime.now(timezone.utc)


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def _hash(secret: str) -> str:
    # The secret is 256 random bits: nothing can be guessed from its hash, so a slow one would protect nothing more.
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


class Accounts:
    """The people of a project's database. With none, whoever sits at the computer may do everything.

    Args:
        clock: the time in UTC; tests move it.
    """

    def __init__(self, *, database: Database, clock: Callable[[], datetime] = _utc) -> None:
        self._database = database
        self._clock = clock
        self._signing_in = threading.Lock()  # tries at the same time must not all come before the first has failed
        self._remembered: dict[tuple[str, str], tuple[float, Person | None]] = {}
        self._decoy: str | None = None

    # ---- people

    @property
    def exist(self) -> bool:
        """Whether there is any account."""
        with self._database.read() as connection:
            return account_rows.any_people(connection)

    def all(self) -> list[Account]:
        """Every account, by name."""
        with self._database.read() as connection:
            return account_rows.all_people(connection)

    def add(self, name: str, *, role: Role, password: str | None, by: str) -> Person:
        """Add a person; without a password they come by a token or a proxy's header only.

        Raises:
            InvalidInput: the name or the password can't be used.
            Conflict: there is somebody of that name.
        """
        person = Person(name=name, role=role)
        hashed = None if password is None else _hashed(password, name=name)
        with self._database.write() as connection:
            before = account_rows.find(connection, name)
            if before is not None:
                raise Conflict(f"There is an account “{before.person.name}” already; use another name.", field="name")
            account_rows.add(connection, person, password=hashed)
            account_rows.note(connection, self._noted(by, "account added", f"{person.name} as {role.value}"))
        return person

    def set_role(self, name: str, role: Role, *, by: str) -> None:
        """Give a person another role, at once.

        Raises:
            NotFound: nobody has that name.
        """
        with self._database.write() as connection:
            account = _required(account_rows.find(connection, name), name)
            account_rows.change(connection, account.id, role=role)
            account_rows.note(connection, self._noted(by, "role changed", f"{account.person.name} to {role.value}"))
        self._remembered.clear()

    def set_password(self, name: str, password: str, *, by: str) -> None:
        """Give a person another password; they are signed out everywhere.

        Raises:
            NotFound: nobody has that name.
            InvalidInput: the password can't be used.
        """
        hashed = _hashed(password, name=name)
        with self._database.write() as connection:
            account = _required(account_rows.find(connection, name), name)
            account_rows.change(connection, account.id, password=hashed)
            account_rows.sign_out(connection, account.id)
            account_rows.note(connection, self._noted(by, "password changed", account.person.name))
        self._remembered.clear()

    def remove(self, name: str, *, by: str) -> None:
        """Remove an account; what the person made stays, with their name.

        Raises:
            NotFound: nobody has that name.
        """
        with self._database.write() as connection:
            account = _required(account_rows.find(connection, name), name)
            account_rows.remove(connection, account.id)
            account_rows.note(connection, self._noted(by, "account removed", account.person.name))
        self._remembered.clear()

    # ---- signing in and out

    def sign_in(self, name: str, password: str, *, address: str) -> str:
        """Check a password and begin a session. Returns its secret, which is nowhere kept.

        Raises:
            SignInFailed: the name or the password is wrong; which of them is not said.
            TooMany: there were too many failed tries lately.
        """
        with self._signing_in:
            with self._database.read() as connection:
                account = account_rows.find(connection, name)
            person = folded(name)[:_MAX_LABEL] if account is None else account.person.name
            self._hold_back(person, address)
            known = None if account is None else account.password
            # Somebody unknown takes as long as somebody known, so that nobody can find out who has an account.
            if not _verified(known or self._decoy_hash(), password) or account is None or known is None:
                with self._database.write() as connection:
                    account_rows.note(connection, self._noted(person, "sign-in failed", "", address))
                raise SignInFailed(_WRONG, field="password")
            secret = secrets.token_urlsafe(32)
            expires = _text(self._clock() + SESSION)
            with self._database.write() as connection:
                account_rows.add_credential(
                    connection, account.id, hash=_hash(secret), kind="session", label="", expires=expires
                )
                account_rows.note(connection, self._noted(account.person.name, "signed in", "", address))
            return secret

    def _hold_back(self, name: str, address: str) -> None:
        now = self._clock()
        since = _text(now - _WINDOW)
        with self._database.read() as connection:
            both = account_rows.failures(connection, since=since, person=name, address=address)
            person = account_rows.failures(connection, since=since, person=name)
            place = account_rows.failures(connection, since=since, address=address)
        # Somebody else's tries slow a person down but can't shut them out; one person's tries can.
        waits = (
            (both, wait_after(both[0], free=5, longest=300)),
            (person, wait_after(person[0], free=20, longest=30)),
            (place, wait_after(place[0], free=50, longest=300)),
        )
        left = max(0.0 if not last else wait - (now - _moment(last)).total_seconds() for (_, last), wait in waits)
        if left > 0:
            raise TooMany(
                f"Too many tries to sign in failed. Wait {max(1, round(left))} s and try again.", retry_after=left
            )

    def _decoy_hash(self) -> str:
        if self._decoy is None:
            self._decoy = _hasher().hash(secrets.token_urlsafe(16))
        return self._decoy

    def who(self, secret: str, *, kind: str) -> Person | None:
        """Who holds a session's or a token's secret (`kind`); None when it is unknown or has run out."""
        if not secret or len(secret) > _MAX_SECRET:
            return None
        key = (kind, _hash(secret))
        now = self._clock()
        until, person = self._remembered.get(key, (0.0, None))
        if now.timestamp() < until:
            return person
        with self._database.read() as connection:
            held = account_rows.holder(connection, key[1], kind=kind, at=_text(now))
        if held is not None and held[1] is not None and held[1] < _text(now + SESSION - _PROLONG_AFTER):
            with self._database.write() as connection:
                account_rows.prolong(connection, key[1], expires=_text(now + SESSION))
        person = None if held is None else held[0]
        if len(self._remembered) >= _MAX_REMEMBERED:
            self._remembered.clear()
        self._remembered[key] = (now.timestamp() + _REMEMBERED_SECONDS, person)
        return person

    def named(self, name: str, *, otherwise: Role | None) -> Person | None:
        """The person that a trusted proxy names; somebody without an account has the role `otherwise`, or none."""
        with self._database.read() as connection:
            account = account_rows.find(connection, name)
        if account is not None:
            return account.person
        try:
            return None if otherwise is None else Person(name=name, role=otherwise)
        except InvalidInput:
            return None

    def sign_out(self, secret: str) -> None:
        """End one session."""
        with self._database.write() as connection:
            account_rows.forget(connection, _hash(secret))
        self._remembered.clear()

    def sign_out_everywhere(self, name: str, *, by: str) -> int:
        """End all sessions of a person; their tokens stay. Returns how many there were.

        Raises:
            NotFound: nobody has that name.
        """
        with self._database.write() as connection:
            account = _required(account_rows.find(connection, name), name)
            count = account_rows.sign_out(connection, account.id)
            account_rows.note(connection, self._noted(by, "signed out", f"{account.person.name} everywhere"))
        self._remembered.clear()
        return count

    # ---- tokens of scripts

    def create_token(self, name: str, *, label: str, by: str) -> str:
        """A secret for scripts, with the person's rights until it is revoked. It is shown once and kept nowhere.

        Raises:
            NotFound: nobody has that name.
            InvalidInput: the label is empty or too long.
            Conflict: they have a token of that label.
        """
        if not label.strip() or len(label) > _MAX_LABEL:
            raise InvalidInput(f"Say in 1 to {_MAX_LABEL} characters what the token is for.", field="label")
        secret = "annotator_" + secrets.token_urlsafe(32)
        with self._database.write() as connection:
            account = _required(account_rows.find(connection, name), name)
            if any(known == label for known, _ in account_rows.tokens(connection, account.id)):
                raise Conflict(f"“{account.person.name}” has a token “{label}”; revoke it first.", field="label")
            account_rows.add_credential(
                connection, account.id, hash=_hash(secret), kind="token", label=label, expires=None
            )
            account_rows.note(connection, self._noted(by, "token made", f"{account.person.name}: {label}"))
        return secret

    def tokens(self, name: str) -> list[tuple[str, str]]:
        """Label and time of a person's tokens.

        Raises:
            NotFound: nobody has that name.
        """
        with self._database.read() as connection:
            return account_rows.tokens(connection, _required(account_rows.find(connection, name), name).id)

    def revoke_token(self, name: str, *, label: str, by: str) -> None:
        """Make a token worthless.

        Raises:
            NotFound: nobody has that name, or no token of that label.
        """
        with self._database.write() as connection:
            account = _required(account_rows.find(connection, name), name)
            if account_rows.sign_out(connection, account.id, label=label) == 0:
                raise NotFound(f"“{account.person.name}” has no token “{label}”; `annotator user tokens` lists them.")
            account_rows.note(connection, self._noted(by, "token revoked", f"{account.person.name}: {label}"))
        self._remembered.clear()

    # ---- who did what

    def note(self, person: str, what: str, about: str = "") -> None:
        """Keep that somebody did something that concerns more than one image."""
        with self._database.write() as connection:
            account_rows.note(connection, self._noted(person, what, about))

    def audit(self, *, limit: int = 200) -> list[Noted]:
        """What was done last, the newest first."""
        with self._database.read() as connection:
            return account_rows.noted(connection, limit=limit)

    def _noted(self, person: str, what: str, about: str, address: str = "") -> Noted:
        return Noted(at=_text(self._clock()), person=person, what=what, about=about, address=address)


@contextmanager
def accounts_of(folder: Path, settings: Settings) -> Iterator[Accounts]:
    """The accounts of the project of a folder; it becomes one if it is none yet.

    Raises:
        NotFound: there is no such folder.
        StorageProblem: its data can't be written.
    """
    make_data_folder(folder, settings)
    with closing(Database(database_url(folder, settings))) as database:
        yield Accounts(database=database)


def _required(account: Account | None, name: str) -> Account:
    if account is None:
        raise NotFound(f"There is no account “{name}”; `annotator user list` shows who has one.", field="name")
    return account


def _hasher() -> PasswordHasher:
    # Imported here: most starts have no accounts.
    from argon2 import PasswordHasher

    return PasswordHasher()


def _hashed(password: str, *, name: str) -> str:
    check_password(password, name=name)
    if len(password) > MAX_PASSWORD:
        raise InvalidInput(f"The password is longer than {MAX_PASSWORD} characters.", field="password")
    return _hasher().hash(password)


def _verified(hashed: str, password: str) -> bool:
    from argon2.exceptions import VerificationError

    try:
        return bool(_hasher().verify(hashed, password[:MAX_PASSWORD]))
    except VerificationError:
        return False
