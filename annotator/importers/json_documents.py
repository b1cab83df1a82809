"""JSON files that are about one image: a short look into one, all of one, and what of it can be kept."""

from __future__ import annotations

import math
from itertools import islice
from pathlib import Path
from typing import Any

from annotator.errors import InvalidInput
from annotator.importers.json_items import Item, items

MAX_RECORD = 64 << 20
"""Bytes of one value; a mask of a whole 100-megapixel photo stays far below."""
MAX_DOCUMENT = 256 << 20
"""Bytes of a file that is about one image."""
MAX_DEPTH = 32
HEAD = 64
"""Items that `head` looks at."""


def head(path: Path) -> list[Item]:
    """The first items of a JSON object, of each list the first only; empty if it isn't one."""
    found: list[Item] = []
    try:
        for item in islice(items(path, largest=MAX_RECORD), HEAD):
            if item.index in (0, None):
                found.append(item)
    except (InvalidInput, OSError):
        pass
    return found


def document(path: Path, *, drop: frozenset[str] = frozenset()) -> dict[str, Any]:
    """A small JSON object as a whole, without the fields named.

    Raises:
        InvalidInput: it is no readable JSON object, or larger than MAX_DOCUMENT.
    """
    found: dict[str, Any] = {}
    try:
        if path.stat().st_size > MAX_DOCUMENT:
            raise InvalidInput(f"{path.name} is longer than {MAX_DOCUMENT >> 20} MiB; that is no file of one image.")
        for item in items(path, largest=MAX_RECORD):
            if item.section in drop:
                continue
            if item.index is None:
                found[item.section] = item.value
            elif item.index == 0:
                found[item.section] = [item.value]
            else:
                found[item.section].append(item.value)
    except OSError as error:
        raise InvalidInput(f"{path} can't be read: {error.strerror}.", field="path") from None
    return found


def plain(value: Any, depth: int = 0) -> bool:
    """Whether a parsed value can be stored and written again: finite numbers, moderate nesting."""
    if depth > MAX_DEPTH:
        return False
    if isinstance(value, dict):
        return all(plain(item, depth + 1) for item in value.values())
    if isinstance(value, list):
        return all(plain(item, depth + 1) for item in value)
    return not isinstance(value, float) or math.isfinite(value)
