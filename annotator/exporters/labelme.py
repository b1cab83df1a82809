"""labelme: one JSON per image beside the picture, with masks or polygons.

Format: https://github.com/wkentaro/labelme
"""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np

from annotator.domain.mask import Mask
from annotator.domain.polygon import from_polygons, has_holes, polygons
from annotator.errors import ExportFailed
from annotator.exporters.base import ExportAnnotation, Option
from annotator.exporters.common import FolderExporter, Item, Work
from annotator.exporters.png import decode_png, encode_png

VERSION = "5.5.0"
"""The version of labelme whose files these are."""
SHAPES = Option(
    "shapes",
    "Shapes",
    "choice",
    "mask",
    "mask keeps every pixel; polygon fills holes and reports the loss; auto takes polygons where there is no hole.",
    ("mask", "polygon", "auto"),
)


def _write(work: Work) -> None:
    for item in work.items():
        folders = [item.split] if item.split else []
        picture = work.picture(item, *folders).rpartition("/")[2]
        shapes = [shape for row in item.annotations for shape in _shapes(work, row)]
        data: dict[str, Any] = {
            "version": VERSION,
            "flags": {},
            "shapes": shapes,
            "imagePath": picture,
            "imageData": None,
            "imageHeight": item.image.height,
            "imageWidth": item.image.width,
        }
        work.write_json(data, *folders, item.stem + ".json")
        _check(work, item, work.path(*folders, item.stem + ".json"))
    if work.losses:
        worst = min(work.losses, key=lambda loss: loss.iou)
        work.warn(
            f"{len(work.losses)} objects have holes, which polygons can't keep; the smallest IoU is {worst.iou:.4f}"
            f" (object {worst.annotation} on {worst.image}). Export with shapes=auto or mask to keep them."
        )


def _shapes(work: Work, row: ExportAnnotation) -> list[dict[str, Any]]:
    """An object as shapes with its id as their group: one mask, or a polygon for every part."""
    kind = work.values["shapes"]
    common = {
        "label": work.categories[work.numbers[row.category_id] - 1].name,
        "group_id": row.id,
        "description": "",
        "flags": {},
    }
    if kind == "polygon" or (kind == "auto" and not has_holes(row.mask)):
        return [
            {**common, "shape_type": "polygon", "points": np.reshape(part, (-1, 2)).tolist(), "mask": None}
            for part in polygons(row.mask)
        ]
    x, y, width, height = row.mask.bbox
    inside = row.mask.to_array()[y : y + height, x : x + width].astype(np.uint8)
    # Both corners of the box are pixels of it.
    corners = [[float(x), float(y)], [float(x + width - 1), float(y + height - 1)]]
    encoded = base64.b64encode(encode_png(inside)).decode("ascii")
    return [{**common, "shape_type": "mask", "points": corners, "mask": encoded}]


def _check(work: Work, item: Item, path: Path) -> None:
    shapes: dict[int, list[dict[str, Any]]] = {}
    for shape in json.loads(path.read_text(encoding="ascii"))["shapes"]:
        shapes.setdefault(shape["group_id"], []).append(shape)
    if list(shapes) != [row.id for row in item.annotations]:
        raise ExportFailed(f"{path.name} has other objects than {item.image.name}; nothing was left, export again.")
    for row in item.annotations:
        found = _read(shapes[row.id], item)
        if work.values["shapes"] == "polygon":
            work.compare(row, item.image, found)
        else:
            work.require_equal(row, item.image, found)


def _read(shapes: list[dict[str, Any]], item: Item) -> Mask:
    height, width = item.image.height, item.image.width
    if shapes[0]["shape_type"] == "polygon":
        return from_polygons(
            [[value for point in shape["points"] for value in point] for shape in shapes], height=height, width=width
        )
    x, y = (int(value) for value in shapes[0]["points"][0])
    inside = decode_png(base64.b64decode(shapes[0]["mask"]), where=item.image.name)
    return Mask.from_crop(inside, x=x, y=y, height=height, width=width)


LABELME = FolderExporter("labelme", "labelme (JSON per image)", _write, (SHAPES,))
"""Writes `[<split>/]<image>.json` with the picture beside it."""
