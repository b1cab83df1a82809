"""A curator is handed a COCO file by somebody else and learns what is wrong with it, record by record."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from annotator.domain.mask import Mask
from annotator.domain.polygon import polygons
from annotator.exporters import get_exporter
from annotator.importers import json_items
from annotator.quality.coco_file import CocoFile, Problem
from annotator.quality.running import run
from annotator.quality.thresholds import Thresholds
from tests.paths import shared
from tests.unit.exporters.sources import MemorySource, square

HEIGHT, WIDTH = 30, 40


def disc(x: int = 20, y: int = 15, radius: int = 8) -> Mask:
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    return Mask.from_array((columns - x) ** 2 + (rows - y) ** 2 <= radius**2)


def annotation(number: int, mask: Mask, **changes: Any) -> dict[str, Any]:
    entry = {
        "id": number,
        "image_id": 1,
        "category_id": 1,
        "segmentation": mask.to_rle(),
        "area": mask.area,
        "bbox": list(mask.bbox),
        "iscrowd": 0,
    }
    return {**entry, **changes}


def uncompressed(mask: Mask) -> dict[str, Any]:
    flat = mask.to_array().ravel(order="F")
    edges = np.flatnonzero(np.diff(flat.astype(int))) + 1
    runs = np.diff([0, *edges.tolist(), flat.size]).tolist()
    return {"size": [mask.height, mask.width], "counts": [0, *runs] if flat[0] else runs}


def dataset() -> dict[str, Any]:
    mask = disc()
    return {
        "info": {"description": "größer"},
        "annotations": [  # before the images, as some tools write it
            annotation(1, mask),
            annotation(2, disc(10, 10, 5), segmentation=polygons(disc(10, 10, 5))),
            annotation(3, mask, segmentation=uncompressed(mask), iscrowd=1, image_id=7),
            annotation(4, mask, segmentation=[], image_id=7),
        ],
        "images": [
            {"id": 1, "file_name": "bär.jpg", "width": WIDTH, "height": HEIGHT},
            {"id": 7, "file_name": "b.jpg", "width": WIDTH, "height": HEIGHT},
        ],
        "categories": [{"id": 1, "name": "Bär", "supercategory": "animal"}],
    }


def write(path: Path, data: Any) -> Path:
    path.write_text(data if isinstance(data, str) else json.dumps(data), "utf-8")
    return path


def problems(tmp_path: Path, data: Any, images: Path | None = None) -> list[Problem]:
    return list(CocoFile(write(tmp_path / "coco.json", data), images=images).problems())


def changed(path: str, value: Any) -> dict[str, Any]:
    """The good dataset with one value replaced (`annotations.0.id`), or removed (`...`)."""
    data: Any = dataset()
    *way, last = (int(part) if part.isdigit() else part for part in path.split("."))
    place = data
    for part in way:
        place = place[part]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return data


def test_a_good_file_has_no_problem_and_all_its_masks_can_be_read(tmp_path: Path) -> None:
    file = CocoFile(write(tmp_path / "coco.json", dataset()))
    assert list(file.problems()) == []
    assert (file.readable, file.dropped) == (True, 0)
    assert [image.name for image in file.images()] == ["bär.jpg", "b.jpg"]
    assert [category.name for category in file.categories()] == ["Bär"]
    first, second = file.annotations("1")
    assert (first.mask, second.mask) == (disc(), disc(10, 10, 5))
    crowd, box = file.annotations("7")
    assert crowd.mask == disc()
    assert (box.mask.area, box.provenance["box"]) == (0, list(map(float, disc().bbox)))


def test_the_same_file_in_one_line_in_utf8_or_with_a_mark_is_read_the_same(tmp_path: Path) -> None:
    for text in (
        json.dumps(dataset(), ensure_ascii=False),
        "\ufeff" + json.dumps(dataset(), ensure_ascii=False, indent=4),
    ):
        file = CocoFile(write(tmp_path / "coco.json", text))
        assert list(file.problems()) == []
        assert [item.mask.area for item in file.annotations("1")] == [disc().area, disc(10, 10, 5).area]
        assert file.categories()[0].name == "Bär"


def test_our_own_export_has_no_problem(tmp_path: Path) -> None:
    source = MemorySource()
    source.add("a.jpg", square(), square(hole=True))
    source.add("ring.jpg", square(hole=True), state="done")
    for segmentation in ("rle", "auto", "polygon"):
        report = get_exporter("coco").export(
            source, tmp_path / segmentation, {"segmentation": segmentation}, lambda done, total: None
        )
        file = CocoFile(report.target)
        assert [problem for problem in file.problems() if problem.severity == "error"] == []
        assert len(file.annotations("1")) == 2
        assert file.annotations("1")[0].score == 0.9
        assert file.annotations("1")[0].provenance["clicks"] == 2


RUNS = uncompressed(disc())["counts"]


@pytest.mark.parametrize(
    ("path", "value", "kind", "where"),
    [
        ("images", ..., "missing_section", "images"),
        ("images", {"id": 1}, "bad_section", "images"),
        ("annotations", [], "empty_section", "annotations"),
        ("annotations.0", 5, "bad_record", "annotations[0]"),
        ("images.1", None, "bad_record", "images[1]"),
        ("categories.0", [], "bad_record", "categories[0]"),
        ("annotations.1.id", 1, "duplicate_id", "annotations[1].id"),
        ("annotations.0.id", 0, "zero_id", "annotations[0].id"),
        ("annotations.0.id", ..., "bad_id", "annotations[0].id"),
        ("annotations.0.id", "1", "bad_id", "annotations[0].id"),
        ("annotations.0.id", 1.5, "bad_id", "annotations[0].id"),
        ("annotations.0.id", True, "bad_id", "annotations[0].id"),
        ("annotations.0.id", 2**70, "bad_id", "annotations[0].id"),
        ("images.1.id", 1, "duplicate_id", "images[1].id"),
        ("images.0.id", -3, "bad_id", "images[0].id"),
        ("categories.0.id", 0, "zero_id", "categories[0].id"),
        ("categories.0.name", "", "bad_name", "categories[0].name"),
        ("images.0.width", 40.0, "bad_size", "images[0].width"),
        ("images.0.height", 0, "bad_size", "images[0].height"),
        ("images.0.height", 10**6, "bad_size", "images[0].height"),
        ("images.0.file_name", ..., "bad_file_name", "images[0].file_name"),
        ("images.1.file_name", "bär.jpg", "duplicate_file_name", "images[1].file_name"),
        ("annotations.0.image_id", 99, "unknown_image", "annotations[0].image_id"),
        ("annotations.0.image_id", "1", "bad_image_id", "annotations[0].image_id"),
        ("annotations.0.category_id", 2, "unknown_category", "annotations[0].category_id"),
        ("annotations.0.iscrowd", 2, "bad_crowd", "annotations[0].iscrowd"),
        ("annotations.0.bbox", ..., "no_box", "annotations[0]"),
        ("annotations.0.bbox", [1, 2, 3], "bad_box", "annotations[0].bbox"),
        ("annotations.0.bbox", [1, 2, float("nan"), 4], "bad_box", "annotations[0].bbox"),
        ("annotations.0.bbox", [1, 2, 0, 4], "bad_box", "annotations[0].bbox"),
        ("annotations.0.bbox", [12, 7, 29, 24], "box_differs", "annotations[0].bbox"),
        ("annotations.3.bbox", [30, 10, 30, 10], "box_outside", "annotations[3].bbox"),
        ("annotations.0.area", ..., "bad_area", "annotations[0].area"),
        ("annotations.0.area", float("inf"), "bad_area", "annotations[0].area"),
        ("annotations.0.area", 900, "area_differs", "annotations[0].area"),
        ("annotations.3.bbox", ..., "no_mask", "annotations[3]"),
        ("annotations.1.segmentation", [[1, 2, 3, 4]], "short_polygon", "annotations[1].segmentation[0]"),
        ("annotations.1.segmentation", [[1, 2, 3, 4, 5, 6, 7]], "short_polygon", "annotations[1].segmentation[0]"),
        ("annotations.1.segmentation", [[1, 2, 3, 4, 5, "6"]], "bad_segmentation", "annotations[1].segmentation[0]"),
        ("annotations.1.segmentation", [1, 2, 3, 4, 5, 6], "bad_segmentation", "annotations[1].segmentation[0]"),
        ("annotations.1.segmentation", "polygon", "bad_segmentation", "annotations[1].segmentation"),
        (
            "annotations.1.segmentation",
            [[5, 5, 15, 5, 15, float("nan")]],
            "bad_segmentation",
            "annotations[1].segmentation[0]",
        ),
        (
            "annotations.1.segmentation",
            [[5, 5, 43, 5, 15, 15]],
            "polygon_outside",
            "annotations[1].segmentation[0]",
        ),
        ("annotations.0.segmentation.size", [WIDTH, HEIGHT], "bad_segmentation", "annotations[0].segmentation"),
        ("annotations.0.segmentation.size", "30x40", "bad_segmentation", "annotations[0].segmentation"),
        ("annotations.0.segmentation.counts", "", "bad_segmentation", "annotations[0].segmentation"),
        ("annotations.0.segmentation.counts", "é~~", "bad_segmentation", "annotations[0].segmentation"),
        ("annotations.0.segmentation.counts", 12, "bad_segmentation", "annotations[0].segmentation"),
        ("annotations.2.segmentation.counts", [*RUNS, 1], "bad_segmentation", "annotations[2].segmentation"),
        ("annotations.2.segmentation.counts", [*RUNS, -1, 1], "bad_segmentation", "annotations[2].segmentation"),
        ("annotations.2.segmentation.counts", [1200.0], "bad_segmentation", "annotations[2].segmentation"),
        ("annotations.2.segmentation.counts", [HEIGHT * WIDTH], "empty_mask", "annotations[2].segmentation"),
    ],
)
def test_every_problem_is_named_with_its_place_and_a_sentence(
    tmp_path: Path, path: str, value: Any, kind: str, where: str
) -> None:
    found = {(problem.kind, problem.where): problem for problem in problems(tmp_path, changed(path, value))}
    assert (kind, where) in found
    message = found[kind, where].message
    assert message.endswith((".", "?"))
    assert len(message) < 400


def test_one_bad_record_leaves_the_others_usable(tmp_path: Path) -> None:
    file = CocoFile(write(tmp_path / "coco.json", changed("annotations.0.segmentation.counts", "zzz")))
    assert [problem.where for problem in file.problems()] == ["annotations[0].segmentation"]
    assert file.dropped == 1
    assert [item.id for item in file.annotations("1")] == [2]


def test_a_box_of_corners_is_recognised(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, changed("annotations.0.bbox", [12, 7, 29, 24]))
    assert "[x0, y0, x1, y1]" in problem.message


def test_gaps_in_category_ids_are_worth_a_note_and_doubled_names_a_warning(tmp_path: Path) -> None:
    data = dataset()
    data["categories"] += [{"id": 3, "name": "cat"}, {"id": 9, "name": "Bär"}]
    found = {problem.kind: problem.severity for problem in problems(tmp_path, data)}
    assert found == {"category_gaps": "info", "duplicate_name": "warning"}


def test_pictures_are_looked_for_inside_their_folder_only(tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    Image.new("RGB", (WIDTH, HEIGHT)).save(folder / "bär.jpg")
    Image.new("RGB", (HEIGHT, WIDTH)).save(folder / "turned.jpg")
    (folder / "broken.jpg").write_bytes(b"no picture")
    Image.new("RGB", (WIDTH, HEIGHT)).save(tmp_path / "secret.jpg")
    data = dataset()
    names = ["b.jpg", "turned.jpg", "broken.jpg", "../secret.jpg", str(tmp_path / "secret.jpg"), "x" * 5000, "a\0b"]
    data["images"] = [
        {"id": number, "file_name": name, "width": WIDTH, "height": HEIGHT}
        for number, name in enumerate(["bär.jpg", "1.jpg", "2.jpg", "3.jpg", "4.jpg", "5.jpg", *names], 1)
    ]
    found = problems(tmp_path, data, images=folder)
    kinds = [(problem.kind, problem.where) for problem in found if problem.where.startswith("images")]
    assert kinds == [("missing_file", f"images[{number}].file_name") for number in range(1, 7)] + [
        ("size_differs", "images[7].file_name"),
        ("broken_file", "images[8].file_name"),
        ("file_outside", "images[9].file_name"),
        ("file_outside", "images[10].file_name"),
        ("missing_file", "images[11].file_name"),
        ("file_outside", "images[12].file_name"),
    ]
    assert "EXIF" in next(problem for problem in found if problem.kind == "size_differs").message


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "[]",
        "null",
        "{",
        '{"images": [',
        '{"images": [{"id": 1}',
        '{"images": [] "annotations": []}',
        '{"images": []} more',
        '{"images": [' + "[" * 100_000,
        '{"images": [' + "1" * 5000 + "]}",
        '{"images": ["unfinished',
        "\x00\x01",
        '{"annotations": [{"id": 1},]}',
        "{1: 2}",
    ],
)
def test_a_file_that_is_not_a_coco_object_says_where(tmp_path: Path, text: str) -> None:
    file = CocoFile(write(tmp_path / "coco.json", text))
    found = list(file.problems())
    assert found[-1].kind == "bad_json"
    assert not file.readable


def test_a_file_of_another_encoding_says_so(tmp_path: Path) -> None:
    path = tmp_path / "coco.json"
    path.write_bytes(json.dumps(dataset(), ensure_ascii=False).encode("latin-1"))
    (problem,) = CocoFile(path).problems()
    assert "UTF-8" in problem.message


def test_detection_results_of_real_photos_are_recognised(tmp_path: Path) -> None:
    path = shared("coco_rle", "instances_val2014_fakesegm100_results.json")
    (problem,) = CocoFile(path).problems()
    assert "detection results" in problem.message


def test_real_masks_made_into_a_dataset_are_all_usable(tmp_path: Path) -> None:
    results = json.loads(shared("coco_rle", "instances_val2014_fakesegm100_results.json").read_text())
    sizes = {result["image_id"]: result["segmentation"]["size"] for result in results}
    data = {
        "images": [
            {"id": number, "file_name": f"{number}.jpg", "height": size[0], "width": size[1]}
            for number, size in sizes.items()
        ],
        "categories": [{"id": number, "name": str(number)} for number in range(1, 91)],
        "annotations": [
            {**annotation(number, Mask.from_rle(result["segmentation"])), **result, "id": number}
            for number, result in enumerate(results, 1)
        ],
    }
    file = CocoFile(write(tmp_path / "coco.json", data))
    assert [problem for problem in file.problems() if problem.kind != "empty_mask"] == []
    assert sum(len(file.annotations(image.id)) for image in file.images()) == len(results)


def test_items_are_found_in_small_pieces_of_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "coco.json", json.dumps(dataset(), ensure_ascii=False, indent=1))
    whole = list(json_items.items(path))
    for size in (1, 2, 7, 64):
        monkeypatch.setattr(json_items, "_CHUNK", size)
        pieces = list(json_items.items(path))
        assert pieces == whole
    with path.open("rb") as stream:
        for item in whole:
            assert json_items.read_item(stream, item.start, item.length) == item.value


def test_a_mistake_at_the_start_of_a_large_file_is_found_without_reading_it_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_items, "_CHUNK", 1000)
    path = write(tmp_path / "coco.json", '{"images": [{"id": nonsense}' + ", {}" * 100_000 + "]}")
    read: list[int] = []
    more = json_items._Reader._more

    def counting(self: Any, size: int = 1000) -> bool:
        read.append(size)
        return more(self, size)

    monkeypatch.setattr(json_items._Reader, "_more", counting)
    with pytest.raises(json_items.BadJson, match="byte 1"):
        list(json_items.items(path))
    assert sum(read) <= 2000


def test_an_outline_of_enormous_length_is_not_drawn(tmp_path: Path) -> None:
    zigzag = [number for _ in range(20_000) for number in (0, 0, WIDTH, HEIGHT)]
    (problem,) = problems(tmp_path, changed("annotations.1.segmentation", [zigzag]))
    assert "outline" in problem.message


hostile = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.sampled_from([0, 1, -1, 2**31, 2**32 - 1, 2**63, 65535, 65536]),
    st.floats(),
    st.text(max_size=8),
    st.text("0123456789:;<=>?@ABCNOPQR`abcno", max_size=12),
    st.lists(st.integers(-3, 1300), max_size=8),
    st.lists(st.lists(st.floats(), max_size=8), max_size=3),
    st.dictionaries(st.sampled_from(["size", "counts", "id"]), st.integers(0, 50), max_size=3),
)


def places(value: Any, way: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to every value in it."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [found for key, item in inner for found in [(*way, key), *places(item, (*way, key))]]


PLACES = places(dataset())


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.tuples(st.sampled_from(PLACES), hostile), min_size=1, max_size=4))
def test_whatever_a_stranger_changes_is_a_problem_or_fine_but_never_a_crash(
    tmp_path: Path, changes: list[tuple[tuple[Any, ...], Any]]
) -> None:
    data = copy.deepcopy(dataset())
    for way, value in changes:
        place: Any = data
        try:
            for part in way[:-1]:
                place = place[part]
            place[way[-1]] = value
        except (KeyError, IndexError, TypeError):
            continue
    file = CocoFile(write(tmp_path / "coco.json", data), images=tmp_path)
    for problem in file.problems():
        assert problem.message
        json.dumps(problem.to_json()).encode()
    if file.readable:
        for finding in run(file, Thresholds(), lambda done, total: None):
            assert finding.message.encode("utf-8")


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.integers(0, 2000), st.binary(max_size=6), st.integers(0, 6))
def test_a_damaged_file_is_a_problem_or_fine_but_never_a_crash(
    tmp_path: Path, place: int, piece: bytes, gone: int
) -> None:
    text = json.dumps(dataset()).encode()
    place %= len(text)
    path = tmp_path / "coco.json"
    path.write_bytes(text[:place] + piece + text[place + gone :])
    for problem in CocoFile(path).problems():
        assert problem.message.encode("utf-8")
