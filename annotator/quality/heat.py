"""Where on the images objects are: a small grid, filled from run lengths without making pixels."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import numpy.typing as npt

from annotator.domain.runs import Strokes

GRID = 32
"""Cells on each side."""

_AT_ONCE = 1 << 16  # strokes: the memory for them stays at some ten megabytes

Floats = npt.NDArray[np.floating[Any]]


class Heat:
    """Adds up which share of each cell is covered by objects, every image stretched to the same square."""

    def __init__(self) -> None:
        self._sum = np.zeros((GRID, GRID))

    def add(self, strokes: Strokes) -> None:
        """Add an object."""
        columns = _overlaps(strokes.width)
        scale = GRID / strokes.height
        for start in range(0, strokes.x.size, _AT_ONCE):
            part = slice(start, start + _AT_ONCE)
            rows = _covered(strokes.top[part] * scale, strokes.bottom[part] * scale)
            self._sum += rows.T @ columns[strokes.x[part]]

    def mean(self, images: int) -> Floats:
        """(GRID, GRID) mean number of objects in each cell, rows from top to bottom."""
        return self._sum / max(images, 1)


@functools.lru_cache(maxsize=16)
def _overlaps(width: int) -> Floats:
    """(width, GRID) share of each column of cells that a column of pixels covers."""
    edges = np.arange(width + 1) * (GRID / width)
    return _covered(edges[:-1], edges[1:])


def _covered(start: Floats, end: Floats) -> Floats:
    """(N, GRID) overlap of N intervals with the unit intervals from 0 to GRID."""
    cells = np.arange(GRID)
    overlap: Floats = np.clip(end[:, None] - cells, 0, 1) - np.clip(start[:, None] - cells, 0, 1)
    return overlap
