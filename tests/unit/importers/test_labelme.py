from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from annotator.errors import InvalidInput
from annotator.importers.by_name import recognise
from annotator.importers.labelme import LabelmeImporter
from tests.unit.importers.reading import picture, pixels, read, write

IMPORTER = LabelmeImporter()
SQUARE = [[1.25, 1.25], [2.75, 1.25], [2.75, 2.75], [1.25, 2.75]]


def png(array: np.ndarray[Any, Any]) -> str:
    stream = io.BytesIO()
    Image.fromarray(array).save(stream, "PNG")
    return base64.b64encode(stream.getvalue()).decode()


def shape(kind: str = "polygon", points: Any = SQUARE, **more: Any) -> dict[str, Any]:
    return {"label": "dog", "points": points, "group_id": None, "shape_type": kind, "flags": {}, **more}


def content(*shapes: Any, **more: Any) -> dict[str, Any]:
    size = {"imageWidth": 8, "imageHeight": 5}
    return {"version": "5.5.0", "flags": {"a": True}, "shapes": list(shapes), "imagePath": "a.jpg", **size, **more}


def test_shapes_become_objects_and_rectangles_boxes(tmp_path: Path) -> None:
    holed = picture("###", "#.#", "###") > 0
    shapes = [
        shape(points=[[1.25, 1.25], [1.25, 2.75], [3.75, 2.75], [3.75, 1.25]], description="big"),
        shape("rectangle", [[5, 4], [2, 1]], label="cat"),
        shape("mask", [[4, 1], [6, 3]], mask=png(holed)),
        shape("circle", [[4, 2.5], [4, 4]]),
    ]
    path = write(tmp_path / "a.json", content(*shapes, imageData="AAAA"))
    assert recognise(path).name == recognise(tmp_path).name == "labelme"
    found = read(IMPORTER, path)
    assert found.problems == []
    assert [item.name for item in found.categories] == ["dog", "cat"]
    assert [item.where for item in found.annotations] == [f"shapes[{index}]" for index in range(4)]
    assert found.annotations[0].extra == {"flags": {}, "description": "big"}
    assert found.annotations[1].box == (2, 1, 5, 4)
    assert pixels(found.annotations[2].mask) == ["........", "....###.", "....#.#.", "....###.", "........"]
    assert pixels(found.annotations[3].mask) == ["........", "...##...", "..####..", "...##...", "........"]
    assert [item.given.fields["shapes"] for item in found.annotations] == [[item] for item in shapes]
    image = found.images[0]
    assert (image.name, image.width, image.height) == ("a.jpg", 8, 5)
    assert image.extra == {"version": "5.5.0", "flags": {"a": True}}


def test_shapes_of_a_group_are_one_object(tmp_path: Path) -> None:
    shapes = [
        shape(group_id=1),
        shape(group_id=2),
        shape("mask", [[5, 3], [6, 3]], mask=png(picture("##")), group_id=1),
        shape(group_id=1, label="cat"),
    ]
    found = read(IMPORTER, write(tmp_path / "a.json", content(*shapes)))
    assert [item.where for item in found.annotations] == ["shapes[0], shapes[2]", "shapes[1]", "shapes[3]"]
    assert found.annotations[0].mask is not None
    assert found.annotations[1].mask is not None
    assert found.annotations[0].mask.area == found.annotations[1].mask.area + 2
    assert found.annotations[0].given.fields["shapes"] == [shapes[0], shapes[2]]
    assert [item.category for item in found.annotations] == ["dog", "dog", "cat"]


def test_a_mask_that_reaches_out_of_the_image_is_cut_off(tmp_path: Path) -> None:
    mask = shape("mask", [[-1, -1], [9, 9]], mask=png(np.ones((11, 11), np.uint8) * 255))
    found = read(IMPORTER, write(tmp_path / "a.json", content(mask)))
    assert pixels(found.annotations[0].mask) == ["########"] * 5


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (shape("line", [[1, 1], [2, 2]]), "no area"),
        (shape("points", [[1, 1]]), "no area"),
        (shape(points=[[1, 1], [2, 2]]), "4 numbers"),
        (shape(points=[[1, 1], [2, 2], [3]]), "pairs"),
        (shape(points=[[1, 1], [2, 2], [3, "x"]]), "pairs"),
        (shape(points=None), "pairs"),
        (shape(points=[[1, 1], [2, 2], [3, 10**7]]), "outline"),
        (shape("rectangle", [[1, 1]]), "rectangle"),
        (shape("rectangle", [[10, 10], [20, 20]]), "no part"),
        (shape("circle", [[1, 1]]), "circle"),
        (shape("circle", [[1, 1], [1, 1]]), "no part"),
        (shape("mask", [[1, 1], [2, 2]]), "base64"),
        (shape("mask", [[1, 1], [2, 2]], mask="?"), "base64"),
        (shape("mask", [[1, 1], [2, 2]], mask="AAAA"), "mask.png"),
        (shape("mask", [[1, 1], [2, 2]], mask=png(np.zeros((2, 2), np.uint8))), "empty"),
        (shape(label=""), "name"),
        (shape(label=None), "name"),
        ("shape", "no object"),
    ],
)
def test_a_bad_shape_is_listed_and_the_rest_is_read(bad: Any, reason: str, tmp_path: Path) -> None:
    found = read(IMPORTER, write(tmp_path / "a.json", content(shape(), bad, shape())))
    assert [item.where for item in found.annotations] == ["shapes[0]", "shapes[2]"]
    assert list(found.reasons()) == ["shapes[1]"]
    assert reason in found.reasons()["shapes[1]"]


@pytest.mark.parametrize(
    ("given", "name", "noted"),
    [
        ("a.jpg", "sub/a.jpg", False),
        ("../images/a.jpg", "images/a.jpg", False),
        ("..\\images\\a.jpg", "images/a.jpg", False),
        ("../../../etc/a.jpg", "a.jpg", True),
        ("C:\\photos\\a.jpg", "a.jpg", True),
        ("/photos/a.jpg", "a.jpg", True),
    ],
)
def test_images_are_named_from_the_datasets_folder(given: str, name: str, noted: bool, tmp_path: Path) -> None:
    write(tmp_path / "sub/a.json", content(shape(), imagePath=given))
    found = read(IMPORTER, tmp_path)
    assert [item.name for item in found.images] == [name]
    assert found.annotations[0].where == "sub/a.json: shapes[0]"
    assert [item.dropped for item in found.problems] == [False] * noted
    assert [item.name for item in read(IMPORTER, tmp_path, {"a.jpg": (8, 5)}).images] == ["a.jpg"]


def test_bad_files_are_listed_and_the_rest_is_read(tmp_path: Path) -> None:
    write(tmp_path / "a.json", content(shape()))
    write(tmp_path / "b.json", content(shape()))
    write(tmp_path / "c.json", content(shape(), imagePath="c.jpg", imageWidth=10**9))
    write(tmp_path / "d.json", content(shape(), imagePath=".."))
    write(tmp_path / "e.json", [1])
    write(tmp_path / "f.json", {"imagePath": "f.jpg"})
    write(tmp_path / "g.json", content(shape(), imagePath="g.jpg", extra=float("nan")))
    (tmp_path / "h.json").write_text("[" * 99_999)
    found = read(IMPORTER, tmp_path)
    assert [item.name for item in found.images] == ["a.jpg"]
    assert set(found.reasons()) == {f"{letter}.json" for letter in "bcdefgh"}
    assert found.steps[-1] == (8, 8)
    with pytest.raises(InvalidInput, match="no JSON"):
        read(IMPORTER, tmp_path / "missing.json")
