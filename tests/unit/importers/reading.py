"""What tests of importers share: reading a dataset to the end, sorted by kind."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from annotator.domain.mask import Mask
from annotator.importers.named import (
    ImportAnnotation,
    ImportCategory,
    ImportDataset,
    ImportImage,
    NamedImporter,
    Problem,
)


@dataclass
class Found:
    """Everything that an importer yielded."""

    datasets: list[ImportDataset] = field(default_factory=list)
    categories: list[ImportCategory] = field(default_factory=list)
    images: list[ImportImage] = field(default_factory=list)
    annotations: list[ImportAnnotation] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    steps: list[tuple[int, int]] = field(default_factory=list)

    def reasons(self) -> dict[str, str]:
        """The reasons of the dropped records by place."""
        return {problem.where: problem.reason for problem in self.problems if problem.dropped}


def read(
    importer: NamedImporter,
    path: Path,
    sizes: Mapping[str, tuple[int, int]] | None = None,
    companion: Path | None = None,
) -> Found:
    """Read a dataset to the end; `sizes` are the project's images."""
    found = Found()
    known = dict(sizes or {})

    def note(done: int, total: int) -> None:
        found.steps.append((done, total))

    images: set[str] = set()
    categories: set[str] = set()
    for item in importer.read(path, images=known.get, progress=note, companion=companion):
        if isinstance(item, ImportDataset):
            found.datasets.append(item)
        elif isinstance(item, ImportCategory):
            assert item.name not in categories, "names are unique within an import"
            categories.add(item.name)
            found.categories.append(item)
        elif isinstance(item, ImportImage):
            assert item.name not in images, "names are unique within an import"
            images.add(item.name)
            found.images.append(item)
        elif isinstance(item, ImportAnnotation):
            assert item.image in images, "what is referred to comes first"
            assert item.category in categories
            assert (item.mask is None) != (item.box is None)
            found.annotations.append(item)
        else:
            found.problems.append(item)
    assert all(0 <= done <= total for done, total in found.steps)
    return found


def write(path: Path, value: Any) -> Path:
    """A JSON file of a value."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value), encoding="utf-8")
    return path


def pixels(mask: Mask | None) -> list[str]:
    """A mask as rows of `#` and `.`."""
    assert mask is not None
    return ["".join("#" if pixel else "." for pixel in row) for row in mask.to_array()]


def picture(*rows: str) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """The opposite of `pixels`: digits are values, `.` is 0, `#` is 1."""
    return np.array([[{".": 0, "#": 1}.get(c, ord(c) - 48) for c in row] for row in rows], np.uint8)
