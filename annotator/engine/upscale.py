"""From a model's low-resolution logits to masks of the image, and back.

SAM upscales its 256×256 logits bilinearly to its 1024×1024 input, cuts the padding off, and scales bilinearly to the
image's size (`Sam.postprocess_masks`); SAM 2, which does not pad, scales once. Both steps are linear and separable, so
together they are one matrix a side, `rows @ logits @ columns.T`. The product is evaluated only where its sign is open,
along the outline: a small object in a large photo costs little time and memory.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from annotator.domain.mask import Mask
from annotator.engine.predictor import Embedding, LogitsArray
from annotator.engine.values import Region

STRIP = 64  # image columns worked on at a time
CONFIDENCE = 20.0  # logit given to the inside of a mask prompt; the outside gets its negative


def to_mask(logits: LogitsArray, embedding: Embedding) -> Mask:
    """The mask of the image's size that SAM's own post-processing gives: logits above 0 after bilinear upscaling."""
    return _scaled(logits, embedding, height=embedding.height, width=embedding.width)


def to_low_res(logits: LogitsArray, embedding: Embedding) -> tuple[Mask, int, tuple[int, int, int, int]]:
    """A small mask that covers the whole image, for showing candidates that were not chosen.

    Returns:
        the mask, at most as large as the logits' part that shows the image; its estimated area in image pixels; its
        estimated bounding box (x, y, width, height) in image pixels.
    """
    height = min(embedding.height, max(1, math.ceil(embedding.frame[0])))
    width = min(embedding.width, max(1, math.ceil(embedding.frame[1])))
    mask = _scaled(logits, embedding, height=height, width=width)
    across, down = embedding.width / width, embedding.height / height
    x, y, columns, rows = mask.bbox
    left, top = round(x * across), round(y * down)
    bbox = left, top, round((x + columns) * across) - left, round((y + rows) * down) - top
    return mask, round(mask.area * across * down), bbox


def field(logits: LogitsArray, embedding: Embedding, region: Region) -> npt.NDArray[np.float32]:
    """The logits upscaled to the image's size, in a region of it only: (y1 - y0, x1 - x0)."""
    x0, y0, x1, y1 = region
    rows = _axis(embedding.height, logits.shape[0], embedding.frame[0], embedding.via)
    columns = _axis(embedding.width, logits.shape[1], embedding.frame[1], embedding.via)
    return np.asarray(rows.weights[y0:y1] @ logits @ columns.weights[x0:x1].T, np.float32)


def from_mask(mask: Mask, embedding: Embedding) -> LogitsArray:
    """(256, 256) logits that stand for a mask of the image's size, as a prompt: its coverage of each logits pixel."""
    height, width = (max(1, round(extent)) for extent in embedding.frame)
    array = mask.to_array().view(np.uint8)
    shrunk = cv2.resize(
        array * np.uint8(255), (min(width, mask.width), min(height, mask.height)), interpolation=cv2.INTER_AREA
    )
    coverage = cv2.resize(shrunk, (width, height), interpolation=cv2.INTER_LINEAR).reshape(height, width)
    logits = np.full((256, 256), -CONFIDENCE, np.float32)
    logits[:height, :width] = (coverage.astype(np.float32) / 127.5 - 1) * CONFIDENCE
    return logits


@dataclass(frozen=True, slots=True)
class _Axis:
    """The upscaling along one axis.

    Attributes:
        weights: (target, source) matrix, a few neighbouring weights a row.
        first, last: (target,) the first and the last source pixel that has a weight.
    """

    weights: npt.NDArray[np.float32]
    first: npt.NDArray[np.intp]
    last: npt.NDArray[np.intp]

    def touched(self, source: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
        """(target,) whether a pixel reads any of these source pixels."""
        before = np.concatenate([[0], np.cumsum(source)])
        hits: npt.NDArray[np.bool_] = before[self.last + 1] > before[self.first]
        return hits


def _scaled(logits: LogitsArray, embedding: Embedding, *, height: int, width: int) -> Mask:
    positive = logits > 0
    rows = _axis(height, logits.shape[0], embedding.frame[0], embedding.via)
    columns = _axis(width, logits.shape[1], embedding.frame[1], embedding.via)
    y0, y1 = _extent(rows.touched(_any(positive)))
    x0, x1 = _extent(columns.touched(_any(positive.T)))
    if y0 == y1 or x0 == x1:
        return Mask.from_crop(np.zeros((1, 1), np.uint8), x=0, y=0, height=height, width=width)
    # Column by column, as COCO's run lengths go: from_crop then reads the transposed array in memory order.
    crop = np.zeros((x1 - x0, y1 - y0), bool)
    for start in range(x0, x1, STRIP):
        end = min(start + STRIP, x1)
        a, b = columns.first[start], columns.last[end - 1] + 1
        inside, outside = rows.touched(_any(positive[:, a:b])), rows.touched(_any(~positive[:, a:b]))
        crop[start - x0 : end - x0] = (inside & ~outside)[y0:y1]
        across = columns.weights[start:end, a:b] @ logits[:, a:b].T
        for top, bottom in _runs(inside & outside):
            c, d = rows.first[top], rows.last[bottom - 1] + 1
            values = across[:, c:d] @ rows.weights[top:bottom, c:d].T
            crop[start - x0 : end - x0, top - y0 : bottom - y0] = values > 0
    return Mask.from_crop(crop.T, x=x0, y=y0, height=height, width=width)


@lru_cache(maxsize=16)
def _axis(target: int, low: int, frame: float, via: int | None) -> _Axis:
    if via is None:
        extent = max(1, round(frame))
        weights = np.pad(_bilinear(target, extent), ((0, 0), (0, low - extent)))
    else:
        valid = max(1, round(frame * via / low))
        first = _bilinear(via, low)[:valid]
        lower, weight = _taps(target, valid)
        upper = np.minimum(lower + 1, valid - 1)
        weights = first[lower] * (1 - weight)[:, None] + first[upper] * weight[:, None]
    reads = weights > 0
    return _Axis(weights.astype(np.float32), reads.argmax(axis=1), low - 1 - reads[:, ::-1].argmax(axis=1))


def _bilinear(target: int, source: int) -> npt.NDArray[np.float64]:
    lower, weight = _taps(target, source)
    matrix = np.zeros((target, source))
    index = np.arange(target)
    matrix[index, lower] += 1 - weight
    matrix[index, np.minimum(lower + 1, source - 1)] += weight
    return matrix


def _taps(target: int, source: int) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.float64]]:
    """For each target pixel the lower of its two source pixels and the weight of the upper one (half-pixel centres)."""
    position = np.clip((np.arange(target) + 0.5) * source / target - 0.5, 0, source - 1)
    lower = np.floor(position).astype(np.intp)
    return lower, position - lower


def _any(hits: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Whether there is a hit in a row."""
    return np.asarray(hits.any(axis=1))


def _extent(hits: npt.NDArray[np.bool_]) -> tuple[int, int]:
    """From the first hit to behind the last; (0, 0) without any."""
    where = np.flatnonzero(hits)
    return (int(where[0]), int(where[-1]) + 1) if where.size else (0, 0)


def _runs(hits: npt.NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """Start and end of each run of hits."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], hits, [False]]).view(np.int8)))
    return zip(edges[0::2].tolist(), edges[1::2].tolist(), strict=True)
