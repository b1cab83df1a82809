"""`annotator report` as typed: a page and tables for people who never open the app."""

from __future__ import annotations

import csv
from pathlib import Path

import typer
from typer.testing import CliRunner, Result

from annotator.cli.reporting import report
from annotator.domain.mask import Mask
from annotator.errors import AnnotatorError
from annotator.sessions.service import Service
from tests.unit.cli.test_checking import coco, disc

app = typer.Typer()
app.command()(report)


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def rows(folder: Path, name: str) -> list[list[str]]:
    with (folder / "csv" / f"{name}.csv").open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.reader(stream))


def test_a_project_has_a_page_and_tables(folder: Path, service: Service, tmp_path: Path) -> None:
    image = service.list_images(status=None, query=None, limit=10, cursor=None).items[0]
    mask = Mask.from_crop(disc(20).to_array(), x=0, y=0, height=80, width=120)
    service.editor.add(author="ann", image_id=image.id, category="cat", mask=mask)
    done = run(folder, "--out", tmp_path / "out")
    assert done.exit_code == 0, done.output
    written = tmp_path / "out" / "photos" / "report"
    assert str(written / "report.html") in done.stdout
    assert "Unlabelled image" in (written / "report.html").read_text("utf-8")
    assert [row[:4] for row in rows(written, "categories")[1:]] == [["1", "cat", "1", "1"], ["2", "dog", "0", "0"]]
    assert rows(written, "people")[1][:2] == ["ann", "1"]
    assert rows(written, "days")[1][1:] == ["1", "1", "1"]


def test_a_coco_file_has_them_too_and_its_problems_are_mentioned(tmp_path: Path) -> None:
    done = run(coco(tmp_path / "c.json", disc(20), disc(60), area=5), "--out", tmp_path, "--no-rules")
    assert done.exit_code == 0, done.output
    assert "1 problems" in done.stderr
    assert rows(tmp_path / "c" / "report", "categories")[1][2] == "2"
    assert "Quality rules" not in (tmp_path / "c" / "report" / "report.html").read_text("utf-8")


def test_a_second_report_replaces_the_first(tmp_path: Path) -> None:
    run(coco(tmp_path / "c.json", disc(20)), "--out", tmp_path)
    before = sorted(path for path in (tmp_path / "c").rglob("*"))
    run(coco(tmp_path / "c.json", disc(20), disc(60)), "--out", tmp_path)
    assert sorted(path for path in (tmp_path / "c").rglob("*")) == before
    assert rows(tmp_path / "c" / "report", "categories")[1][2] == "2"


def test_what_is_no_dataset_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "c.json").write_text("{}")
    for target in (tmp_path / "c.json", tmp_path / "nowhere", tmp_path):
        done = run(target, "--out", tmp_path / "out")
        assert isinstance(done.exception, AnnotatorError)
    assert not (tmp_path / "out").exists()
