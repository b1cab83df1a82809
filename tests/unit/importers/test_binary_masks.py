from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from annotator.errors import InvalidInput
from annotator.importers.binary_masks import BinaryMaskImporter
from annotator.importers.by_name import recognise
from tests.paths import shared
from tests.unit.importers.reading import picture, pixels, read

IMPORTER = BinaryMaskImporter()
ROWS = (".##.", "....", ".#..")
SIZES = {"a.jpg": (4, 3), "b_1.jpg": (4, 3)}


def save(path: Path, array: np.ndarray[Any, Any] | None = None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(picture(*ROWS) * 255 if array is None else array).save(path)


@pytest.mark.parametrize(
    ("file", "image", "category"),
    [
        ("a.png", "a.jpg", "object"),
        ("masks/a.png", "a.jpg", "object"),
        ("dog/a.png", "a.jpg", "dog"),
        ("masks/dog/a.png", "a.jpg", "dog"),
        ("a/1.png", "a.jpg", "object"),
        ("a/masks/07a9bf1d7594af2763c86e93f05d22c4f5d5353d.png", "a.jpg", "object"),
        ("a/dog_2.png", "a.jpg", "dog"),
        ("a_mask.png", "a.jpg", "object"),
        ("a_2.png", "a.jpg", "object"),
        ("a-2.png", "a.jpg", "object"),
        ("a_dog_2.png", "a.jpg", "dog"),
        ("b_1.png", "b_1.jpg", "object"),
        ("b_1_mask.png", "b_1.jpg", "object"),
    ],
)
def test_a_mask_says_by_its_name_what_it_is_about(file: str, image: str, category: str, tmp_path: Path) -> None:
    save(tmp_path / file)
    assert recognise(tmp_path).name == "binary_masks"
    found = read(IMPORTER, tmp_path, SIZES)
    assert found.problems == []
    assert [(item.image, item.category, item.where) for item in found.annotations] == [(image, category, file)]
    assert pixels(found.annotations[0].mask) == list(ROWS)


def test_folders_of_the_images_names_are_no_categories(tmp_path: Path) -> None:
    save(tmp_path / "dog/a.png")
    found = read(IMPORTER, tmp_path, {"dog/a.jpg": (4, 3)})
    assert [(item.image, item.category) for item in found.annotations] == [("dog/a.jpg", "object")]


@pytest.mark.parametrize(
    "array",
    [
        picture(*ROWS),
        picture(*ROWS) > 0,
        picture(*ROWS) * np.uint8(3),
        np.repeat((picture(*ROWS) * 255)[:, :, None], 3, axis=2),
        np.where(picture(*ROWS) > 0, 200, [100, 0, 1, 60]).astype(np.uint8),
    ],
)
def test_ones_white_colours_and_smooth_edges_are_read(array: np.ndarray[Any, Any], tmp_path: Path) -> None:
    save(tmp_path / "a.png", array)
    assert pixels(read(IMPORTER, tmp_path, SIZES).annotations[0].mask) == list(ROWS)


def test_many_objects_of_one_image_and_black_masks(tmp_path: Path) -> None:
    save(tmp_path / "a/1.png")
    save(tmp_path / "a/2.png")
    save(tmp_path / "b_1.png", np.zeros((3, 4), np.uint8))
    found = read(IMPORTER, tmp_path, SIZES)
    assert [item.name for item in found.images] == ["a.jpg", "b_1.jpg"]
    assert [item.where for item in found.annotations] == ["a/1.png", "a/2.png"]
    assert found.steps[-1] == (3, 3)


def test_what_does_not_fit_is_listed_and_the_rest_is_read(tmp_path: Path) -> None:
    save(tmp_path / "a.png")
    save(tmp_path / "lost.png")
    save(tmp_path / "a_2.png", np.ones((9, 9), np.uint8))
    save(tmp_path / "a_3.png", np.arange(300 * 4, dtype=np.uint16).reshape(300, 4))
    (tmp_path / "a_4.png").write_text("no picture")
    found = read(IMPORTER, tmp_path, SIZES)
    assert [item.where for item in found.annotations] == ["a.png"]
    assert set(found.reasons()) == {"lost.png", "a_2.png", "a_3.png", "a_4.png"}
    (tmp_path / "empty").mkdir()
    assert not IMPORTER.recognises(tmp_path / "empty")
    with pytest.raises(InvalidInput, match="no PNG"):
        read(IMPORTER, tmp_path / "empty")


def test_real_masks_are_there_pixel_for_pixel() -> None:
    folder = shared("davis", "masks")
    stored = {}
    for path in folder.glob("*.png"):
        with Image.open(path) as image:
            stored[path.stem + ".jpg"] = np.array(image) > 0
    found = read(IMPORTER, folder, {name: (array.shape[1], array.shape[0]) for name, array in stored.items()})
    assert found.problems == []
    assert len(found.annotations) == 50
    for item in found.annotations:
        assert item.mask is not None
        assert np.array_equal(item.mask.to_array(), stored[item.image])
