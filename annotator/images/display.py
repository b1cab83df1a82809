"""The picture as a browser shows it: the file itself where every browser shows what `decode` gives, else a copy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, BinaryIO

from PIL import Image

from annotator.images import convert
from annotator.images.cache import write_whole
from annotator.images.decode import fitted, read_rgb
from annotator.images.identity import source_hash as hash_of
from annotator.images.opening import opened

DISPLAY_LONGEST = 4096
"""Pictures with a longer side are displayed from a scaled copy; browsers take textures of 4096."""

_AS_IT_IS = {"JPEG": "image/jpeg", "MPO": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}
_LOSSY = frozenset({"JPEG", "MPO", "WEBP", "AVIF", "HEIF", "JPEG2000"})
_LOSSLESS_PIXELS = 4_000_000
_QUALITY = 92


@dataclass(frozen=True, slots=True)
class DisplayFile:
    """A file that browsers show; `width` and `height` are its own pixels, which may be fewer than the image's."""

    path: Path
    media_type: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class _Plan:
    size: tuple[int, int]
    media_type: str | None  # of the file itself, when it is handed out as it is
    lossless: bool
    profile: bytes | None


def display_size(*, width: int, height: int, full: bool = False) -> tuple[int, int]:
    """(width, height) of the picture that `display_image` gives for an image of this size (display orientation)."""
    if full or not (width and height):  # a picture that can't be read has no size
        return width, height
    return fitted((width, height), DISPLAY_LONGEST)


def display_image(path: Path, cache_dir: Path, source_hash: str | None = None, *, full: bool = False) -> DisplayFile:
    """A file that shows the whole picture in display orientation, scaled when it is huge.

    8-bit JPEG, PNG and WebP with one frame, upright, opaque and not huge are handed out untouched. Everything else is
    converted once, into `cache_dir` under the hash of its source: lossless for small and deep pictures, JPEG otherwise.

    Args:
        source_hash: as `identity.source_hash` gives it; computed when missing.
        full: never scale.

    Raises:
        ImageProblem: the file can't be shown as an image.
        StorageProblem: the cache can't be written.
    """
    plan = _plan(path, full=full)
    if plan.media_type is not None:
        return DisplayFile(path, plan.media_type, *plan.size)
    stem = f"{source_hash or hash_of(path)}{'-full' if full else ''}"
    if plan.lossless:
        target, media_type = cache_dir / f"{stem}.png", "image/png"
        options: dict[str, Any] = {"format": "PNG", "compress_level": 1}
    else:
        target, media_type = cache_dir / f"{stem}.jpg", "image/jpeg"
        options = {"format": "JPEG", "quality": _QUALITY, "subsampling": 0}
    if not target.is_file():
        write_whole(target, _writer(path, plan, {**options, "icc_profile": plan.profile}))
    return DisplayFile(target, media_type, *plan.size)


def _writer(path: Path, plan: _Plan, options: dict[str, Any]) -> Callable[[IO[bytes]], None]:
    image, _ = read_rgb(path, longest=max(plan.size))
    if image.size != plan.size:
        # A format that learns its true size while decoding (ICO, ICNS); the promised size wins.
        image = image.resize(plan.size, Image.Resampling.BICUBIC)
    return lambda stream: image.save(stream, **options)


def _plan(path: Path, *, full: bool) -> _Plan:
    with opened(path) as (image, stream):
        exif = convert.read_exif(image, stream)
        turn = convert.orientation(image, exif)
        width, height = convert.turned_size(image.size, turn)
        size = display_size(width=width, height=height, full=full)
        profile = image.info.get("icc_profile") or None
        rgb_profile = isinstance(profile, bytes) and profile[16:20] == b"RGB "
        as_it_is = (
            image.format in _AS_IT_IS
            and (image.mode == "L" or (image.mode == "RGB" and (profile is None or rgb_profile)))
            and size == image.size
            and turn == 1
            and not image.has_transparency_data
            and not (image.format == "PNG" and _deep_png(stream))
            and (image.format == "MPO" or convert.frame_count(image) == 1)
            and exif is not None
            and not convert.claims_other_size(image, exif)
        )
        small = size[0] * size[1] <= _LOSSLESS_PIXELS
        return _Plan(
            size=size,
            media_type=_AS_IT_IS[image.format or ""] if as_it_is else None,
            lossless=image.format not in _LOSSY and (small or image.mode in convert.DEEP_MODES),
            profile=profile if rgb_profile and image.mode == "RGB" else None,
        )


def _deep_png(stream: BinaryIO) -> bool:
    """Whether a PNG has more than 8 bits a channel, which Pillow cuts and a browser may round."""
    position = stream.tell()
    try:
        stream.seek(24)  # the bit depth in the header chunk
        return stream.read(1) > b"\x08"
    finally:
        stream.seek(position)
