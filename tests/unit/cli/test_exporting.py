"""`annotator export` as typed, for every format."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from annotator.cli import app, exporting
from annotator.exporters import EXPORTERS
from annotator.exporters.base import ExportReport, Loss
from annotator.sessions.service import Service
from tests.unit.sessions.test_editing import Person


def run(*arguments: str) -> Result:
    return CliRunner(env={"COLUMNS": "200"}).invoke(app, ["export", *arguments])


def test_every_format_is_listed() -> None:
    printed = run("--help").output
    assert len(EXPORTERS) >= 12
    assert [name for name in EXPORTERS if f" {name} " not in printed] == []


@pytest.mark.parametrize("name", sorted(EXPORTERS))
def test_every_option_of_a_format_has_a_flag(name: str) -> None:
    printed = run(name, "--help").output
    flags = ["--" + option.name.replace("_", "-") for option in EXPORTERS[name].options]
    assert [flag for flag in flags if f"{flag} " not in printed] == []


def test_a_folder_is_exported_with_the_options_that_were_typed(
    service: Service, images: list[str], folder: Path, tmp_path: Path
) -> None:
    Person(service, images[2]).make(40, 30)
    done = run("yolo", str(folder), "--out", str(tmp_path / "out"), "--seed", "7", "--splits", "random", "--stratified")
    assert done.exit_code == 0, done.output
    target = tmp_path / "out" / folder.name / "yolo"
    assert (target / "data.yaml").is_file()
    about = json.loads((target / ".annotator-export.json").read_text())["options"]
    assert (about["seed"], about["splits"], about["stratified"], about["pictures"]) == (7, "random", True, "none")
    assert f"Wrote {target}: 1 objects on 1 images" in done.output


def test_an_unusable_value_is_answered_with_what_to_use(
    service: Service, images: list[str], folder: Path, tmp_path: Path
) -> None:
    Person(service, images[2]).make(40, 30)
    done = run("voc", str(folder), "--out", str(tmp_path / "out"), "--border", "51")
    assert done.exit_code == 2
    assert "--border" in done.output
    assert not (tmp_path / "out").exists()


def test_an_unknown_format_is_refused() -> None:
    assert "No such command 'nothing'" in run("nothing", "folder").output


def test_losses_are_printed_object_by_object_and_the_rest_counted(capsys: pytest.CaptureFixture[str]) -> None:
    losses = tuple(Loss(number, "a.jpg", 0.5) for number in range(1, 31))
    exporting._print_report(ExportReport("yolo", Path("out"), 1, 30, 1, minimum_iou=0.5, mean_iou=0.5, losses=losses))
    printed = capsys.readouterr().out
    assert printed.count("IoU 0.5000: object") == 20
    assert "… and 10 more objects with a loss" in printed
