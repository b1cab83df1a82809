"""People and what they may do: a role allows everything that the roles below it allow."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from enum import Enum

from annotator.errors import InvalidInput

MAX_NAME = 100
MIN_PASSWORD = 10


class Role(str, Enum):
    """What somebody may do, from least to most."""

    VIEWER = "viewer"
    ANNOTATOR = "annotator"
    CURATOR = "curator"
    ADMIN = "admin"

    def allows(self, needed: Role) -> bool:
        """Whether somebody with this role may do what needs at least `needed`."""
        order = list(Role)
        return order.index(self) >= order.index(needed)

    @classmethod
    def named(cls, name: str) -> Role:
        """The role of a name.

        Raises:
            InvalidInput: there is no such role.
        """
        try:
            return cls(name)
        except ValueError as error:
            known = ", ".join(role.value for role in cls)
            raise InvalidInput(f"There is no role “{name}”; use one of {known}.", field="role") from error


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who asks: the name written to what they change, and their role.

    Raises:
        InvalidInput: the name is empty, too long, not printable or has space around it.
    """

    name: str
    role: Role

    def __post_init__(self) -> None:
        if not self.name or len(self.name) > MAX_NAME or not self.name.isprintable() or self.name != self.name.strip():
            raise InvalidInput(
                f"{self.name[:MAX_NAME]!r} can't be a person's name: use 1 to {MAX_NAME} printable characters"
                " without space around them.",
                field="name",
            )


def folded(name: str) -> str:
    """What makes two spellings of a name the same person: “Ada” and “ada”, and one accent written in two ways."""
    return unicodedata.normalize("NFKC", name).casefold()


def wait_after(failures: int, *, free: int, longest: float) -> float:
    """Seconds that must pass after so many failed tries to sign in: none at first, then each time twice as many."""
    if failures < free:
        return 0.0
    return float(min(longest, 2.0 ** min(30, failures - free)))


def check_password(password: str, *, name: str) -> None:
    """Refuse a password that is too short or the person's own name.

    Raises:
        InvalidInput: it is not good enough; the message never repeats it.
    """
    if len(password) < MIN_PASSWORD:
        raise InvalidInput(f"The password is too short: use at least {MIN_PASSWORD} characters.", field="password")
    if folded(password.strip()) == folded(name):
        raise InvalidInput("The password is the person's name: use another one.", field="password")
