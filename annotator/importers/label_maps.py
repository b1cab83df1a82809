"""Folders of label maps: Pascal VOC's SegmentationClass and SegmentationObject, class maps, maps of single objects.

Formats: http://host.robots.ox.ac.uk/pascal/VOC/voc2012/devkit_doc.pdf, and the `labelmap.txt` that CVAT writes beside
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from annotator.errors import ImageProblem, InvalidInput
from annotator.images.label_map import LabelMap, read_label_map
from annotator.importers import files, records
from annotator.importers.named import (
    ImageSizes,
    ImportAnnotation,
    ImportCategory,
    Imported,
    ImportImage,
    Problem,
    Progress,
)
from annotator.importers.regions import Region, regions

CLASSES = "SegmentationClass"
OBJECTS = "SegmentationObject"
PICTURES = "JPEGImages"
NAME_FILES = ("labelmap.txt", "class_names.txt", "classes.txt", "labels.txt")
BACKGROUND = ("background", "_background_", "__background__", "unlabeled")
VOID = 255
VOC = (
    *("aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow"),
    *("diningtable", "dog", "horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train", "tvmonitor"),
)
SINGLE = "object"
"""The category of a map that only tells objects apart."""


@dataclass(frozen=True, slots=True)
class LabelMapImporter:
    """Reads a folder of PNG label maps; value 0 is background, and 255 of eight bits is nothing at all.

    - VOC's folders: each value of SegmentationObject is an object, of the category most of its pixels have in
      SegmentationClass; without SegmentationObject each category of an image is one object.
    - A folder of 8-bit maps, or any with a file of names: each category of an image is one object.
    - A folder of 16-bit maps: each value is an object of the category `object`.

    Names come from `labelmap.txt` (name:r,g,b::), or one by line from `class_names.txt`, `classes.txt` or `labels.txt`,
    where the first is value 0 if it is called background, else value 1. VOC's folders without one have VOC's names.
    """

    name: str = "label_maps"
    title: str = "Pascal VOC or PNG label maps (folder)"

    def recognises(self, path: Path) -> bool:
        """See `NamedImporter.recognises`: VOC's folders, or a map with a palette or 16 bits first in the folder."""
        if not path.is_dir():
            return False
        if (path / CLASSES).is_dir():
            return True
        maps = files.listed(path, ".png")
        if not maps:
            return False
        try:
            first = read_label_map(path / maps[0])
        except ImageProblem:
            return False
        return first.deep or bool(first.colours)

    def read(
        self, path: Path, *, images: ImageSizes, progress: Progress, companion: Path | None = None
    ) -> Iterator[Imported]:
        """See `NamedImporter.read`."""
        voc = (path / CLASSES).is_dir()
        folder = path / CLASSES if voc else path
        maps = files.listed(folder, ".png")
        if not maps:
            raise InvalidInput(f"{folder} has no PNG file: there is no label map in it.", field="path")
        names = _Names.of(path, voc=voc)
        yield from names.all()
        seen: set[str] = set()
        for done, file in enumerate(maps, 1):
            where = f"{CLASSES}/{file}" if voc else file
            try:
                stem = file.rpartition(".")[0]
                image = _image(path, stem, images, voc=voc)
                if image.name in seen:
                    raise InvalidInput(f"The image {records.shown(image.name)} has another label map already.")
                found = list(_objects(path, file, image, names, voc=voc, where=where))
            except (InvalidInput, ImageProblem) as error:
                yield Problem(where, error.message)
            else:
                seen.add(image.name)
                yield image
                yield from found
            progress(done, len(maps))


@dataclass(slots=True)
class _Names:
    """Categories by value; those without a name get one when they turn up."""

    by_value: dict[int, ImportCategory]
    by_colour: dict[int, int] = field(default_factory=dict)
    listed: bool = False

    @classmethod
    def of(cls, root: Path, *, voc: bool) -> _Names:
        file = next((root / name for name in NAME_FILES if (root / name).is_file()), None)
        if file is None:
            known = VOC if voc else ()
            return cls({value: ImportCategory(name, number=value) for value, name in enumerate(known, 1)})
        lines = [line.strip() for line in files.read_text(file, files.MAX_YAML).splitlines()]
        lines = [line for line in lines if line and not line.startswith("#") and line != "__ignore__"]
        found = cls({}, listed=True)
        first = 0 if lines and lines[0].split(":")[0].lower() in BACKGROUND else 1
        for value, line in enumerate(lines[: 1 << 16], first):
            found.add(value, line)
        return found

    def add(self, value: int, line: str) -> None:
        """A line `name` or `name:r,g,b:parts:actions`."""
        word, _, rest = line.partition(":")
        wanted = records.category_name(word)
        name = records.unique(wanted, [category.name for category in self.by_value.values()])
        channels = rest.partition(":")[0].split(",")
        colour = None
        if len(channels) == 3 and all(channel.isdecimal() and int(channel) < 256 for channel in channels):
            red, green, blue = map(int, channels)
            colour = f"#{red:02x}{green:02x}{blue:02x}"
            self.by_colour[red << 16 | green << 8 | blue] = value
        if value > 0:
            self.by_value[value] = ImportCategory(name, number=value, colour=colour)

    def all(self) -> Iterator[ImportCategory]:
        yield from self.by_value.values()

    def category(self, value: int, labels: LabelMap) -> tuple[str, list[Imported]]:
        """Name of a value's category, and the category itself if it is a new one."""
        number = self.by_colour.get(value) if labels.coloured else value
        if number is not None and number in self.by_value:
            return self.by_value[number].name, []
        key = -1 - value if labels.coloured else value  # a colour must not hide a category of that number
        if key in self.by_value:
            return self.by_value[key].name, []
        colour = f"#{value:06x}" if labels.coloured else labels.colours.get(value)
        wanted = f"colour {colour}" if labels.coloured else f"category {value}"
        name = records.unique(wanted, [category.name for category in self.by_value.values()])
        self.by_value[key] = ImportCategory(name, number=None if labels.coloured else value, colour=colour)
        return name, [self.by_value[key]]

    def single(self) -> tuple[str, list[Imported]]:
        """The category of maps that only tell objects apart."""
        known = 1 in self.by_value
        self.by_value.setdefault(1, ImportCategory(SINGLE, number=1))
        return self.by_value[1].name, [] if known else [self.by_value[1]]


def _image(root: Path, stem: str, images: ImageSizes, *, voc: bool) -> ImportImage:
    if voc:
        return ImportImage(*files.image_of(root, f"{PICTURES}/{stem}", images))
    return ImportImage(*files.image_of(root, stem, images, on_disk=False))


def _objects(root: Path, file: str, image: ImportImage, names: _Names, *, voc: bool, where: str) -> Iterator[Imported]:
    """The objects of an image, and the categories that turn up first here."""
    labels = _read(root / CLASSES / file if voc else root / file, image)
    height, width = labels.values.shape
    if voc and (root / OBJECTS / file).is_file():
        instances = _read(root / OBJECTS / file, image)
        for region in regions(instances.values, skip=_skipped(instances)):
            value = _majority(labels, region)
            if value is None:
                yield Problem(f"{OBJECTS}/{file}: value {region.value}", f"No pixel has a category in {where}.")
                continue
            category, new = names.category(value, labels)
            yield from new
            yield _annotation(region, image, category, f"{OBJECTS}/{file}", height=height, width=width)
        return
    for region in regions(labels.values, skip=_skipped(labels)):
        category, new = names.single() if labels.deep and not names.listed else names.category(region.value, labels)
        yield from new
        yield _annotation(region, image, category, where, height=height, width=width)


def _annotation(
    region: Region, image: ImportImage, category: str, where: str, *, height: int, width: int
) -> ImportAnnotation:
    mask = region.mask(height=height, width=width)
    return ImportAnnotation(image.name, category, mask, f"{where}: value {region.value}", extra={"value": region.value})


def _skipped(labels: LabelMap) -> frozenset[int]:
    if labels.coloured:
        return frozenset({0, 0xE0E0C0})  # how VOC draws what is nothing at all
    return frozenset({0}) if labels.deep else frozenset({0, VOID})


def _majority(labels: LabelMap, region: Region) -> int | None:
    left, top, right, bottom = region.box
    inside: npt.NDArray[np.integer] = labels.values[top:bottom, left:right][region.inside]
    values, counts = np.unique(inside, return_counts=True)
    skipped = _skipped(labels)
    ranked = sorted((-int(count), int(value)) for value, count in zip(values, counts, strict=True))
    return next((value for _, value in ranked if value not in skipped), None)


def _read(path: Path, image: ImportImage) -> LabelMap:
    labels = read_label_map(path)
    height, width = labels.values.shape
    if (width, height) != (image.width, image.height):
        raise InvalidInput(
            f"The label map is {width}×{height} pixels but the image {records.shown(image.name)} is"
            f" {image.width}×{image.height}."
        )
    return labels
