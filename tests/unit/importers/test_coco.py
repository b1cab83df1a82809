"""COCO files as the importer reads them: what comes in, what is mended, what is left out."""

from __future__ import annotations

import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from annotator.domain.mask import Mask
from annotator.errors import InvalidInput
from annotator.importers.base import (
    BadRecord,
    ImportAnnotation,
    ImportCategory,
    Imported,
    ImportImage,
    ImportNote,
    KnownImage,
    Project,
)
from annotator.importers.coco import CocoImporter
from annotator.importers.labelme import LabelmeImporter
from tests.unit.importers.reading import pixels, write
from tests.unit.importers.reading import read as read_named

IMAGE = {"id": 7, "file_name": "a.jpg", "width": 6, "height": 4}
SQUARE: dict[str, Any] = {
    "id": 5,
    "image_id": 7,
    "category_id": 3,
    "segmentation": [[1, 1, 4, 1, 4, 3, 1, 3]],
    "area": 6,
    "bbox": [1, 1, 3, 2],
    "iscrowd": 0,
}


def dataset(*annotations: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "images": [IMAGE],
        "categories": [{"id": 3, "name": "cat", "supercategory": "animal", "keypoints": ["nose"]}],
        "annotations": list(annotations),
        **more,
    }


def read(tmp_path: Path, data: Any, *images: KnownImage) -> list[Imported]:
    path = write(tmp_path / "dataset.json", data)
    steps: list[tuple[int, int]] = []
    importer = CocoImporter()
    found = list(importer.read(path, project=Project(images), progress=lambda *step: steps.append(step)))
    assert steps == sorted(steps)
    assert steps[-1] == (path.stat().st_size, path.stat().st_size)
    return found


def objects(found: list[Imported]) -> list[ImportAnnotation]:
    return [one for one in found if isinstance(one, ImportAnnotation)]


def told(found: list[Imported]) -> list[tuple[str, bool]]:
    """Where something is wrong, and whether something is lost by it."""
    return [(one.where, one.lost) for one in found if isinstance(one, BadRecord)]


def test_everything_of_a_file_comes_in_with_its_ids_and_unknown_fields(tmp_path: Path) -> None:
    posed = {**SQUARE, "keypoints": [2, 1, 2], "num_keypoints": 1, "score": 0.75}
    found = read(tmp_path, dataset(posed, licenses=[{"id": 1}], custom={"a": 1}, info={"year": 2020}))
    assert not told(found)
    (image,) = (one for one in found if isinstance(one, ImportImage))
    assert (image.name, image.number, image.width, image.height) == ("a.jpg", 7, 6, 4)
    (category,) = (one for one in found if isinstance(one, ImportCategory))
    assert (category.name, category.number, category.supercategory) == ("cat", 3, "animal")
    assert category.extra == {"keypoints": ["nose"]}
    assert [one for one in found if isinstance(one, ImportNote)] == [
        ImportNote("licenses", [{"id": 1}]),
        ImportNote("custom", {"a": 1}),
    ]
    (row,) = objects(found)
    assert (row.where, row.number, row.image, row.category, row.score) == ("annotations[0]", 5, 7, 3, 0.75)
    assert pixels(row.mask) == ["......", ".###..", ".###..", "......"]
    assert {name: row.extra[name] for name in ("keypoints", "num_keypoints")} == {
        "keypoints": [2, 1, 2],
        "num_keypoints": 1,
    }


@pytest.mark.parametrize("order", [("annotations", "images", "categories"), ("categories", "annotations", "images")])
def test_annotations_may_come_before_their_images(tmp_path: Path, order: tuple[str, ...]) -> None:
    data = dataset(SQUARE)
    found = read(tmp_path, {name: data[name] for name in order})
    assert [row.number for row in objects(found)] == [5]


@pytest.mark.parametrize(
    "segmentation",
    [
        {"size": [4, 6], "counts": [5, 2, 2, 2, 2, 2, 9]},
        Mask.from_rle({"size": [4, 6], "counts": [5, 2, 2, 2, 2, 2, 9]}).to_rle(),
    ],
)
def test_run_lengths_of_both_kinds_are_read(tmp_path: Path, segmentation: dict[str, Any]) -> None:
    (row,) = objects(read(tmp_path, dataset({**SQUARE, "segmentation": segmentation, "iscrowd": 1})))
    assert pixels(row.mask) == ["......", ".###..", ".###..", "......"]
    assert row.extra["iscrowd"] == 1


def test_a_box_without_a_mask_comes_as_corners(tmp_path: Path) -> None:
    (row,) = objects(read(tmp_path, dataset({**SQUARE, "segmentation": []})))
    assert (row.mask, row.box) == (None, (1, 1, 4, 3))


def test_results_have_no_ids_and_refer_to_the_projects_images(tmp_path: Path) -> None:
    results = [{"image_id": 2, "category_id": 1, "bbox": [0, 0, 2, 2], "score": 0.5}]
    path = write(tmp_path / "results.json", results)
    project = Project((KnownImage(2, "b.jpg", 6, 4),), {1: "cat"})
    (row,) = objects(list(CocoImporter().read(path, project=project, progress=lambda done, total: None)))
    assert (row.number, row.image, row.box, row.score) == (None, 2, (0, 0, 2, 2), 0.5)


def test_the_project_knows_the_size_that_a_file_does_not_say(tmp_path: Path) -> None:
    data = {**dataset(SQUARE), "images": [{"id": 7, "file_name": "a.jpg"}]}
    others = [KnownImage(number, f"{number}.jpg", 9, 9) for number in range(10, 20)]
    found = read(tmp_path, data, *others, KnownImage(1, "a.jpg", 6, 4))
    assert not told(found)
    assert [pixels(row.mask)[1] for row in objects(found)] == [".###.."]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("number", [1e308, -1e308, 1e300, 1e7, 2**60])
@pytest.mark.parametrize("place", [0, 3])
def test_coordinates_beyond_every_image_are_told_and_not_calculated_with(
    tmp_path: Path, number: float, place: int
) -> None:
    ring: list[float] = [1, 1, 4, 1, 4, 3, 1, 3]
    ring[place], ring[place + 2] = number, -number
    near = {**SQUARE, "id": 6}
    found = read(tmp_path, dataset({**SQUARE, "segmentation": [ring]}, near))
    assert told(found) == [("annotations[0].segmentation[0]", True)]
    assert [row.number for row in objects(found)] == [6]


@pytest.mark.parametrize("name", ["../a.jpg", "x/../../a.jpg", "..\\a.jpg"])
def test_a_name_that_leads_out_of_the_folder_is_told(tmp_path: Path, name: str) -> None:
    found = read(tmp_path, {**dataset(SQUARE), "images": [{**IMAGE, "file_name": name}]})
    assert told(found) == [("images[0].file_name", False)]
    assert len(objects(found)) == 1
    assert not told(read(tmp_path, {**dataset(SQUARE), "images": [{**IMAGE, "file_name": "a..b/c...jpg"}]}))


@pytest.mark.parametrize("data", [{"images": []}, {"hello": 1}, "text", 3])
def test_what_is_no_dataset_is_refused(tmp_path: Path, data: Any) -> None:
    with pytest.raises(InvalidInput):
        read(tmp_path, data)


def test_a_circle_as_large_as_the_image_takes_no_more_than_a_few_masks_of_memory(tmp_path: Path) -> None:
    side = 4000
    shape = {"label": "disc", "shape_type": "circle", "points": [[side / 2, side / 2], [side, side / 2]]}
    data = {"imagePath": "a.jpg", "imageWidth": side, "imageHeight": side, "shapes": [shape]}
    path = write(tmp_path / "a.json", data)
    tracemalloc.start()
    try:
        (row,) = read_named(LabelmeImporter(), path).annotations
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert row.mask is not None
    assert row.mask.area == pytest.approx(3.141592 * (side / 2) ** 2, rel=1e-3)
    assert peak < 4 * side * side
