"""Masks, Pascal VOC and cutouts, read with Pillow as their users would."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image

from annotator.domain.mask import Mask
from annotator.errors import BadSetting, ExportFailed, InvalidInput
from annotator.exporters import get_exporter
from annotator.exporters.base import ExportCategory, ExportReport, Loss
from annotator.exporters.labelmaps import voc_palette, with_border
from tests.unit.exporters.sources import MemorySource, square

CATS = [ExportCategory(2, "cat"), ExportCategory(5, "dog/big")]


def export(format: str, source: MemorySource, target: Path, **options: Any) -> ExportReport:
    return get_exporter(format).export(source, target, options, lambda done, total: None)


def pixels(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image)


def block(top: int, left: int, bottom: int, right: int, height: int = 8, width: int = 10) -> Mask:
    array = np.zeros((height, width), bool)
    array[top:bottom, left:right] = True
    return Mask.from_array(array)


def overlapping() -> MemorySource:
    """A cat of 4 × 4 pixels whose right half a dog covers, and a second dog inside the first."""
    source = MemorySource(kept=CATS)
    image = source.add("a/x.jpg", square(), category=2)
    for mask in (block(2, 5, 6, 9), block(2, 7, 4, 9)):
        other = MemorySource(kept=CATS)
        other.add("", mask, category=5)
        (row,) = other.objects["i0"]
        number = len(source.objects[image.id]) + 1
        source.objects[image.id].append(type(row)(number, row.category_id, row.mask))
    return source


def test_semantic_masks_hold_category_numbers_and_say_what_is_covered(tmp_path: Path) -> None:
    report = export("masks", overlapping(), tmp_path / "out")
    labels = pixels(tmp_path / "out/masks/a/x.png")
    assert labels.dtype == np.uint8
    assert np.unique(labels, return_counts=True)[1].tolist() == [80 - 24, 8, 16]
    assert (labels[2:6, 5:9] == 2).all()
    assert report.losses == (Loss(1, "a/x.jpg", 0.5),)  # a dog on a dog is no loss
    index = json.loads((tmp_path / "out/index.json").read_text())
    assert [(row["id"], row["name"]) for row in index["categories"]] == [(1, "cat"), (2, "dog/big")]


def test_instance_masks_number_every_object_in_16_bits(tmp_path: Path) -> None:
    report = export("masks", overlapping(), tmp_path / "out", kind="instance", pictures="png")
    labels = pixels(tmp_path / "out/masks/a/x.png")
    with Image.open(tmp_path / "out/masks/a/x.png") as image:
        assert image.mode == "I;16"
    assert np.unique(labels).tolist() == [0, 1, 2, 3]
    assert report.losses == (Loss(1, "a/x.jpg", 0.5), Loss(2, "a/x.jpg", 0.75))
    (entry,) = json.loads((tmp_path / "out/index.json").read_text())["images"]
    assert entry == {
        "image": "a/x.jpg",
        "split": None,
        "mask": "masks/a/x.png",
        "objects": [
            {"id": 1, "category": 1, "value": 1},
            {"id": 2, "category": 2, "value": 2},
            {"id": 3, "category": 2, "value": 3},
        ],
    }
    assert (tmp_path / "out/images/a/x.png").is_file()


def test_three_hundred_objects_and_categories_keep_their_numbers(tmp_path: Path) -> None:
    masks = [block(n // 20, n % 20, n // 20 + 1, n % 20 + 1, 15, 20) for n in range(300)]
    source = MemorySource(kept=[ExportCategory(n, f"c{n}") for n in range(1, 301)])
    source.add("a.jpg", *masks, category=300)
    for kind in ("instance", "semantic"):
        assert export("masks", source, tmp_path / kind, kind=kind).losses == ()
    np.testing.assert_array_equal(pixels(tmp_path / "instance/masks/a.png"), np.arange(1, 301).reshape(15, 20))
    assert (pixels(tmp_path / "semantic/masks/a.png") == 300).all()


def test_binary_masks_keep_overlaps_and_holes(tmp_path: Path) -> None:
    source = overlapping()
    source.add("b.jpg", square(hole=True), category=2)
    report = export("masks", source, tmp_path / "out", kind="binary")
    assert (report.minimum_iou, report.annotations) == (1.0, 4)
    for image, name, number in [
        ("i0", "a/x/1_cat", 0),
        ("i0", "a/x/2_dog_big", 1),
        ("i0", "a/x/3_dog_big", 2),
        ("i1", "b/4_cat", 0),
    ]:
        found = pixels(tmp_path / "out/masks" / f"{name}.png")
        assert set(np.unique(found)) == {0, 255}
        np.testing.assert_array_equal(found == 255, source.objects[image][number].mask.to_array())


@given(st.lists(arrays.arrays(bool, (5, 6)).filter(lambda array: array.any()), min_size=1, max_size=4))
def test_what_is_reported_as_visible_is_what_can_be_read(
    tmp_path_factory: pytest.TempPathFactory, drawn: list[np.ndarray]
) -> None:
    source = MemorySource()
    source.add("a.jpg", *(Mask.from_array(array) for array in drawn))
    target = tmp_path_factory.mktemp("masks") / "out"
    report = export("masks", source, target, kind="instance")
    labels = pixels(target / "masks/a.png")
    ious = [((labels == n) & array).sum() / ((labels == n) | array).sum() for n, array in enumerate(drawn, 1)]
    assert report.minimum_iou == pytest.approx(min(ious))
    assert report.mean_iou == pytest.approx(sum(ious) / len(ious))


def test_vocs_colours_are_the_known_ones() -> None:
    colours = voc_palette().tolist()
    assert colours[:4] == [[0, 0, 0], [128, 0, 0], [0, 128, 0], [128, 128, 0]]
    assert colours[15] == [192, 128, 128]
    assert colours[255] == [224, 224, 192]


def test_voc_has_masks_boxes_and_lists(tmp_path: Path) -> None:
    source = overlapping()
    source.add("none.jpg", state="empty")
    report = export("voc", source, tmp_path / "out")
    classes = pixels(tmp_path / "out/SegmentationClass/a/x.png")
    objects = pixels(tmp_path / "out/SegmentationObject/a/x.png")
    assert np.unique(classes).tolist() == [0, 1, 2]
    assert np.unique(objects).tolist() == [0, 1, 2, 3]
    with Image.open(tmp_path / "out/SegmentationClass/a/x.png") as image:
        assert image.convert("RGB").getpixel((3, 2)) == (128, 0, 0)
    root = ET.parse(tmp_path / "out/Annotations/a/x.xml").getroot()
    first = root.findall("object")[0]
    box = [int(first.findtext(f"bndbox/{tag}", "")) for tag in ("xmin", "ymin", "xmax", "ymax")]
    assert box == [4, 3, 7, 6]  # columns 3 to 6 and rows 2 to 5, counted from 1
    assert [row.findtext("name") for row in root.findall("object")] == ["cat", "dog/big", "dog/big"]
    assert (root.findtext("size/width"), root.findtext("size/height")) == ("10", "8")
    assert (tmp_path / "out/ImageSets/Segmentation/train.txt").read_text() == "a/x\nnone\n"
    assert "dog/big:0,128,0::" in (tmp_path / "out/labelmap.txt").read_text()
    assert [loss.iou for loss in report.losses] == [0.5, 0.75]


def test_a_void_border_lies_around_every_object(tmp_path: Path) -> None:
    source = MemorySource()
    source.add("a.jpg", square())
    export("voc", source, tmp_path / "out", border=1)
    found = pixels(tmp_path / "out/SegmentationObject/a.png")
    assert (found == 255).sum() == 36 - 4  # from one pixel outside to one inside the square of 4 × 4
    assert (found == 1).sum() == 4


@given(arrays.arrays(np.uint16, st.tuples(st.integers(1, 7), st.integers(1, 7)), elements=st.integers(0, 2)))
def test_the_border_is_where_another_label_is_near(labels: np.ndarray) -> None:
    found = with_border(labels, 2, void=255)
    for (row, column), value in np.ndenumerate(labels):
        near = labels[max(row - 2, 0) : row + 3, max(column - 2, 0) : column + 3]
        assert found[row, column] == (value if (near == value).all() else 255)


def test_voc_says_what_it_cannot_number(tmp_path: Path) -> None:
    source = MemorySource()
    source.add("a.jpg", *[block(n // 20, n % 20, n // 20 + 1, n % 20 + 1, 15, 20) for n in range(256)])
    report = export("voc", source, tmp_path / "out")
    assert report.losses == (Loss(255, "a.jpg", 0.0), Loss(256, "a.jpg", 0.0))
    assert any("more than 254 objects" in warning for warning in report.warnings)
    source.kept = [ExportCategory(n, f"c{n}") for n in range(1, 256)]
    with pytest.raises(InvalidInput, match="255 categories"):
        export("voc", source, tmp_path / "out")


def test_a_name_that_xml_cannot_hold_is_refused(tmp_path: Path) -> None:
    source = MemorySource(kept=[ExportCategory(1, "a\x01b")])
    source.add("a.jpg", square())
    with pytest.raises(InvalidInput, match="rename the category"):
        export("voc", source, tmp_path / "out")


def test_a_cutout_is_the_object_alone(tmp_path: Path) -> None:
    source = MemorySource(kept=CATS)
    source.add("a/x.jpg", square(hole=True), category=5)
    report = export("cutouts", source, tmp_path / "out", padding=1)
    found = pixels(tmp_path / "out/dog_big/a/x-1.png")
    mask = square(hole=True).to_array()[1:7, 2:8]
    np.testing.assert_array_equal(found[..., 3] == 255, mask)
    assert found[~mask].sum() == 0
    assert found[1, 1].tolist() == [3, 2, 200, 255]  # column 3, row 2 of the picture
    assert report.minimum_iou == 1.0
    (entry,) = json.loads((tmp_path / "out/cutouts.json").read_text())
    assert (entry["file"], entry["x"], entry["y"]) == ("dog_big/a/x-1.png", 2, 1)


def test_a_square_cutout_on_white_may_reach_beyond_the_image(tmp_path: Path) -> None:
    source = MemorySource()
    source.add("a.jpg", block(0, 0, 2, 8))
    export("cutouts", source, tmp_path / "out", square=True, padding=1, background="#FFffFF")
    found = pixels(tmp_path / "out/thing/a-1.png")
    assert found.shape == (10, 10, 3)
    assert (found == 255).all(axis=2).sum() == 100 - 16
    assert found[4, 1].tolist() == [0, 0, 200]


def test_the_rest_of_the_image_remains_when_inverted(tmp_path: Path) -> None:
    source = MemorySource()
    source.add("a.jpg", square())
    export("cutouts", source, tmp_path / "out", inverted=True)
    found = pixels(tmp_path / "out/thing/a-1.png")
    np.testing.assert_array_equal(found[..., 3] == 0, square().to_array())
    assert found[0, 9].tolist() == [9, 0, 200, 255]


@given(arrays.arrays(bool, (6, 7)).filter(lambda array: array.any()), st.integers(0, 9), st.booleans(), st.booleans())
def test_any_cutout_is_checked_against_its_mask(
    tmp_path_factory: pytest.TempPathFactory, array: np.ndarray, padding: int, square: bool, inverted: bool
) -> None:
    source = MemorySource()
    source.add("a.jpg", Mask.from_array(array))
    target = tmp_path_factory.mktemp("cutouts") / "out"
    report = export("cutouts", source, target, padding=padding, square=square, inverted=inverted)
    assert report.minimum_iou == 1.0
    alpha = pixels(target / "thing/a-1.png")[..., 3]
    assert (alpha == (0 if inverted else 255)).sum() == array.sum()
    assert inverted or not square or alpha.shape[0] == alpha.shape[1]


def test_categories_that_would_share_a_folder_do_not(tmp_path: Path) -> None:
    source = MemorySource(kept=[ExportCategory(1, "a/b"), ExportCategory(2, "A b"), ExportCategory(3, "..")])
    for category in (1, 2, 3):
        source.add(f"{category}.jpg", square(), category=category)
    export("cutouts", source, tmp_path / "out")
    assert sorted(path.parent.name for path in (tmp_path / "out").rglob("*.png")) == ["A_b-2", "a_b", "unnamed"]


def test_an_unusable_background_is_refused(tmp_path: Path) -> None:
    source = MemorySource()
    source.add("a.jpg", square())
    with pytest.raises(BadSetting, match="#ffffff"):
        export("cutouts", source, tmp_path / "out", background="white")


def test_a_picture_that_changed_since_is_not_cut(tmp_path: Path) -> None:
    class Changed(MemorySource):
        def picture(self, image_id: str) -> np.ndarray:
            return super().picture(image_id)[:-1]

    source = Changed()
    source.add("a.jpg", square())
    with pytest.raises(ExportFailed, match="put the original file back"):
        export("cutouts", source, tmp_path / "out")
