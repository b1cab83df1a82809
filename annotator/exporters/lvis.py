"""LVIS: COCO's annotations, with what was looked for and found in every image.

Format: https://www.lvisdataset.org/dataset
"""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from annotator.domain.mask import Mask
from annotator.domain.polygon import from_polygons
from annotator.exporters.base import ExportAnnotation, ExportImage, Option
from annotator.exporters.coco_write import segmentation
from annotator.exporters.common import FolderExporter, Item, Work

SEGMENTATION = Option(
    "segmentation",
    "Segmentation",
    "choice",
    "rle",
    "rle keeps every pixel; polygon fills holes and reports the loss; auto takes polygons where none is lost.",
    ("rle", "polygon", "auto"),
)
_FINISHED = ("done", "empty")


def _write(work: Work) -> None:
    files: dict[str, dict[str, list[Any]]] = {}
    for item in work.items():
        name = f"lvis_{item.split}.json" if item.split else "lvis.json"
        data = files.setdefault(name, {"images": [], "annotations": [], "rows": []})
        data["images"].append(_image(work, item))
        data["annotations"] += [_annotation(work, item, row) for row in item.annotations]
        data["rows"] += [(row, item.image) for row in item.annotations]
    for name, data in files.items():
        rows: list[tuple[ExportAnnotation, ExportImage]] = data.pop("rows")
        info = {"description": work.source.project_name, "version": "1.0"}
        work.write_json({"info": info, "licenses": [], **data, "categories": _categories(work, data)}, name)
        _check(work, name, rows)
    if work.losses:
        worst = min(work.losses, key=lambda loss: loss.iou)
        work.warn(
            f"{len(work.losses)} objects have holes, which polygons can't keep; the smallest IoU is {worst.iou:.4f}"
            f" (object {worst.annotation} on {worst.image}). Export with segmentation=auto or rle to keep them."
        )


def _image(work: Work, item: Item) -> dict[str, Any]:
    """An image; on a finished one the categories without an object are known to be absent, else nothing is known."""
    present = {work.numbers[row.category_id] for row in item.annotations}
    finished = item.image.state in _FINISHED
    path = work.picture(item, *(name for name in ("images", item.split) if name))
    return {
        "id": item.image.number,
        "file_name": path.removeprefix("images/"),
        "coco_url": path,
        "width": item.image.width,
        "height": item.image.height,
        "neg_category_ids": sorted(set(work.numbers.values()) - present) if finished else [],
        "not_exhaustive_category_ids": [] if finished else sorted(present),
    }


def _annotation(work: Work, item: Item, row: ExportAnnotation) -> dict[str, Any]:
    return {
        "id": row.id,
        "image_id": item.image.number,
        "category_id": work.numbers[row.category_id],
        "segmentation": segmentation(row.mask, work.values["segmentation"]),
        "area": row.mask.area,
        "bbox": list(row.mask.bbox),
    }


def _categories(work: Work, data: dict[str, list[Any]]) -> list[dict[str, Any]]:
    """Categories with LVIS's frequency: r(are) up to 10 images, c(ommon) up to 100, f(requent) above."""
    objects = Counter(row["category_id"] for row in data["annotations"])
    images = Counter(number for _, number in {(row["image_id"], row["category_id"]) for row in data["annotations"]})
    return [
        {
            "id": number,
            "name": row.name,
            "synset": "",
            "synonyms": [row.name],
            "def": "",
            "frequency": "r" if images[number] <= 10 else "c" if images[number] <= 100 else "f",
            "image_count": images[number],
            "instance_count": objects[number],
        }
        for number, row in enumerate(work.categories, 1)
    ]


def _check(work: Work, name: str, rows: list[tuple[ExportAnnotation, ExportImage]]) -> None:
    written = json.loads(work.path(name).read_text(encoding="ascii"))["annotations"]
    for (row, image), entry in zip(rows, written, strict=True):
        found = entry["segmentation"]
        if isinstance(found, list):
            mask = from_polygons(found, height=image.height, width=image.width)
        else:
            mask = Mask.from_rle(found)
        if work.values["segmentation"] == "polygon":
            work.compare(row, image, mask)
        else:
            work.require_equal(row, image, mask)


LVIS = FolderExporter("lvis", "LVIS (JSON)", _write, (SEGMENTATION,))
"""Writes `lvis[_<split>].json` and, on request, `images/…`."""
