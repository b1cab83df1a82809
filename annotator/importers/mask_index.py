"""Masks as PNG with an `index.json` that says what their numbers mean, as annotator exports them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from annotator.errors import ImageProblem, InvalidInput
from annotator.images.label_map import read_label_map
from annotator.importers import files, records
from annotator.importers.json_documents import document, plain
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

INDEX = "index.json"
WHITE = 255
"""The value of an object's pixels in a binary mask."""
KINDS = ("semantic", "instance", "binary")


@dataclass(frozen=True, slots=True)
class MaskIndexImporter:
    """Reads a folder with `index.json`; ids of objects survive, except in semantic masks, which have no objects.

    A semantic mask gives one object for each category of an image.
    """

    name: str = "masks"
    title: str = "Masks exported by annotator (PNG and index.json)"

    def recognises(self, path: Path) -> bool:
        """See `NamedImporter.recognises`."""
        try:
            return path.is_dir() and _index(path)["kind"] in KINDS
        except InvalidInput:
            return False

    def read(
        self, path: Path, *, images: ImageSizes, progress: Progress, companion: Path | None = None
    ) -> Iterator[Imported]:
        """See `NamedImporter.read`."""
        index = _index(path)
        reader = _Reader(path, index["kind"], images)
        for place, record in enumerate(index["categories"]):
            yield reader.category(record, f"categories[{place}]")
        for done, record in enumerate(index["images"], 1):
            where = f"images[{done - 1}]"
            try:
                yield from reader.image(record, where)
            except (InvalidInput, ImageProblem) as error:
                yield Problem(where, error.message)
            progress(done, len(index["images"]))


@dataclass(slots=True)
class _Reader:
    root: Path
    kind: str
    images: ImageSizes
    _categories: dict[int, str] = field(default_factory=dict)
    _seen: set[str] = field(default_factory=set)
    _numbers: set[int] = field(default_factory=set)

    def category(self, record: Any, where: str) -> Imported:
        """The category of a record, or what is wrong with it."""
        try:
            number: Any = record.get("id") if isinstance(record, dict) else None
            if not records.whole(number) or number in self._categories:
                raise InvalidInput(f"The category's id is {records.shown(number)}; it must be a number of its own.")
            name = records.unique(records.category_name(record.get("name")), self._categories.values())
        except InvalidInput as error:
            return Problem(where, error.message)
        self._categories[number] = name
        supercategory = records.supercategory(record.get("supercategory"))
        return ImportCategory(name, supercategory, number, records.colour(record.get("colour")))

    def image(self, record: Any, where: str) -> Iterator[Imported]:
        """An image and its objects."""
        if not isinstance(record, dict) or not isinstance(record.get("objects"), list):
            raise InvalidInput("It is no object with an image and its objects.")
        name = files.known_as(records.image_name(record.get("image")), self.images)
        if name in self._seen:
            raise InvalidInput(f"The image {records.shown(name)} is listed twice.")
        size = self.images(name)
        if self.kind != "binary":
            found = {region.value: region for region in self._regions(record.get("mask"), size)}
            size = size or self._size(record.get("mask"))
        elif size is None:
            raise InvalidInput(f"The project has no image {records.shown(name)}.")
        self._seen.add(name)
        yield ImportImage(name, *size)
        if self.kind == "semantic":
            described: list[Any] = [{"category": value, "value": value} for value in found]
        else:
            described = record["objects"]
        for place, item in enumerate(described):
            spot = f"{where}.objects[{place}]"
            try:
                if not isinstance(item, dict):
                    raise InvalidInput(f"It is {records.shown(item)} and no object.")
                if self.kind == "binary":
                    found = {region.value: region for region in self._regions(item.get("mask"), size)}
                value: Any = WHITE if self.kind == "binary" else item.get("value")
                region = found.get(value) if records.whole(value) else None
                yield self._object(item, region, name, spot, size)
            except (InvalidInput, ImageProblem) as error:
                yield Problem(spot, error.message)

    def _object(
        self, item: dict[str, Any], region: Region | None, image: str, where: str, size: tuple[int, int]
    ) -> ImportAnnotation:
        category = item.get("category")
        if not records.whole(category) or category not in self._categories:
            raise InvalidInput(f"Its category is {records.shown(category)}, which the index does not list.")
        if region is None:
            raise InvalidInput("No pixel of the mask has its value.")
        number: Any = item.get("id")
        if not records.whole(number) or number in self._numbers:
            number = None
        else:
            self._numbers.add(number)
        mask = region.mask(height=size[1], width=size[0])
        return ImportAnnotation(image, self._categories[category], mask, where, number=number)

    def _regions(self, file: Any, size: tuple[int, int] | None) -> Iterator[Region]:
        values = read_label_map(self.root / records.image_name(file)).values
        height, width = values.shape
        if size is not None and size != (width, height):
            raise InvalidInput(f"The mask is {width}×{height} pixels but the image is {size[0]}×{size[1]}.")
        yield from regions(np.where(values != 0, WHITE, 0) if self.kind == "binary" else values)

    def _size(self, file: Any) -> tuple[int, int]:
        height, width = read_label_map(self.root / records.image_name(file)).values.shape
        return width, height


def _index(path: Path) -> dict[str, Any]:
    index = document(path / INDEX)
    lists = all(isinstance(index.get(key), list) for key in ("categories", "images"))
    if index.get("kind") not in KINDS or not lists or not plain(index):
        raise InvalidInput(f"{path / INDEX} does not say what masks mean: it lacks kind, categories or images.")
    return index
