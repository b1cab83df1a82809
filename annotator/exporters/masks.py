"""Masks as PNG: of categories (semantic), of objects (instance), or one file per object (binary)."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from annotator.errors import InvalidInput
from annotator.exporters.base import Option
from annotator.exporters.folder import FolderExporter, Item, Job
from annotator.exporters.pixels import ious, painted, seen
from annotator.exporters.png import read_png, write_png

MOST = 2**16 - 1


class SemanticWriter:
    """Writes masks/<split>/<name>.png with category numbers, and categories.json."""

    def __init__(self, job: Job) -> None:
        self._job = job
        depth, count = job.values["depth"], len(job.categories)
        if count > MOST or (depth == "8" and count > 255):
            raise InvalidInput(
                f"{count} categories don't fit into {depth} bits; use depth=16 or auto.", field="options.depth"
            )
        self._dtype = np.uint16 if depth == "16" or count > 255 else np.uint8

    def write(self, item: Item) -> list[float]:
        """See `Writer.write`; the IoU of an object is the share of its pixels that no other category covers."""
        path = self._job.place("masks", item, ".png")
        values = [annotation.category_id for annotation in item.annotations]
        write_png(path, painted(item.image, item.annotations, values, self._dtype))
        return seen(read_png(path), item.annotations, values)

    def finish(self) -> list[str]:
        """Write categories.json."""
        _write_categories(self._job)
        return []


class InstanceWriter:
    """Writes 16-bit masks/<split>/<name>.png with 1, 2, … for the objects of an image, and instances.json."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._listed: dict[str, list[dict[str, Any]]] = {}

    def write(self, item: Item) -> list[float]:
        """See `Writer.write`."""
        if len(item.annotations) > MOST:
            raise InvalidInput(
                f"{item.image.name} has {len(item.annotations)} objects; an instance PNG holds {MOST}. Use COCO."
            )
        path = self._job.place("masks", item, ".png")
        values = list(range(1, len(item.annotations) + 1))
        write_png(path, painted(item.image, item.annotations, values, np.uint16))
        self._listed[path.relative_to(self._job.folder).as_posix()] = [
            {"value": value, "id": annotation.id, "category": annotation.category_id}
            for value, annotation in zip(values, item.annotations, strict=True)
        ]
        return ious(read_png(path), item.annotations, values)

    def finish(self) -> list[str]:
        """Write instances.json and categories.json."""
        _write_json(self._job, "instances.json", self._listed)
        _write_categories(self._job)
        return []


class BinaryWriter:
    """Writes masks/<split>/<name>/<object id>.png with 0 and 255, and objects.json; overlaps are kept."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._listed: list[dict[str, Any]] = []

    def write(self, item: Item) -> list[float]:
        """See `Writer.write`."""
        found = []
        for annotation in item.annotations:
            path = self._job.place("masks", item, f"/{annotation.id}.png")
            write_png(path, painted(item.image, (annotation,), [255], np.uint8))
            found += ious(read_png(path), (annotation,), [255])
            self._listed.append(
                {
                    "mask": path.relative_to(self._job.folder).as_posix(),
                    "image": item.image.name,
                    "id": annotation.id,
                    "category": annotation.category_id,
                }
            )
        return found

    def finish(self) -> list[str]:
        """Write objects.json and categories.json."""
        _write_json(self._job, "objects.json", self._listed)
        _write_categories(self._job)
        return []


def _write_categories(job: Job) -> None:
    rows = [{"id": category.id, "name": category.name} for category in job.categories]
    _write_json(job, "categories.json", [{"id": 0, "name": "background"}, *rows])


def _write_json(job: Job, name: str, value: Any) -> None:
    (job.folder / name).write_text(json.dumps(value, indent=1), encoding="ascii")


SEMANTIC = FolderExporter(
    "semantic",
    "Semantic masks (PNG, a category per pixel)",
    (
        Option(
            "depth",
            "Bits per pixel",
            "choice",
            "auto",
            "auto: 8 bits for up to 255 categories, else 16.",
            ("auto", "8", "16"),
        ),
    ),
    SemanticWriter,
)
INSTANCE = FolderExporter("instance", "Instance masks (16-bit PNG, an object per pixel)", (), InstanceWriter)
BINARY = FolderExporter("binary", "Binary masks (a PNG per object)", (), BinaryWriter)
