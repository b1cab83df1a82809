"""What all folder formats share: options, file names, pictures, splits, and the tally of what was compared."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import annotator
from annotator.domain.mask import Mask
from annotator.errors import ExportFailed
from annotator.exporters.atomic import appearing_folder
from annotator.exporters.base import (
    ExportAnnotation,
    ExportCategory,
    ExportImage,
    ExportReport,
    ExportSource,
    Loss,
    Option,
    Progress,
    read_options,
)
from annotator.exporters.png import write_png
from annotator.exporters.selection import REVIEW, Selection, category_numbers
from annotator.exporters.splits import NAMES, SplitImage, assign, groups_by_folder, groups_by_pattern, read_fractions

COMMON = (
    Option(
        "images",
        "Images",
        "choice",
        "annotated",
        "annotated: images with objects and images confirmed empty; all: every readable image.",
        ("annotated", "all"),
    ),
    REVIEW,
    Option(
        "pictures",
        "Pictures",
        "choice",
        "none",
        "none: names only; copy: the original files; link: symbolic links to them; png: pixels as annotated, upright"
        " even for readers that ignore EXIF.",
        ("none", "copy", "link", "png"),
    ),
    Option(
        "splits",
        "Splits",
        "choice",
        "none",
        "none; random: by a hash of the name; folder: images of a folder stay together; pattern: images with the same"
        " part of the name do. Images stay in their split when others are added.",
        ("none", "random", "folder", "pattern"),
    ),
    Option("fractions", "Shares of train/val/test", "text", "80/10/10", "Two or three numbers, such as 80/20."),
    Option(
        "pattern",
        "Pattern for splits",
        "text",
        "",
        "A regular expression; images whose names agree in its first parenthesis stay together, as in (.*)_frame.",
    ),
    Option("stratified", "Stratify", "bool", False, "Give every split its share of every combination of categories."),
    Option("seed", "Seed", "int", 0, "Another seed gives other splits.", minimum=0),
)


@dataclass(frozen=True, slots=True)
class Item:
    """An image to write.

    Attributes:
        split: train, val or test; empty when the export is not split.
        stem: path for files about this image, without suffix, like its name but different from every other image's
            even where `A.jpg` and `a.png` would share it.
        suffix: of the image's name, with its dot.
    """

    image: ExportImage
    annotations: tuple[ExportAnnotation, ...]
    split: str
    stem: str
    suffix: str


class Work:
    """One export into a folder that nobody sees yet.

    Attributes:
        folder: where to write.
        values: every option.
        numbers: category ids of the project to the written ones, 1..N.
        categories: in the order of their written ids.
    """

    def __init__(
        self, source: ExportSource, folder: Path, values: Mapping[str, Any], progress: Callable[[int], None]
    ) -> None:
        self.source = source
        self.folder = folder
        self.values = values
        self.numbers = category_numbers(source)
        self.categories: list[ExportCategory] = sorted(source.categories(), key=lambda category: category.id)
        self.selection = Selection(source, self.numbers, images=values["images"], review=values["review"])
        self.images = 0
        self.objects = 0
        self.losses: list[Loss] = []
        self._written: set[str] = set()
        self._sum = 0.0
        self._minimum: float | None = None
        self._warnings: dict[str, None] = {}
        self._progress = progress
        self._stems, self._splits = _places(source, values)

    @property
    def split_names(self) -> list[str]:
        """The splits of the images written so far, in order; [""] without splits."""
        return [name for name in ("", *NAMES) if name in self._written]

    @property
    def warnings(self) -> tuple[str, ...]:
        return tuple(self._warnings)

    def items(self) -> Iterator[Item]:
        """Every image to write, with the objects to write on it."""
        for done, chosen in self.selection.chosen():
            if chosen is not None:
                self.images += 1
                image = chosen.image
                self._written.add(self._splits[image.id])
                stem = self._stems[image.id]
                suffix = PurePosixPath(image.name).suffix
                if stem != image.name.removesuffix(suffix):
                    self.warn(f"{image.name} is called {stem}{suffix} here, because another image has the same stem.")
                yield Item(image, chosen.annotations, self._splits[image.id], stem, suffix)
            self._progress(done)

    def path(self, *parts: str) -> Path:
        """A file in the folder; the folders above it are made."""
        path = self.folder.joinpath(*parts)
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def picture(self, item: Item, *folders: str) -> str:
        """Put the picture of an image into a folder as the option says; its path there, with forward slashes.

        Without pictures the path says where the picture belongs.
        """
        kind = self.values["pictures"]
        original = self.source.file(item.image.id) if kind in ("copy", "link") else None
        if original is not None and not original.is_file():
            raise ExportFailed(
                f"The file of {item.image.name} is missing ({str(original)!r}), so nothing was exported; put it back or"
                " export with pictures=none."
            )
        if kind != "none" and original is None:
            path = self.path(*folders, item.stem + ".png")
            write_png(path, self.source.picture(item.image.id))
            if kind != "png":
                self.warn("Images without an original file were written as PNG.")
        else:
            path = self.folder.joinpath(*folders, item.stem + item.suffix)
        if original is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            if kind == "copy":
                shutil.copyfile(original, path)
            else:
                os.symlink(original.resolve(), path)
        return path.relative_to(self.folder).as_posix()

    def compare(self, annotation: ExportAnnotation, image: ExportImage, found: Mask | None) -> None:
        """Note the IoU of a stored mask with what was read back; None means that it must be lost on purpose."""
        self.note(annotation, image, 0.0 if found is None else found.iou(annotation.mask))

    def note(self, annotation: ExportAnnotation, image: ExportImage, iou: float) -> None:
        """Count an object as written with this IoU."""
        self.objects += 1
        self._sum += iou
        self._minimum = iou if self._minimum is None else min(iou, self._minimum)
        if iou < 1:
            self.losses.append(Loss(annotation.id, image.name, iou))

    def require_equal(self, annotation: ExportAnnotation, image: ExportImage, found: Mask) -> None:
        """Count an object of a format that loses nothing.

        Raises:
            ExportFailed: what was read back is not the stored mask.
        """
        if found.iou(annotation.mask) != 1:
            raise ExportFailed(
                f"The mask of object {annotation.id} on {image.name} was not written as it is stored. The files were"
                " removed, older ones are untouched; export again, and report it if it happens twice."
            )
        self.note(annotation, image, 1.0)

    def write_json(self, value: Any, *parts: str) -> None:
        """A JSON file in the folder, ASCII only because some readers open it in their locale's encoding."""
        self.path(*parts).write_text(json.dumps(value, allow_nan=False) + "\n", encoding="ascii")

    def warn(self, text: str) -> None:
        """A sentence for the report, once."""
        self._warnings[text.encode("utf-8", "replace").decode("utf-8")] = None

    def report(self, *, format: str, target: Path, seconds: float) -> ExportReport:
        """What was done so far."""
        return ExportReport(
            format=format,
            target=target,
            images=self.images,
            annotations=self.objects,
            categories=len(self.numbers),
            skipped=tuple(self.selection.skipped),
            minimum_iou=self._minimum,
            mean_iou=self._sum / self.objects if self.objects else None,
            seconds=seconds,
            warnings=self.warnings,
            losses=tuple(self.losses),
        )


@dataclass(frozen=True, slots=True)
class FolderExporter:
    """An exporter that fills a folder; see `Exporter`.

    Attributes:
        own: options beside those that all folder formats have.
        write: fills the folder of a work, reads back what it wrote and notes every object.
        result: the one file in the folder that the format consists of; empty when it is the folder.
    """

    name: str
    title: str
    write: Callable[[Work], None]
    own: tuple[Option, ...] = ()
    result: str = ""

    @property
    def options(self) -> tuple[Option, ...]:
        """What can be chosen."""
        return (*self.own, *COMMON)

    def export(
        self, source: ExportSource, target_dir: Path, options: Mapping[str, Any], progress: Progress
    ) -> ExportReport:
        """Write and verify the folder, which replaces `target_dir` whole; see `Exporter.export`."""
        started = time.monotonic()
        values = read_options(self.options, options)
        steps = sum(1 for _ in source.images())
        about = {"format": self.name, "options": values, "annotator": annotator.__version__}
        with appearing_folder(target_dir, about=about) as folder:
            work = Work(source, folder, values, lambda done: progress(done, steps))
            self.write(work)
            work.selection.require_something(work.images)
        target = target_dir / self.result if self.result else target_dir
        return work.report(format=self.name, target=target, seconds=time.monotonic() - started)


def _places(source: ExportSource, values: Mapping[str, Any]) -> tuple[dict[str, str], dict[str, str]]:
    """Stem and split of every image by id."""
    fractions = read_fractions(values["fractions"])
    stratified = values["splits"] != "none" and values["stratified"]
    listed = [
        SplitImage(
            image.id,
            image.number,
            image.name,
            frozenset(row.category_id for row in source.annotations(image.id)) if stratified else frozenset(),
        )
        for image in source.images()
    ]
    kind = values["splits"]
    if kind == "none":
        return _stems(listed), {image.id: "" for image in listed}
    groups = None
    if kind == "folder":
        groups = groups_by_folder(listed)
    elif kind == "pattern":
        groups = groups_by_pattern(listed, values["pattern"])
    return _stems(listed), assign(listed, fractions, seed=values["seed"], groups=groups, stratified=stratified)


def _stems(images: list[SplitImage]) -> dict[str, str]:
    """A stem for every image that no other has, upper and lower case taken as one; the older image keeps its own."""
    taken: set[str] = set()
    stems = {}
    for image in sorted(images, key=lambda image: (image.number, image.id)):
        path = PurePosixPath(*(part for part in PurePosixPath(image.name).parts if part not in ("/", "..")))
        plain = stem = path.with_suffix("").as_posix() if path.name else f"image-{image.number}"
        while stem.casefold() in taken:
            stem = f"{plain}-{image.number}" if stem == plain else f"{stem}-"
        taken.add(stem.casefold())
        stems[image.id] = stem
    return stems
