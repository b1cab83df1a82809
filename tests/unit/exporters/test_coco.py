"""COCO export: what is written, what is skipped, and that nothing wrong is ever left behind."""

from __future__ import annotations

import json
import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import annotator
from annotator.domain.mask import Mask
from annotator.errors import BadSetting, ExportFailed, InvalidInput, StorageProblem
from annotator.exporters import EXPORTERS, coco, coco_write, get_exporter
from annotator.exporters.base import ExportAnnotation, ExportCategory, ExportReport, Skipped
from tests.unit.exporters.sources import MemorySource, square


def export(source: MemorySource, folder: Path, **options: Any) -> ExportReport:
    return get_exporter("coco").export(source, folder / "photos" / "coco", options, lambda done, total: None)


def written(report: ExportReport) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(report.target.read_text(encoding="ascii"))
    return data


def everything_in(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def test_a_small_project_is_written_as_coco_says(tmp_path: Path) -> None:
    source = MemorySource()
    source.add("a b/ü 图.jpg", square(), square(hole=True))
    source.add("c/ü 图.jpg", state="empty")
    source.add("later.jpg", state="todo")
    report = export(source, tmp_path)
    assert report.target == tmp_path / "photos" / "coco" / "annotations.json"
    assert everything_in(tmp_path) == ["photos", "photos/coco", "photos/coco/annotations.json"]
    assert (report.format, report.images, report.annotations, report.categories) == ("coco", 2, 2, 1)
    assert (report.minimum_iou, report.mean_iou, report.skipped, report.warnings) == (1.0, 1.0, (), ())
    data = written(report)
    assert data["licenses"] == []
    assert data["info"]["description"] == "photos"
    assert data["info"]["date_created"].endswith("+00:00")
    assert data["info"]["annotator"] == {
        "version": annotator.__version__,
        "model": "mobile_sam",
        "coordinates": "display orientation (EXIF applied)",
    }
    assert [(image["id"], image["file_name"], image["width"], image["height"]) for image in data["images"]] == [
        (1, "a b/ü 图.jpg", 10, 8),
        (2, "c/ü 图.jpg", 10, 8),
    ]
    first, second = data["annotations"]
    assert first == {
        "id": 1,
        "image_id": 1,
        "category_id": 1,
        "segmentation": square().to_rle(),
        "area": 16,
        "bbox": [3, 2, 4, 4],
        "iscrowd": 0,
        "annotator": {"clicks": 2, "score": 0.9, "review": "unreviewed"},
    }
    assert (second["area"], second["bbox"], second["iscrowd"]) == (12, [3, 2, 4, 4], 0)


def test_all_images_on_request(tmp_path: Path) -> None:
    source = MemorySource()
    source.add("a.jpg", state="todo")
    source.add("b.jpg", square())
    assert [image["file_name"] for image in written(export(source, tmp_path))["images"]] == ["b.jpg"]
    report = export(source, tmp_path, images="all")
    assert [image["file_name"] for image in written(report)["images"]] == ["a.jpg", "b.jpg"]
    assert report.images == 2


def test_without_provenance_only_cocos_own_keys_remain(tmp_path: Path) -> None:
    source = MemorySource()
    source.add("a.jpg", square())
    data = written(export(source, tmp_path, provenance=False))
    for key in ("images", "annotations", "categories"):
        assert all("annotator" not in row for row in data[key])


def test_category_ids_get_no_gaps_and_the_report_says_so(tmp_path: Path) -> None:
    source = MemorySource(kept=[ExportCategory(7, "dog", "animal"), ExportCategory(1, "cat"), ExportCategory(3, "car")])
    source.add("a.jpg", square(), category=7)
    report = export(source, tmp_path)
    data = written(report)
    assert [(row["id"], row["name"], row["supercategory"]) for row in data["categories"]] == [
        (1, "cat", ""),
        (2, "car", ""),
        (3, "dog", "animal"),
    ]
    assert data["annotations"][0]["category_id"] == 3
    assert report.warnings == ("Category ids were numbered without gaps, as readers expect: 3 → 2 (car), 7 → 3 (dog).",)


@pytest.mark.parametrize(
    ("kind", "holed_is_list", "iou"), [("rle", False, 1.0), ("auto", False, 1.0), ("polygon", True, 0.75)]
)
def test_segmentation_kinds_and_the_loss_of_holes(tmp_path: Path, kind: str, holed_is_list: bool, iou: float) -> None:
    source = MemorySource()
    source.add("a.jpg", square(), square(hole=True))
    report = export(source, tmp_path, segmentation=kind)
    solid, holed = (row["segmentation"] for row in written(report)["annotations"])
    assert isinstance(solid, list) == (kind != "rle")
    assert isinstance(holed, list) == holed_is_list
    assert report.minimum_iou == pytest.approx(iou)
    assert report.mean_iou == pytest.approx((1 + iou) / 2)
    assert [(loss.annotation, loss.image, loss.iou) for loss in report.losses] == (
        [(2, "a.jpg", pytest.approx(0.75))] if kind == "polygon" else []
    )
    assert ("object 2 on a.jpg" in "".join(report.warnings)) == (kind == "polygon")


def test_what_can_not_be_exported_is_skipped_with_its_reason(tmp_path: Path) -> None:
    source = MemorySource()
    source.add("good.jpg", square())
    broken = source.add("broken.jpg", square(), square())
    source.listed[1] = replace(broken, problem="The file is truncated.")
    source.add("void.jpg", Mask.from_array(np.zeros((8, 10), bool)))
    source.add("other size.jpg", square(9, 9), square(8, 10))
    source.add("odd\udcff.jpg", square())
    source.add("unknown.jpg", square(), category=5)
    rejected = source.add("rejected.jpg", square())
    source.objects[rejected.id] = [replace(source.objects[rejected.id][0], review="rejected")]
    report = export(source, tmp_path)
    assert (report.images, report.annotations) == (2, 2)
    assert report.skipped == (
        Skipped("image broken.jpg", "The file is truncated. Its 2 objects are left out too."),
        Skipped("object 4 on void.jpg", "Its mask is empty; delete it or draw it again."),
        Skipped("object 6 on other size.jpg", "Its mask is 10×8 but the image is 9×9; draw it again."),
        Skipped(
            "image odd?.jpg",
            "Its name is not valid Unicode, which JSON can't hold; rename the file. Its 1 objects are left out too.",
        ),
        Skipped("object 8 on unknown.jpg", "Its category 5 does not exist; give it another one."),
        Skipped("object 9 on rejected.jpg", "It was rejected in review."),
    )
    assert [row["id"] for row in written(report)["annotations"]] == [1, 5]


def test_nothing_to_export_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    source = MemorySource()
    source.add("a.jpg", state="todo")
    with pytest.raises(InvalidInput, match="mark images"):
        export(source, tmp_path)
    assert everything_in(tmp_path) == []
    with pytest.raises(InvalidInput):
        export(MemorySource(), tmp_path, images="all")


def test_only_confirmed_empty_images_are_a_dataset(tmp_path: Path) -> None:
    source = MemorySource()
    source.add("a.jpg", state="empty")
    report = export(source, tmp_path)
    assert (report.images, report.annotations, report.minimum_iou, report.mean_iou) == (1, 0, None, None)
    assert written(report)["annotations"] == []


def another_mask(mask: Mask, kind: str) -> Any:
    return Mask.from_array(np.roll(mask.to_array(), 1, axis=1)).to_rle()


def one_pixel_less(mask: Mask, kind: str) -> Any:
    array = mask.to_array()
    array[2, 3] = False
    return Mask.from_array(array).to_rle()


def shifted_polygon(mask: Mask, kind: str) -> Any:
    return [[3.25, 2.25, 3.25, 5.75, 5.75, 5.75, 5.75, 2.25]]


def garbage(mask: Mask, kind: str) -> Any:
    return {"size": [8, 10], "counts": "000"}


@pytest.mark.parametrize("tamper", [another_mask, one_pixel_less, shifted_polygon, garbage])
@pytest.mark.parametrize("older", [True, False])
def test_a_mask_that_reads_back_differently_fails_and_leaves_the_old_export(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tamper: Any, older: bool
) -> None:
    source = MemorySource()
    source.add("a.jpg", square())
    before = export(source, tmp_path).target.read_bytes() if older else b""
    there = everything_in(tmp_path)
    source.add("b.jpg", square())
    right = coco_write.segmentation

    def wrong_for_the_second(mask: Mask, kind: str) -> Any:
        monkeypatch.setattr(coco_write, "segmentation", tamper)
        return right(mask, kind)

    monkeypatch.setattr(coco_write, "segmentation", wrong_for_the_second)
    with pytest.raises(ExportFailed, match="object 2"):
        export(source, tmp_path)
    assert everything_in(tmp_path) == there
    if older:
        assert (tmp_path / "photos" / "coco" / "annotations.json").read_bytes() == before


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (b'"area": 16', b'"area": 15', "area of object 1 is 15, not 16"),
        (b'"bbox": [3,', b'"bbox": [2,', "bbox of object 1"),
        (b'"iscrowd": 0', b'"iscrowd": 1', "iscrowd"),
        (b'"id": 2,', b'"id": 1,', "object 1"),
        (b'"file_name": "a.jpg"', b'"file_name": "b.jpg"', "a.jpg"),
        (b'"category_id": 1', b'"category_id": 2', "category_id"),
        (b'"licenses"', b'"licenses', "can't read"),
    ],
)
def test_any_damage_to_the_written_file_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, old: bytes, new: bytes, reason: str
) -> None:
    source = MemorySource()
    source.add("a.jpg", square(), square(hole=True))
    check = coco.check

    def damaged(path: Path, *rest: Any, **options: Any) -> Any:
        content = path.read_bytes()
        assert old in content
        path.write_bytes(content.replace(old, new, 1))
        return check(path, *rest, **options)

    monkeypatch.setattr(coco, "check", damaged)
    with pytest.raises(ExportFailed, match=reason):
        export(source, tmp_path)
    assert everything_in(tmp_path) == []


def test_ids_used_twice_in_the_source_are_found(tmp_path: Path) -> None:
    source = MemorySource()
    image = source.add("a.jpg", square())
    source.objects[image.id] *= 2
    with pytest.raises(ExportFailed, match="ids"):
        export(source, tmp_path)
    assert everything_in(tmp_path) == []


def test_progress_covers_writing_and_checking(tmp_path: Path) -> None:
    source = MemorySource()
    for number in range(5):
        source.add(f"{number}.jpg", square())
    seen: list[tuple[int, int]] = []
    get_exporter("coco").export(source, tmp_path, {}, lambda done, total: seen.append((done, total)))
    assert seen == [(step, 10) for step in range(1, 11)]


def test_a_stop_half_way_leaves_nothing(tmp_path: Path) -> None:
    source = MemorySource()
    source.add("a.jpg", square())

    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        get_exporter("coco").export(source, tmp_path / "deep" / "er", {}, stop)
    assert everything_in(tmp_path) == []


def test_a_folder_that_can_not_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "photos").write_text("a file where the folder should be")
    source = MemorySource()
    source.add("a.jpg", square())
    with pytest.raises(StorageProblem, match="photos"):
        export(source, tmp_path)
    assert everything_in(tmp_path) == ["photos"]


def test_options_are_checked_and_described(tmp_path: Path) -> None:
    source = MemorySource()
    source.add("a.jpg", square())
    for options, field in [
        ({"segmentation": "lines"}, "options.segmentation"),
        ({"provenance": "yes"}, "options.provenance"),
        ({"colour": 1}, "options.colour"),
        ({"images": None}, "options.images"),
    ]:
        with pytest.raises(BadSetting) as caught:
            export(source, tmp_path, **options)
        assert caught.value.field == field
    for exporter in EXPORTERS.values():
        for option in exporter.options:
            assert option.title
            assert option.help.endswith(".")
            assert option.type != "choice" or option.default in option.choices


def test_an_unknown_format_names_the_known_ones() -> None:
    with pytest.raises(InvalidInput, match="coco"):
        get_exporter("yolo-nas")


def test_report_and_failure_travel_between_processes(tmp_path: Path) -> None:
    source = MemorySource()
    source.add("a.jpg", square(hole=True))
    report = export(source, tmp_path, segmentation="polygon")
    assert pickle.loads(pickle.dumps(report)) == report
    assert pickle.loads(pickle.dumps(ExportFailed("why"))).message == "why"


def test_nothing_is_printed(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    source = MemorySource()
    source.add("a.jpg", square())
    export(source, tmp_path)
    assert capfd.readouterr() == ("", "")


def test_images_are_read_one_after_the_other(tmp_path: Path) -> None:
    """Constant memory: the annotations of an image are dropped before the next ones are read."""
    import weakref

    alive: list[weakref.ref[Any]] = []
    most = 0

    class Row(list[ExportAnnotation]):
        pass

    class Watched(MemorySource):
        def annotations(self, image_id: str) -> list[ExportAnnotation]:
            nonlocal most
            rows = Row(super().annotations(image_id))
            alive.append(weakref.ref(rows))
            most = max(most, sum(ref() is not None for ref in alive))
            return rows

    source = Watched()
    for number in range(20):
        source.add(f"{number}.jpg", square())
    export(source, tmp_path)
    assert len(alive) == 40
    assert most <= 3
