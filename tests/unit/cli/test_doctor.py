"""`annotator doctor` as typed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
import typer
from typer.testing import CliRunner, Result

from annotator.cli.doctor import doctor
from annotator.engine import devices, diagnose
from annotator.engine.diagnose import Finding


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    monkeypatch.setenv("ANNOTATOR_MODELS_DIR", str(tmp_path / "models"))
    monkeypatch.setenv("ANNOTATOR_CHECKPOINTS_DIR", str(tmp_path / "checkpoints"))
    monkeypatch.setattr(devices, "accelerator_possible", lambda: False)
    monkeypatch.setattr(devices, "import_torch", lambda: SimpleNamespace(version=SimpleNamespace(cuda=None)))
    monkeypatch.setattr(diagnose.importlib, "import_module", lambda name: None)
    app = typer.Typer()
    app.command()(doctor)
    return lambda *arguments: CliRunner().invoke(app, list(arguments))


def test_a_machine_that_is_well_gets_a_clean_bill(run: Callable[..., Result], tmp_path: Path) -> None:
    result = run(str(tmp_path))
    assert result.exit_code == 0, result.output
    assert "Everything that would be used works." in result.output
    assert f"{tmp_path / '.annotator'}" in result.output
    for heading in ("Versions", "Devices", "Models", "Folders", "Test mask", "Worth knowing"):
        assert heading in result.output.splitlines()
    assert "Run: annotator models download sam2.1_large" in result.output
    assert "\x1b" not in result.output


def test_a_problem_says_what_to_do_and_fails(run: Callable[..., Result]) -> None:
    result = run("--model", "sam2.1_tiny")
    assert result.exit_code == 1
    assert "PROBLEM" in result.output
    assert "Run: annotator models download sam2.1_tiny" in result.output.split("What to do")[1]
    assert "Everything" not in result.output


def test_json_for_programs(run: Callable[..., Result]) -> None:
    result = run("--json", "--model", "fake")
    findings = json.loads(result.stdout)
    assert result.exit_code == 0
    assert all(set(entry) == {"section", "what", "state", "detail", "remedy"} for entry in findings)
    assert findings[-1]["section"] == "test"


def test_every_section_is_printed(run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch) -> None:
    sections = ["versions", "devices", "models", "folders", "test"]
    findings = [Finding(section, f"a {section}", "ok", f"[{section}] detail") for section in sections]
    monkeypatch.setattr(diagnose, "examine", lambda *_, **__: iter(findings))
    output = run().output
    for section in sections:
        assert f"[{section}] detail" in output, "brackets are text, not colours"
