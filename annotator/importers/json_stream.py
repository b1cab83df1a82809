"""A stranger's JSON read piece by piece: memory grows with its largest record, not with the file."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from json.decoder import JSONDecodeError
from pathlib import Path
from typing import Any

from annotator.errors import InvalidInput

CHUNK = 1 << 18
MAX_RECORD = 64 << 20
"""Characters of one record; a mask of a whole 100-megapixel photo stays far below."""
MAX_DOCUMENT = 256 << 20
"""Bytes of a file that is about one image."""
MAX_DEPTH = 32
HEAD = 64
"""Records that `head` looks at."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A value two levels deep at most.

    Attributes:
        key: the top-level field; None if the file is a list.
        index: place in the field's list; None if the field is no list, or is an empty one.
        value: the parsed value.
    """

    key: str | None
    index: int | None
    value: Any


def walk(path: Path, progress: Callable[[int, int], None] | None = None) -> Iterator[Entry]:
    """The top-level fields of a JSON file in the file's order, lists item by item.

    Args:
        progress: called with bytes read and bytes of the file.

    Raises:
        InvalidInput: the file can't be read, is no JSON object or list, ends early, or is nested too deeply.
    """
    try:
        with path.open("rb") as raw, io.TextIOWrapper(raw, encoding="utf-8-sig") as stream:
            size = path.stat().st_size
            cursor = _Cursor(stream, (lambda: progress(raw.tell(), size)) if progress else lambda: None)
            yield from _top(cursor)
    except OSError as error:
        raise InvalidInput(f"{path} can't be read: {error.strerror}.", field="path") from None
    except RecursionError:
        raise InvalidInput(f"{path} is nested too deeply to be a dataset.", field="path") from None
    except ValueError as error:  # JSON's, Unicode's and that of a number with thousands of digits
        raise InvalidInput(f"{path} is no valid JSON: {error}.", field="path") from None


def head(path: Path) -> list[Entry]:
    """The first entries of a JSON file; empty if it isn't one."""
    found: list[Entry] = []
    try:
        for entry in walk(path):
            if entry.index in (0, None):
                found.append(entry)
            if (entry.index or 0) >= HEAD or len(found) >= HEAD:
                break
    except InvalidInput:
        pass
    return found


def document(path: Path, *, drop: frozenset[str] = frozenset()) -> dict[str, Any]:
    """A small JSON object as a whole, without the fields named.

    Raises:
        InvalidInput: it is no readable JSON object, or larger than MAX_DOCUMENT.
    """
    if path.is_file() and path.stat().st_size > MAX_DOCUMENT:
        raise InvalidInput(f"{path.name} is longer than {MAX_DOCUMENT >> 20} MiB; that is no file of one image.")
    found: dict[str, Any] = {}
    for entry in walk(path):
        if entry.key is None:
            raise InvalidInput(f"{path.name} is a list and no object.")
        if entry.key in drop:
            continue
        if entry.index is None:
            found[entry.key] = entry.value
        elif entry.index == 0:
            found[entry.key] = [entry.value]
        else:
            found[entry.key].append(entry.value)
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


class _Cursor:
    """A place in a text stream, with as much of the text behind it as one value needs."""

    def __init__(self, stream: io.TextIOWrapper, report: Callable[[], None]) -> None:
        self._stream = stream
        self._report = report
        self._text = ""
        self._at = 0
        self._ended = False
        self._decoder = json.JSONDecoder()

    def peek(self) -> str:
        """The next character that is no white space; empty at the end."""
        while True:
            while self._at < len(self._text):
                if self._text[self._at] not in " \t\r\n":
                    return self._text[self._at]
                self._at += 1
            if not self._fill():
                return ""

    def take(self, wanted: str) -> str:
        """Move over one of the wanted characters."""
        found = self.peek()
        if not found or found not in wanted:
            expected = " or ".join(wanted)
            raise ValueError(f"expected {expected} but found {found!r}" if found else "it ends early")
        self._at += 1
        return found

    def value(self) -> Any:
        """Parse the next value."""
        self.peek()
        while True:
            try:
                value, end = self._decoder.raw_decode(self._text, self._at)
            except JSONDecodeError:
                # A value cut off by the end of what was read so far looks like a mistake.
                if not self._fill():
                    raise
                continue
            if end < len(self._text) or not self._fill():
                self._at = end
                return value

    def _fill(self) -> bool:
        rest = len(self._text) - self._at
        if rest > MAX_RECORD:
            raise ValueError(f"a record is longer than {MAX_RECORD >> 20} million characters")
        # Doubling keeps the cost of parsing a long record again and again proportional to its length.
        more = "" if self._ended else self._stream.read(max(CHUNK, rest))
        self._ended = not more
        self._text, self._at = self._text[self._at :] + more, 0
        self._report()
        return bool(more)


def _top(cursor: _Cursor) -> Iterator[Entry]:
    if cursor.peek() == "[":
        yield from _items(cursor, None)
    else:
        cursor.take("{")
        more = "," if cursor.peek() != "}" else cursor.take("}")
        while more == ",":
            key = cursor.value()
            if not isinstance(key, str):
                raise ValueError(f"expected the name of a field but found {key!r:.40}")
            cursor.take(":")
            if cursor.peek() == "[":
                yield from _items(cursor, key)
            else:
                yield Entry(key, None, cursor.value())
            more = cursor.take(",}")
    if cursor.peek():
        raise ValueError("something follows after its end")


def _items(cursor: _Cursor, key: str | None) -> Iterator[Entry]:
    cursor.take("[")
    if cursor.peek() == "]":
        cursor.take("]")
        yield Entry(key, None, [])
        return
    index = 0
    more = ","
    while more == ",":
        yield Entry(key, index, cursor.value())
        index += 1
        more = cursor.take(",]")
