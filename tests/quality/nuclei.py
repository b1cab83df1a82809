"""Quality of the embedded model on small objects, each nucleus by its box.

`python -m tests.quality.nuclei [--each N] [--crop auto]`
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from rich.progress import track

from annotator.domain.mask import Mask
from annotator.engine import Engine, ImageSource
from tests.quality.simulate import with_box

NUCLEI = Path(__file__).resolve().parents[3] / "shared" / "data" / "nuclei"


@dataclass(frozen=True)
class Picture:
    """A microscopy image and the ground truth of some of its nuclei."""

    source: ImageSource
    truths: tuple[Mask, ...]


def pictures(each: int, *, folder: Path = NUCLEI) -> Iterator[Picture]:
    """The images with `each` nuclei at most, spread evenly over their numbers."""
    for path in sorted((folder / "images").iterdir()):
        with Image.open(path) as opened:
            pixels = np.asarray(opened.convert("RGB"))
        with Image.open(folder / "labels" / f"{path.stem}.png") as opened:
            labels = np.asarray(opened)
        known = np.setdiff1d(labels, [0])
        wanted = known[np.linspace(0, len(known) - 1, min(each, len(known))).astype(int)]
        source = ImageSource(path.stem, pixels.shape[1], pixels.shape[0], lambda pixels=pixels: pixels)
        yield Picture(source, tuple(Mask.from_array(labels == label) for label in wanted))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--each", type=int, default=16, help="nuclei of an image at most; default: 16")
    parser.add_argument("--model", default="mobile_sam")
    parser.add_argument("--crop", choices=["auto"], help="look closer where the object is small; default: don't")
    arguments = parser.parse_args()
    engine = Engine(model=arguments.model)
    ious = [
        with_box(engine, picture.source, truth, crop=arguments.crop)
        for picture in track(list(pictures(arguments.each)), description="images")
        for truth in picture.truths
    ]
    engine.close()
    print(f"nuclei     {len(ious)}\nmean_iou   {np.mean(ious):.4f}\nmin_iou    {np.min(ious):.4f}")


if __name__ == "__main__":
    main()
