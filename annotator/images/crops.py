"""Pictures of objects: cut out of their image with some of what surrounds them, and small images with all masks."""

from __future__ import annotations

import io
import threading
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageColor

from annotator.domain.mask import Mask
from annotator.domain.runs import sampled
from annotator.images.decode import read_rgb

SURROUNDING = 0.25
"""What is shown on each side of an object, as a share of its longer side."""
LEAST_SURROUNDING = 12
DIMMED = 0.45
"""How much of its brightness is left to what is not the object."""
TINT = 0.4
_QUALITY = 82
_SHELF_BYTES = 128 << 20

Bools = npt.NDArray[np.bool_]
Pixels = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Region:
    """A part of an image: columns [x, x + width), rows [y, y + height) in image pixels."""

    x: int
    y: int
    width: int
    height: int


def region_around(mask: Mask) -> Region:
    """A square around an object with some surroundings, as far as the image goes."""
    x, y, width, height = mask.bbox
    side = max(width, height)
    side += 2 * max(LEAST_SURROUNDING, round(side * SURROUNDING))
    left, right = _span(x + width / 2, side, mask.width)
    top, bottom = _span(y + height / 2, side, mask.height)
    return Region(left, top, right - left, bottom - top)


def _span(middle: float, side: int, size: int) -> tuple[int, int]:
    first = round(min(max(middle - side / 2, 0), max(size - side, 0)))
    return first, min(first + side, size)


class Shelf:
    """The pictures decoded last, within a budget of bytes: objects of one image are looked at one after the other."""

    def __init__(self, budget: int = _SHELF_BYTES) -> None:
        self._budget = budget
        self._lock = threading.Lock()  # held while decoding: nobody decodes a picture that somebody else is decoding
        self._kept: OrderedDict[tuple[Path, int], Image.Image] = OrderedDict()

    def picture(self, path: Path, longest: int) -> Image.Image:
        """The picture in mode RGB and display orientation, its longest side `longest` pixels or less.

        Raises:
            ImageProblem: the file can't be shown as an image.
        """
        key = (path, longest)
        with self._lock:
            if key not in self._kept:
                self._kept[key] = read_rgb(path, longest=longest)[0]
            self._kept.move_to_end(key)
            picture = self._kept[key]
            while len(self._kept) > 1 and sum(3 * one.width * one.height for one in self._kept.values()) > self._budget:
                self._kept.popitem(last=False)
        return picture


def object_picture(shelf: Shelf, path: Path, mask: Mask, *, colour: str, size: int) -> bytes:
    """WebP of an object: outlined in its colour, what is around it dimmed.

    Args:
        mask: in the size of the image, display orientation.
        colour: `#rrggbb`.
        size: longer side in pixels; small objects are enlarged.

    Raises:
        ImageProblem: the file can't be shown as an image.
    """
    region = region_around(mask)
    scale = size / max(region.width, region.height)
    width, height = max(1, round(region.width * scale)), max(1, round(region.height * scale))
    longest = max(mask.width, mask.height)
    while longest // 2 >= scale * max(mask.width, mask.height):
        longest //= 2  # a JPEG is decoded at a half, a quarter or an eighth in a fraction of the time
    picture = shelf.picture(path, longest)
    shrunk = picture.width / mask.width, picture.height / mask.height
    box = (
        region.x * shrunk[0],
        region.y * shrunk[1],
        min((region.x + region.width) * shrunk[0], picture.width),
        min((region.y + region.height) * shrunk[1], picture.height),
    )
    pixels = np.array(picture.resize((width, height), Image.Resampling.BICUBIC, box=box))
    inside = sampled(
        mask,
        x=region.x + (np.arange(width) * region.width // width),
        y=region.y + (np.arange(height) * region.height // height),
    )
    pixels[~inside] = (pixels[~inside] * DIMMED).astype(np.uint8)
    pixels[_outline(inside)] = ImageColor.getrgb(colour)
    return _webp(pixels)


def overview_picture(path: Path, masks: Iterable[tuple[Mask, str]]) -> bytes:
    """WebP of a picture with masks painted over it.

    Args:
        path: the picture in display orientation, smaller than the masks or of their size.
        masks: each with its colour, `#rrggbb`.
    """
    with Image.open(path) as opened:
        pixels = np.array(opened.convert("RGB"))
    height, width = pixels.shape[:2]
    for mask, colour in masks:
        left, top, columns, rows = mask.bbox
        x = np.arange(left * width // mask.width, min(width, -(-(left + columns) * width // mask.width)))
        y = np.arange(top * height // mask.height, min(height, -(-(top + rows) * height // mask.height)))
        inside = sampled(mask, x=(2 * x + 1) * mask.width // (2 * width), y=(2 * y + 1) * mask.height // (2 * height))
        part = pixels[y[0] : y[-1] + 1, x[0] : x[-1] + 1]
        tint = np.array(ImageColor.getrgb(colour)[:3])
        part[inside] = (part[inside] * (1 - TINT) + tint * TINT).astype(np.uint8)
        part[_outline(inside, width=1)] = tint
    return _webp(pixels)


def _outline(inside: Bools, *, width: int = 2) -> Bools:
    """The foreground within `width` pixels of the background or of the edge."""
    kept = np.pad(inside, width)
    for _ in range(width):
        shifted = kept.copy()
        for axis in (0, 1):
            for step in (-1, 1):
                shifted &= np.roll(kept, step, axis=axis)
        kept = shifted
    return inside & ~kept[width:-width, width:-width]


def _webp(pixels: Pixels) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "WEBP", quality=_QUALITY, method=2)
    return stream.getvalue()
