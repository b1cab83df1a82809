"""From any of Pillow's modes to 8-bit RGB in display orientation."""

from __future__ import annotations

from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
from PIL import ExifTags, Image, ImageCms, PngImagePlugin

LOW_PERCENTILE = 0.1
HIGH_PERCENTILE = 99.9
DEEP_MODES = frozenset({"I;16", "I;16L", "I;16B", "I;16N", "I", "F"})
"""Modes whose values don't fit 8 bits; they are windowed by percentiles."""

_SAMPLE = 4_000_000
_MID_GREY = 128
_TRANSPOSE = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def to_rgb(image: Image.Image) -> Image.Image:
    """The picture as RGB in its stored orientation.

    Values of more than 8 bits are windowed, transparency is composited on white (what a browser's empty page and a
    print show), CMYK is converted with the inversion that Adobe's JPEGs need. Embedded colour profiles are not applied.
    """
    if image.mode in DEEP_MODES:
        return Image.fromarray(window(np.asarray(image))).convert("RGB")
    if image.mode == "LAB":
        profiles = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
        converted = ImageCms.applyTransform(image, ImageCms.buildTransform(*profiles, "LAB", "RGB"))
        assert converted is not None
        return converted
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        page = Image.new("RGB", layer.size, "white")
        page.paste(layer, mask=layer.getchannel("A"))
        return page
    return image.convert("RGB")


def window(values: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    """Map (H, W) values linearly to 0..255, the 0.1 percentile to 0 and the 99.9 percentile to 255.

    Sensors store 12 bits in 16, so the range of the type says nothing. A constant picture becomes mid-grey, or black
    where it is zero; values that are no number become black.
    """
    step = max(1, round((values.size / _SAMPLE) ** 0.5))
    sample = values[::step, ::step]
    finite = sample[np.isfinite(sample)]
    if finite.size == 0:
        return np.zeros(values.shape, np.uint8)
    low, high = (float(value) for value in np.percentile(finite, (LOW_PERCENTILE, HIGH_PERCENTILE)))
    if low == high:
        # Nearly everything has one value; the few others decide what there is to see.
        low, high = float(finite.min()), float(finite.max())
    if low == high:
        return np.full(values.shape, _MID_GREY if low else 0, np.uint8)
    if values.dtype.kind == "u" and values.dtype.itemsize == 2:
        shown: npt.NDArray[np.uint8] = _scale(np.arange(65536, dtype=np.float32), low, high)[values]
        return shown
    return _scale(values.astype(np.float64 if values.dtype.kind == "i" else np.float32), low, high)


def _scale(values: npt.NDArray[Any], low: float, high: float) -> npt.NDArray[np.uint8]:
    with np.errstate(all="ignore"):
        values = np.nan_to_num((values - low) * (255.0 / (high - low)), nan=0.0, posinf=255.0, neginf=0.0)
        scaled: npt.NDArray[np.uint8] = np.clip(np.rint(values), 0, 255).astype(np.uint8)
    return scaled


def read_exif(image: Image.Image, stream: BinaryIO) -> Image.Exif | None:
    """EXIF metadata (its orientation from XMP where EXIF has none); None when it is unreadable.

    Looks at the header only, except for a PNG that keeps metadata behind its pixels.
    """
    try:
        if isinstance(image, PngImagePlugin.PngImageFile) and "exif" not in image.info:
            if _metadata_behind_pixels(stream):
                image.load()
            # The PNG class would load all pixels to look for late metadata.
            return Image.Image.getexif(image)
        return image.getexif()
    except Exception:  # damaged metadata, in as many ways as there are types; the pixels are fine without
        return None


def orientation(image: Image.Image, exif: Image.Exif | None) -> int:
    """The orientation 1–8 still to be applied to a picture with this metadata."""
    if image.format == "TIFF" or exif is None:
        return 1  # Pillow turns TIFFs itself while loading and has swapped their size already
    value = exif.get(ExifTags.Base.Orientation, 1)
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def claims_other_size(image: Image.Image, exif: Image.Exif) -> bool:
    """Whether EXIF claims another size than the pixels have: browsers may then scale the picture by its density."""
    try:
        ifd = exif.get_ifd(ExifTags.IFD.Exif)
    except Exception:  # damaged metadata, as above; what a browser reads from it is anybody's guess
        return True
    claimed = (ifd.get(ExifTags.Base.ExifImageWidth), ifd.get(ExifTags.Base.ExifImageHeight))
    return any(claim is not None and claim != actual for claim, actual in zip(claimed, image.size, strict=True))


def turned(image: Image.Image, value: int) -> Image.Image:
    """The picture in display orientation, given its EXIF orientation."""
    method = _TRANSPOSE.get(value)
    return image if method is None else image.transpose(method)


def turned_size(size: tuple[int, int], value: int) -> tuple[int, int]:
    """(width, height) in display orientation of a picture stored with `size`."""
    return (size[1], size[0]) if value >= 5 else size


def note(image: Image.Image) -> str | None:
    """What is worth knowing about how a picture is shown, as one line; None for the ordinary."""
    parts = [part for part in (_frames(image), _depth(image)) if part]
    if image.mode == "CMYK":
        parts.append("CMYK, shown converted to RGB")
    if image.has_transparency_data and image.mode not in DEEP_MODES:
        parts.append("transparency shown on white")
    return "; ".join(parts) or None


def frame_count(image: Image.Image) -> int:
    """Number of frames or pages; 1 when it can't be told."""
    try:
        return int(getattr(image, "n_frames", 1))
    except Exception:  # later frames are damaged; only the first one is used
        return 1


def _frames(image: Image.Image) -> str | None:
    if image.format == "PSD":
        return None  # Pillow counts layers, and shows the merged picture
    frames = frame_count(image)
    if frames < 2:
        return None
    if image.format == "MPO":
        return f"main picture of {frames} in the file"
    return f"first of {frames} {'pages' if image.format in ('TIFF', 'DCX') else 'frames'}"


def _depth(image: Image.Image) -> str | None:
    if image.mode not in DEEP_MODES:
        return None
    bits = {"I": "more than 8 bits", "F": "floating point"}.get(image.mode, "16-bit")
    return f"{bits}, shown between its {LOW_PERCENTILE:g} and {HIGH_PERCENTILE:g} percentiles"


def _metadata_behind_pixels(stream: BinaryIO) -> bool:
    """Whether a PNG has EXIF or text chunks after its first pixel chunk; the file's position is kept."""
    position = stream.tell()
    try:
        stream.seek(8)
        pixels = False
        while len(head := stream.read(8)) == 8:
            kind = head[4:]
            if pixels and kind in (b"eXIf", b"iTXt", b"tEXt", b"zTXt"):
                return True
            pixels = pixels or kind == b"IDAT"
            stream.seek(int.from_bytes(head[:4], "big") + 4, 1)
        return False
    finally:
        stream.seek(position)
