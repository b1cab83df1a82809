"""Importers of datasets that refer by name, made to refer by number as `Importer` does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from annotator.errors import InvalidInput
from annotator.importers import base, named
from annotator.importers.binary_masks import BinaryMaskImporter
from annotator.importers.label_maps import LabelMapImporter
from annotator.importers.labelme import LabelmeImporter
from annotator.importers.mask_index import MaskIndexImporter
from annotator.importers.sa1b import Sa1bImporter
from annotator.importers.voc_boxes import VocBoxImporter
from annotator.importers.yolo import YoloImporter

NAMED: tuple[named.NamedImporter, ...] = (
    YoloImporter(),
    LabelmeImporter(),
    Sa1bImporter(),
    MaskIndexImporter(),
    LabelMapImporter(),
    VocBoxImporter(),
    BinaryMaskImporter(),
)
"""All of them, those that recognise the least first."""


@dataclass(frozen=True, slots=True)
class ByName:
    """An `Importer` of a format that refers by name.

    Categories keep the dataset's numbers, one higher where it counts from 0 (YOLO); those without get a free one.
    Images keep the dataset's number, else the project's. How a record was written (`Given`) is not handed on.
    """

    reader: named.NamedImporter

    @property
    def name(self) -> str:
        """Name in the registry."""
        return self.reader.name

    @property
    def title(self) -> str:
        """Name for people."""
        return self.reader.title

    def read(self, path: Path, *, project: base.Project, progress: base.Progress) -> Iterator[base.Imported]:
        """See `Importer.read`."""
        images, categories = _Numbers(), _Numbers()
        ours = _Images(project)
        for item in self.reader.read(path, images=ours.size, progress=progress):
            if isinstance(item, named.ImportCategory):
                number = categories.give(item.name, item.number)
                yield base.ImportCategory(item.name, number, item.supercategory, item.colour, item.extra)
            elif isinstance(item, named.ImportImage):
                number = images.give(item.name, item.number or ours.number(item.name))
                yield base.ImportImage(item.name, number, item.width, item.height, extra=item.extra)
            elif isinstance(item, named.ImportAnnotation):
                yield _annotation(item, images.known[item.image], categories.known[item.category])
            elif isinstance(item, named.Problem):
                yield base.BadRecord(item.where, item.reason, lost=item.dropped)


class _Images:
    """The project's images by path, or by file name alone where only one has it."""

    def __init__(self, project: base.Project) -> None:
        self._free = max((image.number for image in project.images), default=0) + 1
        self._known = {image.name: image for image in project.images}
        ends: dict[str, list[base.KnownImage]] = {}
        for image in project.images:
            ends.setdefault(image.name.rpartition("/")[2], []).append(image)
        for end, same in ends.items():
            if len(same) == 1:
                self._known.setdefault(end, same[0])

    def size(self, name: str) -> tuple[int, int] | None:
        """See `named.ImageSizes`."""
        image = self._known.get(name)
        return None if image is None else (image.width, image.height)

    def number(self, name: str) -> int:
        """The number in the project; one behind all of them for an image it lacks."""
        image = self._known.get(name)
        if image is not None:
            return image.number
        self._free += 1
        return self._free - 1


@dataclass(slots=True)
class _Numbers:
    """Numbers of names: the dataset's where it has one that is 1 or more, else the next free one."""

    known: dict[str, int] = field(default_factory=dict)
    _taken: set[int] = field(default_factory=set)
    _shift: int = 0

    def give(self, name: str, number: int | None) -> int:
        """The number of a new name."""
        if number == 0 and not self.known:
            self._shift = 1
        wanted = None if number is None else number + self._shift
        if wanted is None or wanted < 1 or wanted in self._taken:
            wanted = max(self._taken, default=0) + 1
        self.known[name] = wanted
        self._taken.add(wanted)
        return wanted


def recognise(path: Path) -> named.NamedImporter:
    """The importer of a file or folder, by a short look into it.

    Raises:
        InvalidInput: none recognises it; it may still be COCO.
    """
    for importer in NAMED:
        if importer.recognises(path):
            return importer
    known = ", ".join(importer.title for importer in NAMED)
    raise InvalidInput(f"{path} is none of these formats: {known}.", field="path")


def _annotation(item: named.ImportAnnotation, image: int, category: int) -> base.ImportAnnotation:
    return base.ImportAnnotation(
        where=item.where,
        number=item.number,
        image=image,
        category=category,
        mask=item.mask,
        box=item.box,
        score=item.score,
        extra=item.extra,
    )
