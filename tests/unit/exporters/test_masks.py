"""Masks as PNG, Pascal VOC and cutouts: every pixel where it belongs, read with Pillow and not with the own reader."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from annotator.errors import BadSetting, ExportFailed, InvalidInput
from annotator.exporters.base import ExportAnnotation, ExportCategory, Loss
from annotator.exporters.voc import palette
from tests.unit.exporters.sources import MemorySource, drawn, square
from tests.unit.exporters.test_folder import export, files

LOW = drawn((0, 0, 4, 4))
HIGH = drawn((2, 2, 4, 4))


def pixels(path: Path) -> np.ndarray:
    with Image.open(path) as picture:
        return np.asarray(picture)


def overlapping() -> MemorySource:
    """Object 1 of category 3 (written as 1) under object 2 of category 5 (written as 2): 4 of 16 pixels are shared."""
    source = MemorySource(kept=[ExportCategory(3, "cat"), ExportCategory(5, "dog")])
    image = source.add("a/b.jpg", LOW, category=3)
    source.objects[image.id].append(ExportAnnotation(2, 5, HIGH))
    return source


def test_semantic_masks_put_the_later_object_on_top_and_report_it(tmp_path: Path) -> None:
    report = export(overlapping(), tmp_path, "semantic")
    wanted = np.zeros((8, 10), np.uint8)
    wanted[0:4, 0:4] = 1
    wanted[2:6, 2:6] = 2
    found = pixels(tmp_path / "out/masks/a/b.png")
    assert found.dtype == np.uint8
    assert np.array_equal(found, wanted)
    assert report.losses == (Loss(1, "a/b.jpg", 12 / 16),)
    assert json.loads((tmp_path / "out/categories.json").read_text())[2] == {"id": 2, "name": "dog"}


def test_semantic_masks_of_many_categories_have_16_bits(tmp_path: Path) -> None:
    source = MemorySource(kept=[ExportCategory(number, f"c{number}") for number in range(1, 301)])
    source.add("a.jpg", square(hole=True), category=300)
    report = export(source, tmp_path, "semantic")
    found = pixels(tmp_path / "out/masks/a.png")
    assert np.array_equal(found == 300, square(hole=True).to_array())
    assert report.minimum_iou == 1.0
    with pytest.raises(InvalidInput, match="depth=16"):
        export(source, tmp_path, "semantic", depth="8")
    with pytest.raises(InvalidInput, match="254"):
        export(source, tmp_path / "voc", "voc")


def test_instance_masks_tell_objects_of_one_category_apart(tmp_path: Path) -> None:
    source = MemorySource()
    source.add("a.jpg", LOW, HIGH, square(hole=True))
    report = export(source, tmp_path, "instance", splits="random", fractions="1")
    found = pixels(tmp_path / "out/masks/train/a.png")
    assert found.max() == 3
    assert np.array_equal(found == 3, square(hole=True).to_array())
    listed = json.loads((tmp_path / "out/instances.json").read_text())
    assert listed["masks/train/a.png"][1] == {"value": 2, "id": 2, "category": 1}
    assert {loss.annotation for loss in report.losses} == {1, 2}
    first = found == 1
    assert report.losses[0].iou == first.sum() / LOW.area


def test_more_than_255_objects_keep_their_numbers(tmp_path: Path) -> None:
    source = MemorySource()
    source.add("a.jpg", *[drawn((x, y, 1, 1), height=20, width=20) for y in range(20) for x in range(20)])
    report = export(source, tmp_path, "instance")
    assert report.minimum_iou == 1.0
    assert pixels(tmp_path / "out/masks/a.png").ravel().tolist() == list(range(1, 401))
    with pytest.raises(InvalidInput, match="400 objects"):
        export(source, tmp_path / "voc", "voc")


def test_binary_masks_keep_overlaps(tmp_path: Path) -> None:
    report = export(overlapping(), tmp_path, "binary")
    assert np.array_equal(pixels(tmp_path / "out/masks/a/b/1.png"), LOW.to_array() * np.uint8(255))
    assert np.array_equal(pixels(tmp_path / "out/masks/a/b/2.png"), HIGH.to_array() * np.uint8(255))
    assert report.losses == ()
    assert [row["category"] for row in json.loads((tmp_path / "out/objects.json").read_text())] == [1, 2]


def test_voc_has_its_files_palette_boxes_and_sets(tmp_path: Path) -> None:
    original = tmp_path / "photo.jpg"
    original.write_bytes(b"photo")
    source = overlapping()
    source.files["i0"] = original
    report = export(source, tmp_path, "voc", pictures="copy")
    assert files(tmp_path / "out") == [
        ".annotator-export",
        "Annotations/a/b.xml",
        "ImageSets/Main/train.txt",
        "ImageSets/Segmentation/train.txt",
        "JPEGImages/a/b.jpg",
        "SegmentationClass/a/b.png",
        "SegmentationObject/a/b.png",
        "labelmap.txt",
    ]
    with Image.open(tmp_path / "out/SegmentationClass/a/b.png") as picture:
        assert picture.mode == "P"
        assert np.asarray(picture)[3, 3] == 2
        assert picture.convert("RGB").getpixel((0, 0)) == (128, 0, 0)
        assert picture.convert("RGB").getpixel((3, 3)) == (0, 128, 0)
    boxes = [
        [int(box.findtext(key) or 0) for key in ("xmin", "ymin", "xmax", "ymax")]
        for box in ET.parse(tmp_path / "out/Annotations/a/b.xml").iter("bndbox")
    ]
    assert boxes == [[1, 1, 4, 4], [3, 3, 6, 6]]
    assert (tmp_path / "out/ImageSets/Segmentation/train.txt").read_text() == "a/b\n"
    assert (tmp_path / "out/labelmap.txt").read_text().splitlines()[1] == "cat:128,0,0::"
    assert report.minimum_iou == 0.75


def test_the_palette_is_vocs() -> None:
    assert palette()[[0, 1, 2, 3, 8, 15, 255]].tolist() == [
        [0, 0, 0],
        [128, 0, 0],
        [0, 128, 0],
        [128, 128, 0],
        [64, 0, 0],
        [192, 128, 128],
        [224, 224, 192],
    ]


def photo() -> np.ndarray:
    return np.random.default_rng(1).integers(1, 255, (8, 10, 3), dtype=np.uint8)


@pytest.mark.parametrize(
    ("options", "size"),
    [
        ({}, (3, 2)),
        ({"padding": 2}, (7, 6)),
        ({"square": True}, (3, 3)),
        ({"padding": 4, "square": True, "inverted": True}, (11, 11)),
    ],
)
def test_cutouts_hold_the_object_and_nothing_else(tmp_path: Path, options: dict[str, Any], size: Any) -> None:
    source = MemorySource()
    mask = drawn((0, 0, 2, 2), (2, 0, 1, 1))
    source.pictures[source.add("a.jpg", mask).id] = photo()
    report = export(source, tmp_path, "cutouts", **options)
    found = pixels(tmp_path / "out/cutouts/1/a/1.png")
    assert (found.shape[1], found.shape[0]) == size
    assert report.minimum_iou == 1.0
    assert not found[found[:, :, 3] == 0].any()
    padding = options.get("padding", 0)
    inside = mask.to_array()[: size[1] - padding, : size[0] - padding]
    kept = found[padding:, padding:][: inside.shape[0], : inside.shape[1]]
    assert np.array_equal(kept[:, :, 3] > 0, ~inside if options.get("inverted") else inside)
    opaque = kept[:, :, 3] > 0
    assert np.array_equal(kept[opaque][:, :3], photo()[: kept.shape[0], : kept.shape[1]][opaque])


def test_cutouts_on_a_colour_say_that_they_hold_no_mask(tmp_path: Path) -> None:
    source = MemorySource()
    source.pictures[source.add("a.jpg", square(hole=True)).id] = photo()
    report = export(source, tmp_path, "cutouts", background="#0a141e")
    found = pixels(tmp_path / "out/cutouts/1/a/1.png")
    assert found.shape == (4, 4, 3)
    assert found[1, 1].tolist() == [10, 20, 30]
    assert found[0, 0].tolist() == photo()[2, 3].tolist()
    assert (report.annotations, report.minimum_iou) == (1, None)
    assert any("can't be read back" in line for line in report.warnings)


def test_cutouts_refuse_what_they_can_not_use(tmp_path: Path) -> None:
    source = MemorySource()
    image = source.add("a.jpg", square())
    with pytest.raises(BadSetting, match="background"):
        export(source, tmp_path, "cutouts", background="white")
    source.pictures[image.id] = photo()[:4]
    with pytest.raises(ExportFailed, match="another size"):
        export(source, tmp_path, "cutouts")
    assert files(tmp_path) == []
