"""The regions of equal value in a label map, one mask each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from annotator.domain.mask import Mask
from annotator.errors import InvalidInput

MAX_VALUES = 1 << 16
"""More different values are a photo, not a label map."""


@dataclass(frozen=True, slots=True)
class Region:
    """All pixels of one value.

    Attributes:
        value: the value.
        box: (left, top, right, bottom) in pixels, right and bottom excluded.
        inside: (bottom - top, right - left), true where the value is.
    """

    value: int
    box: tuple[int, int, int, int]
    inside: npt.NDArray[np.bool_]

    def mask(self, *, height: int, width: int) -> Mask:
        """The region as a mask of the whole image."""
        return Mask.from_crop(self.inside, x=self.box[0], y=self.box[1], height=height, width=width)


def regions(values: npt.NDArray[Any], *, skip: frozenset[int] = frozenset({0})) -> Iterator[Region]:
    """The regions of an (H, W) array of integers in the order of their values, connected or not.

    Memory is one region's, and the time for many small regions is that of two passes, not one pass for each.

    Raises:
        InvalidInput: there are so many values that it is no label map.
    """
    rows, columns = _extent(values), _extent(values.T)
    for value in sorted(rows.keys() - skip):
        (top, bottom), (left, right) = rows[value], columns[value]
        yield Region(value, (left, top, right, bottom), values[top:bottom, left:right] == value)


def _extent(values: npt.NDArray[Any]) -> dict[int, tuple[int, int]]:
    """First row and the row behind the last one by value."""
    found: dict[int, tuple[int, int]] = {}
    for index, row in enumerate(values):
        for value in np.unique(row).tolist():
            found[value] = (found[value][0] if value in found else index, index + 1)
        if len(found) > MAX_VALUES:
            raise InvalidInput(f"It has more than {MAX_VALUES} different values: it is a photo and no label map.")
    return found
