"""A picture whose values are numbers of categories or objects, as it is stored: nothing is converted to colours."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from annotator.errors import ImageProblem
from annotator.images.opening import opened, require_size


@dataclass(frozen=True, slots=True, eq=False)
class LabelMap:
    """Values of a label map.

    Attributes:
        values: (H, W) unsigned or signed integers in the orientation they are stored in.
        deep: it has more than 8 bits, as maps of single objects do.
        coloured: the values are colours, 0xRRGGBB.
        colours: `#rrggbb` by value, for a picture with a palette.
    """

    values: npt.NDArray[Any]
    deep: bool = False
    coloured: bool = False
    colours: dict[int, str] = field(default_factory=dict)


def read_label_map(path: Path) -> LabelMap:
    """Read a picture's values: a palette's indices, grey values of 1, 8, 16 or 32 bits, or packed colours.

    Raises:
        ImageProblem: the file can't be read as an image, is too large, or holds no whole numbers.
    """
    with opened(path) as (image, _):
        require_size(path, image.size)
        image.load()
        require_size(path, image.size)
        if image.mode in ("P", "L", "1"):
            return LabelMap(np.array(image, dtype=np.uint8), colours=_palette(image))
        if image.mode.startswith("I"):
            return LabelMap(np.array(image), deep=True)
        if image.mode in ("RGB", "RGBA", "PA", "LA"):
            return _packed(image)
        raise ImageProblem(f"{path.name} has pixels of the kind {image.mode}, which are no whole numbers.")


def decode_label_map(content: bytes) -> LabelMap:
    """`read_label_map` for a picture inside another file.

    Raises:
        ImageProblem: as in read_label_map.
    """
    # By way of a file, so that there is one way in for foreign pixels with one set of checks.
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "mask.png")
        path.write_bytes(content)
        return read_label_map(path)


def _palette(image: Image.Image) -> dict[int, str]:
    palette = image.getpalette("RGB") if image.mode == "P" else None
    if palette is None:
        return {}
    return {
        value: "#{:02x}{:02x}{:02x}".format(*palette[3 * value : 3 * value + 3]) for value in range(len(palette) // 3)
    }


def _packed(image: Image.Image) -> LabelMap:
    if image.mode in ("PA", "LA"):
        return LabelMap(np.array(image.getchannel(0), dtype=np.uint8))
    values: npt.NDArray[Any] = np.zeros((image.height, image.width), np.uint32)
    for channel in range(3):
        values = (values << 8) | np.asarray(image.getchannel(channel), dtype=np.uint32)
    return LabelMap(values, coloured=True)
