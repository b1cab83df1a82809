"""`annotator export`: a project as a dataset."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from annotator.cli.options import DataDir
from annotator.cli.progress import ProgressBar

if TYPE_CHECKING:
    from annotator.exporters.base import ExportReport

app = typer.Typer(help="Write a project as a dataset.", no_args_is_help=True)


@app.command("coco")
def export_coco(
    folder: Annotated[Path, typer.Argument(help="Folder of the project.")],
    out: Annotated[Path, typer.Option(help="Writes <out>/<project>/coco/annotations.json.")] = Path("exports"),
    segmentation: Annotated[
        str, typer.Option(help="rle, polygon (fills holes and says so) or auto (polygon where nothing is lost).")
    ] = "rle",
    images: Annotated[str, typer.Option(help="annotated (with objects or confirmed empty) or all.")] = "annotated",
    provenance: Annotated[bool, typer.Option(help="Keep prompts, model, clicks and author with each object.")] = True,
    data_dir: DataDir = None,
) -> None:
    """Write COCO JSON, read it back and compare every mask with the stored one."""
    from annotator.config import Settings
    from annotator.sessions.exporting import export_folder

    settings = Settings.load(data_dir=data_dir)
    options = {"segmentation": segmentation, "images": images, "provenance": provenance}
    with ProgressBar("Exporting") as progress:
        report = export_folder(folder, settings, format="coco", out=out, options=options, progress=progress.update)
    _print_report(report)


def _print_report(report: ExportReport) -> None:
    print(
        f"Wrote {report.target}: {report.annotations} objects on {report.images} images, each read back and compared."
    )
    if report.minimum_iou is not None:
        print(f"Minimum IoU with the stored masks: {report.minimum_iou:.4f}")
    for line in report.warnings:
        print(f"Note: {line}")
    for skipped in report.skipped:
        print(f"Skipped {skipped.what}: {skipped.reason}")
