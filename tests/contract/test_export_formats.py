"""Exports in the hands of the libraries that read them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from annotator.domain.polygon import filled
from annotator.exporters import get_exporter
from annotator.exporters.base import ExportCategory
from tests.unit.exporters.sources import MemorySource, drawn, square


def test_supervision_reads_yolo(tmp_path: Path) -> None:
    supervision = pytest.importorskip("supervision", reason="the library supervision is not installed")
    masks = [drawn((2, 2, 9, 7), (20, 3, 6, 6), height=40, width=50), square(40, 50, hole=True)]
    source = MemorySource(kept=[ExportCategory(2, "cat"), ExportCategory(7, "dog")])
    source.add("a.jpg", *masks, category=7)
    get_exporter("yolo").export(source, tmp_path / "yolo", {"pictures": "copy"}, lambda done, total: None)
    data = supervision.DetectionDataset.from_yolo(
        images_directory_path=str(tmp_path / "yolo/images/train"),
        annotations_directory_path=str(tmp_path / "yolo/labels/train"),
        data_yaml_path=str(tmp_path / "yolo/data.yaml"),
        force_masks=True,
    )
    assert data.classes == ["cat", "dog"]
    ((_, picture, found),) = list(data)
    assert picture.shape == (40, 50, 3)
    assert found.class_id.tolist() == [1, 1]
    for mask, read in zip(masks, found.mask, strict=True):
        wanted = filled(mask).to_array()
        # It draws outlines and rounds its own way: no pixel of the object may be lost, at most its rim gained.
        assert not (wanted & ~read).any()
        near = np.zeros((42, 52), bool)
        for down in range(3):
            for across in range(3):
                near[down : down + 40, across : across + 50] |= wanted
        gained = read & ~near[1:-1, 1:-1]
        assert gained.sum() <= 12  # the bridge between two parts is drawn as a line
