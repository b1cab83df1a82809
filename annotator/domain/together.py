"""Several people in one project: what happened, and who is where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from annotator.domain.project import Image

EventKind = Literal["image", "images", "categories", "presence"]


@dataclass(frozen=True, slots=True)
class Event:
    """Something that others want to see at once.

    Attributes:
        id: grows; a later event has a larger one.
        kind: `image` (its objects or its state), `images` (the list), `categories`, `presence` (who is where).
        image_id: the one it is about, where it is about one.
        author: whose doing it is.
        client: the tab that did it, which knows already; None for scripts.
        image: the image as it was when the event was read, so that lists need not ask.
    """

    id: int
    kind: EventKind
    image_id: str | None
    author: str
    client: str | None
    image: Image | None = None


@dataclass(frozen=True, slots=True)
class Presence:
    """Somebody has an image open in a tab."""

    client: str
    author: str
    image_id: str
