"""PNG files of whole-number arrays, written without changing a value, and read back.

Format: https://www.w3.org/TR/png-3/
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


def write_png(path: Path, pixels: npt.NDArray[Any], *, palette: npt.NDArray[np.uint8] | None = None) -> None:
    """Write `encode_png` of the pixels; the folder is made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encode_png(pixels, palette=palette))


def encode_png(pixels: npt.NDArray[Any], *, palette: npt.NDArray[np.uint8] | None = None) -> bytes:
    """(H, W) uint8 or uint16, (H, W, 3) or (H, W, 4) uint8 as a file; with a palette (N, 3) the values are its rows."""
    depth = pixels.dtype.itemsize * 8
    kind = _PALETTE if palette is not None else {2: _GREY, 3: _RGB, 4: _RGBA}[pixels.ndim + _extra(pixels)]
    height, width = pixels.shape[:2]
    rows = np.ascontiguousarray(pixels.astype(pixels.dtype.newbyteorder(">"))).view(np.uint8).reshape(height, -1)
    # Every row starts with its filter: 0, none.
    data = np.pad(rows, ((0, 0), (1, 0))).tobytes()
    chunks = [_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0))]
    if palette is not None:
        chunks.append(_chunk(b"PLTE", palette.tobytes()))
    chunks += [_chunk(b"IDAT", zlib.compress(data, 6)), _chunk(b"IEND", b"")]
    return _SIGNATURE + b"".join(chunks)


def read_png(path: Path) -> npt.NDArray[Any]:
    """The values of a file that `write_png` wrote; see `decode_png`."""
    return decode_png(path.read_bytes())


def decode_png(data: bytes) -> npt.NDArray[Any]:
    """The values of what `encode_png` made; files of others may use more of PNG.

    Raises:
        ExportFailed: it is damaged.
    """
    parts: dict[bytes, bytes] = {}
    place = len(_SIGNATURE)
    while place < len(data):
        (length,) = struct.unpack_from(">I", data, place)
        body = data[place + 4 : place + 8 + length]
        if zlib.crc32(body) != int.from_bytes(data[place + 8 + length : place + 12 + length], "big"):
            raise ExportFailed("A PNG was damaged while it was written; export again to another disk.")
        parts[body[:4]] = body[4:]
        place += 12 + length
    width, height, depth, kind = struct.unpack_from(">IIBB", parts[b"IHDR"])
    rows = np.frombuffer(zlib.decompress(parts[b"IDAT"]), np.uint8).reshape(height, -1)[:, 1:]
    values = np.ascontiguousarray(rows).view(np.dtype(f">u{depth // 8}")).astype(f"u{depth // 8}")
    shape = (height, width) if _CHANNELS[kind] == 1 else (height, width, _CHANNELS[kind])
    return values.reshape(shape)


def _extra(pixels: npt.NDArray[Any]) -> int:
    """What to add to the number of dimensions to tell RGB (3) from RGBA (4)."""
    return pixels.shape[2] - 3 if pixels.ndim == 3 else 0


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
