"""What every importer hands out: values that say what a dataset holds, in the order in which it is read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from annotator.domain.mask import Mask
from annotator.errors import InvalidInput

Progress = Callable[[int, int], None]
"""Called with the number of finished steps and the number of all steps."""

Extra = Mapping[str, Any]
"""Fields that nothing here knows: kept, and written back by an export in the same format."""


@dataclass(frozen=True, slots=True)
class KnownImage:
    """An image of the project that is imported into."""

    number: int
    name: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Project:
    """What of the project an importer may need: formats without sizes or names refer to it."""

    images: tuple[KnownImage, ...] = ()
    categories: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ImportCategory:
    """A category of the dataset; `number` is its id there."""

    name: str
    number: int
    supercategory: str = ""
    colour: str | None = None
    extra: Extra = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ImportImage:
    """An image of the dataset; `name` is its path as the dataset says it, `number` its id there."""

    name: str
    number: int
    width: int | None
    height: int | None
    state: str | None = None
    extra: Extra = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ImportAnnotation:
    """An object of the dataset.

    Attributes:
        where: its place in the dataset, for what has to be said about it.
        number: its id there; None: it has none.
        image, category: numbers of its image and category there.
        mask: None: there is only a box.
        box: [x0, y0, x1, y1] in image pixels.
        record: what our own export wrote about how the object was made; empty for datasets from elsewhere.
    """

    where: str
    number: int | None
    image: int
    category: int
    mask: Mask | None
    box: tuple[float, float, float, float] | None = None
    score: float | None = None
    record: Extra = field(default_factory=dict)
    extra: Extra = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ImportNote:
    """Something of the dataset as a whole that is kept and written back, such as COCO's `licenses`."""

    name: str
    value: Any


@dataclass(frozen=True, slots=True)
class BadRecord:
    """A record that can't be imported, or not as it is: its place in the dataset and a sentence.

    Attributes:
        lost: whether the record, or a part of it, is left out.
    """

    where: str
    message: str
    lost: bool = True


Imported = ImportCategory | ImportImage | ImportAnnotation | ImportNote | BadRecord


class Importer(Protocol):
    """A format that a project can take objects from."""

    @property
    def name(self) -> str:
        """Name in the registry."""

    @property
    def title(self) -> str:
        """Name for people."""

    def read(self, path: Path, *, project: Project, progress: Progress) -> Iterator[Imported]:
        """Everything in the dataset; images and categories come before the objects that refer to them.

        Raises:
            InvalidInput: it is not of this format at all; what came before has been handed out.
            OSError: it can't be read.
        """


IMPORTERS: dict[str, Importer] = {}
"""All importers by name."""


def register(importer: Importer) -> None:
    """Make an importer known to command line and API."""
    IMPORTERS[importer.name] = importer


def get_importer(name: str) -> Importer:
    """The importer of that name.

    Raises:
        InvalidInput: there is none.
    """
    try:
        return IMPORTERS[name]
    except KeyError:
        known = ", ".join(sorted(IMPORTERS))
        raise InvalidInput(f"There is no import format {name!r}; use one of: {known}.", field="format") from None
