"""Parts, holes and overlaps of objects agree with a flood fill and with the pixels."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from annotator.domain.mask import Mask
from annotator.exporters.base import ExportAnnotation, ExportImage
from annotator.quality.shapes import Looked, Shape

pixels = arrays(np.bool_, array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=9))

SIDES = ((0, 1), (1, 0), (0, -1), (-1, 0))
CORNERS = ((1, 1), (1, -1), (-1, 1), (-1, -1))


def flooded(array: np.ndarray, steps: Iterable[tuple[int, int]]) -> list[set[tuple[int, int]]]:
    """The connected sets of true pixels."""
    left = {(int(y), int(x)) for y, x in np.argwhere(array)}
    found = []
    while left:
        todo = [left.pop()]
        part = set(todo)
        while todo:
            y, x = todo.pop()
            for step in steps:
                place = (y + step[0], x + step[1])
                if place in left:
                    left.remove(place)
                    part.add(place)
                    todo.append(place)
        found.append(part)
    return found


@given(pixels)
def test_parts_and_holes_are_those_of_a_flood_fill(array: np.ndarray) -> None:
    shape = Shape(ExportAnnotation(1, 1, Mask.from_array(array)))
    parts = sorted((len(part) for part in flooded(array, SIDES + CORNERS)), reverse=True)
    around = flooded(np.pad(~array, 1, constant_values=True), SIDES)
    holes = sorted((len(part) for part in around if (0, 0) not in part), reverse=True)
    assert shape.parts.tolist() == parts
    assert shape.holes.tolist() == holes


def test_a_ring_in_a_ring_has_two_parts_and_two_holes() -> None:
    array = np.zeros((20, 20), bool)
    for start, stop in ((1, 19), (5, 15)):
        array[start:stop, start:stop] = True
        array[start + 1 : stop - 1, start + 1 : stop - 1] = False
    shape = Shape(ExportAnnotation(1, 1, Mask.from_array(array)))
    assert shape.parts.tolist() == [68, 36]
    assert shape.holes.tolist() == [256 - 100, 64]


@given(st.lists(arrays(np.bool_, (7, 8)), min_size=2, max_size=5))
def test_pairs_are_those_whose_pixels_meet(arrays_: list[np.ndarray]) -> None:
    annotations = [ExportAnnotation(n, 1, Mask.from_array(array)) for n, array in enumerate(arrays_, 1)]
    looked = Looked(ExportImage("i", 1, "a.jpg", 8, 7, "done"), annotations)
    expected = {}
    for second, other in enumerate(arrays_):
        for first, one in enumerate(arrays_[:second]):
            if (one & other).any():
                expected[first, second] = (one & other).sum() / (one | other).sum()
    assert {(pair.first, pair.second): pair.iou for pair in looked.pairs} == pytest.approx(expected)
