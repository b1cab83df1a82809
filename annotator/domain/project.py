"""Projects, their categories and their images."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal, get_args

from annotator.errors import InvalidInput

ImageState = Literal["todo", "in_progress", "done", "empty"]
IMAGE_STATES: tuple[str, ...] = get_args(ImageState)
MAX_NAME = 100

# Okabe and Ito's palette, made to be told apart by people with any colour vision, then lighter and darker relatives.
# Source: Okabe & Ito, "Color Universal Design", 2008.
PALETTE = (
    "#e69f00",
    "#56b4e9",
    "#009e73",
    "#f0e442",
    "#0072b2",
    "#d55e00",
    "#cc79a7",
    "#8dd3c7",
    "#bebada",
    "#fb8072",
    "#b3de69",
    "#fccde5",
)

_COLOUR = re.compile(r"#[0-9a-f]{6}")


def natural_key(name: str) -> str:
    """A text whose order is the natural order of names: `img2` before `img10`, folders together."""
    padded = re.sub(r"\d{1,18}", lambda digits: digits.group().rjust(18, "0"), name.casefold())
    return padded.replace("/", "\x02") + "\x01" + name


@dataclass(frozen=True, slots=True)
class Category:
    """A class of objects; ids start at 1 and are never used twice in a project."""

    id: int
    name: str
    supercategory: str = ""
    colour: str = PALETTE[0]
    objects: int = 0
    extra: dict[str, Any] | None = None

    def __post_init__(self) -> None:
        if self.id < 1:
            raise InvalidInput("Category ids start at 1.", field="id")
        if not self.name or self.name != self.name.strip() or len(self.name) > MAX_NAME or not self.name.isprintable():
            raise InvalidInput(
                f"A category's name has 1 to {MAX_NAME} printable characters without space around it.", field="name"
            )
        if len(self.supercategory) > MAX_NAME or not (self.supercategory + " ").isprintable():
            raise InvalidInput(f"A supercategory has at most {MAX_NAME} printable characters.", field="supercategory")
        if not _COLOUR.fullmatch(self.colour):
            raise InvalidInput(f"The colour {self.colour!r} is not of the form #rrggbb.", field="colour")


@dataclass(frozen=True, slots=True)
class Image:
    """One decodable picture of a project.

    Attributes:
        number: from 1, never used twice in a project; what datasets call the image. 0 until it is stored.
        name: path relative to the project's folder, with forward slashes.
        source_hash: SHA-256 of the file's bytes, in hex.
        width, height: size in pixels, display orientation; 0 when the file can't be decoded.
        problem: why it can't be shown, as a sentence.
        note: something worth knowing about how it is shown.
        assignee: who is to do it; None: whoever comes.
    """

    id: str
    name: str
    source_hash: str
    width: int
    height: int
    state: str = "todo"
    objects: int = 0
    problem: str | None = None
    note: str | None = None
    number: int = 0
    extra: dict[str, Any] | None = None
    assignee: str | None = None


@dataclass(frozen=True, slots=True)
class ProjectCounts:
    """How many images of a project are in which state, how many objects they have, and how many images came back.

    Attributes:
        returned: images with rejected objects of the person who asks.
    """

    total: int = 0
    todo: int = 0
    in_progress: int = 0
    done: int = 0
    empty: int = 0
    broken: int = 0
    objects: int = 0
    returned: int = 0


def next_colour(taken: list[str]) -> str:
    """The first palette colour that the fewest categories use."""
    return min(PALETTE, key=lambda colour: (taken.count(colour), PALETTE.index(colour)))
