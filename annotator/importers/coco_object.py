"""One object as COCO and the formats that followed it write it."""

from __future__ import annotations

from typing import Any

from annotator.domain.mask import Mask
from annotator.errors import InvalidInput
from annotator.importers import records
from annotator.importers.named import Box


def ours_of(
    mask: Mask | None, box: Box | None, number: int | None, crowd: bool, image_id: Any, category_id: Any
) -> dict[str, Any]:
    """The known fields of an annotation as we write them."""
    area: float
    bbox: list[Any]
    if mask is not None:
        area, bbox = mask.area, list(mask.bbox)
    else:
        x0, y0, x1, y1 = box or (0.0, 0.0, 0.0, 0.0)
        area, bbox = (x1 - x0) * (y1 - y0), [x0, y0, x1 - x0, y1 - y0]
    return {
        "id": number,
        "image_id": image_id,
        "category_id": category_id,
        "segmentation": [] if mask is None else mask.to_rle(),
        "area": area,
        "bbox": bbox,
        "iscrowd": int(crowd),
    }


def mask_of(segmentation: Any, *, height: int, width: int) -> Mask | None:
    """The mask of a record's segmentation: polygons, or RLE of either kind; None if it has only a box.

    Raises:
        InvalidInput: it is malformed, not of the image's size, or empty.
    """
    if segmentation is None or segmentation == []:
        return None
    if isinstance(segmentation, dict):
        return records.not_empty(Mask.from_rle(segmentation, height=height, width=width))
    flat = isinstance(segmentation, list) and records.real(segmentation[0])
    return records.drawn([segmentation] if flat else segmentation, height=height, width=width)


def box_of(bbox: Any, *, height: int, width: int) -> Box:
    """The part of a record's bbox [x, y, width, height] that lies in the image.

    Raises:
        InvalidInput: it is malformed, or no part of it does.
    """
    if not records.reals(bbox, 4):
        raise InvalidInput(f"It has no mask, and its bbox is {records.shown(bbox)}; four numbers are needed.")
    x, y, w, h = bbox
    return records.box_inside(x, y, x + w, y + h, height=height, width=width)
