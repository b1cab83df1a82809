"""Formats with one JSON file per image: labelme, and SA-1B as read when SAM 2 is fine-tuned.

Formats: https://github.com/wkentaro/labelme and https://ai.meta.com/datasets/segment-anything/
"""

from __future__ import annotations

import base64
import binascii
import json
from pathlib import Path
from typing import Any

import numpy as np

from annotator.domain.mask import Mask
from annotator.domain.polygon import from_polygons, has_holes, polygons
from annotator.errors import BadMask, ExportFailed
from annotator.exporters.base import ExportAnnotation, Option
from annotator.exporters.folder import FolderExporter, Item, Job
from annotator.exporters.png import decode_png, encode_png


class LabelmeWriter:
    """Writes <name>.json beside the picture, as labelme looks for it; masks keep holes and parts."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._names = {category.id: category.name for category in job.categories}

    def write(self, item: Item) -> list[float]:
        """See `Writer.write`."""
        kind = self._job.values["shapes"]
        path = self._job.place("", item, ".json")
        written: dict[str, Any] = {
            "version": "5.5.0",
            "flags": {},
            "shapes": [self._shape(annotation, kind) for annotation in item.annotations],
            "imagePath": Path(f"{item.stem}{item.suffix}").name,
            "imageData": None,
            "imageHeight": item.image.height,
            "imageWidth": item.image.width,
        }
        path.write_text(json.dumps(written), encoding="ascii")
        shapes = json.loads(path.read_text(encoding="ascii"))["shapes"]
        return [_read_shape(shape, a).iou(a.mask) for shape, a in zip(shapes, item.annotations, strict=True)]

    def finish(self) -> list[str]:
        """Write labels.txt, which labelme takes as --labels."""
        (self._job.folder / "labels.txt").write_text("".join(f"{name}\n" for name in self._names.values()), "utf-8")
        if self._job.values["pictures"] == "none":
            return ["labelme opens pictures that lie beside their JSON file: put them there, or use pictures."]
        return []

    def _shape(self, annotation: ExportAnnotation, kind: str) -> dict[str, Any]:
        shape: dict[str, Any] = {
            "label": self._names[annotation.category_id],
            "group_id": annotation.id,
            "description": "",
            "flags": {},
            "mask": None,
        }
        mask = annotation.mask
        if kind == "auto":
            outlines = polygons(mask)
            # A labelme polygon has one part and no hole.
            if len(outlines) == 1 and not has_holes(mask):
                return {**shape, "shape_type": "polygon", "points": np.reshape(outlines[0], (-1, 2)).tolist()}
        x, y, width, height = mask.bbox
        crop = mask.to_array()[y : y + height, x : x + width].astype(np.uint8) * np.uint8(255)
        shape["mask"] = base64.b64encode(encode_png(crop)).decode("ascii")
        # The second corner is the last pixel, not the one after it.
        return {**shape, "shape_type": "mask", "points": [[x, y], [x + width - 1, y + height - 1]]}


class Sa1bWriter:
    """Writes <name>.json with COCO RLE, beside the picture as SA-1B has it."""

    def __init__(self, job: Job) -> None:
        self._job = job

    def write(self, item: Item) -> list[float]:
        """See `Writer.write`; without a model's score predicted_iou and stability_score are 1, for hand-made masks."""
        path = self._job.place("", item, ".json")
        image = {
            "image_id": item.image.number,
            "width": item.image.width,
            "height": item.image.height,
            "file_name": Path(f"{item.stem}{item.suffix}").name,
        }
        rows = [_sa1b_row(annotation, item) for annotation in item.annotations]
        path.write_text(json.dumps({"image": image, "annotations": rows}), encoding="ascii")
        read = json.loads(path.read_text(encoding="ascii"))["annotations"]
        return [
            Mask.from_rle(row["segmentation"]).iou(annotation.mask)
            for row, annotation in zip(read, item.annotations, strict=True)
        ]

    def finish(self) -> list[str]:
        """A note on what the format can't hold."""
        return ["SA-1B has no categories: they were left out."] if len(self._job.categories) > 1 else []


def _sa1b_row(annotation: ExportAnnotation, item: Item) -> dict[str, Any]:
    return {
        "id": annotation.id,
        "segmentation": annotation.mask.to_rle(),
        "bbox": list(annotation.mask.bbox),
        "area": annotation.mask.area,
        "predicted_iou": 1.0 if annotation.score is None else annotation.score,
        "stability_score": 1.0,
        "point_coords": [],
        "crop_box": [0, 0, item.image.width, item.image.height],
    }


def _read_shape(shape: dict[str, Any], annotation: ExportAnnotation) -> Mask:
    height, width = annotation.mask.height, annotation.mask.width
    try:
        if shape["shape_type"] == "polygon":
            return from_polygons([np.ravel(shape["points"]).tolist()], height=height, width=width)
        (x, y), _ = shape["points"]
        return Mask.from_crop(decode_png(base64.b64decode(shape["mask"])), x=x, y=y, height=height, width=width)
    except (BadMask, binascii.Error) as error:
        raise ExportFailed(f"Object {annotation.id} can't be read back: {error}; export again.") from error


LABELME = FolderExporter(
    "labelme",
    "labelme (JSON per image)",
    (
        Option(
            "shapes",
            "Shapes",
            "choice",
            "mask",
            "mask keeps every pixel; auto takes a polygon for objects of one part without holes.",
            ("mask", "auto"),
        ),
    ),
    LabelmeWriter,
    pictures="",
)
SA1B = FolderExporter("sa1b", "SA-1B (JSON per image, for fine-tuning SAM 2)", (), Sa1bWriter, pictures="")
