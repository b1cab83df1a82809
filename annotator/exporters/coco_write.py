"""A COCO file, written in constant memory.

Format: https://cocodataset.org/#format-data
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import IO, Any

import annotator
from annotator.domain.as_given import given
from annotator.domain.mask import Mask
from annotator.domain.polygon import has_holes, polygons
from annotator.exporters.base import ExportAnnotation, ExportImage, ExportSource
from annotator.exporters.selection import Selection

NAMESPACE = "annotator"
"""The one key under which everything is that COCO doesn't define."""
_OURS = ("info", "images", "categories", "annotations", NAMESPACE)


def segmentation(mask: Mask, kind: str) -> dict[str, Any] | list[list[float]]:
    """A mask as COCO's `segmentation`: `rle`, `polygon` (holes are lost) or `auto` (polygon if it has no hole)."""
    if kind == "rle" or (kind == "auto" and has_holes(mask)):
        return mask.to_rle()
    return polygons(mask)


def write(
    path: Path,
    selection: Selection,
    values: Mapping[str, Any],
    *,
    name: Callable[[ExportImage], str],
    progress: Callable[[int], None],
) -> tuple[int, int]:
    """Write the file; the number of images and of annotations in it.

    Args:
        name: what an image is called in the file; its picture is written when it is asked.
    """
    source = selection.source
    images = annotations = 0
    # The annotations wait in a file of their own: COCO's two lists can't both be written in one pass.
    waiting = path.with_suffix(".annotations")
    with path.open("w+b") as main, waiting.open("w+b") as side:
        main.write(b'{"info": ' + _json(_info(source)) + b",\n")
        for key, value in {"licenses": [], **source.extra}.items():
            if key not in _OURS:
                main.write(_json(key) + b": " + _json(value) + b",\n")
        main.write(b'"categories": [')
        _write_items(main, _categories(source, selection.numbers, values))
        main.write(b'],\n"images": [')
        for done, chosen in selection.chosen():
            if chosen is not None:
                images += 1
                _write_items(main, [_image(chosen.image, name(chosen.image), values)], first=images == 1)
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
    if source.created is not None:
        now = datetime.strptime(source.created, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=timezone.utc)
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


def _categories(source: ExportSource, numbers: dict[int, int], values: Mapping[str, Any]) -> list[dict[str, Any]]:
    rows = []
    for category in sorted(source.categories(), key=lambda category: category.id):
        row = {"id": numbers[category.id], "name": category.name, "supercategory": category.supercategory}
        if values["provenance"]:
            row[NAMESPACE] = {"id": category.id, "colour": category.colour}
        rows.append(_with_extra(row, category.extra))
    return rows


def _image(image: ExportImage, name: str, values: Mapping[str, Any]) -> dict[str, Any]:
    row: dict[str, Any] = {"id": image.number, "file_name": name, "width": image.width, "height": image.height}
    if values["provenance"]:
        row[NAMESPACE] = {"id": image.id, "state": image.state}
    return _with_extra(row, image.extra)


def _annotation(
    annotation: ExportAnnotation, image: int, numbers: dict[int, int], values: Mapping[str, Any]
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
    if values["as_imported"]:
        row.update(given(mask, annotation.extra))
    if values["provenance"]:
        row[NAMESPACE] = {**annotation.provenance, "score": annotation.score, "review": annotation.review}
    return _with_extra(row, annotation.extra)


def _with_extra(row: dict[str, Any], extra: dict[str, Any] | None) -> dict[str, Any]:
    """Fields of an imported dataset that nothing here knows, behind those that are written anyway."""
    unknown = {
        key: value for key, value in (extra or {}).items() if (key not in row or key == "iscrowd") and key != NAMESPACE
    }
    return {**row, **unknown}
