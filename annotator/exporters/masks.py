"""Masks as PNG: one semantic or instance image per image, or one binary image per object."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from annotator.domain.mask import Mask
from annotator.errors import ExportFailed
from annotator.exporters.base import Option
from annotator.exporters.common import FolderExporter, Item, Work
from annotator.exporters.labelmaps import instance_map, visible_shares
from annotator.exporters.png import Pixels, read_png, write_png

KIND = Option(
    "kind",
    "Kind",
    "choice",
    "semantic",
    "semantic: every pixel is the number of its category; instance: of its object, 16 bits; binary: a black and white"
    " image per object, which alone keeps overlaps.",
    ("semantic", "instance", "binary"),
)
INDEX = "index.json"
"""What the numbers in the images mean."""


def _write(work: Work) -> None:
    kind = work.values["kind"]
    entries: list[dict[str, Any]] = []
    for item in work.items():
        work.picture(item, *filter(None, ("images", item.split)))
        folders = [name for name in ("masks", item.split) if name]
        entry: dict[str, Any] = {
            "image": item.image.name,
            "split": item.split or None,
            "objects": [{"id": row.id, "category": work.numbers[row.category_id]} for row in item.annotations],
        }
        if kind == "binary":
            for row, described in zip(item.annotations, entry["objects"], strict=True):
                described["mask"] = _write_binary(work, item, folders, row.id)
        else:
            path = work.path(*folders, item.stem + ".png")
            entry["mask"] = path.relative_to(work.folder).as_posix()
            _write_labels(work, item, path)
            if kind == "instance":
                for number, described in enumerate(entry["objects"], 1):
                    described["value"] = number
        entries.append(entry)
    categories = [
        {"id": number, "name": row.name, "supercategory": row.supercategory, "colour": row.colour}
        for number, row in enumerate(work.categories, 1)
    ]
    work.write_json({"kind": kind, "background": 0, "categories": categories, "images": entries}, INDEX)
    if work.losses:
        work.warn(
            f"{len(work.losses)} objects are partly covered by later ones, because a pixel holds one number only;"
            " export with kind=binary to keep overlaps."
        )


def _write_labels(work: Work, item: Item, path: Any) -> None:
    instances = instance_map(item.annotations, item.image)
    pixels: Pixels = instances
    if work.values["kind"] == "semantic":
        wide = len(work.categories) > 255
        table = np.array([0, *(work.numbers[row.category_id] for row in item.annotations)])
        pixels = table[instances].astype(np.uint16 if wide else np.uint8)
    write_png(path, pixels)
    if not np.array_equal(read_png(path), pixels):
        raise ExportFailed(f"The masks of {item.image.name} could not be read back; nothing was left, export again.")
    shares = visible_shares(instances, item.annotations)
    if work.values["kind"] == "semantic":
        shares = _shares_of_category(work, item, pixels)
    for row, share in zip(item.annotations, shares, strict=True):
        work.note(row, item.image, share)


def _shares_of_category(work: Work, item: Item, pixels: Pixels) -> list[float]:
    """For every object the share of its pixels that hold its category: covered by another of its kind is no loss."""
    shares = []
    for row in item.annotations:
        inside = row.mask.to_array()
        shares.append(int((pixels[inside] == work.numbers[row.category_id]).sum()) / row.mask.area)
    return shares


def _write_binary(work: Work, item: Item, folders: list[str], wanted: int) -> str:
    row = next(row for row in item.annotations if row.id == wanted)
    category = work.categories[work.numbers[row.category_id] - 1].name
    path = work.path(*folders, item.stem, f"{row.id}_{file_part(category)}.png")
    write_png(path, row.mask.to_array().astype(np.uint8) * 255)
    work.require_equal(row, item.image, Mask.from_array(read_png(path)))
    return path.relative_to(work.folder).as_posix()


def file_part(name: str) -> str:
    """A name as a part of a file's name on every system: letters, digits, `-` and `_` stay, the rest becomes `_`."""
    return re.sub(r"[^\w-]+", "_", name)[:60].strip("_") or "unnamed"


MASKS = FolderExporter("masks", "Masks (PNG: semantic, instance or one per object)", _write, (KIND,))
"""Writes `masks/…`, `index.json` and, on request, `images/…`."""
