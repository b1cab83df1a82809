"""Accepted objects and the object being made."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal, get_args

from annotator.domain.mask import Mask
from annotator.domain.prompt import Prompt
from annotator.errors import InvalidInput

Review = Literal["unreviewed", "approved", "rejected"]
REVIEW_STATES: tuple[str, ...] = get_args(Review)


@dataclass(frozen=True, slots=True)
class Provenance:
    """How a mask came to be; a record for audit and replay, never an annotation itself.

    Attributes:
        source: `model` (a prompt was answered), `hand` (drawn), `import` or `api` (the mask was handed in).
        prompt: the prompt as JSON, when a model made the mask.
        model: the model's name.
        clicks: number of points and boxes the object took.
        seconds: time from the first prompt to the acceptance.
        draft: id of the draft it was accepted from; who asks twice (the first reply was lost) gets one object.
        cut: pixels of the answer that were left to other objects.
    """

    source: str = "api"
    prompt: dict[str, Any] | None = None
    model: str | None = None
    clicks: int = 0
    seconds: float | None = None
    draft: str | None = None
    cut: int = 0

    def to_json(self) -> dict[str, Any]:
        """A JSON object; `Provenance(**json)` reads it back."""
        return {
            "source": self.source,
            "prompt": self.prompt,
            "model": self.model,
            "clicks": self.clicks,
            "seconds": self.seconds,
            "draft": self.draft,
            "cut": self.cut,
        }


@dataclass(frozen=True, slots=True)
class Annotation:
    """An accepted mask with its category.

    Attributes:
        id: positive, unique in the database, never used twice.
        revision: grows by one with every edit; a writer names the one it has seen.
        created, updated: ISO 8601, UTC.
        updated_by: who changed it last; empty: its author.
        extra: what an imported dataset says of it that nothing here knows.
    """

    id: int
    image_id: str
    category_id: int
    mask: Mask
    author: str
    created: str
    updated: str
    score: float | None = None
    provenance: Provenance = field(default_factory=Provenance)
    review: str = "unreviewed"
    note: str = ""
    hidden: bool = False
    locked: bool = False
    revision: int = 1
    extra: dict[str, Any] | None = None
    updated_by: str = ""

    def __post_init__(self) -> None:
        if not self.updated_by:
            object.__setattr__(self, "updated_by", self.author)
        if self.id < 1:
            raise InvalidInput("Annotation ids start at 1.")
        if self.review not in REVIEW_STATES:
            raise InvalidInput(f"Review state {self.review!r} is unknown; use one of {', '.join(REVIEW_STATES)}.")

    @property
    def last_change(self) -> str:
        """When and by whom, for sentences."""
        return f"{self.updated} (by {self.updated_by})"

    def content(self) -> dict[str, Any]:
        """What a Change records: everything but view state (hidden, locked) and bookkeeping (revision, times)."""
        content = {
            "category": self.category_id,
            "rle": self.mask.to_rle(),
            "author": self.author,
            "score": self.score,
            "provenance": self.provenance.to_json(),
            "review": self.review,
            "note": self.note,
        }
        return content if self.extra is None else {**content, "extra": self.extra}


@dataclass(frozen=True, slots=True)
class Replaces:
    """The annotation whose place an accepted draft takes.

    Attributes:
        annotation: its id.
        mask: hash of its mask when the draft was begun; if it is another one when the draft is accepted, somebody else
            has changed the object meanwhile.
    """

    annotation: int
    mask: str


@dataclass(frozen=True, slots=True)
class Draft:
    """The object being made by one person on one image: a prompt, never a mask.

    Attributes:
        id: made by the client, so that a draft can be named before the server has heard of it.
        started: ISO 8601, UTC; when its first prompt was saved.
        replaces: the object that is being refined; None: it becomes a new one.
    """

    id: str
    image_id: str
    author: str
    prompt: Prompt
    category_id: int | None
    started: str
    updated: str
    revision: int = 1
    replaces: Replaces | None = None

    def content(self) -> dict[str, Any]:
        """What a Change records; a draft of a new object as it was recorded before drafts could replace one."""
        content = {
            "id": self.id,
            "prompt": self.prompt.to_json(),
            "category": self.category_id,
            "started": self.started,
        }
        return content if self.replaces is None else {**content, "replaces": asdict(self.replaces)}
