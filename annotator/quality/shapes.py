"""What the rules and the statistics measure of the objects of one image, each thing at most once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
import numpy.typing as npt
from pycocotools import mask as coco

from annotator.domain.runs import Ints, Strokes, strokes
from annotator.errors import BadMask
from annotator.exporters.base import ExportAnnotation, ExportImage


class Shape:
    """An object and its measures.

    Attributes:
        annotation: the object.
        strokes: its foreground.
    """

    def __init__(self, annotation: ExportAnnotation) -> None:
        self.annotation = annotation
        self.strokes: Strokes = strokes(annotation.mask)
        self.area = self.strokes.area
        self.bbox = self.strokes.bbox

    @cached_property
    def _contours(self) -> tuple[int, int]:
        """Number of parts and of holes: following the outlines is ten times faster than labelling the pixels."""
        _, hierarchy = cv2.findContours(self._crop, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
        if hierarchy is None:
            return 0, 0
        inner = int((hierarchy.reshape(-1, 4)[:, 3] >= 0).sum())
        return hierarchy.reshape(-1, 4).shape[0] - inner, inner

    @property
    def _crop(self) -> npt.NDArray[np.uint8]:
        return self.strokes.crop(margin=1)

    @property
    def is_box(self) -> bool:
        """Whether it fills its bounding box exactly."""
        return self.area == self.bbox[2] * self.bbox[3]

    @cached_property
    def parts(self) -> Ints:
        """Pixels of each separate part (8-connected), the largest first."""
        if self.is_box or self._contours[0] == 1:
            return np.array([self.area] if self.area else [], dtype=np.int64)
        return _sizes(self._crop, connectivity=8)

    @cached_property
    def holes(self) -> Ints:
        """Pixels of each enclosed piece of background (4-connected), the largest first."""
        if self.is_box or self._contours[1] == 0:
            return np.array([], dtype=np.int64)
        # Around the object everything is one piece of background, the one at the corner; it is no hole.
        background = 1 - self._crop
        _, labels, stats, _ = cv2.connectedComponentsWithStats(background, connectivity=4, ltype=cv2.CV_32S)
        sizes = np.delete(stats[:, cv2.CC_STAT_AREA].astype(np.int64), [0, int(labels[0, 0])])
        return -np.sort(-sizes)


@dataclass(frozen=True, slots=True)
class Pair:
    """Two objects of an image that share pixels: indices into its shapes, `first` < `second`, and their IoU."""

    first: int
    second: int
    iou: float


class Looked:
    """An image with the objects that the rules look at: all but the rejected ones, which no dataset contains.

    Attributes:
        image: the image.
        annotations: the objects that were not rejected.
        unreadable: those of them whose masks can't be read.
    """

    def __init__(self, image: ExportImage, annotations: list[ExportAnnotation]) -> None:
        self.image = image
        self.annotations = [item for item in annotations if item.review != "rejected"]
        self.unreadable: list[ExportAnnotation] = []

    @cached_property
    def shapes(self) -> list[Shape]:
        """The objects with readable masks of the image's size; regions that are crowds (`iscrowd`) are none."""
        found = []
        for item in self.annotations:
            if (item.extra or {}).get("iscrowd") == 1:
                continue
            if (item.mask.height, item.mask.width) != (self.image.height, self.image.width):
                continue
            try:
                found.append(Shape(item))
            except BadMask:
                self.unreadable.append(item)
        return found

    @cached_property
    def pairs(self) -> list[Pair]:
        """Every two shapes that share at least a pixel."""
        return list(_pairs(self.shapes))


def _pairs(shapes: list[Shape]) -> Iterator[Pair]:
    """IoU in COCO's run lengths for pairs with overlapping boxes only, found from left to right."""
    boxes = np.array([shape.bbox for shape in shapes], dtype=np.int64).reshape(-1, 4)
    left, top = boxes[:, 0], boxes[:, 1]
    right, bottom = left + boxes[:, 2], top + boxes[:, 3]
    order = np.argsort(left, kind="stable")
    sorted_left = left[order]
    rles = [_rle(shape) for shape in shapes]
    for place, index in enumerate(order):
        end = int(np.searchsorted(sorted_left, right[index], side="left"))
        near = order[place + 1 : end]
        near = near[(top[near] < bottom[index]) & (bottom[near] > top[index])]
        if near.size == 0 or shapes[index].area == 0:
            continue
        ious = coco.iou([rles[other] for other in near], [rles[index]], [0])[:, 0]
        for other, iou in zip(near.tolist(), ious.tolist(), strict=True):
            if iou > 0:
                yield Pair(min(int(index), other), max(int(index), other), iou)


def _rle(shape: Shape) -> dict[str, object]:
    mask = shape.annotation.mask
    return {"size": [mask.height, mask.width], "counts": mask.counts}


def _sizes(bits: npt.NDArray[np.uint8], *, connectivity: int) -> Ints:
    _, _, stats, _ = cv2.connectedComponentsWithStats(
        np.ascontiguousarray(bits), connectivity=connectivity, ltype=cv2.CV_32S
    )
    sizes: Ints = -np.sort(-stats[1:, cv2.CC_STAT_AREA].astype(np.int64))
    return sizes
