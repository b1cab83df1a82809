"""A foreign COCO segmentation as a mask: checked completely before native code sees it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from annotator.domain.mask import Mask
from annotator.domain.polygon import from_polygons
from annotator.domain.runs import require_sum, runs_of
from annotator.errors import BadMask
from annotator.importers.coco_values import Problem, shown

Floats = npt.NDArray[np.float64]

MAX_OUTLINE = 500_000
"""Pixels of the longest outline that is drawn: pycocotools takes memory for every fifth of a pixel."""

_ENOUGH = 20  # problems of one segmentation
_FAR = 1e6  # pixels from the origin that no image reaches, and that can be calculated with
_OUTSIDE = 1.0  # pixels by which a polygon may leave the image: rounding, and tools that count from 1


def read_segmentation(value: Any, *, height: int, width: int, where: str, problems: list[Problem]) -> Mask | None:
    """The mask of a segmentation for an image of that size; None, and what is wrong appended, if it has none.

    Args:
        value: polygons, or RLE with counts as a string or as a list.
        where: its place in the file.
        problems: what is wrong is appended, also where a mask could be made all the same.
    """
    try:
        if isinstance(value, dict):
            return _from_rle(value, height, width)
        if isinstance(value, list) and value:
            return _from_polygons(value, height, width, where, problems)
    except BadMask as error:
        problems.append(Problem("bad_segmentation", "error", where, error.message))
        return None
    text = f"It is {shown(value)}; a segmentation is a list of polygons [[x, y, x, y, x, y], …] or an RLE object."
    problems.append(Problem("bad_segmentation", "error", where, text))
    return None


def _from_rle(value: dict[str, Any], height: int, width: int) -> Mask:
    size, counts = value.get("size"), value.get("counts")
    if not (isinstance(size, list) and len(size) == 2 and all(type(side) is int for side in size)):
        raise BadMask(f"The size is {shown(size)}; it must be [height, width] in pixels.")
    if size != [height, width]:
        hint = " (height and width are swapped)" if size == [width, height] else ""
        raise BadMask(
            f"The size is {shown(size)} but the image's [height, width] is [{height}, {width}]{hint}; write that."
        )
    if isinstance(counts, str):
        encoded = counts.encode("utf-8", "replace")
        require_sum(runs_of(encoded), height=height, width=width)
        return Mask(height, width, encoded)
    if isinstance(counts, list):
        for place, run in enumerate(counts):
            if type(run) is not int or run < 0:
                raise BadMask(f"Run {place} of the counts is {shown(run)}; run lengths are integers from 0.")
        if sum(counts) != height * width:
            raise BadMask(
                f"The run lengths add up to {shown(sum(counts))}, not to {width}×{height} = {height * width} pixels."
            )
        return Mask.from_rle({"size": size, "counts": counts})
    raise BadMask(f"The counts are {shown(counts)}; they must be a string or a list of integers.")


def _from_polygons(polygons: list[Any], height: int, width: int, where: str, problems: list[Problem]) -> Mask | None:
    usable = []
    outline = 0.0
    before = len(problems)
    for place, polygon in enumerate(polygons):
        if len(problems) - before > _ENOUGH:
            raise BadMask(f"More than {_ENOUGH} of its {len(polygons)} polygons are wrong; export the object again.")
        points = _points(polygon, f"{where}[{place}]", problems)
        if points is None:
            continue
        problems.extend(_outside(points, height, width, f"{where}[{place}]"))
        outline += float(np.abs(np.diff(points, axis=0, append=points[:1])).sum())
        usable.append(points)
    if not usable:
        return None
    if outline > MAX_OUTLINE:
        raise BadMask(f"The outline is {outline:.0f} pixels long and was not drawn; simplify it or write RLE.")
    return from_polygons([points.ravel().tolist() for points in usable], height=height, width=width)


def _points(polygon: Any, where: str, problems: list[Problem]) -> Floats | None:
    """(N, 2) points in image pixels."""
    points = _numbers(polygon)
    if points is not None:
        far = float(np.abs(points).max(initial=0))
        if far > _FAR:
            text = f"It has a coordinate of {far:g}, where no image is; remove the polygon."
            problems.append(Problem("bad_segmentation", "error", where, text))
            return None
        if points.size >= 6 and points.size % 2 == 0:
            return points.reshape(-1, 2)
        text = f"It has {points.size} numbers; a polygon needs at least three points [x, y, x, y, x, y]; remove it."
        problems.append(Problem("short_polygon", "error", where, text))
        return None
    text = f"It is {shown(polygon)}; a polygon is a flat list of finite numbers [x, y, x, y, x, y]."
    problems.append(Problem("bad_segmentation", "error", where, text))
    return None


def _numbers(values: Any) -> Floats | None:
    """The values of a list of finite numbers; None for anything else."""
    # The types are compared as a set because files hold millions of coordinates.
    if not isinstance(values, list) or not set(map(type, values)) <= {int, float}:
        return None
    try:
        array = np.asarray(values, dtype=np.float64)
    except OverflowError:  # an integer beyond every float
        return None
    return array if np.isfinite(array).all() else None


def _outside(points: Floats, height: int, width: int, where: str) -> Iterator[Problem]:
    least, most = points.min(axis=0), points.max(axis=0)
    if (least < -_OUTSIDE).any() or (most > np.array([width, height]) + _OUTSIDE).any():
        text = (
            f"It spans x {least[0]:g} to {most[0]:g} and y {least[1]:g} to {most[1]:g} but the image is"
            f" {width}×{height}; clip it, and check whether it belongs to another size of the image."
        )
        yield Problem("polygon_outside", "warning", where, text)
