"""Polygons: a view of a mask that pycocotools turns back into it, bit for bit."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from PIL import Image

from annotator.domain.mask import Mask
from annotator.domain.polygon import filled, from_polygons, has_holes, polygons
from annotator.errors import BadMask
from tests.paths import shared

noise = arrays(bool, array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=16))


@st.composite
def blobs(draw: st.DrawFn) -> np.ndarray:
    """Unions and differences of rectangles: parts, holes and pixels that touch at corners."""
    height, width = draw(st.integers(2, 60)), draw(st.integers(2, 60))
    array = np.zeros((height, width), bool)
    for _ in range(draw(st.integers(1, 8))):
        y, x = draw(st.integers(0, height - 1)), draw(st.integers(0, width - 1))
        array[y : y + draw(st.integers(1, 30)), x : x + draw(st.integers(1, 30))] = draw(st.booleans())
    return array


def without_holes(array: np.ndarray) -> np.ndarray:
    """Background that is not reached from outside, by steps to the four neighbours, becomes foreground."""
    padded = np.pad(array, 1)
    outside = np.zeros_like(padded)
    waiting = [(0, 0)]
    while waiting:
        y, x = waiting.pop()
        inside = 0 <= y < padded.shape[0] and 0 <= x < padded.shape[1]
        if inside and not padded[y, x] and not outside[y, x]:
            outside[y, x] = True
            waiting += [(y + 1, x), (y - 1, x), (y, x + 1), (y, x - 1)]
    return ~outside[1:-1, 1:-1]


@given(st.one_of(noise, blobs()))
def test_polygons_draw_the_mask_with_its_holes_filled(array: np.ndarray) -> None:
    mask = Mask.from_array(array)
    solid = without_holes(array)
    assert (filled(mask).to_array() == solid).all()
    assert has_holes(mask) == bool((solid != array).any())
    contours = polygons(mask)
    if not array.any():
        assert contours == []
        return
    drawn = from_polygons(contours, height=mask.height, width=mask.width)
    assert (drawn.to_array() == solid).all()
    assert drawn == filled(mask)


@given(blobs(), st.integers(0, 40), st.integers(0, 40))
def test_polygons_move_with_the_mask(array: np.ndarray, x: int, y: int) -> None:
    near = Mask.from_array(array)
    far = Mask.from_crop(array, x=x, y=y, height=array.shape[0] + 50, width=array.shape[1] + 50)
    moved = [(np.reshape(contour, (-1, 2)) + np.array([x, y])).ravel().tolist() for contour in polygons(near)]
    assert polygons(far) == moved


def test_vertices_lie_a_quarter_pixel_inside_the_outline() -> None:
    array = np.zeros((6, 9), bool)
    array[2:4, 5:8] = True
    (contour,) = polygons(Mask.from_array(array))
    points = np.reshape(contour, (-1, 2))
    assert sorted(map(tuple, points.tolist())) == [(5.25, 2.25), (5.25, 3.75), (7.75, 2.25), (7.75, 3.75)]


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (7, 1), (480, 854)])
def test_a_full_mask_survives(shape: tuple[int, int]) -> None:
    mask = Mask.from_array(np.ones(shape, bool))
    assert from_polygons(polygons(mask), height=shape[0], width=shape[1]) == mask


def test_photos_survive_with_their_holes_filled() -> None:
    paths = sorted(shared("davis", "masks").rglob("*.png"))
    assert len(paths) == 50
    for path in paths:
        mask = Mask.from_array(np.array(Image.open(path)) > 0)
        assert from_polygons(polygons(mask), height=mask.height, width=mask.width) == filled(mask)


def test_nuclei_survive_with_their_holes_filled() -> None:
    count = 0
    for path in sorted(shared("nuclei", "labels").glob("*.png")):
        labels = np.array(Image.open(path))
        for number in np.unique(labels)[1:]:
            mask = Mask.from_array(labels == number)
            assert from_polygons(polygons(mask), height=mask.height, width=mask.width) == filled(mask)
            count += 1
    assert count > 400


def test_objects_of_coco_survive_with_their_holes_filled() -> None:
    rows = json.loads(shared("coco_rle", "instances_val2014_fakesegm100_results.json").read_text())
    for row in rows:
        mask = Mask.from_rle(row["segmentation"])
        assert from_polygons(polygons(mask), height=mask.height, width=mask.width) == filled(mask)


@pytest.mark.parametrize(
    ("given_polygons", "reason"),
    [
        ([], "at least one"),
        ([[1, 1, 2, 2]], "three points"),
        ([[1, 1, 2, 2, 3, 3, 4]], "three points"),
        ([[1, 1, 2, 2, float("nan"), 3]], "no number"),
        ([[1, 1, 2, 2, 1e9, 3]], "far outside"),
    ],
)
def test_unusable_polygons_are_refused(given_polygons: list[list[float]], reason: str) -> None:
    with pytest.raises(BadMask, match=reason):
        from_polygons(given_polygons, height=20, width=30)
