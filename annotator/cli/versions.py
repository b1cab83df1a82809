"""`annotator version`: named snapshots of a project."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from annotator.cli.options import DataDir
from annotator.cli.progress import ProgressBar

if TYPE_CHECKING:
    from annotator.project import Project

_SHOWN = 30

Name = Annotated[str, typer.Argument(help="Name of the version, e.g. v1.")]
Folder = Annotated[Path, typer.Argument(help="Folder of the project; by default the current one.")]
HERE = Path(".")

app = typer.Typer(
    help="Keep the project as it is under a name; compare, export and restore such versions.", no_args_is_help=True
)


def _open(folder: Path, data_dir: Path | None) -> Project:
    from annotator.config import Settings
    from annotator.project import Project
    from annotator.sessions.exporting import project_of

    with project_of(folder, Settings.load(data_dir=data_dir)):
        pass  # a folder that is no project yet must not become one by a typing mistake
    return Project(folder, data_dir=data_dir)


@app.command()
def create(
    name: Name,
    folder: Folder = HERE,
    message: Annotated[str, typer.Option("-m", "--message", help="What it is for.")] = "",
    data_dir: DataDir = None,
) -> None:
    """Keep the project as it is now, for ever."""
    with _open(folder, data_dir) as project, ProgressBar("Keeping") as progress:
        made = project.create_version(name, message, progress=progress.update)
    print(f"Kept {made.objects:,} objects on {made.images:,} images as {made.name}.")


@app.command("list")
def list_(
    folder: Folder = HERE,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON array instead.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Show the versions of a project, the newest first."""
    with _open(folder, data_dir) as project:
        versions = project.versions()
    if as_json:
        print(json.dumps([{name: value for name, value in asdict(one).items() if name != "extra"} for one in versions]))
        return
    for one in versions:
        print(
            f"{one.name:16} {one.created[:16].replace('T', ' ')} {one.objects:>9,} objects  {one.author}  {one.message}"
        )
    if not versions:
        print("There are no versions yet; `annotator version create v1` makes one.")


@app.command()
def diff(
    before: Name,
    after: Annotated[
        str | None, typer.Option("--to", help="Another version; by default the project as it is now.")
    ] = None,
    folder: Folder = HERE,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON array instead.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Show what was added, removed and changed since a version, changed masks with their IoU."""
    from annotator.domain.version import line_of, summary_of

    with _open(folder, data_dir) as project:
        found = project.diff(before, after)
    if as_json:
        print(json.dumps([asdict(one) for one in found]))
        return
    for one in found[:_SHOWN]:
        print(line_of(one))
    if len(found) > _SHOWN:
        print(f"… and {len(found) - _SHOWN:,} more; --json shows all")
    print(summary_of(found))


@app.command()
def restore(
    name: Name,
    folder: Folder = HERE,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, change nothing.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Make categories, objects and states what they were in a version; what is there now is kept as a version first."""
    from annotator.domain.version import line_of, summary_of

    with _open(folder, data_dir) as project:
        done = project.restore(name, dry=dry_run)
    for one in done.differences[:_SHOWN]:
        print(line_of(one))
    for vanished in done.vanished[:_SHOWN]:
        print(f"The file of {vanished} is not there any more.")
    print(summary_of(done.differences))
    if done.kept:
        print(f"What was there before is kept as {done.kept}.")
