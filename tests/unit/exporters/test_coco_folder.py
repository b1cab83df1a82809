"""COCO with splits and pictures: a file for each split, and the pictures where its names say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from annotator.errors import BadSetting, InvalidInput, StorageProblem
from annotator.exporters import get_exporter
from annotator.exporters.base import ExportReport
from tests.unit.exporters.sources import MemorySource, square


def export(source: MemorySource, target: Path, **options: Any) -> ExportReport:
    return get_exporter("coco").export(source, target, options, lambda done, total: None)


def photos(count: int, folder: Path | None = None) -> MemorySource:
    source = MemorySource()
    for number in range(count):
        image = source.add(f"clip{number % 4}/{number}.jpg", square(hole=number == 3))
        if folder is not None:
            source.files[image.id] = folder / f"{number}.jpg"
            source.files[image.id].write_bytes(b"the original %d" % number)
    return source


def files_in(folder: Path) -> list[str]:
    return sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if not path.is_dir() and not path.name.startswith(".")
    )


def test_each_split_is_a_file_with_its_own_images_and_all_categories(tmp_path: Path) -> None:
    source = photos(60)
    report = export(source, tmp_path / "coco", splits="random", fractions="50/30/20", segmentation="polygon")
    assert report.target == tmp_path / "coco"
    assert (report.images, report.annotations, len(report.losses)) == (60, 60, 1)
    names = [f"annotations/instances_{split}.json" for split in ("test", "train", "val")]
    assert files_in(tmp_path / "coco") == names
    parts = [json.loads((tmp_path / "coco" / name).read_text()) for name in names]
    listed = [image["file_name"] for part in parts for image in part["images"]]
    assert sorted(listed) == sorted(image.name for image in source.images())
    for part in parts:
        assert {row["image_id"] for row in part["annotations"]} == {image["id"] for image in part["images"]}
        assert part["categories"] == parts[0]["categories"]


def test_images_that_look_alike_are_in_one_file(tmp_path: Path) -> None:
    source = photos(30)
    source.alike = [("i0", "i7", "i21"), ("i3", "i4")]
    seen: list[tuple[int, int]] = []
    get_exporter("coco").export(
        source, tmp_path / "coco", {"splits": "near_duplicates"}, lambda done, total: seen.append((done, total))
    )
    homes: dict[int, Path] = {}
    for path in (tmp_path / "coco/annotations").iterdir():
        homes.update({image["id"]: path for image in json.loads(path.read_text())["images"]})
    assert homes[1] == homes[8] == homes[22]
    assert homes[4] == homes[5]
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert seen[-1][0] == seen[-1][1]


@pytest.mark.parametrize("splits", ["none", "random"])
@pytest.mark.parametrize("pictures", ["copy", "link", "png"])
def test_every_name_in_a_file_leads_to_the_picture(tmp_path: Path, splits: str, pictures: str) -> None:
    (tmp_path / "originals").mkdir()
    source = photos(12, tmp_path / "originals")
    # Another folder's file of the same stem: copies keep both, PNG files have to get names of their own.
    twin = source.add("clip0/0.png", square())
    source.files[twin.id] = tmp_path / "originals" / "0.jpg"
    report = export(source, tmp_path / "coco", splits=splits, pictures=pictures)
    found = 0
    for path in (tmp_path / "coco").rglob("*.json"):
        split = path.stem.removeprefix("instances_") if splits != "none" else ""
        if path.name.startswith("."):
            continue
        for image in json.loads(path.read_text())["images"]:
            picture = tmp_path / "coco/images" / split / image["file_name"]
            found += 1
            assert picture.is_symlink() == (pictures == "link")
            if pictures == "png":
                with Image.open(picture) as opened:
                    assert opened.size == (10, 8)
            else:
                assert picture.read_bytes() == source.files[f"i{image['id'] - 1}"].read_bytes()
    assert found == report.images == 13


def test_without_splits_and_pictures_the_file_is_alone_and_the_same_after_a_folder(tmp_path: Path) -> None:
    source = photos(5)
    first = export(source, tmp_path / "coco").target.read_bytes()
    assert files_in(tmp_path / "coco") == ["annotations.json"]
    assert not list((tmp_path / "coco").glob(".*"))
    export(source, tmp_path / "coco", splits="folder", fractions="50/50")
    assert "annotations.json" not in files_in(tmp_path / "coco")
    report = export(source, tmp_path / "coco")
    assert report.target == tmp_path / "coco/annotations.json"
    assert files_in(tmp_path / "coco") == ["annotations.json"]
    # All but the first line, `info` with its date.
    assert report.target.read_bytes().partition(b"\n")[2] == first.partition(b"\n")[2]


def test_a_folder_with_something_else_in_it_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "coco").mkdir()
    (tmp_path / "coco/annotations.json").write_text("an older export")
    (tmp_path / "coco/thesis.txt").write_text("mine")
    with pytest.raises(StorageProblem, match="not replaced"):
        export(photos(3), tmp_path / "coco", splits="random")
    assert files_in(tmp_path / "coco") == ["annotations.json", "thesis.txt"]


def test_nothing_to_split_and_unusable_shares_leave_nothing(tmp_path: Path) -> None:
    source = MemorySource()
    source.add("a.jpg", state="todo")
    with pytest.raises(InvalidInput, match="nothing to export"):
        export(source, tmp_path / "coco", splits="random")
    with pytest.raises(BadSetting, match="80/10/10"):
        export(photos(2), tmp_path / "coco", splits="random", fractions="half")
    assert files_in(tmp_path) == []


def test_what_nobody_approved_is_one_line_over_all_splits(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="none of the 20 objects is approved"):
        export(photos(20), tmp_path / "coco", splits="random", review="approved", fractions="50/50")
