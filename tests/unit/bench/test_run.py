"""A run from beginning to end with the fake model, and the command around it."""

from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path
from typing import Any

import pytest
import typer

from annotator.bench import run as module
from annotator.bench.figures import Figure
from annotator.bench.installation import Installation, with_random_weights
from annotator.bench.machine import machine, versions
from annotator.bench.plan import Plan
from annotator.bench.report import Report
from annotator.bench.run import run
from annotator.bench.server import Server, problem_of
from annotator.cli.bench import bench
from annotator.engine.registry import Registry
from annotator.errors import AnnotatorError, BadSetting, Busy, ModelProblem
from tests.conftest import photo

TINY = Plan(model="fake", users=2, clicks=4, encodes=2, objects=7, sizes=(0.05, 0.2), pace=0.01)
ROWS = {
    "engine.encode": 2,
    "memory.ram": 1,
    "engine.click.0.05mp": 4,
    "api.click.0.05mp": 4,
    "api.first.0.2mp": 1,
    "engine.click.0.2mp": 4,
    "api.click.0.2mp": 4,
    "api.click.empty": 4,
    "api.save.empty": 4,
    "api.click.objects": 4,
    "api.save.objects": 4,
    "users.one": 4,
    "users.different": 4,
    "users.different.rate": 1,
    "users.same": 4,
    "users.same.rate": 1,
    "users.active": 4,
    "switch.cold": 2,
    "switch.prefetched": 2,
    "switch.restart": 2,
}


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """One run for all tests, because it starts the server twice; the first picture opened is a person's own."""
    own = photo(tmp_path_factory.mktemp("own") / "mine.png")
    return run(dataclasses.replace(TINY, images=own.parent))


def test_every_figure_is_measured_as_often_as_asked(report: Report) -> None:
    rows = {row["name"]: row for row in json.loads(json.dumps(report.to_json()))["rows"]}
    assert {name: rows[name]["n"] for name in ROWS} == ROWS
    assert rows["users.encoding"]["n"] >= 1
    for row in rows.values():
        assert 0 <= row["p50"] <= row["p95"], row
        assert row["title"]


def test_ratios_are_those_of_the_medians(report: Report) -> None:
    rows = {row["name"]: row for row in report.to_json()["rows"]}
    compared = [(row, name, ratio) for row in rows.values() for name, ratio in row["ratio_to"].items()]
    pairs = {(row["name"], name) for row, name, _ in compared}
    assert pairs >= {
        ("api.click.0.2mp", "api.click.0.05mp"),
        ("api.click.objects", "api.click.empty"),
        ("switch.prefetched", "switch.cold"),
        ("switch.restart", "switch.cold"),
        ("users.active", "users.one"),
    }
    for row, name, ratio in compared:
        assert ratio == pytest.approx(row["p50"] / rows[name]["p50"], rel=0.01)


def test_the_report_says_what_it_belongs_to(report: Report) -> None:
    written = report.to_json()
    assert written["schema"] == 1
    assert written["model"] == {"name": "fake", "title": "Fake", "random_weights": False}
    assert written["device"] == "cpu"
    assert written["machine"]["summary"]
    assert {"annotator", "python", "numpy"} <= set(written["versions"])
    assert written["plan"]["users"] == 2
    assert any("no plain predictor" in note for note in written["notes"])
    assert any("1 pictures come from --images" in note for note in written["notes"])


def test_images_embedded_ahead_and_after_a_restart_are_not_encoded_again(report: Report) -> None:
    assert not [note for note in report.notes if "encoded again" in note]
    assert "disk.embedding" in report.figures


def test_a_server_that_does_not_start_says_why(tmp_path: Path) -> None:
    server = Server(tmp_path / "nowhere", data=tmp_path, model="fake", device="cpu", precision="auto", environment={})
    with pytest.raises(AnnotatorError, match="There is no folder"):
        server.start()


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [(503, "busy", Busy), (503, "model_problem", ModelProblem), (503, "out_of_memory", ModelProblem), (404, "x", None)],
)
def test_the_servers_sentence_is_passed_on(status: int, code: str, kind: type[AnnotatorError] | None) -> None:
    content = json.dumps({"error": {"code": code, "message": "A sentence.", "field": None}}).encode()
    problem = problem_of(status, content, request="GET /x")
    assert type(problem) is (kind or AnnotatorError)
    assert "A sentence." in problem.message


def test_a_failed_server_is_quoted() -> None:
    problem = problem_of(500, b"<html>", request="GET /x", log=["first", "ZeroDivisionError"])
    assert "ZeroDivisionError" in problem.message
    assert "GET /x" in problem.message


def test_a_model_that_is_not_here_is_a_sentence_with_both_ways_out(tmp_path: Path) -> None:
    with pytest.raises(ModelProblem, match=r"models download sam2.1_tiny; or .*--random-weights"):
        run(Plan(model="sam2.1_tiny"), installation=Installation(checkpoints_dir=tmp_path))


def test_random_weights_are_for_sam_2_only(tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match="SAM 2"):
        with_random_weights(Registry(), "mobile_sam", scratch=tmp_path / "scratch")


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"against": "labelstudio"}, "label-studio-order"),
        ({"users": 0}, "--users"),
        ({"clicks": 1}, "--clicks"),
        ({"images": Path("/nowhere/at/all")}, "--images"),
    ],
)
def test_a_plan_that_makes_no_sense_is_a_sentence(wrong: dict[str, Any], sentence: str) -> None:
    with pytest.raises(BadSetting, match=sentence):
        Plan(**wrong)


def test_quick_measures_less_of_everything_that_repeats() -> None:
    plan, quick = Plan(), Plan().quick()
    assert quick.clicks < plan.clicks
    assert quick.encodes < plan.encodes
    assert dataclasses.replace(quick, clicks=plan.clicks, encodes=plan.encodes, pace=plan.pace) == plan


def canned(plan: Plan) -> Report:
    raw = Figure("raw.encode", "raw: encode", label="raw", values=[2000.0, 2000.0])
    ours = Figure("engine.encode", "engine: encode", against=("raw.encode",), values=[500.0, 500.0])
    return Report(
        model={"name": plan.model, "title": "Some model", "random_weights": plan.random_weights},
        device="cpu",
        machine=machine(),
        versions=versions(),
        plan={},
        made="2026-01-01T00:00:00+00:00",
        figures={figure.name: figure for figure in (raw, ours)},
        notes=["Something to know."],
    )


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The command with a run that takes no time; its plans are kept in `plans`."""
    plans: list[Plan] = []

    def instead(plan: Plan, **_: object) -> Report:
        plans.append(plan)
        return canned(plan)

    monkeypatch.setattr(module, "run", instead)
    app = typer.Typer()
    app.command()(bench)

    def typed(*arguments: str) -> list[Plan]:
        monkeypatch.setattr(sys, "argv", ["annotator", *arguments])
        app(standalone_mode=False)
        return plans

    return typed


def test_the_command_prints_a_table_with_ratios_and_writes_json(
    command: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "figures.json"
    (plan,) = command("--model", "mobile_sam", "--users", "3", "--against", "sam2", "--quick", "--out", str(out))
    assert (plan.model, plan.users, plan.against, plan.clicks) == ("mobile_sam", 3, "sam2", 20)
    printed = capsys.readouterr().out
    assert "Some model on cpu" in printed
    assert "0.25 × raw" in printed
    assert "2,000" in printed
    assert "Note: Something to know." in printed
    assert json.loads(out.read_text())["rows"][1]["ratio_to"] == {"raw.encode": 0.25}


def test_a_file_that_cannot_be_written_is_said_before_measuring(command: Any, tmp_path: Path) -> None:
    with pytest.raises(AnnotatorError, match="can't be written"):
        command("--out", str(tmp_path / "nowhere" / "figures.json"))
    assert command("--clicks", "5")[0].clicks == 5  # nothing was measured before
