"""Reading a written COCO file back with pycocotools and comparing every mask with the stored one."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pycocotools import mask as rle
from pycocotools.coco import COCO

from annotator.domain.as_given import given
from annotator.domain.mask import Mask
from annotator.domain.polygon import filled
from annotator.errors import ExportFailed
from annotator.exporters.base import ExportAnnotation, Loss
from annotator.exporters.selection import Selection


@dataclass(frozen=True, slots=True)
class Checked:
    """How well a file agrees with the store: the IoU of every object, and those that lost something."""

    ious: tuple[float, ...]
    losses: tuple[Loss, ...]


def check(
    path: Path,
    selection: Selection,
    *,
    segmentation: str,
    as_imported: bool,
    progress: Callable[[int], None],
    names: Mapping[str, str] | None = None,
) -> Checked:
    """Compare a written file with what it was written from.

    RLE must decode to the stored mask; polygons to the stored mask with its holes filled, and in `auto` there must not
    be holes to fill. `progress` is called with the number of images that were compared.

    Args:
        as_imported: objects with the mask that they were imported with are as they came, and decode to the mask.
        names: what images are called in the file, by id, where that is not their name.

    Raises:
        ExportFailed: they differ.
    """
    written = _load(path)
    ious: list[float] = []
    losses: list[Loss] = []
    images = 0
    for done, chosen in selection.chosen():
        if chosen is not None:
            images += 1
            image = chosen.image
            entry = written.imgs.get(image.number, {})
            if (entry.get("file_name"), entry.get("width"), entry.get("height")) != (
                (names or {}).get(image.id, image.name),
                image.width,
                image.height,
            ):
                raise ExportFailed(f"Image {image.name} was not written as it is stored. {_REMOVED}")
            for annotation in chosen.annotations:
                came = given(annotation.mask, annotation.extra) if as_imported else {}
                iou = _compare(written, annotation, image.number, selection.numbers, segmentation, came)
                ious.append(iou)
                if iou < 1:
                    losses.append(Loss(annotation.id, image.name, iou))
        progress(done)
    _require_counts(written, images=images, annotations=len(ious), categories=len(selection.numbers))
    numbers = sorted(entry["id"] for entry in written.dataset["categories"])
    if numbers != sorted(selection.numbers.values()):
        raise ExportFailed(f"The category ids {numbers} are not {sorted(selection.numbers.values())}. {_REMOVED}")
    return Checked(tuple(ious), tuple(losses))


_REMOVED = "The file was removed, an older one is untouched; export again, and report it if it happens twice."


def _load(path: Path) -> Any:
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            return COCO(str(path))
    except (ValueError, KeyError, TypeError, AssertionError) as error:
        raise ExportFailed(f"pycocotools can't read the written file ({error!r}). {_REMOVED}") from error


def _compare(
    written: Any,
    annotation: ExportAnnotation,
    image: int,
    numbers: dict[int, int],
    segmentation: str,
    came: dict[str, Any],
) -> float:
    """IoU of a written annotation with the stored mask; `came` are the fields that it was imported with."""
    entry = written.anns.get(annotation.id)
    mask = annotation.mask
    if entry is None:
        raise ExportFailed(f"Object {annotation.id} is missing from the written file. {_REMOVED}")
    expected = {
        "image_id": image,
        "category_id": numbers[annotation.category_id],
        "area": mask.area,
        "bbox": list(mask.bbox),
        "iscrowd": (annotation.extra or {}).get("iscrowd", 0),
        **came,
    }
    for key, value in expected.items():
        if entry.get(key) != value:
            raise ExportFailed(f"The {key} of object {annotation.id} is {entry.get(key)}, not {value}. {_REMOVED}")
    decoded = written.annToRLE(entry)
    height, width = decoded["size"]
    found = Mask(height, width, _bytes(decoded["counts"]))
    is_polygon, as_it_came = isinstance(entry["segmentation"], list), "segmentation" in came
    wanted = filled(mask) if is_polygon and segmentation == "polygon" and not as_it_came else mask
    if found != wanted and not ((is_polygon or as_it_came) and _same_pixels(found, wanted)):
        raise ExportFailed(f"The mask of object {annotation.id} is not the stored one. {_REMOVED}")
    return 1.0 if wanted is mask else found.iou(mask)


def _same_pixels(one: Mask, other: Mask) -> bool:
    """Whether two masks of one size are equal although their run lengths are written differently."""
    pair = [{"size": [mask.height, mask.width], "counts": mask.counts} for mask in (one, other)]
    union, common = rle.merge(pair), rle.merge(pair, intersect=True)
    return int(rle.area(union)) == int(rle.area(common))


def _bytes(counts: str | bytes) -> bytes:
    return counts.encode("ascii") if isinstance(counts, str) else counts


def _require_counts(written: Any, **expected: int) -> None:
    """Exactly the expected numbers of entries, each with an id of its own from 1."""
    for kind, count in expected.items():
        ids = [entry.get("id") for entry in written.dataset.get(kind, [])]
        if len(ids) != count or len(set(ids)) != count or any(type(number) is not int or number < 1 for number in ids):
            raise ExportFailed(
                f"The written file has {len(ids)} {kind} with {len(set(ids))} ids; {count} were expected. {_REMOVED}"
            )
