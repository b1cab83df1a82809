"""The command line as typed: exports a folder, and answers mistakes with a sentence."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

from annotator import cli
from annotator.sessions.service import Service
from tests.unit.sessions.test_editing import Person


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr("sys.argv", ["annotator", *arguments])
    try:
        cli.main()
    except SystemExit as stop:
        return int(stop.code or 0)
    return 0


def test_a_folder_is_exported_where_the_readme_says(
    service: Service,
    images: list[str],
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    identity = Person(service, images[2]).make(40, 30)
    assert run(monkeypatch, "export", "coco", str(folder), "--out", str(tmp_path / "exports")) == 0
    target = tmp_path / "exports" / "photos" / "coco" / "annotations.json"
    data = json.loads(target.read_text())
    assert [image["file_name"] for image in data["images"]] == ["sub/a.png"]
    assert [annotation["id"] for annotation in data["annotations"]] == [identity]
    printed = capsys.readouterr().out
    assert str(target) in printed
    assert "1 objects on 1 images" in printed
    assert "Minimum IoU with the stored masks: 1.0000" in printed


def test_an_empty_project_is_not_exported_silently(
    service: Service, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "export", "coco", str(folder), "--out", str(tmp_path / "exports")) == 1
    assert capsys.readouterr().err.startswith("annotator: ")
    assert not list((tmp_path / "exports").rglob("*.json")) if (tmp_path / "exports").exists() else True


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["serve", "/nowhere/at/all", "--no-browser", "--port", "0"], "There is no folder"),
        (["export", "coco", "/nowhere/at/all"], "is not a project yet"),
        (["demo", "--no-browser", "--device", "gpu"], "“device” has an unusable value"),
    ],
)
def test_mistakes_are_answered_with_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str], sentence: str
) -> None:
    assert run(monkeypatch, *arguments) == 1
    error = capsys.readouterr().err
    assert error.startswith("annotator: ")
    assert sentence in error
    assert "Traceback" not in error


def test_a_port_in_use_is_a_sentence(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert run(monkeypatch, "serve", str(folder), "--no-browser", "--port", str(port)) == 1
    assert "can't be listened on" in capsys.readouterr().err


def test_an_unknown_model_is_a_sentence_with_the_known_ones(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "serve", str(folder), "--no-browser", "--port", "0", "--model", "sam9") == 1
    assert "mobile_sam" in capsys.readouterr().err
