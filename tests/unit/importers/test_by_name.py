from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from annotator.importers import get_importer
from annotator.importers.base import (
    BadRecord,
    ImportAnnotation,
    ImportCategory,
    ImportImage,
    KnownImage,
    Project,
)

PROJECT = Project(images=(KnownImage(4, "images/a.jpg", 20, 10), KnownImage(5, "images/b.jpg", 20, 10)))


def read(
    name: str, path: Path
) -> tuple[list[ImportCategory], list[ImportImage], list[ImportAnnotation], list[BadRecord]]:
    items = list(get_importer(name).read(path, project=PROJECT, progress=lambda done, total: None))
    return (
        [item for item in items if isinstance(item, ImportCategory)],
        [item for item in items if isinstance(item, ImportImage)],
        [item for item in items if isinstance(item, ImportAnnotation)],
        [item for item in items if isinstance(item, BadRecord)],
    )


def test_yolos_categories_count_from_one_and_objects_refer_to_them(tmp_path: Path) -> None:
    (tmp_path / "labels").mkdir()
    (tmp_path / "data.yaml").write_text("names: [dog, cat, cow]")
    (tmp_path / "labels/a.txt").write_text("1 0.5 0.5 0.5 1 0.25\n7 0 0 1 1")
    (tmp_path / "labels/b.txt").write_text("2 0 0 1 0 1 1 0 1\n")
    categories, images, annotations, bad = read("yolo", tmp_path)
    assert [(item.number, item.name) for item in categories] == [(1, "dog"), (2, "cat"), (3, "cow")]
    assert [(item.number, item.name) for item in images] == [(4, "images/a.jpg"), (5, "images/b.jpg")]
    assert [(item.image, item.category, item.box, item.score) for item in annotations] == [
        (4, 2, (5, 0, 15, 10), 0.25),
        (5, 3, None, None),
    ]
    assert annotations[1].mask is not None
    assert annotations[1].mask.area == 200
    assert [(item.where, item.lost) for item in bad] == [("labels/a.txt:2", True)]


def test_what_has_no_number_gets_one_that_is_free_and_a_file_name_finds_its_image_in_a_folder(tmp_path: Path) -> None:
    for category in ("dog", "cat"):
        (tmp_path / category).mkdir()
        Image.fromarray(np.ones((10, 20), np.uint8)).save(tmp_path / category / "a.png")
    project = Project(images=(KnownImage(9, "photos/a.jpg", 20, 10),))
    importer = get_importer("binary_masks")
    items = list(importer.read(tmp_path, project=project, progress=lambda done, total: None))
    assert [item.number for item in items if isinstance(item, ImportCategory)] == [1, 2]
    assert [(item.image, item.category) for item in items if isinstance(item, ImportAnnotation)] == [(9, 1), (9, 2)]


def test_numbers_of_the_dataset_are_kept(tmp_path: Path) -> None:
    (tmp_path / "labels").mkdir()
    (tmp_path / "data.yaml").write_text("names: {3: dog, 8: cat}")
    (tmp_path / "labels/a.txt").write_text("8 0.5 0.5 0.5 1")
    categories, _, annotations, _ = read("yolo", tmp_path)
    assert [item.number for item in categories] == [3, 8]
    assert annotations[0].category == 8
