"""Clean-ups of a mask: pure functions whose result says how many pixels came and went.

Foreground is 8-connected and background 4-connected, as in `polygon.has_holes`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
from pycocotools import mask as coco

from annotator.domain.mask import Mask
from annotator.errors import BadMask, InvalidInput

MAX_SMOOTHING = 50.0
"""Largest strength of `smooth` in image pixels."""

Bits = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Edited:
    """A changed mask, and the numbers of pixels that are new and gone in it."""

    mask: Mask
    added: int
    removed: int


SPECK = 100
"""Pixels of a part that counts as a speck, unless told otherwise."""


def edited(
    operation: str, mask: Mask, *, up_to: int | None = None, strength: float = 2.0, others: Sequence[Mask] = ()
) -> Edited:
    """Do an operation by its name: that of one of the functions below.

    Args:
        up_to: pixels of a hole or a speck; None: holes of every size, specks of up to `SPECK`.
        strength: of the smoothing, in pixels.
        others: masks to merge with, subtract or intersect.

    Raises:
        KeyError: there is no such operation.
    """
    operations: dict[str, Callable[[], Edited]] = {
        "fill_holes": lambda: fill_holes(mask, up_to=up_to),
        "remove_specks": lambda: remove_specks(mask, up_to=SPECK if up_to is None else up_to),
        "keep_largest": lambda: keep_largest(mask),
        "smooth": lambda: smooth(mask, strength=strength),
        "merge": lambda: merge(mask, others),
        "subtract": lambda: subtract(mask, others),
        "intersect": lambda: intersect(mask, others),
    }
    return operations[operation]()


def fill_holes(mask: Mask, *, up_to: int | None = None) -> Edited:
    """Fill enclosed background of at most `up_to` pixels; None fills every hole."""
    crop = _cropped(mask, margin=1)
    labels, sizes = _parts(1 - crop.bits, connectivity=4)
    outside = np.unique(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]]))
    small = sizes <= (np.inf if up_to is None else up_to)
    small[[0, *outside]] = False
    return _changed(mask, crop.bits | small[labels], crop)


def remove_specks(mask: Mask, *, up_to: int) -> Edited:
    """Remove separate parts of at most `up_to` pixels."""
    crop = _cropped(mask)
    labels, sizes = _parts(crop.bits, connectivity=8)
    large = sizes > up_to
    large[0] = False
    return _changed(mask, large[labels], crop)


def keep_largest(mask: Mask) -> Edited:
    """Keep the largest part only; of equally large ones the topmost."""
    crop = _cropped(mask)
    labels, sizes = _parts(crop.bits, connectivity=8)
    if len(sizes) == 1:
        return Edited(mask, 0, 0)
    return _changed(mask, labels == 1 + int(np.argmax(sizes[1:])), crop)


def smooth(mask: Mask, *, strength: float) -> Edited:
    """Round the outline: blur with a Gaussian of `strength` pixels (its sigma) and cut at one half.

    Beyond the image's border the mask goes on as it is there, so that an object at the border does not shrink from it.

    Raises:
        InvalidInput: the strength is not above 0 and at most `MAX_SMOOTHING`.
    """
    if not 0 < strength <= MAX_SMOOTHING:
        raise InvalidInput(
            f"The strength of smoothing is {strength}; use more than 0 and at most {MAX_SMOOTHING:g} pixels.",
            field="strength",
        )
    crop = _cropped(mask, margin=int(np.ceil(3 * strength)))
    if mask.area == 0:
        return Edited(mask, 0, 0)
    radius = int(np.ceil(3 * strength))
    wide = np.pad(crop.bits.astype(np.float32), radius, mode="edge")
    # Exact ties (a straight outline at the border of two pixels) must not depend on rounding: they stay as they are.
    blurred = cv2.GaussianBlur(wide, (2 * radius + 1, 2 * radius + 1), strength)[radius:-radius, radius:-radius]
    tie = np.abs(blurred - 0.5) < 1e-5
    return _changed(mask, np.where(tie, crop.bits == 1, blurred > 0.5), crop)


def split(mask: Mask) -> tuple[Mask, ...]:
    """The separate parts, the largest first."""
    crop = _cropped(mask)
    labels, sizes = _parts(crop.bits, connectivity=8)
    order = sorted(range(1, len(sizes)), key=lambda index: -sizes[index])
    return tuple(_placed(labels == index, mask, crop) for index in order)


def merge(mask: Mask, others: Sequence[Mask]) -> Edited:
    """The union with all of `others`."""
    return _compared(mask, _union([mask, *others], mask))


def subtract(mask: Mask, others: Sequence[Mask]) -> Edited:
    """Without what belongs to any of `others`; also what "no overlap with existing objects" does."""
    crop = _cropped(mask)
    theirs = _window(_union(others, mask), crop)
    return _changed(mask, crop.bits & (1 - theirs), crop)


def intersect(mask: Mask, others: Sequence[Mask]) -> Edited:
    """Only what belongs to at least one of `others` too."""
    crop = _cropped(mask)
    return _changed(mask, crop.bits & _window(_union(others, mask), crop), crop)


@dataclass(frozen=True, slots=True)
class _Crop:
    """A mask's (h, w) pixels around its foreground, and where their top left corner is."""

    bits: Bits
    x: int
    y: int


def _cropped(mask: Mask, *, margin: int = 0) -> _Crop:
    """The bounding box with a margin that ends at the image's border; 1 × 1 background for an empty mask."""
    x, y, width, height = mask.bbox
    left, top = max(0, x - margin), max(0, y - margin)
    right, bottom = min(mask.width, x + width + margin), min(mask.height, y + height + margin)
    return _Crop(
        np.ascontiguousarray(_pixels(mask)[top : max(bottom, top + 1), left : max(right, left + 1)]), left, top
    )


def _pixels(mask: Mask) -> Bits:
    pixels: Bits = coco.decode({"size": [mask.height, mask.width], "counts": mask.counts})
    return pixels


def _window(mask: Mask, crop: _Crop) -> Bits:
    height, width = crop.bits.shape
    return _pixels(mask)[crop.y : crop.y + height, crop.x : crop.x + width]


def _parts(bits: Bits, *, connectivity: int) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float64]]:
    """(h, w) numbers of the connected parts, 0 where there is none, and each number's count of pixels."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(
        np.ascontiguousarray(bits), connectivity=connectivity, ltype=cv2.CV_32S
    )
    return np.asarray(labels, dtype=np.int32), stats[:, cv2.CC_STAT_AREA].astype(np.float64)


def _union(masks: Sequence[Mask], like: Mask) -> Mask:
    """The union in COCO's run lengths, which never makes the pixels.

    Raises:
        BadMask: one has another size.
    """
    for other in masks:
        if (other.height, other.width) != (like.height, like.width):
            raise BadMask(
                f"Masks of {like.width}×{like.height} and {other.width}×{other.height} pixels can't be combined."
            )
    parts = [{"size": [other.height, other.width], "counts": other.counts} for other in masks]
    if not parts:
        return Mask.from_crop(np.zeros((1, 1), dtype=np.uint8), x=0, y=0, height=like.height, width=like.width)
    return Mask(like.height, like.width, coco.merge(parts)["counts"])


def _placed(bits: npt.NDArray[np.generic], mask: Mask, crop: _Crop) -> Mask:
    return Mask.from_crop(bits, x=crop.x, y=crop.y, height=mask.height, width=mask.width)


def _changed(mask: Mask, bits: npt.NDArray[np.generic], crop: _Crop) -> Edited:
    before, after = crop.bits != 0, bits != 0
    return Edited(
        _placed(after, mask, crop),
        int(np.count_nonzero(after & ~before)),
        int(np.count_nonzero(before & ~after)),
    )


def _compared(before: Mask, after: Mask) -> Edited:
    """For a union, which only adds."""
    return Edited(after, after.area - before.area, 0)
