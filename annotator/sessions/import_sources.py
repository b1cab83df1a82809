"""Where a dataset can come from: a file, a folder, or a zip archive of one."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from annotator.domain.mask import Mask
from annotator.domain.project import Image
from annotator.domain.prompt import Box, Prompt
from annotator.errors import InvalidInput, NotFound, StorageProblem
from annotator.importers import IMPORTERS, format_of
from annotator.importers.archives import unpacked
from annotator.sessions.folders import data_folder
from annotator.sessions.import_rows import ImportReport, import_at
from annotator.sessions.processes import run_in_process
from annotator.sessions.service import Service

FORMATS: tuple[tuple[str, str], ...] = (
    ("Find out", "auto"),
    *((importer.title, name) for name, importer in IMPORTERS.items()),
)
"""(title, name) of what can be chosen."""
BOX_SECONDS = 600.0
"""How long an import waits for the mask of a box: a model may have to be loaded first."""
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

    All of its objects or nothing; the project's folder has been looked through.

    Args:
        dry: only say what would be done.
        boxes: let the model make masks of objects that have only a box; it is loaded when the first one comes.

    Raises:
        NotFound: there is nothing at the path.
        InvalidInput: it is not of the format, or not clear which file is meant; nothing was changed.
        StorageProblem: there is no place to unpack it.
        OSError: it can't be read.
        ModelProblem: the model can't make the masks.
    """
    if not path.exists():
        raise NotFound(f"There is nothing at {str(path)!r}; check the path.")

    def take(found: Path) -> ImportReport:
        meant = _meant(found, format)
        work = partial(
            import_at, service.database_url, service.project_id, meant, author=author, format=format, dry=dry
        )
        if boxes:
            return work(progress, mask_of=partial(_mask_of_box, service))
        # In a process of its own, so that nobody's clicks wait.
        ended = StorageProblem("The import ended early; nothing was changed. Free memory and try again.")
        return run_in_process(work, progress, ended=ended)

    if path.suffix.lower() != ".zip":
        return take(path)
    with unpacked(path, beside=data_folder(service.folder, service.settings)) as folder:
        return take(folder)


def _mask_of_box(service: Service, image: Image, box: Box) -> tuple[Mask, float, str]:
    scored = service.engine.mask(service.library.source(image), Prompt(box=box), timeout=BOX_SECONDS)
    return scored.mask, scored.score, service.engine.model


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
