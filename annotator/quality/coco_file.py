"""A COCO file from elsewhere: everything that is wrong with it, and what is usable as a source for the rules.

The file is read item by item, so memory grows with the number of records and not with their masks; for each image
and annotation some hundred bytes are kept.

Format: https://cocodataset.org/#format-data
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from annotator.domain.mask import Mask
from annotator.errors import ImageProblem
from annotator.exporters.base import ExportAnnotation, ExportCategory, ExportImage, Progress
from annotator.images.decode import decode, probe
from annotator.importers.coco_records import (
    NAMESPACE,
    AnnotationRecord,
    ImageRecord,
    Known,
    check_annotation,
    check_category,
    check_image,
)
from annotator.importers.coco_values import Problem, is_number, printable, shown
from annotator.importers.json_items import BadJson, Item, items, read_item

__all__ = ["CocoFile", "Problem"]

_SECTIONS = ("images", "categories", "annotations")


class CocoFile:
    """A COCO file, an `ExportSource` once `problems` has been read to its end.

    Args:
        path: the JSON file.
        images: folder of the pictures; None: they are not looked for.

    Attributes:
        dropped: number of annotations that are too wrong to be looked at by rules.
        readable: whether the file could be read to its end and has images, categories and annotations.
    """

    def __init__(self, path: Path, *, images: Path | None = None) -> None:
        self._path = path
        self._folder = images
        self._size = 0
        self._known = Known()
        self._index: dict[int, array[int]] = {}
        self._sections: set[str] = set()
        self._counts = dict.fromkeys(_SECTIONS, 0)
        self.dropped = 0
        self.readable = False

    def problems(self, progress: Progress = lambda done, total: None) -> Iterator[Problem]:
        """Everything that is wrong with the file, in two passes over it: annotations may come before their images.

        Never raises for what is in the file; `progress` counts bytes.

        Raises:
            OSError: the file can't be read.
        """
        self._size = self._path.stat().st_size
        if self._size == 0:
            yield Problem("bad_json", "error", self._path.name, "The file is empty; get it again from its source.")
            return
        checks: tuple[Callable[[Item], Iterator[Problem]], ...] = (self._first, self._second)
        try:
            for number, check in enumerate(checks):
                for item in items(self._path):
                    progress((number * self._size + item.start) // 2, self._size)
                    yield from check(item)
                yield from self._sections_missing() if number == 0 else ()
        except BadJson as error:
            yield Problem("bad_json", "error", self._path.name, error.message)
            return
        self.readable = all(self._counts.values())
        yield from self._whole()
        progress(self._size, self._size)

    def _first(self, item: Item) -> Iterator[Problem]:
        """Images and categories."""
        self._sections.add(item.section)
        if item.section not in _SECTIONS:
            return
        if item.index is None:
            if item.value != []:
                text = f"It is {shown(item.value)}; it must be a list."
                yield Problem("bad_section", "error", printable(item.section), text)
            return
        self._counts[item.section] += 1
        if item.section == "images":
            yield from check_image(item.value, item.index, self._known)
            yield from self._file(item)
        elif item.section == "categories":
            yield from check_category(item.value, item.index, self._known)

    def _second(self, item: Item) -> Iterator[Problem]:
        """Annotations."""
        if item.section != "annotations" or item.index is None:
            return
        problems, record = check_annotation(item.value, item.index, self._known)
        yield from problems
        if record is None:
            self.dropped += 1
        else:
            self._index.setdefault(record.image_id, array("q")).extend((item.start, item.length, record.id))

    def _sections_missing(self) -> Iterator[Problem]:
        for section in _SECTIONS:
            if section not in self._sections:
                text = f"The file has no “{section}”; a COCO dataset has images, categories and annotations."
                yield Problem("missing_section", "error", section, text)
            elif self._counts[section] == 0:
                text = f"There are no {section} in the file; training on it teaches nothing."
                yield Problem("empty_section", "error", section, text)

    def _whole(self) -> Iterator[Problem]:
        ids = sorted(self._known.categories)
        if ids and ids[0] >= 1 and ids[-1] != len(ids):
            text = (
                f"The {len(ids)} category ids go from {ids[0]} to {ids[-1]} with gaps; some trainers need 1 to"
                f" {len(ids)}."
            )
            yield Problem("category_gaps", "info", "categories", text)

    def _file(self, item: Item) -> Iterator[Problem]:
        """The picture of an image: is it there, and of the size that the file says?"""
        name = item.value.get("file_name") if isinstance(item.value, dict) else None
        if self._folder is None or not isinstance(name, str) or not name:
            return
        where = f"images[{item.index}].file_name"
        parts = name.replace("\\", "/").split("/")
        if "\0" in name or ".." in parts or Path(name).is_absolute() or (len(parts[0]) == 2 and parts[0][1] == ":"):
            text = f"{shown(name)} does not lie in the images' folder and was not looked for; write a path inside it."
            yield Problem("file_outside", "warning", where, text)
            return
        try:
            path = self._folder / name
            found = path.is_file()
        except (OSError, ValueError):  # a name that is too long, or that is not of the file system's encoding
            found = False
        if not found:
            text = f"There is no file {shown(name)} in {shown(str(self._folder))}; add it or remove the image."
            yield Problem("missing_file", "error", where, text)
            return
        try:
            info = probe(path)
        except ImageProblem as error:
            yield Problem("broken_file", "error", where, error.message)
            return
        size = (item.value.get("width"), item.value.get("height"))
        if size != (info.width, info.height):
            turned = " The picture is stored turned (EXIF)?" if size == (info.height, info.width) else ""
            text = (
                f"The file says {shown(size[0])}×{shown(size[1])} but the picture is {info.width}×{info.height} as it"
                f" is displayed.{turned} Check whether the masks fit it."
            )
            yield Problem("size_differs", "error", where, text)

    # What follows is an ExportSource.

    @property
    def project_name(self) -> str:
        """Name of the file."""
        return self._path.stem

    @property
    def model(self) -> str:
        """Nothing is known about a model."""
        return ""

    @property
    def extra(self) -> dict[str, Any]:
        """Nothing is written back."""
        return {}

    def categories(self) -> list[ExportCategory]:
        """Categories with a usable id."""
        return [
            ExportCategory(id=number, name=name, supercategory=group)
            for number, (name, group) in sorted(self._known.categories.items())
        ]

    def images(self) -> Iterator[ExportImage]:
        """Images with a usable id and size."""
        for number, record in self._known.images.items():
            if record.width is not None and record.height is not None:
                yield ExportImage(
                    id=str(number),
                    number=record.index + 1,
                    name=printable(record.name),
                    width=record.width,
                    height=record.height,
                    state=record.state,
                )

    def annotations(self, image_id: str) -> list[ExportAnnotation]:
        """The usable annotations of an image; a box without a mask has an empty one, and the box in `provenance`."""
        places = self._index.get(int(image_id), array("q"))
        image = self._known.images[int(image_id)]
        found = []
        with self._path.open("rb") as stream:
            for start, length in zip(places[0::3], places[1::3], strict=True):
                value = read_item(stream, start, length)
                record = self._again(value)
                if record is not None:
                    found.append(_annotation(value, record, image))
        return found

    def picture(self, image_id: str) -> npt.NDArray[np.uint8]:
        """The pixels of an image, (height, width, 3) RGB in display orientation."""
        path = self.file(image_id)
        if path is None:
            raise ImageProblem(f"The picture of image {image_id} is not here; name the folder that it lies in.")
        return decode(path).pixels

    @property
    def created(self) -> str | None:
        """None: what is made of the file is made now."""
        return None

    def look_alikes(self, progress: Progress) -> list[tuple[str, ...]]:
        """None: a file from elsewhere is judged, where the rules look at pictures themselves, and never split."""
        return []

    def file(self, image_id: str) -> Path | None:
        """The file of an image, where the pictures' folder is known and it lies in it."""
        if self._folder is None:
            return None
        path = (self._folder / self._known.images[int(image_id)].name).resolve()
        return path if path.is_relative_to(self._folder.resolve()) and path.is_file() else None

    def _again(self, value: Any) -> AnnotationRecord | None:
        known = Known(images=self._known.images, categories=self._known.categories)
        return check_annotation(value, 0, known)[1]


def _annotation(value: dict[str, Any], record: AnnotationRecord, image: ImageRecord) -> ExportAnnotation:
    own = value.get(NAMESPACE)
    provenance = dict(own) if isinstance(own, dict) else {}
    score, review = value.get("score", provenance.get("score")), provenance.get("review")
    mask = record.mask
    if mask is None:
        mask = _empty(image)
        provenance["box"] = list(record.box or ())
    return ExportAnnotation(
        id=record.id,
        category_id=record.category_id,
        mask=mask,
        score=float(score) if is_number(score) and 0 <= score <= 1 else None,
        provenance=provenance,
        review=review if isinstance(review, str) else "unreviewed",
        extra={"iscrowd": 1} if value.get("iscrowd") == 1 else None,
    )


def _empty(image: ImageRecord) -> Mask:
    height, width = image.height or 1, image.width or 1
    return Mask.from_rle({"size": [height, width], "counts": [height * width]})
