"""`annotator import`: take a dataset's objects into a project."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from annotator.cli.options import DataDir, Device, Model, require_target
from annotator.cli.progress import ProgressBar

if TYPE_CHECKING:
    from annotator.sessions.importing import ImportReport


def import_(
    folder: Annotated[Path, typer.Argument(help="Folder of images: the project to import into.")],
    dataset: Annotated[Path, typer.Argument(help="A JSON file or the folder of a dataset.")],
    format: Annotated[
        str, typer.Option(help="What it is; auto looks into it. A wrong name lists the others; COCO includes LVIS.")
    ] = "auto",
    boxes: Annotated[bool, typer.Option(help="Let the model make masks of objects that have only a box.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, change nothing.")] = False,
    author: Annotated[
        str | None,
        typer.Option(help="Whose the objects are where the file says nothing."),
    ] = None,
    examples: Annotated[int, typer.Option(min=0, help="Bad records to show; 0 shows all.")] = 20,
    model: Model = None,
    device: Device = None,
    data_dir: DataDir = None,
) -> None:
    """Add the objects of a dataset to the images of the same names.

    Ids, categories and unknown fields are kept. Bad records are listed and left out, the rest is imported, all of it or
    nothing. Importing a file twice changes nothing.
    """
    from annotator.config import Settings
    from annotator.sessions.importing import import_folder

    require_target(dataset)
    settings = Settings.load(model=model, device=device, data_dir=data_dir, author=author)
    with ProgressBar("Importing") as progress:
        report = import_folder(
            folder, settings, dataset, format=format, dry=dry_run, boxes=boxes, progress=progress.update
        )
    _print_report(report, examples)


def _print_report(report: ImportReport, examples: int) -> None:
    for problem in report.problems[: examples or None]:
        print(f"{problem.where}: {problem.message}")
    if examples and len(report.problems) > examples:
        print(f"… and {len(report.problems) - examples:,} more; --examples 0 shows all")
    done = "Would import" if report.dry else "Imported"
    masked = f", {report.masked:,} of them masks of boxes" if report.masked else ""
    already = f"; {report.already:,} were there already" if report.already else ""
    print(
        f"{done} {report.added:,} objects{masked} on {report.images:,} images and {report.categories:,} new categories"
        f" in {report.seconds:.1f} s{already}; {len(report.problems):,} problems."
    )
    if report.renumbered:
        print(f"Note: {report.renumbered:,} objects got other ids, because theirs are taken here.")
