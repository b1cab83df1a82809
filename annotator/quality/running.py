"""Running the rules over a project, image by image."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from annotator.exporters.base import ExportImage, ExportSource, Progress
from annotator.quality.alike import Alike, split_of_name
from annotator.quality.dataset_checks import DatasetChecks
from annotator.quality.findings import Finding
from annotator.quality.object_checks import CHECKS
from annotator.quality.shapes import Looked
from annotator.quality.thresholds import Thresholds


def run(
    source: ExportSource,
    thresholds: Thresholds,
    progress: Progress,
    *,
    image_hash: Callable[[ExportImage], int | None] | None = None,
    split_of: Callable[[str], str | None] = split_of_name,
) -> Iterator[Finding]:
    """Findings as they are found: image by image in the source's order, then those about the whole dataset.

    Rejected objects are not looked at. One image's objects are in memory at a time; for the whole dataset some fifty
    bytes are kept for each object, and each image's name.

    Args:
        image_hash: the perceptual hash of an image, None where there is none; without it nothing looks for images that
            look the same.
        split_of: the split (train, val, test) that an image of that name belongs to.
    """
    names = {category.id: category.name for category in source.categories()}
    total = sum(1 for _ in source.images())
    checks = [check for name, check in CHECKS.items() if thresholds.on(name)]
    dataset = DatasetChecks(thresholds, names)
    alike = Alike(thresholds, image_hash, split_of)
    progress(0, total)
    for done, image in enumerate(source.images(), 1):
        looked = Looked(image, source.annotations(image.id))
        for check in checks:
            yield from check(looked, thresholds, names)
        dataset.see(looked)
        alike.see(image)
        progress(done, total)
    yield from dataset.finish()
    yield from alike.finish()
