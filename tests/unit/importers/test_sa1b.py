from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from annotator.errors import InvalidInput
from annotator.importers.by_name import recognise
from annotator.importers.sa1b import Sa1bImporter
from tests.unit.exporters.sources import square
from tests.unit.importers.reading import read, write

IMPORTER = Sa1bImporter()


def record(number: Any = 1, **more: Any) -> dict[str, Any]:
    return {
        "id": number,
        "segmentation": {"size": [8, 10], "counts": square(hole=True).counts.decode()},
        "bbox": [3.0, 2.0, 3.0, 3.0],
        "area": 12,
        "predicted_iou": 0.93,
        "stability_score": 0.98,
        "crop_box": [0, 0, 10, 8],
        "point_coords": [[4.5, 3.5]],
        **more,
    }


def content(*annotations: Any, name: str = "sa_1.jpg", **more: Any) -> dict[str, Any]:
    image = {"image_id": 1, "width": 10, "height": 8, "file_name": name, **more}
    return {"image": image, "annotations": list(annotations)}


def test_masks_come_with_their_scores_and_everything_else_is_kept(tmp_path: Path) -> None:
    path = write(tmp_path / "sa_1.json", content(record()))
    write(tmp_path / "sa_2.json", content(record(2), name="sa_2.jpg", image_id=2))
    assert recognise(path).name == recognise(tmp_path).name == "sa1b"
    found = read(IMPORTER, tmp_path)
    assert found.problems == []
    assert [(item.name, item.number) for item in found.images] == [("sa_1.jpg", 1), ("sa_2.jpg", 2)]
    assert [item.name for item in found.categories] == ["object"]
    assert [(item.number, item.score, item.where) for item in found.annotations] == [
        (1, 0.93, "sa_1.json: annotations[0]"),
        (2, 0.93, "sa_2.json: annotations[0]"),
    ]
    first = found.annotations[0]
    assert first.mask == square(hole=True)
    assert set(first.extra) == {"predicted_iou", "stability_score", "crop_box", "point_coords"}
    assert first.given.fields == {"bbox": [3.0, 2.0, 3.0, 3.0]}
    assert first.given.missing == ()


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (record(segmentation={"size": [10**9, 10**9], "counts": "0"}), "65535"),
        (record(segmentation={"size": [8, 10], "counts": [-1]}), "add up"),
        (record(stability_score=float("nan")), "finite"),
        (record(segmentation=None, bbox=None), "no mask"),
        ([], "no object"),
    ],
)
def test_a_bad_record_is_listed_and_the_rest_is_read(bad: Any, reason: str, tmp_path: Path) -> None:
    found = read(IMPORTER, write(tmp_path / "sa_1.json", content(record(), bad, record(3))))
    assert [item.number for item in found.annotations] == [1, 3]
    assert list(found.reasons()) == ["annotations[1]"]
    assert reason in found.reasons()["annotations[1]"]


def test_bad_files_are_listed_and_the_rest_is_read(tmp_path: Path) -> None:
    write(tmp_path / "a.json", content(record()))
    write(tmp_path / "b.json", content(record()))
    write(tmp_path / "c.json", content(record(), name="../c.jpg"))
    write(tmp_path / "d.json", content(record(), name="d.jpg", width=10**9))
    write(tmp_path / "e.json", {"image": {}})
    (tmp_path / "f.json").write_text("{")
    found = read(IMPORTER, tmp_path, {"sa_1.jpg": (10, 8)})
    assert len(found.annotations) == 1
    assert set(found.reasons()) == {f"{letter}.json" for letter in "bcdef"}
    with pytest.raises(InvalidInput, match="no JSON"):
        read(IMPORTER, tmp_path / "missing")


def test_a_file_in_a_folder_is_about_the_image_in_that_folder(tmp_path: Path) -> None:
    write(tmp_path / "one/a.json", content(record(), name="a.jpg"))
    write(tmp_path / "two/a.json", content(record(2), name="a.jpg"))
    found = read(IMPORTER, tmp_path, {"one/a.jpg": (10, 8), "two/a.jpg": (10, 8)})
    assert [item.image for item in found.annotations] == ["one/a.jpg", "two/a.jpg"]
    assert found.images[0].given.fields == {"file_name": "a.jpg"}
