"""Output that appears whole or not at all."""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from annotator.errors import StorageProblem
from annotator.scratch import scratch_folder

MARKER = ".annotator-export.json"
"""In every folder that an export wrote: only such a folder is replaced by the next export."""


@contextmanager
def appearing(target: Path) -> Iterator[Path]:
    """A new empty folder beside `target` to write in; its file named as `target` replaces it when the block succeeds.

    When the block fails nothing is left, folders made for it included, and an older target stays untouched.

    Raises:
        StorageProblem: the folder can't be written.
    """
    missing = _missing(target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with scratch_folder(target.parent, prefix=f".{target.name}-") as scratch:
            yield scratch
            written = scratch / target.name
            with written.open("rb") as stream:
                os.fsync(stream.fileno())
            os.replace(written, target)
    except OSError as error:
        raise _problem(target.parent, error) from error
    finally:
        _tidy(target, missing)


@contextmanager
def appearing_folder(target: Path, *, about: Mapping[str, object], replaced: Collection[str] = ()) -> Iterator[Path]:
    """A new empty folder beside `target` to write in; it replaces `target` when the block succeeds.

    When the block fails nothing is left and an older export stays untouched. A folder with something in it that no
    export wrote is never replaced.

    Args:
        about: what is written, kept in the folder's marker file.
        replaced: names of files that an export without a marker may have left, and nothing else beside them.

    Raises:
        StorageProblem: the folder can't be written, or `target` is something else than an earlier export.
    """
    missing = _missing(target)
    if target.exists() and not (target / MARKER).is_file() and not _only(target, replaced):
        raise StorageProblem(
            f"{str(target)!r} holds something that no export wrote, so it is not replaced; move it away or choose"
            " another folder."
        )
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with scratch_folder(target.parent, prefix=f".{target.name}-") as scratch:
            written = scratch / "new"
            written.mkdir()
            yield written
            (written / MARKER).write_text(json.dumps(dict(about), indent=1), encoding="utf-8")
            _swap(written, target, scratch / "old")
    except OSError as error:
        raise _problem(target.parent, error) from error
    finally:
        _tidy(target, missing)


def _swap(written: Path, target: Path, old: Path) -> None:
    """Put a folder in the place of another; a failure puts the other one back."""
    if not target.exists():
        written.rename(target)
        return
    target.rename(old)
    try:
        written.rename(target)
    except OSError:
        old.rename(target)
        raise


def _only(target: Path, names: Collection[str]) -> bool:
    """Whether a path is a folder with nothing but files of these names in it."""
    return target.is_dir() and all(entry.name in names and entry.is_file() for entry in target.iterdir())


def _missing(target: Path) -> list[Path]:
    return [folder for folder in (target.parent, *target.parent.parents) if not folder.exists()]


def _tidy(target: Path, missing: list[Path]) -> None:
    """Remove the empty folders that were made for a target which did not appear."""
    if not target.exists():
        for folder in missing:
            with suppress(OSError):  # somebody else put something there
                folder.rmdir()


def _problem(folder: Path, error: OSError) -> StorageProblem:
    return StorageProblem(
        f"The export can't be written to {str(folder)!r}: {error.strerror or error}. Nothing was left there;"
        " free space or choose another folder."
    )
