"""Untouched objects of a foreign COCO file are exported as they came."""

from __future__ import annotations

import json
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotator.domain.mask import Mask
from annotator.exporters import get_exporter
from annotator.exporters.base import ExportAnnotation, ExportCategory, ExportImage
from annotator.importers import get_importer
from annotator.importers.base import ImportAnnotation, ImportCategory, ImportImage, Project
from tests.unit.exporters.sources import MemorySource, square

WIDTH, HEIGHT = 24, 16


def imported(data: dict[str, Any], folder: Path) -> MemorySource:
    """A project that holds what the importer makes of a file; what is unknown goes through JSON, as in the store."""
    path = folder / "dataset.json"
    path.write_text(json.dumps(data))
    source = MemorySource(kept=[], extra={"annotator": {"category_ids": "keep"}})
    for row in get_importer("coco").read(path, project=Project(), progress=lambda done, total: None):
        if isinstance(row, ImportCategory):
            source.kept.append(ExportCategory(row.number, row.name, row.supercategory))
        elif isinstance(row, ImportImage):
            assert row.width
            assert row.height
            image = ExportImage(str(row.number), row.number, row.name, row.width, row.height, "in_progress")
            source.listed.append(image)
        elif isinstance(row, ImportAnnotation) and row.mask is not None and row.number is not None:
            extra = json.loads(json.dumps(dict(row.extra)))
            made = ExportAnnotation(row.number, row.category, row.mask, extra=extra)
            source.objects.setdefault(str(row.image), []).append(made)
    return source


def exported(source: MemorySource, folder: Path, **options: Any) -> list[dict[str, Any]]:
    """The annotations of a COCO export by id."""
    report = get_exporter("coco").export(
        source, folder / "out", {"provenance": False, **options}, lambda done, total: None
    )
    assert report.minimum_iou in (None, 1.0)
    rows: list[dict[str, Any]] = json.loads(report.target.read_text())["annotations"]
    return sorted(rows, key=lambda row: row["id"])


def dataset(*annotations: dict[str, Any]) -> dict[str, Any]:
    rows = [{"image_id": 7, "category_id": 3, "iscrowd": 0, **row, "id": n} for n, row in enumerate(annotations, 1)]
    return {
        "images": [{"id": 7, "file_name": "a.jpg", "width": WIDTH, "height": HEIGHT}],
        "categories": [{"id": 3, "name": "cat"}],
        "annotations": rows,
    }


@st.composite
def polygon(draw: st.DrawFn) -> list[float]:
    """A rectangle or triangle of at least some pixels, at whole places or between them."""
    x, y = draw(st.integers(0, WIDTH - 6)), draw(st.integers(0, HEIGHT - 6))
    shift = draw(st.sampled_from([0, 0.0, 0.25, 0.37109375, 0.123456789]))
    right, bottom = x + draw(st.integers(3, 5)) + shift, y + draw(st.integers(3, 5)) + shift
    ring = [x + shift, y, right, y, right, bottom, x, bottom]
    return ring if draw(st.booleans()) else ring[:6]


@st.composite
def segmentations(draw: st.DrawFn) -> Any:
    """Polygons, or run lengths of either kind."""
    if draw(st.booleans()):
        return draw(st.lists(polygon(), min_size=1, max_size=3))
    bits = draw(st.lists(st.booleans(), min_size=WIDTH * HEIGHT, max_size=WIDTH * HEIGHT))
    bits[0] = True
    mask = Mask.from_array(np.array(bits).reshape(HEIGHT, WIDTH))
    if draw(st.booleans()):
        return mask.to_rle()
    flat = mask.to_array().ravel(order="F").astype(int)
    edges = np.flatnonzero(np.diff(flat)) + 1
    counts = np.diff([0, *edges.tolist(), flat.size]).tolist()
    return {"counts": [0, *counts] if flat[0] else counts, "size": [HEIGHT, WIDTH]}


@st.composite
def records(draw: st.DrawFn) -> dict[str, Any]:
    """An annotation whose area and box are its mask's, give or take what other tools' are off."""
    segmentation = draw(segmentations())
    probe = dataset({"segmentation": segmentation, "area": 1, "bbox": [0, 0, 1, 1]})
    with tempfile.TemporaryDirectory() as folder:
        ((row,),) = imported(probe, Path(folder)).objects.values()
    x, y, width, height = row.mask.bbox
    off = draw(st.sampled_from([0, 0.0, 0.5, 0.03125]))
    return {
        "segmentation": segmentation,
        "area": row.mask.area + off,
        "bbox": [x + off, y, width, height - off / 2],
        "iscrowd": draw(st.sampled_from([0, 0, 0, 1])),
        **draw(st.sampled_from([{}, {"keypoints": [3, 4, 2], "num_keypoints": 1}, {"attributes": {"a": None}}])),
    }


@given(rows=st.lists(records(), min_size=1, max_size=4))
def test_any_file_comes_back_as_it_was(rows: list[dict[str, Any]]) -> None:
    data = dataset(*rows)
    with tempfile.TemporaryDirectory() as folder:
        found = exported(imported(data, Path(folder)), Path(folder))
    # As text, because 12.0 is 12 in Python and is not in a file.
    key = [json.dumps(row, sort_keys=True) for row in found]
    assert key == [json.dumps(row, sort_keys=True) for row in data["annotations"]]


TRIANGLE: dict[str, Any] = {
    "segmentation": [[2.5, 2, 12.5, 2, 12.5, 10.25]],
    "area": 41.25,
    "bbox": [2.5, 2, 10.0, 8.25],
}


def test_a_changed_mask_is_written_anew_and_the_same_one_again_as_it_came(tmp_path: Path) -> None:
    source = imported(dataset(TRIANGLE), tmp_path)
    (row,) = source.objects["7"]
    source.objects["7"] = [replace(row, mask=square(HEIGHT, WIDTH))]
    (found,) = exported(source, tmp_path)
    assert found["segmentation"] == square(HEIGHT, WIDTH).to_rle()
    assert (found["area"], found["bbox"]) == (16, [3, 2, 4, 4])
    source.objects["7"] = [row]
    (found,) = exported(source, tmp_path)
    assert found == dataset(TRIANGLE)["annotations"][0]


@pytest.mark.parametrize(("segmentation", "kind"), [("rle", dict), ("polygon", list)])
def test_who_wants_one_kind_of_segmentation_gets_it(tmp_path: Path, segmentation: str, kind: type) -> None:
    runs = {"counts": [HEIGHT * 3, 5, HEIGHT * (WIDTH - 3) - 5], "size": [HEIGHT, WIDTH]}
    crowd = {"segmentation": runs, "area": 5, "bbox": [3, 0, 1, 5]}
    source = imported(dataset(TRIANGLE, crowd), tmp_path)
    found = exported(source, tmp_path, as_imported=False, segmentation=segmentation)
    assert {type(row["segmentation"]) for row in found} == {kind}
    assert [row["area"] for row in found] == [row.mask.area for row in source.objects["7"]]
    assert [row.keys() - dataset(TRIANGLE)["annotations"][0].keys() for row in found] == [set(), set()]


@pytest.mark.parametrize(
    "wrong",
    [
        {"area": -3},
        {"area": None},
        {"area": 4000},
        {"bbox": [2.5, 2, 12.5, 10.25]},
        {"bbox": "2 2 10 8"},
        {"segmentation": [*TRIANGLE["segmentation"], [1, 1, 2, 2]]},
    ],
)
def test_what_is_wrong_is_mended_and_not_kept(tmp_path: Path, wrong: dict[str, Any]) -> None:
    source = imported(dataset({**TRIANGLE, **wrong}), tmp_path)
    (found,) = exported(source, tmp_path)
    (row,) = source.objects["7"]
    ours = {"segmentation": row.mask.to_rle(), "area": row.mask.area, "bbox": list(row.mask.bbox)}
    for name in ("segmentation", "area", "bbox"):
        assert found[name] == (ours[name] if name in wrong else TRIANGLE[name])
