"""Where a dataset can come from: a file, a folder, or a zip archive of one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from annotator.errors import InvalidInput, NotFound
from annotator.importers import IMPORTERS, format_of
from annotator.importers.archives import unpacked
from annotator.sessions.folders import data_folder
from annotator.sessions.import_rows import ImportReport
from annotator.sessions.service import Service

FORMATS: tuple[tuple[str, str], ...] = (
    ("Find out", "auto"),
    *((importer.title, name) for name, importer in IMPORTERS.items()),
)
"""(title, name) of what can be chosen."""
_NAMED = 3


def import_path(
    service: Service,
    path: Path,
    *,
    author: str,
    format: str = "auto",
    dry: bool = False,
    boxes: bool = False,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> ImportReport:
    """Import a file, a folder, or a zip archive, which is unpacked beside the project's data and removed afterwards.

    Raises:
        NotFound: there is nothing at the path.
        InvalidInput: it is not of the format, or not clear which file is meant; nothing was changed.
        StorageProblem: there is no place to unpack it.
        OSError: it can't be read.
    """
    if not path.exists():
        raise NotFound(f"There is nothing at {str(path)!r}; check the path.")

    def take(found: Path) -> ImportReport:
        meant = _meant(found, format)
        return service.import_dataset(meant, author=author, format=format, dry=dry, boxes=boxes, progress=progress)

    if path.suffix.lower() != ".zip":
        return take(path)
    with unpacked(path, beside=data_folder(service.folder, service.settings)) as folder:
        return take(folder)


def _meant(path: Path, format: str) -> Path:
    """The path itself, or the only JSON file in a folder that is of no format made of folders: COCO."""
    if not path.is_dir() or format not in ("auto", "coco"):
        return path
    if format == "auto":
        try:
            format_of(path)
        except InvalidInput:
            pass
        else:
            return path
    files = sorted(path.rglob("*.json"))
    if len(files) == 1:
        return files[0]
    if not files:
        raise InvalidInput("There is no dataset in it: no JSON file, and no layout that is known; choose the format.")
    names = ", ".join(file.relative_to(path).as_posix() for file in files[:_NAMED])
    more = f" and {len(files) - _NAMED} more" if len(files) > _NAMED else ""
    raise InvalidInput(f"It holds several JSON files ({names}{more}); import the one that is meant.")
