"""Output that appears whole or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from annotator.errors import StorageProblem

MARKER = ".annotator-export"
"""A file in every exported folder: only a folder that has it is ever replaced."""


@contextmanager
def appearing(target: Path) -> Iterator[Path]:
    """A new empty folder beside `target` to write in; its file named as `target` replaces it when the block succeeds.

    When the block fails nothing is left, folders made for it included, and an older target stays untouched.

    Raises:
        StorageProblem: the folder can't be written.
    """
    missing = [folder for folder in (target.parent, *target.parent.parents) if not folder.exists()]
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}-") as scratch:
            yield Path(scratch)
            written = Path(scratch) / target.name
            with written.open("rb") as stream:
                os.fsync(stream.fileno())
            os.replace(written, target)
    except OSError as error:
        raise StorageProblem(
            f"The export can't be written to {str(target.parent)!r}: {error.strerror or error}. Nothing was left there;"
            " free space or choose another folder."
        ) from error
    finally:
        if not target.exists():
            for folder in missing:
                with suppress(OSError):  # somebody else put something there
                    folder.rmdir()


@contextmanager
def appearing_folder(target: Path) -> Iterator[Path]:
    """A new empty folder beside `target` to write in; it replaces `target` when the block succeeds.

    When the block fails nothing is left, folders made for it included, and an older export stays untouched.

    Raises:
        StorageProblem: the folder can't be written, or `target` holds something that is no export.
    """
    if target.exists() and not (target / MARKER).is_file() and (not target.is_dir() or any(target.iterdir())):
        raise StorageProblem(
            f"{str(target)!r} holds files that are not of an export, so it is not replaced; choose another folder."
        )
    missing = [folder for folder in (target.parent, *target.parent.parents) if not folder.exists()]
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}-") as scratch:
            written, old = Path(scratch) / "new", Path(scratch) / "old"
            written.mkdir()
            yield written
            (written / MARKER).write_text("Written by annotator; the next export replaces this folder.\n")
            _replace(written, target, old)
    except (OSError, shutil.Error) as error:
        raise StorageProblem(
            f"The export can't be written to {str(target.parent)!r}: {getattr(error, 'strerror', None) or error}."
            " Nothing was left there; free space or choose another folder."
        ) from error
    finally:
        if not target.exists():
            for folder in missing:
                with suppress(OSError):  # somebody else put something there
                    folder.rmdir()


def _replace(written: Path, target: Path, old: Path) -> None:
    # A folder can't replace a filled one in one step: the older export moves aside and comes back if that fails.
    if target.exists():
        os.replace(target, old)
    try:
        os.replace(written, target)
    except OSError:
        if old.exists():
            os.replace(old, target)
        raise
