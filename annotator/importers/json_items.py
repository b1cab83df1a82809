"""Reading the lists of a large JSON file item by item: memory for one item, not for the file."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from annotator.errors import InvalidInput

MAX_ITEM = 16 << 20
"""Bytes of the largest item that is read."""

_CHUNK = 1 << 20
_LONGEST_WORD = 16  # characters of JSON that mean nothing until they are all there, such as -Infinity, and some more
_SPACE = re.compile(r"[ \t\n\r]*")
_DECODER = json.JSONDecoder()


@dataclass(frozen=True, slots=True)
class Item:
    """A value of the file.

    Attributes:
        section: key of the object that the file is.
        index: its place in the section's list; None: the section is no list and this is all of it.
        value: as `json` reads it.
        start, length: where it is in the file, in bytes.
    """

    section: str
    index: int | None
    value: Any
    start: int
    length: int


class BadJson(InvalidInput):
    """The file is not JSON, or not an object at its top; what came before has been handed out."""


def items(path: Path, *, results: bool = False, largest: int = MAX_ITEM) -> Iterator[Item]:
    """Every item of every list, and every other value, of a JSON object in a file.

    Args:
        results: the file may be a list instead, as of detection results; its items have an empty section.
        largest: bytes of one item; a file with a larger one is refused.

    Raises:
        BadJson: it is not that; the message says where.
        OSError: the file can't be read.
    """
    with path.open("rb") as stream:
        reader = _Reader(stream, largest)
        reader.skip_mark()
        if reader.peek() == "[" and results:
            yield from _list(reader, "")
            if reader.peek():
                raise reader.problem("there is something behind the end of the list")
            return
        if reader.peek() == "[":
            raise reader.problem("it is a list, as of detection results; a COCO dataset is an object with images in it")
        reader.take("{")
        more = reader.peek() != "}"
        while more:
            section = reader.value()[0]
            if not isinstance(section, str):
                raise reader.problem("a key in quotes was expected")
            reader.take(":")
            if reader.peek() == "[":
                yield from _list(reader, section)
            else:
                value, start, length = reader.value()
                yield Item(section, None, value, start, length)
            more = reader.peek() != "}"
            if more:
                reader.take(",")
        reader.take("}")
        if reader.peek():
            raise reader.problem("there is something behind the end of the object")


def _list(reader: _Reader, section: str) -> Iterator[Item]:
    reader.take("[")
    index = 0
    while reader.peek() != "]":
        if index:
            reader.take(",")
        value, start, length = reader.value()
        yield Item(section, index, value, start, length)
        index += 1
    reader.take("]")
    if index == 0:
        yield Item(section, None, [], reader.offset, 0)


def read_item(stream: BinaryIO, start: int, length: int) -> Any:
    """The value that lies at those bytes; for an item that `items` has handed out."""
    stream.seek(start)
    return json.loads(stream.read(length))


class _Reader:
    """A window on the file, as Latin-1 so that a character is a byte and places are exact.

    JSON's structure is ASCII; values with other bytes are decoded again as the UTF-8 that they are.
    """

    def __init__(self, stream: BinaryIO, largest: int) -> None:
        self._stream = stream
        self._largest = largest
        self._text = ""
        self._place = 0
        self._before = 0  # bytes of the file in front of the window
        self._ended = False

    @property
    def offset(self) -> int:
        return self._before + self._place

    def problem(self, text: str) -> BadJson:
        return BadJson(f"The file is not the JSON that was expected: at byte {self.offset}, {text}.")

    def skip_mark(self) -> None:
        """Skip UTF-8's byte order mark."""
        self._more()
        if self._text.startswith("\xef\xbb\xbf"):
            self._place = 3

    def peek(self) -> str:
        """The next character that is no space; empty at the end."""
        while True:
            found = _SPACE.match(self._text, self._place)
            self._place = found.end() if found else self._place
            if self._place < len(self._text) or not self._more():
                return self._text[self._place : self._place + 1]

    def take(self, character: str) -> None:
        found = self.peek()
        if found != character:
            raise self.problem(f"{character!r} was expected, not {found!r}" if found else "the file ends too early")
        self._place += 1

    def value(self) -> tuple[Any, int, int]:
        """The next value, its place and its length in bytes."""
        if not self.peek():
            raise self.problem("the file ends too early")
        wanted = _CHUNK
        while True:
            try:
                value, end = _DECODER.raw_decode(self._text, self._place)
            except RecursionError:
                raise self.problem("a value is nested too deeply") from None
            except json.JSONDecodeError as error:
                # It may only go on behind the window; ever larger steps keep the repeated work small.
                if not self._may_go_on(error) or not self._more(wanted):
                    self._place = error.pos
                    raise self.problem(f"a value can't be read ({error.msg})") from None
                wanted *= 2
                continue
            except ValueError:
                raise self.problem("a number has too many digits") from None
            # A number at the end of the window may have more digits behind it.
            if end == len(self._text) and self._more(wanted):
                continue
            return self._accept(value, end)

    def _may_go_on(self, error: json.JSONDecodeError) -> bool:
        """Whether an error may come from the end of the window alone."""
        if len(self._text) - self._place > self._largest:
            return False
        return error.msg.startswith("Unterminated string") or error.pos > len(self._text) - _LONGEST_WORD

    def _accept(self, value: Any, end: int) -> tuple[Any, int, int]:
        start, piece = self.offset, self._text[self._place : end]
        if not piece.isascii():
            try:
                value = json.loads(piece.encode("latin-1").decode("utf-8"))
            except UnicodeDecodeError:
                raise self.problem("a text is not UTF-8; save the file as UTF-8") from None
        self._place = end
        return value, start, len(piece)

    def _more(self, size: int = _CHUNK) -> bool:
        """Move the window on; False at the end of the file."""
        if self._ended:
            return False
        data = self._stream.read(size)
        self._ended = len(data) < size
        if not data:
            return False
        self._before += self._place
        self._text = self._text[self._place :] + data.decode("latin-1")
        self._place = 0
        return True
