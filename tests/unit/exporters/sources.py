"""A project in memory, as exporters see it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from annotator.domain.mask import Mask
from annotator.exporters.base import ExportAnnotation, ExportCategory, ExportImage, Progress


@dataclass
class MemorySource:
    """An ExportSource that holds everything."""

    listed: list[ExportImage] = field(default_factory=list)
    kept: list[ExportCategory] = field(default_factory=lambda: [ExportCategory(1, "thing")])
    objects: dict[str, list[ExportAnnotation]] = field(default_factory=dict)
    project_name: str = "photos"
    model: str = "mobile_sam"
    files: dict[str, Path] = field(default_factory=dict)
    extra: dict[str, Any] = field(default_factory=dict)
    alike: list[tuple[str, ...]] = field(default_factory=list)
    created: str | None = None

    def categories(self) -> list[ExportCategory]:
        return self.kept

    def images(self) -> Iterator[ExportImage]:
        yield from self.listed

    def annotations(self, image_id: str) -> list[ExportAnnotation]:
        return self.objects.get(image_id, [])

    def picture(self, image_id: str) -> npt.NDArray[np.uint8]:
        """Every pixel says where it is: red its column, green its row."""
        image = next(image for image in self.listed if image.id == image_id)
        pixels = np.full((image.height, image.width, 3), 200, np.uint8)
        pixels[..., 0] = np.arange(image.width) % 256
        pixels[..., 1] = np.arange(image.height)[:, None] % 256
        return pixels

    def look_alikes(self, progress: Progress) -> list[tuple[str, ...]]:
        for done in range(len(self.listed)):
            progress(done + 1, len(self.listed))
        return self.alike

    def file(self, image_id: str) -> Path | None:
        return self.files.get(image_id)

    def add(self, name: str, *masks: Mask, category: int = 1, state: str = "in_progress") -> ExportImage:
        """Append an image with objects; their ids go on from the last one."""
        height, width = (masks[0].height, masks[0].width) if masks else (8, 10)
        image = ExportImage(
            id=f"i{len(self.listed)}", number=len(self.listed) + 1, name=name, width=width, height=height, state=state
        )
        self.listed.append(image)
        first = sum(len(rows) for rows in self.objects.values()) + 1
        self.objects[image.id] = [
            ExportAnnotation(id=number, category_id=category, mask=mask, score=0.9, provenance={"clicks": 2})
            for number, mask in enumerate(masks, first)
        ]
        return image


def square(height: int = 8, width: int = 10, *, hole: bool = False) -> Mask:
    """A square of 4 × 4 pixels at (3, 2), with a hole of 2 × 2 on request."""
    array = np.zeros((height, width), bool)
    array[2:6, 3:7] = True
    if hole:
        array[3:5, 4:6] = False
    return Mask.from_array(array)


def drawn(*boxes: tuple[int, int, int, int], height: int = 8, width: int = 10) -> Mask:
    """The union of boxes (x, y, width, height)."""
    array = np.zeros((height, width), bool)
    for x, y, across, down in boxes:
        array[y : y + down, x : x + across] = True
    return Mask.from_array(array)
