"""The pictures beside the annotations: copied, linked, written anew, or only named."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from annotator.errors import ExportFailed
from annotator.exporters.base import ExportImage, ExportSource, Option
from annotator.exporters.png import write_png

PICTURES = Option(
    "pictures",
    "Pictures",
    "choice",
    "none",
    "none: names only; copy: the original files; link: symbolic links to them; png: pixels as annotated, upright"
    " even for readers that ignore EXIF.",
    ("none", "copy", "link", "png"),
)
"""An option of every exporter whose readers want the pictures."""


def put_picture(
    source: ExportSource, image: ExportImage, *, kind: str, stem: Path, suffix: str, warn: Callable[[str], None]
) -> Path:
    """Put the picture of an image at a path without suffix; the whole path, where it belongs if kind is `none`.

    Args:
        kind: a choice of `PICTURES`.
        suffix: of the original, with its dot.

    Raises:
        ExportFailed: the original file is missing.
    """
    original = source.file(image.id) if kind in ("copy", "link") else None
    if original is not None and not original.is_file():
        raise ExportFailed(
            f"The file of {image.name} is missing ({str(original)!r}), so nothing was exported; put it back or"
            " export with pictures=none."
        )
    # Not `with_suffix`, which would take the end of a stem such as `v1.2` for one.
    if kind == "none":
        return stem.with_name(stem.name + suffix)
    stem.parent.mkdir(parents=True, exist_ok=True)
    if original is None:
        path = stem.with_name(stem.name + ".png")
        write_png(path, source.picture(image.id))
        if kind != "png":
            warn("Images without an original file were written as PNG.")
        return path
    path = stem.with_name(stem.name + suffix)
    if kind == "copy":
        shutil.copyfile(original, path)
    else:
        os.symlink(original.resolve(), path)
    return path
