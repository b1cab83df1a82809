"""The records of a foreign COCO file: what is wrong with an image, a category or an annotation."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from annotator.domain.mask import Mask
from annotator.domain.severity import Severity
from annotator.images.opening import MAX_PIXELS
from annotator.importers.coco_segmentation import read_segmentation
from annotator.importers.coco_values import Problem, box_of, is_id, is_number, is_side, printable, shown

NAMESPACE = "annotator"
"""The key under which our own exports keep score, review state and provenance."""

_BOX_OFF = 2.0  # pixels by which a box may differ from its mask's: rounding, and tools that take centres of pixels


@dataclass(frozen=True, slots=True)
class ImageRecord:
    """A usable image of the file; its sizes are None where they are not usable."""

    index: int
    name: str
    width: int | None
    height: int | None
    state: str = "in_progress"


@dataclass(slots=True)
class Ids:
    """Ids that were seen, and where first."""

    section: str
    seen: dict[int, int] = field(default_factory=dict)

    def check(self, value: Any, index: int, problems: list[Problem]) -> int | None:
        """The id of a record, None if it has no usable one of its own."""
        where = f"{self.section}[{index}].id"
        if not is_id(value):
            text = f"The id is {shown(value)}; give it an integer from 1 that no other one has."
            problems.append(Problem("bad_id", "error", where, text))
            return None
        number: int = value
        if number in self.seen:
            text = f"The id {number} is also that of {self.section}[{self.seen[number]}]; give it one of its own."
            problems.append(Problem("duplicate_id", "error", where, text))
            return None
        self.seen[number] = index
        return number


@dataclass(slots=True)
class Known:
    """What the annotations refer to: images and categories by id; of a category the name."""

    images: dict[int, ImageRecord] = field(default_factory=dict)
    categories: dict[int, tuple[str, str]] = field(default_factory=dict)
    image_ids: Ids = field(default_factory=lambda: Ids("images"))
    category_ids: Ids = field(default_factory=lambda: Ids("categories"))
    annotation_ids: Ids = field(default_factory=lambda: Ids("annotations"))
    file_names: dict[str, int] = field(default_factory=dict)
    category_names: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AnnotationRecord:
    """A usable annotation: its mask, or its box where it has none."""

    id: int
    image_id: int
    category_id: int
    mask: Mask | None
    box: tuple[float, float, float, float] | None


def check_image(value: Any, index: int, known: Known) -> list[Problem]:
    """What is wrong with an image; it is added to the known ones if it has a usable id."""
    where, problems = f"images[{index}]", list[Problem]()
    if not isinstance(value, dict):
        return [_no_record(where, value)]
    number = known.image_ids.check(value.get("id"), index, problems)
    sizes: list[int | None] = []
    for side in ("width", "height"):
        usable = is_side(value.get(side))
        sizes.append(value[side] if usable else None)
        if not usable:
            text = f"The {side} is {shown(value.get(side))}; write the size in pixels, 1 to 65535."
            problems.append(Problem("bad_size", "error", f"{where}.{side}", text))
    if None not in sizes and value["width"] * value["height"] > MAX_PIXELS:
        text = f"It is {value['width']}×{value['height']}, more than can be opened; cut the picture into parts."
        problems.append(Problem("too_large", "error", where, text))
        sizes = [None, None]
    name = value.get("file_name")
    if name is None and isinstance(value.get("coco_url"), str):
        # LVIS names its pictures by their address alone: …/val2017/000000397133.jpg
        name = "/".join(value["coco_url"].rsplit("/", 2)[-2:])
    if not isinstance(name, str) or not name:
        text = f"The file name is {shown(name)}; write the path of the picture relative to the images' folder."
        problems.append(Problem("bad_file_name", "error", f"{where}.file_name", text))
        name = f"image {number}"
    elif name in known.file_names:
        first = known.file_names[name]
        text = f"{shown(name)} is also the file of images[{first}]; list every picture once."
        problems.append(Problem("duplicate_file_name", "warning", f"{where}.file_name", text))
    else:
        known.file_names[name] = index
    if number is not None:
        own = value.get(NAMESPACE)
        state = own.get("state") if isinstance(own, dict) else None
        known.images[number] = ImageRecord(
            index, name, sizes[0], sizes[1], state if isinstance(state, str) else "in_progress"
        )
    return problems


def check_category(value: Any, index: int, known: Known) -> list[Problem]:
    """What is wrong with a category; it is added to the known ones if it has a usable id."""
    where, problems = f"categories[{index}]", list[Problem]()
    if not isinstance(value, dict):
        return [_no_record(where, value)]
    number = known.category_ids.check(value.get("id"), index, problems)
    if number == 0:
        text = "The id is 0, which many trainers take for the background; number the categories from 1."
        problems.append(Problem("zero_id", "warning", f"{where}.id", text))
    name = value.get("name")
    if not isinstance(name, str) or not name.strip():
        text = f"The name is {shown(name)}; give the category a name."
        problems.append(Problem("bad_name", "error", f"{where}.name", text))
        name = f"category {number}"
    elif name in known.category_names:
        text = f"{shown(name)} is also the name of categories[{known.category_names[name]}]; merge or rename them."
        problems.append(Problem("duplicate_name", "warning", f"{where}.name", text))
    else:
        known.category_names[name] = index
    if number is not None:
        group = value.get("supercategory")
        known.categories[number] = (printable(name), printable(group) if isinstance(group, str) else "")
    return problems


def check_annotation(value: Any, index: int, known: Known) -> tuple[list[Problem], AnnotationRecord | None]:
    """What is wrong with an annotation, and the annotation if enough of it is usable."""
    where, problems = f"annotations[{index}]", list[Problem]()
    if not isinstance(value, dict):
        return [_no_record(where, value)], None
    number = known.annotation_ids.check(value.get("id"), index, problems)
    if number == 0:
        text = "The id is 0, which COCOeval takes for “not matched”; number the annotations from 1."
        problems.append(Problem("zero_id", "error", f"{where}.id", text))
    image = _reference(value, "image_id", known.images, where, problems)
    category = _reference(value, "category_id", known.categories, where, problems)
    crowd = value.get("iscrowd", 0)
    if crowd not in (0, 1):
        text = f"It is {shown(crowd)}; write 0 for an object and 1 for a crowd."
        problems.append(Problem("bad_crowd", "error", f"{where}.iscrowd", text))
    box = _box(value, where, problems)
    record = known.images.get(image) if image is not None else None
    mask: Mask | None = None
    if value.get("segmentation") in (None, []):
        # A box alone is valid COCO; the rule `box_only` finds it.
        if box is None:
            text = "It has neither a segmentation nor a box; remove it, or add its mask."
            problems.append(Problem("no_mask", "error", where, text))
    elif record is not None and record.width is not None and record.height is not None:
        mask = read_segmentation(
            value["segmentation"],
            height=record.height,
            width=record.width,
            where=f"{where}.segmentation",
            problems=problems,
        )
    if mask is not None:
        _compare(value, mask, box, where, problems)
    elif box is not None and record is not None:
        _require_inside(box, record, where, problems)
    if not number or image is None or category is None or (mask is None and box is None):
        return problems, None
    if mask is None and value.get("segmentation") not in (None, []):
        return problems, None
    return problems, AnnotationRecord(number, image, category, mask, box)


def _no_record(where: str, value: Any) -> Problem:
    return Problem("bad_record", "error", where, f"It is {shown(value)}, not an object; remove it.")


def _reference(
    value: dict[str, Any], key: str, known: dict[int, Any], where: str, problems: list[Problem]
) -> int | None:
    number = value.get(key)
    if is_id(number) and number in known:
        found: int = number
        return found
    what = key.removesuffix("_id")
    kind = f"unknown_{what}" if is_id(number) else f"bad_{key}"
    text = f"The {key} is {shown(number)}, which no {what} of the file has; add the {what} or remove the annotation."
    problems.append(Problem(kind, "error", f"{where}.{key}", text))
    return None


def _box(value: dict[str, Any], where: str, problems: list[Problem]) -> tuple[float, float, float, float] | None:
    if "bbox" not in value:
        text = "It has no bbox, which most trainers read; write [x, y, width, height] of the mask."
        problems.append(Problem("no_box", "warning", where, text))
        return None
    box = box_of(value["bbox"])
    if box is None:
        text = f"It is {shown(value['bbox'])}; write [x, y, width, height] in pixels with a width and height above 0."
        problems.append(Problem("bad_box", "error", f"{where}.bbox", text))
    return box


def _require_inside(
    box: tuple[float, float, float, float], image: ImageRecord, where: str, problems: list[Problem]
) -> None:
    if image.width is None or image.height is None:
        return
    x, y, width, height = box
    off = max(-x, -y, x + width - image.width, y + height - image.height)
    if off > _BOX_OFF:
        text = f"It leaves the image ({image.width}×{image.height}) by {off:.1f} pixels; clip it."
        problems.append(Problem("box_outside", "warning", f"{where}.bbox", text))


def _compare(
    value: dict[str, Any],
    mask: Mask,
    box: tuple[float, float, float, float] | None,
    where: str,
    problems: list[Problem],
) -> None:
    """Box and area against the mask, whose run lengths are known to be valid by now."""
    area, (x, y, width, height) = mask.area, mask.bbox
    if area == 0:
        text = "The mask has no pixel; remove the annotation or draw it again."
        problems.append(Problem("empty_mask", "error", f"{where}.segmentation", text))
        return
    if box is not None:
        off = max(abs(box[0] - x), abs(box[1] - y), abs(box[0] + box[2] - x - width), abs(box[1] + box[3] - y - height))
        if off > _BOX_OFF:
            text = (
                f"It is {shown(value['bbox'])} but the mask's is [{x}, {y}, {width}, {height}], {off:.1f} pixels off;"
                f" write the mask's.{_hint(box, (x, y, width, height))}"
            )
            problems.append(Problem("box_differs", "warning", f"{where}.bbox", text))
    _compare_area(value, area, width + height, where, problems)


def _compare_area(value: dict[str, Any], area: int, around: int, where: str, problems: list[Problem]) -> None:
    given = value.get("area")
    severity: Severity = "error"
    if not is_number(given) or given < 0:
        kind, text = "bad_area", f"It is {shown(given)}; write the mask's {area} pixels."
    elif abs(given - area) > 0.05 * area + around:
        # A polygon's exact area differs from its pixels by up to half its outline.
        kind, severity = "area_differs", "warning"
        text = f"It is {shown(given)} but the mask has {area} pixels; write that."
    else:
        return
    problems.append(Problem(kind, severity, f"{where}.area", text))


def _hint(box: tuple[float, float, float, float], right: tuple[int, int, int, int]) -> str:
    corners = (right[0], right[1], right[0] + right[2], right[1] + right[3])
    if all(abs(one - other) <= _BOX_OFF for one, other in zip(box, corners, strict=True)):
        return " It looks like [x0, y0, x1, y1]; COCO wants width and height."
    return ""
