"""Zoom-aware detail: where to look closer, and how to put the closer look's answer back without a seam.

The encoder sees 1024 pixels of an image however large it is, so a small or thin object in a large photo gets its edges
from a few logits pixels. Here the object is decoded again in the embedding of a part of the image:

    whole answer ──▶ region ──▶ embedding of the region ──▶ one decode, seeded with ──▶ blended ──▶ does it agree?
                                                             the whole answer's logits    back         else: whole

Everything is a pure function of image, model and prompt, as the fold is: the region comes from the prompt and the
whole answer alone, so the order of edits, undo and reload don't change a mask.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import replace

import cv2
import numpy as np
import numpy.typing as npt

from annotator.domain.mask import Mask
from annotator.domain.prompt import BACKGROUND, Box, Point, Prompt
from annotator.engine.predictor import Embedding, LogitsArray, RGBArray
from annotator.engine.values import ImageSource, Region

AUTO = "auto"
MARGIN = 0.25
"""Context around the object on each side, as a part of its longer side."""
SMALLEST = 96
"""Pixels a side of a region at least: enlarging fewer shows the encoder only blur."""
AUTO_SHARE = 0.8
"""An automatic region covers less than this part of the image, or it would show the encoder little more."""
ASKED_SHARE = 0.9
"""The same for a region that was asked for."""
BAND = 1 / 12
"""Part of the region's side over which the two answers are blended."""
SIMILAR = 0.5
"""How much alike the two answers are at least, or the closer look shows another object or a part: the IoU of their
extents, and the part of the smaller mask that lies in the larger. Not the masks' own IoU, which is low exactly where
the closer look gains most (a thin cross in a 12-megapixel picture: 0.42, while IoU with the truth rises to 0.98)."""
SLACK = 0.1
"""How far the mask may leave a box, as a part of the box's side."""
OUTSIDE = -10.0
"""Logit of what is not in the picture."""

Field = npt.NDArray[np.float32]


def region_of(prompt: Prompt, mask: Mask) -> Region | None:
    """Where to look closer, in image pixels, or None where that gains nothing.

    Args:
        prompt: its `crop` says whether and where.
        mask: the whole image's answer to it.

    An automatic region waits for the second prompt or a box: after one click the answer may be a part, and a closer
    look would lock it in (measured: IoU of the first click fell from 0.64 to 0.49).
    """
    crop = prompt.crop
    wanted = _object(prompt, mask)
    if crop is None or wanted is None:
        return None
    if isinstance(crop, Box):
        region = _snapped(crop, width=mask.width, height=mask.height)
        apart = wanted.x1 <= region[0] or wanted.x0 >= region[2] or wanted.y1 <= region[1] or wanted.y0 >= region[3]
        return None if apart or _share(region, mask) >= ASKED_SHARE else region
    if prompt.box is None and len(prompt.points) + (prompt.mask is not None) < 2:
        return None
    side = max(wanted.x1 - wanted.x0, wanted.y1 - wanted.y0) * (1 + 2 * MARGIN)
    region = _snapped(_square(wanted, max(side, SMALLEST), mask), width=mask.width, height=mask.height)
    return None if _share(region, mask) >= AUTO_SHARE else region


def source_of(source: ImageSource, region: Region) -> ImageSource:
    """The part of an image as a picture to encode."""
    x0, y0, x1, y1 = region

    def load() -> RGBArray:
        return np.ascontiguousarray(source.load()[y0:y1, x0:x1])

    return ImageSource(source.key, x1 - x0, y1 - y0, load, region)


def prompt_in(region: Region, prompt: Prompt, mask: Mask) -> Prompt:
    """The prompt in the region's pixels.

    Points outside speak of what the closer look doesn't show: they are left out, and asked again by `agrees`. Without
    a box the whole answer's extent stands in for one, because from logits alone the model loses the object.
    """
    x0, y0, x1, y1 = region
    wanted = prompt.box or _object(prompt, mask)
    box = None if wanted is None else _clipped(wanted, region)
    points = tuple(
        Point(point.x - x0, point.y - y0, point.label)
        for point in prompt.points
        if x0 <= point.x <= x1 and y0 <= point.y <= y1
    )
    return Prompt(points=points, box=None if box is None else Box(box.x0 - x0, box.y0 - y0, box.x1 - x0, box.y1 - y0))


def seed(field: Field, embedding: Embedding) -> LogitsArray:
    """(256, 256) logits of the region's embedding that say what the whole answer's field of the region says."""
    height, width = (max(1, round(extent)) for extent in embedding.frame)
    smaller = field.shape[0] > height or field.shape[1] > width
    logits = np.full((256, 256), OUTSIDE, np.float32)
    way = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
    logits[:height, :width] = cv2.resize(field, (width, height), interpolation=way).reshape(height, width)
    return logits


def key_of_seed(logits: LogitsArray) -> str:
    """What tells one seed from another."""
    return hashlib.blake2b(np.ascontiguousarray(logits).tobytes(), digest_size=16).hexdigest()


def pasted(whole: Mask, far: Field, near: Field, region: Region) -> Mask:
    """The closer look's answer inside the region, the whole answer outside.

    Both are logits: towards the region's edges (not those that are the image's) the closer look's weight falls to
    nothing, so that an outline that crosses the edge goes on without a step.

    Args:
        far, near: (height, width) logits of the region from the whole answer and from the closer look.
    """
    x0, y0, x1, y1 = region
    across = _weight(x1 - x0, x0 > 0, x1 < whole.width)
    down = _weight(y1 - y0, y0 > 0, y1 < whole.height)
    weight = np.minimum(down[:, None], across[None, :])
    inside = far + weight * (near - far) > 0
    left, top, columns, rows = whole.bbox
    if columns and (left < x0 or top < y0 or left + columns > x1 or top + rows > y1):
        array = whole.to_array()
        array[y0:y1, x0:x1] = inside
        return Mask.from_array(array)
    return Mask.from_crop(inside, x=x0, y=y0, height=whole.height, width=whole.width)


def agrees(mask: Mask, whole: Mask, prompt: Prompt) -> bool:
    """Whether a closer look's mask does what the prompts say and shows the same object as the whole answer."""
    left, top, columns, rows = mask.bbox
    if not columns or not _alike(mask, whole):
        return False
    if prompt.box is not None:
        box = prompt.box
        across, down = (box.x1 - box.x0) * SLACK + 1, (box.y1 - box.y0) * SLACK + 1
        if left < box.x0 - across or left + columns > box.x1 + across:
            return False
        if top < box.y0 - down or top + rows > box.y1 + down:
            return False
    array = mask.to_array() if prompt.points else None
    return array is None or all(
        array[min(int(point.y), mask.height - 1), min(int(point.x), mask.width - 1)] == (point.label != BACKGROUND)
        for point in prompt.points
    )


def _alike(mask: Mask, whole: Mask) -> bool:
    (x, y, width, height), (u, v, columns, rows) = mask.bbox, whole.bbox
    across, down = min(x + width, u + columns) - max(x, u), min(y + height, v + rows) - max(y, v)
    if across <= 0 or down <= 0:
        return False
    extents = across * down / (width * height + columns * rows - across * down)
    iou = mask.iou(whole)
    common = iou * (mask.area + whole.area) / (1 + iou)
    return extents >= SIMILAR and common >= SIMILAR * min(mask.area, whole.area)


def without(prompt: Prompt) -> Prompt:
    """The prompt as the whole image is asked."""
    return prompt if prompt.crop is None else replace(prompt, crop=None)


def _object(prompt: Prompt, mask: Mask) -> Box | None:
    """Around all that is said to belong to the object and all that the answer holds."""
    x, y, width, height = mask.bbox
    across: list[float] = [x, x + width] if width else []
    down: list[float] = [y, y + height] if width else []
    if prompt.box is not None:
        # The answer may leave the box by mistake: the box says what is meant.
        across, down = [prompt.box.x0, prompt.box.x1], [prompt.box.y0, prompt.box.y1]
    for point in prompt.points:
        if point.label != BACKGROUND:
            across, down = [*across, point.x], [*down, point.y]
    if not across or min(across) == max(across) or min(down) == max(down):
        return None
    return Box(min(across), min(down), max(across), max(down))


def _square(box: Box, side: float, mask: Mask) -> Box:
    """A square of this side around a box's centre, moved into the image and cut where it is larger than that."""
    x0, x1 = _moved((box.x0 + box.x1) / 2, side, mask.width)
    y0, y1 = _moved((box.y0 + box.y1) / 2, side, mask.height)
    return Box(x0, y0, x1, y1)


def _moved(centre: float, side: float, limit: int) -> tuple[float, float]:
    side = min(side, limit)
    start = min(max(centre - side / 2, 0.0), limit - side)
    return start, start + side


def _snapped(box: Box, *, width: int, height: int) -> Region:
    """Outwards to a coarse grid, so that the next click, or a little panning, finds the embedding there."""
    step = 2 ** max(3, math.floor(math.log2(max(box.x1 - box.x0, box.y1 - box.y0, 1) / 4)))
    return (
        math.floor(box.x0 / step) * step,
        math.floor(box.y0 / step) * step,
        min(math.ceil(box.x1 / step) * step, width),
        min(math.ceil(box.y1 / step) * step, height),
    )


def _share(region: Region, mask: Mask) -> float:
    return (region[2] - region[0]) * (region[3] - region[1]) / (mask.width * mask.height)


def _clipped(box: Box, region: Region) -> Box | None:
    x0, y0, x1, y1 = max(box.x0, region[0]), max(box.y0, region[1]), min(box.x1, region[2]), min(box.y1, region[3])
    return Box(x0, y0, x1, y1) if x0 < x1 and y0 < y1 else None


def _weight(size: int, start: bool, end: bool) -> Field:
    """(size,) rising from 0 to 1 over the band at the edges that count."""
    place = np.arange(size, dtype=np.float32)
    band = max(1.0, size * BAND)
    weight = np.ones(size, np.float32)
    if start:
        weight = np.minimum(weight, place / band)
    if end:
        weight = np.minimum(weight, (size - 1 - place) / band)
    return weight
