"""What the embedded model gains from a closer look at a small, thin object in a large picture."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
import pytest

from annotator.domain.mask import Mask
from annotator.domain.prompt import Box, Point, Prompt
from annotator.engine import Engine, ImageSource

WIDTH, HEIGHT = 4000, 3000
X, Y = 2600, 1300


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    made = Engine(model="mobile_sam", device="cpu")
    yield made
    made.close()


@pytest.fixture(scope="module")
def truth() -> Mask:
    """A cross of two bars, 12 and 14 pixels thin: three logits pixels of a whole 12-megapixel picture."""
    drawn = np.zeros((HEIGHT, WIDTH), np.uint8)
    cv2.line(drawn, (X - 70, Y - 50), (X + 70, Y + 60), 1, 12)
    cv2.line(drawn, (X - 40, Y + 70), (X + 50, Y - 70), 1, 14)
    return Mask.from_array(drawn)


@pytest.fixture(scope="module")
def source(truth: Mask) -> ImageSource:
    """The cross in yellow on a shaded ground with a few large discs."""
    ground = np.linspace(60, 120, WIDTH, dtype=np.float32)[None, :, None].repeat(HEIGHT, 0).repeat(3, 2)
    picture = np.ascontiguousarray(ground.astype(np.uint8))
    for x, y, radius in ((600, 700, 400), (1500, 2200, 500), (3300, 2300, 350)):
        cv2.circle(picture, (x, y), radius, (40, 60, 150), -1)
    picture[truth.to_array()] = (230, 200, 40)
    return ImageSource("cross", WIDTH, HEIGHT, lambda: picture)


def iou(engine: Engine, source: ImageSource, prompt: Prompt, truth: Mask) -> float:
    prediction = engine.predict(source, prompt)
    assert (prediction.crop is None) == (prompt.crop is None)
    return prediction.candidates[prediction.chosen].mask.iou(truth)


def test_a_boxed_thin_object_gets_real_edges(engine: Engine, source: ImageSource, truth: Mask) -> None:
    x, y, width, height = truth.bbox
    box = Box(x, y, x + width, y + height)
    whole = iou(engine, source, Prompt(box=box), truth)
    closer = iou(engine, source, Prompt(box=box, crop="auto"), truth)
    assert closer > whole + 0.05
    assert closer > 0.8


def test_zooming_in_on_a_clicked_object_gives_it_real_edges(engine: Engine, source: ImageSource, truth: Mask) -> None:
    click = (Point(X + 3, Y + 5),)
    whole = iou(engine, source, Prompt(points=click), truth)
    closer = iou(engine, source, Prompt(points=click, crop=Box(X - 250, Y - 200, X + 250, Y + 200)), truth)
    assert closer > whole
