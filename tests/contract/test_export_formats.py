"""Exported folders as the programs read them that they are for; each test is skipped where its reader is missing."""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import os
import subprocess
import sys
import zipfile
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from annotator.domain.mask import Mask
from annotator.domain.polygon import filled
from annotator.exporters import get_exporter
from annotator.exporters.base import ExportReport
from tests.contract.test_coco_export import davis, nuclei
from tests.unit.exporters.sources import MemorySource, square

# Other people's programs warn about other people's programs.
pytestmark = pytest.mark.filterwarnings("ignore")


READERS = os.environ.get("ANNOTATOR_TEST_READERS")
"""Folder that `make readers` has installed them into; without it those that are not installed are skipped."""
if READERS:
    sys.path.append(READERS)  # behind everything else: what the project has itself comes first


def reader(name: str) -> Any:
    """A program to read with, which need not be installed."""
    package = name.partition(".")[0]
    if READERS is None:
        pytest.importorskip(
            package, reason=f"{package} is not installed; `make readers` installs it and runs this test"
        )
    return importlib.import_module(name)


def export(format: str, source: MemorySource, target: Path, **options: Any) -> ExportReport:
    return get_exporter(format).export(source, target, options, lambda done, total: None)


def few() -> MemorySource:
    """Three microscopy images with 27, 70 and 36 objects, none over another."""
    source = nuclei()
    del source.listed[3:]
    return source


def masks_by_stem(source: MemorySource) -> dict[str, list[np.ndarray]]:
    return {
        image.name.rpartition(".")[0]: [row.mask.to_array() for row in source.annotations(image.id)]
        for image in source.images()
    }


def assert_same(found: dict[str, list[np.ndarray]], source: MemorySource) -> None:
    """Every image has the source's masks, in any order."""
    wanted = masks_by_stem(source)
    assert sorted(found) == sorted(wanted)
    for name, masks in wanted.items():
        keys = [[np.packbits(mask).tobytes() for mask in some] for some in (found[name], masks)]
        assert sorted(keys[0]) == sorted(keys[1]), name


def test_ultralytics_draws_every_yolo_label_as_the_stored_mask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reader("ultralytics")
    monkeypatch.setenv("YOLO_CONFIG_DIR", str(tmp_path))
    with contextlib.redirect_stdout(io.StringIO()):
        data = reader("ultralytics.data.utils")
        dataset = reader("ultralytics.data.dataset")
        source = few()
        export("yolo", source, tmp_path / "out", pictures="png")
        read = yaml.safe_load((tmp_path / "out/data.yaml").read_text()) | {"channels": 3}
        pictures = str(tmp_path / "out" / read["train"])
        labels = dataset.YOLODataset(img_path=pictures, data=read, task="segment", imgsz=256).labels
    found = {}
    for label in labels:
        height, width = label["shape"]
        rings = [segment * (width, height) for segment in label["segments"]]
        found[Path(label["im_file"]).stem] = [
            data.polygon2mask((height, width), [ring.ravel()]).astype(bool) for ring in rings
        ]
    assert_same(found, source)


def test_ultralytics_converts_a_coco_export_to_as_many_labels(tmp_path: Path) -> None:
    """In a process of its own: the converter changes settings of its package for whoever imports it."""
    reader("ultralytics")
    source = few()
    written = export("coco", source, tmp_path / "coco", segmentation="polygon")
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels/train.json").write_bytes(written.target.read_bytes())
    convert = (
        "import sys; from ultralytics.data.converter import convert_coco;"
        " convert_coco(*sys.argv[1:], use_segments=True, cls91to80=False)"
    )
    places = [str(tmp_path / "labels"), str(tmp_path / "yolo")]
    known = os.pathsep.join(part for part in (os.environ.get("PYTHONPATH"), READERS) if part)
    environment = {**os.environ, "PYTHONPATH": known, "YOLO_CONFIG_DIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", convert, *places], env=environment, capture_output=True, text=True, timeout=240
    )
    assert done.returncode == 0, done.stderr
    found = {path.stem: len(path.read_text().splitlines()) for path in (tmp_path / "yolo").rglob("*.txt")}
    assert found == {name: len(masks) for name, masks in masks_by_stem(source).items()}


@pytest.mark.parametrize(("holes", "lowest", "highest"), [("cut", 0.97, 0.99), ("fill", 0.8, 0.85)])
def test_ultralytics_sees_what_the_report_says_of_photos(
    tmp_path: Path, holes: str, lowest: float, highest: float
) -> None:
    """Objects with holes and several parts: the loss in the report is the one that training has."""
    data = reader("ultralytics.data.utils")
    source = davis()
    report = export("yolo", source, tmp_path / "out", holes=holes)
    reported = {loss.annotation: loss.iou for loss in report.losses}
    assert 0 < len(reported) < report.annotations
    assert report.minimum_iou is not None
    assert lowest < report.minimum_iou < highest
    for image in source.images():
        (row,) = source.annotations(image.id)
        line = (tmp_path / "out/labels/train" / image.name).with_suffix(".txt").read_text()
        ring = np.array(line.split()[1:], float).reshape(-1, 2) * (image.width, image.height)
        drawn = data.polygon2mask((image.height, image.width), [ring.ravel()])
        assert row.mask.iou(Mask.from_array(drawn)) == pytest.approx(reported.get(row.id, 1.0), abs=1e-6)


def test_supervision_reads_yolo(tmp_path: Path) -> None:
    supervision = reader("supervision")
    export("yolo", few(), tmp_path / "out", pictures="png")
    read = supervision.DetectionDataset.from_yolo(
        str(tmp_path / "out/images/train"), str(tmp_path / "out/labels/train"), str(tmp_path / "out/data.yaml")
    )
    assert read.classes == ["thing"]
    assert sorted(len(objects) for _, _, objects in read) == [27, 36, 70]


def test_supervision_reads_the_boxes_of_voc(tmp_path: Path) -> None:
    supervision = reader("supervision")
    source = few()
    export("voc", source, tmp_path / "out", pictures="png")
    read = supervision.DetectionDataset.from_pascal_voc(
        str(tmp_path / "out/JPEGImages"), str(tmp_path / "out/Annotations")
    )
    for path, _, objects in read:
        image = next(image for image in source.images() if Path(image.name).stem == Path(path).stem)
        boxes = [row.mask.bbox for row in source.annotations(image.id)]
        # It counts pixels from 0 and the right and lower edge as outside.
        assert objects.xyxy.tolist() == [[x, y, x + width, y + height] for x, y, width, height in boxes]


@pytest.mark.parametrize(
    ("format", "theirs"),
    [
        ("voc", "voc_instance_segmentation"),
        ("panoptic", "coco_panoptic"),
        ("sa1b", "segment_anything"),
        ("cvat", "cvat"),
    ],
)
def test_datumaro_reads_every_mask(tmp_path: Path, format: str, theirs: str) -> None:
    datumaro = reader("datumaro")
    source = few()
    export(format, source, tmp_path / "out", pictures="png")
    if format == "cvat":
        with zipfile.ZipFile(tmp_path / "out/cvat.zip") as archive:
            archive.extractall(tmp_path / "out")
    names = {f"sa_{image.number}": Path(image.name).stem for image in source.images()}
    found: dict[str, list[np.ndarray]] = defaultdict(list)
    for item in datumaro.Dataset.import_from(str(tmp_path / "out"), theirs):
        for entry in item.annotations:
            if hasattr(entry, "image"):
                found[names.get(item.id, item.id)].append(np.asarray(entry.image).astype(bool))
    assert_same(found, source)


def test_datasets_loads_the_parquet_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    datasets = reader("datasets")
    coco = reader("pycocotools.mask")
    source = nuclei()
    export("parquet", source, tmp_path / "out", pictures="png", splits="random", fractions="50/30/20", seed=1)
    read = datasets.load_dataset(str(tmp_path / "out"), cache_dir=str(tmp_path / "cache"))
    assert sorted(read) == ["test", "train", "validation"]
    found = {}
    for rows in read.values():
        for row in rows:
            assert row["image"].size == (row["width"], row["height"])
            masks = [coco.decode(entry["segmentation"]).astype(bool) for entry in row["objects"]]
            found[Path(row["file_name"]).stem] = masks
        assert rows.features["objects"].feature["category"].names == ["thing"]
    assert_same(found, source)


@pytest.mark.parametrize("segmentation", ["rle", "polygon", "auto"])
def test_pycocotools_reads_lvis(tmp_path: Path, segmentation: str) -> None:
    coco = reader("pycocotools.coco")
    source = davis()
    source.add("ring.jpg", square(hole=True), category=2)
    report = export("lvis", source, tmp_path / "out", segmentation=segmentation)
    with contextlib.redirect_stdout(io.StringIO()):
        read = coco.COCO(str(tmp_path / "out/lvis.json"))
    losses = {loss.annotation for loss in report.losses}
    assert bool(losses) == (segmentation == "polygon")
    for image in source.images():
        for row in source.annotations(image.id):
            wanted = filled(row.mask) if row.id in losses else row.mask
            np.testing.assert_array_equal(read.annToMask(read.anns[row.id]).astype(bool), wanted.to_array())


def test_the_training_code_of_sam2_reads_sa1b(tmp_path: Path) -> None:
    """It takes the number behind `sa_` as an integer and every annotation's RLE from the file."""
    coco = reader("pycocotools.mask")
    source = few()
    export("sa1b", source, tmp_path / "out")
    found = {}
    for path in (tmp_path / "out").glob("sa_*.json"):
        number = int(path.stem.split("_")[-1])
        name = next(Path(image.name).stem for image in source.images() if image.number == number)
        rows = json.loads(path.read_text())["annotations"]
        found[name] = [coco.decode(row["segmentation"]).astype(bool) for row in rows]
    assert_same(found, source)
