"""Any picture file as 8-bit RGB in display orientation: the one path by which pixels enter the program."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from annotator.images import convert
from annotator.images.opening import MAX_PIXELS, opened, require_size

__all__ = ["MAX_PIXELS", "DecodedImage", "ImageInfo", "decode", "probe", "scaled"]


@dataclass(frozen=True, slots=True, eq=False)
class DecodedImage:
    """Pixels of a picture.

    Attributes:
        pixels: (H, W, 3) uint8 RGB in display orientation, C-contiguous.
        note: what is worth knowing about how it is shown ("first of 41 frames"), if anything.
    """

    pixels: npt.NDArray[np.uint8]
    note: str | None = None


@dataclass(frozen=True, slots=True)
class ImageInfo:
    """What a picture's header says.

    Attributes:
        width, height: size in pixels, display orientation.
        format: Pillow's name of the format.
        note: as in DecodedImage.
    """

    width: int
    height: int
    format: str
    note: str | None = None


def decode(path: Path) -> DecodedImage:
    """Decode a file: EXIF orientation applied, first frame, deep values windowed, transparency on white.

    Raises:
        ImageProblem: the file can't be shown as an image; the message says why.
    """
    image, note = read_rgb(path)
    return DecodedImage(np.array(image), note)


def probe(path: Path) -> ImageInfo:
    """Read the header of a file, fast; the pixels may still turn out to be damaged.

    Raises:
        ImageProblem: the file can't be shown as an image; the message says why.
    """
    with opened(path) as (image, stream):
        size = convert.turned_size(image.size, convert.orientation(image, convert.read_exif(image, stream)))
        return ImageInfo(*size, format=image.format or "unknown", note=convert.note(image))


def is_upright(path: Path) -> bool:
    """Whether every reader shows the file in display orientation: it is of a common kind and not stored turned.

    Raises:
        ImageProblem: the file can't be shown as an image; the message says why.
    """
    with opened(path) as (image, stream):
        return image.format in ("JPEG", "PNG", "BMP", "WEBP", "TIFF") and (
            convert.orientation(image, convert.read_exif(image, stream)) == 1
        )


def scaled(path: Path, longest: int) -> DecodedImage:
    """Decode a file to at most `longest` pixels on its longest side, faster than `decode` for JPEG.

    The whole picture is covered, so that coordinates scale by the ratio of the sizes.

    Raises:
        ImageProblem: the file can't be shown as an image; the message says why.
    """
    image, note = read_rgb(path, longest=longest)
    return DecodedImage(np.array(image), note)


def read_rgb(path: Path, *, longest: int | None = None) -> tuple[Image.Image, str | None]:
    """`decode` and `scaled` as a Pillow image in mode RGB, and its note.

    Raises:
        ImageProblem: the file can't be shown as an image; the message says why.
    """
    with opened(path) as (image, stream):
        value = convert.orientation(image, convert.read_exif(image, stream))
        size, area = image.size, _draft(image, longest)
        image.load()
        require_size(path, image.size)  # some formats know their true size only now
        rgb = convert.to_rgb(image)
        note = convert.note(image)  # last, because counting the frames of a GIF drops the pixels
        if longest is not None:
            if area is None:
                size, area = rgb.size, (0.0, 0.0, float(rgb.width), float(rgb.height))
            target = fitted(size, longest)
            if target != rgb.size:
                rgb = rgb.resize(target, Image.Resampling.BICUBIC, box=area, reducing_gap=3.0)
        return convert.turned(rgb, value), note


def _draft(image: Image.Image, longest: int | None) -> tuple[float, float, float, float] | None:
    """Have a JPEG decoded at 1/2, 1/4 or 1/8; the part of those pixels that shows the picture."""
    if longest is None or max(image.size) <= longest:
        return None
    drafted = image.draft(None, fitted(image.size, longest))
    return None if drafted is None else drafted[1]


def fitted(size: tuple[int, int], longest: int) -> tuple[int, int]:
    """(width, height) scaled down, proportions kept, so that the longest side is at most `longest` pixels."""
    width, height = size
    scale = min(1.0, longest / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))
