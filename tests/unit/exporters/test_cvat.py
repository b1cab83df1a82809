"""CVAT's XML: every mask back pixel by pixel, as its description of the format says."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np

from annotator.exporters.base import ExportCategory
from annotator.exporters.cvat import row_runs
from tests.unit.exporters.sources import MemorySource, drawn, square
from tests.unit.exporters.test_folder import export, files


def test_masks_of_cvat_keep_holes_and_parts(tmp_path: Path) -> None:
    source = MemorySource(kept=[ExportCategory(1, 'a "<b>" & ü')])
    masks = [square(hole=True), drawn((0, 0, 2, 2), (8, 6, 2, 2))]
    source.add("a/b.jpg", *masks)
    report = export(source, tmp_path, "cvat", splits="random", fractions="1")
    assert files(tmp_path / "out") == [".annotator-export", "annotations.xml"]
    root = ET.parse(tmp_path / "out/annotations.xml").getroot()
    (image,) = root.iter("image")
    assert image.attrib == {"id": "0", "name": "a/b.jpg", "subset": "train", "width": "10", "height": "8"}
    for entry, mask in zip(image.iter("mask"), masks, strict=True):
        assert entry.get("label") == 'a "<b>" & ü'
        found = np.zeros((8, 10), bool)
        left, top, width = (int(entry.attrib[key]) for key in ("left", "top", "width"))
        place = 0
        for number, run in enumerate(entry.attrib["rle"].split(", ")):
            for pixel in range(place, place + int(run)):
                found[top + pixel // width, left + pixel % width] = number % 2 == 1
            place += int(run)
        assert place == width * int(entry.attrib["height"])
        assert np.array_equal(found, mask.to_array())
    assert report.minimum_iou == 1.0


def test_runs_start_with_background() -> None:
    assert row_runs(np.array([[True, True], [False, True]])) == [0, 2, 1, 1]
    assert row_runs(np.array([[False, True]])) == [1, 1]
