"""Files that can be made again: written whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import IO

from annotator.errors import StorageProblem


def write_whole(target: Path, write: Callable[[IO[bytes]], object]) -> Path:
    """Have `write` fill a file beside `target` and rename it into place; several writers at once do no harm.

    Raises:
        StorageProblem: the folder can't be written.
    """
    temporary: Path | None = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=target.parent, prefix=f".{target.name}-", delete=False) as stream:
            temporary = Path(stream.name)
            write(stream)
        os.replace(temporary, target)
    except OSError as error:
        raise StorageProblem(
            f"“{target.name}” can't be written to the cache: {error.strerror or error}. Free space or rights."
        ) from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
    return target
