"""Small pictures for lists."""

from __future__ import annotations

from pathlib import Path

from annotator.images.cache import write_whole
from annotator.images.decode import read_rgb

THUMBNAIL_LONGEST = 192
_QUALITY = 80


def thumbnail(path: Path, cache_dir: Path, source_hash: str, *, longest: int = THUMBNAIL_LONGEST) -> Path:
    """A JPEG in display orientation whose longest side is at most `longest` pixels, made once per source.

    Raises:
        ImageProblem: the file can't be shown as an image.
        StorageProblem: the cache can't be written.
    """
    target = cache_dir / f"{source_hash}-{longest}.jpg"
    if target.is_file():
        return target
    image, _ = read_rgb(path, longest=longest)
    return write_whole(target, lambda stream: image.save(stream, "JPEG", quality=_QUALITY))
