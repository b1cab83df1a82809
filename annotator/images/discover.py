"""Which files of a folder may be images."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from annotator.domain.project import natural_key
from annotator.images.opening import suffixes

EXPORTS = "exports"
"""Folder name that is skipped directly below the root: cut-outs written there are not images of the project."""


def discover(root: Path) -> Iterator[Path]:
    """Image candidates below `root`, by suffix, in natural order of their relative paths (img2 before img10).

    Hidden files and folders (`.annotator` among them) and the exports are skipped; links are followed as long as they
    stay inside the root. Whether a file really is an image is for `probe` and `decode` to say.
    """
    top = Path(os.path.realpath(root))
    seen: set[str] = set()
    found = list(_walk(root, top, seen))
    yield from sorted(found, key=lambda path: natural_key(path.relative_to(root).as_posix()))


def _walk(folder: Path, top: Path, seen: set[str]) -> Iterator[Path]:
    real = os.path.realpath(folder)
    if real in seen:  # a link to a folder that was visited, maybe a loop
        return
    seen.add(real)
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: (entry.is_symlink(), entry.name))
    except OSError:  # a folder without permission has no candidates
        return
    for entry in entries:
        if entry.name.startswith(".") or (entry.is_symlink() and not _inside(entry.path, top)):
            continue
        if entry.is_dir():
            if not (entry.name == EXPORTS and real == str(top)):
                yield from _walk(Path(entry.path), top, seen)
        elif os.path.splitext(entry.name)[1].lower() in suffixes() and entry.is_file():
            yield Path(entry.path)


def _inside(path: str, top: Path) -> bool:
    return Path(os.path.realpath(path)).is_relative_to(top)
