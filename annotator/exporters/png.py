"""PNG files of label maps and cutouts: 8 or 16 bits, grey, palette, RGB or RGBA.

Source: PNG specification, https://www.w3.org/TR/png-3/
"""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from annotator.errors import ExportFailed

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_GREY, _RGB, _PALETTE, _RGBA = 0, 2, 3, 6
_CHANNELS = {_GREY: 1, _RGB: 3, _PALETTE: 1, _RGBA: 4}
_UP = 2

Pixels = npt.NDArray[Any]


def write_png(path: Path, pixels: Pixels, *, palette: npt.NDArray[np.uint8] | None = None) -> None:
    """Write an (H, W) uint8 or uint16 array, or an (H, W, 3 or 4) uint8 array of RGB or RGBA, without loss.

    Args:
        palette: (N, 3) colours, N at most 256; the values of an (H, W) uint8 array are then indices into it.
    """
    path.write_bytes(encode_png(pixels, palette=palette))


def encode_png(pixels: Pixels, *, palette: npt.NDArray[np.uint8] | None = None) -> bytes:
    """The bytes of what `write_png` writes."""
    height, width = pixels.shape[:2]
    kind = _kind(pixels, palette)
    rows = np.ascontiguousarray(pixels, dtype=">u2" if pixels.dtype == np.uint16 else np.uint8)
    raw = rows.view(np.uint8).reshape(height, -1)
    # Every row as its difference from the one above: label maps become almost only zeros.
    lines = np.empty((height, raw.shape[1] + 1), np.uint8)
    lines[:, 0] = _UP
    lines[:, 1:] = np.diff(raw, axis=0, prepend=np.zeros((1, raw.shape[1]), np.uint8))
    header = struct.pack(">IIBBBBB", width, height, 16 if pixels.dtype == np.uint16 else 8, kind, 0, 0, 0)
    colours = b"" if palette is None else _chunk(b"PLTE", np.ascontiguousarray(palette, np.uint8).tobytes())
    body = _chunk(b"IDAT", zlib.compress(lines.tobytes(), 6))
    return _SIGNATURE + _chunk(b"IHDR", header) + colours + body + _chunk(b"IEND", b"")


def read_png(path: Path) -> Pixels:
    """Read a file of `write_png` back; a palette's indices stay indices.

    Raises:
        ExportFailed: it is damaged or not of this module.
    """
    return decode_png(path.read_bytes(), where=str(path))


def decode_png(data: bytes, *, where: str) -> Pixels:
    """`read_png` of bytes."""
    try:
        chunks = dict(_chunks(data))
        width, height, depth, kind, *_ = struct.unpack(">IIBBBBB", chunks[b"IHDR"])
        lines = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), np.uint8).reshape(height, -1)
    except (KeyError, ValueError, struct.error, zlib.error) as error:
        raise ExportFailed(f"The written PNG {where} can't be read back ({error}); export again.") from error
    if (lines[:, 0] != _UP).any():
        raise ExportFailed(f"The PNG {where} was not written by this export; export again.")
    raw = np.cumsum(lines[:, 1:], axis=0, dtype=np.uint8)
    pixels: Pixels = raw.view(">u2").astype(np.uint16) if depth == 16 else raw
    channels = _CHANNELS[kind]
    return pixels.reshape((height, width) if channels == 1 else (height, width, channels))


def _kind(pixels: Pixels, palette: npt.NDArray[np.uint8] | None) -> int:
    shape, dtype = pixels.shape, pixels.dtype
    if palette is not None and len(shape) == 2 and dtype == np.uint8 and len(palette) <= 256:
        return _PALETTE
    if palette is None and len(shape) == 2 and dtype in (np.uint8, np.uint16):
        return _GREY
    if palette is None and len(shape) == 3 and shape[2] in (3, 4) and dtype == np.uint8:
        return _RGB if shape[2] == 3 else _RGBA
    raise ValueError(f"A PNG can't hold an array of shape {shape} and type {dtype}.")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _chunks(data: bytes) -> list[tuple[bytes, bytes]]:
    found, place = [], len(_SIGNATURE)
    while place < len(data):
        (length,) = struct.unpack_from(">I", data, place)
        kind, body = data[place + 4 : place + 8], data[place + 8 : place + 8 + length]
        if zlib.crc32(kind + body) != struct.unpack_from(">I", data, place + 8 + length)[0]:
            raise ValueError(f"the checksum of {kind!r} is wrong")
        found.append((kind, body))
        place += length + 12
    return found
