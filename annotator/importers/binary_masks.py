"""Folders of binary masks: black and white PNGs, one for each image or each object."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import numpy.typing as npt

from annotator.domain.mask import Mask
from annotator.errors import ImageProblem, InvalidInput
from annotator.images.label_map import LabelMap, read_label_map
from annotator.importers import files, records
from annotator.importers.named import (
    ImageSizes,
    ImportAnnotation,
    ImportCategory,
    Imported,
    ImportImage,
    Progress,
    each_file,
)

SINGLE = "object"
"""The category of a mask that names none."""
_NO_CATEGORY = frozenset(
    (
        *("annotation", "annotations", "groundtruth", "ground_truth", "gt", "image", "images", "label", "labels"),
        *("mask", "masks", "matte", "alpha", "seg", "segmentation", "train", "val", "valid", "validation", "test"),
    )
)
_COUNTED = re.compile(r"[_\- ]?\d*$")
_HASH = re.compile(r"[0-9a-f]{12,}")


@dataclass(frozen=True, slots=True)
class BinaryMaskImporter:
    """Reads a folder of PNGs, each one object: white, or brighter than half, is inside. A black one has no object.

    The image of a mask `…/a_dog_2.png` is found by its name, the first that exists of:

    - the whole name: `masks/a.png`; a folder around it that is no part of the image's name is the category: `dog/a.png`
    - the folder around it: `a/1.png`, `a/masks/1.png`, `a/dog_2.png`
    - the start of the name: `a_mask.png`, `a_2.png`, `a_dog_2.png`

    A mask that names no category has the category `object`.
    """

    name: str = "binary_masks"
    title: str = "Folder of binary masks (PNG)"

    def recognises(self, path: Path) -> bool:
        """See `NamedImporter.recognises`: the first PNG has two values at most."""
        maps = files.listed(path, ".png") if path.is_dir() else []
        if not maps:
            return False
        try:
            return np.unique(read_label_map(path / maps[0]).values).size <= 2
        except ImageProblem:
            return False

    def read(
        self, path: Path, *, images: ImageSizes, progress: Progress, companion: Path | None = None
    ) -> Iterator[Imported]:
        """See `NamedImporter.read`."""
        masks = files.listed(path, ".png")
        if not masks:
            raise InvalidInput(f"{path} has no PNG file: there is no mask in it.", field="path")
        reader = _Reader(path, images)
        yield from each_file(masks, reader.read, progress)


@dataclass(slots=True)
class _Reader:
    root: Path
    images: ImageSizes
    _seen: set[str] = field(default_factory=set)
    _categories: set[str] = field(default_factory=set)

    def read(self, file: str) -> list[Imported]:
        """What a file adds."""
        (name, width, height), category = self._about(PurePosixPath(file).with_suffix(""))
        inside = _inside(read_label_map(self.root / file))
        if inside.shape != (height, width):
            raise InvalidInput(
                f"The mask is {inside.shape[1]}×{inside.shape[0]} pixels but the image {records.shown(name)} is"
                f" {width}×{height}."
            )
        found: list[Imported] = []
        if name not in self._seen:
            self._seen.add(name)
            found.append(ImportImage(name, width, height))
        if inside.any():
            if category not in self._categories:
                self._categories.add(category)
                found.append(ImportCategory(category))
            found.append(ImportAnnotation(name, category, Mask.from_array(inside), file))
        return found

    def _about(self, stem: PurePosixPath) -> tuple[tuple[str, int, int], str]:
        """The image a mask is about, and the category."""
        image = self._image(stem)
        if image is not None:
            around = [part for part in stem.parts[:-1] if part not in PurePosixPath(image[0]).parts]
            return image, _category(around[-1:])
        folders = [part for part in stem.parts[:-1] if part.lower() not in _NO_CATEGORY]
        image = self._image(PurePosixPath(*folders)) if folders else None
        if image is not None:
            return image, _category([_COUNTED.sub("", stem.name)])
        words = re.split(r"([_\- ])", stem.name)
        for end in range(len(words) - 2, 0, -2):
            image = self._image(stem.with_name("".join(words[:end]) or "_"))
            if image is not None:
                return image, _category(["_".join(word for word in words[end + 1 :: 2] if not word.isdecimal())])
        raise InvalidInput(f"No image belongs to a mask called {records.shown(stem.name)}, nor to its folder.")

    def _image(self, stem: PurePosixPath) -> tuple[str, int, int] | None:
        try:
            return files.image_of(self.root, stem.as_posix(), self.images, on_disk=False)
        except InvalidInput:
            return None


def _category(words: list[str]) -> str:
    """The category a word names; `object` if it is empty, a usual word for masks, or a hash."""
    word = words[0].strip() if words else ""
    kept = [part for part in word.split("_") if part.lower() not in _NO_CATEGORY]
    if not word or not "".join(kept) or _HASH.fullmatch(word) or word.isdecimal():
        return SINGLE
    return records.category_name("_".join(kept))


def _inside(labels: LabelMap) -> npt.NDArray[np.bool_]:
    values: npt.NDArray[Any] = labels.values
    if labels.coloured:
        values = np.maximum(np.maximum(values >> 16, (values >> 8) & 255), values & 255)
    distinct = np.unique(values)
    if distinct.size > 256:
        raise InvalidInput("It has more than 256 different values: it is no binary mask.")
    # Two values are what they are, however dark the brighter one looks; more come from smooth edges.
    inside: npt.NDArray[np.bool_] = values > 0 if distinct.size <= 2 else values > int(distinct[-1]) // 2
    return inside
