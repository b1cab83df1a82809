"""Which pictures look the same: a perceptual hash of 64 bits, and pictures whose hashes differ in few of them.

Resizing, compressing and brightening a picture change few bits of its hash; another picture differs in about half.
Measured on 50 frames of ten videos: changed copies differ in 8 bits at most, frames of different videos in 18 at least.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from annotator.images.decode import scaled

BITS = 64
SAME = 8
"""Pictures that differ in at most this many bits look the same."""
MAX_DISTANCE = 16
"""Largest number of differing bits that is looked for; from there on pictures are not alike."""

_SIDE, _LOW = 32, 8
_READ = 256  # longest side in pixels that a file is decoded to: enough for 32 × 32, and JPEGs are fast to read at it


def perceptual_hash(pixels: npt.NDArray[np.uint8]) -> int:
    """A 64-bit hash of what an (H, W, 3) RGB picture shows.

    The brightness at 32 × 32 pixels is transformed to frequencies (DCT); of the 8 × 8 lowest ones, without the mean
    brightness in front, each bit says whether one is above their median.

    Source: Zauner, "Implementation and Benchmarking of Perceptual Image Hash Functions", 2010, section 3.2.1.
    """
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    small = cv2.resize(grey, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA).astype(np.float32)
    low = cv2.dct(small)[1 : _LOW + 1, 1 : _LOW + 1]
    # A picture of one colour has no frequencies but rounding errors, which must not look like a pattern.
    bits = (np.where(np.abs(low) < 1e-2, 0, low) > np.median(low)).ravel()
    return int.from_bytes(np.packbits(bits).tobytes(), "big")


def hash_file(path: Path) -> int:
    """The perceptual hash of a picture file, in display orientation.

    Raises:
        ImageProblem: the file can't be shown as an image; the message says why.
    """
    return perceptual_hash(scaled(path, _READ).pixels)


def near_pairs(hashes: Sequence[int], *, distance: int) -> Iterator[tuple[int, int, int]]:
    """(i, j, bits that differ) with i < j for pictures that differ in at most `distance` bits, each once.

    Pictures with equal hashes are only paired with the first one that has this hash.

    Two hashes that differ in at most d bits agree completely in one of d + 1 pieces of them, so that only hashes that
    share a piece are compared: for 5,000 pictures and 5 bits a few thousand pairs instead of twelve million.

    Source: Norouzi, Punjani and Fleet, "Fast Search in Hamming Space with Multi-Index Hashing", 2012.

    Raises:
        ValueError: the distance is not from 0 to `MAX_DISTANCE`.
    """
    if not 0 <= distance <= MAX_DISTANCE:
        raise ValueError(f"The distance is {distance}; use 0 to {MAX_DISTANCE} bits.")
    first: dict[int, int] = {}
    for index, value in enumerate(hashes):
        if first.setdefault(value, index) != index:
            yield first[value], index, 0
    values = np.fromiter(first, dtype=np.uint64, count=len(first))
    owners = np.fromiter(first.values(), dtype=np.int64, count=len(first))
    pieces = _pieces(distance + 1)
    for number, (shift, mask) in enumerate(pieces):
        for one, others in _sharing((values >> shift) & mask):
            difference = values[others] ^ values[one]
            bits = _ones(difference)
            near = bits <= distance
            for earlier_shift, earlier_mask in pieces[:number]:  # found there already
                near &= (difference >> earlier_shift) & earlier_mask != 0
            for other, differing in zip(owners[others[near]].tolist(), bits[near].tolist(), strict=True):
                yield min(int(owners[one]), other), max(int(owners[one]), other), differing


def groups(hashes: Sequence[int], *, distance: int) -> list[tuple[int, ...]]:
    """Indices of pictures that look the same, in groups of two or more, each in ascending order.

    Who is near to a member of a group belongs to it: no two near pictures are in different groups, which is what keeps
    a training set apart from a test set. Two members may differ in more than `distance` bits.

    Raises:
        ValueError: as `near_pairs`.
    """
    leader = list(range(len(hashes)))

    def find(index: int) -> int:
        while leader[index] != index:
            leader[index] = leader[leader[index]]
            index = leader[index]
        return index

    for one, other, _ in near_pairs(hashes, distance=distance):
        low, high = sorted((find(one), find(other)))
        leader[high] = low
    members: dict[int, list[int]] = {}
    for index in range(len(hashes)):
        members.setdefault(find(index), []).append(index)
    return [tuple(group) for group in members.values() if len(group) > 1]


def _pieces(count: int) -> list[tuple[np.uint64, np.uint64]]:
    """Shift and mask of each of `count` nearly equal pieces of a hash."""
    edges = [BITS * number // count for number in range(count + 1)]
    return [(np.uint64(start), np.uint64(2 ** (end - start) - 1)) for start, end in itertools.pairwise(edges)]


def _sharing(keys: npt.NDArray[np.uint64]) -> Iterator[tuple[int, npt.NDArray[np.int64]]]:
    """Each index with the later ones, in the order of keys, that have the same key."""
    order = np.argsort(keys, kind="stable")
    ends = np.searchsorted(keys[order], keys[order], side="right")
    for place, end in enumerate(ends.tolist()):
        if end > place + 1:
            yield int(order[place]), order[place + 1 : end]


def _ones(values: npt.NDArray[np.uint64]) -> npt.NDArray[np.int64]:
    """Number of set bits of each value."""
    octets = values.view(np.uint8).reshape(-1, 8)
    counts: npt.NDArray[np.int64] = np.unpackbits(octets, axis=1).sum(axis=1, dtype=np.int64)
    return counts
