"""PNG files, read by Pillow."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image

from annotator.errors import ExportFailed
from annotator.exporters.png import decode_png, encode_png, read_png, write_png

SHAPES = st.tuples(st.integers(1, 9), st.integers(1, 9))


@given(
    st.one_of(
        arrays.arrays(np.uint8, SHAPES),
        arrays.arrays(np.uint16, SHAPES),
        SHAPES.flatmap(lambda shape: arrays.arrays(np.uint8, (*shape, 3))),
        SHAPES.flatmap(lambda shape: arrays.arrays(np.uint8, (*shape, 4))),
    )
)
def test_pillow_reads_every_pixel_as_it_was(pixels: np.ndarray) -> None:
    data = encode_png(pixels)
    with Image.open(io.BytesIO(data)) as image:
        np.testing.assert_array_equal(np.asarray(image), pixels)
    np.testing.assert_array_equal(decode_png(data, where="memory"), pixels)


def test_a_palette_colours_the_indices(tmp_path: Path) -> None:
    indices = np.array([[0, 1], [2, 1]], np.uint8)
    write_png(tmp_path / "a.png", indices, palette=np.array([[0, 0, 0], [255, 0, 0], [0, 0, 255]], np.uint8))
    with Image.open(tmp_path / "a.png") as image:
        assert image.mode == "P"
        assert np.asarray(image).tolist() == indices.tolist()
        assert image.convert("RGB").getpixel((1, 0)) == (255, 0, 0)


def test_a_damaged_file_is_noticed(tmp_path: Path) -> None:
    data = bytearray(encode_png(np.arange(100, dtype=np.uint8).reshape(10, 10)))
    data[50] ^= 1
    (tmp_path / "a.png").write_bytes(data)
    with pytest.raises(ExportFailed, match="can't be read back"):
        read_png(tmp_path / "a.png")


def test_what_png_cannot_hold_is_refused() -> None:
    with pytest.raises(ValueError, match="float64"):
        encode_png(np.zeros((2, 2)))
