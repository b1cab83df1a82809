"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from annotator.errors import NotFound

Host = Annotated[str | None, typer.Option(help="Address to listen on (127.0.0.1: this machine only).")]
Port = Annotated[int | None, typer.Option(help="Port to listen on; 0 takes a free one.")]
Model = Annotated[
    str | None, typer.Option(help="Model to start with, a name from `annotator models`; auto takes the best one here.")
]
Device = Annotated[str | None, typer.Option(help="auto, cpu, cuda or mps.")]
Precision = Annotated[str | None, typer.Option(help="auto, fp32, or bf16 and fp16 on a GPU: how models compute.")]
DataDir = Annotated[Path | None, typer.Option(help="Where the project is kept; FOLDER/.annotator by default.")]
RootPath = Annotated[str | None, typer.Option(help="Path under which a proxy serves it, such as /annotator.")]
LogLevel = Annotated[str | None, typer.Option(help="debug, info (a line for each request), warning or error.")]
LogFormat = Annotated[str | None, typer.Option(help="Lines of the log: text or json.")]
Browser = Annotated[bool, typer.Option("--browser/--no-browser", help="Open the app in a browser.")]


def require_target(target: Path) -> None:
    """Check that there is something of that name, a folder or a file.

    Raises:
        NotFound: there is nothing.
    """
    if not target.exists():
        raise NotFound(f"There is no {str(target)!r}; name the folder of a project or a COCO file.")
