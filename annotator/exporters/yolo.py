"""YOLO segmentation: one text file per image, a line per object with its category and one closed polygon.

Format: https://docs.ultralytics.com/datasets/segment/
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import numpy.typing as npt

from annotator.domain.mask import Mask
from annotator.domain.polygon import from_polygons, polygons
from annotator.errors import ExportFailed
from annotator.exporters.common import FolderExporter, Item, Work

Ring = npt.NDArray[np.float64]


def _write(work: Work) -> None:
    splits = [name or "train" for name in work.split_names]
    for item in work.items():
        split = item.split or "train"
        work.picture(item, "images", split)
        path = work.path("labels", split, item.stem + ".txt")
        lines = [_line(work.numbers[row.category_id] - 1, row.mask) for row in item.annotations]
        path.write_text("".join(line + "\n" for line in lines), encoding="ascii", newline="\n")
        _check(work, item, path)
    _write_yaml(work, splits)
    if work.values["pictures"] == "none":
        work.warn("Training needs the pictures in the folder “images”; export with pictures=copy, link or png.")
    if work.losses:
        worst = min(work.losses, key=lambda loss: loss.iou)
        work.warn(
            f"{len(work.losses)} objects have holes or several parts, which one polygon can't keep exactly; the"
            f" smallest IoU is {worst.iou:.4f} (object {worst.annotation} on {worst.image})."
        )


def _line(category: int, mask: Mask) -> str:
    """`category x y x y …` with coordinates as fractions of the image's size."""
    # Nine digits keep a hundredth of a pixel in the largest image there can be.
    ring = joined([np.asarray(part).reshape(-1, 2) for part in polygons(mask)]) / (mask.width, mask.height)
    return " ".join([str(category), *(f"{value:.9f}".rstrip("0").rstrip(".") for value in ring.ravel())])


def joined(parts: list[Ring]) -> Ring:
    """One ring through several: every part is reached over its shortest line to what is joined already, and left on it.

    The lines have no width, but readers that draw outlines turn them into a pixel's width of object.
    """
    ring, rest = parts[0], parts[1:]
    while rest:
        gaps = [_nearest(ring, part) for part in rest]
        chosen = min(range(len(rest)), key=lambda index: gaps[index][0])
        _, here, there = gaps[chosen]
        part = rest.pop(chosen)
        ring = np.concatenate([ring[: here + 1], part[there:], part[: there + 1], ring[here:]])
    return ring


def _nearest(ring: Ring, part: Ring) -> tuple[float, int, int]:
    """Squared distance, and indices, of the two nearest vertices."""
    best = (np.inf, 0, 0)
    for start in range(0, len(ring), 1024):  # a distance matrix of all pairs could be larger than memory
        squares = ((ring[start : start + 1024, None] - part[None]) ** 2).sum(axis=2)
        here, there = divmod(int(squares.argmin()), len(part))
        if squares[here, there] < best[0]:
            best = (float(squares[here, there]), start + here, there)
    return best


def drawn(ring: Ring, *, height: int, width: int) -> Mask:
    """The mask that readers make of a ring in pixels: what it encloses and every pixel that its outline touches."""
    inside = from_polygons([ring.ravel().tolist()], height=height, width=width).to_array()
    ends = np.roll(ring, -1, axis=0)
    steps = np.maximum(np.ceil(2 * np.abs(ends - ring).max(axis=1)).astype(int), 1)
    edge = np.repeat(np.arange(len(ring)), steps)
    share = (np.arange(len(edge)) - np.repeat(np.cumsum(steps) - steps, steps)) / steps[edge]
    points = ring[edge] + (ends - ring)[edge] * share[:, None]
    columns, rows = np.clip(np.floor(points).astype(int), 0, (width - 1, height - 1)).T
    inside[rows, columns] = True
    return Mask.from_array(inside)


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


YOLO = FolderExporter("yolo", "YOLO segmentation (text files and data.yaml)", _write)
"""Writes `data.yaml`, `images/<split>/…` and `labels/<split>/….txt`; holes are lost and reported."""
