"""What a dataset holds, read into memory, matched with a project's images, and with masks where it has only boxes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from annotator.domain.mask import Mask
from annotator.domain.project import Image
from annotator.domain.prompt import Box, Prompt
from annotator.importers.base import (
    BadRecord,
    ImportAnnotation,
    ImportCategory,
    Imported,
    ImportImage,
    ImportNote,
)

MaskOfBox = Callable[[Image, Box], tuple[Mask, float, str]]
"""What a model makes of a box: the mask, its score, the model's name."""


@dataclass(frozen=True, slots=True)
class FoundObject:
    """An object of the dataset with its mask; `made`: what a model says that made it of a box."""

    found: ImportAnnotation
    image: Image
    mask: Mask
    made: tuple[Prompt, float, str] | None = None


@dataclass(slots=True)
class Dataset:
    """A dataset in memory: 36,000 objects take about 60 MB."""

    images: list[ImportImage] = field(default_factory=list)
    categories: list[ImportCategory] = field(default_factory=list)
    annotations: list[ImportAnnotation] = field(default_factory=list)
    notes: dict[str, Any] = field(default_factory=dict)
    problems: list[BadRecord] = field(default_factory=list)

    def take(self, found: Imported) -> None:
        if isinstance(found, ImportAnnotation):
            self.annotations.append(found)
        elif isinstance(found, BadRecord):
            self.problems.append(found)
        elif isinstance(found, ImportImage):
            self.images.append(found)
        elif isinstance(found, ImportCategory):
            self.categories.append(found)
        else:
            self.note(found)

    def note(self, note: ImportNote) -> None:
        before = self.notes.get(note.name)
        if isinstance(before, list) and isinstance(note.value, list):
            before.extend(note.value)
        else:
            self.notes[note.name] = note.value


def matched(read: Dataset, images: Iterable[Image]) -> dict[int, Image]:
    """The project's image of each image of the dataset: of the same path, else the only one with the file's name."""
    by_path = {known.name: known for known in images}
    by_name: dict[str, list[Image]] = {}
    for known in by_path.values():
        by_name.setdefault(known.name.rsplit("/", 1)[-1], []).append(known)
    if not read.images:  # results name the project's images by their numbers
        return {known.number: known for known in by_path.values()}
    places: dict[int, Image] = {}
    for index, found in enumerate(read.images):
        name = found.name.replace("\\", "/")
        same = by_name.get(name.rsplit("/", 1)[-1], [])
        image = by_path.get(name) or (same[0] if len(same) == 1 else None)
        where = f"images[{index}]"
        if image is None:
            several = "several images have that name" if same else "no image of the project has that name"
            read.problems.append(BadRecord(where, f"{found.name!r}: {several}; its objects are left out."))
        elif (found.width or image.width, found.height or image.height) != (image.width, image.height):
            text = f"{found.name!r} is {found.width}×{found.height} there but {image.width}×{image.height} here"
            read.problems.append(BadRecord(where, f"{text}; its objects are left out."))
        else:
            places[found.number] = image
    return places


def with_masks(read: Dataset, places: Mapping[int, Image], mask_of: MaskOfBox | None) -> list[FoundObject]:
    """The objects with their masks; those whose image is not here have been told of."""
    objects = []
    for one in read.annotations:
        image = places.get(one.image)
        if image is None:
            continue
        if one.mask is not None and one.mask.area > 0:
            objects.append(FoundObject(one, image, one.mask))
        elif one.mask is not None:
            read.problems.append(BadRecord(one.where, "Its mask has no pixel; it is left out."))
        elif mask_of is None or one.box is None:
            text = "It has a box and no mask; let a model make one of it, or leave it out."
            read.problems.append(BadRecord(one.where, text))
        else:
            x0, y0, x1, y1 = one.box
            if min(x1, image.width) <= max(x0, 0) or min(y1, image.height) <= max(y0, 0):
                read.problems.append(BadRecord(one.where, "Its box is outside the image; it is left out."))
                continue
            box = _inside(one.box, image)
            mask, score, model = mask_of(image, box)
            objects.append(FoundObject(one, image, mask, (Prompt(box=box), score, model)))
    return objects


def _inside(box: tuple[float, float, float, float], image: Image) -> Box:
    x0, y0, x1, y1 = box
    return Box(max(0.0, x0), max(0.0, y0), min(float(image.width), x1), min(float(image.height), y1))
