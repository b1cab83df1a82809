"""Run lengths as arrays agree with the domain's decoding and with the pixels."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from annotator.domain.mask import Mask, decode_counts
from annotator.domain.runs import require_sum, runs_of, strokes
from annotator.errors import BadMask
from tests.paths import shared

pixels = arrays(np.bool_, array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=12))


@given(pixels)
def test_strokes_hold_the_same_pixels_as_the_mask(array: np.ndarray) -> None:
    mask = Mask.from_array(array)
    found = strokes(mask)
    again = np.zeros(array.shape, bool)
    for x, top, bottom in zip(found.x, found.top, found.bottom, strict=True):
        again[top:bottom, x] = True
    assert (again == array).all()
    assert found.area == mask.area
    assert found.bbox == mask.bbox
    x, y, width, height = mask.bbox
    assert (found.crop() == array[y : y + height, x : x + width]).all()
    inner = array[1:-1, 1:-1].sum() if min(array.shape) > 2 else 0
    assert found.border_pixels() == array.sum() - inner


@given(st.binary(max_size=40))
def test_any_bytes_decode_as_the_domain_decodes_them_or_are_refused(counts: bytes) -> None:
    try:
        expected = decode_counts(counts)
    except BadMask:
        with pytest.raises(BadMask):
            runs_of(counts)
        return
    if max((abs(run) for run in expected), default=0) < 2**34:
        try:
            assert runs_of(counts).tolist() == expected
        except BadMask:
            # A number of eight characters has more than 35 bits: no mask can have it.
            assert len(counts) >= 8


def test_masks_of_photos_decode_as_the_domain_decodes_them() -> None:
    results = json.loads(shared("coco_rle", "instances_val2014_fakesegm100_results.json").read_text())
    for result in results[:200]:
        counts = result["segmentation"]["counts"].encode()
        assert runs_of(counts).tolist() == decode_counts(counts)


@pytest.mark.parametrize("runs", [[5, -1, 12], [1, 2], [2**62, 2**62, 2**62, 2**62, 16], []])
def test_run_lengths_that_are_not_the_size_are_refused(runs: list[int]) -> None:
    with pytest.raises(BadMask):
        require_sum(np.array(runs, dtype=np.int64), height=4, width=4)
