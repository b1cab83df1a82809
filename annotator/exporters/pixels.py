"""Masks as pixels inside their bounding box, painted into one array and measured in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from annotator.domain.mask import BoolArray
from annotator.exporters.base import ExportAnnotation, ExportImage

Place = tuple[slice, slice]


def crops(annotations: Iterable[ExportAnnotation]) -> Iterator[tuple[ExportAnnotation, BoolArray, Place]]:
    """Each annotation with the pixels of its bounding box and the box's rows and columns in the image."""
    for annotation in annotations:
        x, y, width, height = annotation.mask.bbox
        place = (slice(y, y + height), slice(x, x + width))
        yield annotation, annotation.mask.to_array()[place], place


def painted(
    image: ExportImage, annotations: tuple[ExportAnnotation, ...], values: list[int], dtype: Any
) -> npt.NDArray[Any]:
    """An (H, W) array with each object's value; background is 0 and a later object lies on top of an earlier one."""
    array = np.zeros((image.height, image.width), dtype)
    for (_, pixels, place), value in zip(crops(annotations), values, strict=True):
        array[place][pixels] = value
    return array


def seen(array: npt.NDArray[Any], annotations: tuple[ExportAnnotation, ...], values: list[int]) -> list[float]:
    """The share of each mask's pixels that has the object's value."""
    return [
        float((array[place][pixels] == value).mean())
        for (_, pixels, place), value in zip(crops(annotations), values, strict=True)
    ]


def ious(array: npt.NDArray[Any], annotations: tuple[ExportAnnotation, ...], values: list[int]) -> list[float]:
    """IoU of each mask with the pixels of its value; every value belongs to one object."""
    totals = np.bincount(array.ravel(), minlength=max(values, default=0) + 1)
    found = []
    for (_, pixels, place), value in zip(crops(annotations), values, strict=True):
        common = int((array[place][pixels] == value).sum())
        found.append(common / (int(pixels.sum()) + int(totals[value]) - common))
    return found
