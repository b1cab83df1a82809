"""Versions: named, immutable snapshots of a project, and what differs between two."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from annotator.domain.annotation import Annotation, Provenance
from annotator.domain.mask import Mask
from annotator.domain.project import Category, Image
from annotator.errors import InvalidInput

Content = dict[str, Any]
Kind = Literal["category", "image", "annotation"]
Key = tuple[Kind, str]
"""(kind, id) of something that a version holds."""

MAX_MESSAGE = 2000
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True, slots=True)
class Version:
    """A snapshot: the project as it was at a time.

    Attributes:
        name: unique in the project; letters, digits, dots, dashes and underscores, so that it can be typed anywhere.
        created: ISO 8601, UTC; what exports of it give as their date.
        model: the model that was in use.
        extra: what imported datasets said of the whole.
    """

    id: int
    name: str
    message: str
    author: str
    created: str
    model: str
    images: int
    objects: int
    categories: int
    extra: dict[str, Any]

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise InvalidInput(
                f"The name {self.name!r} can't be a version's: use up to 64 letters, digits, dots, dashes and"
                " underscores, e.g. v1.",
                field="name",
            )
        if len(self.message) > MAX_MESSAGE:
            raise InvalidInput(f"The message is over {MAX_MESSAGE} characters long; say it shorter.", field="message")


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that is not the same in two versions.

    Attributes:
        kind, id: what it is; `name` is its category, image or object as people call it.
        change: `added`, `removed` or `changed`, seen from the earlier version.
        image: name of the image of an object.
        iou: of the two masks of a changed object.
        details: what changed, as words: `mask`, `category cat → dog`, `review unreviewed → approved`.
    """

    kind: Kind
    id: str
    change: Literal["added", "removed", "changed"]
    name: str
    image: str = ""
    iou: float | None = None
    details: tuple[str, ...] = ()


def hash_of(content: Content) -> str:
    """SHA-256 of a content's canonical JSON, in hex."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def category_content(category: Category) -> Content:
    """Everything an export says of a category."""
    return {
        "name": category.name,
        "supercategory": category.supercategory,
        "colour": category.colour,
        "extra": category.extra,
    }


def image_content(image: Image) -> Content:
    """Everything an export says of an image."""
    return {
        "name": image.name,
        "number": image.number,
        "source_hash": image.source_hash,
        "width": image.width,
        "height": image.height,
        "state": image.state,
        "problem": image.problem,
        "extra": image.extra,
    }


def annotation_content(annotation: Annotation) -> Content:
    """What a Change records of an annotation, where it is and when it was made."""
    return {**annotation.content(), "image": annotation.image_id, "created": annotation.created}


def annotation_of(key: int, content: Content) -> Annotation:
    """The annotation of a version's content, as far as exports need it."""
    return Annotation(
        id=key,
        image_id=content["image"],
        category_id=content["category"],
        mask=_mask(content["rle"]),
        author=content["author"],
        created=content["created"],
        updated=content["created"],
        score=content["score"],
        provenance=Provenance(**content["provenance"]),
        review=content["review"],
        note=content["note"],
        extra=content.get("extra"),
    )


def _mask(rle: Content) -> Mask:
    height, width = rle["size"]
    return Mask(height, width, rle["counts"].encode("ascii"))


def change_content(content: Content) -> Content:
    """What a Change records, out of a version's content of an annotation."""
    return {name: value for name, value in content.items() if name not in ("image", "created")}


def difference(
    key: Key, before: Content | None, after: Content | None, *, names: Mapping[Key, str]
) -> Difference | None:
    """What differs between two contents of the same thing; None where nothing that people see does.

    Args:
        names: of categories and images, by their keys.
    """
    content = after if after is not None else before
    assert content is not None
    kind = key[0]
    is_object = kind == "annotation"
    image = names.get(("image", content["image"]), "") if is_object else ""
    name = names.get(("category", str(content["category"])), "?") if is_object else content["name"]
    if before is None or after is None:
        return Difference(kind, key[1], "added" if before is None else "removed", name, image)
    details = _details(before, after, names)
    if not details:
        return None
    iou = None
    if is_object and before["rle"] != after["rle"]:
        iou = annotation_of(1, before).mask.iou(annotation_of(1, after).mask)
    return Difference(kind, key[1], "changed", name, image, iou, tuple(details))


def _details(before: Content, after: Content, names: Mapping[Key, str]) -> list[str]:
    found = []
    for field in before.keys() | after.keys():
        old, new = before.get(field), after.get(field)
        if old == new:
            continue
        if field == "rle":
            found.append("mask")
        elif field == "category":
            found.append(
                f"category {names.get(('category', str(old)), old)} → {names.get(('category', str(new)), new)}"
            )
        elif field in ("review", "state", "name", "author"):
            found.append(f"{field} {old} → {new}")
        else:
            found.append(field)
    return sorted(found)


def line_of(one: Difference) -> str:
    """A difference as a line."""
    what = {"annotation": f"object {one.id}, {one.name}, on {one.image}"}.get(one.kind, f"{one.kind} {one.name}")
    details = "" if not one.details else f": {', '.join(one.details)}"
    iou = "" if one.iou is None else f" (IoU {one.iou:.4f})"
    return f"{one.change:8} {what}{details}{iou}"


def summary_of(found: Sequence[Difference]) -> str:
    """All differences as a sentence."""
    counts: Counter[Any] = Counter((one.kind, one.change) for one in found)
    if not found:
        return "Nothing differs."
    parts = []
    for kind, noun in (("annotation", "objects"), ("image", "images"), ("category", "categories")):
        own = [
            f"{counts[kind, change]:,} {change}" for change in ("added", "removed", "changed") if counts[kind, change]
        ]
        if own:
            parts.append(f"{noun}: {', '.join(own)}")
    return f"{'; '.join(parts).capitalize()}."
