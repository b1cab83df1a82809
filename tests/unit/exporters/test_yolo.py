"""YOLO export: labels that draw back to the stored masks, and what is lost."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from annotator.domain.mask import Mask
from annotator.domain.polygon import filled
from annotator.exporters import get_exporter
from annotator.exporters.base import ExportCategory, ExportReport, Loss
from annotator.exporters.rings import drawn
from annotator.exporters.yolo import _line
from tests.unit.exporters.sources import MemorySource, square


def export(source: MemorySource, folder: Path, **options: Any) -> ExportReport:
    return get_exporter("yolo").export(source, folder / "yolo", options, lambda done, total: None)


def trainers_mask(line: str, height: int, width: int) -> np.ndarray:
    """How training code draws a label: corners cut to whole pixels, then OpenCV fills the polygon."""
    ring = np.array(line.split()[1:], float).reshape(-1, 2) * (width, height)
    return cv2.fillPoly(np.zeros((height, width), np.uint8), [ring.astype(np.int32)], 1).astype(bool)


def two_squares() -> Mask:
    array = np.zeros((12, 30), bool)
    array[2:6, 3:7] = True
    array[2:6, 20:25] = True
    return Mask.from_array(array)


def test_a_small_project_has_the_files_that_trainers_look_for(tmp_path: Path) -> None:
    source = MemorySource(kept=[ExportCategory(3, "cat: “big”"), ExportCategory(7, "dog")])
    source.add("a b/ü 图.jpg", square(), category=7)
    source.add("none.jpg", state="empty")
    report = export(source, tmp_path, pictures="png")
    assert sorted(p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*.*") if not p.name.startswith(".")) == [
        "yolo/data.yaml",
        "yolo/images/train/a b/ü 图.png",
        "yolo/images/train/none.png",
        "yolo/labels/train/a b/ü 图.txt",
        "yolo/labels/train/none.txt",
    ]
    data = yaml.safe_load((tmp_path / "yolo/data.yaml").read_text(encoding="utf-8"))
    assert data == {
        "train": "images/train",
        "val": "images/train",
        "nc": 2,
        "names": {0: "cat: “big”", 1: "dog"},
    }
    label = (tmp_path / "yolo/labels/train/a b/ü 图.txt").read_text()
    # The square's corners, a quarter pixel inside, as fractions of 10 × 8 pixels.
    assert label == "1 0.325 0.28125 0.325 0.71875 0.675 0.71875 0.675 0.28125\n"
    assert (tmp_path / "yolo/labels/train/none.txt").read_text() == ""
    assert (report.minimum_iou, report.losses) == (1.0, ())
    assert any("no val split" in warning for warning in report.warnings)


def test_a_hole_that_is_filled_is_a_measured_loss(tmp_path: Path) -> None:
    source = MemorySource()
    source.add("a.jpg", square(), square(hole=True))
    report = export(source, tmp_path, holes="fill")
    assert report.losses == (Loss(2, "a.jpg", 12 / 16),)
    assert (report.minimum_iou, report.mean_iou) == (0.75, 0.875)
    assert any("the smallest IoU is 0.7500 (object 2 on a.jpg)" in warning for warning in report.warnings)


def test_parts_become_one_polygon_and_the_line_between_them_is_counted_as_loss(tmp_path: Path) -> None:
    source = MemorySource()
    mask = two_squares()
    source.add("a.jpg", mask)
    (loss,) = export(source, tmp_path).losses
    (line,) = (tmp_path / "yolo/labels/train/a.txt").read_text().splitlines()
    found = trainers_mask(line, 12, 30)
    assert (found | mask.to_array() == found).all()  # both parts are there, whole
    assert 1 - loss.iou == pytest.approx(13 / (13 + mask.area))  # and the 13 pixels between them
    assert found.sum() - mask.area == 13


@given(arrays.arrays(bool, st.tuples(st.integers(1, 14), st.integers(1, 14))).filter(lambda array: array.any()))
def test_any_object_keeps_all_its_pixels(array: np.ndarray) -> None:
    mask = Mask.from_array(array)
    line = _line(0, mask, holes=False)
    ring = np.array(line.split()[1:], float).reshape(-1, 2) * (mask.width, mask.height)
    found = drawn(ring, height=mask.height, width=mask.width).to_array()
    assert (found >= filled(mask).to_array()).all()
    assert (trainers_mask(line, mask.height, mask.width) >= filled(mask).to_array()).all()


@given(st.integers(1, 40), st.integers(1, 40), st.data())
def test_a_solid_object_in_one_part_is_exact_for_trainers(height: int, width: int, data: st.DataObject) -> None:
    heights = data.draw(st.lists(st.integers(1, height), min_size=width, max_size=width))
    mask = Mask.from_array(np.arange(height)[:, None] < np.array(heights))
    line = _line(0, mask)
    np.testing.assert_array_equal(trainers_mask(line, height, width), mask.to_array())
    ring = np.array(line.split()[1:], float).reshape(-1, 2) * (width, height)
    assert drawn(ring, height=height, width=width) == mask


def test_splits_are_named_in_data_yaml(tmp_path: Path) -> None:
    source = MemorySource()
    for number in range(40):
        source.add(f"{number}.jpg", square())
    export(source, tmp_path, splits="random", fractions="60/20/20")
    data = yaml.safe_load((tmp_path / "yolo/data.yaml").read_text())
    assert (data["train"], data["val"], data["test"]) == ("images/train", "images/val", "images/test")


def ring_with_two_holes() -> Mask:
    array = np.zeros((20, 30), bool)
    array[2:18, 3:27] = True
    array[5:9, 6:12] = False
    array[11:15, 14:24] = False
    return Mask.from_array(array)


def test_holes_are_cut_without_loss_for_trainers(tmp_path: Path) -> None:
    source = MemorySource()
    source.add("a.jpg", square(hole=True))
    source.add("b.jpg", ring_with_two_holes())
    report = export(source, tmp_path)
    assert report.losses == ()
    for name, mask in [("a", square(hole=True)), ("b", ring_with_two_holes())]:
        (line,) = (tmp_path / f"yolo/labels/train/{name}.txt").read_text().splitlines()
        np.testing.assert_array_equal(trainers_mask(line, mask.height, mask.width), mask.to_array())


@given(arrays.arrays(bool, st.tuples(st.integers(1, 14), st.integers(1, 14))).filter(lambda array: array.any()))
def test_cutting_holes_never_costs_more_than_filling_them(array: np.ndarray) -> None:
    mask = Mask.from_array(array)
    ious = []
    for holes in (True, False):
        ring = np.array(_line(0, mask, holes=holes).split()[1:], float).reshape(-1, 2) * (mask.width, mask.height)
        ious.append(drawn(ring, height=mask.height, width=mask.width).iou(mask))
    assert ious[0] >= ious[1]


def test_hundreds_of_specks_become_one_ring(tmp_path: Path) -> None:
    array = np.zeros((80, 80), bool)
    array[::4, ::4] = True
    source = MemorySource()
    source.add("a.jpg", Mask.from_array(array))
    export(source, tmp_path)
    (line,) = (tmp_path / "yolo/labels/train/a.txt").read_text().splitlines()
    assert (trainers_mask(line, 80, 80) >= array).all()


def test_a_split_whose_images_are_not_exported_is_not_named(tmp_path: Path) -> None:
    source = MemorySource()
    for number in range(40):
        source.add(f"{number}.jpg", *([square()] if number < 4 else []), state="todo")
    report = export(source, tmp_path, splits="random", fractions="90/10")
    assert not (tmp_path / "yolo/labels/val").exists()
    data = yaml.safe_load((tmp_path / "yolo/data.yaml").read_text())
    assert data["val"] == "images/train"
    assert any("no val split" in warning for warning in report.warnings)
