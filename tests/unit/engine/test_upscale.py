from __future__ import annotations

import tracemalloc

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotator.domain.mask import Mask
from annotator.engine import upscale
from annotator.engine.predictor import Embedding, LogitsArray


def embedding(height: int, width: int, *, via: int | None = 1024) -> Embedding:
    """What MobileSAM (via 1024, padded) or SAM 2 (squashed) says about an image of this size."""
    scale = 1024 / max(height, width)
    frame = (max(1, int(height * scale + 0.5)) / 4, max(1, int(width * scale + 0.5)) / 4)
    return Embedding("x", height, width, {}, frame if via else (256.0, 256.0), via)


def blobs(seed: int, *, level: float = 0.0) -> LogitsArray:
    """Smooth random logits with parts, holes and foreground at the borders."""
    coarse = np.random.default_rng(seed).normal(level, 6, (17, 17))
    at = np.linspace(0, 15.99, 256)
    low = at.astype(int)
    weight = at - low
    rows = coarse[low] * (1 - weight)[:, None] + coarse[low + 1] * weight[:, None]
    return (rows[:, low] * (1 - weight) + rows[:, low + 1] * weight).astype(np.float32)


def bilinear(array: npt.NDArray[np.float64], size: int) -> npt.NDArray[np.float64]:
    """Textbook bilinear resizing of the rows, half-pixel centres, edges repeated."""
    position = np.clip((np.arange(size) + 0.5) * len(array) / size - 0.5, 0, len(array) - 1)
    low = np.floor(position).astype(int)
    high, weight = np.minimum(low + 1, len(array) - 1), (position - low)[:, None]
    return array[low] * (1 - weight) + array[high] * weight


def whole(logits: LogitsArray, to: Embedding) -> npt.NDArray[np.float64]:
    """SAM's post-processing as it is written: all pixels, step by step."""
    values = logits.astype(np.float64)
    if to.via is not None:
        values = bilinear(bilinear(values, to.via).T, to.via).T
        rows, columns = (round(extent * to.via / 256) for extent in to.frame)
        values = values[:rows, :columns]
    return bilinear(bilinear(values, to.height).T, to.width).T


@pytest.mark.parametrize("via", [1024, None])
@pytest.mark.parametrize("size", [(480, 854), (1200, 1600), (1, 500), (3000, 20), (1024, 1024), (37, 800), (7, 5)])
@pytest.mark.parametrize("level", [-4.0, 0.0, 3.0])
def test_it_is_the_mask_that_upscaling_the_whole_image_gives(
    size: tuple[int, int], via: int | None, level: float
) -> None:
    to = embedding(*size, via=via)
    logits = blobs(sum(size), level=level)
    values = whole(logits, to)
    mask = upscale.to_mask(logits, to).to_array()
    assert mask.shape == size
    # Only where the value is 0 to the last digit of a float32 may the sign differ.
    assert np.array_equal(mask[np.abs(values) > 1e-4], (values > 0)[np.abs(values) > 1e-4])


@given(st.integers(1, 300), st.integers(1, 300), st.integers(0, 1000), st.sampled_from([1024, None]))
def test_for_any_size(height: int, width: int, seed: int, via: int | None) -> None:
    to = embedding(height, width, via=via)
    logits = blobs(seed, level=-2)
    values = whole(logits, to)
    differs = upscale.to_mask(logits, to).to_array() != (values > 0)
    assert np.abs(values[differs]).max(initial=0) < 1e-4


def test_nothing_and_everything() -> None:
    to = embedding(300, 400)
    assert upscale.to_mask(np.full((256, 256), -5, np.float32), to).area == 0
    assert upscale.to_mask(np.full((256, 256), 5, np.float32), to).area == 300 * 400


def test_foreground_in_the_padding_is_no_foreground() -> None:
    logits = np.full((256, 256), -5, np.float32)
    logits[200:] = 5  # an image twice as wide as high ends at row 128
    assert upscale.to_mask(logits, embedding(400, 800)).area == 0
    assert upscale.to_low_res(logits, embedding(400, 800))[1] == 0


def test_a_small_object_in_a_huge_photo_needs_little_memory() -> None:
    to = embedding(8000, 12500)
    logits = np.full((256, 256), -5, np.float32)
    logits[20:30, 40:50] = 5
    upscale.to_mask(logits, to)
    tracemalloc.start()
    mask = upscale.to_mask(logits, to)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert 200_000 < mask.area < 300_000
    assert peak < 10_000_000  # the whole photo has 100,000,000 pixels


def test_low_resolution_covers_the_image_and_estimates_its_area() -> None:
    to = embedding(1200, 1600)
    logits = blobs(3, level=-2)
    small, area, bbox = upscale.to_low_res(logits, to)
    full = upscale.to_mask(logits, to)
    assert (small.height, small.width) == (192, 256)
    assert area == pytest.approx(full.area, rel=0.03)
    assert bbox == pytest.approx(full.bbox, abs=2 * 1600 / 256)


def test_low_resolution_is_never_larger_than_the_image() -> None:
    small, area, _ = upscale.to_low_res(np.full((256, 256), 5, np.float32), embedding(3, 40))
    assert (small.height, small.width, area) == (3, 40, 120)


@pytest.mark.parametrize("via", [1024, None])
@pytest.mark.parametrize("size", [(480, 854), (1600, 1200), (100, 90)])
def test_a_mask_survives_the_way_into_logits_and_back(size: tuple[int, int], via: int | None) -> None:
    to = embedding(*size, via=via)
    mask = upscale.to_mask(blobs(5), to)
    assert upscale.to_mask(upscale.from_mask(mask, to), to).iou(mask) > 0.97


@pytest.mark.parametrize("size", [(1, 500), (3000, 20), (1, 1)])
def test_thin_masks_become_logits(size: tuple[int, int]) -> None:
    to = embedding(*size)
    logits = upscale.from_mask(Mask.from_array(np.ones(size)), to)
    assert logits.shape == (256, 256)
    assert logits.dtype == np.float32
    assert upscale.to_mask(logits, to).area == size[0] * size[1]
