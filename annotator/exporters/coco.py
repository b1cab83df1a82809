"""COCO instance segmentation: one JSON file or one for each split, read back before anybody can see it.

Format: https://cocodataset.org/#format-data
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import annotator
from annotator.exporters.atomic import MARKER, appearing, appearing_folder
from annotator.exporters.base import (
    ExportImage,
    ExportReport,
    ExportSource,
    Loss,
    Option,
    Progress,
    Skipped,
    read_options,
)
from annotator.exporters.coco_check import check
from annotator.exporters.coco_write import NAMESPACE, write
from annotator.exporters.pictures import PICTURES, put_picture
from annotator.exporters.places import SPLITS, places
from annotator.exporters.selection import REVIEW, Selection, category_numbers
from annotator.exporters.splits import NAMES

FILE_NAME = "annotations.json"


@dataclass(frozen=True, slots=True)
class CocoExporter:
    """Writes `annotations.json`, or `annotations/instances_<split>.json` and, on request, `images/[<split>/]…`."""

    name: str = "coco"
    title: str = "COCO instance segmentation (JSON)"
    options: tuple[Option, ...] = (
        Option(
            "segmentation",
            "Segmentation",
            "choice",
            "rle",
            "rle keeps every pixel; polygon fills holes and reports the loss; auto takes polygons where none is lost.",
            ("rle", "polygon", "auto"),
        ),
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
            "as_imported",
            "Untouched objects as imported",
            "bool",
            True,
            "Write objects whose mask is the imported one with the polygons, area and box that they came with.",
        ),
        Option(
            "category_ids",
            "Category ids",
            "choice",
            "auto",
            "consecutive: 1 to N, as trainers expect; keep: the project's; auto: keep those of an imported dataset.",
            ("auto", "consecutive", "keep"),
        ),
        Option(
            "provenance",
            "Keep provenance",
            "bool",
            True,
            "Keep prompt, model, score, clicks, author and review state under the key “annotator”.",
        ),
        PICTURES,
        *SPLITS,
    )

    def export(
        self, source: ExportSource, target_dir: Path, options: Mapping[str, Any], progress: Progress
    ) -> ExportReport:
        """Write and verify `annotations.json` or, with splits or pictures, a folder; see `Exporter.export`."""
        started = time.monotonic()
        values = read_options(self.options, options)
        numbers = category_numbers(source, keep=_keeps_ids(source, values["category_ids"]))
        job = _Job(source, values, numbers, progress)
        target = target_dir
        if values["splits"] == values["pictures"] == "none":
            target = target_dir / FILE_NAME
        if target != target_dir and not (target_dir / MARKER).is_file():
            with appearing(target) as scratch:
                job.run(scratch)
        else:
            about = {"format": self.name, "options": values, "annotator": annotator.__version__}
            # A file alone has no marker beside it.
            with appearing_folder(target_dir, about=about, replaced=(FILE_NAME,)) as folder:
                job.run(folder)
        return job.report(format=self.name, target=target, seconds=time.monotonic() - started)


@dataclass(frozen=True, slots=True)
class _Part:
    """One file and the split that it is of; the split is empty when there is none."""

    split: str
    file: str
    images: frozenset[str] | None = None


@dataclass(slots=True)
class _Job:
    """One export, file by file."""

    source: ExportSource
    values: Mapping[str, Any]
    numbers: dict[int, int]
    progress: Progress
    images: int = 0
    annotations: int = 0
    skipped: list[Skipped] = field(default_factory=list)
    losses: list[Loss] = field(default_factory=list)
    warnings: dict[str, None] = field(default_factory=dict)
    _ious: list[float] = field(default_factory=list)
    _stems: dict[str, str] = field(default_factory=dict)
    _done: int = 0
    _steps: int = 0

    def run(self, folder: Path) -> None:
        """Write every file into a folder that nobody sees yet, and read it back.

        Raises:
            InvalidInput: there is nothing to export.
            ExportFailed: what was read back is not what is stored.
        """
        total = sum(1 for _ in self.source.images())
        looks = total if self.values["splits"] == "near_duplicates" else 0
        self._steps = 2 * total * (3 if self.values["splits"] != "none" else 1) + looks
        parts = self._parts()
        self._done, self._steps = looks, 2 * total * len(parts) + looks
        selection = Selection(self.source, self.numbers, images=self.values["images"], review=self.values["review"])
        for part in parts:
            self._write(folder, part, selection.of(part.images))
        selection.require_something(self.images)
        self.skipped = selection.skipped

    def _parts(self) -> list[_Part]:
        if self.values["splits"] == self.values["pictures"] == "none":
            return [_Part("", FILE_NAME)]
        self._stems, splits = places(self.source, self.values, lambda done, _: self.progress(done, self._steps))
        if self.values["splits"] == "none":
            return [_Part("", FILE_NAME)]
        members: dict[str, set[str]] = {}
        for image, split in splits.items():
            members.setdefault(split, set()).add(image)
        return [
            _Part(split, f"annotations/instances_{split}.json", frozenset(members[split]))
            for split in NAMES
            if split in members
        ]

    def _write(self, folder: Path, part: _Part, selection: Selection) -> None:
        values, path = self.values, folder / part.file
        path.parent.mkdir(exist_ok=True)
        names: dict[str, str] = {}

        def name(image: ExportImage) -> str:
            if values["pictures"] == "none":
                return image.name
            names[image.id] = self._picture(image, folder.joinpath("images", part.split))
            return names[image.id]

        images, annotations = write(path, selection, values, name=name, progress=self._step)
        self._done += sum(1 for _ in self.source.images())
        if images == 0:
            path.unlink()
        else:
            again = selection.again()
            kind = values["segmentation"]
            checked = check(
                path, again, segmentation=kind, as_imported=values["as_imported"], progress=self._step, names=names
            )
            self._ious += checked.ious
            self.losses += checked.losses
        self._done += sum(1 for _ in self.source.images())
        self.images += images
        self.annotations += annotations

    def _picture(self, image: ExportImage, folder: Path) -> str:
        """Put a picture into a folder; its path there, which is its name unless it had to get another one."""
        stem, suffix = self._stems[image.id], PurePosixPath(image.name).suffix
        path = put_picture(
            self.source, image, kind=self.values["pictures"], stem=folder / stem, suffix=suffix, warn=self._warn
        )
        return path.relative_to(folder).as_posix()

    def _step(self, done: int) -> None:
        self.progress(self._done + done, self._steps)

    def _warn(self, text: str) -> None:
        self.warnings[text] = None

    def report(self, *, format: str, target: Path, seconds: float) -> ExportReport:
        """What was done."""
        return ExportReport(
            format=format,
            target=target,
            images=self.images,
            annotations=self.annotations,
            categories=len(self.numbers),
            skipped=tuple(self.skipped),
            minimum_iou=min(self._ious, default=None),
            mean_iou=sum(self._ious) / len(self._ious) if self._ious else None,
            seconds=seconds,
            warnings=(*_renumbered(self.numbers, self.source), *_lossy(self.losses), *self.warnings),
            losses=tuple(self.losses),
        )


def _keeps_ids(source: ExportSource, wanted: str) -> bool:
    own = source.extra.get(NAMESPACE)
    imported = isinstance(own, dict) and own.get("category_ids") == "keep"
    return wanted == "keep" or (wanted == "auto" and imported)


def _renumbered(numbers: dict[int, int], source: ExportSource) -> list[str]:
    if all(old == new for old, new in numbers.items()):
        return []
    names = {category.id: category.name for category in source.categories()}
    pairs = ", ".join(f"{old} → {new} ({names[old]})" for old, new in numbers.items() if old != new)
    return [f"Category ids were numbered without gaps, as readers expect: {pairs}."]


def _lossy(losses: list[Loss]) -> list[str]:
    if not losses:
        return []
    worst = min(losses, key=lambda loss: loss.iou)
    return [
        f"{len(losses)} objects have holes, which polygons can't keep; the smallest IoU is {worst.iou:.4f}"
        f" (object {worst.annotation} on {worst.image}). Export with segmentation=auto or rle to keep them."
    ]
