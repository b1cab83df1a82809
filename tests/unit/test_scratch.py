"""Folders of unfinished work: gone afterwards, whoever was killed."""

from __future__ import annotations

import multiprocessing
import os
import time
from pathlib import Path

import pytest

from annotator import scratch
from annotator.scratch import scratch_folder


def work_and_be_killed(beside: Path) -> None:
    with scratch_folder(beside, prefix=".work-") as folder:
        (folder / "half").write_text("half")
        os.kill(os.getpid(), 9)


def test_it_is_gone_afterwards(tmp_path: Path) -> None:
    def fail() -> None:
        with scratch_folder(tmp_path, prefix=".work-") as folder:
            (folder / "half").write_text("half")
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_process_left_is_gone_at_the_next(tmp_path: Path) -> None:
    process = multiprocessing.get_context("spawn").Process(target=work_and_be_killed, args=(tmp_path,))
    process.start()
    process.join()
    [left] = tmp_path.iterdir()
    assert (left / "half").exists()
    with scratch_folder(tmp_path, prefix=".work-"):
        assert left.exists(), "it is young: somebody may be about to lock it"
    os.utime(left, (time.time() - 3600,) * 2)
    with scratch_folder(tmp_path, prefix=".work-"):
        assert not left.exists()


def test_a_link_that_somebody_put_there_leads_nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scratch, "_YOUNG_SECONDS", -1)
    (tmp_path / "dear").mkdir()
    (tmp_path / "dear" / "work").write_text("dear")
    (tmp_path / ".work-link").symlink_to(tmp_path / "dear")
    with scratch_folder(tmp_path, prefix=".work-"):
        assert (tmp_path / "dear" / "work").exists()
        assert not (tmp_path / "dear" / ".lock").exists()


def test_what_somebody_works_in_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scratch, "_YOUNG_SECONDS", -1)
    (tmp_path / ".work-notes.txt").write_text("a file of somebody else")
    with scratch_folder(tmp_path, prefix=".work-") as first, scratch_folder(tmp_path, prefix=".work-") as second:
        assert first.exists()
        assert second != first
    assert [one.name for one in tmp_path.iterdir()] == [".work-notes.txt"]
