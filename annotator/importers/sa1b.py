"""SA-1B: a JSON file for each image, with masks that have no category.

Format: https://ai.meta.com/datasets/segment-anything-downloads/, and the README of the SAM repository
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from annotator.errors import InvalidInput
from annotator.importers import files, records
from annotator.importers.coco_object import box_of, mask_of, ours_of
from annotator.importers.json_documents import document, head, plain
from annotator.importers.named import (
    ImageSizes,
    ImportAnnotation,
    ImportCategory,
    Imported,
    ImportImage,
    Problem,
    Progress,
    each_file,
)

SINGLE = "object"
"""The category of all masks, because SA-1B has none."""
_REFERENCES = ("image_id", "category_id")


@dataclass(frozen=True, slots=True)
class Sa1bImporter:
    """Reads one JSON file or a folder of them; `predicted_iou` is the score."""

    name: str = "sa1b"
    title: str = "SA-1B (a JSON file for each image)"

    def recognises(self, path: Path) -> bool:
        """See `NamedImporter.recognises`."""
        root, names = files.json_files(path)
        entries = head(root / names[0]) if names else []
        image = next((entry.value for entry in entries if entry.section == "image"), None)
        return (
            isinstance(image, dict)
            and "file_name" in image
            and any(entry.section == "annotations" for entry in entries)
        )

    def read(
        self, path: Path, *, images: ImageSizes, progress: Progress, companion: Path | None = None
    ) -> Iterator[Imported]:
        """See `NamedImporter.read`."""
        root, names = files.json_files(path)
        if not names:
            raise InvalidInput(f"{path} has no JSON file: there is nothing of SA-1B in it.", field="path")
        reader = _Reader(root, images, several=path.is_dir())
        yield ImportCategory(SINGLE)
        yield from each_file(names, reader.read, progress)


@dataclass(slots=True)
class _Reader:
    root: Path
    images: ImageSizes
    several: bool
    _seen: set[str] = field(default_factory=set)
    _numbers: set[int] = field(default_factory=set)

    def read(self, file: str) -> Iterator[Imported]:
        """What a file adds."""
        content = document(self.root / file)
        record, annotations = content.get("image"), content.get("annotations")
        if not isinstance(record, dict) or not isinstance(annotations, list) or not plain(record):
            raise InvalidInput(f"{file} has no image or no annotations.")
        given = records.image_name(record.get("file_name"))
        # The file may lie in a folder named like the image's, of which `file_name` says nothing.
        name = files.known_as((PurePosixPath(file).parent / given).as_posix(), self.images)
        if name in self._seen:
            raise InvalidInput(f"The image {records.shown(name)} has another file already.")
        width, height = records.image_size(name, record.get("width"), record.get("height"), self.images)
        number = record.get("image_id")
        number = number if records.whole(number) else None
        ours = {"image_id": number, "file_name": name, "width": width, "height": height}
        self._seen.add(name)
        extra = records.rest(record, ours)
        yield ImportImage(name, width, height, number, extra, records.difference(record, ours))
        for index, item in enumerate(annotations):
            where = f"{file}: " * self.several + f"annotations[{index}]"
            try:
                annotation = self._annotation(item, name, where, width=width, height=height)
            except InvalidInput as error:
                yield Problem(where, error.message)
                continue
            if annotation.number is not None:
                self._numbers.add(annotation.number)
            yield annotation

    def _annotation(self, record: Any, image: str, where: str, *, width: int, height: int) -> ImportAnnotation:
        if not isinstance(record, dict):
            raise InvalidInput(f"It is {records.shown(record)} and no object.")
        if not plain(record):
            raise InvalidInput("It holds a number that is not finite, or is nested too deeply.")
        number: Any = record.get("id")
        if not records.whole(number) or number in self._numbers:
            number = None
        mask = mask_of(record.get("segmentation"), height=height, width=width)
        box = None if mask else box_of(record.get("bbox"), height=height, width=width)
        score: Any = record.get("predicted_iou")
        ours = ours_of(mask, box, number, False, None, None)
        ours = {key: value for key, value in ours.items() if key not in (*_REFERENCES, "iscrowd")}
        return ImportAnnotation(
            image=image,
            category=SINGLE,
            mask=mask,
            where=where,
            box=box,
            number=number,
            score=float(score) if records.real(score) else None,
            extra=records.rest(record, ours),
            given=records.difference(record, ours),
        )
