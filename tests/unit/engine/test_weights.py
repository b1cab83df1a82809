"""Hashes of large files are computed once, and again when the file changes."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from annotator.engine import weights
from annotator.engine.descriptions import ModelFile
from annotator.errors import ModelProblem


@pytest.fixture
def large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(weights, "LARGE", 10)
    path = tmp_path / "w.pt"
    path.write_bytes(b"weights" * 100)
    return path


def read(path: Path) -> tuple[str, int]:
    """The hash, and how often bytes were read for it."""
    seen: list[int] = []
    return weights.sha256(path, progress=lambda done, total: seen.append(done)), len(seen)


def test_a_file_is_hashed_once(large: Path) -> None:
    right = hashlib.sha256(large.read_bytes()).hexdigest()
    assert read(large) == (right, 1)
    assert read(large) == (right, 0)


@pytest.mark.parametrize("content", [b"weighty" * 100, b"longer" * 1000])
def test_a_file_that_changed_is_hashed_again(large: Path, content: bytes) -> None:
    read(large)
    large.write_bytes(content)
    os.utime(large, ns=(1, 1))
    assert read(large) == (hashlib.sha256(content).hexdigest(), 1)


@pytest.mark.parametrize("note", ["", "[]", "{}", '{"bytes": 700}', "\x00"])
def test_a_spoilt_note_is_no_answer(large: Path, note: str) -> None:
    right, _ = read(large)
    (large.parent / ".w.pt.sha256.json").write_text(note)
    assert read(large) == (right, 1)


def test_a_small_file_leaves_no_note_behind(tmp_path: Path) -> None:
    path = tmp_path / "w.pt"
    path.write_bytes(b"weights")
    weights.sha256(path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["w.pt"]


def test_a_folder_that_can_not_be_written_to_is_no_problem(large: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "write_text", refuse)
    assert read(large) == read(large)


def test_the_right_file_passes(large: Path) -> None:
    right = hashlib.sha256(large.read_bytes()).hexdigest()
    weights.verify(large, ModelFile("w.pt", 700, right))
    weights.verify(large, ModelFile("w.pt"))


@pytest.mark.parametrize(
    ("file", "sentence"),
    [
        (ModelFile("w.pt", 701), r"w\.pt has 700 bytes instead of 701.*Run this"),
        (ModelFile("w.pt", 700, "0" * 64), r"w\.pt is damaged.*Run this"),
    ],
)
def test_another_file_does_not(large: Path, file: ModelFile, sentence: str) -> None:
    with pytest.raises(ModelProblem, match=sentence):
        weights.verify(large, file, remedy="Run this.")


def test_neither_does_an_empty_or_a_missing_one(tmp_path: Path) -> None:
    with pytest.raises(ModelProblem, match="not there"):
        weights.verify(tmp_path / "w.pt", ModelFile("w.pt"))
    (tmp_path / "w.pt").touch()
    with pytest.raises(ModelProblem, match="incomplete"):
        weights.verify(tmp_path / "w.pt", ModelFile("w.pt"))
    with pytest.raises(ModelProblem, match="can't be read"):
        weights.sha256(tmp_path)
