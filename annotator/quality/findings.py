"""What a rule found."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from annotator.domain.severity import Severity

Fix = Literal["fill_holes", "remove_specks", "keep_largest", "no_overlap", "delete", "mark_empty"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One place of a dataset that a rule points at.

    Attributes:
        rule: name of the rule.
        severity: of the rule.
        message: a sentence for people: what, and what to do where that is not obvious.
        image: name of the image to jump to; None for a finding about the whole dataset.
        annotation: id of the object to jump to, and the one that `fix` is for.
        others: ids of the other objects that take part, on the same image.
        other_images: names of the other images that take part.
        category: id of the category that it is about, where it is about one.
        fix: the clean-up that takes care of it, where there is one.
        value: what was measured, as the message says it; for images that look the same, how many they are.
    """

    rule: str
    severity: Severity
    message: str
    image: str | None = None
    annotation: int | None = None
    others: tuple[int, ...] = ()
    other_images: tuple[str, ...] = ()
    category: int | None = None
    fix: Fix | None = None
    value: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """A JSON object with every attribute."""
        return {**asdict(self), "others": list(self.others), "other_images": list(self.other_images)}
