"""The project in Python: the document's code runs as it stands, and what it promises holds."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import annotator
from annotator.errors import BadMask, InvalidInput, NotFound
from tests.paths import ROOT


def test_the_code_of_the_document_runs_as_it_stands(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torchvision", reason="the last part of the document feeds a trainer of torchvision")
    monkeypatch.chdir(folder.parent)
    code = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "python.md").read_text(), re.DOTALL)
    assert len(code) == 5
    scope: dict[str, Any] = {}
    for block in code:
        exec(block, scope)
    assert (folder.parent / "exports" / "photos" / "coco" / "annotations.json").is_file()


def test_masks_come_back_as_they_were_added(folder: Path) -> None:
    with annotator.open(folder, author="robot") as project:
        assert [image.name for image in project] == ["a.png", "b.png", "sub/a.png"]
        assert len(project) == 3
        project.add_category("cat", colour="#123456")
        project.add_category("cat")
        assert project.categories == ["cat"]
        image = project.image("sub/a.png")
        assert image.pixels().shape == (image.height, image.width, 3)
        mask = np.zeros((image.height, image.width), bool)
        mask[10:20, 30:50] = True
        made = image.add(mask, "cat", score=0.25)
        assert (made.area, made.bbox, made.score, made.author) == (200, (30, 10, 20, 10), 0.25, "robot")
        assert (made.review, made.provenance["source"]) == ("unreviewed", "api")
        (found,) = image.objects
        assert (found.mask == mask).all()
        assert found.mask.dtype == bool
        assert [one.name for one in project.images(state="in_progress")] == ["sub/a.png"]


def test_a_proposal_with_a_key_is_added_once(folder: Path) -> None:
    with annotator.open(folder) as project:
        project.add_category("cat")
        image = project.image("a.png")
        mask = np.ones((image.height, image.width), np.uint8)
        assert len({image.add(mask, "cat", key="model-7").id for _ in range(3)}) == 1
        assert len(image.objects) == 1


def test_mistakes_are_sentences_and_change_nothing(folder: Path) -> None:
    with annotator.open(folder) as project:
        image = project.image("a.png")
        mask = np.ones((image.height, image.width), bool)
        with pytest.raises(NotFound, match="no category 'cat'"):
            image.add(mask, "cat")
        project.add_category("cat")
        for wrong, error in ((mask[:-1], BadMask), (mask * 0, InvalidInput)):
            with pytest.raises(error):
                image.add(wrong, "cat")
        with pytest.raises(InvalidInput, match="between 0 and 1"):
            image.add(mask, "cat", score=7)
        with pytest.raises(NotFound, match=r"no image 'c\.png'"):
            project.image("c.png")
        assert image.objects == []
    with pytest.raises(NotFound, match="no folder"):
        annotator.open(folder / "nowhere")


def test_a_large_project_is_read_a_page_at_a_time(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with annotator.open(folder) as project:
        asked: list[int] = []
        page = project._service.list_images

        def counted(**options: Any) -> Any:
            asked.append(1)
            return page(**options)

        monkeypatch.setattr(project._service, "list_images", counted)
        monkeypatch.setattr("annotator.project._PAGE", 1)
        images = project.images()
        next(images)
        assert len(asked) == 1
        assert len(list(images)) == 2
        assert len(asked) == 3


def test_versions_and_archives_in_python(folder: Path, tmp_path: Path) -> None:
    import zipfile

    with annotator.open(folder, author="robot") as project:
        project.add_category("cat")
        mask = np.zeros((80, 120), bool)
        mask[10:20, 30:50] = True
        project.image("a.png").add(mask, "cat")
        assert project.create_version("v1", "first").objects == 1
        project.image("b.png").add(mask, "cat")
        assert [(one.change, one.kind) for one in project.diff("v1") if one.kind == "annotation"] == [
            ("added", "annotation")
        ]
        written = project.export("coco", tmp_path / "out", version="v1")
        assert written.annotations == 1
        assert project.restore("v1").kept == "before-v1-1"
        assert [version.name for version in project.versions()] == ["before-v1-1", "v1"]
        assert project.image("b.png").objects == []

    other = tmp_path / "other"
    other.mkdir()
    (other / "a.png").write_bytes((folder / "a.png").read_bytes())
    archive = tmp_path / "dataset.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        packed.write(written.target, "annotations.json")
    with annotator.open(other) as project:
        assert project.import_("coco", archive).added == 1
        (found,) = project.image("a.png").objects
        assert (found.category, found.area) == ("cat", 200)
