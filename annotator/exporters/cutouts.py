"""Cutouts: each object as a picture of its own, its background transparent or of one colour."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import numpy.typing as npt

from annotator.errors import BadSetting, ExportFailed
from annotator.exporters.base import ExportAnnotation, Option
from annotator.exporters.folder import FolderExporter, Item, Job
from annotator.exporters.png import read_png, write_png


class CutoutWriter:
    """Writes cutouts/<category id>/<split>/<name>/<object id>.png."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._colour = read_colour(job.values["background"])

    def write(self, item: Item) -> list[float | None]:
        """See `Writer.write`; None with a background colour, where the mask can't be read back."""
        if not item.annotations:
            return []
        picture = self._job.source.picture(item.image.id)
        if picture.shape[:2] != (item.image.height, item.image.width):
            raise ExportFailed(
                f"The picture {item.image.name} has another size than its masks; the file was changed. Put it back."
            )
        found: list[float | None] = []
        for annotation in item.annotations:
            pixels, keep = cutout(picture, annotation, self._job.values)
            path = self._job.place(f"cutouts/{annotation.category_id}", item, f"/{annotation.id}.png")
            if self._colour is None:
                write_png(path, np.dstack([pixels, keep.astype(np.uint8) * 255]))
                found.append(_iou(read_png(path)[:, :, 3] > 0, keep))
            else:
                pixels[~keep] = self._colour
                write_png(path, pixels)
                found.append(None)
        return found

    def finish(self) -> list[str]:
        """A note where masks can't be compared."""
        return [] if self._colour is None else ["With a background colour the masks can't be read back and compared."]


def cutout(
    picture: npt.NDArray[np.uint8], annotation: ExportAnnotation, values: dict[str, Any]
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.bool_]]:
    """An object's RGB pixels, black where it isn't, and which pixels are kept; (h, w, 3) and (h, w).

    `padding` may reach over the image's border, where nothing is kept.
    """
    x, y, width, height = annotation.mask.bbox
    across, down = width, height
    if values["square"]:
        across = down = max(width, height)
    left = x - (across - width) // 2 - values["padding"]
    top = y - (down - height) // 2 - values["padding"]
    across, down = across + 2 * values["padding"], down + 2 * values["padding"]
    rows = slice(max(top, 0), min(top + down, picture.shape[0]))
    columns = slice(max(left, 0), min(left + across, picture.shape[1]))
    inside = annotation.mask.to_array()[rows, columns]
    chosen = ~inside if values["inverted"] else inside
    keep = np.zeros((down, across), bool)
    pixels = np.zeros((down, across, 3), np.uint8)
    place = (slice(rows.start - top, rows.stop - top), slice(columns.start - left, columns.stop - left))
    keep[place] = chosen
    # Nothing of what was cut away stays hidden under the transparency.
    pixels[place][chosen] = picture[rows, columns][chosen]
    return pixels, keep


def read_colour(text: str) -> tuple[int, int, int] | None:
    """#rrggbb as red, green and blue; None for an empty text.

    Raises:
        BadSetting: it is something else.
    """
    if not text:
        return None
    if not re.fullmatch("#[0-9a-fA-F]{6}", text):
        raise BadSetting(
            f"background is {text!r}; use a colour such as #ffffff, or nothing for transparent.",
            field="options.background",
        )
    red, green, blue = bytes.fromhex(text[1:])
    return red, green, blue


def _iou(found: npt.NDArray[np.bool_], wanted: npt.NDArray[np.bool_]) -> float:
    union = int((found | wanted).sum())
    return int((found & wanted).sum()) / union if union else 1.0


CUTOUTS = FolderExporter(
    "cutouts",
    "Cutouts (a PNG per object, transparent background)",
    (
        Option("padding", "Padding", "int", 0, "Pixels around the object's box."),
        Option("square", "Square", "bool", False, "Make every cutout square around its object."),
        Option("background", "Background", "text", "", "A colour such as #ffffff; nothing for transparent."),
        Option("inverted", "Inverted", "bool", False, "Keep what is around the object and remove the object."),
    ),
    CutoutWriter,
)
