"""The rules that look at one object, or at the objects of one image."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from annotator.exporters.base import ExportAnnotation
from annotator.quality.findings import Finding, Fix
from annotator.quality.rules import RULES
from annotator.quality.shapes import Looked, Shape
from annotator.quality.thresholds import Thresholds

Names = dict[int, str]
"""Categories: id to name."""
Check = Callable[[Looked, Thresholds, Names], Iterator[Finding]]


def _found(
    rule: str,
    looked: Looked,
    annotation: ExportAnnotation | None,
    message: str,
    *,
    value: float = 0.0,
    fix: Fix | None = None,
    others: tuple[int, ...] = (),
) -> Finding:
    return Finding(
        rule=rule,
        severity=RULES[rule].severity,
        message=message,
        image=looked.image.name,
        annotation=None if annotation is None else annotation.id,
        others=others,
        category=None if annotation is None else annotation.category_id,
        fix=fix,
        value=value,
    )


def _name(annotation: ExportAnnotation, names: Names) -> str:
    return names.get(annotation.category_id, f"category {annotation.category_id}")


def _of(annotation: ExportAnnotation, names: Names) -> str:
    return f"Object {annotation.id} ({_name(annotation, names)})"


def _empty(looked: Looked, thresholds: Thresholds, names: Names) -> Iterator[Finding]:
    for shape in looked.shapes:
        if shape.area == 0 and "box" not in shape.annotation.provenance:
            text = f"{_of(shape.annotation, names)} has no pixel; delete it or draw it again."
            yield _found("empty", looked, shape.annotation, text, fix="delete")
    for item in looked.unreadable:
        text = f"{_of(item, names)} has run lengths that can't be read; delete it or draw it again."
        yield _found("empty", looked, item, text, fix="delete")


def _wrong_size(looked: Looked, thresholds: Thresholds, names: Names) -> Iterator[Finding]:
    image = looked.image
    for item in looked.annotations:
        mask = item.mask
        if image.problem is None and (mask.height, mask.width) != (image.height, image.width):
            text = (
                f"{_of(item, names)} has a mask of {mask.width}×{mask.height} pixels but the image is"
                f" {image.width}×{image.height}; draw it again."
            )
            yield _found("wrong_size", looked, item, text)


def _no_category(looked: Looked, thresholds: Thresholds, names: Names) -> Iterator[Finding]:
    for item in looked.annotations:
        if item.category_id not in names:
            text = f"Object {item.id} has the category {item.category_id}, which does not exist; give it another one."
            yield _found("no_category", looked, item, text)


def _box_only(looked: Looked, thresholds: Thresholds, names: Names) -> Iterator[Finding]:
    limit = thresholds.get("box_only", "pixels")
    for shape in looked.shapes:
        if shape.area == 0 and "box" in shape.annotation.provenance:
            text = f"{_of(shape.annotation, names)} is a box without a mask; have the model segment it."
            yield _found("box_only", looked, shape.annotation, text)
        elif shape.area and shape.area >= limit and shape.is_box:
            text = (
                f"{_of(shape.annotation, names)} fills its box of {shape.bbox[2]}×{shape.bbox[3]} pixels exactly;"
                " segment it if it is no rectangle."
            )
            yield _found("box_only", looked, shape.annotation, text, value=shape.area)


def _tiny(looked: Looked, thresholds: Thresholds, names: Names) -> Iterator[Finding]:
    limit = thresholds.get("tiny", "pixels")
    for shape in looked.shapes:
        if 0 < shape.area <= limit:
            text = f"{_of(shape.annotation, names)} has only {_count(shape.area, 'pixel')}."
            yield _found("tiny", looked, shape.annotation, text, value=shape.area, fix="delete")


def _specks(looked: Looked, thresholds: Thresholds, names: Names) -> Iterator[Finding]:
    limit = thresholds.get("specks", "pixels")
    for shape in looked.shapes:
        # The largest part stays, however small: removing it would remove the object.
        small = [size for size in shape.parts[1:].tolist() if size <= limit]
        if small:
            text = (
                f"{_of(shape.annotation, names)} has {_count(len(small), 'speck')} beside its largest part, together"
                f" {_count(sum(small), 'pixel')}."
            )
            # What removes specks removes a small largest part too, and the object with it.
            fix: Fix | None = "remove_specks" if shape.parts[0] > limit else None
            yield _found("specks", looked, shape.annotation, text, value=max(small), fix=fix)


def _holes(looked: Looked, thresholds: Thresholds, names: Names) -> Iterator[Finding]:
    limit = thresholds.get("holes", "pixels")
    for shape in looked.shapes:
        small = [size for size in shape.holes.tolist() if size <= limit]
        if small:
            text = (
                f"{_of(shape.annotation, names)} has {_count(len(small), 'small hole')}, together"
                f" {_count(sum(small), 'pixel')}."
            )
            yield _found("holes", looked, shape.annotation, text, value=max(small), fix="fill_holes")


def _parts(looked: Looked, thresholds: Thresholds, names: Names) -> Iterator[Finding]:
    limit = thresholds.get("parts", "count")
    for shape in looked.shapes:
        if len(shape.parts) > limit:
            text = f"{_of(shape.annotation, names)} has {len(shape.parts)} separate parts; is it one object?"
            yield _found("parts", looked, shape.annotation, text, value=len(shape.parts), fix="keep_largest")


def _border(looked: Looked, thresholds: Thresholds, names: Names) -> Iterator[Finding]:
    limit = thresholds.get("border", "pixels")
    for shape in looked.shapes:
        pixels = shape.strokes.border_pixels()
        if pixels >= limit:
            text = f"{_of(shape.annotation, names)} touches the border of the image with {_count(pixels, 'pixel')}."
            yield _found("border", looked, shape.annotation, text, value=pixels)


def _low_score(looked: Looked, thresholds: Thresholds, names: Names) -> Iterator[Finding]:
    limit = thresholds.get("low_score", "score")
    for item in looked.annotations:
        if item.score is not None and item.score < limit and item.review != "approved":
            text = f"{_of(item, names)} has a score of {item.score:.2f}; look at its outline."
            yield _found("low_score", looked, item, text, value=item.score)


def _duplicate(looked: Looked, thresholds: Thresholds, names: Names) -> Iterator[Finding]:
    """One finding for each object that a better one makes superfluous: deleting all that have the fix leaves one.

    An object whose only duplicate goes itself stays, as in non-maximum suppression.
    """
    limit = thresholds.get("duplicate", "iou")
    near: dict[int, list[tuple[float, int]]] = {}
    for pair in looked.pairs:
        if pair.iou >= limit:
            near.setdefault(pair.first, []).append((pair.iou, pair.second))
            near.setdefault(pair.second, []).append((pair.iou, pair.first))
    gone: set[int] = set()
    seen: set[int] = set()
    for index in sorted(near, key=lambda index: _preference(looked.shapes[index].annotation)):
        drop = looked.shapes[index].annotation
        better = [(iou, other) for iou, other in near[index] if other in seen and other not in gone]
        same = [
            (iou, other) for iou, other in better if looked.shapes[other].annotation.category_id == drop.category_id
        ]
        seen.add(index)
        if same:
            gone.add(index)
        if better:
            iou, other = max(same or better)
            yield _duplicate_of(looked, drop, looked.shapes[other].annotation, iou, names)


def _preference(annotation: ExportAnnotation) -> tuple[bool, float, int]:
    """Sorts the ones to keep first: approved before others, then the higher score, then the older one."""
    return annotation.review != "approved", -(annotation.score or 0.0), annotation.id


def _duplicate_of(looked: Looked, drop: ExportAnnotation, keep: ExportAnnotation, iou: float, names: Names) -> Finding:
    same = keep.category_id == drop.category_id
    what = "the same object" if same else "the same pixels under another category"
    text = (
        f"{_of(drop, names)} and object {keep.id}{'' if same else f' ({_name(keep, names)})'} are {what}"
        f" (IoU {iou:.2f}); keep one of them."
    )
    return _found("duplicate", looked, drop, text, value=iou, fix="delete" if same else None, others=(keep.id,))


def _overlap(looked: Looked, thresholds: Thresholds, names: Names) -> Iterator[Finding]:
    limit, duplicate = thresholds.get("overlap", "iou"), _duplicates_from(thresholds)
    for pair in looked.pairs:
        if limit <= pair.iou < duplicate:
            pair_of = (looked.shapes[pair.first].annotation, looked.shapes[pair.second].annotation)
            keep, cut = sorted(pair_of, key=_preference)
            text = f"{_of(cut, names)} and object {keep.id} ({_name(keep, names)}) overlap (IoU {pair.iou:.2f})."
            yield _found("overlap", looked, cut, text, value=pair.iou, fix="no_overlap", others=(keep.id,))


def _nested(looked: Looked, thresholds: Thresholds, names: Names) -> Iterator[Finding]:
    limit, duplicate = thresholds.get("nested", "share"), _duplicates_from(thresholds)
    for pair in looked.pairs:
        small, large = sorted((looked.shapes[pair.first], looked.shapes[pair.second]), key=lambda shape: shape.area)
        if small.annotation.category_id != large.annotation.category_id or pair.iou >= duplicate:
            continue
        share = min(1.0, _shared(small, large, pair.iou) / small.area)
        if share >= limit:
            text = f"{_of(small.annotation, names)} lies to {share:.0%} inside object {large.annotation.id}."
            yield _found("nested", looked, small.annotation, text, value=share, others=(large.annotation.id,))


def _unlabelled(looked: Looked, thresholds: Thresholds, names: Names) -> Iterator[Finding]:
    if not looked.annotations and looked.image.state != "empty" and looked.image.problem is None:
        text = "The image has no object; label it, or confirm that there is nothing on it."
        yield _found("unlabelled", looked, None, text, fix="mark_empty")


def _broken_image(looked: Looked, thresholds: Thresholds, names: Names) -> Iterator[Finding]:
    if looked.image.problem is not None:
        yield _found("broken_image", looked, None, looked.image.problem)


def _shared(one: Shape, other: Shape, iou: float) -> float:
    """Pixels of the intersection, from IoU = shared / (one + other - shared)."""
    return iou * (one.area + other.area) / (1 + iou)


def _duplicates_from(thresholds: Thresholds) -> float:
    """IoU from which two objects are duplicates and need no second finding; above 1 when that rule is off."""
    return thresholds.get("duplicate", "iou") if thresholds.on("duplicate") else 2.0


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


CHECKS: dict[str, Check] = {
    "empty": _empty,
    "wrong_size": _wrong_size,
    "no_category": _no_category,
    "box_only": _box_only,
    "tiny": _tiny,
    "specks": _specks,
    "holes": _holes,
    "parts": _parts,
    "border": _border,
    "low_score": _low_score,
    "duplicate": _duplicate,
    "overlap": _overlap,
    "nested": _nested,
    "unlabelled": _unlabelled,
    "broken_image": _broken_image,
}
"""The rules that need no more than one image at a time."""
