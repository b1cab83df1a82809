"""What every export into a folder does: whole or not at all, names kept apart, pictures, options, and YOLO's files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis.extra import numpy as arrays
from PIL import Image

from annotator.domain.mask import Mask
from annotator.domain.polygon import filled, from_polygons
from annotator.errors import BadSetting, InvalidInput, StorageProblem
from annotator.exporters import get_exporter
from annotator.exporters.base import ExportCategory, ExportReport
from annotator.exporters.png import read_png, write_png
from annotator.exporters.yolo import one_polygon
from tests.unit.exporters.sources import MemorySource, drawn, square


def export(source: MemorySource, folder: Path, format: str = "yolo", **options: Any) -> ExportReport:
    return get_exporter(format).export(source, folder / "out", options, lambda done, total: None)


def files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir())


def test_yolo_of_a_small_project(tmp_path: Path) -> None:
    source = MemorySource(kept=[ExportCategory(4, "cat"), ExportCategory(9, "ü: dog")])
    source.add("a/b.jpg", square(), category=9)
    source.add("c.jpg", state="empty")
    report = export(source, tmp_path)
    assert files(tmp_path / "out") == [".annotator-export", "data.yaml", "labels/a/b.txt", "labels/c.txt"]
    assert (report.images, report.annotations, report.categories, report.minimum_iou) == (2, 1, 2, 1.0)
    data = yaml.safe_load((tmp_path / "out/data.yaml").read_text(encoding="utf-8"))
    assert data == {"train": "images", "val": "images", "names": {0: "cat", 1: "ü: dog"}}
    number, *values = (tmp_path / "out/labels/a/b.txt").read_text().split()
    points = np.array(values, float).reshape(-1, 2) * [10, 8]
    assert number == "1"
    assert points.min(axis=0).tolist() == [3.25, 2.25]
    assert points.max(axis=0).tolist() == [6.75, 5.75]
    assert (tmp_path / "out/labels/c.txt").read_text() == ""


def test_yolo_keeps_every_part_and_reports_lost_holes(tmp_path: Path) -> None:
    source = MemorySource()
    source.add("a.jpg", drawn((0, 0, 2, 2), (7, 1, 1, 1), (4, 6, 3, 2)), square(hole=True))
    report = export(source, tmp_path)
    assert [(loss.annotation, loss.iou) for loss in report.losses] == [(2, 12 / 16)]
    assert any("smallest IoU is 0.7500" in line for line in report.warnings)


@given(arrays.arrays(bool, (9, 13)).filter(np.any))
def test_one_polygon_is_the_mask_without_its_holes(array: np.ndarray) -> None:
    mask = Mask.from_array(array)
    read = from_polygons([one_polygon(mask).ravel().tolist()], height=9, width=13)
    assert read.iou(filled(mask)) == 1.0


def test_splits_are_folders_and_older_images_stay(tmp_path: Path) -> None:
    source = MemorySource()
    for number in range(30):
        source.add(f"{number}.jpg", square())
    export(source, tmp_path, splits="random", fractions="60/20/20")
    before = files(tmp_path / "out" / "labels")
    assert {name.split("/")[0] for name in before} == {"train", "val", "test"}
    assert len(before) == 30
    source.add("0a.jpg", square())
    source.listed.reverse()
    export(source, tmp_path, splits="random", fractions="60/20/20")
    assert len(set(files(tmp_path / "out" / "labels")) - set(before)) == 1


def test_pictures_are_copied_linked_or_written_anew(tmp_path: Path) -> None:
    original = tmp_path / "original.jpg"
    original.write_bytes(b"bytes of a photo")
    source = MemorySource()
    source.files[source.add("a.jpg", square()).id] = original
    source.add("turned.jpg", square())
    export(source, tmp_path, pictures="copy")
    assert (tmp_path / "out/images/a.jpg").read_bytes() == b"bytes of a photo"
    assert not (tmp_path / "out/images/a.jpg").is_symlink()
    with Image.open(tmp_path / "out/images/turned.png") as picture:
        assert picture.size == (10, 8)
        assert picture.getpixel((3, 3)) == (10, 20, 30)
    export(source, tmp_path, pictures="link")
    assert (tmp_path / "out/images/a.jpg").resolve() == original
    assert original.read_bytes() == b"bytes of a photo"


def test_names_that_differ_in_suffix_only_are_kept_apart_and_none_leaves_the_folder(tmp_path: Path) -> None:
    source = MemorySource()
    for name in ("a.jpg", "A.png", "../../up.jpg", "/root.jpg"):
        source.add(name, square())
    report = export(source, tmp_path)
    assert files(tmp_path / "out/labels") == ["A_2.txt", "a.txt", "root.txt", "up.txt"]
    assert any("A.png → A_2" in line for line in report.warnings)


def test_a_folder_of_somebody_else_is_never_replaced(tmp_path: Path) -> None:
    source = MemorySource()
    source.add("a.jpg", square())
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.txt").write_text("years of work")
    with pytest.raises(StorageProblem, match="choose another folder"):
        export(source, tmp_path)
    assert files(tmp_path) == ["out/thesis.txt"]


def test_a_failed_export_leaves_the_older_one(tmp_path: Path) -> None:
    source = MemorySource()
    image = source.add("a.jpg", square())
    export(source, tmp_path)
    before = files(tmp_path)
    source.files[image.id] = tmp_path / "gone.jpg"
    with pytest.raises(StorageProblem):
        export(source, tmp_path, pictures="copy")
    assert files(tmp_path) == before
    with pytest.raises(InvalidInput, match="nothing to export"):
        export(MemorySource(), tmp_path / "new" / "place")
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("options", [{"seed": -1}, {"seed": True}, {"seed": "1"}, {"pattern": 3}, {"fractions": "x"}])
def test_options_of_the_wrong_kind_are_refused(tmp_path: Path, options: dict[str, Any]) -> None:
    source = MemorySource()
    source.add("a.jpg", square())
    with pytest.raises(BadSetting, match=next(iter(options))):
        export(source, tmp_path, **options)


@pytest.mark.parametrize(
    ("dtype", "shape"), [(np.uint8, (3, 5)), (np.uint16, (3, 5)), (np.uint8, (3, 5, 3)), (np.uint8, (3, 5, 4))]
)
def test_png_values_arrive_in_another_reader(tmp_path: Path, dtype: Any, shape: tuple[int, ...]) -> None:
    values = np.random.default_rng(0).integers(0, np.iinfo(dtype).max, shape, dtype=dtype)
    write_png(tmp_path / "a.png", values)
    with Image.open(tmp_path / "a.png") as picture:
        assert np.array_equal(np.asarray(picture), values)
    assert np.array_equal(read_png(tmp_path / "a.png"), values)
