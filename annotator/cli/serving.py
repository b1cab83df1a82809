"""`annotator serve` and `annotator demo`: the app in the browser."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from annotator.cli.options import Browser, DataDir, Device, Host, LogFormat, LogLevel, Model, Port, Precision, RootPath

if TYPE_CHECKING:
    from annotator.config import Settings


def serve(
    folder: Annotated[Path, typer.Argument(help="Folder of images; they are never changed or moved.")],
    categories: Annotated[str, typer.Option(help="Categories to add, separated by commas.")] = "",
    host: Host = None,
    port: Port = None,
    model: Model = None,
    device: Device = None,
    precision: Precision = None,
    data_dir: DataDir = None,
    root_path: RootPath = None,
    log_level: LogLevel = None,
    log_format: LogFormat = None,
    browser: Browser = True,
) -> None:
    """Annotate a folder of images in the browser."""
    from annotator.config import Settings

    settings = Settings.load(
        host=host,
        port=port,
        model=model,
        device=device,
        precision=precision,
        data_dir=data_dir,
        root_path=root_path,
        log_level=log_level,
        log_format=log_format,
    )
    _serve(folder, settings, categories=categories.split(","), browser=browser)


def demo(
    folder: Annotated[
        Path | None, typer.Option(help="Where the demo project is kept; with --public, the project to show.")
    ] = None,
    public: Annotated[
        bool, typer.Option("--public", help="For anybody: everyone has a session of their own, and nothing is kept.")
    ] = False,
    host: Host = None,
    port: Port = None,
    model: Model = None,
    device: Device = None,
    precision: Precision = None,
    root_path: RootPath = None,
    log_level: LogLevel = None,
    log_format: LogFormat = None,
    browser: Browser = True,
) -> None:
    """Try it on photos that come with it, or let others try it."""
    from annotator import demo as demo_project
    from annotator.config import Settings

    settings = Settings.load(
        host=host,
        port=port,
        model=model,
        device=device,
        precision=precision,
        root_path=root_path,
        log_level=log_level,
        log_format=log_format,
    )
    if public:
        from annotator import public as public_demo

        public_demo.serve(folder, settings, open_browser=browser)
        return
    place = folder or demo_project.default_folder()
    demo_project.prepare(place)
    _serve(place, settings, categories=list(demo_project.CATEGORIES), browser=browser, first=demo_project.FIRST)


def _serve(folder: Path, settings: Settings, *, categories: list[str], browser: bool, first: str | None = None) -> None:
    from annotator.server import serve

    serve(folder, settings, categories=categories, open_browser=browser, first=first)
