"""YOLO segmentation: one text file per image, one polygon per object, and data.yaml.

Format: https://docs.ultralytics.com/datasets/segment/
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import yaml

from annotator.domain.mask import Mask
from annotator.domain.polygon import from_polygons, polygons
from annotator.errors import ExportFailed
from annotator.exporters.folder import FolderExporter, Item, Job

FloatArray = npt.NDArray[np.float64]


class YoloWriter:
    """Writes labels/<split>/<name>.txt; without splits everything is `train`."""

    def __init__(self, job: Job) -> None:
        self._job = job

    def write(self, item: Item) -> list[float]:
        """See `Writer.write`; holes are filled, parts joined by bridges without width."""
        size = np.array([item.image.width, item.image.height])
        lines = []
        for annotation in item.annotations:
            points = one_polygon(annotation.mask) / size
            # 9 decimals: far finer than the quarter pixel by which the outline is inset.
            numbers = " ".join(f"{value:.9f}" for value in points.ravel())
            lines.append(f"{annotation.category_id - 1} {numbers}\n")
        path = self._job.place("labels", item, ".txt")
        path.write_text("".join(lines), encoding="ascii", newline="\n")
        rows = path.read_text(encoding="ascii").splitlines()
        if len(rows) != len(item.annotations):
            raise ExportFailed(f"{path.name} has {len(rows)} objects, not {len(item.annotations)}; export again.")
        found = []
        for row, annotation in zip(rows, item.annotations, strict=True):
            number, *values = row.split()
            if int(number) != annotation.category_id - 1:
                raise ExportFailed(f"Object {annotation.id} was written with another category; export again.")
            pixels = (np.array(values, dtype=np.float64).reshape(-1, 2) * size).ravel().tolist()
            read = from_polygons([pixels], height=item.image.height, width=item.image.width)
            found.append(read.iou(annotation.mask))
        return found

    def finish(self) -> list[str]:
        """Write data.yaml; categories count from 0."""
        splits = self._job.splits
        places = {split: f"images/{split}" for split in splits} if splits else {"train": "images"}
        notes = []
        if "val" not in places:
            places["val"] = places["train"]
            notes.append("There is no validation split: data.yaml names the training images for it; set splits.")
        if self._job.values["pictures"] == "none":
            notes.append("YOLO finds images by place: put them under images/ as labels/ is laid out, or use pictures.")
        # Readers look for an empty folder otherwise missing when no image fell into a split.
        for place in places.values():
            (self._job.folder / place).mkdir(parents=True, exist_ok=True)
        names = {category.id - 1: category.name for category in self._job.categories}
        text = yaml.safe_dump({**places, "names": names}, sort_keys=False, allow_unicode=True)
        (self._job.folder / "data.yaml").write_text(text, encoding="utf-8")
        return notes


def one_polygon(mask: Mask) -> FloatArray:
    """A mask's outer contours as one polygon of (N, 2) x, y in pixels.

    Parts are joined where they are nearest, there and back along the same line, so that no area is added.
    """
    parts = [np.array(part).reshape(-1, 2) for part in polygons(mask)]
    joined = parts[0]
    for part in parts[1:]:
        here, there = _nearest(joined, part)
        joined = np.concatenate([joined[: here + 1], part[there:], part[: there + 1], joined[here:]])
    return joined


def _nearest(one: FloatArray, other: FloatArray) -> tuple[int, int]:
    """Indices of the two points of two polygons that are closest to each other."""
    best = (np.inf, 0, 0)
    # In blocks: the distances of all pairs of two long outlines would not fit into memory.
    for start in range(0, len(one), 256):
        block = ((one[start : start + 256, None] - other[None]) ** 2).sum(axis=2)
        place = int(block.argmin())
        if block.flat[place] < best[0]:
            best = (float(block.flat[place]), start + place // len(other), place % len(other))
    return best[1], best[2]


YOLO = FolderExporter("yolo", "YOLO segmentation (text, data.yaml)", (), YoloWriter)
