"""COCO: a dataset with polygons or run lengths, LVIS (the same with more fields), or a list of detection results.

The file is read item by item, twice, so that annotations may come before their images; memory grows with the images.

Format: https://cocodataset.org/#format-data and #format-results
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from annotator.domain.as_given import FIELDS, keep
from annotator.errors import InvalidInput
from annotator.importers.base import (
    BadRecord,
    ImportAnnotation,
    ImportCategory,
    Imported,
    ImportImage,
    ImportNote,
    KnownImage,
    Progress,
    Project,
)
from annotator.importers.coco_records import (
    NAMESPACE,
    ImageRecord,
    Known,
    check_annotation,
    check_category,
    check_image,
)
from annotator.importers.coco_values import Problem, is_number, printable, shown
from annotator.importers.json_items import Item, items

_LISTS = ("images", "categories", "annotations")
_OF_IMAGES = {"id", "file_name", "width", "height", NAMESPACE}
_OF_CATEGORIES = {"id", "name", "supercategory", NAMESPACE}
_OF_ANNOTATIONS = {"id", "image_id", "category_id", "segmentation", "area", "bbox", "score", NAMESPACE}
# What an import mends: box and area are computed again from the mask.
_MENDED = {"box_differs", "area_differs", "bad_area", "no_box", "bad_box", "box_outside"}


@dataclass(frozen=True, slots=True)
class CocoImporter:
    """Reads COCO files."""

    name: str = "coco"
    title: str = "COCO or LVIS (JSON), or detection results"

    def read(self, path: Path, *, project: Project, progress: Progress) -> Iterator[Imported]:
        """See `Importer.read`."""
        size = path.stat().st_size
        if size == 0:
            raise InvalidInput(f"{path.name} is empty; get it again from its source.")
        known = Known()
        seen: set[str] = set()
        here = {image.name: image for image in project.images}
        for item in items(path, results=True):
            progress(item.start // 2, size)
            seen.add(item.section)
            yield from _first(item, known, here)
        if "" in seen:  # a list of results refers to what the project has
            _adopt(known, project)
        elif not {"images", "annotations"} <= seen:
            raise InvalidInput(f"{path.name} has no images and annotations; a COCO dataset has both.")
        for item in items(path, results=True):
            progress((size + item.start) // 2, size)
            if item.section in ("annotations", "") and item.index is not None:
                yield from _annotation(item, known, results=item.section == "")
        progress(size, size)


def _first(item: Item, known: Known, here: Mapping[str, KnownImage]) -> Iterator[Imported]:
    """Images, categories and what is kept of everything else."""
    if item.section not in (*_LISTS, "info", ""):
        if item.index is None and item.value != []:
            yield ImportNote(item.section, item.value)
        elif item.index is not None:
            yield ImportNote(item.section, [item.value])
    elif item.index is None or item.section in ("annotations", ""):
        return
    elif item.section == "images":
        problems = check_image(item.value, item.index, known)
        found = list(_image(item, known, here))
        sized = any(image.width is not None for image in found)  # by the project, where the file says nothing
        yield from _told([problem for problem in problems if not (sized and problem.kind == "bad_size")])
        for image in found:
            if ".." in image.name.replace("\\", "/").split("/"):
                text = f"{shown(image.name)} leads out of the images' folder, so only the name at its end counts."
                yield BadRecord(f"images[{item.index}].file_name", text, lost=False)
        yield from found
    else:
        yield from _told(check_category(item.value, item.index, known))
        yield from _category(item, known)


def _image(item: Item, known: Known, here: Mapping[str, KnownImage]) -> Iterator[ImportImage]:
    number = item.value.get("id") if isinstance(item.value, dict) else None
    record = known.images.get(number) if type(number) is int else None
    if record is None or record.index != item.index or type(number) is not int:
        return
    if record.width is None or record.height is None:
        # The masks are read at the size of the project's image of that name, where there is one.
        same = here.get(record.name)
        if same is not None:
            record = known.images[number] = replace(record, width=same.width, height=same.height)
    own = item.value.get(NAMESPACE)
    state = own.get("state") if isinstance(own, dict) else None
    yield ImportImage(
        record.name,
        number,
        record.width,
        record.height,
        state if isinstance(state, str) else None,
        _extra(item.value, _OF_IMAGES),
    )


def _category(item: Item, known: Known) -> Iterator[Imported]:
    number = item.value.get("id") if isinstance(item.value, dict) else None
    if type(number) is not int or known.category_ids.seen.get(number) != item.index:
        return
    name, group = known.categories[number]
    own = item.value.get(NAMESPACE)
    own = own if isinstance(own, dict) else {}
    colour, kept = own.get("colour"), own.get("id")
    yield ImportCategory(
        name.strip() or f"category {number}",
        number,
        group,
        colour if isinstance(colour, str) else None,
        {**_extra(item.value, _OF_CATEGORIES), **({"own": kept} if type(kept) is int else {})},
    )


def _annotation(item: Item, known: Known, *, results: bool) -> Iterator[Imported]:
    value = item.value
    where = f"{item.section or 'results'}[{item.index}]"
    if results and isinstance(value, dict):
        value = {"area": 0, **value, "id": (item.index or 0) + 1}  # results have no ids and seldom an area
    problems, record = check_annotation(value, item.index or 0, known)
    yield from _told(problems, mended=_MENDED, lost=record is None, section=item.section or "results")
    if record is None:
        return
    own = value.get(NAMESPACE)
    own = own if isinstance(own, dict) else {}
    score = value.get("score", own.get("score"))
    extra = _extra(value, _OF_ANNOTATIONS)
    if extra.get("iscrowd") == 0:
        del extra["iscrowd"]
    if record.mask is not None and not results:
        extra.update(keep(record.mask, _right(value, problems)))
    corners = None
    if record.box is not None:
        x, y, width, height = record.box
        corners = (x, y, x + width, y + height)
    yield ImportAnnotation(
        where=where,
        number=None if results else record.id,
        image=record.image_id,
        category=record.category_id,
        mask=record.mask,
        box=corners,
        score=float(score) if is_number(score) and 0 <= score <= 1 else None,
        record=own,
        extra=extra,
    )


def _right(value: dict[str, Any], problems: list[Problem]) -> dict[str, Any]:
    """The fields about the mask with which nothing is wrong; others are mended by writing them anew."""
    wrong = set()
    for problem in problems:
        field = problem.where.rpartition(".")[2].partition("[")[0]
        if field == "segmentation" and problem.severity != "error":
            continue  # it leaves the image, and is drawn all the same
        wrong.add(field)
    return {name: value[name] for name in FIELDS if name in value and name not in wrong}


def _adopt(known: Known, project: Project) -> None:
    """Results name images and categories by the project's own numbers."""
    for image in project.images:
        known.images[image.number] = ImageRecord(-1, image.name, image.width, image.height)
    known.categories.update({number: (name, "") for number, name in project.categories.items()})


def _told(
    problems: list[Problem], *, mended: set[str] | None = None, lost: bool = True, section: str = "annotations"
) -> Iterator[BadRecord]:
    for problem in problems:
        if mended is None or problem.kind not in mended:
            where = problem.where.replace("annotations[", f"{section}[", 1)
            yield BadRecord(where, problem.message, lost and problem.severity == "error")


def _extra(value: dict[str, Any], known: set[str]) -> dict[str, Any]:
    return {printable(key): kept for key, kept in value.items() if key not in known and _is_kept(kept)}


def _is_kept(value: Any) -> bool:
    """Whether JSON can hold a value: NaN and infinities, which some tools write, it can't."""
    try:
        json.dumps(value, allow_nan=False)
    except ValueError:
        return False
    return True
