"""labelme: a JSON file for each image.

Format: https://github.com/wkentaro/labelme, `labelme/_label_file.py`; a mask is a PNG of its bounding box.
"""

from __future__ import annotations

import base64
import binascii
import math
import posixpath
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from annotator.domain.mask import Mask
from annotator.domain.mask_edit import merge
from annotator.errors import ImageProblem, InvalidInput
from annotator.images.label_map import decode_label_map
from annotator.importers import files, records
from annotator.importers.json_documents import document, head, plain
from annotator.importers.named import (
    Box,
    Given,
    ImageSizes,
    ImportAnnotation,
    ImportCategory,
    Imported,
    ImportImage,
    Problem,
    Progress,
    each_file,
)

_PICTURE = frozenset({"imageData"})
_KNOWN = ("imagePath", "imageWidth", "imageHeight", "shapes")
_SHAPE = ("label", "points", "shape_type", "group_id", "mask")


@dataclass(frozen=True, slots=True)
class LabelmeImporter:
    """Reads one JSON file or a folder of them.

    Polygons, circles and masks are objects; a rectangle is a box for the model to turn into a mask. Shapes with the
    same label and `group_id` are one object (a rectangle among them is filled). Lines and points are no objects and
    are listed. The shapes of an object are kept in `given.fields["shapes"]`, but not the picture in `imageData`.
    """

    name: str = "labelme"
    title: str = "labelme (JSON)"

    def recognises(self, path: Path) -> bool:
        """See `NamedImporter.recognises`."""
        root, names = files.json_files(path)
        keys = {entry.section for entry in head(root / names[0])} if names else set()
        return {"shapes", "imagePath"} <= keys

    def read(
        self, path: Path, *, images: ImageSizes, progress: Progress, companion: Path | None = None
    ) -> Iterator[Imported]:
        """See `NamedImporter.read`."""
        root, names = files.json_files(path)
        if not names:
            raise InvalidInput(f"{path} has no JSON file: there is nothing of labelme in it.", field="path")
        reader = _Reader(root, images, several=path.is_dir())
        yield from each_file(names, reader.read, progress)


@dataclass(slots=True)
class _Reader:
    root: Path
    images: ImageSizes
    several: bool
    _seen: set[str] = field(default_factory=set)
    _categories: set[str] = field(default_factory=set)

    def read(self, file: str) -> Iterator[Imported]:
        """What a file adds."""
        content = document(self.root / file, drop=_PICTURE)
        if not isinstance(content.get("shapes"), list) or not plain(content):
            raise InvalidInput(f"{file} has no list of shapes, or holds a number that is not finite.")
        name, note = self._name(file, content.get("imagePath"))
        if name in self._seen:
            raise InvalidInput(f"The image {records.shown(name)} has another file already.")
        size = records.image_size(name, content.get("imageWidth"), content.get("imageHeight"), self.images)
        self._seen.add(name)
        if note is not None:
            yield Problem(file, note, dropped=False)
        ours = {"imagePath": name, "imageWidth": size[0], "imageHeight": size[1]}
        given = records.difference(content, ours)
        yield ImportImage(name, size[0], size[1], extra=records.rest(content, dict.fromkeys(_KNOWN)), given=given)
        for places, shapes in _grouped(content["shapes"]):
            where = f"{file}: " * self.several + ", ".join(f"shapes[{place}]" for place in places)
            try:
                annotation = _object(shapes, name, where, width=size[0], height=size[1])
            except (InvalidInput, ImageProblem) as error:
                yield Problem(where, error.message)
                continue
            if annotation.category not in self._categories:
                self._categories.add(annotation.category)
                yield ImportCategory(annotation.category)
            yield annotation

    def _name(self, file: str, given: Any) -> tuple[str, str | None]:
        """The image's name, and a note if it is the end of a path that leads out of the folder."""
        if not isinstance(given, str):
            return records.image_name(given), None
        path = given.replace("\\", "/")
        name = posixpath.normpath(posixpath.join(posixpath.dirname(file), path))
        note = None
        if name.startswith(("../", "/")) or path[1:2] == ":":
            name = posixpath.basename(path)
            note = f"The image's path {records.shown(given)} leads out of the folder; {records.shown(name)} is taken."
        return files.known_as(records.image_name(name), self.images), note


def _grouped(shapes: list[Any]) -> Iterator[tuple[list[int], list[Any]]]:
    """Indices and shapes of each object."""
    groups: dict[Any, list[int]] = {}
    for index, shape in enumerate(shapes):
        key: Any = index
        if isinstance(shape, dict) and isinstance(shape.get("group_id"), (int, str)):
            key = (shape["group_id"], str(shape.get("label")))
        groups.setdefault(key, []).append(index)
    for places in groups.values():
        yield places, [shapes[place] for place in places]


def _object(shapes: list[Any], image: str, where: str, *, width: int, height: int) -> ImportAnnotation:
    for shape in shapes:
        if not isinstance(shape, dict):
            raise InvalidInput(f"It is {records.shown(shape)} and no object.")
    first = shapes[0]
    category = records.category_name(first.get("label"))
    extra, given = records.rest(first, dict.fromkeys(_SHAPE)), Given({"shapes": shapes})
    if len(shapes) == 1 and first.get("shape_type") == "rectangle":
        box = _rectangle(_points(first), width=width, height=height)
        return ImportAnnotation(image, category, None, where, box=box, extra=extra, given=given)
    masks = [_mask(shape, width=width, height=height) for shape in shapes]
    mask = merge(masks[0], masks[1:]).mask if len(masks) > 1 else masks[0]
    return ImportAnnotation(image, category, mask, where, extra=extra, given=given)


def _mask(shape: dict[str, Any], *, width: int, height: int) -> Mask:
    kind = shape.get("shape_type", "polygon")
    points = _points(shape)
    if kind in ("polygon", "oriented_rectangle", None):
        return _polygon(points, width=width, height=height)
    if kind == "rectangle":
        x0, y0, x1, y1 = _rectangle(points, width=width, height=height)
        return _polygon([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], width=width, height=height)
    if kind == "circle":
        return _circle(points, width=width, height=height)
    if kind == "mask":
        return _picture(shape.get("mask"), points, width=width, height=height)
    raise InvalidInput(f"A shape of the kind {records.shown(kind)} has no area.")


def _points(shape: dict[str, Any]) -> list[tuple[float, float]]:
    points = shape.get("points")
    if not isinstance(points, list) or not all(records.reals(point, 2) for point in points):
        raise InvalidInput("The points must be a list of pairs of finite numbers.")
    return [(float(x), float(y)) for x, y in points]


def _polygon(points: list[tuple[float, float]], *, width: int, height: int) -> Mask:
    return records.drawn([[value for point in points for value in point]], height=height, width=width)


def _rectangle(points: list[tuple[float, float]], *, width: int, height: int) -> Box:
    """Two corners, or all four."""
    if len(points) not in (2, 4):
        raise InvalidInput(f"A rectangle has {len(points)} points; two or four are needed.")
    (xs, ys) = zip(*points, strict=True)
    return records.box_inside(min(xs), min(ys), max(xs), max(ys), height=height, width=width)


def _circle(points: list[tuple[float, float]], *, width: int, height: int) -> Mask:
    """The pixels whose centre is inside the circle around the first point through the second."""
    if len(points) != 2:
        raise InvalidInput(f"A circle has {len(points)} points; its centre and one on its line are needed.")
    (x, y), (edge_x, edge_y) = points
    radius = math.hypot(edge_x - x, edge_y - y)
    box = records.box_inside(x - radius, y - radius, x + radius, y + radius, height=height, width=width)
    left, top, right, bottom = math.floor(box[0]), math.floor(box[1]), math.ceil(box[2]), math.ceil(box[3])
    across = (np.arange(left, right) + 0.5 - x) ** 2
    inside = np.empty((bottom - top, right - left), bool)
    for row in range(top, bottom):  # one by one: the distances of all pixels take eight times the memory of the mask
        np.less_equal(across, radius**2 - (row + 0.5 - y) ** 2, out=inside[row - top])
    return records.not_empty(Mask.from_crop(inside, x=left, y=top, height=height, width=width))


def _picture(text: Any, points: list[tuple[float, float]], *, width: int, height: int) -> Mask:
    """A PNG whose top left pixel is at the first point; parts outside the image are cut off."""
    if not isinstance(text, str) or not points:
        raise InvalidInput("A mask needs its picture in base64 and the corners of its box.")
    try:
        content = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise InvalidInput("The picture of the mask is no valid base64.") from None
    values = decode_label_map(content).values
    x, y = round(points[0][0]), round(points[0][1])
    box = records.box_inside(x, y, x + values.shape[1], y + values.shape[0], height=height, width=width)
    left, top, right, bottom = map(int, box)
    crop = values[top - y : bottom - y, left - x : right - x] != 0
    return records.not_empty(Mask.from_crop(crop, x=left, y=top, height=height, width=width))
