"""Output that appears whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from annotator.errors import StorageProblem


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
