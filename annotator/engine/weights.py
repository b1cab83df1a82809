"""Files of weights: their hashes, computed once, and whether they are the right ones."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path

from annotator.engine.descriptions import ModelFile
from annotator.errors import ModelProblem

BLOCK = 1 << 20
LARGE = 64 << 20  # bytes from which a hash is worth writing down


def sha256(path: Path, *, progress: Callable[[int, int], None] | None = None) -> str:
    """SHA-256 of a file, in hexadecimal.

    That of a large file is written down beside it together with its size and time of change, so that 900 MB are read
    once and not at every start.

    Args:
        progress: called with the bytes hashed and their total, when they have to be.

    Raises:
        ModelProblem: the file can't be read.
    """
    try:
        stamp = _stamp(path)
        known = _noted(path, stamp)
        if known is not None:
            return known
        digest = hashlib.sha256()
        with path.open("rb") as file:
            while block := file.read(BLOCK):
                digest.update(block)
                if progress is not None:
                    progress(file.tell(), stamp[0])
        if _stamp(path) == stamp:
            remember(path, digest.hexdigest())
    except OSError as problem:
        raise ModelProblem(f"The weights {path} can't be read ({problem.strerror}).") from problem
    return digest.hexdigest()


def remember(path: Path, digest: str) -> None:
    """Write down the hash of a file as it is now; a folder that can't be written to is no problem."""
    with contextlib.suppress(OSError):
        size, changed = _stamp(path)
        if size < LARGE:
            return
        note = _note(path)
        temporary = note.with_name(f"{note.name}.{os.getpid()}")
        temporary.write_text(json.dumps({"bytes": size, "changed": changed, "sha256": digest}))
        temporary.replace(note)


def verify(path: Path, file: ModelFile, *, remedy: str = "Download it again.") -> None:
    """Check that the file at `path` is the one described.

    Raises:
        ModelProblem: it is missing, or its size or hash differs; the message ends with `remedy`.
    """
    try:
        size = path.stat().st_size
    except OSError as problem:
        raise ModelProblem(f"The weights {path} are not there ({problem.strerror}). {remedy}") from problem
    if size == 0 or size != (file.bytes or size):
        expected = "" if file.bytes is None else f" instead of {file.bytes:,}"
        raise ModelProblem(f"{path} has {size:,} bytes{expected}: it is incomplete or another file. {remedy}")
    if file.sha256 is not None and sha256(path) != file.sha256:
        raise ModelProblem(f"{path} is damaged: its SHA-256 is not the published one. {remedy}")


def _stamp(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_size, found.st_mtime_ns


def _note(path: Path) -> Path:
    return path.with_name(f".{path.name}.sha256.json")


def _noted(path: Path, stamp: tuple[int, int]) -> str | None:
    try:
        data = json.loads(_note(path).read_text())
        known: str = data["sha256"]
        return known if (data["bytes"], data["changed"]) == stamp else None
    except (OSError, ValueError, KeyError, TypeError):
        return None
