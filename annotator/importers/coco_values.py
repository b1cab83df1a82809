"""Single values of a foreign COCO record: what is wrong with one, as a sentence."""

from __future__ import annotations

import math
import reprlib
from dataclasses import dataclass
from typing import Any, TypeGuard

from annotator.domain.severity import Severity

MAX_ID = 2**63 - 1
MAX_SIDE = 2**16 - 1
"""Largest width and height of a mask in pixels."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong with a COCO file.

    Attributes:
        kind: a name for problems of one kind, e.g. `duplicate_id`.
        severity: `error`: readers fail or drop it; `warning`: they read something else than was meant; `info`.
        where: the place in the file, e.g. `annotations[17].segmentation`.
        message: what is wrong and what to do, as a sentence.
    """

    kind: str
    severity: Severity
    where: str
    message: str

    def to_json(self) -> dict[str, Any]:
        """A JSON object with every attribute."""
        return {"kind": self.kind, "severity": self.severity, "where": self.where, "message": self.message}


_short = reprlib.Repr()
_short.maxstring = _short.maxother = _short.maxlong = 60
_short.maxdict = _short.maxlist = 4
_short.maxlevel = 2


def shown(value: Any) -> str:
    """A value from the file in a few printable characters, however large it is."""
    return _short.repr(value)


def printable(text: str) -> str:
    """A text from the file without what a terminal or a file of UTF-8 can't show."""
    return "".join(character if character.isprintable() else "\ufffd" for character in text)


def is_id(value: Any) -> bool:
    """Whether a value is an integer that can be an id, 0 included."""
    return type(value) is int and 0 <= value <= MAX_ID


def is_number(value: Any) -> TypeGuard[float]:
    """Whether a value is a number that can be calculated with."""
    return type(value) in (int, float) and (type(value) is float or abs(value) < 2**53) and math.isfinite(value)


def is_side(value: Any) -> bool:
    """Whether a value can be the width or height of a mask."""
    return type(value) is int and 1 <= value <= MAX_SIDE


def box_of(value: Any) -> tuple[float, float, float, float] | None:
    """A COCO box [x, y, width, height] in pixels with a width and a height, None for anything else."""
    if isinstance(value, list) and len(value) == 4 and all(map(is_number, value)) and value[2] > 0 and value[3] > 0:
        return float(value[0]), float(value[1]), float(value[2]), float(value[3])
    return None
