"""Files, folders and archives as sources of an import."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from annotator.errors import InvalidInput, NotFound
from annotator.sessions.folders import data_folder
from annotator.sessions.import_rows import ImportReport
from annotator.sessions.import_sources import FORMATS, import_path
from annotator.sessions.service import Service


def write(path: Path, name: str) -> None:
    """A COCO file with an object on an image of that name, whose size the project knows."""
    path.parent.mkdir(parents=True, exist_ok=True)
    ring = [[1, 1, 9, 1, 9, 9, 1, 9]]
    row = {"id": 1, "image_id": 1, "category_id": 1, "segmentation": ring, "area": 64, "bbox": [1, 1, 8, 8]}
    data: dict[str, Any] = {"images": [{"id": 1, "file_name": name}], "categories": [{"id": 1, "name": "cat"}]}
    path.write_text(json.dumps({**data, "annotations": [row]}))


def packed(folder: Path) -> Path:
    return Path(shutil.make_archive(str(folder), "zip", folder.parent, folder.name))


def take(service: Service, path: Path, **options: Any) -> ImportReport:
    return import_path(service, path, author="eve", **options)


def first_image(folder: Path) -> str:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.png"))[0]


@pytest.mark.usefixtures("images")
def test_a_file_its_folder_and_its_archive_bring_the_same(service: Service, folder: Path, tmp_path: Path) -> None:
    dataset = tmp_path / "set"
    write(dataset / "annotations" / "instances.json", first_image(folder))
    assert take(service, dataset / "annotations" / "instances.json", dry=True).added == 1
    assert take(service, dataset, dry=True).added == 1
    report = take(service, packed(dataset))
    assert (report.added, report.problems) == (1, ())
    assert (take(service, dataset).added, take(service, dataset).already) == (0, 1)
    assert not list(data_folder(folder, service.settings).glob(".import-*"))


@pytest.mark.usefixtures("images")
def test_several_files_and_none_are_told_apart(service: Service, folder: Path, tmp_path: Path) -> None:
    for name in ("train", "val", "test", "mini"):
        write(tmp_path / "set" / f"instances_{name}.json", first_image(folder))
    with pytest.raises(InvalidInput, match=r"several JSON files \(instances_mini.json, .*and 1 more\)"):
        take(service, packed(tmp_path / "set"))
    (tmp_path / "none").mkdir()
    (tmp_path / "none" / "readme.md").write_text("hello")
    with pytest.raises(InvalidInput, match="no dataset in it"):
        take(service, packed(tmp_path / "none"))
    with pytest.raises(NotFound, match="nothing at"):
        take(service, tmp_path / "nowhere")


def test_every_format_can_be_chosen() -> None:
    assert {"auto", "coco", "yolo", "labelme"} <= {name for _, name in FORMATS}
