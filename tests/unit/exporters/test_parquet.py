"""Parquet: read back with pyarrow."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pycocotools import mask as coco

from annotator.errors import BadSetting
from annotator.exporters import get_exporter, parquet
from annotator.exporters.base import ExportReport
from tests.unit.exporters.sources import MemorySource, square


def export(source: MemorySource, target: Path, **options: Any) -> ExportReport:
    return get_exporter("parquet").export(source, target, options, lambda done, total: None)


def project(count: int = 2) -> MemorySource:
    source = MemorySource()
    for number in range(count):
        source.add(f"a/{number}.jpg", square(), square(hole=True))
    return source


def table(path: Path) -> Any:
    return pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed").read_table(path)


def test_rows_hold_pictures_and_masks(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    report = export(project(), tmp_path / "out", pictures="png")
    assert (report.annotations, report.minimum_iou) == (4, 1.0)
    row = table(tmp_path / "out/data/train-00000-of-00001.parquet").to_pylist()[1]
    assert (row["image_id"], row["file_name"], row["width"], row["height"]) == (2, "a/1.jpg", 10, 8)
    with Image.open(io.BytesIO(row["image"]["bytes"])) as image:
        assert image.getpixel((7, 3)) == (7, 3, 200)
    second = row["objects"][1]
    assert (second["id"], second["category"], second["bbox"], second["area"]) == (4, 0, [3, 2, 4, 4], 12)
    np.testing.assert_array_equal(coco.decode(second["segmentation"]), square(hole=True).to_array())


def test_many_rows_are_written_in_batches_and_all_are_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    monkeypatch.setattr(parquet, "_BATCH_ROWS", 7)
    assert export(project(30), tmp_path / "out", splits="random", fractions="50/30/20").images == 30
    numbers = [table(path)["image_id"].to_pylist() for path in sorted((tmp_path / "out/data").iterdir())]
    assert len(numbers) == 3
    assert sorted(number for part in numbers for number in part) == list(range(1, 31))


def test_original_files_go_in_as_they_are(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    source = project(1)
    source.files["i0"] = tmp_path / "x.jpg"
    source.files["i0"].write_bytes(b"the original")
    path = tmp_path / "out/data/train-00000-of-00001.parquet"
    export(source, tmp_path / "out", pictures="copy")
    assert table(path)["image"].to_pylist() == [{"bytes": b"the original", "path": "a/0.jpg"}]
    export(source, tmp_path / "out", pictures="link")
    assert table(path)["image"].to_pylist() == [{"bytes": None, "path": str(source.files["i0"].resolve())}]


def test_without_pyarrow_the_export_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(BadSetting, match="annotator\\[datasets\\]"):
        export(project(), tmp_path / "out")
    assert list(tmp_path.iterdir()) == []
