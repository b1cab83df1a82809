from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from annotator.errors import ImageProblem
from annotator.images.label_map import read_label_map

VALUES = np.array([[0, 1, 2], [200, 255, 3]])


def saved(path: Path, array: np.ndarray[Any, Any], mode: str | None = None) -> Path:
    Image.fromarray(array, mode).save(path)
    return path


@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.int32])
def test_grey_values_come_as_they_are_stored(kind: type, tmp_path: Path) -> None:
    labels = read_label_map(saved(tmp_path / ("a.png" if kind != np.int32 else "a.tif"), VALUES.astype(kind)))
    assert np.array_equal(labels.values, VALUES)
    assert labels.deep == (kind != np.uint8)
    assert labels.colours == {}


def test_a_palette_gives_indices_and_their_colours(tmp_path: Path) -> None:
    image = Image.fromarray(VALUES.astype(np.uint8), "P")
    image.putpalette(bytes(range(256)) * 3)
    image.save(tmp_path / "a.png")
    labels = read_label_map(tmp_path / "a.png")
    assert np.array_equal(labels.values, VALUES)
    assert labels.colours[1] == "#030405"
    assert len(labels.colours) == 256


def test_two_values_are_0_and_1(tmp_path: Path) -> None:
    Image.fromarray(np.eye(3) > 0).save(tmp_path / "a.png")
    assert np.array_equal(read_label_map(tmp_path / "a.png").values, np.eye(3))


def test_colours_are_packed(tmp_path: Path) -> None:
    array = np.array([[[1, 2, 3], [255, 0, 128]]], np.uint8)
    labels = read_label_map(saved(tmp_path / "a.png", array))
    assert labels.coloured
    assert labels.values.tolist() == [[0x010203, 0xFF0080]]


def test_what_is_no_label_map_says_so(tmp_path: Path) -> None:
    with pytest.raises(ImageProblem, match="whole numbers"):
        read_label_map(saved(tmp_path / "a.tif", np.zeros((2, 2), np.float32)))
    (tmp_path / "b.png").write_text("no picture")
    with pytest.raises(ImageProblem):
        read_label_map(tmp_path / "b.png")


def test_a_huge_map_is_refused_by_its_header(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.png", VALUES.astype(np.uint8))
    content = bytearray(path.read_bytes())
    content[16:24] = (60_000).to_bytes(4, "big") * 2
    path.write_bytes(content)
    with pytest.raises(ImageProblem):
        read_label_map(path)
