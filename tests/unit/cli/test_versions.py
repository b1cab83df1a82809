"""Versions on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from annotator.cli import app
from annotator.domain.mask import Mask
from annotator.sessions.service import Service


@pytest.fixture
def project(service: Service, images: list[str], folder: Path) -> Path:
    mask = Mask.from_array(np.pad(np.ones((20, 20)), ((10, 50), (10, 90))))
    service.editor.add(author="ann", image_id=images[0], category="cat", mask=mask)
    return folder


def run(*words: str) -> str:
    result = CliRunner().invoke(app, list(words), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_a_version_is_made_listed_compared_exported_and_restored(
    service: Service, project: Path, images: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project)
    assert "there are no versions yet" in run("version", "list").lower()
    assert "Kept 1 objects on 3 images as v1." in run("version", "create", "v1", "-m", "for the trainers")
    assert "for the trainers" in run("version", "list")
    assert json.loads(run("version", "list", str(project), "--json"))[0]["name"] == "v1"
    assert "Nothing differs." in run("version", "diff", "v1")
    (one,) = service.image(author="ann", image_id=images[0]).annotations
    service.editor.delete(author="ann", annotation_id=one.id, revision=one.revision)
    assert "Objects: 1 removed" in run("version", "diff", "v1")
    assert json.loads(run("version", "diff", "v1", "--json"))[-1]["change"] == "removed"
    out = tmp_path / "out"
    run("export", "coco", str(project), "--version", "v1", "--out", str(out))
    written = json.loads(next(out.rglob("*.json")).read_text())
    assert len(written["annotations"]) == 1
    assert "Objects: 1 added" in run("version", "restore", "v1", "--dry-run")
    assert service.image(author="ann", image_id=images[0]).annotations == []
    assert "is kept as before-v1-1." in run("version", "restore", "v1")
    assert len(service.image(author="ann", image_id=images[0]).annotations) == 1
