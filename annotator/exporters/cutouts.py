"""Cutouts: every object as a picture of its own with a transparent or coloured background."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import numpy.typing as npt

from annotator.domain.mask import Mask
from annotator.errors import BadSetting, ExportFailed
from annotator.exporters.base import ExportAnnotation, Option
from annotator.exporters.common import FolderExporter, Item, Work
from annotator.exporters.masks import file_part
from annotator.exporters.png import read_png, write_png

INDEX = "cutouts.json"
OPTIONS = (
    Option("padding", "Padding", "int", 0, "Empty pixels around the object.", minimum=0, maximum=10_000),
    Option("square", "Square", "bool", False, "Make width and height equal, with the object in the middle."),
    Option("background", "Background", "text", "transparent", "transparent, or a colour such as #ffffff."),
    Option(
        "inverted",
        "Inverted",
        "bool",
        False,
        "Remove the object and keep the rest of the whole image, instead of the object alone.",
    ),
)
Colour = tuple[int, int, int]


def _write(work: Work) -> None:
    colour = _colour(work.values["background"])
    folders = _category_folders(work)
    entries: list[dict[str, Any]] = []
    for item in work.items():
        if not item.annotations:
            continue
        picture = work.source.picture(item.image.id)
        if picture.shape[:2] != (item.image.height, item.image.width):
            raise ExportFailed(
                f"{item.image.name} is {picture.shape[1]}×{picture.shape[0]} now, not {item.image.width}×"
                f"{item.image.height} as annotated; put the original file back."
            )
        for row in item.annotations:
            folder = folders[work.numbers[row.category_id] - 1]
            entries.append(_write_one(work, item, row, picture, colour, folder))
    work.write_json(entries, INDEX)


def _write_one(
    work: Work,
    item: Item,
    row: ExportAnnotation,
    picture: npt.NDArray[np.uint8],
    colour: Colour | None,
    folder: str,
) -> dict[str, Any]:
    mask = row.mask.to_array()
    if work.values["inverted"]:
        left, top, width, height = 0, 0, item.image.width, item.image.height
        kept = ~mask
    else:
        left, top, width, height = _frame(row.mask, padding=work.values["padding"], square=work.values["square"])
        kept = mask
    alpha = _window(kept, left, top, width, height)
    pixels = np.zeros((height, width, 4), np.uint8)
    # Removed pixels keep no colour either: transparency alone would still give them away.
    pixels[alpha, :3] = _window(picture, left, top, width, height)[alpha]
    pixels[..., 3] = alpha * np.uint8(255)
    if colour is not None:
        pixels[~alpha, :3] = colour
        pixels = np.ascontiguousarray(pixels[..., :3])
    path = work.path(*filter(None, (item.split, folder)), f"{item.stem}-{row.id}.png")
    write_png(path, pixels)
    _check(work, item, row, read_png(path), pixels, (left, top))
    return {
        "file": path.relative_to(work.folder).as_posix(),
        "image": item.image.name,
        "split": item.split or None,
        "object": row.id,
        "category": work.categories[work.numbers[row.category_id] - 1].name,
        "x": left,
        "y": top,
    }


def _check(
    work: Work,
    item: Item,
    row: ExportAnnotation,
    found: npt.NDArray[Any],
    pixels: npt.NDArray[np.uint8],
    corner: tuple[int, int],
) -> None:
    """What was read back is what was written; where transparency tells, it also is the stored mask."""
    if not np.array_equal(found, pixels):
        raise ExportFailed(f"Object {row.id} of {item.image.name} could not be read back; export again.")
    if found.shape[2] == 3:
        work.note(row, item.image, 1.0)
        return
    alpha = (found[..., 3] == 0) if work.values["inverted"] else (found[..., 3] == 255)
    seen = _window(alpha, -corner[0], -corner[1], item.image.width, item.image.height)
    work.require_equal(row, item.image, Mask.from_array(seen))


def _frame(mask: Mask, *, padding: int, square: bool) -> tuple[int, int, int, int]:
    """Left, top, width and height of a cutout in image pixels; it may reach beyond the image."""
    x, y, width, height = mask.bbox
    x, y, width, height = x - padding, y - padding, width + 2 * padding, height + 2 * padding
    if square:
        side = max(width, height)
        x, y, width, height = x - (side - width) // 2, y - (side - height) // 2, side, side
    return x, y, width, height


def _window(array: npt.NDArray[Any], left: int, top: int, width: int, height: int) -> npt.NDArray[Any]:
    """A part of an array that may reach beyond it; there it is zero."""
    result = np.zeros((height, width, *array.shape[2:]), array.dtype)
    x0, y0 = max(left, 0), max(top, 0)
    x1, y1 = min(left + width, array.shape[1]), min(top + height, array.shape[0])
    if x1 > x0 and y1 > y0:
        result[y0 - top : y1 - top, x0 - left : x1 - left] = array[y0:y1, x0:x1]
    return result


def _colour(text: str) -> Colour | None:
    if text == "transparent":
        return None
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", text):
        raise BadSetting(
            f"background is {text!r}; use transparent or a colour such as #ffffff.", field="options.background"
        )
    return int(text[1:3], 16), int(text[3:5], 16), int(text[5:7], 16)


def _category_folders(work: Work) -> list[str]:
    """A folder for every category, named like it: what image classification reads."""
    folders: list[str] = []
    for number, row in enumerate(work.categories, 1):
        name = file_part(row.name)
        taken = {folder.casefold() for folder in folders}
        folders.append(f"{name}-{number}" if name.casefold() in taken else name)
    return folders


CUTOUTS = FolderExporter("cutouts", "Cutouts (PNG with transparency, one per object)", _write, OPTIONS)
"""Writes `[<split>/]<category>/<image>-<object>.png` and `cutouts.json`."""
