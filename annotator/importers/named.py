"""Values of datasets that refer to images and categories by name, as all formats but COCO do; see `by_name`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from annotator.domain.mask import Mask
from annotator.errors import ImageProblem, InvalidInput

Progress = Callable[[int, int], None]
"""Called with the number of finished steps and the number of all steps."""

ImageSizes = Callable[[str], tuple[int, int] | None]
"""The (width, height) in display orientation of the project's image of that name; None if the project has none."""

Box = tuple[float, float, float, float]
"""(x0, y0, x1, y1) in image pixels."""


@dataclass(frozen=True, slots=True)
class Given:
    """How a record was written where that differs from what its values would be written as.

    An untouched record is written back as it was: first what its values say, then `fields` over it, then without
    `missing`, then with the unknown fields (`extra`). Once somebody changes the mask, `fields` no longer holds.

    Attributes:
        fields: known fields with another value than ours, such as a polygon, an area with a fraction, an id in words.
        missing: known fields that the record lacks.
    """

    fields: dict[str, Any] = field(default_factory=dict)
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ImportDataset:
    """What a dataset says about itself: its fields that are neither images, categories nor annotations."""

    extra: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ImportCategory:
    """A category of the dataset; its name is unique within an import.

    Attributes:
        number: the dataset's id.
        colour: `#rrggbb`.
        extra: fields that annotator doesn't know.
    """

    name: str
    supercategory: str = ""
    number: int | None = None
    colour: str | None = None
    extra: dict[str, Any] = field(default_factory=dict)
    given: Given = Given()


@dataclass(frozen=True, slots=True)
class ImportImage:
    """An image of the dataset; `name` is its relative path as the dataset says, unique within an import."""

    name: str
    width: int | None = None
    height: int | None = None
    number: int | None = None
    extra: dict[str, Any] = field(default_factory=dict)
    given: Given = Given()


@dataclass(frozen=True, slots=True)
class ImportAnnotation:
    """An object of the dataset.

    Attributes:
        image, category: names of an image and a category that were yielded before.
        mask: of the size of the image; None where the dataset has only a box.
        box: where the dataset has no mask, for the model to turn into one.
        number: the dataset's id, unique within an import.
        crowd: the region is a crowd and not one object.
        extra: fields that annotator doesn't know.
        where: the place in the dataset, such as `annotations[17]`.
    """

    image: str
    category: str
    mask: Mask | None
    where: str
    box: Box | None = None
    number: int | None = None
    score: float | None = None
    crowd: bool = False
    extra: dict[str, Any] = field(default_factory=dict)
    given: Given = Given()


@dataclass(frozen=True, slots=True)
class Problem:
    """A record that can't be imported, or (`dropped` False) was imported with a change worth knowing."""

    where: str
    reason: str
    dropped: bool = True


Imported = ImportDataset | ImportCategory | ImportImage | ImportAnnotation | Problem


def each_file(
    names: Sequence[str], read: Callable[[str], Iterable[Imported]], progress: Progress
) -> Iterator[Imported]:
    """What the files of a dataset add, one after the other; one that can't be read is a problem and not the end."""
    for done, name in enumerate(names, 1):
        try:
            yield from read(name)
        except (InvalidInput, ImageProblem) as error:
            yield Problem(name, error.message)
        progress(done, len(names))


class NamedImporter(Protocol):
    """A format whose records refer to each other by name."""

    @property
    def name(self) -> str:
        """Name in the registry."""

    @property
    def title(self) -> str:
        """Name for people."""

    def recognises(self, path: Path) -> bool:
        """Whether a file or folder looks like this format; quick, reads only a little, never raises for content."""

    def read(
        self, path: Path, *, images: ImageSizes, progress: Progress, companion: Path | None = None
    ) -> Iterator[Imported]:
        """Everything in the dataset, one by one in bounded memory; a category or image comes before what uses it.

        Nothing is written, so that listing the problems of a dry run is reading it to the end.

        Args:
            images: sizes of the project's images.
            companion: a second file that some datasets need, such as the ground truth of detection results.

        Raises:
            InvalidInput: the dataset can't be read at all; raised before anything is yielded where the format allows.
        """
