from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from annotator.domain.mask import Mask
from annotator.errors import InvalidInput
from annotator.importers.by_name import recognise
from annotator.importers.mask_index import MaskIndexImporter
from tests.unit.exporters.sources import square
from tests.unit.importers.reading import read, write

IMPORTER = MaskIndexImporter()
CORNER = np.zeros((8, 10), bool)
CORNER[0, 8:] = True
OBJECTS = {
    "one/a.png": [(1, 1, square(hole=True)), (2, 1, Mask.from_array(CORNER))],
    "two/a.png": [(3, 2, square(9, 12))],
}
CATEGORIES = [
    {"id": 1, "name": "thing", "supercategory": "", "colour": ""},
    {"id": 2, "name": "dog", "supercategory": "animal", "colour": "#aabbcc"},
]
SIZES = {"one/a.png": (10, 8), "two/a.png": (12, 9)}


def save(path: Path, array: np.ndarray[Any, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(path)


def exported(folder: Path, kind: str) -> Path:
    """Two images of the same name with three objects of two categories, as annotator exports them."""
    images = []
    for name, objects in OBJECTS.items():
        described: list[dict[str, Any]] = [{"id": number, "category": category} for number, category, _ in objects]
        entry = {"image": name, "split": None, "objects": described}
        whole = np.zeros((objects[0][2].height, objects[0][2].width), np.uint16)
        for value, ((number, category, mask), item) in enumerate(zip(objects, described, strict=True), 1):
            if kind == "binary":
                item["mask"] = f"masks/{name[:-4]}/{number}.png"
                save(folder / item["mask"], mask.to_array().astype(np.uint8) * 255)
            elif kind == "instance":
                item["value"] = value
            whole[mask.to_array()] = value if kind == "instance" else category
        if kind != "binary":
            entry["mask"] = f"masks/{name}"
            save(folder / "masks" / name, whole if kind == "instance" else whole.astype(np.uint8))
        images.append(entry)
    write(folder / "index.json", {"kind": kind, "background": 0, "categories": CATEGORIES, "images": images})
    return folder


@pytest.mark.parametrize("kind", ["instance", "binary"])
def test_an_export_comes_back_with_its_ids_categories_and_pixels(kind: str, tmp_path: Path) -> None:
    folder = exported(tmp_path / kind, kind)
    assert recognise(folder).name == "masks"
    found = read(IMPORTER, folder, SIZES)
    assert found.problems == []
    assert [(item.image, item.number, item.category) for item in found.annotations] == [
        ("one/a.png", 1, "thing"),
        ("one/a.png", 2, "thing"),
        ("two/a.png", 3, "dog"),
    ]
    assert found.annotations[0].mask == square(hole=True)
    assert found.annotations[2].mask == square(9, 12)
    assert (found.categories[1].supercategory, found.categories[1].colour) == ("animal", "#aabbcc")


def test_a_semantic_export_comes_back_as_an_object_for_each_category(tmp_path: Path) -> None:
    found = read(IMPORTER, exported(tmp_path / "semantic", "semantic"), SIZES)
    assert [(item.image, item.category) for item in found.annotations] == [("one/a.png", "thing"), ("two/a.png", "dog")]
    assert found.annotations[0].mask is not None
    assert found.annotations[0].mask.area == 14


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"category": 9}, "does not list"),
        ({"category": None}, "does not list"),
        ({"value": 9}, "No pixel"),
        ({"value": [1]}, "No pixel"),
    ],
)
def test_a_bad_object_is_listed_and_the_rest_is_read(change: dict[str, Any], reason: str, tmp_path: Path) -> None:
    folder = exported(tmp_path / "masks", "instance")
    index = json.loads((folder / "index.json").read_text())
    index["images"][0]["objects"][0] |= change
    write(folder / "index.json", index)
    found = read(IMPORTER, folder, SIZES)
    assert [item.number for item in found.annotations] == [2, 3]
    assert list(found.reasons()) == ["images[0].objects[0]"]
    assert reason in found.reasons()["images[0].objects[0]"]


@pytest.mark.parametrize("mask", ["../../etc/passwd", "/etc/passwd", "masks/missing.png", None, 3, "index.json"])
def test_a_mask_that_is_none_or_lies_elsewhere_is_listed(mask: Any, tmp_path: Path) -> None:
    folder = exported(tmp_path / "masks", "instance")
    index = json.loads((folder / "index.json").read_text())
    index["images"][0]["mask"] = mask
    index["images"].append("nothing")
    index["categories"] += [{"id": 1, "name": "again"}, {"id": 7}, None]
    write(folder / "index.json", index)
    found = read(IMPORTER, folder, SIZES)
    assert [item.number for item in found.annotations] == [3]
    assert set(found.reasons()) == {"images[0]", "images[2]", "categories[2]", "categories[3]", "categories[4]"}


def test_sizes_must_agree_and_an_index_must_be_one(tmp_path: Path) -> None:
    folder = exported(tmp_path / "masks", "instance")
    assert set(read(IMPORTER, folder, {**SIZES, "one/a.png": (10, 9)}).reasons()) == {"images[0]"}
    assert len(read(IMPORTER, folder).annotations) == 3
    write(folder / "index.json", {"kind": "other", "categories": [], "images": []})
    assert not IMPORTER.recognises(folder)
    with pytest.raises(InvalidInput, match="kind"):
        read(IMPORTER, folder)
