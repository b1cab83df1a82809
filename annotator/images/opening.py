"""Opening foreign files with Pillow: whatever is in them ends as pixels or as an ImageProblem with the reason."""

from __future__ import annotations

import functools
import os
import re
import stat
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from PIL import Image, UnidentifiedImageError

from annotator.errors import ImageProblem

MAX_PIXELS = 100_000_000
"""Largest picture that is decoded, in pixels; more is taken for a decompression bomb."""

# EPS would start Ghostscript on a stranger's program; the others are stubs that Pillow can name but not read.
_NOT_READ = frozenset({"BUFR", "EPS", "GRIB", "HDF5", "MPEG", "WMF"})

_PILLOW = r"PIL\."
_SIGNATURES = {
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"\xff\xd8\xff": "JPEG",
    b"GIF8": "GIF",
    b"BM": "BMP",
    b"II*\x00": "TIFF",
    b"MM\x00*": "TIFF",
    b"RIFF": "WebP",
    b"\x00\x00\x00\x0cjP  ": "JPEG 2000",
}


@functools.cache
def formats() -> tuple[str, ...]:
    """Pillow's names of the formats that are read, in the order in which they are tried."""
    Image.init()
    with suppress(ImportError):
        import pillow_heif

        pillow_heif.register_heif_opener()
    return tuple(name for name in Image.ID if name in Image.OPEN and name not in _NOT_READ)


@functools.cache
def suffixes() -> frozenset[str]:
    """Lower-case file suffixes, with the dot, of the formats that are read."""
    # MPO has no opener of its own: the JPEG one finds out that a file is one.
    names = {*formats(), "MPO"}
    return frozenset(suffix for suffix, name in Image.registered_extensions().items() if name in names)


@contextmanager
def opened(path: Path) -> Iterator[tuple[Image.Image, BinaryIO]]:
    """The picture in a file, its header read and its size checked, and the file it is read from; closed afterwards.

    Raises:
        ImageProblem: the file can't be read or is no usable picture; also for any failure inside the `with` block,
            so that code there may use Pillow freely.
    """
    _silence_pillow()
    names = formats()
    try:
        with _regular_file(path) as stream, Image.open(stream, formats=names) as image:
            require_size(path, image.size)
            yield image, stream
    except ImageProblem:
        raise
    except Exception as error:
        # This room's door: Pillow's decoders raise nearly every type there is when fed damaged files.
        raise ImageProblem(f"“{path.name}” can't be shown: {_reason(path, error)}") from error


def require_size(path: Path, size: tuple[int, int]) -> None:
    """Check a picture's (width, height) before its pixels are decoded.

    Raises:
        ImageProblem: it has no pixels or more than MAX_PIXELS.
    """
    width, height = size
    if width < 1 or height < 1:
        raise ImageProblem(f"“{path.name}” can't be shown: it has no pixels ({width}×{height}).")
    if width * height > MAX_PIXELS:
        raise ImageProblem(
            f"“{path.name}” can't be shown: it claims {width}×{height} = {width * height / 1e6:.0f} megapixels, the"
            f" limit is {MAX_PIXELS // 1_000_000}; scale it down or cut it into parts."
        )


def _silence_pillow() -> None:
    # Pillow warns about oddities of files, which are not the program's. `warnings.catch_warnings` would mix up the
    # filters of threads that decode at once, so the filter stays; it is put first again where others were added.
    first = warnings.filters[0] if warnings.filters else None
    if first is None or first[0] != "ignore" or first[3] != re.compile(_PILLOW):
        warnings.filterwarnings("ignore", module=_PILLOW)


def _regular_file(path: Path) -> BinaryIO:
    """Open a file for reading; a pipe or device, which could block for ever, is refused."""
    status = os.stat(path)
    if stat.S_ISDIR(status.st_mode):
        raise ImageProblem(f"“{path.name}” can't be shown: it is a folder, not a file.")
    if not stat.S_ISREG(status.st_mode):
        raise ImageProblem(f"“{path.name}” can't be shown: it is not a regular file.")
    if status.st_size == 0:
        raise ImageProblem(f"“{path.name}” can't be shown: the file is empty (0 bytes); get it again from its source.")
    return path.open("rb")


def _reason(path: Path, error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return "the file does not exist any more; put it back."
    if isinstance(error, PermissionError):
        return "reading it is not permitted; change its access rights."
    if isinstance(error, Image.DecompressionBombError):
        return f"it claims far more than {MAX_PIXELS // 1_000_000} megapixels; scale it down or cut it into parts."
    if isinstance(error, MemoryError):
        return "there is not enough memory for it; scale it down."
    if isinstance(error, UnidentifiedImageError):
        return _unidentified(path)
    detail = _printable(str(error)) or "no details"
    if "truncated" in detail.lower():
        return f"the file is truncated ({detail}); get it again from its source."
    if isinstance(error, OSError) and error.errno is not None:
        return f"the file can't be read ({error.strerror})."
    return (
        f"the file is damaged or of an unsupported kind ({type(error).__name__}: {detail}); convert it to PNG or JPEG."
    )


def _unidentified(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            start = stream.read(16)
    except OSError:
        start = b""
    for signature, name in _SIGNATURES.items():
        if start.startswith(signature):
            return f"it begins like a {name} file but its header is damaged; get it again from its source."
    if start.startswith(b"%!PS"):
        return "EPS and PostScript files are programs and are not run; convert it to PNG."
    return "it is not a picture of a known format, or its header is damaged; convert it to PNG or JPEG."


def _printable(text: str) -> str:
    return "".join(character for character in text if character.isprintable())[:120]
