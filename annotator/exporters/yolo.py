"""YOLO segmentation: one text file per image, a line per object with its category and one closed polygon.

Format: https://docs.ultralytics.com/datasets/segment/
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from annotator.domain.mask import Mask
from annotator.errors import ExportFailed
from annotator.exporters.base import Option
from annotator.exporters.common import FolderExporter, Item, Work
from annotator.exporters.rings import drawn, ring_of

HOLES = Option(
    "holes",
    "Holes",
    "choice",
    "cut",
    "cut: the outline enters every hole over a line of no width, which training code draws as a hole; fill: holes are"
    " filled.",
    ("cut", "fill"),
)


def _write(work: Work) -> None:
    for item in work.items():
        split = item.split or "train"
        work.picture(item, "images", split)
        path = work.path("labels", split, item.stem + ".txt")
        lines = [
            _line(work.numbers[row.category_id] - 1, row.mask, holes=work.values["holes"] == "cut")
            for row in item.annotations
        ]
        path.write_text("".join(line + "\n" for line in lines), encoding="ascii", newline="\n")
        _check(work, item, path)
    if work.images:
        _write_yaml(work, [name or "train" for name in work.split_names])
    if work.values["pictures"] == "none":
        work.warn("Training needs the pictures in the folder “images”; export with pictures=copy, link or png.")
    if work.losses:
        worst = min(work.losses, key=lambda loss: loss.iou)
        work.warn(
            f"{len(work.losses)} objects have holes or several parts, which one polygon can't keep exactly; the"
            f" smallest IoU is {worst.iou:.4f} (object {worst.annotation} on {worst.image})."
        )


def _line(category: int, mask: Mask, *, holes: bool = True) -> str:
    """`category x y x y …` with coordinates as fractions of the image's size."""
    # Nine digits keep a hundredth of a pixel in the largest image there can be.
    ring = ring_of(mask, holes=holes) / (mask.width, mask.height)
    return " ".join([str(category), *(f"{value:.9f}".rstrip("0").rstrip(".") for value in ring.ravel())])


def _check(work: Work, item: Item, path: Path) -> None:
    """Read the file of an image back and measure every object."""
    lines = path.read_text(encoding="ascii").splitlines()
    if len(lines) != len(item.annotations):
        raise ExportFailed(
            f"{path.name} has {len(lines)} objects, not {len(item.annotations)}; nothing was left, export again."
        )
    for line, annotation in zip(lines, item.annotations, strict=True):
        category, *numbers = line.split()
        if int(category) != work.numbers[annotation.category_id] - 1:
            raise ExportFailed(f"An object of {path.name} has another category; nothing was left, export again.")
        ring = np.array(numbers, dtype=np.float64).reshape(-1, 2) * (item.image.width, item.image.height)
        work.compare(annotation, item.image, drawn(ring, height=item.image.height, width=item.image.width))


def _write_yaml(work: Work, splits: list[str]) -> None:
    lines = ["# Written by annotator. The paths are relative to this file."]
    val = "val" if "val" in splits else splits[0]
    if "val" not in splits:
        work.warn(
            f"There is no val split, so data.yaml names {val} for validation too; export with splits to have one."
        )
    if "train" not in splits:
        work.warn("There is no train split; change the fractions.")
    lines += [f"train: images/{'train' if 'train' in splits else splits[0]}", f"val: images/{val}"]
    lines += ["test: images/test"] * ("test" in splits)
    lines.append(f"nc: {len(work.categories)}")
    lines.append("names:")
    # JSON strings are YAML strings, whatever is in the name.
    lines += [f"  {number}: {json.dumps(row.name, ensure_ascii=True)}" for number, row in enumerate(work.categories)]
    work.path("data.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")


YOLO = FolderExporter("yolo", "YOLO segmentation (text files and data.yaml)", _write, (HOLES,))
"""Writes `data.yaml`, `images/<split>/…` and `labels/<split>/….txt`; what one polygon loses is reported."""
