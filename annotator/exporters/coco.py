"""COCO instance segmentation: one JSON file, written in constant memory and read back before anybody can see it.

Format: https://cocodataset.org/#format-data
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import IO, Any

import annotator
from annotator.domain.mask import Mask
from annotator.domain.polygon import has_holes, polygons
from annotator.exporters.atomic import appearing
from annotator.exporters.base import (
    ExportAnnotation,
    ExportImage,
    ExportReport,
    ExportSource,
    Option,
    Progress,
    read_options,
)
from annotator.exporters.coco_check import Checked, check
from annotator.exporters.selection import REVIEW, Selection, category_numbers

FILE_NAME = "annotations.json"
NAMESPACE = "annotator"
"""The one key under which everything is that COCO doesn't define."""
_OURS = ("info", "images", "categories", "annotations", NAMESPACE)


@dataclass(frozen=True, slots=True)
class CocoExporter:
    """Writes `annotations.json`."""

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
    )

    def export(
        self, source: ExportSource, target_dir: Path, options: Mapping[str, Any], progress: Progress
    ) -> ExportReport:
        """Write and verify `target_dir/annotations.json`; see `Exporter.export`."""
        started = time.monotonic()
        values = read_options(self.options, options)
        numbers = category_numbers(source, keep=_keeps_ids(source, values["category_ids"]))
        target = target_dir / FILE_NAME
        steps = 2 * sum(1 for _ in source.images())
        selection = Selection(source, numbers, images=values["images"], review=values["review"])
        with appearing(target) as scratch:
            written = scratch / FILE_NAME
            counts = _write(written, source, selection, values, lambda done: progress(done, steps))
            selection.require_something(counts[0])
            checked = check(
                written,
                selection.again(),
                segmentation=values["segmentation"],
                progress=lambda done: progress(steps // 2 + done, steps),
            )
        return ExportReport(
            format=self.name,
            target=target,
            images=counts[0],
            annotations=counts[1],
            categories=len(numbers),
            skipped=tuple(selection.skipped),
            minimum_iou=checked.minimum_iou,
            mean_iou=checked.mean_iou,
            seconds=time.monotonic() - started,
            warnings=(*_renumbered(numbers, source), *_lossy(checked)),
            losses=checked.losses,
        )


def segmentation(mask: Mask, kind: str) -> dict[str, Any] | list[list[float]]:
    """A mask as COCO's `segmentation`: `rle`, `polygon` (holes are lost) or `auto` (polygon if it has no hole)."""
    if kind == "rle" or (kind == "auto" and has_holes(mask)):
        return mask.to_rle()
    return polygons(mask)


def _write(
    path: Path, source: ExportSource, selection: Selection, values: dict[str, Any], progress: Callable[[int], None]
) -> tuple[int, int]:
    """Write the file; the number of images and of annotations in it."""
    images = annotations = 0
    # The annotations wait in a file of their own: COCO's two lists can't both be written in one pass.
    waiting = path.with_suffix(".annotations")
    with path.open("w+b") as main, waiting.open("w+b") as side:
        main.write(b'{"info": ' + _json(_info(source)) + b",\n")
        for name, value in {"licenses": [], **source.extra}.items():
            if name not in _OURS:
                main.write(_json(name) + b": " + _json(value) + b",\n")
        main.write(b'"categories": [')
        _write_items(main, _categories(source, selection.numbers, values))
        main.write(b'],\n"images": [')
        for done, chosen in selection.chosen():
            if chosen is not None:
                images += 1
                _write_items(main, [_image(chosen.image, values)], first=images == 1)
                objects = [
                    _annotation(item, chosen.image.number, selection.numbers, values) for item in chosen.annotations
                ]
                _write_items(side, objects, first=annotations == 0)
                annotations += len(objects)
            progress(done)
        main.write(b'],\n"annotations": [')
        side.seek(0)
        shutil.copyfileobj(side, main, 1 << 20)
        main.write(b"]}\n")
    waiting.unlink()
    return images, annotations


def _write_items(stream: IO[bytes], items: Iterable[dict[str, Any]], *, first: bool = True) -> None:
    for item in items:
        stream.write((b"\n" if first else b",\n") + _json(item))
        first = False


def _json(value: Any) -> bytes:
    # ASCII only: pycocotools opens the file in the encoding of the reader's locale.
    return json.dumps(value, ensure_ascii=True, allow_nan=False).encode("ascii")


def _info(source: ExportSource) -> dict[str, Any]:
    now = datetime.now(timezone.utc)
    return {
        "description": source.project_name,
        "version": "1.0",
        "year": now.year,
        "date_created": now.isoformat(timespec="seconds"),
        NAMESPACE: {
            "version": annotator.__version__,
            "model": source.model,
            "coordinates": "display orientation (EXIF applied)",
        },
    }


def _categories(source: ExportSource, numbers: dict[int, int], values: dict[str, Any]) -> list[dict[str, Any]]:
    rows = []
    for category in sorted(source.categories(), key=lambda category: category.id):
        row = {"id": numbers[category.id], "name": category.name, "supercategory": category.supercategory}
        if values["provenance"]:
            row[NAMESPACE] = {"id": category.id, "colour": category.colour}
        rows.append(_with_extra(row, category.extra))
    return rows


def _image(image: ExportImage, values: dict[str, Any]) -> dict[str, Any]:
    row: dict[str, Any] = {"id": image.number, "file_name": image.name, "width": image.width, "height": image.height}
    if values["provenance"]:
        row[NAMESPACE] = {"id": image.id, "state": image.state}
    return _with_extra(row, image.extra)


def _annotation(
    annotation: ExportAnnotation, image: int, numbers: dict[int, int], values: dict[str, Any]
) -> dict[str, Any]:
    mask = annotation.mask
    row: dict[str, Any] = {
        "id": annotation.id,
        "image_id": image,
        "category_id": numbers[annotation.category_id],
        "segmentation": segmentation(mask, values["segmentation"]),
        "area": mask.area,
        "bbox": list(mask.bbox),
        "iscrowd": 0,
    }
    if values["provenance"]:
        row[NAMESPACE] = {**annotation.provenance, "score": annotation.score, "review": annotation.review}
    return _with_extra(row, annotation.extra)


def _with_extra(row: dict[str, Any], extra: dict[str, Any] | None) -> dict[str, Any]:
    """Fields of an imported dataset that nothing here knows, behind those that are written anyway."""
    unknown = {key: value for key, value in (extra or {}).items() if key not in row or key == "iscrowd"}
    return {**row, **unknown}


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


def _lossy(checked: Checked) -> list[str]:
    if not checked.losses:
        return []
    worst = min(checked.losses, key=lambda loss: loss.iou)
    return [
        f"{len(checked.losses)} objects have holes, which polygons can't keep; the smallest IoU is {worst.iou:.4f}"
        f" (object {worst.annotation} on {worst.image}). Export with segmentation=auto or rle to keep them."
    ]
