"""SA-1B: one JSON per image with RLE masks, as the training code of SAM 2 reads it.

Format: https://github.com/facebookresearch/segment-anything#dataset
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from annotator.domain.mask import Mask
from annotator.exporters.base import ExportAnnotation
from annotator.exporters.common import FolderExporter, Work


def _write(work: Work) -> None:
    other = set()
    for item in work.items():
        # Training code takes the number behind `sa_` as the id of the image and looks for both files in one folder.
        renamed = replace(item, stem=f"sa_{item.image.number}")
        folders = [item.split] if item.split else []
        picture = work.picture(renamed, *folders).rpartition("/")[2]
        other |= {item.suffix} - {".jpg"}
        data = {
            "image": {
                "image_id": item.image.number,
                "width": item.image.width,
                "height": item.image.height,
                "file_name": picture,
            },
            "annotations": [_annotation(row, item.image.width, item.image.height) for row in item.annotations],
            "annotator": {
                "name": item.image.name,
                "categories": [work.categories[work.numbers[row.category_id] - 1].name for row in item.annotations],
            },
        }
        work.write_json(data, *folders, f"{renamed.stem}.json")
        written = json.loads(work.path(*folders, f"{renamed.stem}.json").read_text(encoding="ascii"))
        for row, found in zip(item.annotations, written["annotations"], strict=True):
            work.require_equal(row, item.image, Mask.from_rle(found["segmentation"]))
    if work.values["pictures"] == "png" or other:
        work.warn("The training code of SAM 2 looks for pictures named .jpg; convert the others or change its suffix.")
    work.warn("SA-1B has no categories; they are in each file under “annotator”, in the order of the objects.")


def _annotation(row: ExportAnnotation, width: int, height: int) -> dict[str, Any]:
    """An object; SA-1B's `stability_score` and `point_coords` belong to its automatic masks and are left out."""
    entry: dict[str, Any] = {
        "id": row.id,
        "segmentation": row.mask.to_rle(),
        "bbox": list(row.mask.bbox),
        "area": row.mask.area,
        "crop_box": [0, 0, width, height],
    }
    if row.score is not None:
        entry["predicted_iou"] = row.score
    return entry


SA1B = FolderExporter("sa1b", "SA-1B (JSON per image, to fine-tune SAM 2)", _write)
"""Writes `[<split>/]sa_<number>.json` with the picture beside it."""
