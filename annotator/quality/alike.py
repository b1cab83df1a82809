"""The rules about images that look the same."""

from __future__ import annotations

import re
from array import array
from collections.abc import Callable, Iterator

from annotator.exporters.base import ExportImage
from annotator.images.near_duplicates import groups
from annotator.quality.findings import Finding
from annotator.quality.rules import RULES
from annotator.quality.thresholds import Thresholds

_SPLITS = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "test": "test",
    "testing": "test",
}
_NAMED = 3


def split_of_name(name: str) -> str | None:
    """The split that an image's folders name: `train2017/0001.jpg` is of `train`; None if none does."""
    for folder in name.lower().split("/")[:-1]:
        word = re.sub(r"[\d_-]+", "", folder)
        if word in _SPLITS:
            return _SPLITS[word]
    return None


class Alike:
    """Remembers a hash and the name of every image.

    Args:
        image_hash: as in `run`; None: nothing is remembered or found.
    """

    def __init__(
        self,
        thresholds: Thresholds,
        image_hash: Callable[[ExportImage], int | None] | None,
        split_of: Callable[[str], str | None],
    ) -> None:
        wanted = thresholds.on("near_duplicate") or thresholds.on("split_leak")
        self._image_hash = image_hash if wanted else None
        self._thresholds = thresholds
        self._split_of = split_of
        self._names: list[str] = []
        self._hashes = array("Q")

    def see(self, image: ExportImage) -> None:
        """Remember an image, if it has a hash."""
        if self._image_hash is None or image.problem is not None:
            return
        value = self._image_hash(image)
        if value is not None:
            self._names.append(image.name)
            self._hashes.append(value)

    def finish(self) -> Iterator[Finding]:
        """One finding for each group of images that look the same."""
        if self._thresholds.on("near_duplicate"):
            for names in self._groups("near_duplicate"):
                yield _finding("near_duplicate", names, f"“{names[0]}” looks the same as {_listed(names[1:])}.")
        if self._thresholds.on("split_leak"):
            for names in self._groups("split_leak"):
                splits = {name: self._split_of(name) for name in names}
                known = [name for name in names if splits[name] is not None]
                if len({splits[name] for name in known}) > 1:
                    others = [name for name in known[1:] if splits[name] != splits[known[0]]]
                    text = (
                        f"“{known[0]}” ({splits[known[0]]}) looks the same as {_listed(others)} of another split"
                        f" ({', '.join(sorted({str(splits[name]) for name in others}))}); keep them in one split."
                    )
                    yield _finding("split_leak", [known[0], *others], text)

    def _groups(self, rule: str) -> Iterator[list[str]]:
        distance = int(self._thresholds.get(rule, "distance"))
        for group in groups(self._hashes, distance=distance):
            yield [self._names[index] for index in group]


def _finding(rule: str, names: list[str], message: str) -> Finding:
    return Finding(
        rule=rule,
        severity=RULES[rule].severity,
        message=message,
        image=names[0],
        other_images=tuple(names[1:]),
        value=len(names),
    )


def _listed(names: list[str]) -> str:
    shown = ", ".join(f"“{name}”" for name in names[:_NAMED])
    more = len(names) - _NAMED
    return f"{shown} and {more} more" if more > 0 else shown
