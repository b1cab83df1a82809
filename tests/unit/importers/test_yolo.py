from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from annotator.domain.mask import Mask
from annotator.domain.polygon import polygons
from annotator.errors import InvalidInput
from annotator.importers.by_name import recognise
from annotator.importers.yolo import YoloImporter
from tests.unit.importers.reading import pixels, read

IMPORTER = YoloImporter()
SIZES = {"images/train/a.jpg": (20, 10)}


def folder(root: Path, *lines: str, names: str = "names: [dog, cat]\n", file: str = "labels/train/a.txt") -> Path:
    """A dataset with one file of labels."""
    (root / file).parent.mkdir(parents=True, exist_ok=True)
    (root / file).write_text("\n".join(lines))
    (root / "data.yaml").write_text(f"path: .\ntrain: images/train\n{names}")
    return root


def square(x: int, y: int, size: int) -> list[tuple[float, float]]:
    """The exact polygon of a square."""
    array = np.zeros((10, 20), bool)
    array[y : y + size, x : x + size] = True
    flat = polygons(Mask.from_array(array))[0]
    return list(zip(flat[0::2], flat[1::2], strict=True))


def line(number: int, points: list[tuple[float, float]], *more: float) -> str:
    return " ".join(map(str, [number, *(v for x, y in points for v in (x / 20, y / 10)), *more]))


def test_polygons_and_boxes_are_read_with_their_categories(tmp_path: Path) -> None:
    root = folder(tmp_path, line(1, square(3, 2, 4)), "", "0 0.5 0.5 0.2 0.4", "0 0.5 0.5 0.2 0.4 0.75")
    for path in (root, root / "data.yaml"):
        assert recognise(path).name == "yolo"
        found = read(IMPORTER, path, SIZES)
        assert found.problems == []
        assert [(item.number, item.name) for item in found.categories] == [(0, "dog"), (1, "cat")]
        assert [(item.name, item.width, item.height) for item in found.images] == [("images/train/a.jpg", 20, 10)]
        assert [item.category for item in found.annotations] == ["cat", "dog", "dog"]
        expected = np.zeros((10, 20), bool)
        expected[2:6, 3:7] = True
        assert pixels(found.annotations[0].mask) == pixels(Mask.from_array(expected))
        assert found.annotations[1].box == pytest.approx((8, 3, 12, 7))
        assert [item.score for item in found.annotations] == [None, None, 0.75]
        assert found.annotations[2].where == "labels/train/a.txt:4"
        assert found.annotations[2].given.fields == {"line": "0 0.5 0.5 0.2 0.4 0.75"}
        assert found.steps[-1] == (1, 1)


def test_a_polygon_with_confidence_is_the_same_polygon(tmp_path: Path) -> None:
    points = square(3, 2, 4)
    found = read(IMPORTER, folder(tmp_path, line(0, points), line(0, points, 0.5)), SIZES)
    assert found.annotations[0].mask == found.annotations[1].mask
    assert [item.score for item in found.annotations] == [None, 0.5]


def test_parts_joined_by_a_line_there_and_back_are_one_object_without_the_line(tmp_path: Path) -> None:
    one, other = square(2, 2, 4), square(12, 4, 5)
    joined = [*one, one[0], *other, other[0], one[0]]
    found = read(IMPORTER, folder(tmp_path, line(0, joined)), SIZES)
    expected = np.zeros((10, 20), bool)
    expected[2:6, 2:6] = expected[4:9, 12:17] = True
    assert pixels(found.annotations[0].mask) == pixels(Mask.from_array(expected))


@pytest.mark.parametrize("name", ["images/train/a.jpg", "train/a.png", "a.JPG"])
def test_the_image_is_found_whichever_folder_the_project_was_made_from(name: str, tmp_path: Path) -> None:
    found = read(IMPORTER, folder(tmp_path, "0 0.5 0.5 0.2 0.4"), {name: (20, 10)})
    assert [item.name for item in found.images] == [name]


def test_the_size_of_an_image_the_project_lacks_is_read_from_the_dataset(tmp_path: Path) -> None:
    root = folder(tmp_path, "0 0.5 0.5 1 1", file="train/labels/b.txt")
    (root / "train/images").mkdir()
    Image.new("RGB", (30, 40)).save(root / "train/images/b.png")
    found = read(IMPORTER, root)
    assert [(item.name, item.width, item.height) for item in found.images] == [("train/images/b.png", 30, 40)]
    assert found.annotations[0].box == (0, 0, 30, 40)


def test_names_may_be_an_object_or_a_list_of_lines(tmp_path: Path) -> None:
    root = folder(tmp_path, "5 0.5 0.5 0.2 0.4", names="names:\n  5: dog\n  7: dog\n  x: cat\n  9: ''\n")
    found = read(IMPORTER, root, SIZES)
    assert [(item.number, item.name) for item in found.categories] == [(5, "dog"), (7, "dog (2)")]
    assert list(found.reasons()) == ["names[x]", "names[9]"]
    assert [item.category for item in found.annotations] == ["dog"]
    (root / "data.yaml").unlink()
    (root / "classes.txt").write_text("a\nb\nc\nd\ne\nf")
    assert read(recognise(root), root, SIZES).annotations[0].category == "f"


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ("0 0.5 0.5", "neither a box"),
        ("0 a b c d", "no number"),
        ("0 nan 0.5 0.2 0.4", "finite"),
        ("0 1e400 0.5 0.2 0.4", "finite"),
        ("2 0.5 0.5 0.2 0.4", "no name"),
        ("0.5 0.5 0.5 0.2 0.4", "no name"),
        ("-1 0.5 0.5 0.2 0.4", "no name"),
        ("0 5 5 0.2 0.4", "no part"),
        ("0 0 0 1e9 0 1e9 1e9", "outline"),
        ("0 1.2 1.2 1.2 1.5 1.5 1.2", "empty"),
    ],
)
def test_a_bad_line_is_listed_and_the_rest_is_read(bad: str, reason: str, tmp_path: Path) -> None:
    found = read(IMPORTER, folder(tmp_path, bad, "0 0.5 0.5 0.2 0.4"), SIZES)
    assert list(found.reasons()) == ["labels/train/a.txt:1"]
    assert reason in found.reasons()["labels/train/a.txt:1"]
    assert [item.where for item in found.annotations] == ["labels/train/a.txt:2"]


def test_a_file_without_an_image_is_listed_and_an_empty_one_is_an_image_without_objects(tmp_path: Path) -> None:
    root = folder(tmp_path, "")
    folder(tmp_path, "0 0.5 0.5 0.2 0.4", file="labels/val/lost.txt")
    (root / "labels/val/latin.txt").write_bytes(b"0 \xff")
    found = read(IMPORTER, root, {**SIZES, "latin.jpg": (3, 3)})
    assert [item.name for item in found.images] == ["images/train/a.jpg"]
    assert set(found.reasons()) == {"labels/val/lost.txt", "labels/val/latin.txt"}
    assert found.annotations == []


def test_two_files_about_the_same_image_are_not_mixed(tmp_path: Path) -> None:
    root = folder(tmp_path, "0 0.5 0.5 0.2 0.4")
    folder(tmp_path, "1 0.5 0.5 0.2 0.4", file="labels/val/a.txt")
    found = read(IMPORTER, root, {"a.jpg": (20, 10)})
    assert [item.category for item in found.annotations] == ["dog"]
    assert list(found.reasons()) == ["labels/val/a.txt"]


def test_links_that_lead_out_of_the_folder_are_not_followed(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("0 0.5 0.5 0.2 0.4")
    root = folder(tmp_path / "data", "0 0.5 0.5 0.2 0.4")
    (root / "labels/train/b.txt").symlink_to(secret)
    found = read(IMPORTER, root, {**SIZES, "b.jpg": (3, 3)})
    assert [item.name for item in found.images] == ["images/train/a.jpg"]


BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{n}: &{n} [{','.join(['*' + p] * 9)}]\n" for p, n in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    "names",
    [
        "names: *nobody",
        "names: [",
        "names: !!python/object/apply:os.system ['touch ran']",
        f"{BOMB}names: *i",
        "names: " + "[" * 5000,
        "names: 2023-99-99",
        "names: dog",
    ],
)
def test_hostile_settings_give_no_category(names: str, tmp_path: Path) -> None:
    root = folder(tmp_path, "0 0.5 0.5 0.2 0.4", names=names)
    with suppress(InvalidInput):
        found = read(IMPORTER, root, SIZES)
        assert found.categories == []
        assert found.annotations == []
        assert found.problems
    assert not (tmp_path / "ran").exists()


def test_another_folder_is_not_recognised(tmp_path: Path) -> None:
    assert not IMPORTER.recognises(tmp_path)
    with pytest.raises(InvalidInput, match="neither"):
        read(IMPORTER, tmp_path)
    (tmp_path / "data.yaml").write_text("names: [a]")
    assert not IMPORTER.recognises(tmp_path)
    with pytest.raises(InvalidInput, match="labels"):
        read(IMPORTER, tmp_path)
