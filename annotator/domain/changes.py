"""Changes: recorded edits with their inverse. Undo, history and conflict detection all use them.

A change is a list of edits that happen together. An edit replaces the content of one annotation or draft; None means
that it does not exist. Applying an edit demands that the content now is the edit's `before`: that check *is* the
conflict detection.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from annotator.errors import Conflict

Content = dict[str, Any]
Kind = Literal["annotation", "draft"]
Key = tuple[str, str]
"""(kind, id) of what an edit is about."""


@dataclass(frozen=True, slots=True)
class Edit:
    """One thing's content before and after; None where it does not exist.

    Attributes:
        revision: what the thing had before; when an undo brings it back it continues from there, so that nobody
            who saw an older revision can take the new one for it.
    """

    kind: Kind
    id: str
    before: Content | None
    after: Content | None
    revision: int = 0

    @property
    def key(self) -> Key:
        return self.kind, self.id

    def inverse(self) -> Edit:
        """The edit that takes this one back."""
        return replace(self, before=self.after, after=self.before)

    def to_json(self) -> dict[str, Any]:
        """A JSON object; `Edit(**json)` reads it back."""
        return {
            "kind": self.kind,
            "id": self.id,
            "before": self.before,
            "after": self.after,
            "revision": self.revision,
        }


@dataclass(frozen=True, slots=True)
class Change:
    """Edits that happen together, under a name people understand (`accept`, `point`, `relabel`)."""

    label: str
    edits: tuple[Edit, ...]

    def inverse(self) -> Change:
        """The change that takes this one back: the inverse edits in reverse order."""
        return Change(self.label, tuple(edit.inverse() for edit in reversed(self.edits)))


def apply(change: Change, contents: Mapping[Key, Content]) -> dict[Key, Content]:
    """The contents after a change.

    Args:
        change: what to do.
        contents: everything that exists, by (kind, id); not modified.

    Raises:
        Conflict: something is not what the change was based on.
    """
    result = dict(contents)
    for edit in change.edits:
        if result.get(edit.key) != edit.before:
            raise Conflict(
                f"“{change.label}” can't be applied: the {edit.kind} has changed since. Reload the image and retry."
            )
        if edit.after is None:
            result.pop(edit.key, None)
        else:
            result[edit.key] = edit.after
    return result
