"""`annotator precompute` as typed: what it prints, and that it goes on where it was."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from annotator.cli import precompute as command
from annotator.errors import AnnotatorError
from annotator.sessions import precompute as work
from annotator.sessions.precompute import Failure, PrecomputeReport

app = typer.Typer()
app.command()(command.precompute)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, [*arguments, "--model", "fake"])


def test_a_folder_is_embedded_and_the_next_run_finds_everything(folder: Path) -> None:
    (folder / "c.png").write_bytes(b"not a picture")
    first = run(str(folder))
    assert first.exit_code == 0, first.output
    assert re.search(r"^fake: 3 embedded \(.+ images/s\), 0 there already, 1 failed; ", first.stdout, re.M)
    assert "Not embedded:\n  c.png: " in first.stdout
    assert str(folder / ".annotator" / "cache" / "embeddings") in first.stdout
    second = run(str(folder), "--limit", "1")
    assert "fake: 0 embedded, 3 there already, 1 failed;" in second.stdout


def test_a_limit_says_what_is_left_and_the_data_can_be_elsewhere(folder: Path, tmp_path: Path) -> None:
    done = run(str(folder), "--limit", "1", "--data-dir", str(tmp_path / "data"))
    assert "1 embedded" in done.stdout
    assert "2 left for the next run" in done.stdout
    assert len(list((tmp_path / "data" / "cache" / "embeddings").rglob("*.safetensors"))) == 1
    assert not (folder / ".annotator").exists()


def test_a_reserved_budget_stays_with_the_folder(folder: Path) -> None:
    assert run(str(folder), "--budget-mb", "9000").exit_code == 0
    assert (folder / ".annotator" / "cache" / "embeddings" / "budget").read_text() == str(9000 << 20)


def test_mistakes_are_sentences(tmp_path: Path) -> None:
    done = run(str(tmp_path / "nowhere"))
    assert isinstance(done.exception, AnnotatorError)
    assert "There is no folder" in done.exception.message
    assert run(str(tmp_path), "--limit", "0").exit_code == 2


def test_stopping_says_that_nothing_is_lost(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(work, "precompute", stopped)
    done = run(str(folder))
    assert done.exit_code == 130
    assert "goes on" in done.stdout


def test_where_there_is_no_terminal_a_line_is_written_now_and_then(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = [1000.0]
    monkeypatch.setattr(command.time, "monotonic", lambda: now[0])
    with command.Shown() as shown:
        for text in ("Loading fake", "Loading fake", "Embedding"):
            shown.step(text)
        for done in range(1, 301):
            now[0] += 1
            shown.update(done, 1200)
    assert capsys.readouterr().err.splitlines() == [
        "Loading fake",
        "Embedding",
        "60 of 1,200, 1 images/s, about 19 min left",
        "120 of 1,200, 1 images/s, about 18 min left",
        "180 of 1,200, 1 images/s, about 17 min left",
        "240 of 1,200, 1 images/s, about 16 min left",
        "300 of 1,200, 1 images/s, about 15 min left",
    ]


def test_the_summary_has_what_the_issue_asks_for() -> None:
    report = PrecomputeReport(
        "sam2.1_large",
        Path("data/embeddings"),
        4000,
        950,
        0,
        (Failure("a.jpg", "broken"),),
        41_500_000_000,
        400.0,
        None,
    )
    assert command.summary(report) == (
        "sam2.1_large: 4,000 embedded (10 images/s), 950 there already, 1 failed; 41,500 MB in data/embeddings"
    )
