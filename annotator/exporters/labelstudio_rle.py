"""Label Studio's run lengths of brush strokes: the bit stream of the JavaScript package `rle-pack`.

A header says how many words there are (32 bits), how wide a word is (5 bits, minus one) and four widths of lengths
(4 bits each, minus one). Blocks follow: one bit for "repeated", two bits that choose one of the four widths, the length
minus one in that width, and then the repeated word, or as many words as the length says.

The words are the bytes of an RGBA picture, row by row; Label Studio looks at the last of every four.

Source: https://github.com/thi-ng/umbrella/tree/develop/packages/rle-pack
"""

from __future__ import annotations

import numpy as np

from annotator.domain.mask import BoolArray
from annotator.errors import ExportFailed

_WIDTHS = (3, 4, 8, 16)
_LONGEST = 2 ** _WIDTHS[-1]
_CHANNELS = 4


def encode(mask: BoolArray) -> list[int]:
    """The bytes of a mask of shape (height, width)."""
    flat = mask.ravel()
    starts = np.concatenate([[0], np.flatnonzero(flat[1:] != flat[:-1]) + 1])
    lengths = np.diff(starts, append=flat.size) * _CHANNELS
    bits = [f"{flat.size * _CHANNELS:032b}", f"{8 - 1:05b}", *(f"{width - 1:04b}" for width in _WIDTHS)]
    for start, length in zip(starts.tolist(), lengths.tolist(), strict=True):
        word = "11111111" if flat[start] else "00000000"
        for done in range(0, length, _LONGEST):
            bits.append(_block(min(length - done, _LONGEST)) + word)
    text = "".join(bits)
    text += "0" * (-len(text) % 8)
    return list(int(text, 2).to_bytes(len(text) // 8, "big"))


def decode(data: list[int], *, height: int, width: int) -> BoolArray:
    """The mask of shape (height, width) in the bytes that `encode` makes.

    Raises:
        ExportFailed: they don't hold a mask of that size.
    """
    bits = "".join(f"{byte:08b}" for byte in data)
    place = 0

    def read(count: int) -> int:
        nonlocal place
        if place + count > len(bits):
            raise ExportFailed("The written run lengths end too early; export again.")
        place += count
        return int(bits[place - count : place], 2)

    total, word = read(32), read(5) + 1
    widths = [read(4) + 1 for _ in _WIDTHS]
    if total != height * width * _CHANNELS:
        raise ExportFailed(f"The written run lengths hold {total} values, not those of {width}×{height} pixels.")
    values = np.zeros(total, np.uint8)
    done = 0
    while done < total:
        repeated = read(1)
        length = read(widths[read(2)]) + 1
        values[done : done + length] = read(word) if repeated else [read(word) for _ in range(length)]
        done += length
    opaque: BoolArray = values.reshape(height, width, _CHANNELS)[..., -1] > 0
    return opaque


def _block(length: int) -> str:
    """The beginning of a block that repeats one word."""
    choice = next(index for index, width in enumerate(_WIDTHS) if length <= 2**width)
    return f"1{choice:02b}{length - 1:0{_WIDTHS[choice]}b}"
