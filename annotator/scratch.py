"""Folders for unfinished work: gone when it is finished, and where a process was killed, gone at the next."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from stat import S_ISDIR

from filelock import FileLock, Timeout

_LOCK = ".lock"
_YOUNG_SECONDS = 60.0
"""A folder this young may belong to somebody who has not locked it yet."""


@contextmanager
def scratch_folder(beside: Path, *, prefix: str) -> Iterator[Path]:
    """A new folder in `beside`, with nothing in it but a lock; removed when the block is left.

    Folders of the same prefix that killed processes left there are removed first.

    Raises:
        OSError: it can't be made.
    """
    sweep(beside, prefix=prefix)
    with tempfile.TemporaryDirectory(dir=beside, prefix=prefix) as name, FileLock(Path(name) / _LOCK, timeout=0):
        yield Path(name)


def sweep(beside: Path, *, prefix: str) -> None:
    """Remove what killed processes left: folders that nobody holds the lock of."""
    for folder in beside.glob(f"{prefix}*"):
        with suppress(OSError, Timeout):
            found = folder.lstat()
            # Where everybody may write, somebody else's is left alone, and so is a link that they have put there.
            if not S_ISDIR(found.st_mode) or found.st_uid != _own_id():
                continue
            if time.time() - found.st_mtime < _YOUNG_SECONDS:
                continue
            with FileLock(folder / _LOCK, timeout=0):
                shutil.rmtree(folder, ignore_errors=True)


def _own_id() -> int:
    return os.getuid() if hasattr(os, "getuid") else 0
