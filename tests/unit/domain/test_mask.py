"""Masks keep every pixel, and refuse what is not a mask."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from pycocotools import mask as coco

from annotator.domain.mask import Mask, decode_counts
from annotator.errors import BadMask
from tests.paths import shared

arrays = hnp.arrays(bool, hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=24))


@given(arrays)
def test_an_array_comes_back_pixel_for_pixel(array: np.ndarray) -> None:
    assert (Mask.from_array(array).to_array() == array).all()


@given(arrays)
def test_the_encoding_is_pycocotools_byte_for_byte(array: np.ndarray) -> None:
    assert Mask.from_array(array).counts == coco.encode(np.asfortranarray(array.astype(np.uint8)))["counts"]


@given(arrays)
def test_area_and_box_are_those_of_the_pixels(array: np.ndarray) -> None:
    mask = Mask.from_array(array)
    assert mask.area == int(array.sum())
    rows, columns = np.nonzero(array)
    if rows.size:
        x, y = int(columns.min()), int(rows.min())
        assert mask.bbox == (x, y, int(columns.max()) - x + 1, int(rows.max()) - y + 1)
    else:
        assert mask.bbox == (0, 0, 0, 0)


@given(arrays, st.integers(0, 5), st.integers(0, 5), st.integers(0, 5), st.integers(0, 5))
def test_a_crop_is_the_same_as_the_whole_with_empty_margins(
    array: np.ndarray, left: int, top: int, right: int, bottom: int
) -> None:
    whole = np.pad(array, ((top, bottom), (left, right)))
    assert Mask.from_crop(array, x=left, y=top, height=whole.shape[0], width=whole.shape[1]) == Mask.from_array(whole)


@given(arrays)
def test_uncompressed_and_compressed_run_lengths_are_the_same_mask(array: np.ndarray) -> None:
    mask = Mask.from_array(array)
    size = [mask.height, mask.width]
    assert Mask.from_rle({"size": size, "counts": decode_counts(mask.counts)}) == mask
    assert Mask.from_rle(mask.to_rle()) == mask


@given(arrays, arrays)
def test_iou_is_intersection_over_union(a: np.ndarray, b: np.ndarray) -> None:
    height, width = min(a.shape[0], b.shape[0]), min(a.shape[1], b.shape[1])
    a, b = a[:height, :width], b[:height, :width]
    union = int((a | b).sum())
    expected = int((a & b).sum()) / union if union else 1.0
    assert Mask.from_array(a).iou(Mask.from_array(b)) == pytest.approx(expected)


def test_the_coco_apis_own_masks_survive_decode_and_encode_byte_for_byte() -> None:
    path = shared("coco_rle", "instances_val2014_fakesegm100_results.json")
    records = json.loads(path.read_text())
    assert len(records) == 734
    for record in records:
        mask = Mask.from_rle(record["segmentation"])
        assert Mask.from_array(mask.to_array()).to_rle() == record["segmentation"]


@pytest.mark.parametrize(
    "rle",
    [
        None,
        "04",
        {},
        {"size": [2, 2]},
        {"size": [2], "counts": [4]},
        {"size": [2, -2], "counts": [4]},
        {"size": [2, 2.0], "counts": [4]},
        {"size": [True, 4], "counts": [4]},
        {"size": [70000, 70000], "counts": [4]},
        {"size": [2, 2], "counts": [3]},
        {"size": [2, 2], "counts": [5]},
        {"size": [2, 2], "counts": [-1, 5]},
        {"size": [2, 2], "counts": [1.5, 2.5]},
        {"size": [2, 2], "counts": ["4"]},
        {"size": [2, 2], "counts": {}},
        {"size": [2, 2], "counts": "é"},
        {"size": [2, 2], "counts": "!"},
        {"size": [2, 2], "counts": "P"},
        {"size": [2, 2], "counts": "oooooooooo0"},
    ],
)
def test_what_is_not_a_mask_is_refused_with_a_sentence(rle: object) -> None:
    with pytest.raises(BadMask, match=r"\.$|\)\.$|\}\.$"):
        Mask.from_rle(rle)


@given(st.text(st.characters(min_codepoint=48, max_codepoint=111), max_size=30))
def test_any_string_of_cocos_alphabet_is_a_mask_or_refused(counts: str) -> None:
    try:
        mask = Mask.from_rle({"size": [5, 7], "counts": counts})
    except BadMask:
        return
    assert mask.to_array().shape == (5, 7)
    assert Mask.from_array(mask.to_array()).area == mask.area


def test_a_mask_of_another_size_is_refused() -> None:
    rle = Mask.from_array(np.ones((3, 4))).to_rle()
    with pytest.raises(BadMask, match="4×3 but the image is 5×3"):
        Mask.from_rle(rle, height=3, width=5)
