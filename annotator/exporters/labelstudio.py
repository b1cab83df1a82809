"""Label Studio: tasks with brush masks or polygons, and the labeling interface that they belong to.

Format: https://labelstud.io/guide/task_format
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote
from xml.sax.saxutils import quoteattr

import numpy as np

from annotator.domain.mask import Mask
from annotator.domain.polygon import from_polygons, polygons
from annotator.errors import ExportFailed
from annotator.exporters.base import ExportAnnotation, Option
from annotator.exporters.common import FolderExporter, Item, Work
from annotator.exporters.labelstudio_rle import decode, encode

OPTIONS = (
    Option(
        "shapes",
        "Shapes",
        "choice",
        "brush",
        "brush keeps every pixel; polygon fills holes, makes a region of every part and reports the loss.",
        ("brush", "polygon"),
    ),
    Option(
        "url",
        "Address of the pictures",
        "text",
        "/data/local-files/?d=",
        "What stands before the path of every picture; Label Studio's local storage by default.",
    ),
)
_TASKS = "tasks.json"


def _write(work: Work) -> None:
    path = work.path(_TASKS)
    with path.open("w", encoding="ascii") as stream:
        stream.write("[")
        for number, item in enumerate(work.items()):
            _write_task(work, item, stream, first=number == 0)
        stream.write("\n]\n")
    work.path("label_config.xml").write_text(_interface(work), encoding="utf-8")
    _check_whole(work, path)
    if work.losses:
        worst = min(work.losses, key=lambda loss: loss.iou)
        work.warn(
            f"{len(work.losses)} objects have holes, which polygons can't keep; the smallest IoU is {worst.iou:.4f}"
            f" (object {worst.annotation} on {worst.image}). Export with shapes=brush to keep them."
        )


def _write_task(work: Work, item: Item, stream: IO[str], *, first: bool) -> None:
    picture = work.picture(item, *(name for name in ("images", item.split) if name))
    task = {
        "data": {
            "image": work.values["url"] + quote(picture),
            "name": item.image.name,
            **({"split": item.split} if item.split else {}),
        },
        "annotations": [{"result": [region for row in item.annotations for region in _regions(work, item, row)]}],
    }
    text = json.dumps(task, allow_nan=False)
    stream.write(("\n" if first else ",\n") + text)
    _check_task(work, item, json.loads(text))


def _regions(work: Work, item: Item, row: ExportAnnotation) -> list[dict[str, Any]]:
    """An object as regions: one of the brush, or a polygon for every part."""
    label = work.categories[work.numbers[row.category_id] - 1].name
    height, width = item.image.height, item.image.width
    common = {
        "from_name": "label",
        "to_name": "image",
        "original_width": width,
        "original_height": height,
        "image_rotation": 0,
        "meta": {"object": row.id},
    }
    if work.values["shapes"] == "brush":
        value: dict[str, Any] = {"format": "rle", "rle": encode(row.mask.to_array()), "brushlabels": [label]}
        return [{**common, "id": f"o{row.id}", "type": "brushlabels", "value": value}]
    regions = []
    for number, part in enumerate(polygons(row.mask)):
        # Percent of the image's size.
        points = (np.reshape(part, (-1, 2)) / (width, height) * 100).tolist()
        value = {"points": points, "closed": True, "polygonlabels": [label]}
        regions.append({**common, "id": f"o{row.id}-{number}", "type": "polygonlabels", "value": value})
    return regions


def _check_task(work: Work, item: Item, task: dict[str, Any]) -> None:
    """Decode what was written of an image and compare it."""
    height, width = item.image.height, item.image.width
    found: dict[int, list[dict[str, Any]]] = {}
    for region in task["annotations"][0]["result"]:
        found.setdefault(region["meta"]["object"], []).append(region["value"])
    for row in item.annotations:
        values = found[row.id]
        if work.values["shapes"] == "brush":
            mask = Mask.from_array(decode(values[0]["rle"], height=height, width=width))
            work.require_equal(row, item.image, mask)
        else:
            parts = [(np.array(value["points"]) / 100 * (width, height)).ravel().tolist() for value in values]
            work.compare(row, item.image, from_polygons(parts, height=height, width=width))


def _check_whole(work: Work, path: Path) -> None:
    """As many tasks as images, each on a line of its own: reading them all at once could take more than the memory."""
    with path.open(encoding="ascii") as stream:
        tasks = sum(line.startswith("{") for line in stream)
    if tasks != work.images:
        raise ExportFailed(f"{path.name} has {tasks} tasks, not {work.images}; nothing was left, export again.")


def _interface(work: Work) -> str:
    """The labeling interface to paste into the project's settings."""
    tag = "BrushLabels" if work.values["shapes"] == "brush" else "PolygonLabels"
    lines = ["<View>", '  <Image name="image" value="$image" zoom="true"/>', f'  <{tag} name="label" toName="image">']
    for row in work.categories:
        colour = f" background={quoteattr(row.colour)}" if row.colour else ""
        lines.append(f"    <Label value={quoteattr(row.name)}{colour}/>")
    return "\n".join([*lines, f"  </{tag}>", "</View>"]) + "\n"


LABEL_STUDIO = FolderExporter("labelstudio", "Label Studio (JSON)", _write, OPTIONS)
"""Writes `tasks.json`, `label_config.xml` and, on request, `images/…`."""
