"""What all folder formats share: options, file names, pictures, splits, and the tally of what was compared."""

from __future__ import annotations

import json
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
from annotator.exporters.pictures import PICTURES, put_picture
from annotator.exporters.places import SPLITS, places
from annotator.exporters.selection import REVIEW, Selection, category_numbers
from annotator.exporters.splits import NAMES

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
    PICTURES,
    *SPLITS,
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

    def __init__(self, source: ExportSource, folder: Path, values: Mapping[str, Any], progress: Progress) -> None:
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
        # Looking at pictures and writing about them take the same number of steps.
        looks = values["splits"] == "near_duplicates"
        self._before = sum(1 for _ in source.images()) if looks else 0
        self._steps = 2 * self._before if looks else sum(1 for _ in source.images())
        self._stems, self._splits = places(source, values, lambda done, _: progress(done, self._steps))

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
            self._progress(self._before + done, self._steps)

    def path(self, *parts: str) -> Path:
        """A file in the folder; the folders above it are made."""
        path = self.folder.joinpath(*parts)
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def picture(self, item: Item, *folders: str) -> str:
        """Put the picture of an image into a folder as the option says; its path there, with forward slashes.

        Without pictures the path says where the picture belongs.
        """
        path = put_picture(
            self.source,
            item.image,
            kind=self.values["pictures"],
            stem=self.folder.joinpath(*folders, item.stem),
            suffix=item.suffix,
            warn=self.warn,
        )
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
        about = {"format": self.name, "options": values, "annotator": annotator.__version__}
        with appearing_folder(target_dir, about=about) as folder:
            work = Work(source, folder, values, progress)
            self.write(work)
            work.selection.require_something(work.images)
        target = target_dir / self.result if self.result else target_dir
        return work.report(format=self.name, target=target, seconds=time.monotonic() - started)
