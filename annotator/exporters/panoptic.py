"""COCO panoptic: an RGB image of segment ids per image, and a JSON about the segments.

Format: https://cocodataset.org/#format-data (4. Panoptic Segmentation)
"""

from __future__ import annotations

from typing import Any

import numpy as np

from annotator.domain.mask import Mask
from annotator.errors import ExportFailed, InvalidInput
from annotator.exporters.common import FolderExporter, Item, Work
from annotator.exporters.labelmaps import LabelMap, instance_map, voc_palette
from annotator.exporters.png import read_png, write_png

_FOLDER = "annotations"


def _write(work: Work) -> None:
    files: dict[str, dict[str, list[dict[str, Any]]]] = {}
    for item in work.items():
        split = item.split or "all"
        data = files.setdefault(f"panoptic_{split}", {"images": [], "annotations": []})
        picture = work.picture(item, "images", split)
        image = item.image
        data["images"].append(
            {
                "id": image.number,
                "file_name": picture.removeprefix(f"images/{split}/"),
                "width": image.width,
                "height": image.height,
            }
        )
        labels = instance_map(item.annotations, image)
        data["annotations"].append(
            {
                "image_id": image.number,
                "file_name": item.stem + ".png",
                "segments_info": _segments(work, item, labels),
            }
        )
        _write_ids(work, item, labels, f"panoptic_{split}")
    colours = voc_palette()
    categories = [
        {
            "id": number,
            "name": row.name,
            "supercategory": row.supercategory,
            "isthing": 1,
            "color": colours[number % 256].tolist(),
        }
        for number, row in enumerate(work.categories, 1)
    ]
    for name, data in files.items():
        info = {"description": work.source.project_name, "version": "1.0"}
        work.write_json({"info": info, "licenses": [], **data, "categories": categories}, _FOLDER, f"{name}.json")
    work.warn("Every category is written as a thing, because the project does not say which ones are stuff.")
    if work.losses:
        work.warn(
            f"{len(work.losses)} objects are partly or wholly covered by later ones, because a pixel of a panoptic"
            " image belongs to one segment."
        )


def _segments(work: Work, item: Item, labels: LabelMap) -> list[dict[str, Any]]:
    """What is visible of every object; one that is wholly covered is no segment, or readers would miss its pixels."""
    segments = []
    for number, row in enumerate(item.annotations, 1):
        seen = Mask.from_array(labels == number)
        work.compare(row, item.image, seen)
        if seen.area:
            segments.append(
                {
                    "id": row.id,
                    "category_id": work.numbers[row.category_id],
                    "area": seen.area,
                    "bbox": list(seen.bbox),
                    "iscrowd": 0,
                }
            )
    return segments


def _write_ids(work: Work, item: Item, labels: LabelMap, folder: str) -> None:
    """The image of ids, red + 256 × green + 65536 × blue."""
    ids = np.array([0, *(row.id for row in item.annotations)], np.int64)
    if ids.max() >= 2**24:
        raise InvalidInput(f"Object {ids.max()} has an id that a panoptic image can't hold; use another format.")
    pixels = np.stack([(ids[labels] >> shift) & 255 for shift in (0, 8, 16)], axis=2).astype(np.uint8)
    path = work.path(_FOLDER, folder, item.stem + ".png")
    write_png(path, pixels)
    if not np.array_equal(read_png(path), pixels):
        raise ExportFailed(f"The segments of {item.image.name} could not be read back; nothing was left, export again.")


PANOPTIC = FolderExporter("panoptic", "COCO panoptic (PNG and JSON)", _write)
"""Writes `annotations/panoptic_<split>.json`, `annotations/panoptic_<split>/…` and, on request, `images/<split>/…`;
`all` is the split of an export without splits."""
