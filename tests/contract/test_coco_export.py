"""The exported COCO file as other programs read it."""

from __future__ import annotations

import contextlib
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from annotator.domain.mask import Mask
from annotator.domain.polygon import filled
from annotator.exporters import get_exporter
from annotator.exporters.base import ExportCategory
from tests.paths import shared
from tests.unit.exporters.sources import MemorySource, square


def export(source: MemorySource, folder: Path, **options: Any) -> Path:
    return get_exporter("coco").export(source, folder, options, lambda done, total: None).target


def load(path: Path) -> Any:
    with contextlib.redirect_stdout(io.StringIO()):
        return COCO(str(path))


def davis() -> MemorySource:
    """50 photos with one object each; the category is the video's."""
    source = MemorySource(kept=[])
    paths = sorted(shared("davis", "masks").rglob("*.png"))
    names = sorted({path.parent.name for path in paths})
    source.kept = [ExportCategory(2 * number, name) for number, name in enumerate(names, 1)]
    for path in paths:
        mask = Mask.from_array(np.array(Image.open(path)) > 0)
        name = f"{path.parent.name}/{path.stem}.jpg"
        source.add(name, mask, category=2 * (names.index(path.parent.name) + 1))
    return source


def nuclei() -> MemorySource:
    """12 microscopy images with many objects of one category."""
    source = MemorySource()
    for path in sorted(shared("nuclei", "labels").glob("*.png")):
        labels = np.array(Image.open(path))
        source.add(path.name, *(Mask.from_array(labels == number) for number in np.unique(labels)[1:]))
    return source


SOURCES = {"davis": davis, "nuclei": nuclei}


def results(path: Path) -> list[dict[str, Any]]:
    """The annotations of an export as a detector's results."""
    rows = json.loads(path.read_text())["annotations"]
    return [{key: row[key] for key in ("image_id", "category_id", "segmentation")} | {"score": 1.0} for row in rows]


@pytest.mark.parametrize("name", SOURCES)
def test_ground_truth_scores_perfectly_against_itself(tmp_path: Path, name: str) -> None:
    path = export(SOURCES[name](), tmp_path)
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO(str(path))
        evaluation = COCOeval(truth, truth.loadRes(results(path)), "segm")
        evaluation.params.maxDets = [1, 10, 1000]
        evaluation.evaluate()
        evaluation.accumulate()
    precision = evaluation.eval["precision"][:, :, :, 0, -1]
    assert precision[precision > -1].min() == pytest.approx(1.0)
    assert (precision > -1).any(axis=(0, 1)).all()


@pytest.mark.parametrize("name", SOURCES)
def test_an_independent_reader_scores_it_perfectly_too(tmp_path: Path, name: str) -> None:
    hotcoco = pytest.importorskip("hotcoco")
    path = export(SOURCES[name](), tmp_path)
    (tmp_path / "results.json").write_text(json.dumps(results(path)))
    truth = hotcoco.COCO(str(path))
    assert len(truth.getAnnIds()) == len(results(path))
    evaluation = hotcoco.COCOeval(truth, truth.loadRes(str(tmp_path / "results.json")), "segm")
    evaluation.params.maxDets = [1, 10, 1000]
    evaluation.evaluate()
    evaluation.accumulate()
    precision = np.asarray(evaluation.eval["precision"])[:, :, :, 0, -1]
    assert precision[precision > -1].min() == pytest.approx(1.0)


@pytest.mark.parametrize("kind", ["rle", "polygon", "auto"])
@pytest.mark.parametrize("name", SOURCES)
def test_every_mask_decodes_to_the_stored_one(tmp_path: Path, name: str, kind: str) -> None:
    source = SOURCES[name]()
    read = load(export(source, tmp_path, segmentation=kind))
    stored = [row for rows in source.objects.values() for row in rows]
    assert len(read.anns) == len(stored)
    for row in stored:
        wanted = filled(row.mask) if kind == "polygon" else row.mask
        assert (read.annToMask(read.anns[row.id]) == wanted.to_array()).all()


def test_an_independent_reader_decodes_the_same_masks(tmp_path: Path) -> None:
    hotcoco = pytest.importorskip("hotcoco")
    source = nuclei()
    truth = hotcoco.COCO(str(export(source, tmp_path)))
    for rows in source.objects.values():
        for row in rows[:3]:
            (annotation,) = truth.loadAnns([row.id])
            assert (np.asarray(truth.annToMask(annotation)) == row.mask.to_array()).all()


def test_run_lengths_of_coco_survive_byte_for_byte(tmp_path: Path) -> None:
    rows = json.loads(shared("coco_rle", "instances_val2014_fakesegm100_results.json").read_text())
    assert len(rows) == 734
    source = MemorySource()
    for number, row in enumerate(rows):
        mask = Mask.from_rle(row["segmentation"])
        assert Mask.from_array(mask.to_array()).to_rle() == row["segmentation"]
        if mask.area:
            source.add(f"{number}.jpg", mask)
    data = json.loads(export(source, tmp_path).read_text())
    assert [row["segmentation"] for row in data["annotations"]] == [
        row["segmentation"] for row in rows if Mask.from_rle(row["segmentation"]).area
    ]


def test_names_with_spaces_unicode_and_equal_base_names_stay_apart(tmp_path: Path) -> None:
    names = ["a/1.jpg", "b/1.jpg", "b/ 1.jpg", "ünïcode/图 像.png", 'it\'s "quoted"\\.png', "emoji 🦁.webp"]
    source = MemorySource()
    for name in names:
        source.add(name, square())
    path = export(source, tmp_path)
    assert [image["file_name"] for image in load(path).dataset["images"]] == names
    hotcoco = pytest.importorskip("hotcoco")
    reader = hotcoco.COCO(str(path))
    assert [image["file_name"] for image in reader.loadImgs(reader.getImgIds())] == names
