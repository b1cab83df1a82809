"""Quality of the embedded model on DAVIS photos with simulated clicks.

`python -m tests.quality.davis [--images N] [--crop auto]`
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from rich.progress import track

from annotator.domain.mask import Mask
from annotator.engine import Engine, ImageSource
from tests.quality.simulate import Clicked, Crop, click_until, with_box

DAVIS = Path(__file__).resolve().parents[3] / "shared" / "data" / "davis"
LIMIT = 20


@dataclass(frozen=True)
class Photo:
    """A photo and the ground truth of its object."""

    source: ImageSource
    truth: Mask


@dataclass(frozen=True)
class Measured:
    """What one photo gave."""

    clicked: Clicked
    box: float


def photos(count: int | None = None, *, folder: Path = DAVIS) -> Iterator[Photo]:
    """The photos, or `count` of them spread evenly over the videos."""
    paths = sorted((folder / "images").glob("*.jpg"))
    wanted = np.linspace(0, len(paths) - 1, min(count or len(paths), len(paths))).round().astype(int)
    for path in (paths[index] for index in wanted):
        with Image.open(path) as opened:
            pixels = np.asarray(opened.convert("RGB"))
        with Image.open(folder / "masks" / f"{path.stem}.png") as opened:
            truth = Mask.from_array(np.asarray(opened) > 0)
        source = ImageSource(path.stem, pixels.shape[1], pixels.shape[0], lambda pixels=pixels: pixels)
        yield Photo(source, truth)


def measure(engine: Engine, photo: Photo, *, crop: Crop = None) -> Measured:
    """Click until 90 % (at least 5 times, at most 20), and try the box."""
    return Measured(
        click_until(engine, photo.source, photo.truth, goal=0.9, limit=LIMIT, crop=crop),
        with_box(engine, photo.source, photo.truth, crop=crop),
    )


def summary(measured: list[Measured]) -> dict[str, float]:
    """Means over the photos; `noc` is the number of clicks, `failed` the photos that never got there."""
    result: dict[str, float] = {"photos": len(measured)}
    for clicks in (1, 3, 5):
        result[f"iou_{clicks}"] = float(np.mean([one.clicked.after(clicks) for one in measured]))
    result["iou_box"] = float(np.mean([one.box for one in measured]))
    for goal in (85, 90):
        result[f"noc_{goal}"] = float(np.mean([one.clicked.until(goal / 100, limit=LIMIT) for one in measured]))
        result[f"failed_{goal}"] = sum(max(one.clicked.ious) < goal / 100 for one in measured)
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, help="how many photos, spread evenly; default: all")
    parser.add_argument("--model", default="mobile_sam")
    parser.add_argument("--crop", choices=["auto"], help="look closer where the object is small; default: don't")
    parser.add_argument("--json", type=Path, help="write the numbers here, photo by photo too")
    arguments = parser.parse_args()
    engine = Engine(model=arguments.model)
    found = list(photos(arguments.images))
    measured = [measure(engine, photo, crop=arguments.crop) for photo in track(found, description="photos")]
    engine.close()
    result = summary(measured)
    print("\n".join(f"{name:10} {value:.3f}" for name, value in result.items()))
    if arguments.json:
        single = {
            photo.source.key: {"ious": one.clicked.ious, "box": one.box}
            for photo, one in zip(found, measured, strict=True)
        }
        arguments.json.write_text(json.dumps({"summary": result, "photos": single}, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
