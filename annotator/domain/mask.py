"""Masks as values: COCO run-length encoding, the truth of every object."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from pycocotools import mask as coco

from annotator.errors import BadMask

BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Mask:
    """A binary mask in image pixels (display orientation).

    Attributes:
        height, width: size of the image in pixels.
        counts: COCO's compressed run lengths (column-major, starting with background), ASCII.
    """

    height: int
    width: int
    counts: bytes

    @classmethod
    def from_array(cls, array: npt.NDArray[Any]) -> Mask:
        """Encode an (H, W) array; every non-zero value is foreground."""
        if array.ndim != 2 or 0 in array.shape:
            raise BadMask(f"A mask must have two dimensions and at least one pixel; got shape {array.shape}.")
        return cls.from_crop(array, x=0, y=0, height=array.shape[0], width=array.shape[1])

    @classmethod
    def from_crop(cls, array: npt.NDArray[Any], *, x: int, y: int, height: int, width: int) -> Mask:
        """Encode an (h, w) array that lies at column `x`, row `y` of an otherwise empty (height, width) mask.

        The work grows with the crop, not with the image: a small object in a large photo stays cheap.
        """
        rows, columns = array.shape
        if not (x >= 0 and y >= 0 and x + columns <= width and y + rows <= height):
            raise BadMask(f"A {columns}×{rows} crop at ({x}, {y}) does not fit into a {width}×{height} mask.")
        # One guard row of background above each column makes every run start and end inside its own column.
        guarded = np.zeros((columns, rows + 2), dtype=np.int8)
        guarded[:, 1:-1] = (array != 0).T
        column, edge = np.nonzero(np.diff(guarded, axis=1))
        edges = (column + x).astype(np.int64) * height + edge + y
        starts, ends = edges[0::2], edges[1::2]
        # Runs that touch (full-height columns) are one run: an end that is the next start disappears.
        touching = starts[1:] == ends[:-1]
        starts = np.concatenate([starts[:1], starts[1:][~touching]])
        ends = np.concatenate([ends[:-1][~touching], ends[-1:]])
        runs = np.diff(np.stack([starts, ends], axis=1).ravel(), prepend=0)
        counts = [*runs.tolist(), height * width - (int(ends[-1]) if ends.size else 0)]
        if ends.size and counts[-1] == 0:
            counts.pop()
        encoded = coco.frPyObjects({"size": [height, width], "counts": counts}, height, width)
        return cls(height, width, encoded["counts"])

    @classmethod
    def from_rle(cls, rle: Any, *, height: int | None = None, width: int | None = None) -> Mask:
        """Read COCO's RLE object, compressed (`str`/`bytes`) or uncompressed (`list`).

        Args:
            rle: `{"size": [height, width], "counts": ...}`.
            height, width: the size it must have, when known.

        Raises:
            BadMask: the object is malformed, its runs don't add up to the size, or the size is another one.
        """
        size, counts = _parts(rle)
        if (height is not None and size[0] != height) or (width is not None and size[1] != width):
            raise BadMask(
                f"The mask is {size[1]}×{size[0]} but the image is {width}×{height}; send one of the image's size.",
                field="rle.size",
            )
        runs = counts if isinstance(counts, list) else decode_counts(counts)
        if any(type(run) is not int or run < 0 for run in runs) or sum(runs) != size[0] * size[1]:
            raise BadMask(
                f"The run lengths don't add up to {size[1]}×{size[0]} = {size[0] * size[1]} pixels.", field="rle.counts"
            )
        if isinstance(counts, list):
            counts = coco.frPyObjects({"size": size, "counts": counts}, *size)["counts"]
        return cls(size[0], size[1], counts)

    def to_array(self) -> BoolArray:
        """Decode to a (height, width) boolean array."""
        array: BoolArray = coco.decode(self._coco()).astype(bool)
        return array

    def to_rle(self) -> dict[str, Any]:
        """COCO's compressed RLE object, ready for JSON."""
        return {"size": [self.height, self.width], "counts": self.counts.decode("ascii")}

    @property
    def area(self) -> int:
        """Number of foreground pixels."""
        return int(coco.area(self._coco()))

    @property
    def bbox(self) -> tuple[int, int, int, int]:
        """(x, y, width, height) of the foreground in pixels; all zero for an empty mask."""
        x, y, width, height = (int(value) for value in coco.toBbox(self._coco()))
        return x, y, width, height

    def iou(self, other: Mask) -> float:
        """Intersection over union; 1.0 for two empty masks.

        Raises:
            BadMask: the sizes differ.
        """
        if (self.height, self.width) != (other.height, other.width):
            raise BadMask(
                f"Masks of {self.width}×{self.height} and {other.width}×{other.height} pixels can't be compared."
            )
        if self.area == 0 and other.area == 0:
            return 1.0
        return float(coco.iou([self._coco()], [other._coco()], [0])[0][0])

    def _coco(self) -> dict[str, Any]:
        return {"size": [self.height, self.width], "counts": self.counts}


def decode_counts(counts: bytes) -> list[int]:
    """Run lengths of COCO's compressed string: LEB128-like, from the fourth on relative to the one before the last.

    Done here and not by pycocotools because its C code does not check the bounds of what a stranger sends.

    Source: `rleFrString` of the COCO API's maskApi.c.

    Raises:
        BadMask: a character is not of the alphabet or the string ends inside a number.
    """
    runs: list[int] = []
    value, shift = 0, 0
    for byte in counts:
        digit = byte - 48
        if not 0 <= digit < 64 or shift > 35:
            raise BadMask("The compressed run lengths hold a character that COCO's alphabet lacks.", field="rle.counts")
        value |= (digit & 0x1F) << shift
        shift += 5
        if digit & 0x20:
            continue
        if digit & 0x10:
            value -= 1 << shift
        runs.append(value + runs[-2] if len(runs) > 2 else value)
        value, shift = 0, 0
    if shift:
        raise BadMask("The compressed run lengths end in the middle of a number.", field="rle.counts")
    return runs


def _parts(rle: Any) -> tuple[list[int], bytes | list[int]]:
    if not isinstance(rle, dict) or "size" not in rle or "counts" not in rle:
        raise BadMask('A mask must be an object {"size": [height, width], "counts": ...}.', field="rle")
    size, counts = rle["size"], rle["counts"]
    if not (isinstance(size, (list, tuple)) and len(size) == 2 and all(type(n) is int and 0 < n < 2**16 for n in size)):
        raise BadMask("The size of a mask must be [height, width] in pixels, each from 1 to 65535.", field="rle.size")
    if isinstance(counts, str):
        try:
            counts = counts.encode("ascii")
        except UnicodeEncodeError:
            raise BadMask("The compressed run lengths must be ASCII.", field="rle.counts") from None
    if not isinstance(counts, (bytes, list)):
        raise BadMask("The counts of a mask must be a string or a list of integers.", field="rle.counts")
    return list(size), counts
