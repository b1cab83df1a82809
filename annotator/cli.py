"""The command line: parse, call the service, print."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import annotator
from annotator.errors import AnnotatorError

if TYPE_CHECKING:
    from annotator.config import Settings
    from annotator.exporters.base import ExportReport

app = typer.Typer(
    name="annotator",
    help="Click on objects in the browser, get masks, ship COCO datasets.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
export_app = typer.Typer(help="Write a project as a dataset.", no_args_is_help=True)
app.add_typer(export_app, name="export")

Host = Annotated[str | None, typer.Option(help="Address to listen on (127.0.0.1: this machine only).")]
Port = Annotated[int | None, typer.Option(help="Port to listen on; 0 takes a free one.")]
Model = Annotated[str | None, typer.Option(help="Model to start with, a name from configs/models.")]
Device = Annotated[str | None, typer.Option(help="auto, cpu, cuda or mps.")]
DataDir = Annotated[Path | None, typer.Option(help="Where the project is kept; FOLDER/.annotator by default.")]
Browser = Annotated[bool, typer.Option("--browser/--no-browser", help="Open the app in a browser.")]


def main() -> None:
    """Run the command line; an expected error is one sentence on stderr and exit code 1."""
    try:
        app()
    except AnnotatorError as error:
        print(f"annotator: {error.message}", file=sys.stderr)
        raise SystemExit(1) from None


def _print_version(wanted: bool) -> None:
    if wanted:
        print(annotator.__version__)
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    pass


@app.command()
def serve(
    folder: Annotated[Path, typer.Argument(help="Folder of images; they are never changed or moved.")],
    categories: Annotated[str, typer.Option(help="Categories to add, separated by commas.")] = "",
    host: Host = None,
    port: Port = None,
    model: Model = None,
    device: Device = None,
    data_dir: DataDir = None,
    browser: Browser = True,
) -> None:
    """Annotate a folder of images in the browser."""
    from annotator.config import Settings

    settings = Settings.load(host=host, port=port, model=model, device=device, data_dir=data_dir)
    _serve(folder, settings, categories=categories.split(","), browser=browser)


@app.command()
def demo(
    folder: Annotated[Path | None, typer.Option(help="Where the demo project is kept.")] = None,
    host: Host = None,
    port: Port = None,
    model: Model = None,
    device: Device = None,
    browser: Browser = True,
) -> None:
    """Try it on photos that come with it."""
    from annotator import demo as demo_project
    from annotator.config import Settings

    settings = Settings.load(host=host, port=port, model=model, device=device)
    place = folder or demo_project.default_folder()
    demo_project.prepare(place)
    _serve(place, settings, categories=list(demo_project.CATEGORIES), browser=browser, first=demo_project.FIRST)


@export_app.command("coco")
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
    with _Progress("Exporting") as progress:
        report = export_folder(folder, settings, format="coco", out=out, options=options, progress=progress.update)
    _print_report(report)


def _serve(folder: Path, settings: Settings, *, categories: list[str], browser: bool, first: str | None = None) -> None:
    from annotator.server import serve

    serve(folder, settings, categories=categories, open_browser=browser, first=first)


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


class _Progress:
    """A progress bar on stderr, where there is a terminal."""

    def __init__(self, title: str) -> None:
        from rich.console import Console
        from rich.progress import Progress

        console = Console(stderr=True)
        self._bar = Progress(console=console, transient=True, disable=not console.is_terminal)
        self._task = self._bar.add_task(title, total=None)

    def __enter__(self) -> _Progress:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def update(self, done: int, total: int) -> None:
        """Show that `done` of `total` steps are finished."""
        self._bar.update(self._task, completed=done, total=total)
