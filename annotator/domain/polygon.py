"""Polygons, a view of a mask: derived on export, bit-exact in pycocotools for masks without holes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from pycocotools import mask as coco

from annotator.domain.mask import Mask
from annotator.errors import BadMask


def polygons(mask: Mask) -> list[list[float]]:
    """Outer contours of a mask's parts as COCO polygons [x0, y0, x1, y1, ...] in image pixels; holes are lost.

    The mask is padded by one pixel and doubled by repeating pixels, so that contour points come to lie a quarter pixel
    inside the object's outline: (v + 0.5) / 2 - 1. pycocotools' rasteriser, which draws outlines too, gives back
    exactly the mask with its holes filled. Contours of the plain mask, as commonly written, lose 4.6 % IoU on photos.
    """
    crop, x, y = _crop(mask)
    if crop.size == 0:
        return []
    doubled = np.pad(crop, 1).repeat(2, axis=0).repeat(2, axis=1)
    contours, _ = cv2.findContours(doubled, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    offset = np.array([x - 1, y - 1])
    return [((contour[:, 0] + 0.5) / 2 + offset).ravel().tolist() for contour in contours]


def has_holes(mask: Mask) -> bool:
    """Whether background is enclosed by a mask's foreground (4-connected background, 8-connected foreground)."""
    crop, _, _ = _crop(mask)
    if crop.size == 0:
        return False
    _, hierarchy = cv2.findContours(np.pad(crop, 1), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    return bool((hierarchy[0, :, 3] >= 0).any())


def from_polygons(polygons: Sequence[Sequence[float]], *, height: int, width: int) -> Mask:
    """The union of polygons as pycocotools draws them.

    Raises:
        BadMask: there is no polygon, or one has fewer than three points or a coordinate far outside the image.
    """
    if not polygons:
        raise BadMask("A segmentation needs at least one polygon.", field="segmentation")
    for index, polygon in enumerate(polygons):
        if len(polygon) < 6 or len(polygon) % 2:
            raise BadMask(
                f"polygon {index} has {len(polygon)} numbers; at least three points [x, y, x, y, x, y] are needed",
                field=f"segmentation.{index}",
            )
        # pycocotools walks along every edge, so its time and memory grow with what a stranger's coordinates claim.
        values = np.asarray(polygon, dtype=np.float64)
        if not (np.abs(values) <= 2 * max(height, width)).all():
            raise BadMask(
                f"polygon {index} has a coordinate that is no number or far outside the image ({width}×{height})",
                field=f"segmentation.{index}",
            )
    parts: list[dict[str, Any]] = coco.frPyObjects([list(map(float, polygon)) for polygon in polygons], height, width)
    return Mask(height, width, coco.merge(parts)["counts"])


def filled(mask: Mask) -> Mask:
    """The mask without its holes."""
    crop, x, y = _crop(mask)
    if crop.size == 0:
        return mask
    contours, _ = cv2.findContours(crop, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    solid = np.zeros_like(crop)
    cv2.drawContours(solid, contours, -1, 1, cv2.FILLED)
    return Mask.from_crop(solid, x=x, y=y, height=mask.height, width=mask.width)


def _crop(mask: Mask) -> tuple[npt.NDArray[np.uint8], int, int]:
    """The mask's pixels inside its bounding box, and the box's left and top: the work grows with the object."""
    x, y, width, height = mask.bbox
    pixels = coco.decode({"size": [mask.height, mask.width], "counts": mask.counts})
    return np.ascontiguousarray(pixels[y : y + height, x : x + width]), x, y
