"""Images whose pixels are numbers of objects or categories."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from annotator.errors import InvalidInput
from annotator.exporters.base import ExportAnnotation, ExportImage

LabelMap = npt.NDArray[np.uint16]
MAX_OBJECTS = 2**16 - 1


def instance_map(annotations: Sequence[ExportAnnotation], image: ExportImage) -> LabelMap:
    """An (H, W) array with n where the n-th object lies, from 1; later objects cover earlier ones.

    Raises:
        InvalidInput: there are more objects than 16 bits can number.
    """
    if len(annotations) > MAX_OBJECTS:
        raise InvalidInput(
            f"{image.name} has {len(annotations)} objects; a label image holds at most {MAX_OBJECTS}. Export binary"
            " masks or COCO instead."
        )
    labels = np.zeros((image.height, image.width), np.uint16)
    for number, annotation in enumerate(annotations, 1):
        x, y, width, height = annotation.mask.bbox
        inside = annotation.mask.to_array()[y : y + height, x : x + width]
        labels[y : y + height, x : x + width][inside] = number
    return labels


def visible_shares(labels: LabelMap, annotations: Sequence[ExportAnnotation]) -> list[float]:
    """For every object the share of its pixels that no later one covers: the IoU of what is left with its mask."""
    counts = np.bincount(labels.ravel(), minlength=len(annotations) + 1)
    return [int(counts[number]) / row.mask.area for number, row in enumerate(annotations, 1)]


def with_border(labels: LabelMap, width: int, *, void: int) -> LabelMap:
    """The labels with `void` wherever another label lies within `width` pixels in a row, column or diagonal."""
    low = high = labels
    for axis in (0, 1):
        low, high = (_spread(values, width, axis, pick) for values, pick in ((low, np.minimum), (high, np.maximum)))
    return np.where(low == high, labels, np.uint16(void)).astype(np.uint16)


def _spread(values: LabelMap, width: int, axis: int, pick: np.ufunc) -> LabelMap:
    """The smallest or largest value within a distance along one axis."""
    result = values.copy()
    size = values.shape[axis]
    for step in range(1, min(width, size - 1) + 1):
        front = [slice(None)] * 2
        back = [slice(None)] * 2
        front[axis], back[axis] = slice(0, size - step), slice(step, size)
        here, there = tuple(front), tuple(back)
        result[here] = pick(result[here], values[there])
        result[there] = pick(result[there], values[here])
    return result


def voc_palette() -> npt.NDArray[np.uint8]:
    """The 256 colours of Pascal VOC: the bits of a number dealt out to red, green and blue, highest first.

    Source: VOCdevkit's VOClabelcolormap.m.
    """
    numbers = np.arange(256)
    colours = np.zeros((256, 3), np.uint8)
    for bit in range(8):
        for channel in range(3):
            colours[:, channel] |= (((numbers >> (3 * bit + channel)) & 1) << (7 - bit)).astype(np.uint8)
    return colours
