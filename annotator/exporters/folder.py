"""What all formats share that are a folder of files: which images, splits, pictures, reading back, the report."""

from __future__ import annotations

import os
import re
import shutil
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePath, PurePosixPath
from typing import Any, Protocol, cast

from annotator.errors import InvalidInput
from annotator.exporters.atomic import appearing_folder
from annotator.exporters.base import (
    ExportAnnotation,
    ExportCategory,
    ExportImage,
    ExportReport,
    ExportSource,
    Loss,
    Option,
    PictureSource,
    Progress,
    read_options,
)
from annotator.exporters.png import write_png
from annotator.exporters.selection import Chosen, Selection, category_numbers
from annotator.exporters.splits import NAMES, group_of, read_fractions, read_pattern, split_of, uneven

COMMON: tuple[Option, ...] = (
    Option(
        "images",
        "Images",
        "choice",
        "annotated",
        "annotated: images with objects and images confirmed empty; all: every readable image.",
        ("annotated", "all"),
    ),
    Option(
        "pictures",
        "Pictures",
        "choice",
        "none",
        "copy: put the image files beside the annotations; link: symbolic links to them; none: names only.",
        ("none", "copy", "link"),
    ),
    Option(
        "splits",
        "Splits",
        "choice",
        "none",
        "random: image by image; folder, pattern: images of one folder or one match stay together; none: no splits.",
        ("none", "random", "folder", "pattern"),
    ),
    Option("fractions", "Shares", "text", "80/10/10", "Shares of train/val/test; they hold on average."),
    Option("pattern", "Group pattern", "text", "", "Regular expression; its first group in the name is the group."),
    Option("seed", "Seed", "int", 0, "Another seed draws other splits; the same one never moves an image."),
)
"""The options of every format that is a folder."""


@dataclass(frozen=True, slots=True)
class Item:
    """An image to write: `stem` is its path without suffix, unique in the export; `split` is empty without splits.

    `suffix` is the picture's, where it is written or where it stays.

    The annotations carry the written category ids, 1..N.
    """

    image: ExportImage
    annotations: tuple[ExportAnnotation, ...]
    split: str
    stem: str
    suffix: str


@dataclass(frozen=True, slots=True)
class Job:
    """What a writer has to work with; category ids are 1..N."""

    folder: Path
    source: PictureSource
    categories: tuple[ExportCategory, ...]
    values: dict[str, Any]
    splits: tuple[str, ...]
    pictures: str = "images"
    divided: bool = True

    def place(self, kind: str, item: Item, suffix: str) -> Path:
        """Path of a file of an image: kind/split/stem + suffix, without split if not `divided`. Its folder exists."""
        split = item.split if self.divided else ""
        path = self.folder / kind / split / f"{item.stem}{suffix}"
        path.parent.mkdir(parents=True, exist_ok=True)
        return path


class Writer(Protocol):
    """Writes one export, image by image."""

    def write(self, item: Item) -> Sequence[float | None]:
        """Write an image's annotations, read them back and give the IoU of each with its mask.

        None where the format does not hold the mask.
        """

    def finish(self) -> list[str]:
        """Write what is left; sentences worth reading."""


@dataclass(frozen=True, slots=True)
class FolderExporter:
    """A format that is a folder of files; `start` makes its writer.

    Attributes:
        pictures: the folder for image files.
        divided: whether splits are folders; otherwise the writer notes them in another way.
    """

    name: str
    title: str
    own: tuple[Option, ...]
    start: Callable[[Job], Writer]
    pictures: str = "images"
    divided: bool = True

    @property
    def options(self) -> tuple[Option, ...]:
        """What can be chosen: the format's own options, then the common ones."""
        return (*self.own, *COMMON)

    def export(
        self, source: ExportSource, target_dir: Path, options: Mapping[str, Any], progress: Progress
    ) -> ExportReport:
        """Write and verify the folder `target_dir`; see `Exporter.export`."""
        started = time.monotonic()
        values = read_options(self.options, options)
        divide = _divider(values)
        numbers = category_numbers(source)
        selection = Selection(source, numbers, images=values["images"])
        steps = sum(1 for _ in source.images())
        with appearing_folder(target_dir) as folder:
            categories = _renumbered(source, numbers)
            pictures = cast(PictureSource, source)
            job = Job(folder, pictures, categories, values, divide.splits, self.pictures, self.divided)
            tally = _Tally()
            writer = self.start(job)
            for done, chosen in selection.chosen():
                if chosen is not None:
                    item = _item(job, chosen, divide(chosen.image.name), tally, numbers)
                    tally.add(item, writer.write(item), job)
                progress(done, steps)
            _require_something(tally)
            warnings = (*tally.warnings(job), *writer.finish())
        return ExportReport(
            format=self.name,
            target=target_dir,
            images=tally.images,
            annotations=tally.annotations,
            categories=len(numbers),
            skipped=tuple(selection.skipped),
            minimum_iou=min(tally.ious, default=None),
            mean_iou=sum(tally.ious) / len(tally.ious) if tally.ious else None,
            seconds=time.monotonic() - started,
            warnings=warnings,
            losses=tuple(tally.losses),
        )


class _Divider:
    """The split of an image by its name."""

    def __init__(self, kind: str, fractions: tuple[float, ...], pattern: re.Pattern[str] | None, seed: int) -> None:
        self._kind, self._fractions, self._pattern, self._seed = kind, fractions, pattern, seed
        shares = zip(NAMES, fractions, strict=False)
        self.splits = () if kind == "none" else tuple(name for name, share in shares if share > 0)

    def __call__(self, name: str) -> str:
        if self._kind == "none":
            return ""
        group = group_of(name, splits=self._kind, pattern=self._pattern)
        return split_of(group, fractions=self._fractions, seed=self._seed)


def _divider(values: dict[str, Any]) -> _Divider:
    pattern = read_pattern(values["pattern"]) if values["splits"] == "pattern" else None
    return _Divider(values["splits"], read_fractions(values["fractions"]), pattern, values["seed"])


class _Tally:
    """What was written so far."""

    def __init__(self) -> None:
        self.images = self.annotations = 0
        self.ious: list[float] = []
        self.losses: list[Loss] = []
        self._stems: set[str] = set()
        self._renamed: list[str] = []
        self._objects: Counter[tuple[str, str]] = Counter()

    def stem(self, image: ExportImage) -> str:
        """A path without suffix that no other image has, on file systems without upper and lower case too."""
        parts = [part for part in PurePosixPath(image.name.replace("\\", "/")).parts if part not in ("/", "..")]
        path = PurePosixPath(*parts).with_suffix("")
        stem = path.as_posix()
        if stem.casefold() in self._stems:
            stem = f"{stem}_{image.number}"
            while stem.casefold() in self._stems:
                stem += "_"
            self._renamed.append(f"{image.name} → {stem}")
        self._stems.add(stem.casefold())
        return stem

    def add(self, item: Item, ious: Sequence[float | None], job: Job) -> None:
        """Note an image and the IoU of each of its objects."""
        self.images += 1
        names = {category.id: category.name for category in job.categories}
        for annotation, iou in zip(item.annotations, ious, strict=True):
            self.annotations += 1
            self._objects[names[annotation.category_id], item.split] += 1
            if iou is None:
                continue
            self.ious.append(iou)
            if iou < 1:
                self.losses.append(Loss(annotation.id, item.image.name, iou))

    def warnings(self, job: Job) -> list[str]:
        """What the export's reader should know."""
        found = uneven(self._objects, splits=job.splits) if job.splits else []
        if self._renamed:
            found.append(f"Images with the same name but for its suffix were renamed: {', '.join(self._renamed)}.")
        if self.losses:
            worst = min(self.losses, key=lambda loss: loss.iou)
            found.append(
                f"{len(self.losses)} objects can't be kept exactly in this format; the smallest IoU is {worst.iou:.4f}"
                f" (object {worst.annotation} on {worst.image})."
            )
        return found


def _renumbered(source: ExportSource, numbers: dict[int, int]) -> tuple[ExportCategory, ...]:
    rows = sorted(source.categories(), key=lambda category: category.id)
    return tuple(replace(category, id=numbers[category.id]) for category in rows)


def _require_something(tally: _Tally) -> None:
    if not tally.images:
        raise InvalidInput(
            "There is nothing to export: no image has an object or is confirmed empty. Accept objects, mark images"
            " without any as “empty”, or export with images=all."
        )


def _item(job: Job, chosen: Chosen, split: str, tally: _Tally, numbers: dict[int, int]) -> Item:
    """What to write of an image, its picture already in place."""
    image = chosen.image
    objects = tuple(replace(a, category_id=numbers[a.category_id]) for a in chosen.annotations)
    original = _original(job, image)
    item = Item(image, objects, split, tally.stem(image), original.suffix if original else ".png")
    _put_picture(job, item, original)
    return item


def _original(job: Job, image: ExportImage) -> PurePath | None:
    """The file to copy or, where pictures stay where they are, the image's name; None if it has to be written anew."""
    if job.values["pictures"] == "none":
        return PurePosixPath(image.name)
    return job.source.file(image.id)


def _put_picture(job: Job, item: Item, original: PurePath | None) -> None:
    kind = job.values["pictures"]
    if kind == "none":
        return
    place = job.place(job.pictures, item, item.suffix)
    if original is None:
        write_png(place, job.source.picture(item.image.id))
    elif kind == "copy":
        shutil.copyfile(original, place)
    else:
        os.symlink(Path(original).resolve(), place)
