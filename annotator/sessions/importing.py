"""Importing into the project of a folder, without a server."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from annotator.config import Settings
from annotator.sessions.import_rows import ImportReport
from annotator.sessions.import_sources import import_path
from annotator.sessions.service import Service

__all__ = ["ImportReport", "import_folder"]


def import_folder(
    folder: Path,
    settings: Settings,
    path: Path,
    *,
    format: str = "auto",
    dry: bool = False,
    boxes: bool = False,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> ImportReport:
    """Look through a folder of images, which becomes a project if it is none yet, and import a dataset into it.

    Raises:
        NotFound: there is no such folder.
        InvalidInput, OSError: see `import_path`.
    """
    service = Service.open(folder, settings)
    try:
        service.library.scan()
        return import_path(
            service, path, author=settings.author, format=format, dry=dry, boxes=boxes, progress=progress
        )
    finally:
        service.close()
