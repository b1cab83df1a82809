"""Which images of a project look the same, for exports that keep them in one split."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from annotator.errors import ImageProblem
from annotator.exporters.base import ExportImage, Progress
from annotator.images.near_duplicates import SAME, groups, hash_file


def look_alikes(images: Sequence[ExportImage], folder: Path, progress: Progress) -> list[tuple[str, ...]]:
    """Ids of images whose pictures look the same, in groups of two or more; a file that can't be read is alone."""
    ids, hashes = [], []
    for done, image in enumerate(images, 1):
        if image.problem is None:
            try:
                hashes.append(hash_file(folder / image.name))
            except ImageProblem:
                continue
            else:
                ids.append(image.id)
            finally:
                progress(done, len(images))
    return [tuple(ids[index] for index in group) for group in groups(hashes, distance=SAME)]
