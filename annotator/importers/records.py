"""Fields of a stranger's record, checked one by one; what is wrong with one is a sentence for the list of problems."""

from __future__ import annotations

import math
import re
import reprlib
from collections.abc import Collection, Mapping
from pathlib import PurePosixPath
from typing import Any

import numpy as np

from annotator.domain.mask import Mask
from annotator.domain.polygon import from_polygons
from annotator.domain.project import MAX_NAME
from annotator.errors import InvalidInput
from annotator.images.opening import MAX_PIXELS
from annotator.importers.named import Box, Given, ImageSizes

MAX_SIDE = 65535
MAX_PATH = 1024
MAX_OUTLINE = 2_000_000
"""Pixels along all edges of an object's polygons: drawing takes some hundred bytes for each."""
MAX_NUMBER = 2**63 - 1
_REPR = reprlib.Repr()
_REPR.maxstring, _REPR.maxlevel = 60, 2
_COLOUR = re.compile("#[0-9a-fA-F]{6}")


def shown(value: Any) -> str:
    """A value in a message, cut to a readable length without ever writing it whole: YAML can grow exponentially."""
    return _REPR.repr(value)


def whole(value: Any) -> bool:
    """Whether a value is an integer that a database can hold (JSON's true is none)."""
    return type(value) is int and -MAX_NUMBER <= value <= MAX_NUMBER


def real(value: Any) -> bool:
    """Whether a value is a finite number."""
    return type(value) in (int, float) and abs(value) < 1e15


def reals(value: Any, count: int) -> bool:
    """Whether a value is a list of so many finite numbers."""
    return isinstance(value, list) and len(value) == count and all(real(item) for item in value)


def image_name(value: Any) -> str:
    """The name of an image, a relative path that stays inside its folder.

    Raises:
        InvalidInput: it is no text, leads elsewhere, or is no path at all.
    """
    if not isinstance(value, str) or not value.strip() or len(value) > MAX_PATH or not value.isprintable():
        raise InvalidInput(f"The image's name is {shown(value)}; it must be a relative path.")
    parts = PurePosixPath(value.replace("\\", "/")).parts
    if ".." in parts or parts[:1] == ("/",) or (len(value) > 1 and value[1] == ":"):
        raise InvalidInput(f"The image's name {shown(value)} leads out of the dataset's folder; use a relative path.")
    return value


def category_name(value: Any) -> str:
    """The name of a category, without space around it.

    Raises:
        InvalidInput: it is empty, too long or not printable.
    """
    name = str(value).strip() if isinstance(value, str) or whole(value) else ""
    if not name or len(name) > MAX_NAME or not name.isprintable():
        raise InvalidInput(f"The category's name is {shown(value)}; it must have 1 to {MAX_NAME} printable characters.")
    return name


def supercategory(value: Any) -> str:
    """A supercategory that annotator can hold; empty where it can't."""
    return value if isinstance(value, str) and len(value) <= MAX_NAME and (value + " ").isprintable() else ""


def colour(value: Any) -> str | None:
    """A colour as `#rrggbb`; None if it is none."""
    return value.lower() if isinstance(value, str) and _COLOUR.fullmatch(value) else None


def unique(name: str, taken: Collection[str]) -> str:
    """The name itself, or with the first number behind it that makes it one nobody has."""
    free, count = name, 1
    while free in taken:
        count += 1
        free = f"{name[: MAX_NAME - 12]} ({count})"
    return free


def image_size(name: str, width: Any, height: Any, images: ImageSizes) -> tuple[int, int]:
    """(width, height) of an image: what the dataset says, else (None, None given) what the project knows.

    Raises:
        InvalidInput: neither knows it, it is impossible, or the two disagree.
    """
    known = images(name)
    if width is None and height is None:
        if known is None:
            raise InvalidInput(f"The size of {name} is unknown: the dataset does not say and the project lacks it.")
        return known
    if not (whole(width) and whole(height) and 0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE):
        raise InvalidInput(
            f"{name} is said to be {shown(width)}×{shown(height)} pixels; sides must be 1 to {MAX_SIDE} pixels."
        )
    if width * height > MAX_PIXELS:
        raise InvalidInput(f"{name} is said to be {width}×{height} pixels; at most {MAX_PIXELS} pixels are read.")
    if known is not None and known != (width, height):
        turned = "; the dataset was made without its EXIF orientation" if known == (height, width) else ""
        raise InvalidInput(
            f"{name} is {width}×{height} pixels in the dataset but {known[0]}×{known[1]} in the project{turned}."
        )
    return width, height


def drawn(polygons: Any, *, height: int, width: int) -> Mask:
    """The union of polygons [[x0, y0, x1, y1, ...], ...] as pycocotools draws them.

    Raises:
        InvalidInput: a polygon is malformed, far outside the image, or too long to be drawn, or nothing is inside.
    """
    if not isinstance(polygons, list) or not all(isinstance(polygon, list) for polygon in polygons):
        raise InvalidInput("The polygons must be lists of numbers.")
    outline = 0.0
    for index, polygon in enumerate(polygons):
        if not all(real(value) for value in polygon):
            raise InvalidInput(f"Polygon {index} holds something that is no finite number.")
        if len(polygon) % 2 == 0:
            points = np.asarray(polygon, dtype=np.float64).reshape(-1, 2)
            outline += float(np.abs(points - np.roll(points, 1, axis=0)).max(axis=1, initial=0).sum())
    if outline > MAX_OUTLINE:
        raise InvalidInput(f"The polygons' outline is {outline:.0f} pixels long; at most {MAX_OUTLINE} are drawn.")
    return not_empty(from_polygons(polygons, height=height, width=width))


def not_empty(mask: Mask) -> Mask:
    """The mask itself.

    Raises:
        InvalidInput: it has no pixel.
    """
    if mask.area == 0:
        raise InvalidInput("The mask is empty: not one pixel of the image is inside.")
    return mask


def box_inside(x0: float, y0: float, x1: float, y1: float, *, height: int, width: int) -> Box:
    """The part of a box that lies in the image.

    Raises:
        InvalidInput: nothing of it does.
    """
    if not all(math.isfinite(value) for value in (x0, y0, x1, y1)):
        raise InvalidInput("The box holds something that is no finite number.")
    left, top, right, bottom = max(x0, 0.0), max(y0, 0.0), min(x1, float(width)), min(y1, float(height))
    if left >= right or top >= bottom:
        raise InvalidInput(f"The box ({x0:g}, {y0:g}) to ({x1:g}, {y1:g}) has no part in the {width}×{height} image.")
    return left, top, right, bottom


def difference(record: Mapping[str, Any], ours: Mapping[str, Any]) -> Given:
    """What a record says otherwise than we would, and what it lacks (1 and 1.0 are different: they are written so)."""
    fields = {key: record[key] for key, value in ours.items() if key in record and not _same(record[key], value)}
    return Given(fields, tuple(key for key in ours if key not in record))


def rest(record: Mapping[str, Any], known: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that annotator doesn't know."""
    return {key: value for key, value in record.items() if key not in known}


def _same(given: Any, ours: Any) -> bool:
    return bool(given == ours) and (isinstance(ours, dict) or repr(given) == repr(ours))
