"""labelme and SA-1B: one JSON file per image, every mask back as it was."""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path

import numpy as np
from PIL import Image

from annotator.domain.mask import Mask
from annotator.exporters.base import ExportCategory
from tests.unit.exporters.sources import MemorySource, drawn, square
from tests.unit.exporters.test_folder import export, files


def test_labelme_masks_keep_holes_and_parts(tmp_path: Path) -> None:
    source = MemorySource(kept=[ExportCategory(5, "Käse")])
    masks = [square(hole=True), drawn((0, 0, 2, 2), (8, 6, 2, 2))]
    source.add("a/b.jpg", *masks, category=5)
    report = export(source, tmp_path, "labelme", pictures="copy")
    assert files(tmp_path / "out") == [".annotator-export", "a/b.json", "a/b.png", "labels.txt"]
    data = json.loads((tmp_path / "out/a/b.json").read_text())
    assert data["imagePath"] == "b.png"
    assert (data["imageWidth"], data["imageHeight"], data["imageData"]) == (10, 8, None)
    for shape, mask in zip(data["shapes"], masks, strict=True):
        assert (shape["label"], shape["shape_type"]) == ("Käse", "mask")
        (x0, y0), (x1, y1) = shape["points"]
        found = np.zeros((8, 10), bool)
        with Image.open(io.BytesIO(base64.b64decode(shape["mask"]))) as picture:
            found[y0 : y1 + 1, x0 : x1 + 1] = np.asarray(picture).astype(bool)
        assert np.array_equal(found, mask.to_array())
    assert report.minimum_iou == 1.0


def test_labelme_takes_polygons_only_where_nothing_is_lost(tmp_path: Path) -> None:
    source = MemorySource()
    source.add("a.jpg", square(), square(hole=True), drawn((0, 0, 2, 2), (8, 6, 2, 2)))
    report = export(source, tmp_path, "labelme", shapes="auto")
    shapes = json.loads((tmp_path / "out/a.json").read_text())["shapes"]
    assert [shape["shape_type"] for shape in shapes] == ["polygon", "mask", "mask"]
    assert report.minimum_iou == 1.0


def test_sa1b_files_hold_every_mask_and_say_that_categories_are_lost(tmp_path: Path) -> None:
    source = MemorySource(kept=[ExportCategory(1, "cat"), ExportCategory(2, "dog")])
    source.add("a.jpg", square(hole=True), drawn((0, 0, 2, 2)))
    report = export(source, tmp_path, "sa1b")
    data = json.loads((tmp_path / "out/a.json").read_text())
    assert data["image"] == {"image_id": 1, "width": 10, "height": 8, "file_name": "a.jpg"}
    assert [Mask.from_rle(row["segmentation"]) for row in data["annotations"]] == [
        square(hole=True),
        drawn((0, 0, 2, 2)),
    ]
    assert [(row["area"], row["bbox"], row["predicted_iou"]) for row in data["annotations"]] == [
        (12, [3, 2, 4, 4], 0.9),
        (4, [0, 0, 2, 2], 0.9),
    ]
    assert report.warnings == ("SA-1B has no categories: they were left out.",)
