"""A dataset comes into a project: ours back unchanged, others' with everything they say, bad ones with a list."""

from __future__ import annotations

import copy
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from annotator.config import Settings
from annotator.domain.mask import Mask
from annotator.domain.prompt import Point, Prompt
from annotator.engine import Engine
from annotator.engine.fake import FakePredictor
from annotator.errors import InvalidInput
from annotator.sessions.exporting import export_folder
from annotator.sessions.import_rows import ImportReport
from annotator.sessions.import_sources import import_path
from annotator.sessions.service import Service

WIDTH, HEIGHT = 120, 80


def rectangle(x: int, y: int, width: int, height: int) -> Mask:
    bits = np.zeros((HEIGHT, WIDTH), bool)
    bits[y : y + height, x : x + width] = True
    return Mask.from_array(bits)


def annotated(service: Service, images: list[str]) -> None:
    """A project as people leave it: ids with gaps, a deleted category, a rejected object, an empty image."""
    for draft, (image, x) in enumerate(((0, 30), (0, 60), (1, 40))):
        prompt = Prompt(points=(Point(x, 40, 1),))
        service.drafts.save(
            author="ann",
            image_id=images[image],
            draft_id=f"d{draft}",
            prompt=prompt,
            category_id=None,
            revision=None,
            label="point",
        )
        made = service.drafts.accept(
            author="ann", image_id=images[image], draft_id=f"d{draft}", category="dog" if draft else "cat"
        )
        if draft == 1:
            service.editor.delete(author="ann", annotation_id=made.id, revision=made.revision)
    extra = service.categories.add(name="goat", supercategory="farm", colour="#123456")
    service.categories.delete(service.categories.add(name="gone").id)
    service.categories.add(name="hen")
    service.editor.add(author="bob", image_id=images[0], category=extra.id, mask=rectangle(5, 6, 20, 10))
    service.set_state(author="ann", image_id=images[2], state="empty")


def exported(folder: Path, out: Path, **options: Any) -> dict[str, Any]:
    report = export_folder(
        folder, Settings.load(), format="coco", out=out, options=options, progress=lambda done, total: None
    )
    data: dict[str, Any] = json.loads(report.target.read_text())
    return data


@pytest.fixture
def other(folder: Path, tmp_path: Path) -> Iterator[Service]:
    """The same pictures elsewhere, a project without objects."""
    copied = tmp_path / "elsewhere" / "photos"
    shutil.copytree(folder, copied, ignore=shutil.ignore_patterns(".annotator"))
    opened = Service.open(copied, Settings.load(author="eve"), engine=Engine(predictor=FakePredictor()))
    opened.library.scan()
    yield opened
    opened.close()


def take(service: Service, data: Any, tmp_path: Path, **options: Any) -> ImportReport:
    path = tmp_path / "dataset.json"
    path.write_text(data if isinstance(data, str) else json.dumps(data))
    return import_path(service, path, author="eve", **options)


def without_info(data: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in data.items() if key != "info"}


@pytest.mark.parametrize("segmentation", ["rle", "auto"])
def test_an_untouched_import_of_our_export_is_exported_the_same(
    service: Service, images: list[str], folder: Path, other: Service, tmp_path: Path, segmentation: str
) -> None:
    annotated(service, images)
    first = exported(folder, tmp_path / "one", segmentation=segmentation)
    report = take(other, first, tmp_path)
    assert (report.added, report.categories, report.problems, report.renumbered) == (3, 4, (), 0)
    again = exported(other.folder, tmp_path / "two", segmentation=segmentation)
    assert without_info(again) == without_info(first)
    one, two = ((tmp_path / out / "photos" / "coco" / "annotations.json").read_text() for out in ("one", "two"))
    assert one.partition("\n")[2] == two.partition("\n")[2], "byte for byte behind the line of info"


def test_importing_twice_changes_nothing(
    service: Service, images: list[str], folder: Path, other: Service, tmp_path: Path
) -> None:
    annotated(service, images)
    data = exported(folder, tmp_path / "one")
    take(other, data, tmp_path)
    before = exported(other.folder, tmp_path / "two")
    report = take(other, data, tmp_path)
    assert (report.added, report.already, report.categories) == (0, 3, 0)
    assert without_info(exported(other.folder, tmp_path / "three")) == without_info(before)


def test_a_dry_run_says_the_same_and_changes_nothing(
    service: Service, images: list[str], folder: Path, other: Service, tmp_path: Path
) -> None:
    annotated(service, images)
    report = take(other, exported(folder, tmp_path / "one"), tmp_path, dry=True)
    assert (report.dry, report.added, report.categories) == (True, 3, 4)
    assert other.project(author="eve").counts.objects == 0
    assert other.project(author="eve").categories == []


FOREIGN: dict[str, Any] = {
    "info": {"description": "somebody's"},
    "licenses": [{"id": 4, "name": "CC BY"}],
    "images": [
        {"id": 700, "file_name": "b.png", "width": WIDTH, "height": HEIGHT, "license": 4, "coco_url": "x"},
        {"id": 13, "file_name": "somewhere/else/a.png", "width": WIDTH, "height": HEIGHT},
        {"id": 2, "file_name": "sub/a.png", "width": WIDTH, "height": HEIGHT},
        {"id": 5, "file_name": "lost.png", "width": WIDTH, "height": HEIGHT},
    ],
    "categories": [
        {"id": 18, "name": "dog", "supercategory": "animal", "keypoints": ["nose"], "skeleton": []},
        {"id": 90, "name": "brush", "supercategory": "indoor"},
    ],
    "annotations": [
        {
            "id": 91,
            "image_id": 700,
            "category_id": 18,
            "segmentation": [[10, 10, 40, 10, 40, 30, 10, 30], [60, 10, 70, 10, 70, 20, 60, 20]],
            "area": 700.0,
            "bbox": [10, 10, 60, 20],
            "iscrowd": 0,
            "keypoints": [20, 20, 2],
            "num_keypoints": 1,
        },
        {
            "id": 908,
            "image_id": 700,
            "category_id": 90,
            "segmentation": rectangle(50, 40, 8, 6).to_rle()
            | {"counts": [50 * HEIGHT + 40, 6, HEIGHT * WIDTH - 50 * HEIGHT - 46]},
            "area": 6,
            "bbox": [50, 40, 1, 6],
            "iscrowd": 1,
        },
        {
            "id": 3,
            "image_id": 2,
            "category_id": 18,
            "segmentation": rectangle(1, 2, 3, 4).to_rle(),
            "area": 12,
            "bbox": [1, 2, 3, 4],
        },
        {
            "id": 4,
            "image_id": 5,
            "category_id": 18,
            "segmentation": rectangle(1, 2, 3, 4).to_rle(),
            "area": 12,
            "bbox": [1, 2, 3, 4],
        },
    ],
}


def test_a_foreign_dataset_keeps_its_ids_and_everything_it_says(other: Service, tmp_path: Path) -> None:
    report = take(other, FOREIGN, tmp_path)
    assert (report.images, report.added, report.renumbered) == (2, 3, 0)
    assert [problem.where for problem in report.problems] == ["images[1]", "images[3]"]
    assert "several images" in report.problems[0].message
    assert "no image of the project" in report.problems[1].message
    data = exported(other.folder, tmp_path / "out", provenance=False)
    assert data["licenses"] == FOREIGN["licenses"]
    assert data["categories"] == FOREIGN["categories"]
    images = {image["id"]: image for image in data["images"]}
    assert images[700] == FOREIGN["images"][0]
    assert images[2]["file_name"] == "sub/a.png"
    objects = {one["id"]: one for one in data["annotations"]}
    assert set(objects) == {91, 908, 3}
    assert (objects[91]["keypoints"], objects[91]["num_keypoints"]) == ([20, 20, 2], 1)
    assert (objects[91]["area"], objects[91]["bbox"], objects[91]["iscrowd"]) == (700, [10, 10, 60, 20], 0)
    assert (objects[908]["iscrowd"], objects[908]["area"]) == (1, 6)
    assert objects[3]["segmentation"] == FOREIGN["annotations"][2]["segmentation"]
    consecutive = exported(other.folder, tmp_path / "trainers", category_ids="consecutive")
    assert [category["id"] for category in consecutive["categories"]] == [1, 2]


def test_ids_that_are_taken_are_not_given_twice(service: Service, images: list[str], tmp_path: Path) -> None:
    annotated(service, images)
    before = {one.id for image in images for one in service.image(author="ann", image_id=image).annotations}
    data = copy.deepcopy(FOREIGN)
    data["annotations"][2]["id"] = min(before)
    report = take(service, data, tmp_path)
    assert (report.added, report.renumbered) == (3, 1)
    after = [one.id for image in images for one in service.image(author="ann", image_id=image).annotations]
    assert len(after) == len(set(after)) == len(before) + 3
    names = {category.name: category.id for category in service.project(author="ann").categories}
    assert names["dog"] == 2, "a category of the same name is the same"


def test_bad_records_are_listed_with_their_place_and_the_rest_is_imported(other: Service, tmp_path: Path) -> None:
    data = copy.deepcopy(FOREIGN)
    good = data["annotations"][2]
    data["annotations"] += [
        {**good, "id": 20, "segmentation": {"size": [HEIGHT, WIDTH], "counts": [5, 5]}},
        {**good, "id": 21, "segmentation": [[1, 2, 3]]},
        {**good, "id": 22, "category_id": 77},
        {**good, "id": 23, "segmentation": {"size": [10**9, 10**9], "counts": "zz"}},
        "nonsense",
        {**good, "id": 24, "segmentation": rectangle(9, 9, 9, 9).to_rle(), "area": float("nan"), "bbox": [0, 0, 1, 1]},
    ]
    report = take(other, data, tmp_path)
    assert report.added == 4
    places = [problem.where for problem in report.problems if problem.lost]
    for place in ("annotations[4]", "annotations[5]", "annotations[6]", "annotations[7]", "annotations[8]"):
        assert any(where.startswith(place) for where in places), place
    assert not any(where.startswith("annotations[9]") for where in places), "box and area are computed again"


def test_boxes_are_left_out_or_become_masks_of_the_model(other: Service, tmp_path: Path) -> None:
    data = copy.deepcopy(FOREIGN)
    del data["annotations"][2]["segmentation"]
    data["annotations"][2]["bbox"] = [20, 20, 40, 30]
    report = take(other, data, tmp_path, dry=True)
    assert (report.added, report.masked) == (2, 0)
    assert "has a box and no mask" in next(one.message for one in report.problems if one.where == "annotations[2]")
    report = take(other, data, tmp_path, boxes=True)
    assert (report.added, report.masked) == (3, 1)
    made = [
        one
        for image in other.list_images(status=None, query=None, limit=10, cursor=None).items
        for one in other.image(author="eve", image_id=image.id).annotations
        if one.provenance.source == "model"
    ]
    assert [one.provenance.prompt and one.provenance.prompt["box"] for one in made] == [[20, 20, 60, 50]]


def test_detection_results_belong_to_the_images_by_their_numbers(other: Service, tmp_path: Path) -> None:
    take(other, FOREIGN, tmp_path)
    results = [
        {"image_id": 700, "category_id": 90, "score": 0.75, "segmentation": rectangle(30, 30, 9, 8).to_rle()},
        {"image_id": 2, "category_id": 18, "score": 0.5, "bbox": [20, 20, 40, 30]},
        {"image_id": 999, "category_id": 18, "score": 0.5, "bbox": [20, 20, 40, 30]},
    ]
    report = take(other, results, tmp_path, boxes=True)
    assert (report.added, report.masked) == (2, 1)
    assert [problem.where.split(".")[0] for problem in report.problems] == ["results[2]"]


@pytest.mark.parametrize("text", ["", "{", "[1, 2", '{"images": []}', "nonsense", '{"a": ' + "[" * 2000])
def test_what_is_no_dataset_is_refused_and_changes_nothing(other: Service, tmp_path: Path, text: str) -> None:
    with pytest.raises(InvalidInput):
        take(other, text, tmp_path)
    assert other.project(author="eve").counts.objects == 0


def test_undo_after_an_import_brings_unknown_fields_back_too(other: Service, tmp_path: Path) -> None:
    take(other, FOREIGN, tmp_path)
    (image,) = other.list_images(status=None, query="b.png", limit=9, cursor=None).items
    one = next(found for found in other.image(author="eve", image_id=image.id).annotations if found.id == 91)
    other.editor.delete(author="eve", annotation_id=91, revision=one.revision)
    assert other.editor.undo(author="eve", image_id=image.id) == "delete"
    back = next(found for found in other.image(author="eve", image_id=image.id).annotations if found.id == 91)
    assert back.extra == one.extra
    assert back.extra is not None
    assert back.extra["num_keypoints"] == 1


@pytest.mark.parametrize(
    ("format", "options", "place"),
    [
        ("labelme", {"shapes": "mask"}, ""),
        ("masks", {"kind": "instance"}, ""),
        ("voc", {}, ""),
        ("yolo", {}, ""),
        ("lvis", {}, "lvis.json"),
    ],
)
def test_what_was_exported_in_another_format_comes_back(
    service: Service,
    images: list[str],
    folder: Path,
    other: Service,
    tmp_path: Path,
    format: str,
    options: Any,
    place: str,
) -> None:
    bits = np.zeros((HEIGHT, WIDTH), bool)
    bits[10:30, 10:40] = True
    bits[50:60, 20:30] = True  # a second part
    bits[15:20, 20:30] = False  # a hole
    masks = {"cat": Mask.from_array(bits), "dog": rectangle(60, 20, 30, 15)}
    for name, mask in masks.items():
        service.editor.add(author="ann", image_id=images[1], category=name, mask=mask)
    report = export_folder(
        folder, Settings.load(), format=format, out=tmp_path / "out", options=options, progress=lambda done, total: None
    )
    target = report.target if report.target.is_dir() else report.target.parent
    written = [path for path in target.rglob("*.json") if not path.name.startswith(".")]
    came = import_path(other, written[0] if place else target, author="eve")
    names = {category.id: category.name for category in other.project(author="eve").categories}
    objects = [
        one
        for image in other.list_images(status=None, query="b.png", limit=9, cursor=None).items
        for one in other.image(author="eve", image_id=image.id).annotations
    ]
    assert came.added == 2, came.problems
    for one in objects:
        wanted = masks[names[one.category_id]]
        assert one.mask == wanted if format != "yolo" else one.mask.iou(wanted) > 0.95


def test_lvis_names_its_pictures_by_their_address(other: Service, tmp_path: Path) -> None:
    data = copy.deepcopy(FOREIGN)
    for image, name in zip(data["images"], ("b.png", "x.png", "sub/a.png", "y.png"), strict=True):
        del image["file_name"]
        image["coco_url"] = f"http://images.example/{name if '/' in name else 'val2017/' + name}"
    del data["images"][2]["width"], data["images"][2]["height"]
    report = take(other, data, tmp_path)
    assert (report.images, report.added) == (2, 3)
    assert not [problem for problem in report.problems if "images[2]" in problem.where], "the project knows its size"
