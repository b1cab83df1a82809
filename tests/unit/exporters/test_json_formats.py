"""SA-1B, LVIS, labelme, panoptic COCO and CVAT: written, and decoded as the formats say."""

from __future__ import annotations

import base64
import io
import json
import xml.etree.ElementTree as ET
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image
from pycocotools import mask as coco

from annotator.domain.mask import Mask
from annotator.errors import InvalidInput
from annotator.exporters import get_exporter
from annotator.exporters.base import ExportCategory, ExportReport, Loss
from tests.unit.exporters.sources import MemorySource, square

SOME_MASKS = st.lists(arrays.arrays(bool, (6, 5)).filter(lambda array: array.any()), min_size=1, max_size=3)
KEEPING = [("sa1b", {}), ("lvis", {}), ("lvis", {"segmentation": "auto"}), ("labelme", {}), ("cvat", {})]
KEEPING += [("labelme", {"shapes": "auto"})]


def export(format: str, source: MemorySource, target: Path, **options: Any) -> ExportReport:
    return get_exporter(format).export(source, target, options, lambda done, total: None)


def load(path: Path) -> Any:
    return json.loads(path.read_text(encoding="ascii"))


def project() -> MemorySource:
    source = MemorySource(kept=[ExportCategory(3, "Katze & Käse", "animal", "#ff0000"), ExportCategory(7, "dog")])
    source.add("a b/ü.jpg", square(), square(hole=True), category=7, state="done")
    source.add("none.png", state="empty")
    return source


@pytest.mark.parametrize(("format", "options"), KEEPING)
@settings(max_examples=25)
@given(SOME_MASKS)
def test_these_formats_keep_every_pixel(
    tmp_path_factory: pytest.TempPathFactory, format: str, options: dict[str, Any], drawn: list[np.ndarray]
) -> None:
    source = MemorySource()
    source.add("a.jpg", *(Mask.from_array(array) for array in drawn))
    report = export(format, source, tmp_path_factory.mktemp(format) / "out", **options)
    assert (report.annotations, report.minimum_iou, report.losses) == (len(drawn), 1.0, ())


def test_sa1b_has_a_file_per_image_named_by_its_number(tmp_path: Path) -> None:
    export("sa1b", project(), tmp_path / "out", pictures="png")
    assert sorted(path.name for path in (tmp_path / "out").glob("sa*")) == [
        "sa_1.json",
        "sa_1.png",
        "sa_2.json",
        "sa_2.png",
    ]
    data = load(tmp_path / "out/sa_1.json")
    assert data["image"] == {"image_id": 1, "width": 10, "height": 8, "file_name": "sa_1.png"}
    second = data["annotations"][1]
    np.testing.assert_array_equal(coco.decode(second["segmentation"]), square(hole=True).to_array())
    assert (second["bbox"], second["area"], second["predicted_iou"]) == ([3, 2, 4, 4], 12, 0.9)
    assert data["annotator"]["categories"] == ["dog", "dog"]
    assert load(tmp_path / "out/sa_2.json")["annotations"] == []


def test_lvis_says_what_was_looked_for(tmp_path: Path) -> None:
    source = project()
    source.add("later.jpg", square(), category=3, state="in_progress")
    export("lvis", source, tmp_path / "out")
    data = load(tmp_path / "out/lvis.json")
    assert [(row["neg_category_ids"], row["not_exhaustive_category_ids"]) for row in data["images"]] == [
        ([1], []),
        ([1, 2], []),
        ([], [1]),
    ]
    assert [(row["frequency"], row["image_count"], row["instance_count"]) for row in data["categories"]] == [
        ("r", 1, 1),
        ("r", 1, 2),
    ]
    np.testing.assert_array_equal(coco.decode(data["annotations"][1]["segmentation"]), square(hole=True).to_array())


def test_lvis_polygons_lose_holes_and_say_so(tmp_path: Path) -> None:
    report = export("lvis", project(), tmp_path / "out", segmentation="polygon")
    assert report.losses == (Loss(2, "a b/ü.jpg", 0.75),)
    assert any("smallest IoU is 0.7500" in warning for warning in report.warnings)
    assert export("lvis", project(), tmp_path / "out", segmentation="auto").losses == ()


def test_labelme_masks_lie_between_both_corners(tmp_path: Path) -> None:
    export("labelme", project(), tmp_path / "out", pictures="png")
    data = load(tmp_path / "out/a b/ü.json")
    assert (tmp_path / "out/a b" / data["imagePath"]).is_file()
    assert (data["imageWidth"], data["imageHeight"], data["imageData"]) == (10, 8, None)
    shape = data["shapes"][1]
    assert (shape["label"], shape["shape_type"], shape["points"]) == ("dog", "mask", [[3.0, 2.0], [6.0, 5.0]])
    with Image.open(io.BytesIO(base64.b64decode(shape["mask"]))) as image:
        inside = np.asarray(image).astype(bool)
    found = np.zeros((8, 10), bool)
    found[2 : 5 + 1, 3 : 6 + 1] = inside  # as labelme puts it into the picture
    np.testing.assert_array_equal(found, square(hole=True).to_array())


def test_labelme_polygons_of_an_object_share_a_group(tmp_path: Path) -> None:
    array = square().to_array().copy()
    array[0, 0] = True
    source = MemorySource()
    source.add("a.jpg", Mask.from_array(array), square(hole=True))
    report = export("labelme", source, tmp_path / "out", shapes="polygon")
    shapes = load(tmp_path / "out/a.json")["shapes"]
    assert sorted((shape["group_id"], shape["shape_type"]) for shape in shapes) == [
        (1, "polygon"),
        (1, "polygon"),
        (2, "polygon"),
    ]
    assert report.losses == (Loss(2, "a.jpg", 0.75),)


def test_panoptic_segments_are_what_is_visible(tmp_path: Path) -> None:
    source = project()
    source.objects["i0"].append(replace(source.objects["i0"][0], id=70_000, category_id=3))
    source.objects["i0"].reverse()  # the object with the large id and the one with a hole, both under the first
    report = export("panoptic", source, tmp_path / "out", pictures="png")
    data = load(tmp_path / "out/annotations/panoptic_all.json")
    assert [row["segments_info"] for row in data["annotations"]] == [
        [{"id": 1, "category_id": 2, "area": 16, "bbox": [3, 2, 4, 4], "iscrowd": 0}],
        [],
    ]
    assert report.losses == (Loss(70_000, "a b/ü.jpg", 0.0), Loss(2, "a b/ü.jpg", 0.0))


def test_panoptic_pixels_are_ids_in_three_bytes(tmp_path: Path) -> None:
    source = project()
    source.objects["i0"] = [replace(source.objects["i0"][1], id=70_000)]
    export("panoptic", source, tmp_path / "out", pictures="png")
    data = load(tmp_path / "out/annotations/panoptic_all.json")
    entry = data["annotations"][0]
    with Image.open(tmp_path / "out/annotations/panoptic_all" / entry["file_name"]) as image:
        ids = np.asarray(image).astype(int) @ [1, 256, 65536]
    np.testing.assert_array_equal(ids == 70_000, square(hole=True).to_array())
    assert set(np.unique(ids)) == {0, 70_000}
    assert (tmp_path / "out/images/all" / data["images"][0]["file_name"]).is_file()
    source.objects["i0"] = [replace(source.objects["i0"][0], id=2**24)]
    with pytest.raises(InvalidInput, match="16777216"):
        export("panoptic", source, tmp_path / "out")


def test_cvat_gets_a_zip_with_masks_and_pictures(tmp_path: Path) -> None:
    export("cvat", project(), tmp_path / "out", pictures="png")
    assert [path.name for path in (tmp_path / "out").glob("[!.]*")] == ["cvat.zip"]
    with zipfile.ZipFile(tmp_path / "out/cvat.zip") as archive:
        assert sorted(archive.namelist()) == ["annotations.xml", "images/a b/ü.png", "images/none.png"]
        root = ET.fromstring(archive.read("annotations.xml"))
    assert root.findtext("version") == "1.1"
    assert [row.findtext("name") for row in root.iter("label")] == ["Katze & Käse", "dog"]
    first = root.findall("image")[0]
    assert (first.attrib["name"], first.attrib["width"], first.attrib["height"]) == ("a b/ü.png", "10", "8")
    mask = first.findall("mask")[1].attrib
    # A square of 4 × 4 with a hole of 2 × 2, from its first pixel on: none of the background, then 5 of the object, …
    assert (mask["label"], mask["rle"]) == ("dog", "0, 5, 2, 2, 2, 5")
    assert [mask[key] for key in ("left", "top", "width", "height")] == ["3", "2", "4", "4"]


def test_a_name_that_xml_cannot_hold_is_refused_and_nothing_is_left(tmp_path: Path) -> None:
    source = MemorySource(kept=[ExportCategory(1, "a\x01b")])
    source.add("a.jpg", square())
    with pytest.raises(InvalidInput, match="rename it"):
        export("cvat", source, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("format", ["sa1b", "lvis", "labelme", "panoptic", "cvat", "masks", "voc", "cutouts"])
def test_every_format_can_be_split(tmp_path: Path, format: str) -> None:
    source = MemorySource()
    for number in range(30):
        source.add(f"{number}.jpg", square())
    report = export(format, source, tmp_path / "out", splits="random", fractions="60/20/20")
    assert (report.images, report.annotations, report.minimum_iou) == (30, 30, 1.0)
    text = " ".join(str(path.relative_to(tmp_path)) for path in (tmp_path / "out").rglob("*"))
    if format == "cvat":
        with zipfile.ZipFile(tmp_path / "out/cvat.zip") as archive:
            text = archive.read("annotations.xml").decode()
    elif format == "masks":
        text += (tmp_path / "out/index.json").read_text()
    assert all(name in text for name in ("train", "val", "test"))
