from __future__ import annotations

from pathlib import Path

import pytest

from annotator.errors import InvalidInput
from annotator.importers.by_name import recognise
from annotator.importers.voc_boxes import VocBoxImporter
from tests.unit.importers.reading import read

IMPORTER = VocBoxImporter()


def box(*sides: object, name: str = "dog") -> str:
    corners = "".join(
        f"<{tag}>{value}</{tag}>" for tag, value in zip(("xmin", "ymin", "xmax", "ymax"), sides, strict=False)
    )
    return f"<object><name>{name}</name><difficult>1</difficult><bndbox>{corners}</bndbox></object>"


def file(path: Path, *objects: str, name: str = "a.jpg", width: object = 20, height: object = 10) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    size = f"<size><width>{width}</width><height>{height}</height><depth>3</depth></size>"
    path.write_text(f"<annotation><filename>{name}</filename>{size}{''.join(objects)}</annotation>")
    return path


def test_boxes_count_from_one_and_hold_their_last_pixel(tmp_path: Path) -> None:
    path = file(tmp_path / "Annotations/a.xml", box(1, 2, 10, 9), box(1.5, 1, 30, 30, name="cat"))
    for given in (path, tmp_path, tmp_path / "Annotations"):
        assert recognise(given).name == "voc_boxes"
        found = read(IMPORTER, given)
        assert found.problems == []
        assert [(item.name, item.width, item.height) for item in found.images] == [("a.jpg", 20, 10)]
        assert [(item.category, item.box) for item in found.annotations] == [
            ("dog", (0, 1, 10, 9)),
            ("cat", (0.5, 0, 20, 10)),
        ]
        assert found.annotations[0].extra == {"difficult": "1"}
        assert found.annotations[1].where == "a.xml: object[1]"


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (box(1, 2, 10), "bndbox"),
        (box(1, 2, 10, "x"), "bndbox"),
        (box(1, 2, 10, "nan"), "bndbox"),
        (box(30, 30, 40, 40), "no part"),
        (box(9, 9, 2, 2), "no part"),
        (box(1, 2, 3, 4, name=""), "name"),
        ("<object/>", "name"),
    ],
)
def test_a_bad_object_is_listed_and_the_rest_is_read(bad: str, reason: str, tmp_path: Path) -> None:
    found = read(IMPORTER, file(tmp_path / "a.xml", box(1, 1, 2, 2), bad, box(1, 1, 2, 2)))
    assert len(found.annotations) == 2
    assert list(found.reasons()) == ["a.xml: object[1]"]
    assert reason in found.reasons()["a.xml: object[1]"]


def test_bad_files_are_listed_and_the_rest_is_read(tmp_path: Path) -> None:
    file(tmp_path / "a.xml", box(1, 1, 2, 2), width=0, height=0)
    file(tmp_path / "b.xml", box(1, 1, 2, 2))
    file(tmp_path / "c.xml", name="../c.jpg")
    file(tmp_path / "d.xml", name="d.jpg", width=10**9)
    (tmp_path / "e.xml").write_text("<annotation>")
    (tmp_path / "f.xml").write_text("<html/>")
    (tmp_path / "g.xml").write_text('<!DOCTYPE a [<!ENTITY b "bb">]><annotation><filename>&b;</filename></annotation>')
    (tmp_path / "h.xml").write_text("<annotation>" * 50_000)
    found = read(IMPORTER, tmp_path, {"a.jpg": (20, 10)})
    assert [(item.name, item.width) for item in found.images] == [("a.jpg", 20)]
    assert set(found.reasons()) == {f"{letter}.xml" for letter in "bcdefgh"}
    assert "document type" in found.reasons()["g.xml"]
    with pytest.raises(InvalidInput, match="no XML"):
        read(IMPORTER, tmp_path / "missing")
    assert not IMPORTER.recognises(tmp_path / "f.xml")
