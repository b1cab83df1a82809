"""What a curator asks to see: which objects or images, in which order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from annotator.domain.annotation import REVIEW_STATES
from annotator.domain.project import IMAGE_STATES
from annotator.errors import InvalidInput

ObjectOrder = Literal["image", "category", "score", "area", "updated", "created", "author"]
ImageOrder = Literal["name", "objects", "updated", "state"]

_END_OF_DAY = "T23:59:59.999Z"


@dataclass(frozen=True, slots=True)
class ObjectFilter:
    """Objects that a curator wants to see; what is empty or None leaves none out.

    Attributes:
        categories: ids.
        reviews: review states.
        authors: who made them.
        image_states: states of their images.
        rules: quality rules that found something about them.
        score, area: least and most, each None where open; the area in image pixels.
        since, until: last change, ISO 8601 in UTC; a day alone means from its beginning, or to its end.
        query: part of the image's name or of the note, any case.

    Raises:
        InvalidInput: a state is unknown.
    """

    categories: tuple[int, ...] = ()
    reviews: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    image_states: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    score: tuple[float | None, float | None] = (None, None)
    area: tuple[int | None, int | None] = (None, None)
    since: str | None = None
    until: str | None = None
    query: str = ""

    def __post_init__(self) -> None:
        _known(self.reviews, REVIEW_STATES, field="review")
        _known(self.image_states, IMAGE_STATES, field="image_state")

    @property
    def latest(self) -> str | None:
        """`until` to the millisecond."""
        return f"{self.until}{_END_OF_DAY}" if self.until is not None and len(self.until) == 10 else self.until

    @property
    def about_objects(self) -> bool:
        """Whether it leaves objects out by what they are themselves, not by their image."""
        open_ends = (None, None)
        return bool(
            self.categories
            or self.reviews
            or self.authors
            or self.rules
            or self.score != open_ends
            or self.area != open_ends
            or self.since
            or self.until
        )


def _known(values: tuple[str, ...], all_of_them: tuple[str, ...], *, field: str) -> None:
    for value in values:
        if value not in all_of_them:
            raise InvalidInput(f"The state {value!r} is unknown; use one of {', '.join(all_of_them)}.", field=field)
