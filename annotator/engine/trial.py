"""Whether a faster runtime gives the masks that it should: tried on a drawn picture, once for each processor."""

from __future__ import annotations

import contextlib
import json
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from annotator.domain.prompt import Box, Point, Prompt
from annotator.engine.predictor import LogitsArray, Predictor, RGBArray
from annotator.errors import ModelProblem

ENOUGH = 0.99  # mean IoU
FILE, NOTES = "trial.npz", "trial.json"
SMALLEST = 64  # low-resolution pixels; smaller masks measure the grid
WIDTH, HEIGHT = 640, 480


def picture() -> RGBArray:
    """Things of several sizes on an uneven ground."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    ground = np.stack([90 + x * 0.1, 120 + y * 0.15, 110 + 40 * np.sin(x / 45) * np.cos(y / 60)], axis=-1)
    grain = np.random.default_rng(0).normal(0, 6, ground.shape)
    image = np.ascontiguousarray(np.clip(ground + grain, 0, 255).astype(np.uint8))
    cv2.circle(image, (170, 160), 80, (210, 60, 50), -1, cv2.LINE_AA)
    cv2.circle(image, (150, 140), 20, (240, 230, 90), -1, cv2.LINE_AA)
    cv2.rectangle(image, (360, 90), (560, 230), (40, 70, 160), -1)
    cv2.ellipse(image, (440, 350), (130, 60), 20, 0, 360, (60, 150, 70), -1, cv2.LINE_AA)
    cv2.line(image, (40, 420), (300, 330), (20, 20, 20), 9, cv2.LINE_AA)
    return image


def masks(predictor: Predictor) -> LogitsArray:
    """(prompts, 3, 256, 256) logits of the candidates for some prompts on the picture.

    Raises:
        ModelProblem: see `Predictor`.
    """
    embedding = predictor.encode(picture())
    answers = [predictor.decode(embedding, prompt, multimask=True) for prompt in _prompts()]
    return np.stack([[candidate.logits for candidate in answer] for answer in answers])


def keep(folder: Path, wanted: LogitsArray) -> None:
    """Put the masks that are wanted into a folder."""
    np.savez_compressed(folder / FILE, masks=np.packbits(wanted > 0, axis=-1))


def kept(folder: Path) -> npt.NDArray[np.bool_]:
    """The masks that were put into a folder.

    Raises:
        ModelProblem: there are none.
    """
    try:
        with np.load(folder / FILE) as file:
            return np.unpackbits(file["masks"], axis=-1).astype(bool)
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as problem:
        raise ModelProblem(f"{folder / FILE} can't be read ({problem}); remove the folder, it is made again.") from None


def agreement(got: npt.NDArray[np.bool_], wanted: npt.NDArray[np.bool_]) -> float:
    """Mean IoU of two arrays of masks, (prompts, 3, height, width), over those wanted that are of some size."""
    if got.shape != wanted.shape:
        return 0.0
    unions = (got[:, None] | wanted[:, :, None]).sum(axis=(3, 4))
    shared = (got[:, None] & wanted[:, :, None]).sum(axis=(3, 4))
    # The best of the three: two of almost the same size may come in the other order.
    ious = (shared / np.maximum(unions, 1)).max(axis=2)
    real = wanted.sum(axis=(2, 3)) >= SMALLEST
    return float(ious[real].mean()) if real.any() else 1.0


def noted(notes: Path, identity: str) -> float | None:
    """What an earlier trial gave; None: there was none."""
    value = _notes(notes).get(identity)
    return float(value) if isinstance(value, int | float) else None


def note(notes: Path, identity: str, iou: float) -> None:
    """Write the outcome of a trial down; where nothing can be written it is tried again next time."""
    with contextlib.suppress(OSError):
        notes.parent.mkdir(parents=True, exist_ok=True)
        temporary = notes.with_name(f"{notes.name}.{os.getpid()}")
        temporary.write_text(json.dumps({**_notes(notes), identity: round(iou, 5)}, indent=1), encoding="utf-8")
        temporary.replace(notes)


def _notes(notes: Path) -> dict[str, object]:
    try:
        found = json.loads(notes.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _prompts() -> Iterator[Prompt]:
    for x, y in ((170, 200), (150, 140), (460, 160), (440, 350), (30, 30)):
        yield Prompt(points=(Point(x, y),))
    yield Prompt(box=Box(360, 90, 560, 230))
    yield Prompt(box=Box(80, 70, 260, 250), points=(Point(170, 200), Point(30, 30, 0)))
