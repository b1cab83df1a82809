"""`annotator doctor`: what works here, what does not, and what to do about it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from annotator.cli.options import DataDir, Device, Model, Precision

if TYPE_CHECKING:
    from annotator.config import Settings
    from annotator.engine.diagnose import Finding

TITLES = {
    "versions": "Versions",
    "devices": "Devices",
    "models": "Models",
    "folders": "Folders",
    "test": "Test mask",
}
MARKS = {"ok": ("✓", "green"), "note": ("·", "yellow"), "problem": ("✗", "red")}
WORDS = {"ok": "ok", "note": "note", "problem": "PROBLEM"}


def doctor(
    folder: Annotated[Path | None, typer.Argument(help="Folder of a project, to look at its data too.")] = None,
    model: Model = None,
    device: Device = None,
    precision: Precision = None,
    data_dir: DataDir = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Look at versions, devices, models and folders, make a test mask, and say what to do about each problem.

    The exit code is 1 when something that would be used is broken.
    """
    from annotator.config import Settings

    settings = Settings.load(model=model, device=device, precision=precision, data_dir=data_dir)
    findings = _examine(settings, folder)
    if as_json:
        import dataclasses
        import json

        print(json.dumps([dataclasses.asdict(finding) for finding in findings], indent=2))
    else:
        _print(findings)
    if any(finding.state == "problem" for finding in findings):
        raise typer.Exit(1)


def _examine(settings: Settings, folder: Path | None) -> list[Finding]:
    from rich.console import Console

    from annotator.engine.diagnose import examine
    from annotator.sessions.folders import data_folder, registry_of

    places = [] if folder is None else [("the project's data and cache", data_folder(folder, settings))]
    with Console(stderr=True).status("Looking at the versions") as status:
        found = examine(
            registry_of(settings),
            model=settings.model,
            device=settings.device,
            precision=settings.precision,
            folders=places,
            progress=status.update,
        )
        return list(found)


def _print(findings: list[Finding]) -> None:
    """In a terminal with colours and marks; in a pipe with words, one line a finding."""
    import sys

    from rich.console import Console
    from rich.text import Text

    fancy = sys.stdout.isatty()
    console = Console(file=sys.stdout, highlight=False, width=None if fancy else 1000)
    width = max(len(finding.what) for finding in findings)
    for section, title in TITLES.items():
        console.print(Text(title, style="bold"))
        for finding in (entry for entry in findings if entry.section == section):
            mark, colour = MARKS[finding.state]
            sign = mark if fancy else f"{WORDS[finding.state]:<7}"
            console.print(Text.assemble("  ", (sign, colour), f" {finding.what:<{width}}  ", finding.detail))
    todo = [finding for finding in findings if finding.remedy]
    for heading, state in (("What to do", "problem"), ("Worth knowing", "note")):
        entries = [finding for finding in todo if finding.state == state]
        if entries:
            console.print(Text(f"\n{heading}", style="bold"))
        for finding in entries:
            console.print(Text.assemble(f"  {finding.what}: ", (finding.remedy, "" if state == "note" else "bold")))
    if not any(finding.state == "problem" for finding in findings):
        console.print(Text("\nEverything that would be used works.", style="green"))
