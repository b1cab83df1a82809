"""A person who clicks where the mask is most wrong.

The protocol of interactive segmentation benchmarks (e.g. RITM, Sofiiuk et al. 2021): the next click goes to the centre
of the largest region of error, with the label that puts it right.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import cv2
import numpy as np
import numpy.typing as npt

from annotator.domain.mask import Mask
from annotator.domain.prompt import BACKGROUND, FOREGROUND, Box, Point, Prompt
from annotator.engine import Engine, ImageSource

Crop = Literal["auto"] | None
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Clicked:
    """IoU with the ground truth after 1, 2, … clicks."""

    ious: tuple[float, ...]

    def after(self, clicks: int) -> float:
        """IoU after this many clicks; the last one if it was good enough earlier."""
        return self.ious[min(clicks, len(self.ious)) - 1]

    def until(self, goal: float, *, limit: int) -> int:
        """Clicks to the goal; the limit if it is never reached."""
        return next((count for count, iou in enumerate(self.ious, 1) if iou >= goal), limit)


def next_click(truth: BoolArray, mask: BoolArray) -> Point | None:
    """The pixel deepest inside the largest region of error; None when there is no error.

    The image's border counts as an edge, as in the benchmarks: a person does not click on the last pixel.
    """
    deepest: tuple[float, Point] | None = None
    for wrong, label in ((truth & ~mask, FOREGROUND), (mask & ~truth, BACKGROUND)):
        padded = np.pad(wrong, 1).astype(np.uint8)
        depth = cv2.distanceTransform(padded, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)[1:-1, 1:-1]
        y, x = np.unravel_index(int(depth.argmax()), depth.shape)
        if depth[y, x] > 0 and (deepest is None or depth[y, x] > deepest[0]):
            deepest = float(depth[y, x]), Point(float(x) + 0.5, float(y) + 0.5, label)
    return None if deepest is None else deepest[1]


def click_until(
    engine: Engine,
    source: ImageSource,
    truth: Mask,
    *,
    goal: float = 0.9,
    at_least: int = 5,
    limit: int = 20,
    crop: Crop = None,
) -> Clicked:
    """Click on an object from nothing until the goal is reached, at least `at_least` and at most `limit` times."""
    prompt = Prompt(crop=crop)
    wanted = truth.to_array()
    mask, ious = np.zeros_like(wanted), list[float]()
    while len(ious) < limit and (len(ious) < at_least or max(ious) < goal):
        point = next_click(wanted, mask)
        if point is None:
            break
        prompt = replace(prompt, points=(*prompt.points, point))
        prediction = engine.predict(source, prompt)
        answer = prediction.candidates[prediction.chosen].mask
        ious.append(answer.iou(truth))
        mask = answer.to_array()
    return Clicked(tuple(ious))


def with_box(engine: Engine, source: ImageSource, truth: Mask, *, crop: Crop = None) -> float:
    """IoU of the answer to the ground truth's bounding box."""
    x, y, width, height = truth.bbox
    prediction = engine.predict(source, Prompt(box=Box(x, y, x + width, y + height), crop=crop))
    return prediction.candidates[prediction.chosen].mask.iou(truth)
