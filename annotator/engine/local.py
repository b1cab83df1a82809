"""Limiting a refinement to what was clicked: an answer changes a given mask only in the regions a point touches.

A model that is asked to correct a mask answers with a mask of its own. Where it was asked nothing it may lose what was
right: a thin leg, a hole, pixels of an outline drawn by hand. The difference between the given mask and the answer
falls into regions; those that a point lies in (or next to) are taken over, all others stay as given.
"""

from __future__ import annotations

from collections.abc import Iterable

import cv2
import numpy as np
import numpy.typing as npt

from annotator.domain.mask import Mask
from annotator.domain.prompt import BACKGROUND, Point

BoolArray = npt.NDArray[np.bool_]
ByteArray = npt.NDArray[np.uint8]

THIN = 0.006  # of the extent's side: differences thinner than this along an outline hold regions together, and are cut
REACH = 0.01  # of the extent's side: how far from a point a region may begin


def limited(given: Mask, answer: Mask, points: Iterable[Point]) -> Mask:
    """The given mask with the answer's changes around the points.

    Args:
        given, answer: of the same image.
        points: in image pixels; foreground points bring added pixels, background points removed ones.
    """
    area = _extent(given, answer)
    if area is None:
        return answer
    x0, y0, x1, y1 = area
    before, after = (mask.to_array()[y0:y1, x0:x1] for mask in (given, answer))
    side = max(x1 - x0, y1 - y0)
    result = before.copy()
    for changed, label, value in ((after & ~before, 1, True), (before & ~after, BACKGROUND, False)):
        spots = [(point.x - x0, point.y - y0) for point in points if (point.label == BACKGROUND) == (label == 0)]
        result[_touched(changed, spots, side=side)] = value
    return Mask.from_crop(result, x=x0, y=y0, height=given.height, width=given.width)


def _extent(given: Mask, answer: Mask) -> tuple[int, int, int, int] | None:
    """(x0, y0, x1, y1) around both masks; None when the given one is empty: then nothing can be lost."""
    if given.area == 0:
        return None
    boxes = [mask.bbox for mask in (given, answer) if mask.area]
    return (
        min(box[0] for box in boxes),
        min(box[1] for box in boxes),
        max(box[0] + box[2] for box in boxes),
        max(box[1] + box[3] for box in boxes),
    )


def _touched(changed: BoolArray, spots: list[tuple[float, float]], *, side: int) -> BoolArray:
    """The regions of what changed that a spot touches.

    Regions are told apart after an opening, so that a seam of changes along the outline does not join all of them, and
    grown back to what was opened away beside them.
    """
    nothing = np.zeros_like(changed)
    if not spots or not changed.any():
        return nothing
    radius = max(1, round(THIN * side / 2))
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    whole = changed.astype(np.uint8)
    opened = cv2.morphologyEx(whole, cv2.MORPH_OPEN, disc, borderType=cv2.BORDER_CONSTANT, borderValue=0)
    thick: ByteArray = np.asarray(opened, np.uint8)
    kept = _regions_at(thick, spots, reach=0.0)
    if not kept.any():  # a point on something thin: a leg, a wire
        return _regions_at(whole, spots, reach=max(2.0, REACH * side)).astype(bool)
    grown = np.asarray(cv2.dilate(kept, disc), bool)
    return np.asarray(grown & changed)


def _regions_at(regions: ByteArray, spots: list[tuple[float, float]], *, reach: float) -> ByteArray:
    """The connected regions in which a spot lies, or that begin within `reach` pixels of it."""
    _, labels = cv2.connectedComponents(regions, connectivity=8)
    height, width = labels.shape
    wanted: set[int] = set()
    for x, y in spots:
        left, right = max(0, int(x - reach)), min(width, int(x + reach) + 1)
        top, bottom = max(0, int(y - reach)), min(height, int(y + reach) + 1)
        wanted.update(int(label) for label in np.unique(labels[top:bottom, left:right]))
    wanted.discard(0)
    return np.isin(labels, list(wanted)).astype(np.uint8)
