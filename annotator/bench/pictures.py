"""The pictures that are opened and clicked on: drawn by number, the same in every run, or a person's own."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from annotator.bench.plan import TYPICAL
from annotator.errors import BadSetting, ImageProblem
from annotator.images.decode import decode
from annotator.images.discover import discover

RATIO = 4 / 3
SHAPES = 90  # so many that most clicks hit one, as people's do, instead of the ground
QUALITY = 90  # of the JPEG files, as cameras write them


def draw(megapixels: float, *, seed: int) -> npt.NDArray[np.uint8]:
    """An (H, W, 3) RGB picture of discs, boxes and grain; no other seed gives the same."""
    width = max(16, round((megapixels * 1e6 * RATIO) ** 0.5))
    height = max(16, round(width / RATIO))
    random = np.random.default_rng(seed)
    down, across = np.mgrid[0:height, 0:width].astype(np.float32) / max(height, width)
    shades = [level + slope * down + lean * across for level, slope, lean in random.uniform(30, 90, (3, 3))]
    pixels = np.stack(shades, axis=-1)
    for _ in range(SHAPES):
        x, y = int(random.integers(0, width)), int(random.integers(0, height))
        size = int(random.uniform(0.02, 0.16) * height)
        colour = tuple(float(shade) for shade in random.integers(0, 255, 3))
        if random.random() < 0.5:
            cv2.circle(pixels, (x, y), max(2, size), colour, -1, cv2.LINE_AA)
        else:
            cv2.rectangle(pixels, (x, y), (x + size, y + max(2, size // 2)), colour, -1)
    pixels += random.normal(0, 6, (height, width, 1)).astype(np.float32)
    drawn: npt.NDArray[np.uint8] = np.clip(pixels, 0, 255).astype(np.uint8)
    return drawn


def places(count: int, *, width: int, height: int, seed: int = 0) -> list[tuple[float, float]]:
    """Points all over an image, no two alike, the same in every run."""
    spread = np.random.default_rng(seed).uniform(0.1, 0.9, (count, 2)) * (width, height)
    return [(float(x), float(y)) for x, y in spread]


class Pictures:
    """The files of the project that is measured.

    Args:
        folder: where they are written.
        own: a person's folder; its pictures are copied, and opened before drawn ones.

    Attributes:
        copied: number of a person's own pictures that were taken.

    Raises:
        BadSetting: the person's folder has no pictures.
    """

    def __init__(self, folder: Path, *, own: Path | None = None) -> None:
        self.folder = folder
        self.copied = 0
        self._number = 0
        self._own: Iterator[tuple[str, bytes]] = iter(())
        if own is not None:
            self._own = _usable(own)
            if next(_usable(own), None) is None:
                raise BadSetting(f"There are no pictures in {str(own)!r}; give another folder to --images.")

    def drawn(self, purpose: str, megapixels: float = TYPICAL) -> str:
        """Draw a new picture; its name in the project."""
        return self._written(purpose, draw(megapixels, seed=self._number + 1), QUALITY)

    def twins(self, first: str, second: str, megapixels: float) -> tuple[str, str]:
        """Two names for one drawing, in two files that differ: the same clicks give the same masks on both."""
        seed, names = self._number + 1, []
        for purpose, quality in ((first, QUALITY), (second, QUALITY + 1)):
            names.append(self._written(purpose, draw(megapixels, seed=seed), quality))
        return names[0], names[1]

    def next(self, purpose: str, count: int) -> list[str]:
        """Names of `count` more pictures, a person's own while there are any, else drawn ones."""
        return [self._next(purpose) for _ in range(count)]

    def _written(self, purpose: str, pixels: npt.NDArray[np.uint8], quality: int) -> str:
        self._number += 1
        name = f"{purpose}-{self._number:03}.jpg"
        swapped = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
        cv2.imwrite(str(self.folder / name), swapped, [cv2.IMWRITE_JPEG_QUALITY, quality])
        return name

    def _next(self, purpose: str) -> str:
        own = next(self._own, None)
        if own is None:
            return self.drawn(purpose)
        suffix, content = own
        self._number += 1
        self.copied += 1
        name = f"{purpose}-{self._number:03}{suffix}"
        (self.folder / name).write_bytes(content)
        return name


def _usable(folder: Path) -> Iterator[tuple[str, bytes]]:
    """(suffix, content) of the pictures in a folder that can be shown, each content once: the second is not new."""
    seen: set[bytes] = set()
    for path in discover(folder):
        try:
            decode(path)
            content = path.read_bytes()
        except (ImageProblem, OSError):
            continue
        digest = hashlib.sha256(content).digest()
        if digest not in seen:
            seen.add(digest)
            yield path.suffix.lower(), content
